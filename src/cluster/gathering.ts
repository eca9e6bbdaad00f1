// One answer to a scrape, whichever worker was asked: the primary asks all of them and adds up. prom-client's own way over the
// channel fails the whole scrape after 5 s where one worker is silent; its addition is used. A total never falls: of a silent
// worker the last known totals count, and those of workers that have ended are kept.
import { combinedText, combinedTotals, type MetricsSnapshot, totalsOf } from '../observability/combined-metrics.ts'
import { Metrics } from '../observability/metrics.ts'
import type { Report } from './messages.ts'

/** Longest wait for the workers; within it, one that does not answer is busy or ill. */
const ANSWER_TIMEOUT_MS = 1000

export interface GatheringOptions {
  readonly count: number
  readonly version: string
  readonly restarts: () => number
  /** Asks all workers; how many there are. */
  readonly ask: (round: number) => number
}

interface Round {
  readonly number: number
  readonly answers: Map<number, MetricsSnapshot>
  readonly isComplete: PromiseWithResolvers<void>
  expected: number
}

/** The metrics of all workers, and of the primary. */
export class Gathering {
  readonly #options: GatheringOptions
  readonly #own: Metrics
  readonly #lastKnown = new Map<number, MetricsSnapshot>()
  #departed: Promise<MetricsSnapshot> = Promise.resolve([])
  #round: Round | null = null
  #rounds = 0
  #underWay: Promise<unknown> = Promise.resolve()

  constructor(options: GatheringOptions) {
    this.#options = options
    this.#own = new Metrics(options)
    const numbers = Array.from({ length: options.count }, (_, index) => index + 1)
    this.#own.gauge(
      {
        name: 'wallet_worker_up',
        help: '1 where the worker answered this scrape. 0: its gauges are missing, and its totals are of an earlier one.',
        labelNames: ['worker'],
      },
      () => numbers.map((number) => ({ labels: { worker: String(number) }, value: this.#hasAnswered(number) ? 1 : 0 })),
    )
    this.#own.counter(
      { name: 'wallet_worker_restarts_total', help: 'Workers that were started in the place of one that had ended.' },
      () => [{ value: options.restarts() }],
    )
  }

  /** All of them as text, within little more than a second. One scrape after the other. */
  text(): Promise<string> {
    const text = this.#underWay.then(() => this.#gather())
    this.#underWay = text.catch(() => undefined)
    return text
  }

  /** A worker answered. */
  hear(worker: number, { round: number, snapshot }: Extract<Report, { wallet: 'metrics' }>): void {
    this.#lastKnown.set(worker, snapshot)
    const round = this.#round
    if (round === null || round.number !== number) return
    round.answers.set(worker, snapshot)
    this.#settle(round)
  }

  /** A worker has ended: what it had counted, as far as it is known, stays. */
  forget(worker: number): void {
    const last = this.#lastKnown.get(worker)
    this.#lastKnown.delete(worker)
    const round = this.#round
    if (round !== null) {
      round.expected -= 1
      this.#settle(round)
    }
    if (last !== undefined) this.#departed = this.#departed.then((departed) => combinedTotals([departed, last]))
  }

  #hasAnswered(worker: number): boolean {
    return this.#round?.answers.has(worker) ?? false
  }

  async #gather(): Promise<string> {
    const round = {
      number: (this.#rounds += 1),
      answers: new Map(),
      isComplete: Promise.withResolvers<void>(),
      expected: 0,
    }
    this.#round = round
    round.expected = this.#options.ask(round.number)
    this.#settle(round)
    const timer = setTimeout(round.isComplete.resolve, ANSWER_TIMEOUT_MS)
    await round.isComplete.promise
    clearTimeout(timer)
    const workers = [...this.#lastKnown].map(([number, last]) => round.answers.get(number) ?? totalsOf(last))
    const all = [await this.#own.snapshot(), await this.#departed, ...workers]
    this.#round = null
    return combinedText(all)
  }

  #settle(round: Round): void {
    if (round.answers.size >= round.expected) round.isComplete.resolve()
  }
}
