// Translation between holds and their events and the parameters and results of the statements about them. No SQL here.
import type { ArrayElement } from '../db/array-literal.ts'
import { type BriefHold, endOf, type Hold, type HoldEvent, type HoldId, type HoldStatus } from '../domain/hold.ts'
import { formatInstant, type Instant } from '../domain/instant.ts'
import { formatDecimal } from '../domain/money.ts'
import type { WalletId } from '../domain/wallet.ts'
import { columns } from './set-wise.ts'

/** A hold as statements give it. */
export interface HoldRow {
  readonly hold_id: HoldId
  readonly wallet_id: WalletId
  readonly currency: string
  readonly amount: bigint
  readonly captured_amount: bigint
  readonly status: HoldStatus
  readonly expires_at: Instant
  readonly description: string | null
  readonly reference_id: string | null
  readonly metadata: string
  readonly created_at: Instant
  readonly updated_at: Instant
}

/** A hold as statements give it that leave out what may be long. */
export type BriefHoldRow = Omit<HoldRow, 'description' | 'metadata'>

/** The hold of a row. */
export function holdOf(row: HoldRow): Hold {
  return { ...briefHoldOf(row), description: row.description, metadata: row.metadata }
}

/** The hold of a row without what may be long. */
export function briefHoldOf(row: BriefHoldRow): BriefHold {
  return {
    holdId: row.hold_id,
    walletId: row.wallet_id,
    currency: row.currency,
    amount: row.amount,
    capturedAmount: row.captured_amount,
    status: row.status,
    expiresAt: row.expires_at,
    referenceId: row.reference_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

/** Parameters of `insertHolds`. */
export function newHoldParameters(holds: readonly Hold[]): ArrayElement[][] {
  return columns(holds, [
    (hold) => hold.holdId,
    (hold) => hold.walletId,
    (hold) => hold.currency,
    (hold) => formatDecimal(hold.amount),
    (hold) => formatDecimal(hold.capturedAmount),
    (hold) => hold.status,
    (hold) => formatInstant(hold.expiresAt),
    (hold) => formatInstant(endOf(hold)),
    (hold) => hold.description,
    (hold) => hold.referenceId,
    (hold) => hold.metadata,
    (hold) => formatInstant(hold.createdAt),
    (hold) => formatInstant(hold.updatedAt),
  ])
}

/** Parameters of `updateHolds`. */
export function changedHoldParameters(holds: readonly Hold[]): ArrayElement[][] {
  return columns(holds, [
    (hold) => hold.holdId,
    (hold) => hold.walletId,
    (hold) => formatDecimal(hold.capturedAmount),
    (hold) => hold.status,
    (hold) => formatInstant(hold.expiresAt),
    (hold) => formatInstant(endOf(hold)),
    (hold) => formatInstant(hold.updatedAt),
  ])
}

/** Parameters of `insertHoldEvents`, in the order of `HOLD_EVENT_COLUMNS`. */
export function holdEventParameters(events: readonly HoldEvent[]): ArrayElement[][] {
  return columns(events, [
    (event) => event.walletId,
    (event) => event.sequence,
    (event) => event.holdId,
    (event) => event.eventType,
    (event) => formatDecimal(event.amount),
    (event) => formatDecimal(event.releasedAmount),
    (event) => event.status,
    (event) => formatDecimal(event.capturedAmount),
    (event) => formatDecimal(event.remainingAmount),
    (event) => formatInstant(event.expiresAt),
    (event) => formatDecimal(event.reservedTotal),
    (event) => formatDecimal(event.expiredTotal),
    (event) => event.transactionSequence,
    (event) => event.idempotencyKey,
    (event) => event.requestHash,
    (event) => event.hash,
    (event) => formatInstant(event.createdAt),
  ])
}
