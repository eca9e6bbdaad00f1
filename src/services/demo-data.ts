// The wallets that every example of the specification is about, so that "Try it out" and the README's calls work as they
// stand on a fresh embedded database. Never written to a database of somebody's own unless asked for.
import type { Command, IdempotencyClaim, MovementCommand, PlaceHoldCommand } from '../domain/command.ts'
import { AppError, assert } from '../domain/errors.ts'
import { type HoldId, MAX_HOLD_SECONDS } from '../domain/hold.ts'
import { type Amount, CREDIT, parseAmount } from '../domain/money.ts'
import type { TransactionId } from '../domain/transaction.ts'
import type { WalletId, WalletType } from '../domain/wallet.ts'
import type { PostingQueue } from './posting-queue.ts'

/** Ids of the demo data; the examples of the specification use them. */
export const DEMO = {
  userId: 'demo-user',
  /** All demo wallets belong to it. */
  organizationId: 'acme',
  /** 1,000 CREDIT to start with, and a few movements. */
  walletId: asWalletId('0197f7d4-1b1a-7c3e-9a51-0d4f2c6b8e01'),
  /** Of the same currency, another user's: the target of transfers. */
  otherUserId: 'demo-friend',
  otherWalletId: asWalletId('0197f7d4-2c2b-7d4f-8b62-1e5a3d7c9f02'),
  /** Empty: to be frozen, unfrozen and closed. */
  spareWalletId: asWalletId('0197f7d4-3d3c-7e60-9c73-2f6b4e8d0a03'),
  /** A consumption of 100 CREDIT, with plenty to refund. */
  transactionId: asTransactionId('0197f7d5-3d3c-7e5a-9c73-2f6b4e8d0a03'),
  /** Of 25 CREDIT, in the other user's wallet: to be captured in parts and extended. */
  holdId: asHoldId('0197f7d6-4e4d-7f6b-8d84-3a7c5f9e1b04'),
  /** Of 10 CREDIT, beside it: to be voided. */
  spareHoldId: asHoldId('0197f7d6-5f5e-7a7c-9e95-4b8d6fae2c05'),
} as const

const DEMO_DIGEST = Buffer.alloc(16, 0xde)

type DemoLog = (message: string, fields: Readonly<Record<string, unknown>>) => void

/** Writes what is missing of the demo data. Safe to call at every start: each step has a key, and happens once. */
export async function writeDemoData(postings: PostingQueue, log: DemoLog): Promise<void> {
  for (const command of demoCommands()) {
    try {
      await postings.post(command)
    } catch (error) {
      // Somebody has frozen, closed or emptied a demo wallet since: then that is how it is.
      if (!(error instanceof AppError)) throw error
      log('A part of the demo data could not be written', { code: error.code, kind: command.kind })
    }
  }
}

function demoCommands(): readonly Command[] {
  const { walletId, otherWalletId, spareWalletId, transactionId } = DEMO
  return [
    opening(walletId, DEMO.userId, 'fiat', '1000', 1),
    opening(otherWalletId, DEMO.otherUserId, 'fiat', '50', 2),
    opening(spareWalletId, DEMO.userId, 'hybrid', null, 3),
    movement('consume', walletId, transactionId, '100', { usageRecordId: '812' }),
    movement('deposit', walletId, demoTransactionId(4), '250.5', { referenceId: 'invoice-7' }),
    movement('reward', walletId, demoTransactionId(5), '5', { description: 'Welcome back' }),
    movement('withdraw', walletId, demoTransactionId(6), '20', { metadata: { destination: 'bank:demo' } }),
    movement('consume', walletId, demoTransactionId(7), '0.00000001', { usageRecordId: '813' }),
    holding(otherWalletId, DEMO.holdId, '25', 'job-7'),
    holding(otherWalletId, DEMO.spareHoldId, '10', 'job-8'),
  ]
}

function opening(
  walletId: WalletId,
  userId: string,
  walletType: WalletType,
  initial: string | null,
  step: number,
): Command {
  return {
    kind: 'create',
    walletId,
    transactionId: demoTransactionId(step),
    userId,
    organizationId: DEMO.organizationId,
    walletType,
    currency: CREDIT,
    initialBalance: initial === null ? null : amount(initial),
    blockchainAddress: null,
    blockchainNetwork: null,
    metadata: { demo: true },
    idempotency: demoClaim('create', walletId),
  }
}

function movement(
  kind: MovementCommand['kind'],
  walletId: WalletId,
  transactionId: TransactionId,
  text: string,
  details: Partial<Pick<MovementCommand, 'description' | 'referenceId' | 'usageRecordId' | 'metadata'>>,
): MovementCommand {
  return {
    kind,
    walletId,
    transactionId,
    amount: amount(text),
    description: null,
    referenceId: null,
    usageRecordId: null,
    metadata: {},
    ...details,
    idempotency: demoClaim(kind, transactionId),
  }
}

function holding(walletId: WalletId, holdId: HoldId, text: string, referenceId: string): PlaceHoldCommand {
  return {
    kind: 'place_hold',
    walletId,
    holdId,
    amount: amount(text),
    lifetime: BigInt(MAX_HOLD_SECONDS) * 1_000_000n,
    description: null,
    referenceId,
    metadata: { demo: true },
    idempotency: demoClaim('place_hold', holdId),
  }
}

/** The key names the step, which never comes with another content, so one digest serves for all of them. */
function demoClaim(kind: IdempotencyClaim['kind'], id: string): IdempotencyClaim {
  return { key: `demo-${id}`, kind, requestHash: DEMO_DIGEST }
}

function amount(text: string): Amount {
  const parsed = parseAmount(text)
  assert(typeof parsed === 'bigint', `demo amount ${text}`)
  return parsed
}

function demoTransactionId(step: number): TransactionId {
  return asTransactionId(`0197f7d5-0000-7000-8000-${String(step).padStart(12, '0')}`)
}

// Literals of this file become ids here and nowhere else.
function asWalletId(text: string): WalletId {
  return text as WalletId
}

function asTransactionId(text: string): TransactionId {
  return text as TransactionId
}

function asHoldId(text: string): HoldId {
  return text as HoldId
}
