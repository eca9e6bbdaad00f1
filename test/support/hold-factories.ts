// Holds and commands about them for tests of their rules, each made in one line, and outcomes written out for the reader. As
// ledger-factories.ts, whose clock and wallets they share. No database here.
import type {
  CaptureHoldCommand,
  ExtendHoldCommand,
  HoldCommand,
  PlaceHoldCommand,
  VoidHoldCommand,
} from '../../src/domain/command.ts'
import type { Hold, HoldHead, HoldId } from '../../src/domain/hold.ts'
import type { LedgerState, Outcome } from '../../src/domain/ledger-state.ts'
import type { WalletState } from '../../src/domain/wallet.ts'
import { amount, decimal, ledgerOf, line, NOW, summary, transactionId, units, walletId } from './ledger-factories.ts'

const SECOND = 1_000_000n

/** A hold's id by a small number; equal numbers, equal ids. */
export const holdId = (number: number): HoldId =>
  `0197f7d4-cccc-7000-8000-${number.toString(16).padStart(12, '0')}` as HoldId

/** A hold of wallet 1, placed a minute ago, that expires in an hour unless told otherwise. */
export function aHold(
  overrides: Partial<Omit<Hold, 'amount' | 'capturedAmount'>> & { amount?: string; captured?: string } = {},
): Hold {
  const { amount: value = '10', captured = '0', ...others } = overrides
  return {
    holdId: holdId(1),
    walletId: walletId(1),
    currency: 'CREDIT',
    amount: units(value),
    capturedAmount: units(captured),
    status: 'pending',
    expiresAt: NOW + 3600n * SECOND,
    description: null,
    referenceId: null,
    metadata: '{}',
    createdAt: NOW - 60n * SECOND,
    updatedAt: NOW - 60n * SECOND,
    ...others,
  }
}

/** The head of a wallet's events after one hold of 10 was placed. */
export const ONE_PLACED: HoldHead = {
  sequence: 1,
  hash: Buffer.alloc(32, 1),
  reservedTotal: units('10'),
  expiredTotal: 0n,
}

/** What a flush locked: a wallet with these holds, the first of which are due if any is. */
export function holdLedger(wallet: WalletState, holds: readonly Hold[], found: Partial<LedgerState> = {}): LedgerState {
  return ledgerOf([wallet], {
    holds: new Map(holds.map((hold) => [hold.holdId, hold])),
    holdHeads: new Map([[wallet.walletId, ONE_PLACED]]),
    dueHolds: new Map([[wallet.walletId, holds.map((hold) => hold.holdId)]]),
    ...found,
  })
}

/** Sets an amount of wallet 1 aside for an hour. */
export const aPlacement = (value: string, overrides: Partial<PlaceHoldCommand> = {}): PlaceHoldCommand => ({
  kind: 'place_hold',
  walletId: walletId(1),
  holdId: holdId(2),
  amount: amount(value),
  lifetime: 3600n * SECOND,
  description: null,
  referenceId: null,
  metadata: {},
  idempotency: null,
  ...overrides,
})

/** Captures of hold 1; `value` null: all that is left. */
export const aCapture = (value: string | null, overrides: Partial<CaptureHoldCommand> = {}): CaptureHoldCommand => ({
  kind: 'capture_hold',
  walletId: walletId(1),
  holdId: holdId(1),
  transactionId: transactionId(1),
  amount: value === null ? null : amount(value),
  final: true,
  transactionType: 'consume',
  description: null,
  usageRecordId: null,
  metadata: {},
  idempotency: null,
  ...overrides,
})

/** Voids hold 1. */
export const aVoid = (overrides: Partial<VoidHoldCommand> = {}): VoidHoldCommand => ({
  kind: 'void_hold',
  walletId: walletId(1),
  holdId: holdId(1),
  idempotency: null,
  ...overrides,
})

/** Gives hold 1 so many seconds from now. */
export const anExtension = (seconds: bigint, overrides: Partial<ExtendHoldCommand> = {}): ExtendHoldCommand => ({
  kind: 'extend_hold',
  walletId: walletId(1),
  holdId: holdId(1),
  lifetime: seconds * SECOND,
  idempotency: null,
  ...overrides,
})

/** Writes down what has expired in wallet 1. */
export const anExpiry: HoldCommand = { kind: 'expire_holds', walletId: walletId(1), limit: 10 }

/**
 * An outcome for the reader: its rows, what happened to which hold (`captured 3, released 7: captured 3 of 10`), and what the
 * wallet then holds and locks.
 */
export function told(outcome: Outcome): readonly string[] {
  if (outcome.kind !== 'held') return summary(outcome)
  const { rows, events, holds, wallet } = outcome
  return [
    ...rows.map(line),
    ...events.map((event, index) => {
      const hold = holds[index]
      const moved = `${event.eventType} ${decimal(event.amount)}, released ${decimal(event.releasedAmount)}`
      return `${moved}: ${hold?.status ?? 'no hold'} ${decimal(event.capturedAmount)} + ${decimal(event.remainingAmount)}`
    }),
    `balance ${decimal(wallet.balance)}, locked ${decimal(wallet.lockedBalance)}`,
  ]
}
