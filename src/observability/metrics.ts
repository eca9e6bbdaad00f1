// What Prometheus reads at /metrics: one registry per service, and what HTTP, postings and others count in it. It decides
// nothing and reads no database: a scrape answers from memory, whatever else is out of reach.
import { type Aggregator, collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { type MetricsGathering, type MetricsSnapshot, withRealNaN } from './combined-metrics.ts'
import { HttpMetrics } from './http-metrics.ts'
import { PostingMetrics } from './posting-metrics.ts'

/** A value and the labels that it goes by; all labels of a metric, in any order. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

interface Description {
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly string[]
  /** What several processes on one port say together (sum). */
  readonly aggregator?: Aggregator
}

/** Everything that the service counts. Labels must be bounded: never an id, a path or a message. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #gathering: MetricsGathering | null
  readonly http: HttpMetrics
  readonly postings: PostingMetrics

  /** `gathering`: others are part of the same service, and `text` is about all of them. */
  constructor(options: { readonly version: string; readonly gathering?: MetricsGathering }) {
    const registry = this.#registry
    this.#gathering = options.gathering ?? null
    this.#gathering?.contribute(() => this.snapshot())
    collectDefaultMetrics({ register: registry })
    this.http = new HttpMetrics(registry)
    this.postings = new PostingMetrics(registry)
    this.gauge(
      {
        name: 'wallet_build_info',
        help: 'Always 1; its labels say what runs.',
        labelNames: ['version', 'node'],
        aggregator: 'first',
      },
      () => [{ labels: { version: options.version, node: process.version }, value: 1 }],
    )
    this.counter(
      {
        name: 'nodejs_eventloop_active_seconds_total',
        help: 'Time that the event loop did not wait for anything: its rate is the share of a core that JavaScript has.',
      },
      () => [{ value: performance.eventLoopUtilization().active / 1000 }],
    )
  }

  /** The content type of `text`. */
  get contentType(): string {
    return this.#registry.contentType
  }

  /** All metrics in Prometheus' text format. */
  async text(): Promise<string> {
    if (this.#gathering !== null) return this.#gathering.text()
    return withRealNaN(await this.#registry.metrics())
  }

  /** What this process measured. */
  snapshot(): Promise<MetricsSnapshot> {
    return this.#registry.getMetricsAsJSON()
  }

  /** A value that goes up and down, read at each scrape. `read` must neither fail nor wait. */
  gauge(description: Description, read: () => Iterable<Sample>): void {
    const gauge: Gauge = new Gauge({
      ...description,
      registers: [this.#registry],
      collect: () => {
        gauge.reset()
        // Without labels, a reset makes a 0 of what nobody has measured.
        if (description.labelNames === undefined) gauge.remove()
        for (const { labels = {}, value } of read()) gauge.set({ ...labels }, value)
      },
    })
  }

  /** A total that somebody else keeps, read at each scrape. `read` must neither fail nor wait. */
  counter(description: Description, read: () => Iterable<Sample>): void {
    const counter: Counter = new Counter({
      ...description,
      registers: [this.#registry],
      collect: () => {
        counter.reset()
        for (const { labels = {}, value } of read()) counter.inc({ ...labels }, value)
      },
    })
  }

  /** A distribution of seconds, observed as things happen; for what happens less often than a posting. */
  durations<Label extends string>(description: {
    readonly name: string
    readonly help: string
    readonly labelNames: readonly Label[]
  }): { observe(labels: Readonly<Record<Label, string>>, seconds: number): void } {
    const histogram = new Histogram({ ...description, registers: [this.#registry] })
    return { observe: (labels, seconds) => histogram.observe(labels, seconds) }
  }
}
