// How a peer is asked over HTTP: pooled connections, one deadline for a whole question, retries, a circuit breaker, and answers
// that are JSON of the expected shape and size or count as none. What an answer means is the clients' of each service.
import {
  circuitBreaker,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleWhen,
  retry,
  type RetryPolicy,
} from 'cockatiel'
import { Agent, type Dispatcher } from 'undici'
import type { z } from 'zod'
import { credentialHeaders } from './credentials.ts'
import { jsonOf } from './json.ts'
import type { PeerEvents, PeerName } from './peer-events.ts'
import { failureOf, isTransient, PeerUnavailableError } from './peer-failures.ts'

/** More wait in line, each until its own deadline: a peer that hangs must not cost a socket per caller. */
const MAX_CONNECTIONS = 32
/** Shorter than the 5 s after which Node's own server closes: who sends last on a connection that is closing loses. */
const KEEP_ALIVE_MS = 4000
/** Of the deadline: a packet that was lost leaves time for a second connection. */
const CONNECT_SHARE = 0.5
const RETRIES = 2
/** With jitter, so that those who failed together do not come back together. */
const BACKOFF = { initialDelay: 50, maxDelay: 250 }
/** Two questions of three attempts open the circuit. */
const FAILURES_TO_OPEN = 5
/** After this long, one attempt may find out whether the peer is back. */
const HALF_OPEN_AFTER_MS = 5000
/** Faults of an answer that are named; a page of members may have thousands. */
const MAX_FAULTS = 3
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\b/i
const STATES = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.HalfOpen]: 'half_open',
  [CircuitState.Open]: 'open',
  [CircuitState.Isolated]: 'open',
} as const

/** A path below a peer's address, and its template, which names it without any id. */
interface PeerPath {
  readonly path: string
  readonly template: string
}

/** Traces a call, as part of the request that needs it. */
interface CallTracing {
  outgoing(call: { readonly service: string; readonly method: string; readonly path: string }): {
    /** To send along. */
    readonly headers: Readonly<Record<string, string>>
    end(result: number | Error): void
  }
}

/** What all clients of peers are made from. */
export interface PeerClientOptions {
  /** Asked anew for every attempt: discovery may know better by then. A user and a password in it are sent as Basic. */
  readonly baseUrl: () => string
  /** For a whole question: retries and all pages included. */
  readonly timeoutMs: number
  readonly internalSecret: string | null
  readonly events: PeerEvents
  readonly tracing?: CallTracing | undefined
  /** How long an open circuit refuses before it lets an attempt through. */
  readonly halfOpenAfterMs?: number | undefined
}

/** On whose behalf a peer is asked. */
export interface Asker {
  /** The request under which it happens, for the peer's log and ours. */
  readonly requestId?: string | undefined
}

/** What a peer said: something, that there is no such thing, or that it is none of our business. */
export type PeerAnswer<Body> =
  | { readonly kind: 'found'; readonly body: Body }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'no_access' }

/** One look-up within a question. Throws `PeerUnavailableError`. */
export type Get = <Body>(path: PeerPath, schema: z.ZodType<Body>) => Promise<PeerAnswer<Body>>

/** An id as one segment of a path; `null` for those that no encoding keeps from being read as directories. */
export function pathSegment(id: string): string | null {
  return id === '.' || id === '..' ? null : encodeURIComponent(id)
}

/** Asks one peer. */
export class PeerHttpClient {
  readonly #peer: PeerName
  readonly #options: PeerClientOptions
  readonly #agent: Agent
  readonly #retry: RetryPolicy
  readonly #circuit: CircuitBreakerPolicy

