// One attempt of an operation: an address, credentials, one exchange, and what its end says of the operation.
import type { AddressBook } from './discovery.ts'
import { codeOf, ConnectionError, problemOf } from './errors.ts'
import { parseAnswer } from './exact-json.ts'
import type { Counters } from './metrics.ts'
import type { Operation } from './operation.ts'
import { API_VERSION } from './operations.ts'
import type { Attempts, Failure } from './retries.ts'
import { DEFAULTS, type WalletClientOptions } from './settings.ts'
import { type HttpAnswer, type Transport, TransportError } from './transport.ts'
import { unlessAborted } from './waiting.ts'
import type { Wire } from './wire.ts'

export interface AttemptParts {
  readonly operation: Operation
  readonly wire: Wire
  /** A lost answer leaves open whether something has changed. */
  readonly mayChange: boolean
  readonly signal: AbortSignal | undefined
  readonly options: WalletClientOptions
  readonly transport: Transport
  readonly addresses: AddressBook
  readonly counters: Counters
}

type Judged<Answer> = { readonly answer: Answer } | { readonly failure: Failure }

const MILLISECONDS = 1000
const NO_TOKEN = 'The attempt ended before there was a token'
const TOO_MANY_REQUESTS = 429
/** What stands between us and the service says so when it got no answer. */
const GATEWAY_STATUSES = new Set([502, 503, 504])
const SERVER_FAULT = 500
/** Of the server's faults, those that say that nothing was done. */
const NOTHING_DONE = new Set<string>(['overloaded', 'database_unavailable', 'wallet_busy', 'peer_unavailable'])
const LEDGER_STATUSES = new Set([400, 404, 422])
/** Refusals from before the ledger was asked: they do not say what earlier attempts did. */
const BEFORE_LEDGER = new Set<string>(['malformed_json', 'route_not_found', 'user_not_found', 'organization_not_found'])

/** The attempts of one operation, as `repeatUntilDefinite` takes them. */
export function attemptOf<Answer>(parts: AttemptParts): Attempts<Answer>['attempt'] {
  const { signal, options, addresses, wire, counters, transport } = parts
  const timeoutMs = options.attemptTimeoutMs ?? DEFAULTS.attemptTimeoutMs
  return async (limitMs) => {
    const timeout = AbortSignal.timeout(Math.ceil(Math.min(limitMs, timeoutMs)))
    const limit = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
    const startedAt = performance.now()
    let address: string
    let headers: Record<string, string>
    try {
      address = await addresses.next(limit)
      // The token's function is the caller's own, and may never come to an end.
      const credentials = await unlessAborted(credentialsOf(options), limit, NO_TOKEN)
      headers = { ...wire.headers, ...credentials, 'user-agent': userAgentOf(options) }
    } catch (error) {
      return { failure: connectionFailure('The request could not be sent', { cause: error, repeat: true }) }
    }
    counters.countRequest()
    let answer: HttpAnswer | null = null
    let result: Judged<Answer>
    try {
      answer = await transport.exchange({ address, ...wire, headers, signal: limit })
      result = judged<Answer>(answer, parts)
    } catch (error) {
      result = { failure: lostAnswer(error, parts) }
    }
    if ('failure' in result && result.failure.repeat) addresses.failed(address)
    report(parts, { address, answer, startedAt, failure: 'failure' in result ? result.failure : null })
    return result
  }
}

async function credentialsOf({ apiKey, token }: WalletClientOptions): Promise<Record<string, string>> {
  const bearer = typeof token === 'function' ? await token() : token
  return {
    ...(apiKey !== undefined && { 'x-api-key': apiKey }),
    ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
  }
}

function userAgentOf({ userAgent }: WalletClientOptions): string {
  return `wallet-service-client/${API_VERSION}${userAgent === undefined ? '' : ` ${userAgent}`}`
}

/** What an answer says of the operation. */
function judged<Answer>(answer: HttpAnswer, { operation, mayChange }: AttemptParts): Judged<Answer> {
  const { status, text } = answer
  const isAnswer = operation.statuses.includes(status)
  const body = bodyOf<Answer>(
    isAnswer && operation.isText ? JSON.stringify(text) : text,
    isAnswer ? operation.exactNumbers : [],
  )
  if (isAnswer && body !== null) return { answer: body }
  const problem = problemOf(body)
  const retryAfterMs = retryAfterOf(answer)
  if (problem === null) {
    const isLost = isAnswer || status >= SERVER_FAULT
    const repeat = isAnswer || status === TOO_MANY_REQUESTS || GATEWAY_STATUSES.has(status)
    const message = `The answer to ${operation.name} is not the service's: status ${status}`
    const outcome = isLost && mayChange ? 'unknown' : 'not_here'
    return { failure: { ...connectionFailure(message, { repeat }), outcome, retryAfterMs } }
  }
  const { code, retryable: repeat } = problem
  if (status >= SERVER_FAULT) {
    const outcome = mayChange && !NOTHING_DONE.has(code) ? 'unknown' : 'not_here'
    return { failure: { error: problem, repeat, outcome, retryAfterMs } }
  }
  const outcome = LEDGER_STATUSES.has(status) && !BEFORE_LEDGER.has(code) ? 'decided' : 'not_here'
  return { failure: { error: problem, repeat, outcome, retryAfterMs } }
}

/** The body as its operation's answer, which openapi.yaml vouches for; null when it is no JSON. */
function bodyOf<Answer>(text: string, exactNumbers: Operation['exactNumbers']): Answer | null {
  try {
    return parseAnswer<Answer>(text, exactNumbers)
  } catch {
    return null
  }
}

/** `Retry-After` in milliseconds; the service sends seconds, a proxy may send a date. */
function retryAfterOf(answer: HttpAnswer): number {
  const text = answer.header('retry-after')
  if (text === null) return 0
  const milliseconds = /^[0-9]+$/.test(text) ? Number(text) * MILLISECONDS : Date.parse(text) - Date.now()
  return Number.isNaN(milliseconds) ? 0 : Math.max(0, milliseconds)
}

function lostAnswer(error: unknown, { mayChange, signal }: AttemptParts): Failure {
  if (!(error instanceof TransportError)) {
    const cause = error instanceof Error ? error : new Error(String(error))
    return { error: cause, repeat: false, outcome: 'not_here', retryAfterMs: 0 }
  }
  const failure = connectionFailure(error.message, { cause: error.cause, repeat: signal?.aborted !== true })
  return { ...failure, outcome: error.maybeReceived && mayChange ? 'unknown' : 'not_here' }
}

function connectionFailure(message: string, facts: { cause?: unknown; repeat: boolean }): Failure {
  const { cause, repeat } = facts
  const error = new ConnectionError(message, cause === undefined ? {} : { cause })
  return { error, repeat, outcome: 'not_here', retryAfterMs: 0 }
}

interface Attempted {
  readonly address: string
  readonly answer: HttpAnswer | null
  readonly startedAt: number
  readonly failure: Failure | null
}

function report({ operation, options, counters }: AttemptParts, attempted: Attempted): void {
  const { address, answer, startedAt, failure } = attempted
  const replayed = answer?.header('idempotency-replayed') === 'true'
  if (replayed) counters.countReplay()
  const code = failure === null ? null : codeOf(failure.error)
  try {
    options.onAttempt?.({
      operation: operation.name,
      address,
      durationMs: performance.now() - startedAt,
      status: answer?.status ?? null,
      requestId: answer?.header('x-request-id') ?? null,
      replayed,
      code,
    })
  } catch {
    // A caller's log must not change what happens to money.
  }
}
