// The one door for movements of money: a bounded queue with group commit. Commands that arrive while a flush is in flight
// are folded into the next one (DESIGN.md §1). How a flush is run and recovered stands in posting-flush.ts.
import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from '../domain/command.ts'
import { AppError } from '../domain/errors.ts'
import type { Outcome } from '../domain/ledger-state.ts'
import type { QueueMetrics } from '../observability/posting-metrics.ts'
import type { PostingTrace, QueueTracing } from '../observability/tracing.ts'
import type { PostingFlush } from './posting-flush.ts'

/** What a caller of the queue can get: everything but a refusal, which is thrown. */
export type Posting = Exclude<Outcome, { kind: 'refused' }>

/** Whoever answers commands: the queue, or a dry run. */
export interface Poster {
  /** Throws the refusal of the ledger's rules, or what kept the command from being tried. */
  post(command: Command): Promise<Posting>
}

/** A command that has waited this long has a caller who is about to give up; it is refused before it is tried. */
const MAX_WAIT_MS = 4000
/** Nobody waits longer for an answer: above every limit of the database's, below a caller's usual 10 s (DESIGN.md §4). */
const ANSWER_TIMEOUT_MS = 8000
const DRAIN_POLL_MS = 5

export interface PostingQueueOptions {
  /** One runner a lane, each with its own connection. */
  readonly flushes: readonly PostingFlush[]
  /** Commands that may wait, over all lanes. One more is refused with `overloaded`. */
  readonly maxWaiting: number
  /** Commands folded into one flush. */
  readonly maxFlushSize: number
  /** Told of every flush, and of what is turned away before one. */
  readonly metrics?: QueueMetrics
  /** Only where requests are traced. */
  readonly tracing?: QueueTracing
}

export interface PostingQueueFigures {
  readonly waiting: number
  readonly flushes: number
  readonly commands: number
  readonly largestFlush: number
}

interface Waiting {
  readonly command: Command
  readonly enqueuedAt: number
  readonly resolve: (posting: Posting) => void
  readonly reject: (error: unknown) => void
  readonly timer: NodeJS.Timeout
  readonly trace: PostingTrace | undefined
}

interface Lane {
  readonly flush: PostingFlush
  waiting: Waiting[]
  busy: boolean
}

/** Accepts commands and answers each of them once its effect is durable. */
export class PostingQueue implements Poster {
  readonly #lanes: readonly Lane[]
  readonly #maxWaiting: number
  readonly #maxFlushSize: number
  readonly #metrics: QueueMetrics | undefined
  readonly #tracing: QueueTracing | undefined
  #waiting = 0
  #draining = false
  #flushes = 0
  #commands = 0
  #largestFlush = 0

  constructor(options: PostingQueueOptions) {
    this.#lanes = options.flushes.map((flush) => ({ flush, waiting: [], busy: false }))
    this.#maxWaiting = options.maxWaiting
    this.#maxFlushSize = options.maxFlushSize
    this.#metrics = options.metrics
    this.#tracing = options.tracing
  }

  /**
   * Posts one command. Resolves when its rows are committed (or were, by an earlier request with the same key).
   * Throws the refusal of the ledger's rules, or `overloaded`, `wallet_busy`, `database_unavailable`, `outcome_unknown`.
   */
  post(command: Command): Promise<Posting> {
    if (this.#draining) return Promise.reject(this.#refusal(command, 'The service is stopping'))
    if (this.#waiting >= this.#maxWaiting) {
      return Promise.reject(this.#refusal(command, `${this.#maxWaiting} operations are already waiting`))
    }
    const lane = this.#laneOf(command)
    return new Promise((resolve, reject) => {
      // Settling a promise twice does nothing, so a flush that ends later than this needs no bookkeeping.
      const timer = setTimeout(() => reject(unanswered()), ANSWER_TIMEOUT_MS)
      this.#waiting += 1
      const trace = this.#tracing?.posting(command.kind)
      lane.waiting.push({ command, enqueuedAt: performance.now(), resolve, reject, timer, trace })
      if (!lane.busy) void this.#run(lane)
    })
  }

  /** Refuses new commands and waits until the ones already accepted are answered. */
  async drain(): Promise<void> {
    this.#draining = true
    while (this.#waiting > 0 || this.#lanes.some((lane) => lane.busy)) await delay(DRAIN_POLL_MS)
  }

  /** What the queue has done since the process started. */
  figures(): PostingQueueFigures {
    return {
      waiting: this.#waiting,
      flushes: this.#flushes,
      commands: this.#commands,
      largestFlush: this.#largestFlush,
    }
  }

  #laneOf(command: Command): Lane {
    const scope = command.kind === 'create' ? command.userId : command.walletId
    const lane = this.#lanes[hashOf(scope) % this.#lanes.length]
    if (!lane) throw new Error('A posting queue needs at least one lane')
    return lane
  }

  /** Flushes until nobody waits. Never rejects: every failure belongs to the commands of its flush. */
  async #run(lane: Lane): Promise<void> {
    lane.busy = true
    // The commands of one turn of the event loop (one read of the sockets) travel together.
    await new Promise((resolve) => setImmediate(resolve))
    while (lane.waiting.length > 0) {
      const batch = this.#refuseStale(lane.waiting.splice(0, this.#maxFlushSize))
      if (batch.length > 0) await this.#flush(lane, batch)
    }
    lane.busy = false
  }

  #refuseStale(batch: readonly Waiting[]): Waiting[] {
    const oldest = performance.now() - MAX_WAIT_MS
    return batch.filter((item) => {
      if (item.enqueuedAt >= oldest) return true
      this.#waiting -= 1
      clearTimeout(item.timer)
      const refusal = this.#refusal(item.command, `The operation waited for ${MAX_WAIT_MS} ms and was not tried`)
      item.trace?.end(refusal)
      item.reject(refusal)
      return false
    })
  }

  async #flush(lane: Lane, batch: readonly Waiting[]): Promise<void> {
    this.#flushes += 1
    this.#commands += batch.length
    this.#largestFlush = Math.max(this.#largestFlush, batch.length)
    const commands = batch.map((item) => item.command)
    const begun = performance.now()
    const trace = this.#tracing?.flush(batch.map((item) => item.trace))
    const outcomes = await lane.flush.run(commands)
    trace?.end()
    this.#metrics?.flushed(commands, outcomes, (performance.now() - begun) / 1000)
    this.#waiting -= batch.length
    batch.forEach((item, index) => answer(item, outcomes[index]))
  }

  #refusal(command: Command, why: string): AppError {
    const error = new AppError('overloaded', `The service is overloaded: ${why}. Try again shortly`)
    this.#metrics?.refused(command, error)
    return error
  }
}

function answer(item: Waiting, result: Outcome | Error | undefined): void {
  clearTimeout(item.timer)
  item.trace?.end(result)
  if (result === undefined) item.reject(new Error('A flush left a command unanswered'))
  else if (result instanceof Error) item.reject(result)
  else if (result.kind === 'refused') item.reject(result.error)
  else item.resolve(result)
}

function unanswered(): AppError {
  const detail = `There was no answer within ${ANSWER_TIMEOUT_MS} ms; send the operation again with the same Idempotency-Key`
  return new AppError('outcome_unknown', detail)
}

/** FNV-1a; spreads wallets and users over lanes. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}
