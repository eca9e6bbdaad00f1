// Two ways to put a request of the model to the real service: through the use cases, one at a time, or straight into the
// posting queue, many at once and in order.
import type { Command, MovementCommand } from '../../src/domain/command.ts'
import { AppError } from '../../src/domain/errors.ts'
import { holdNotFound } from '../../src/domain/refusals.ts'
import type { Amount } from '../../src/domain/money.ts'
import type { Wallet } from '../../src/domain/wallet.ts'
import type { HoldAnswer, PostedRows } from '../../src/services/first-answers.ts'
import { HoldExpiryService } from '../../src/services/hold-expiry-service.ts'
import { HoldService } from '../../src/services/hold-service.ts'
import type { Poster, Posting } from '../../src/services/posting-queue.ts'
import { WalletService } from '../../src/services/wallet-service.ts'
import { units } from './decimals.ts'
import { type Answer, answeredHold, answeredRefusal, answeredRow, type Driver, openedFacts } from './ledger-answers.ts'
import {
  captureCommand,
  creationCommand,
  extensionCommand,
  holdIdOf,
  movementCommand,
  placementCommand,
  refundCommand,
  transactionIdOf,
  transferCommand,
  voidCommand,
  walletIdOf,
} from './ledger-commands.ts'
import { type ModelHold, type ModelRow, NOBODY, type Request } from './ledger-model-rows.ts'
import { allRows, type ReadServices, type TestLedger } from './read-services.ts'

/** The model's amounts are greater than 0 and fit. */
const amountOf = (text: string): Amount => units(text) as Amount
const optional = (text: string | null): Amount | undefined => (text === null ? undefined : amountOf(text))
const described = (request: { readonly description?: string | undefined }) =>
  request.description === undefined ? {} : { description: request.description }

async function answering(work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof AppError) return answeredRefusal(error)
    throw error
  }
}

/** Looks at what is stored, through the repositories. */
const looking = ({ db, wallets, holds }: ReadServices): Omit<Driver, 'ask'> => ({
  tells: { ofRow: null, ofHold: null },
  wallet: async (walletId) => ({ ...(await wallets.findWallet(walletIdOf(walletId))) }),
  hold: async (holdId) => {
    const hold = await holds.findHold(holdIdOf(holdId))
    if (!hold) throw holdNotFound(holdId)
    return answeredHold(hold)
  },
  rows: (walletId) => allRows(db, [{ walletId: walletIdOf(walletId) }]),
})

/** Writes down all that has expired, as the worker does. */
export async function writeDownAll({ queue, reads }: TestLedger): Promise<void> {
  const expiry = new HoldExpiryService({ eager: queue, patient: queue, holds: reads.holds })
  while ((await expiry.writeDownExpired()).hasMore);
}

/** Through the use cases of wallets and holds. */
export function serviceDriver(ledger: TestLedger): Driver {
  const services = { postings: ledger.queue, ...ledger.reads }
  const [wallets, holds] = [new WalletService(services), new HoldService(services)]
  const ask = async (request: Request): Promise<Answer> => {
    const key = request.key ?? undefined
    switch (request.kind) {
      case 'create': {
        const { wallet, replayed } = await wallets.createWallet(creationOf(request), key)
        return { kind: 'created', wallet: openedFacts(wallet), row: null, replayed, whole: wallet }
      }
      case 'transfer':
        return posted(await wallets.transfer(walletIdOf(request.walletId), transferOf(request), key))
      case 'refund': {
        const originalId = transactionIdOf(request.original.transactionId)
        return posted(await wallets.refund(originalId, refundOf(request), key))
      }
      case 'freeze':
        return changed(await wallets.freezeWallet(walletIdOf(request.walletId), 'because'))
      case 'unfreeze':
        return changed(await wallets.unfreezeWallet(walletIdOf(request.walletId), 'because'))
      case 'close':
        return changed(await wallets.closeWallet(walletIdOf(request.walletId)))
      case 'deposit':
      case 'reward':
      case 'withdraw':
      case 'consume':
        return posted(await wallets[request.kind](walletIdOf(request.walletId), movementOf(request), key))
      case 'place_hold':
        return held(await holds.placeHold(walletIdOf(request.walletId), placementOf(request), key))
      case 'capture_hold':
        return held(await holds.captureHold(namedHold(request.hold).holdId, captureOf(request), key))
      case 'void_hold':
        return held(await holds.voidHold(namedHold(request.hold).holdId, key))
      case 'extend_hold':
        return held(await holds.extendHold(namedHold(request.hold).holdId, request.seconds, key))
      case 'expire_holds':
        await writeDownAll(ledger)
        return { kind: 'unnoticed' }
    }
  }
  return { ask: (request) => answering(() => ask(request)), ...looking(ledger.reads) }
}

