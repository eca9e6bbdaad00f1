// The only mapper from errors to status, headers and body (API.md §6). Nothing of a library, a database or a stack reaches a
// caller through here; the cause goes into the log under the same request id.
import { AppError, type ErrorCode, type ErrorContext, ERRORS, type RequestFault } from '../domain/errors.ts'
import { problemType } from './schemas/errors.ts'

const PROBLEM_TYPE = 'application/problem+json'

/** An error as it goes over the wire. */
export interface Problem {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: ProblemBody
}

interface ProblemBody {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ErrorCode
  readonly success: false
  readonly message: string
  readonly request_id: string
  readonly retryable: boolean
  readonly errors?: readonly RequestFault[]
  readonly [explanation: string]: unknown
}

/** Presents an error of the registry. Its context comes last and never stands in for a standard member. */
export function problemOf(error: AppError, requestId: string): Problem {
  const { code, faults, context, message } = error
  const { status, title, retryable } = ERRORS[code]
  const body: ProblemBody = {
    type: problemType(code),
    title,
    status,
    detail: message,
    code,
    success: false,
    message,
    request_id: requestId,
    retryable,
    ...(faults.length > 0 && { errors: faults }),
  }
  return { status, headers: headersOf(error), body: { ...body, ...explanationOf(context, body) } }
}

function explanationOf(context: ErrorContext, body: ProblemBody): ErrorContext {
  return Object.fromEntries(Object.entries(context).filter(([key]) => !(key in body) && key !== 'errors'))
}

/** When to try again is in the context where it is known, else in the registry. */
function headersOf({ code, context }: AppError): Record<string, string> {
  const definition = ERRORS[code]
  if (!('retryAfterSeconds' in definition)) return { 'content-type': PROBLEM_TYPE }
  const known = context['retry_after_seconds']
  const seconds = typeof known === 'number' ? known : definition.retryAfterSeconds
  return { 'content-type': PROBLEM_TYPE, 'retry-after': String(seconds) }
}

/** Any error as one of the registry: ours as they are, the framework's by their code, and everything else as a bug. */
export function appErrorOf(error: unknown): AppError {
  if (error instanceof AppError) return error
  const known = FRAMEWORK_ERRORS.get(stringOf(error, 'code'))
  if (known) return new AppError(known.code, known.detail, { cause: error })
  // Fastify gives this status to a body whose sender hung up; nobody is left to read the answer.
  if (isBrokenBody(error)) return new AppError('malformed_json', 'The body did not arrive whole', { cause: error })
  return new AppError('internal_error', 'Something went wrong inside the service', { cause: error })
}

const FRAMEWORK_ERRORS: ReadonlyMap<string, { readonly code: ErrorCode; readonly detail: string }> = new Map([
  ['FST_ERR_CTP_BODY_TOO_LARGE', { code: 'body_too_large', detail: 'The body is larger than the service accepts' }],
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', { code: 'unsupported_media_type', detail: 'Bodies must be application/json' }],
  ['FST_ERR_ROUTE_MISSING_CONTENT_TYPE', { code: 'unsupported_media_type', detail: 'Bodies must be application/json' }],
  [
    'FST_ERR_CTP_INVALID_CONTENT_LENGTH',
    { code: 'malformed_json', detail: 'The body is not as long as Content-Length' },
  ],
  ['FST_ERR_BAD_URL', { code: 'route_not_found', detail: 'The path is not valid percent-encoded UTF-8' }],
  ['FST_ERR_MAX_PARAM_LENGTH', { code: 'route_not_found', detail: 'A part of the path is too long' }],
])

function isBrokenBody(error: unknown): boolean {
  return error instanceof Error && 'statusCode' in error && error.statusCode === 400
}

function stringOf(error: unknown, key: string): string {
  const value: unknown = error instanceof Error ? Reflect.get(error, key) : undefined
  return typeof value === 'string' ? value : ''
}

/** The refusal of a request with faults: the first one in words, all of them as a list. */
export function validationFailed(faults: readonly RequestFault[]): AppError {
  const [first, ...others] = faults
  const detail = first === undefined ? 'The request is not valid' : `${first.loc.join('.')}: ${first.msg}`
  const more = others.length > 0 ? ` (and ${others.length} more)` : ''
  return new AppError('validation_failed', detail + more, { faults })
}

/**
 * Presents what is not even HTTP: 400, 408 or 431, for which the registry has no code, because no route is ever reached.
 * `about:blank` says that the status alone tells the story (RFC 9457 §4.2.1).
 */
export function transportProblem(
  failure: { status: number; title: string; detail: string },
  requestId: string,
): Problem {
  const { status, title, detail } = failure
  const { body } = problemOf(new AppError('validation_failed', detail), requestId)
  const retryable = status === 408
  return {
    status,
    headers: { 'content-type': PROBLEM_TYPE },
    body: { ...body, type: 'about:blank', title, status, retryable },
  }
}
