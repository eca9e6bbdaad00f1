// What the posting queues tell of themselves: outcomes by kind of command, flushes, retries. They count a flush at a time.
import { Gauge, Histogram, type Registry } from 'prom-client'
import type { Command } from '../domain/command.ts'
import { AppError } from '../domain/errors.ts'
import type { Outcome } from '../domain/ledger-state.ts'
import { Tally } from './tally.ts'

const SIZES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
const BUCKETS_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** Outcomes that somebody is woken up for: in a series that begins with 1, Prometheus sees no increase. */
const ALARMING = ['outcome_unknown', 'internal_error'] as const
const KINDS: Readonly<Record<Command['kind'], true>> = {
  capture_hold: true,
  create: true,
  deposit: true,
  expire_holds: true,
  extend_hold: true,
  freeze: true,
  place_hold: true,
  refund: true,
  transfer: true,
  update: true,
  void_hold: true,
  close: true,
  consume: true,
  reward: true,
  unfreeze: true,
  withdraw: true,
}

/** How far a queue is filled, and how far it can be. */
export interface QueueLevel {
  readonly name: string
  readonly limit: number
  readonly waiting: () => number
}

/** What one queue counts. */
export interface QueueMetrics {
  /** A flush and what came of its commands, one result each, in order. */
  flushed(commands: readonly Command[], results: readonly (Outcome | Error | undefined)[], seconds: number): void
  /** A command that was turned away before any flush. */
  refused(command: Command, error: AppError): void
  /** A flush that is tried again after this failure; `null`: the connection was lost and the server said nothing. */
  retried(sqlstate: string | null): void
}

/** Counts postings. Replays and refusals are outcomes like any other. */
export class PostingMetrics {
  readonly #postings: Tally
  readonly #retries: Tally
  readonly #sizes: Histogram<'queue'>
  readonly #durations: Histogram<'queue'>
  readonly #levels: QueueLevel[] = []

  constructor(registry: Registry) {
    this.#postings = new Tally({
      registry,
      name: 'wallet_postings_total',
      help: 'Operations by kind and outcome: posted, replayed, the code of the error, or not_applied beside a refused one.',
      labelNames: ['type', 'outcome'],
    })
    this.#retries = new Tally({
      registry,
      name: 'wallet_posting_retries_total',
      help: 'Flushes tried again, by queue and the SQLSTATE of the failure; none: the connection was lost.',
      labelNames: ['queue', 'sqlstate'],
    })
    this.#sizes = new Histogram({
      name: 'wallet_posting_flush_size',
      help: 'Operations that shared a database transaction.',
      labelNames: ['queue'],
      buckets: SIZES,
      registers: [registry],
    })
    this.#durations = new Histogram({
      name: 'wallet_posting_flush_duration_seconds',
      help: 'Time of a flush, retries included.',
      labelNames: ['queue'],
      buckets: BUCKETS_SECONDS,
      registers: [registry],
    })
    this.#addLevels(registry)
  }

  /** The place of one queue. */
  queue(name: string): QueueMetrics {
    const [sizes, durations] = [this.#sizes.labels(name), this.#durations.labels(name)]
    for (const kind of Object.keys(KINDS)) for (const outcome of ALARMING) this.#postings.begin(kind, outcome)
    return {
      flushed: (commands, results, seconds) => {
        sizes.observe(commands.length)
        durations.observe(seconds)
        commands.forEach((command, index) => this.#postings.count(command.kind, outcomeOf(results[index])))
      },
      refused: (command, error) => this.#postings.count(command.kind, error.code),
      retried: (sqlstate) => this.#retries.count(name, sqlstate ?? 'none'),
    }
  }

  /** Shows how full a queue is, from now on. */
  watch(level: QueueLevel): void {
    this.#levels.push(level)
  }

  #addLevels(registry: Registry): void {
    const labelNames = ['queue'] as const
    const registers = [registry]
    const waiting: Gauge<'queue'> = new Gauge({
      name: 'wallet_posting_queue_waiting',
      help: 'Operations that wait for their flush, or are in it.',
      labelNames,
      registers,
      collect: () => {
        for (const level of this.#levels) waiting.set({ queue: level.name }, level.waiting())
      },
    })
    const limit: Gauge<'queue'> = new Gauge({
      name: 'wallet_posting_queue_limit',
      help: 'Operations that may wait; one more is refused as overloaded.',
      labelNames,
      registers,
      collect: () => {
        for (const level of this.#levels) limit.set({ queue: level.name }, level.limit)
      },
    })
  }
}

function outcomeOf(result: Outcome | Error | undefined): string {
  if (result === undefined) return 'internal_error'
  if (result instanceof Error) return result instanceof AppError ? result.code : 'internal_error'
  if (result.kind === 'refused') return result.error.code
  if (result.kind === 'not_applied') return 'not_applied'
  return result.kind === 'replayed' ? 'replayed' : 'posted'
}
