// Which URL to call now, for each of the services that others own: what Consul says where it is used, else the configured
// addresses. Calling them is for their clients.
import type { ConsulClient } from './consul-client.ts'
import type { PeerLog } from './log.ts'
import { PeerInstances } from './peer-instances.ts'
import { watchPeer } from './peer-watch.ts'

const WAIT_MS = 30_000
/**
 * Longer than it takes until an agent that has lost its data knows everybody again: instances look every 15 to 30 s, and are
 * passing after a check's interval of about 10 s.
 */
const EMPTY_GRACE_MS = 60_000

/** The peers, under the names that they register with. */
export type PeerService = 'account_service' | 'organization_service'

/** What is known of one peer, for metrics. */
export interface PeerFigures {
  /** Passing instances; 0: the fallback is used. */
  readonly instances: number
  /** Since Consul last answered; `null`: it never did, or is not used. */
  readonly ageSeconds: number | null
}

export interface ServiceDirectoryOptions {
  /** `null`: Consul is not used; the fallbacks are all there is. */
  readonly client: Pick<ConsulClient, 'passing'> | null
  readonly fallbackUrls: Readonly<Record<PeerService, string>>
  /** The longest pause after a failure, in ms. */
  readonly retryMaxMs: number
  readonly log: PeerLog
  readonly waitMs?: number
  readonly emptyGraceMs?: number
}

/** Knows where the peers are. */
export class ServiceDirectory {
  readonly #options: ServiceDirectoryOptions
  readonly #peers: Readonly<Record<PeerService, PeerInstances>>
  readonly #stopping = new AbortController()
  #watches: readonly Promise<void>[] | null = null

  constructor(options: ServiceDirectoryOptions) {
    const { fallbackUrls, emptyGraceMs = EMPTY_GRACE_MS, log } = options
    const instancesOf = (service: PeerService): PeerInstances =>
      new PeerInstances({ service, fallbackUrl: fallbackUrls[service], emptyGraceMs, log })
    this.#options = options
    this.#peers = {
      account_service: instancesOf('account_service'),
      organization_service: instancesOf('organization_service'),
    }
  }

  /** The base URL to call now: the passing instances in turn, else the fallback. Waits for nothing and throws nothing. */
  urlOf(service: PeerService): string {
    return this.#peers[service].next()
  }

  /** Begins to ask Consul, in the background; a second call does nothing. */
  start(): void {
    const { client, retryMaxMs, waitMs = WAIT_MS } = this.#options
    if (client === null || this.#stopping.signal.aborted) return
    this.#watches ??= Object.entries(this.#peers).map(([service, instances]) =>
      watchPeer({ service, client, instances, waitMs, retryMaxMs }, this.#stopping.signal),
    )
  }

  /** Asks no more; what is known stays. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    for (const instances of Object.values(this.#peers)) instances.stop()
    await Promise.all(this.#watches ?? [])
  }

  /** What is known of each peer now. */
  figures(): Readonly<Record<PeerService, PeerFigures>> {
    const { account_service: account, organization_service: organization } = this.#peers
    const figuresOf = ({ count, ageSeconds }: PeerInstances): PeerFigures => ({ instances: count, ageSeconds })
    return { account_service: figuresOf(account), organization_service: figuresOf(organization) }
  }
}
