// What a hold is: money set aside in a wallet until it is captured, voided or expires; and what is written of each thing that
// happens to it. When which of them may happen stands in hold-rules.ts.
import type { IdempotencyRecord } from './transaction.ts'
import type { Instant } from './instant.ts'
import { isUuid } from './uuid.ts'
import type { WalletId } from './wallet.ts'

declare const holdIdBrand: unique symbol
/** A hold's UUIDv7 in lower case. */
export type HoldId = string & { readonly [holdIdBrand]: true }

/** Tells whether a value has the form of a hold's id. */
export function isHoldId(value: unknown): value is HoldId {
  return isUuid(value)
}

export const HOLD_STATUSES = ['pending', 'captured', 'voided', 'expired'] as const
export type HoldStatus = (typeof HOLD_STATUSES)[number]

/** What a capture is written as (API.md §4). */
export const CAPTURE_TYPES = ['consume', 'withdraw'] as const
export type CaptureType = (typeof CAPTURE_TYPES)[number]

/** Longest time until a hold expires, from when it is placed or extended: 90 days (API.md §4). */
export const MAX_HOLD_SECONDS = 7_776_000
/** Time until a hold expires that says nothing else: 7 days (API.md §4). */
export const DEFAULT_HOLD_SECONDS = 604_800

/** A hold as it stands. `metadata` is exact JSON text. */
export interface Hold {
  readonly holdId: HoldId
  readonly walletId: WalletId
  readonly currency: string
  readonly amount: bigint
  readonly capturedAmount: bigint
  readonly status: HoldStatus
  readonly expiresAt: Instant
  readonly description: string | null
  readonly referenceId: string | null
  readonly metadata: string
  readonly createdAt: Instant
  /** When it last changed; of an expired hold, when it expired, whoever wrote that down whenever. */
  readonly updatedAt: Instant
}

/** A hold without what a caller may have made long. */
export type BriefHold = Omit<Hold, 'description' | 'metadata'>

/** What a hold was placed with, besides its amount and its time. */
export type HoldTerms = Pick<Hold, 'currency' | 'description' | 'referenceId' | 'metadata'>

/** What a hold still reserves: nothing once it has ended, whatever of it was captured. */
export function remainingAmount(hold: Pick<Hold, 'status' | 'amount' | 'capturedAmount'>): bigint {
  return hold.status === 'pending' ? hold.amount - hold.capturedAmount : 0n
}

/** When a hold stops, or stopped, to reserve anything. */
export function endOf(hold: Pick<Hold, 'status' | 'expiresAt' | 'updatedAt'>): Instant {
  return hold.status === 'pending' ? hold.expiresAt : hold.updatedAt
}

/** The hold as everybody must see it at an instant: a pending one that is past its time has expired, written down or not. */
export function holdAt(hold: Hold, now: Instant): Hold {
  return hold.status === 'pending' && hold.expiresAt <= now ? expired(hold) : hold
}

/** The hold once it has expired, which it did at the time it was given. */
export function expired(hold: Hold): Hold {
  return { ...hold, status: 'expired', updatedAt: hold.expiresAt }
}

export type HoldEventType = 'placed' | 'captured' | 'extended' | 'voided' | 'expired'

/** One row of `hold_events`, without its hash. */
export interface HoldEventContent {
  readonly walletId: WalletId
  /** 1, 2, 3 ... within the wallet. */
  readonly sequence: number
  readonly holdId: HoldId
  readonly eventType: HoldEventType
  /** What was placed or captured; otherwise 0. */
  readonly amount: bigint
  /** What became free again: the rest of a final capture, or all that was left of a hold that was voided or expired. */
  readonly releasedAmount: bigint
  /** The hold after it. */
  readonly status: HoldStatus
  readonly capturedAmount: bigint
  readonly remainingAmount: bigint
  readonly expiresAt: Instant
  /** Everything placed in the wallet and neither captured nor released since; expiry is left out. */
  readonly reservedTotal: bigint
  /** Everything that expired in the wallet, in the order of `expiresAt`. */
  readonly expiredTotal: bigint
  /** The wallet's newest transaction when it happened, 0 for none; of a capture, its own. */
  readonly transactionSequence: number
  readonly idempotencyKey: string | null
  readonly requestHash: Buffer | null
  readonly createdAt: Instant
}

/** An event as stored: `hash` = SHA-256(hash of the wallet's event before it, canonical content), see `hash-chain.ts`. */
export interface HoldEvent extends HoldEventContent {
  readonly hash: Buffer
}

/** Where a wallet's chain of hold events ends, and its running totals. */
export interface HoldHead {
  readonly sequence: number
  readonly hash: Buffer
  readonly reservedTotal: bigint
  readonly expiredTotal: bigint
}

/** What an event is made of besides the hold and the wallet's head. */
export interface HoldEventDraft {
  readonly eventType: HoldEventType
  readonly amount: bigint
  readonly releasedAmount: bigint
  readonly transactionSequence: number
  readonly idempotency: IdempotencyRecord | null
  readonly createdAt: Instant
}
