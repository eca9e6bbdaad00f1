// The rules of holds: when money may be set aside, captured, given back, and when it is free by itself. Pure, like ledger.ts,
// which calls them. A hold that is past its time has expired, whether or not somebody has written that down (DESIGN.md §3).
import type {
  CaptureHoldCommand,
  ExpireHoldsCommand,
  ExtendHoldCommand,
  HoldCommand,
  PlaceHoldCommand,
  VoidHoldCommand,
} from './command.ts'
import { enter } from './entry.ts'
import { AppError, assert } from './errors.ts'
import { expired, type Hold, holdAt, type HoldEvent, remainingAmount } from './hold.ts'
import { NO_HOLD_EVENTS, recordHoldEvent } from './hold-events.ts'
import { earlierOf, type Instant, laterOf } from './instant.ts'
import type { LedgerState, Outcome } from './ledger-state.ts'
import { type Amount, formatDecimal, isAmount } from './money.ts'
import { MOVEMENTS } from './movement.ts'
import { holdNotFound, requireAvailable, requireDecimals, requireUsableWallet, requireWallet } from './refusals.ts'
import type { IdempotencyRecord, Transaction } from './transaction.ts'
import type { WalletState } from './wallet.ts'

/**
 * Applies a command about holds. Refuses with `wallet_not_found`, `wallet_frozen`, `wallet_closed`, `insufficient_balance`,
 * `hold_not_found`, `hold_not_pending`, `hold_expired`, `capture_exceeds_hold`.
 */
export function applyToHolds(state: LedgerState, command: HoldCommand): Outcome {
  switch (command.kind) {
    case 'place_hold':
      return place(state, command)
    case 'capture_hold':
      return capture(state, command)
    case 'void_hold':
      return giveBack(state, command)
    case 'extend_hold':
      return extend(state, command)
    case 'expire_holds':
      return writeDownExpiry(state, command)
  }
}

function place(state: LedgerState, command: PlaceHoldCommand): Outcome {
  const wallet = requireUsableWallet(state, command.walletId)
  requireDecimals(command.amount, wallet.currency, 'amount')
  requireAvailable(wallet, command.amount)
  const now = timeOf(state, wallet)
  const hold: Hold = {
    holdId: command.holdId,
    walletId: command.walletId,
    currency: wallet.currency,
    amount: command.amount,
    capturedAmount: 0n,
    status: 'pending',
    expiresAt: now + command.lifetime,
    description: command.description,
    referenceId: command.referenceId,
    metadata: JSON.stringify(command.metadata),
    createdAt: now,
    updatedAt: now,
  }
  const locking = reserving(wallet, { amount: command.amount, until: hold.expiresAt })
  return held(state, { ...locking, updatedAt: now }, hold, {
    eventType: 'placed',
    amount: command.amount,
    releasedAmount: 0n,
    idempotency: command.idempotency,
  })
}

function capture(state: LedgerState, command: CaptureHoldCommand): Outcome {
  const before = requirePendingHold(state, command)
  const wallet = requireUsableWallet(state, command.walletId)
  const remaining = remainingAmount(before)
  const amount = captureAmount(before, command.amount, remaining)
  const isLast = command.final || amount === remaining
  const releasedAmount = isLast ? remaining - amount : 0n
  const now = timeOf(state, wallet)
  const { direction, counterparty, label } = MOVEMENTS[command.transactionType]
  // The row says what is locked after it: what it takes is no longer locked, it is gone.
  const entry = enter(releasing(wallet, amount + releasedAmount), {
    transactionId: command.transactionId,
    transactionType: command.transactionType,
    direction,
    amount,
    counterparty,
    description: command.description ?? `${label}: ${formatDecimal(amount)}`,
    referenceId: before.referenceId,
    usageRecordId: command.usageRecordId,
    metadata: { ...command.metadata, hold_id: command.holdId },
    // The key is the event's: what a replay answers is the hold as it was then, and the row beside it.
    idempotency: null,
    createdAt: now,
  })
  const hold: Hold = {
    ...before,
    capturedAmount: before.capturedAmount + amount,
    status: isLast ? 'captured' : 'pending',
    updatedAt: now,
  }
  const draft = { eventType: 'captured', amount, releasedAmount, idempotency: command.idempotency } as const
  return held(state, entry.wallet, hold, draft, [entry.row])
}

function captureAmount(hold: Hold, asked: Amount | null, remaining: bigint): Amount {
  const amount = asked ?? remaining
  if (isAmount(amount) && amount <= remaining) {
    requireDecimals(amount, hold.currency, 'amount')
    return amount
  }
  throw new AppError(
    'capture_exceeds_hold',
    `Only ${formatDecimal(remaining)} of ${formatDecimal(hold.amount)} is left to capture`,
    {
      context: {
        hold_id: hold.holdId,
        remaining: formatDecimal(remaining),
        required: formatDecimal(amount),
        shortfall: formatDecimal(amount - remaining),
        currency: hold.currency,
      },
    },
  )
}

