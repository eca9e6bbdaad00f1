// Two ways to put a request of the model to the real service, with one form of answer: through the use cases, one at a time,
// or straight into the posting queue, many at once and in order.
import type { Command, MovementCommand } from '../../src/domain/command.ts'
import { AppError } from '../../src/domain/errors.ts'
import type { Amount } from '../../src/domain/money.ts'
import type { Transaction } from '../../src/domain/transaction.ts'
import type { Wallet } from '../../src/domain/wallet.ts'
import type { PostingQueue } from '../../src/services/posting-queue.ts'
import type { WalletService } from '../../src/services/wallet-service.ts'
import { units } from './decimals.ts'
import {
  creationCommand,
  movementCommand,
  refundCommand,
  transactionIdOf,
  transferCommand,
  walletIdOf,
} from './ledger-commands.ts'
import type { ModelRow, Request } from './ledger-model-rows.ts'

/** What came of a request. The queue answers a replay with an id only. */
export type Answer =
  | { readonly kind: 'posted'; readonly rows: readonly Transaction[]; readonly replayed: boolean }
  | { readonly kind: 'created'; readonly wallet: Wallet; readonly row: Transaction | null; readonly replayed: boolean }
  | { readonly kind: 'changed'; readonly status: string }
  | { readonly kind: 'replayed'; readonly effectId: string }
  | { readonly kind: 'refused'; readonly error: AppError }

export type Driver = (request: Request) => Promise<Answer>

/** The model's amounts are greater than 0 and fit. */
const amountOf = (text: string): Amount => units(text) as Amount
const optional = (text: string | null): Amount | undefined => (text === null ? undefined : amountOf(text))
const described = (request: { readonly description?: string }) =>
  request.description === undefined ? {} : { description: request.description }

async function answering(work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof AppError) return { kind: 'refused', error }
    throw error
  }
}

/** Through the use cases of the wallet service. */
export const serviceDriver =
  (service: WalletService): Driver =>
  (request) =>
    answering(async () => {
      const key = request.key ?? undefined
      switch (request.kind) {
        case 'create': {
          const { wallet, replayed } = await service.createWallet(creationOf(request), key)
          return { kind: 'created', wallet, row: null, replayed }
        }
        case 'transfer': {
          const transfer = transferOf(request)
          return { kind: 'posted', ...(await service.transfer(walletIdOf(request.walletId), transfer, key)) }
        }
        case 'refund': {
          const originalId = transactionIdOf(request.original.transactionId)
          return { kind: 'posted', ...(await service.refund(originalId, refundOf(request), key)) }
        }
        case 'freeze':
          return changed(await service.freezeWallet(walletIdOf(request.walletId), 'because'))
        case 'unfreeze':
          return changed(await service.unfreezeWallet(walletIdOf(request.walletId), 'because'))
        case 'close':
          return changed(await service.closeWallet(walletIdOf(request.walletId)))
        case 'deposit':
        case 'reward':
        case 'withdraw':
        case 'consume': {
          const movement = movementOf(request)
          return { kind: 'posted', ...(await service[request.kind](walletIdOf(request.walletId), movement, key)) }
        }
      }
    })

const changed = (wallet: Wallet): Answer => ({ kind: 'changed', status: wallet.status })

/** Straight into the queue, in the order of the calls. */
export const queueDriver =
  (queue: PostingQueue): Driver =>
  (request) =>
    answering(async () => {
      const posting = await queue.post(commandOf(request))
      switch (posting.kind) {
        case 'posted':
          return { kind: 'posted', rows: posting.rows, replayed: false }
        case 'created':
          return { kind: 'created', wallet: posting.created.wallet, row: posting.rows[0] ?? null, replayed: false }
        case 'changed':
          return { kind: 'changed', status: posting.details.status }
        case 'replayed':
          return posting
      }
    })

type Of<Kind extends Request['kind']> = Extract<Request, { kind: Kind }>

const creationOf = (request: Of<'create'>) => ({
  userId: request.userId,
  walletType: request.walletType,
  currency: request.currency,
  initialBalance: request.initialBalance === '0' ? null : amountOf(request.initialBalance),
})

const movementOf = (request: Of<MovementCommand['kind']>) => ({
  amount: amountOf(request.amount),
  ...described(request),
})

const transferOf = (request: Of<'transfer'>) => ({
  toWalletId: walletIdOf(request.toWalletId),
  amount: amountOf(request.amount),
  fee: optional(request.fee),
  ...described(request),
})

const refundOf = (request: Of<'refund'>) => ({ reason: request.reason, amount: optional(request.amount) })

const originalOf = (row: ModelRow) => ({
  transactionId: transactionIdOf(row.transactionId),
  walletId: walletIdOf(row.wallet.walletId),
  transactionType: row.type,
  amount: row.amount as Amount,
  counterparty: row.counterparty,
  currency: row.wallet.currency,
})

function commandOf(request: Request): Command {
  const key = request.key ?? undefined
  switch (request.kind) {
    case 'create':
      return creationCommand(key, creationOf(request))
    case 'transfer':
      return transferCommand({ walletId: walletIdOf(request.walletId), key }, transferOf(request))
    case 'refund':
      return refundCommand(key, originalOf(request.original), refundOf(request))
    case 'freeze':
    case 'unfreeze':
    case 'close':
      return { kind: request.kind, walletId: walletIdOf(request.walletId), reason: 'because' }
    case 'deposit':
    case 'reward':
    case 'withdraw':
    case 'consume':
      return movementCommand(request.kind, { walletId: walletIdOf(request.walletId), key }, movementOf(request))
  }
}

/** What the model cannot foretell. */
const UNFORESEEN = new Set(['hash', 'requestHash', 'createdAt', 'transactionId'])

/** What a row says besides its id, hash, digest and time. */
export function factsIn(row: Transaction): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).filter(([column]) => !UNFORESEEN.has(column)))
}

/** An answer in words that can be compared. */
export function told(answer: Answer): unknown {
  switch (answer.kind) {
    case 'posted':
      if (answer.replayed) return { rows: answer.rows, replayed: true }
      return {
        rows: answer.rows.map((row) => ({ ...factsIn(row), transactionId: row.transactionId })),
        replayed: false,
      }
    case 'created': {
      const { walletId, userId, walletType, currency, status, balance } = answer.wallet
      return { wallet: { walletId, userId, walletType, currency, status, balance }, replayed: answer.replayed }
    }
    case 'changed':
      return { status: answer.status }
    case 'replayed':
      return { replayed: answer.effectId }
    case 'refused': {
      const { code, context, faults } = answer.error
      return { code, context, fault: faults.map((fault) => `${fault.loc.join('.')} ${fault.type}`).join() }
    }
  }
}
