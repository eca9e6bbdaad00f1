// What is counted about the services that others own: how long their answers take, what is tried again, whose circuit is open,
// and what came of checking the owners of new wallets.
import type { Metrics } from './metrics.ts'

type Totals = Map<string, { readonly labels: Readonly<Record<string, string>>; value: number }>

/** Counts what happens around peers. */
export class PeerMetrics {
  readonly #durations: ReturnType<Metrics['durations']>
  readonly #retries: Totals = new Map()
  readonly #checks: Totals = new Map()
  readonly #openCircuits = new Map<string, boolean>()

  constructor(metrics: Metrics) {
    this.#durations = metrics.durations({
      name: 'wallet_peer_question_duration_seconds',
      help: 'Time of a question to a service that others own, retries and pages included.',
      labelNames: ['peer', 'outcome'],
    })
    metrics.counter(
      {
        name: 'wallet_peer_retries_total',
        help: 'Attempts to ask that failed and were followed by another one.',
        labelNames: ['peer'],
      },
      () => this.#retries.values(),
    )
    metrics.counter(
      {
        name: 'wallet_peer_checks_total',
        help: 'Checks of owners of new wallets; unverified: the wallet was opened although the service did not answer.',
        labelNames: ['peer', 'outcome'],
      },
      () => this.#checks.values(),
    )
    metrics.gauge(
      {
        name: 'wallet_peer_circuit_open',
        help: '1 while a service is left alone because it failed again and again.',
        labelNames: ['peer'],
        aggregator: 'max',
      },
      () => [...this.#openCircuits].map(([peer, isOpen]) => ({ labels: { peer }, value: isOpen ? 1 : 0 })),
    )
  }

  /** A question was asked to its end. */
  asked(peer: string, outcome: string, durationMs: number): void {
    this.#openCircuits.set(peer, this.#openCircuits.get(peer) ?? false)
    this.#durations.observe({ peer, outcome }, durationMs / 1000)
  }

  /** An attempt failed, and another one follows. */
  retried(peer: string): void {
    count(this.#retries, { peer })
  }

  /** A circuit opened, closed, or lets one attempt through. */
  circuitChanged(peer: string, state: string): void {
    this.#openCircuits.set(peer, state !== 'closed')
  }

  /** An owner was checked. */
  checked(peer: string, outcome: string): void {
    count(this.#checks, { peer, outcome })
  }
}

function count(totals: Totals, labels: Readonly<Record<string, string>>): void {
  const key = JSON.stringify(labels)
  const total = totals.get(key)
  if (total === undefined) totals.set(key, { labels, value: 1 })
  else total.value += 1
}
