// What an error looks like on the wire, and which errors a route documents. Mapping errors to it is problem.ts's work.
import { z } from 'zod'
import { type ErrorCode, ERRORS } from '../../domain/errors.ts'

function isErrorCode(code: string): code is ErrorCode {
  return code in ERRORS
}

/** Every code of the registry, in its order. */
export const ERROR_CODES: readonly ErrorCode[] = Object.keys(ERRORS).filter(isErrorCode)

/** The `type` of a code's problems: a name, not an address, so that it stays the same behind every host and prefix. */
export function problemType(code: ErrorCode): string {
  return `urn:wallet-service:error:${code}`
}

const faultSchema = z.object({
  loc: z.array(z.union([z.string(), z.int()])).meta({ examples: [['body', 'amount']] }),
  type: z.string().meta({ examples: ['not_positive'] }),
  msg: z.string().meta({ examples: ['Must be greater than 0'] }),
})

/** The body of every error (RFC 9457). Further members, named by the code, explain the refusal. */
export const errorBodySchema = z
  .looseObject({
    type: z.string().meta({ format: 'uri', description: 'Names the code as a URN' }),
    title: z.string().meta({ description: 'The code in words' }),
    status: z.int(),
    detail: z.string().meta({ description: 'What went wrong this time, for people' }),
    code: z.enum(ERROR_CODES).meta({ description: 'What went wrong, for programs. The list is closed' }),
    success: z.literal(false),
    message: z.string().meta({ description: 'The same as `detail`' }),
    request_id: z.string().meta({ description: 'The `X-Request-Id` of the answer; the log is searched by it' }),
    retryable: z.boolean().meta({ description: 'The same request may succeed later, unchanged' }),
    errors: z.array(faultSchema).optional().meta({ description: 'Every fault of the request (`validation_failed`)' }),
  })
  .meta({ id: 'ErrorBody', description: 'Every error has this shape; `code` says which further members explain it' })

/** Codes that any route which reads may answer with. */
export const READ_ERRORS = ['validation_failed', 'database_unavailable', 'internal_error', 'peer_unavailable'] as const

/** Codes that any route which posts to the ledger may answer with. */
export const POSTING_ERRORS = [
  'malformed_json',
  'body_too_large',
  'unsupported_media_type',
  'validation_failed',
  'internal_error',
  'overloaded',
  'database_unavailable',
  'wallet_busy',
  'outcome_unknown',
  'peer_unavailable',
] as const

/** As `POSTING_ERRORS`, of a route that honours an `Idempotency-Key`. */
export const KEYED_ERRORS = [...POSTING_ERRORS, 'idempotency_key_reused'] as const

/** Codes of a route that opens a wallet for a user, where owners are checked. */
export const OWNER_ERRORS = ['user_not_found', 'forbidden', 'peer_unavailable'] as const

/** What stands for the error responses in a route's types: handlers throw errors, they never send them. */
type ThrownResponses = Record<never, never>

/** The error responses of a route, one per status, naming the codes that it has there. */
export function errorResponses(...codes: readonly ErrorCode[]): ThrownResponses {
  const byStatus = Map.groupBy(new Set(codes), (code) => ERRORS[code].status)
  return Object.fromEntries([...byStatus].map(([status, group]) => [status, errorResponse(status, group)]))
}

function errorResponse(status: number, codes: readonly ErrorCode[]) {
  const narrowed = z.looseObject({ status: z.literal(status), code: z.enum(codes) })
  const schema = z.intersection(errorBodySchema, narrowed)
  const description = codes.map((code) => `\`${code}\`: ${ERRORS[code].title}`).join('; ')
  return { description, content: { 'application/problem+json': { schema } } }
}