  constructor(peer: PeerName, options: PeerClientOptions & { readonly maxAnswerBytes: number }) {
    const { timeoutMs, events, halfOpenAfterMs = HALF_OPEN_AFTER_MS } = options
    this.#peer = peer
    this.#options = options
    // Of however many addresses: undici forgets one with its last connection.
    this.#agent = new Agent({
      connections: MAX_CONNECTIONS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      connect: { timeout: Math.ceil(timeoutMs * CONNECT_SHARE) },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      maxResponseSize: options.maxAnswerBytes,
    })
    this.#retry = retry(handleWhen(isTransient), { maxAttempts: RETRIES, backoff: new ExponentialBackoff(BACKOFF) })
    this.#circuit = circuitBreaker(handleWhen(isTransient), {
      halfOpenAfter: halfOpenAfterMs,
      breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN),
    })
    this.#retry.onRetry(() => events.retried(peer))
    this.#circuit.onStateChange((state) => events.circuitChanged(peer, STATES[state]))
  }

  /** Asks a question of one or more look-ups, all under one deadline. Throws `PeerUnavailableError`, in time. */
  async ask<Answer>(asker: Asker, question: (get: Get) => Promise<Answer>): Promise<Answer> {
    const { timeoutMs, events } = this.#options
    const startedAt = performance.now()
    const signal = AbortSignal.timeout(timeoutMs)
    const get: Get = (path, schema) => this.#get({ path, schema, asker, signal })
    try {
      const answer = await beforeDeadline(question(get), signal)
      events.asked(this.#peer, 'answered', performance.now() - startedAt)
      return answer
    } catch (error) {
      events.asked(this.#peer, 'unavailable', performance.now() - startedAt)
      throw this.#failureOf(error, signal)
    }
  }

  /** An answer that cannot be used, although the peer gave one. */
  unusable(reason: string): PeerUnavailableError {
    return new PeerUnavailableError({ peer: this.#peer, reason, transient: false })
  }

  /** Closes all connections; whoever still waits for an answer gets none. */
  close(): Promise<void> {
    return this.#agent.destroy()
  }

  #get<Body>(request: Lookup<Body>): Promise<PeerAnswer<Body>> {
    const { signal } = request
    return this.#retry.execute(() => {
      signal.throwIfAborted()
      // Cockatiel would let everybody wait for the one attempt that finds out; it may take as long as a whole question.
      if (this.#circuit.state === CircuitState.HalfOpen) throw this.unusable('the circuit is half open')
      return this.#circuit.execute(() => this.#attempt(request))
    }, signal)
  }

  async #attempt<Body>(request: Lookup<Body>): Promise<PeerAnswer<Body>> {
    const { path, signal } = request
    const call = { service: `${this.#peer}_service`, method: 'GET', path: path.template }
    const trace = this.#options.tracing?.outgoing(call)
    try {
      const response = await beforeDeadline(this.#send(request, trace?.headers), signal)
      trace?.end(response.statusCode)
      return await beforeDeadline(this.#receive(response, request), signal)
    } catch (error) {
      const failure = this.#failureOf(error, signal)
      trace?.end(failure)
      throw failure
    }
  }

  /** Undici does not notice a deadline while a request waits for its connection: whoever calls this must. */
  #send(
    { path: { path }, asker, signal }: Omit<Lookup<unknown>, 'schema'>,
    traceHeaders?: Readonly<Record<string, string>>,
  ) {
    const base = new URL(this.#options.baseUrl())
    return this.#agent.request({
      method: 'GET',
      origin: base.origin,
      path: `${base.pathname.replace(/\/$/, '')}${path}`,
      headers: { ...this.#headers(asker), ...credentialHeaders(base), ...traceHeaders },
      signal,
    })
  }

  async #receive<Body>(response: Dispatcher.ResponseData, { schema }: Lookup<Body>): Promise<PeerAnswer<Body>> {
    const { statusCode: status, headers, body } = response
    if (status === 200) return { kind: 'found', body: await this.#read(response, schema) }
    // Read on in the background, which keeps the connection; the deadline ends that, too.
    body.dump().catch(() => undefined)
    if (status === 404) return { kind: 'unknown' }
    if (status === 403) return { kind: 'no_access' }
    const reason = `status ${status}${headers.location === undefined ? '' : ', a redirect'}`
    throw new PeerUnavailableError({ peer: this.#peer, reason, transient: status >= 500 })
  }

  async #read<Body>({ headers, body }: Dispatcher.ResponseData, schema: z.ZodType<Body>): Promise<Body> {
    const type = String(headers['content-type'] ?? 'none')
    if (!JSON_TYPE.test(type)) {
      body.dump().catch(() => undefined)
      throw this.unusable('the answer is no JSON by its content type')
    }
    const parsed = schema.safeParse(jsonOf(await body.text()))
    if (parsed.success) return parsed.data
    const where = parsed.error.issues.slice(0, MAX_FAULTS).map(({ path }) => path.join('.') || 'the whole')
    throw this.unusable(`the answer has not the expected shape: ${where.join(', ')}`)
  }

  #headers({ requestId }: Asker): Record<string, string> {
    const { internalSecret } = this.#options
    return {
      accept: 'application/json',
      'x-internal-service': 'true',
      ...(internalSecret !== null && { 'x-internal-service-secret': internalSecret }),
      ...(requestId !== undefined && { 'x-request-id': requestId }),
    }
  }

  #failureOf(error: unknown, signal: AbortSignal): PeerUnavailableError {
    return failureOf(error, { peer: this.#peer, signal, timeoutMs: this.#options.timeoutMs })
  }
}

interface Lookup<Body> {
  readonly path: PeerPath
  readonly schema: z.ZodType<Body>
  readonly asker: Asker
  readonly signal: AbortSignal
}

/** The outcome of `work`, or the signal's reason as soon as that aborts; what becomes of `work` then, nobody hears. */
async function beforeDeadline<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const late = Promise.withResolvers<never>()
  const onAbort = (): void => late.reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
