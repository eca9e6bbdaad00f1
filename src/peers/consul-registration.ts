// Keeps this instance registered with the Consul agent, and takes it out when the process ends. When to look is the caller's;
// where other services are is discovery.ts.
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type ConsulClient, type ConsulService, httpUrl } from './consul-client.ts'
import { type PeerLog, reasonOf } from './log.ts'

const SERVICE_NAME = 'wallet_service'
/** Bounds Consul's question, which our own readiness answers within about a second. */
const CHECK_TIMEOUT_MS = 3000
/** One that was killed cannot leave. A minute is the least that Consul takes; a database may well be away for longer. */
const DEREGISTER_CRITICAL_AFTER = '10m'
/** For an agent to hear that we go. It must not keep the process from ending. */
const LEAVE_TIMEOUT_MS = 1000
const JOIN_TIMEOUT_MS = 10_000
const JOIN_PAUSE_MS = 250
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[?::1\]?)$/i

/** This instance, as others reach it. */
export interface Instance {
  readonly host: string
  readonly port: number
  readonly version: string
}

/** CONSUL_ENABLED is on, and the service cannot be registered; the message is for whoever starts it. */
export class ConsulUnusableError extends Error {
  override readonly name = 'ConsulUnusableError'
}

/** The registration of one instance. */
export class ConsulRegistration {
  readonly #client: Pick<ConsulClient, 'isRegistered' | 'register' | 'deregister'>
  readonly #service: ConsulService
  readonly #consulUrl: string
  readonly #log: PeerLog
  /** Whether the agent may know us, as far as we know: also after a registration whose answer never came. */
  #mayBeKnown = false
  #hasJoined = false
  #leaving = false
  #underWay: Promise<void> = Promise.resolve()

  constructor(options: {
    readonly client: Pick<ConsulClient, 'isRegistered' | 'register' | 'deregister'>
    /** Where the agent is. */
    readonly consulUrl: string
    readonly instance: Instance
    readonly checkIntervalMs: number
    readonly log: PeerLog
  }) {
    this.#client = options.client
    this.#service = serviceOf(options.instance, options.checkIntervalMs)
    this.#consulUrl = options.consulUrl
    this.#log = options.log
  }

  /** Whether it has ever been registered. */
  get hasJoined(): boolean {
    return this.#hasJoined
  }

  /**
   * Registers the instance where the agent does not know it, or no longer. To register anew each time would do, but begins the
   * check's interval again each time: with a pause shorter than the interval Consul would never get to ask. One at a time.
   */
  sync(): Promise<void> {
    const work = this.#underWay.then(() => this.#registerWhereLost())
    this.#underWay = work.catch(() => undefined)
    return work
  }

  /**
   * Takes the instance out, after what is under way: a registration that came later would stay. Within a second, whatever the
   * agent does; it does not reject.
   */
  async leave(): Promise<void> {
    this.#leaving = true
    const timer = new AbortController()
    const timeout = delay(LEAVE_TIMEOUT_MS, 'late' as const, { signal: timer.signal }).catch(() => 'late' as const)
    const outcome = await Promise.race([timeout, this.#deregister()])
    timer.abort()
    this.#tellOfLeaving(outcome)
  }

  async #registerWhereLost(): Promise<void> {
    if (this.#leaving || (this.#mayBeKnown && (await this.#client.isRegistered(this.#service.ID)))) return
    if (this.#leaving) return
    this.#mayBeKnown = true
    await this.#client.register(this.#service)
    if (!this.#hasJoined) this.#warnWhereUnreachable()
    this.#hasJoined = true
    this.#log.info('Registered with Consul', { id: this.#service.ID, address: this.#service.Address })
  }

  /** On its own machine, our loopback address is Consul's; on another it would ask itself, and send others to themselves. */
  #warnWhereUnreachable(): void {
    const { Address: address } = this.#service
    const { hostname } = new URL(this.#consulUrl)
    if (!LOOPBACK.test(address) || LOOPBACK.test(hostname)) return
    this.#log.warn(
      'Consul is on another machine, and is told an address that only this one reaches: set SERVICE_HOST',
      {
        address,
        consul: hostname,
      },
    )
  }

  async #deregister(): Promise<'left' | 'unknown' | { readonly reason: string }> {
    await this.#underWay
    if (!this.#mayBeKnown) return 'unknown'
    try {
      await this.#client.deregister(this.#service.ID)
      return 'left'
    } catch (error) {
      return { reason: reasonOf(error) }
    }
  }

  /** One line, whatever comes after it. */
  #tellOfLeaving(outcome: 'left' | 'unknown' | 'late' | { readonly reason: string }): void {
    const { ID: id } = this.#service
    // One that never got in is told of only because its registration may have been heard without an answer.
    const tell = this.#hasJoined ? this.#log.warn : this.#log.info
    if (outcome === 'unknown') return
    if (outcome === 'left') this.#log.info('Left Consul', { id })
    else if (outcome === 'late') tell('Consul did not answer in time that this instance leaves', { id })
    else tell('Consul could not be told that this instance leaves', { id, reason: outcome.reason })
  }
}

/** Tries for ten seconds; then throws `ConsulUnusableError`. For CONSUL_ENABLED=on only. */
export async function insistOn(work: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + JOIN_TIMEOUT_MS
  for (;;) {
    try {
      await work()
      return
    } catch (error) {
      if (performance.now() < deadline) {
        await delay(JOIN_PAUSE_MS)
        continue
      }
      const about = 'CONSUL_ENABLED is on, and there is no Consul agent at CONSUL_HTTP_ADDR that can be used'
      throw new ConsulUnusableError(`${about}: ${reasonOf(error)}`, { cause: error })
    }
  }
}

function serviceOf({ host, port, version }: Instance, checkIntervalMs: number): ConsulService {
  return {
    // After a restart on the same address, what the agent still has of the old process is not taken for the new one.
    ID: `${SERVICE_NAME}-${host}-${port}-${randomBytes(4).toString('hex')}`,
    Name: SERVICE_NAME,
    Address: host,
    Port: port,
    Tags: ['microservice', 'wallet', 'api'],
    Meta: { version },
    Check: {
      Name: 'ready',
      HTTP: `${httpUrl(host, port)}/health/ready`,
      Method: 'GET',
      Interval: `${checkIntervalMs}ms`,
      Timeout: `${CHECK_TIMEOUT_MS}ms`,
      DeregisterCriticalServiceAfter: DEREGISTER_CRITICAL_AFTER,
    },
  }
}
