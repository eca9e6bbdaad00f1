// The closed registry of everything that can be refused or go wrong: one code, one status, one title (API.md §6).
// A code that is not here does not compile; a test compares this table with openapi.yaml.

interface ErrorDefinition {
  readonly status: number
  readonly title: string
  /** The same request may succeed later without being changed. */
  readonly retryable: boolean
  /** Seconds for the `Retry-After` header; required by RFC 9110 practice on 429 and 503. */
  readonly retryAfterSeconds?: number
}

const refused = (title: string): ErrorDefinition => ({ status: 400, title, retryable: false })
const unknown = (title: string): ErrorDefinition => ({ status: 404, title, retryable: false })
const later = (title: string): ErrorDefinition => ({ status: 503, title, retryable: true, retryAfterSeconds: 1 })

/** Every error code of the service. */
export const ERRORS = {
  insufficient_balance: refused('Insufficient balance'),
  wallet_exists: refused('Wallet already exists'),
  wallet_frozen: refused('Wallet is frozen'),
  wallet_closed: refused('Wallet is closed'),
  wallet_not_empty: refused('Wallet is not empty'),
  currency_mismatch: refused('Currencies differ'),
  same_wallet: refused('Source and target are the same wallet'),
  not_refundable: refused('Transaction cannot be refunded'),
  refund_exceeds_original: refused('Refund exceeds what is left of the original'),
  hold_not_pending: refused('Hold is not pending'),
  hold_expired: refused('Hold has expired'),
  capture_exceeds_hold: refused('Capture exceeds what is left of the hold'),
  malformed_json: refused('Malformed JSON'),
  unauthenticated: { status: 401, title: 'Not authenticated', retryable: false },
  forbidden: { status: 403, title: 'Forbidden', retryable: false },
  wallet_not_found: unknown('Wallet not found'),
  transaction_not_found: unknown('Transaction not found'),
  hold_not_found: unknown('Hold not found'),
  user_not_found: unknown('User not found'),
  organization_not_found: unknown('Organization not found'),
  route_not_found: unknown('Route not found'),
  method_not_allowed: { status: 405, title: 'Method not allowed', retryable: false },
  body_too_large: { status: 413, title: 'Body too large', retryable: false },
  unsupported_media_type: { status: 415, title: 'Unsupported media type', retryable: false },
  validation_failed: { status: 422, title: 'Validation failed', retryable: false },
  idempotency_key_reused: { status: 422, title: 'Idempotency key reused', retryable: false },
  rate_limited: { status: 429, title: 'Too many requests', retryable: true, retryAfterSeconds: 1 },
  internal_error: { status: 500, title: 'Internal error', retryable: false },
  overloaded: later('Overloaded'),
  database_unavailable: later('Database unavailable'),
  wallet_busy: later('Wallet is busy'),
  outcome_unknown: later('Outcome unknown'),
  peer_unavailable: later('Peer service unavailable'),
} as const satisfies Record<string, ErrorDefinition>

export type ErrorCode = keyof typeof ERRORS

/** One fault of a request: where it is (`["body", "amount"]`), its kind, and what to do about it. */
export interface RequestFault {
  readonly loc: readonly (string | number)[]
  readonly type: string
  readonly msg: string
}

/** Facts that explain a refusal, named as they appear on the wire (snake_case). */
export type ErrorContext = Readonly<Record<string, ContextValue>>

type ContextValue =
  | string
  | number
  | boolean
  | null
  | readonly ContextValue[]
  | { readonly [name: string]: ContextValue }

export interface ErrorExtras {
  readonly context?: ErrorContext
  readonly faults?: readonly RequestFault[]
  readonly cause?: unknown
}

/** An expected failure. Thrown, so that whatever transaction is open rolls back; `http/problem.ts` presents it. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly context: ErrorContext
  readonly faults: readonly RequestFault[]

  constructor(code: ErrorCode, detail: string, extras: ErrorExtras = {}) {
    super(detail, extras.cause === undefined ? undefined : { cause: extras.cause })
    this.name = 'AppError'
    this.code = code
    this.context = extras.context ?? {}
    this.faults = extras.faults ?? []
  }
}

/** Throws when something that the program itself guarantees does not hold; a bug, presented as `internal_error`. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`Assertion failed: ${message}`)
}