const changed = (wallet: Wallet): Answer => ({ kind: 'changed', status: wallet.status })

const posted = ({ rows, replayed }: PostedRows): Answer => ({
  kind: 'posted',
  rows: rows.map(answeredRow),
  beside: {},
  replayed,
  whole: rows,
})

const held = ({ hold, balance, transaction, replayed }: HoldAnswer): Extract<Answer, { kind: 'held' }> => ({
  kind: 'held',
  hold: answeredHold(hold),
  balance,
  row: transaction && answeredRow(transaction),
  effectId: null,
  replayed,
  whole: { hold, balance, transaction },
})

/** Straight into the queue, in the order of the calls. */
export function queueDriver(ledger: { readonly reads: ReadServices; readonly queue: Pick<Poster, 'post'> }): Driver {
  const ask = (request: Request): Promise<Answer> =>
    answering(async () => {
      const posting = await ledger.queue.post(commandOf(request))
      switch (posting.kind) {
        case 'posted': {
          const rows = posting.rows.map(answeredRow)
          return { kind: 'posted', rows, beside: {}, replayed: false, whole: posting.rows }
        }
        case 'created': {
          const { wallet } = posting.created
          const [row] = posting.rows.map(answeredRow)
          return { kind: 'created', wallet: openedFacts(wallet), row: row ?? null, replayed: false, whole: wallet }
        }
        case 'changed':
          return { kind: 'changed', status: posting.details.status }
        case 'held':
          return request.kind === 'expire_holds' ? writtenDown(posting) : heldByQueue(posting)
        case 'replayed':
          return posting
      }
    })
  return { ask, ...looking(ledger.reads) }
}

/** As `queueDriver`; what is asked in one turn goes into the queue as the operations of a batch do. */
export function batchDriver(ledger: TestLedger): Driver {
  let gathered: { readonly command: Command; readonly settle: PromiseWithResolvers<Posting> }[] = []
  const postAll = async (): Promise<void> => {
    const asked = gathered
    gathered = []
    const results = await ledger.queue.postEach(asked.map(({ command }) => command))
    asked.forEach(({ settle }, index) => {
      const result = results[index]
      if (result === undefined || result instanceof Error) settle.reject(result)
      else if (result.kind === 'refused') settle.reject(result.error)
      else if (result.kind === 'not_applied') settle.reject(new Error('A command for itself was not applied'))
      else settle.resolve(result)
    })
  }
  const post = (command: Command): Promise<Posting> => {
    if (gathered.length === 0) queueMicrotask(() => void postAll())
    const settle = Promise.withResolvers<Posting>()
    gathered.push({ command, settle })
    return settle.promise
  }
  return queueDriver({ reads: ledger.reads, queue: { post } })
}

type Held = Extract<Posting, { kind: 'held' }>

function heldByQueue({ holds, events, rows, wallet: { balance } }: Held): Answer {
  const [hold, ...others] = holds
  const [event, ...more] = events
  if (!hold || !event || others.length + more.length > 0) throw new Error('Not one hold and one event')
  const [transaction = null] = rows
  const effectId = String(event.sequence)
  const answer = held({ hold, balance, transaction, replayed: false })
  return { ...answer, effectId }
}

function writtenDown({ holds, events, rows }: Held): Answer {
  const isExpiry = events.every((event) => event.eventType === 'expired') && holds.length === events.length
  if (!isExpiry || rows.length > 0) throw new Error('Something else than an expiry was written down')
  return { kind: 'unnoticed' }
}

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

const placementOf = (request: Of<'place_hold'>) => ({
  amount: amountOf(request.amount),
  expiresInSeconds: request.seconds,
  ...(request.referenceId !== undefined && { referenceId: request.referenceId }),
  ...described(request),
})

const captureOf = (request: Of<'capture_hold'>) => ({
  amount: optional(request.amount),
  final: request.final,
  transactionType: request.transactionType,
  ...described(request),
})

/** Where a hold is; one that nobody knows is nowhere. */
const namedHold = (hold: ModelHold | null) => ({
  holdId: holdIdOf(hold?.holdId ?? NOBODY),
  walletId: walletIdOf(hold?.wallet.walletId ?? NOBODY),
})

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
    case 'place_hold':
      return placementCommand({ walletId: walletIdOf(request.walletId), key }, placementOf(request))
    case 'capture_hold':
      return captureCommand({ ...namedHold(request.hold), key }, captureOf(request))
    case 'void_hold':
      return voidCommand({ ...namedHold(request.hold), key })
    case 'extend_hold':
      return extensionCommand({ ...namedHold(request.hold), key }, request.seconds)
    case 'expire_holds':
      return { kind: 'expire_holds', walletId: walletIdOf(request.walletId), limit: request.limit }
  }
}
