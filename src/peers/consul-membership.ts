// This instance's part in Consul, from the start of the process to its end: registered, and knowing its peers, as CONSUL_ENABLED
// says. The calls themselves are in consul-client.ts.
import { ConsulClient } from './consul-client.ts'
import { ConsulRegistration, insistOn } from './consul-registration.ts'
import { ServiceDirectory, type ServiceDirectoryOptions } from './discovery.ts'
import { type PeerLog, reasonOf } from './log.ts'

/** Something done again and again until it is stopped; a failure is told once. */
interface Repetition {
  start(): void
  stop(): Promise<void>
}

export interface ConsulMembershipOptions {
  readonly enabled: 'auto' | 'on' | 'off'
  readonly url: string
  readonly token: string | null
  readonly syncIntervalMs: number
  readonly checkIntervalMs: number
  /** Where others reach this instance. */
  readonly host: string
  readonly version: string
  readonly fallbackUrls: ServiceDirectoryOptions['fallbackUrls']
  readonly log: PeerLog
  /** Repeats work at the pace of `intervalMs`. */
  readonly repeat: (options: {
    readonly intervalMs: number
    readonly work: () => Promise<boolean>
    readonly onFailure: (error: unknown) => void
  }) => Repetition
}

/** Joins and leaves Consul; `off`: does nothing, and the directory knows the fallbacks. */
export class ConsulMembership {
  readonly directory: ServiceDirectory
  readonly #options: ConsulMembershipOptions
  readonly #client: ConsulClient | null
  #registration: ConsulRegistration | null = null
  #repetition: Repetition | null = null
  #leaving = false

  constructor(options: ConsulMembershipOptions) {
    const { enabled, fallbackUrls, syncIntervalMs, log } = options
    this.#options = options
    this.#client = enabled === 'off' ? null : new ConsulClient(options)
    this.directory = new ServiceDirectory({ client: this.#client, fallbackUrls, retryMaxMs: syncIntervalMs, log })
  }

  /** Begins to look for peers. With `on` it waits up to 10 s for an agent: throws `ConsulUnusableError`. */
  async start(): Promise<void> {
    const client = this.#client
    if (this.#options.enabled === 'on' && client !== null) await insistOn(() => client.findLeader())
    this.directory.start()
  }

  /** Registers, once `port` is listened on. With `on` it waits for that, up to 10 s: throws `ConsulUnusableError`. */
  async announce(port: number): Promise<void> {
    const {
      enabled,
      url: consulUrl,
      host,
      version,
      checkIntervalMs,
      syncIntervalMs: intervalMs,
      log,
      repeat,
    } = this.#options
    if (this.#client === null || this.#leaving) return
    const registration = new ConsulRegistration({
      client: this.#client,
      consulUrl,
      instance: { host, port, version },
      checkIntervalMs,
      log,
    })
    this.#registration = registration
    if (enabled === 'on') await insistOn(() => registration.sync())
    this.#repetition = repeat({
      intervalMs,
      work: () => registration.sync().then(() => false),
      onFailure: (error) => {
        // Whoever has no Consul need not be warned of that.
        const tell = registration.hasJoined ? log.warn : log.info
        tell('Not registered with Consul for now; trying again', { reason: reasonOf(error), interval_ms: intervalMs })
      },
    })
    this.#repetition.start()
  }

  /** Leaves: within about a second whatever the agent does. */
  async leave(): Promise<void> {
    this.#leaving = true
    // Its last piece of work may wait for an agent that hangs; `leave` takes its place behind that, and bounds the wait.
    void this.#repetition?.stop()
    await Promise.all([this.directory.stop(), this.#registration?.leave()])
  }

  /** Ends what is still under way. */
  async close(): Promise<void> {
    await this.#client?.close()
  }
}
