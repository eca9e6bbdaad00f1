// The metrics of several processes as those of one: totals and distributions add up, and each gauge says how it combines. How
// processes hear of each other is cluster/'s.
import { AggregatorRegistry, type Aggregator, type Registry } from 'prom-client'

/** What one process measured. */
export type MetricsSnapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

/** Where the metrics of several processes come together. */
export interface MetricsGathering {
  /** Hands over where this process's own are to be had. */
  contribute(own: () => Promise<MetricsSnapshot>): void
  /** Those of all processes, in Prometheus' text format. Rejects where nobody gathers them any more. */
  text(): Promise<string>
}

/** The library would leave the start out, and hide one late event loop behind the average of all. */
const AGGREGATORS: ReadonlyMap<string, Aggregator> = new Map<string, Aggregator>([
  ['process_start_time_seconds', 'min'],
  ['process_max_fds', 'min'],
  ['nodejs_eventloop_lag_seconds', 'max'],
  ['nodejs_eventloop_lag_mean_seconds', 'max'],
  ['nodejs_eventloop_lag_stddev_seconds', 'max'],
  ['nodejs_eventloop_lag_p50_seconds', 'max'],
  ['nodejs_eventloop_lag_p90_seconds', 'max'],
  ['nodejs_eventloop_lag_p99_seconds', 'max'],
])

/** The text of all of them together. */
export async function combinedText(snapshots: readonly MetricsSnapshot[]): Promise<string> {
  return withRealNaN(await combine(snapshots).metrics())
}

/** Only what adds up over time: a process that has ended has no gauges. */
export async function combinedTotals(snapshots: readonly MetricsSnapshot[]): Promise<MetricsSnapshot> {
  return totalsOf(await combine(snapshots.map(totalsOf)).getMetricsAsJSON())
}

/** What adds up over time in one snapshot. */
export function totalsOf(snapshot: MetricsSnapshot): MetricsSnapshot {
  // The types say a number; the library writes the word.
  return snapshot.filter(({ type }) => ['counter', 'histogram'].includes(String(type)))
}

/** prom-client writes it so where nothing was measured since the last scrape; the format has another word for it. */
export function withRealNaN(text: string): string {
  return text.replaceAll(' Nan\n', ' NaN\n')
}

function combine(snapshots: readonly MetricsSnapshot[]): Registry {
  const mended = snapshots.map((snapshot) =>
    snapshot.map((metric) => ({ ...metric, aggregator: AGGREGATORS.get(metric.name) ?? metric.aggregator })),
  )
  return AggregatorRegistry.aggregate(mended)
}
