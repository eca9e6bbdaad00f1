// What callers catch. Three things can go wrong: the service says no (WalletServiceError), it could not be asked
// (ConnectionError), or it is not known whether something happened (OutcomeUnknownError, which says how to find out).
import type { BatchPayload, ErrorCode, ErrorContexts } from './api-types.ts'

/** One fault of a request: where it is (`["body", "amount"]`), its kind, and what to do about it. */
export interface RequestFault {
  readonly loc: readonly (string | number)[]
  readonly type: string
  readonly msg: string
}

interface ProblemFacts<Code extends ErrorCode> {
  readonly code: Code
  readonly detail: string
  readonly status: number
  readonly retryable: boolean
  readonly requestId: string
  readonly context: ErrorContexts[Code]
  readonly faults: readonly RequestFault[]
}

/** The service answered with a problem: `code` says which, and `context` explains it. */
export class WalletServiceError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'WalletServiceError'
  readonly code: Code
  /** The HTTP status. */
  readonly status: number
  /** The same request may succeed later, unchanged; the client has tried already. */
  readonly retryable: boolean
  /** For the service's log. */
  readonly requestId: string
  /** What explains the code, such as `shortfall` of `insufficient_balance`. */
  readonly context: ErrorContexts[Code]
  /** Every fault of the request (`validation_failed`). */
  readonly faults: readonly RequestFault[]

  constructor(facts: ProblemFacts<Code>) {
    super(facts.detail)
    this.code = facts.code
    this.status = facts.status
    this.retryable = facts.retryable
    this.requestId = facts.requestId
    this.context = facts.context
    this.faults = facts.faults
  }
}

/** The service could not be asked, or what answered was not the service. Nothing has changed. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
  readonly code = 'connection_failed'
}

/**
 * Whether the operation happened is not known: an answer was lost and no later attempt settled it in time. Call the same method
 * again with the same arguments and `idempotencyKey`: it happens once, whenever the answer comes.
 */
export class OutcomeUnknownError extends Error {
  override readonly name = 'OutcomeUnknownError'
  readonly code = 'outcome_unknown'
  readonly operation: string
  /** What to pass as `idempotencyKey`; null for what is safe to repeat without: freeze, unfreeze, update, close. */
  readonly idempotencyKey: string | null
  /** What to send again where it was a batch: it has the keys that the client gave its operations. Else null. */
  readonly batch: BatchPayload | null

  constructor(facts: {
    operation: string
    idempotencyKey: string | null
    batch: BatchPayload | null
    attempts: number
    cause: unknown
  }) {
    const { operation, idempotencyKey, batch, attempts, cause } = facts
    const keys = batch === null ? '' : " with this error's batch"
    const key = idempotencyKey === null ? keys : ` with idempotencyKey ${idempotencyKey}`
    super(`Whether ${operation} happened is not known after ${attempts} attempts; call it again${key}`, { cause })
    this.operation = operation
    this.idempotencyKey = idempotencyKey
    this.batch = batch
  }
}

/** A problem of any code: comparing `code` tells TypeScript what `context` holds. */
export type AnyWalletServiceError = { [Code in ErrorCode]: WalletServiceError<Code> }[ErrorCode]

/** Tells whether the service said no, and with a code, whether it said that. */
export function isWalletServiceError(error: unknown): error is AnyWalletServiceError
export function isWalletServiceError<Code extends ErrorCode>(
  error: unknown,
  code: Code,
): error is WalletServiceError<Code>
export function isWalletServiceError(error: unknown, code?: ErrorCode): boolean {
  return error instanceof WalletServiceError && (code === undefined || error.code === code)
}

/** The code of any of these errors; another error has its name. */
export function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

/** The error of a problem body; null when the body is none. */
export function problemOf(body: unknown): WalletServiceError | null {
  if (!isProblem(body)) return null
  const { type: _type, title: _title, status, detail, code, success: _success, message: _message, ...rest } = body
  const { request_id: requestId, retryable, errors: faults = [], ...context } = rest
  return new WalletServiceError({ status, detail, code, requestId, retryable, faults, context })
}

interface Problem extends Readonly<Record<string, unknown>> {
  readonly status: number
  readonly detail: string
  readonly code: ErrorCode
  readonly request_id: string
  readonly retryable: boolean
  readonly errors?: readonly RequestFault[]
}

/** A newer service may have codes that `ErrorCode` lacks: they come through as they are. */
function isProblem(body: unknown): body is Problem {
  if (typeof body !== 'object' || body === null) return false
  const { status, detail, code, request_id: requestId, retryable }: Partial<Record<string, unknown>> = { ...body }
  return (
    typeof status === 'number' &&
    typeof detail === 'string' &&
    typeof code === 'string' &&
    typeof requestId === 'string' &&
    typeof retryable === 'boolean'
  )
}
