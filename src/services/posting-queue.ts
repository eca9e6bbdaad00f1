// The one door for movements of money: a bounded queue with group commit. Commands that arrive while a flush is in flight
// are folded into the next one (DESIGN.md §1). What a flush takes stands in posting-schedule.ts, how it is run and recovered in
// posting-flush.ts, how its results reach whoever waits for them in posting-call.ts.
import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from '../domain/command.ts'
import { AppError } from '../domain/errors.ts'
import type { Outcome } from '../domain/ledger-state.ts'
import type { QueueMetrics } from '../observability/posting-metrics.ts'
import type { PostingTrace, QueueTracing } from '../observability/tracing.ts'
import { PostingCall } from './posting-call.ts'
import type { Group, PostingFlush, Result } from './posting-flush.ts'
import { PostingSchedule, type Scheduled, scopesOf } from './posting-schedule.ts'

/** What a caller of the queue can get: everything but a refusal, which is thrown. */
export type Posting = Exclude<Outcome, { kind: 'refused' | 'not_applied' }>

/** Whoever answers commands: the queue, or a dry run. */
export interface Poster {
  /** Throws the refusal of the ledger's rules, or what kept the command from being tried. */
  post(command: Command): Promise<Posting>
  /** Posts commands in order, each for itself; gives one result each. Throws what kept all of them from being tried. */
  postEach(commands: readonly Command[]): Promise<readonly Result[]>
  /**
   * Posts commands in order, in one database transaction, all or none: where one is refused, the others are `not_applied`.
   * Throws what kept them from being tried.
   */
  postTogether(commands: readonly Command[]): Promise<readonly Result[]>
}

/** A command that has waited this long has a caller who is about to give up; it is refused before it is tried. */
const MAX_WAIT_MS = 4000
const DRAIN_POLL_MS = 5

export interface PostingQueueOptions {
  /** One runner a lane, each with its own connection. */
  readonly flushes: readonly PostingFlush[]
  /**
   * Commands that may wait, over all lanes, before more are refused with `overloaded`. Those that are posted together are taken
   * or refused together: a thousand are taken where there is room for one, or they would never get in beside single ones.
   */
  readonly maxWaiting: number
  /** Commands folded into one flush; a group that is larger by itself still is one flush. */
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

interface Entry extends Scheduled {
  readonly call: PostingCall
  /** Where its results belong among those of the call. */
  readonly place: number
}

interface Lane {
  readonly flush: PostingFlush
  busy: boolean
}

/** Accepts commands and answers each of them once its effect is durable. */
export class PostingQueue implements Poster {
  readonly #lanes: readonly Lane[]
  readonly #schedule: PostingSchedule<Entry>
  readonly #maxWaiting: number
  readonly #metrics: QueueMetrics | undefined
  readonly #tracing: QueueTracing | undefined
  #waiting = 0
  #draining = false
  #flushes = 0
  #commands = 0
  #largestFlush = 0

  constructor(options: PostingQueueOptions) {
    this.#lanes = options.flushes.map((flush) => ({ flush, busy: false }))
    this.#schedule = new PostingSchedule(options.maxFlushSize)
    this.#maxWaiting = options.maxWaiting
    this.#metrics = options.metrics
    this.#tracing = options.tracing
  }

  /**
   * Posts one command. Resolves when its rows are committed (or were, by an earlier request with the same key).
   * Throws the refusal of the ledger's rules, or `overloaded`, `wallet_busy`, `database_unavailable`, `outcome_unknown`.
   */
  post(command: Command): Promise<Posting> {
    const commands = [command]
    return new Promise((resolve, reject) => {
      const call = this.#call(commands, ([result]) => settle(result, resolve, reject), reject)
      if (call) this.#add(commands, call, 0)
    })
  }