/** Gives back what is left. Moves no money, so a frozen wallet does not stand in the way. */
function giveBack(state: LedgerState, command: VoidHoldCommand): Outcome {
  const before = requirePendingHold(state, command)
  const wallet = requireWallet(state, command.walletId)
  const now = timeOf(state, wallet)
  const releasedAmount = remainingAmount(before)
  const hold: Hold = { ...before, status: 'voided', updatedAt: now }
  return held(state, { ...releasing(wallet, releasedAmount), updatedAt: now }, hold, {
    eventType: 'voided',
    amount: 0n,
    releasedAmount,
    idempotency: command.idempotency,
  })
}

/** Sets the time anew, counted from now; earlier than before is possible too. */
function extend(state: LedgerState, command: ExtendHoldCommand): Outcome {
  const before = requirePendingHold(state, command)
  const wallet = requireWallet(state, command.walletId)
  const now = timeOf(state, wallet)
  const hold: Hold = { ...before, expiresAt: now + command.lifetime, updatedAt: now }
  const locking = reserving(wallet, { amount: 0n, until: hold.expiresAt })
  return held(state, { ...locking, updatedAt: now }, hold, {
    eventType: 'extended',
    amount: 0n,
    releasedAmount: 0n,
    idempotency: command.idempotency,
  })
}

/**
 * Writes down what has expired already: the money has been free since, and the wallet's lock was brought up to date when it
 * was loaded. `dueHolds` comes in the order of expiry and only ever its beginning, so that the running total of what expired
 * can be looked up by time.
 */
function writeDownExpiry(state: LedgerState, command: ExpireHoldsCommand): Outcome {
  const wallet = requireWallet(state, command.walletId)
  const now = timeOf(state, wallet)
  const holds: Hold[] = []
  const events: HoldEvent[] = []
  let head = state.holdHeads.get(command.walletId) ?? NO_HOLD_EVENTS
  for (const holdId of state.dueHolds.get(command.walletId) ?? []) {
    const before = state.holds.get(holdId)
    assert(before, 'a hold that is due is loaded')
    if (before.status !== 'pending') continue
    if (before.expiresAt > now || isCounted(wallet, before)) break
    const hold = expired(before)
    const event = recordHoldEvent(head, hold, {
      eventType: 'expired',
      amount: 0n,
      releasedAmount: remainingAmount(before),
      transactionSequence: wallet.sequence,
      idempotency: null,
      createdAt: now,
    })
    holds.push(hold)
    events.push(event)
    head = event
  }
  return { kind: 'held', holds, events, rows: [], wallet: { ...wallet, updatedAt: now } }
}

/**
 * Whether the wallet's lock still counts a hold. One that has expired is off it since the wallet was loaded; only if the wallet
 * has come to a later time since, by a transfer from one that was ahead of the clock, may that be for the next flush to do.
 */
function isCounted({ nextHoldExpiry }: WalletState, hold: Hold): boolean {
  return nextHoldExpiry !== null && hold.expiresAt >= nextHoldExpiry
}

interface HappenedTo {
  readonly eventType: 'placed' | 'captured' | 'extended' | 'voided'
  readonly amount: bigint
  readonly releasedAmount: bigint
  readonly idempotency: IdempotencyRecord | null
}

/** The outcome for one hold; `wallet` and `hold` as they are afterwards. */
function held(
  state: LedgerState,
  wallet: WalletState,
  hold: Hold,
  happened: HappenedTo,
  rows: readonly Transaction[] = [],
): Outcome {
  const head = state.holdHeads.get(wallet.walletId) ?? NO_HOLD_EVENTS
  const event = recordHoldEvent(head, hold, {
    ...happened,
    transactionSequence: wallet.sequence,
    createdAt: wallet.updatedAt,
  })
  return { kind: 'held', holds: [hold], events: [event], rows, wallet }
}

/** The database's clock, never before what the wallet has seen already. */
function timeOf(state: LedgerState, wallet: WalletState): Instant {
  return laterOf(state.now, wallet.updatedAt)
}

function reserving(wallet: WalletState, lock: { readonly amount: bigint; readonly until: Instant }): WalletState {
  const { nextHoldExpiry } = wallet
  return {
    ...wallet,
    lockedBalance: wallet.lockedBalance + lock.amount,
    nextHoldExpiry: nextHoldExpiry === null ? lock.until : earlierOf(lock.until, nextHoldExpiry),
  }
}

function releasing(wallet: WalletState, amount: bigint): WalletState {
  return { ...wallet, lockedBalance: wallet.lockedBalance - amount }
}

/** The hold, if something may still happen to it. Throws `hold_not_found`, `hold_expired`, `hold_not_pending`. */
function requirePendingHold(
  state: LedgerState,
  command: Exclude<HoldCommand, PlaceHoldCommand | ExpireHoldsCommand>,
): Hold {
  const stored = state.holds.get(command.holdId)
  if (!stored) throw holdNotFound(command.holdId)
  const hold = holdAt(stored, timeOf(state, requireWallet(state, command.walletId)))
  if (hold.status === 'pending') return hold
  const context = { hold_id: hold.holdId, hold_status: hold.status }
  if (hold.status === 'expired') {
    throw new AppError('hold_expired', 'The hold has expired: its money is free again', { context })
  }
  throw new AppError('hold_not_pending', `The hold has been ${hold.status}`, { context })
}
