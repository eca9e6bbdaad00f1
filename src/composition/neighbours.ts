// The parts that talk to other programs: Consul, the services that others own, and the Redis that instances share.
import { showDiscovery } from '../observability/gauges.ts'
import { PeerMetrics } from '../observability/peer-metrics.ts'
import { AccountClient } from '../peers/account-client.ts'
import { ConsulMembership } from '../peers/consul-membership.ts'
import { OrganizationClient } from '../peers/organization-client.ts'
import { OwnerChecks } from '../services/owner-checks.ts'
import { SharedCounts } from '../services/shared-counts.ts'
import { Loop } from '../workers/loop.ts'
import type { Ground } from './ground.ts'

/** The parts around neighbours; `null` for those that the settings leave out. */
export interface Neighbours {
  readonly consul: ConsulMembership
  /** Whether the owner of a new wallet may be one. */
  readonly owners: OwnerChecks | null
  readonly sharedCounts: SharedCounts | null
  /** Closes the connections to peers. */
  readonly closePeers: () => Promise<void>
}

/** Composes them. Talks to nobody by itself. */
export async function createNeighbours(ground: Ground): Promise<Neighbours> {
  const consul = createConsulMembership(ground)
  return { consul, ...createOwnerChecks(ground, consul), sharedCounts: await createSharedCounts(ground) }
}

function createConsulMembership({ config, version, log, metrics }: Ground): ConsulMembership {
  const { accountServiceUrl, organizationServiceUrl } = config.peers
  const consul = new ConsulMembership({
    ...config.consul,
    host: config.serviceHost,
    version,
    fallbackUrls: { account_service: accountServiceUrl, organization_service: organizationServiceUrl },
    log,
    repeat: (repetition) => new Loop(repetition),
  })
  showDiscovery(metrics, () => consul.directory.figures())
  return consul
}

/** Where nobody is to be asked, there is nobody who could ask. */
function createOwnerChecks(
  { config, log, metrics, tracing }: Ground,
  { directory }: ConsulMembership,
): Pick<Neighbours, 'owners' | 'closePeers'> {
  const { validateUsers: mode, cacheMs, timeoutMs, internalSecret } = config.peers
  if (mode === 'off') return { owners: null, closePeers: async () => undefined }
  const events = new PeerMetrics(metrics)
  const shared = { timeoutMs, internalSecret, events, ...(tracing && { tracing }) }
  const accounts = new AccountClient({ ...shared, baseUrl: () => directory.urlOf('account_service') })
  const organizations = new OrganizationClient({ ...shared, baseUrl: () => directory.urlOf('organization_service') })
  return {
    owners: new OwnerChecks({ accounts, organizations, mode, cacheMs, events, log: log.warn }),
    closePeers: async () => void (await Promise.all([accounts.close(), organizations.close()])),
  }
}

/** `null` where each instance counts for itself, or nobody counts. */
async function createSharedCounts({ config: { rateLimit }, log, metrics }: Ground): Promise<SharedCounts | null> {
  if (rateLimit === null || rateLimit.redisUrl === null) return null
  // The driver takes several megabytes, which whoever has no Redis need not pay.
  const { RedisCounts } = await import('../peers/redis-counts.ts')
  const { redisUrl: url, windowMs, redisTimeoutMs: timeoutMs } = rateLimit
  const counts = new SharedCounts({ store: new RedisCounts({ url, windowMs, timeoutMs }), windowMs, log })
  metrics.gauge(
    {
      name: 'wallet_rate_limit_shared',
      help: 'Whether instances share their counts: 1, or 0 while Redis is gone.',
      aggregator: 'min',
    },
    () => [{ value: counts.isShared ? 1 : 0 }],
  )
  return counts
}
