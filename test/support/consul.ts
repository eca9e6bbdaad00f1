// A real Consul agent for tests, what it knows, and a proxy before it that records, delays and spoils.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { expect } from 'vitest'
import { type ConsulAgent, type ConsulAgentOptions, startConsulAgent } from '../../scripts/consul-agent.ts'

const DEADLINE_MS = 30_000

/** Long enough for a machine with other things to do; what is polled for takes well below a second. */
export const soon = { timeout: DEADLINE_MS, interval: 50 }

/** An agent that can go and come back at its address. */
export class TestConsul {
  readonly #options: Partial<ConsulAgentOptions>
  #agent: ConsulAgent | null = null
  #port = 0

  constructor(options: Partial<ConsulAgentOptions> = {}) {
    this.#options = options
    this.#port = options.httpPort ?? 0
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Without a data folder it has lost what it knew before. */
  async start(): Promise<void> {
    this.#agent = await startConsulAgent({ dataDir: null, aclToken: null, ...this.#options, httpPort: this.#port })
    this.#port = this.#agent.httpPort
  }

  async stop(): Promise<void> {
    await this.#agent?.stop()
    this.#agent = null
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.#agent?.pid ?? 0, name)
  }

  /** An answer of its HTTP API. */
  async get<Answer>(path: string): Promise<Answer> {
    const answer = await fetch(`${this.url}${path}`, { headers: this.#headers() })
    const body = await answer.text()
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${body}`)
    return JSON.parse(body)
  }

  async put(path: string, body?: unknown): Promise<void> {
    const init = { method: 'PUT', headers: this.#headers(), ...(body !== undefined && { body: JSON.stringify(body) }) }
    const answer = await fetch(`${this.url}${path}`, init)
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  }

  /** The wallet services that it has, each with the status of its check. */
  async wallets(): Promise<{ readonly id: string; readonly status: string }[]> {
    const found = await this.get<HealthEntry[]>('/v1/health/service/wallet_service')
    return found.map(({ Service, Checks }) => ({
      id: Service.ID,
      status: Checks.find((check) => check.ServiceID === Service.ID)?.Status ?? 'none',
    }))
  }

  /** Adds an instance of a peer whose health the test decides; `null`: it is registered without a port. */
  async addPeer(service: string, port: number | null, address = '127.0.0.1'): Promise<TestPeer> {
    const id = `${service}-${port}-${randomBytes(3).toString('hex')}`
    await this.put('/v1/agent/service/register', {
      ID: id,
      Name: service,
      Address: address,
      ...(port !== null && { Port: port }),
      Check: { TTL: '1h', Status: 'passing' },
    })
    return {
      fail: () => this.put(`/v1/agent/check/fail/service:${id}`),
      pass: () => this.put(`/v1/agent/check/pass/service:${id}`),
      remove: () => this.put(`/v1/agent/service/deregister/${id}`),
    }
  }

  #headers(): Record<string, string> {
    const token = this.#options.aclToken
    return token === null || token === undefined ? {} : { 'x-consul-token': token }
  }
}

interface HealthEntry {
  readonly Service: { readonly ID: string }
  readonly Checks: readonly { readonly ServiceID: string; readonly Status: string }[]
}

export interface TestPeer {
  fail(): Promise<void>
  pass(): Promise<void>
  remove(): Promise<void>
}

export interface ProxiedRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What becomes of a request: passed on, answered with a status, never answered, or with far more than an answer has. */
export type Fate = 'pass' | 'hang' | 'enormous' | number

/** A proxy before an agent, on a free port. */
export class ConsulProxy {
  readonly requests: ProxiedRequest[] = []
  /** Asked for each request, which waits for it. */
  fate: (request: ProxiedRequest) => Fate | Promise<Fate> = () => 'pass'
  readonly #consul: Pick<TestConsul, 'url'>
  readonly #server = createServer((request, response) => void this.#handle(request, response))
  #url = ''

  constructor(consul: Pick<TestConsul, 'url'>) {
    this.#consul = consul
  }

  get url(): string {
    return this.#url
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    const address = this.#server.address()
    this.#url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = request
    try {
      const body = await text(request)
      const seen = { method, url, headers, body }
      this.requests.push(seen)
      const fate = await this.fate(seen)
      if (fate === 'hang') return
      if (fate === 'enormous') {
        await pipeline(Readable.from(spaces()), response.writeHead(200))
        return
      }
      if (fate !== 'pass') {
        response.writeHead(fate).end('spoilt by the test')
        return
      }
      const token = headers['x-consul-token']
      const gone = new AbortController()
      response.once('close', () => gone.abort())
      const answer = await fetch(`${this.#consul.url}${url}`, {
        method,
        signal: gone.signal,
        ...(typeof token === 'string' && { headers: { 'x-consul-token': token } }),
        ...(method === 'PUT' && { body }),
      })
      const index = answer.headers.get('x-consul-index')
      const content = await answer.text()
      response.writeHead(answer.status, index === null ? {} : { 'x-consul-index': index }).end(content)
    } catch {
      response.destroy()
    }
  }
}

/** 64 MiB of them. */
function* spaces(): Generator<string> {
  for (let count = 0; count < 1024; count += 1) yield ' '.repeat(65_536)
}

/** Waits until exactly these wallet services have these statuses. */
export async function expectWallets(consul: TestConsul, statuses: readonly string[]): Promise<void> {
  const found = async (): Promise<string[]> => (await consul.wallets()).map(({ status }) => status)
  await expect.poll(found, soon).toEqual(statuses)
}