  /** As `Poster.postEach`; throws `overloaded`. */
  postEach(commands: readonly Command[]): Promise<readonly Result[]> {
    return new Promise((resolve, reject) => {
      const call = this.#call(commands, resolve, reject)
      if (call) commands.forEach((command, place) => this.#add([command], call, place))
    })
  }

  /** As `Poster.postTogether`; throws `overloaded`. */
  postTogether(commands: readonly Command[]): Promise<readonly Result[]> {
    return new Promise((resolve, reject) => {
      const call = this.#call(commands, resolve, reject)
      if (call) this.#add(commands, call, 0)
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

  /** Somebody who waits for the results of commands, if there is room for them. */
  #call(
    commands: readonly Command[],
    resolve: (results: readonly Result[]) => void,
    reject: (error: AppError) => void,
  ): PostingCall | null {
    const [command, ...others] = commands
    if (command === undefined) {
      resolve([])
      return null
    }
    if (this.#draining || this.#waiting >= this.#maxWaiting) {
      const why = this.#draining ? 'The service is stopping' : `${this.#maxWaiting} operations are already waiting`
      reject(this.#refusal(commands, why))
      return null
    }
    const trace = this.#tracing?.posting(others.length === 0 ? command.kind : 'batch')
    return new PostingCall({ size: commands.length, trace, done: resolve })
  }

  #add(commands: readonly Command[], call: PostingCall, place: number): void {
    this.#waiting += commands.length
    if (this.#schedule.add({ commands, scopes: scopesOf(commands), call, place })) this.#wake()
  }

  /** Sets an idle lane to work, if there is one. */
  #wake(): void {
    const idle = this.#lanes.find((lane) => !lane.busy)
    if (idle) void this.#run(idle)
  }

  /** Flushes until there is nothing that it may take. Never rejects: every failure belongs to the commands of its flush. */
  async #run(lane: Lane): Promise<void> {
    lane.busy = true
    // The commands of one turn of the event loop (one read of the sockets) travel together.
    await new Promise((resolve) => setImmediate(resolve))
    for (;;) {
      const taken = this.#schedule.take()
      if (taken.length === 0) break
      if (!this.#schedule.isEmpty) this.#wake()
      const batch = this.#refuseStale(taken)
      if (batch.length > 0) await this.#flush(lane, batch)
      this.#schedule.release(taken)
    }
    lane.busy = false
  }

  #refuseStale(batch: readonly Entry[]): readonly Entry[] {
    const oldest = performance.now() - MAX_WAIT_MS
    if (batch.every(({ call }) => call.begunAt >= oldest)) return batch
    return batch.filter((entry) => {
      if (entry.call.begunAt >= oldest) return true
      const { commands, call, place } = entry
      this.#waiting -= commands.length
      const refusal = this.#refusal(commands, `The operation waited for ${MAX_WAIT_MS} ms and was not tried`)
      commands.forEach((_, index) => call.take(place + index, refusal))
      return false
    })
  }

  async #flush(lane: Lane, batch: readonly Entry[]): Promise<void> {
    const { commands, groups } = contentOf(batch)
    this.#flushes += 1
    this.#commands += commands.length
    this.#largestFlush = Math.max(this.#largestFlush, commands.length)
    const begun = performance.now()
    const trace = this.#tracing?.flush(tracesOf(batch), commands.length)
    const outcomes = await lane.flush.run(commands, groups)
    trace?.end()
    this.#metrics?.flushed(commands, outcomes, (performance.now() - begun) / 1000)
    this.#waiting -= commands.length
    let next = 0
    for (const { commands: own, call, place } of batch) {
      for (let index = 0; index < own.length; index += 1, next += 1) call.take(place + index, outcomes[next])
    }
  }

  #refusal(commands: readonly Command[], why: string): AppError {
    const error = new AppError('overloaded', `The service is overloaded: ${why}. Try again shortly`)
    for (const command of commands) this.#metrics?.refused(command, error)
    return error
  }
}

function settle(
  result: Result | undefined,
  resolve: (posting: Posting) => void,
  reject: (error: unknown) => void,
): void {
  if (result instanceof Error) reject(result)
  else if (result?.kind === 'refused') reject(result.error)
  else if (result === undefined || result.kind === 'not_applied')
    reject(new Error('A command had no outcome of its own'))
  else resolve(result)
}

function contentOf(batch: readonly Entry[]): {
  readonly commands: readonly Command[]
  readonly groups: readonly Group[]
} {
  const commands: Command[] = []
  const groups: Group[] = []
  for (const { commands: own } of batch) {
    const begin = commands.length
    for (const command of own) commands.push(command)
    if (own.length > 1) groups.push({ begin, end: commands.length })
  }
  return { commands, groups }
}

/** Each once: many commands of a flush may be of one call. */
function tracesOf(batch: readonly Entry[]): readonly (PostingTrace | undefined)[] {
  return [...new Set(batch.map(({ call }) => call))].map(({ trace }) => trace)
}
