// Where the service is: one address that never changes, or what Consul says, asked again in passing while requests go on.
import type { Transport } from './transport.ts'
import { unlessAborted } from './waiting.ts'

/** Gives the address for one attempt. */
export interface AddressBook {
  /** Throws when no address is known. */
  next(signal: AbortSignal): Promise<string>
  /** An address did not answer: a reason to ask again soon. */
  failed(address: string): void
  /** Asks nobody any more. */
  close(): void
}

export interface ConsulSettings {
  /** The agent, such as `http://127.0.0.1:8500`. */
  readonly address: string
  /** An ACL token, sent in a header. */
  readonly token?: string
  /** The service's name in Consul; `wallet_service` when absent. */
  readonly service?: string
  /** Milliseconds for which an answer of Consul's is used without asking again; 5000 when absent. */
  readonly refreshMs?: number
}

const DEFAULT_SERVICE = 'wallet_service'
const DEFAULT_REFRESH_MS = 5000
const ANSWER_TIMEOUT_MS = 5000
const NO_ANSWER = 'The attempt ended before Consul answered'
/** An address that fails must not make every request ask Consul. */
const LEAST_REFRESH_MS = 250

/** One address, whatever happens. */
export function fixedAddress(address: string): AddressBook {
  return { next: () => Promise.resolve(address), failed: () => undefined, close: () => undefined }
}

/**
 * The healthy instances by turns. Nothing runs between requests: a request that finds the list stale has it asked for anew and
 * goes on with the old one, so Consul's absence stops nobody who has once had an answer. Nor does an empty list: an agent that
 * starts afresh has one, while the service goes on.
 */
export class ConsulAddresses implements AddressBook {
  readonly #settings: ConsulSettings
  readonly #transport: Transport
  #addresses: readonly string[] = []
  #turn = 0
  #staleAt = 0
  #asking: Promise<void> | null = null
  readonly #end = new AbortController()

  constructor(settings: ConsulSettings, transport: Transport) {
    this.#settings = settings
    this.#transport = transport
  }

  async next(signal: AbortSignal): Promise<string> {
    if (performance.now() >= this.#staleAt) {
      const asking = this.#ask()
      if (this.#addresses.length === 0) await unlessAborted(asking, signal, NO_ANSWER)
      else asking.catch(() => undefined)
    }
    this.#turn += 1
    const address = this.#addresses[this.#turn % this.#addresses.length]
    if (address === undefined) throw new Error(`Consul knows no healthy instance of ${this.#service}`)
    return address
  }

  failed(): void {
    this.#staleAt = Math.min(this.#staleAt, performance.now() + LEAST_REFRESH_MS)
  }

  close(): void {
    this.#end.abort()
  }

  get #service(): string {
    return this.#settings.service ?? DEFAULT_SERVICE
  }

  #ask(): Promise<void> {
    this.#asking ??= this.#load().finally(() => {
      this.#asking = null
    })
    return this.#asking
  }

  async #load(): Promise<void> {
    const { address, token, refreshMs = DEFAULT_REFRESH_MS } = this.#settings
    this.#staleAt = performance.now() + LEAST_REFRESH_MS
    const answer = await this.#transport.exchange({
      address: address.includes('://') ? address : `http://${address}`,
      method: 'GET',
      path: `/v1/health/service/${encodeURIComponent(this.#service)}?passing=true`,
      headers: token === undefined ? {} : { 'x-consul-token': token },
      body: null,
      signal: AbortSignal.any([this.#end.signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
    })
    if (answer.status !== 200) throw new Error(`Consul answered ${answer.status}`)
    const addresses = addressesIn(JSON.parse(answer.text))
    if (addresses.length === 0) return
    this.#addresses = addresses
    this.#staleAt = performance.now() + refreshMs
  }
}

/**
 * The addresses in an answer of `/v1/health/service`; an instance without one of its own has its node's. What cannot be called
 * is left out: Consul gives 0 for a port that was not registered.
 */
function addressesIn(answer: unknown): string[] {
  if (!Array.isArray(answer)) throw new Error('Consul did not answer with a list')
  return answer.flatMap((entry) => {
    const service = memberOf(entry, 'Service')
    const [own, ofNode] = [memberOf(service, 'Address'), memberOf(memberOf(entry, 'Node'), 'Address')]
    const host = typeof own === 'string' && own !== '' ? own : ofNode
    const port = memberOf(service, 'Port')
    if (typeof host !== 'string' || host === '' || typeof port !== 'number' || port === 0) return []
    const address = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
    return URL.canParse(address) ? [address] : []
  })
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
