// The few calls of Consul's HTTP API that the service needs, each bounded in time. Asking again, and what an answer means, is
// for consul-registration.ts and peer-watch.ts.
import { Pool } from 'undici'
import { z } from 'zod'
import { credentialHeaders } from './credentials.ts'
import { jsonOf } from './json.ts'

const CALL_TIMEOUT_MS = 2000
/** Consul adds up to a sixteenth to a wait, so that not everybody comes back at once. */
const WAIT_SPREAD = 1 / 16
/** Two blocking queries, and what else there is to ask meanwhile. */
const CONNECTIONS = 4
/** Some thousand instances. What is at that address may be anything, and need not come to an end. */
const MAX_ANSWER_BYTES = 1_048_576
const REASON_CHARACTERS = 200

/** What an instance tells Consul of itself; the names are Consul's. */
export interface ConsulService {
  readonly ID: string
  readonly Name: string
  readonly Address: string
  readonly Port: number
  readonly Tags: readonly string[]
  readonly Meta: Readonly<Record<string, string>>
  readonly Check: Readonly<Record<string, string>>
}

/** The passing instances of a service, and the state that this answer is of. */
export interface PassingAnswer {
  /** Base URLs, in an order that does not change by itself. */
  readonly urls: readonly string[]
  /** How many more there are that cannot be called, such as one registered without a port. */
  readonly unusable: number
  /** For the next question; 0: Consul named none that can be waited upon. */
  readonly index: number
}

/** Consul answered, but not what was asked for. */
class ConsulError extends Error {
  override readonly name = 'ConsulError'
}

const passingSchema = z.array(z.unknown())

/** Consul gives port 0 to a service that was registered without one. */
const callableSchema = z
  .object({
    Node: z.object({ Address: z.string() }),
    Service: z.object({ Address: z.string(), Port: z.number().int().min(1).max(65_535) }),
  })
  .transform(({ Node, Service }) => httpUrl(Service.Address || Node.Address, Service.Port))
  .refine((url) => URL.canParse(url))

/** One Consul agent. Every call rejects with `ConsulError`, or with what the connection met. */
export class ConsulClient {
  readonly #pool: Pool
  readonly #path: string
  readonly #headers: Readonly<Record<string, string>>

  constructor(options: { readonly url: string; readonly token: string | null }) {
    const url = new URL(options.url)
    this.#pool = new Pool(url.origin, { connections: CONNECTIONS, maxResponseSize: MAX_ANSWER_BYTES })
    this.#path = url.pathname.replace(/\/+$/, '')
    this.#headers = {
      ...(options.token !== null && { 'x-consul-token': options.token }),
      ...credentialHeaders(url),
    }
  }

  /** Resolves when an agent that has found its cluster answers. Needs no right. */
  async findLeader(): Promise<void> {
    const { body } = await this.#ask({ method: 'GET', path: '/v1/status/leader', accept: [200] })
    if (body.trim() === '""') throw new ConsulError('GET /v1/status/leader: there is no leader')
  }

  /** Whether the agent knows this instance. */
  async isRegistered(id: string): Promise<boolean> {
    const path = `/v1/agent/service/${encodeURIComponent(id)}`
    const { status } = await this.#ask({ method: 'GET', path, accept: [200, 404] })
    return status === 200
  }

  async register(service: ConsulService): Promise<void> {
    const body = JSON.stringify(service)
    await this.#ask({ method: 'PUT', path: '/v1/agent/service/register', body, accept: [200] })
  }

  /** One that the agent does not know is gone, too. */
  async deregister(id: string): Promise<void> {
    const path = `/v1/agent/service/deregister/${encodeURIComponent(id)}`
    await this.#ask({ method: 'PUT', path, accept: [200, 404] })
  }

  /** A blocking query: answers at once when the state is another than that of `index`, and after `waitMs` anyhow. */
  async passing(
    service: string,
    options: { readonly index: number; readonly waitMs: number; readonly signal: AbortSignal },
  ): Promise<PassingAnswer> {
    const { index, waitMs, signal } = options
    const { body, headers } = await this.#ask({
      method: 'GET',
      path: `/v1/health/service/${encodeURIComponent(service)}?passing=1&index=${index}&wait=${waitMs}ms`,
      accept: [200],
      timeoutMs: waitMs * (1 + WAIT_SPREAD) + CALL_TIMEOUT_MS,
      signal,
    })
    const parsed = passingSchema.safeParse(jsonOf(body))
    if (!parsed.success) throw new ConsulError(`What Consul says of ${service} cannot be read`)
    // Each for itself: what somebody registered badly must not hide the others.
    const urls = parsed.data.flatMap((entry) => callableSchema.safeParse(entry).data ?? [])
    return {
      urls: urls.toSorted(),
      unusable: parsed.data.length - urls.length,
      index: indexOf(headers['x-consul-index']),
    }
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    await this.#pool.destroy()
  }

  async #ask(call: {
    readonly method: 'GET' | 'PUT'
    readonly path: string
    readonly accept: readonly number[]
    readonly body?: string
    readonly timeoutMs?: number
    readonly signal?: AbortSignal
  }) {
    const { method, path, accept, body = null, timeoutMs = CALL_TIMEOUT_MS, signal } = call
    const timeout = AbortSignal.timeout(Math.ceil(timeoutMs))
    const answer = await this.#pool.request({
      method,
      path: `${this.#path}${path}`,
      headers: { ...this.#headers, ...(body !== null && { 'content-type': 'application/json' }) },
      body,
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
      // The signal bounds the whole call; of their own these would end a blocking query.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    const text = await answer.body.text()
    if (!accept.includes(answer.statusCode)) {
      const reason = text.trim().slice(0, REASON_CHARACTERS)
      throw new ConsulError(`${method} ${path.replace(/\?.*/, '')} was answered with ${answer.statusCode}: ${reason}`)
    }
    return { status: answer.statusCode, headers: answer.headers, body: text }
  }
}

/** `http://host:port`, with the brackets that an IPv6 address needs. */
export function httpUrl(host: string, port: number): string {
  return `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`
}

function indexOf(header: string | string[] | undefined): number {
  const index = Number(header)
  return Number.isSafeInteger(index) && index > 0 ? index : 0
}
