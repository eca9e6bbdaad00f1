// Metrics that are read from somebody else at each scrape: the pool of connections, the looks at the ledger, how old what
// discovery knows is. Names and meanings stand here; the values are their owners'.
import type { Metrics, Sample } from './metrics.ts'

/** The pool behind reads. */
export function showPool(
  metrics: Metrics,
  pool: { readonly totalCount: number; readonly idleCount: number; readonly waitingCount: number },
): void {
  metrics.gauge(
    {
      name: 'wallet_database_pool_connections',
      help: 'The pool behind reads: connections that are open (total) and unused (idle), and callers without one (waiting).',
      labelNames: ['state'],
    },
    () => [
      { labels: { state: 'total' }, value: pool.totalCount },
      { labels: { state: 'idle' }, value: pool.idleCount },
      { labels: { state: 'waiting' }, value: pool.waitingCount },
    ],
  )
}

/** Whether requests should be sent here, as it was last known. */
export function showReadiness(
  metrics: Metrics,
  glance: () => { readonly ready: boolean; readonly database: 'reachable' | 'unreachable' } | null,
): void {
  const single = (name: string, help: string, isSo: (known: NonNullable<ReturnType<typeof glance>>) => boolean): void =>
    metrics.gauge({ name, help, aggregator: 'min' }, () => {
      const known = glance()
      return known === null ? [] : [{ value: isSo(known) ? 1 : 0 }]
    })
  single('wallet_ready', '1 where /health/ready says so: requests should be sent here.', ({ ready }) => ready)
  single('wallet_database_reachable', '1 where the database answered when it was last asked.', (known) => {
    return known.database === 'reachable'
  })
}

/** What the last look at the ledger found; nothing before the first one, so that nobody takes silence for balance. */
export interface LedgerSight {
  readonly lookedAt: Date
  readonly seconds: number
  readonly wallets: number
  readonly failedChecks: number
  /** By currency, as decimal text. */
  readonly imbalances: ReadonlyMap<string, string>
}

/** The looks at the ledger. */
export function showLedgerSight(metrics: Metrics, latest: () => LedgerSight | null): void {
  const single = (name: string, help: string, read: (sight: LedgerSight) => number): void =>
    metrics.gauge({ name, help, aggregator: 'max' }, () => ofSight(latest(), (sight) => [{ value: read(sight) }]))
  metrics.gauge(
    {
      name: 'wallet_ledger_imbalance',
      help: 'What the wallets hold beyond what their counterparties gave up. Anything but 0 is an incident.',
      labelNames: ['currency'],
      // Of several workers, one looks.
      aggregator: 'first',
    },
    () =>
      ofSight(latest(), ({ imbalances }) =>
        [...imbalances].map(([currency, imbalance]) => ({ labels: { currency }, value: Number(imbalance) })),
      ),
  )
  single(
    'wallet_ledger_audit_failed_checks',
    'Checks of the last look at the ledger that found something wrong.',
    (sight) => sight.failedChecks,
  )
  single(
    'wallet_ledger_audit_timestamp_seconds',
    'When this process last looked at the ledger.',
    (sight) => sight.lookedAt.getTime() / 1000,
  )
  single('wallet_ledger_audit_duration_seconds', 'How long that look took.', (sight) => sight.seconds)
  single('wallet_ledger_audit_wallets', 'Wallets that it looked at.', (sight) => sight.wallets)
}

/** The replica behind history and statistics. */
export function showReplica(
  metrics: Metrics,
  read: () => {
    readonly isUsed: boolean | null
    readonly lagSeconds: number | null
    readonly reads: Readonly<Record<'replica' | 'primary', number>>
  },
): void {
  metrics.gauge(
    { name: 'wallet_database_replica_used', help: '1 where the replica answers history and statistics.' },
    () => {
      const { isUsed } = read()
      return isUsed === null ? [] : [{ value: isUsed ? 1 : 0 }]
    },
  )
  metrics.gauge(
    {
      name: 'wallet_database_replica_lag_seconds',
      help: 'How far the replica is behind the primary; nothing while it does not answer.',
    },
    () => {
      const { lagSeconds } = read()
      return lagSeconds === null ? [] : [{ value: lagSeconds }]
    },
  )
  metrics.counter(
    {
      name: 'wallet_database_replica_reads_total',
      help: 'Reads of history and statistics, by who answered them.',
      labelNames: ['target'],
    },
    () => Object.entries(read().reads).map(([target, value]) => ({ labels: { target }, value })),
  )
}

/** What discovery knows of a service. */
interface Discovered {
  readonly instances: number
  /** `null`: Consul has never said anything. */
  readonly ageSeconds: number | null
}

/** What discovery knows of each service, and how old that is. */
export function showDiscovery(metrics: Metrics, read: () => Readonly<Record<string, Discovered>>): void {
  metrics.gauge(
    {
      name: 'wallet_discovery_age_seconds',
      help: 'Age of what Consul last said about a service; it is used for as long as there is nothing newer.',
      labelNames: ['service'],
      aggregator: 'max',
    },
    () =>
      Object.entries(read()).flatMap(([service, { ageSeconds }]) =>
        ageSeconds === null ? [] : [{ labels: { service }, value: ageSeconds }],
      ),
  )
  metrics.gauge(
    {
      name: 'wallet_discovery_instances',
      help: 'Passing instances of a service that Consul knows; with 0 the configured address is used.',
      labelNames: ['service'],
      aggregator: 'min',
    },
    () => Object.entries(read()).map(([service, { instances }]) => ({ labels: { service }, value: instances })),
  )
}

function ofSight(sight: LedgerSight | null, samples: (sight: LedgerSight) => readonly Sample[]): readonly Sample[] {
  return sight === null ? [] : samples(sight)
}
