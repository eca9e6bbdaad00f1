// Keeps the workers running: all of them at the start or none, and each of them again when it ends. What they do is theirs.
import cluster, { type Worker } from 'node:cluster'
import type { Order, Report } from './messages.ts'
import { Slot, type WorkerEnd } from './slot.ts'

/** With nobody left who serves, a worker that ended so many times in a row is enough. */
const HOPELESS_FAILURES = 5

/** Workers do not start; the message is for whoever starts the service. */
export class WorkersUnusableError extends Error {
  override readonly name = 'WorkersUnusableError'
}

export interface SupervisorOptions {
  readonly count: number
  /** What a worker's environment has other than ours. `isFirst`: it is the first one of its number. */
  readonly environmentOf: (number: number, isFirst: boolean) => Readonly<Record<string, string>>
  readonly log: Readonly<Record<'info' | 'error', (message: string, fields: Readonly<Record<string, unknown>>) => void>>
  readonly onReport: (slot: Slot, report: Report) => void
  readonly onEnd: (number: number) => void
  /** Told after the start, when there is no hope left. */
  readonly onHopeless: (error: WorkersUnusableError) => void
}

/** All places of workers. */
export class Supervisor {
  readonly slots: readonly Slot[]
  readonly #options: SupervisorOptions
  readonly #started = Promise.withResolvers<number>()
  #isUp = false
  #stopping = false
  #restarts = 0

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.slots = Array.from(
      { length: options.count },
      (_, index) =>
        new Slot({
          number: index + 1,
          fork: (number, isFirst) => this.#fork(number, isFirst),
          onReport: (slot, report) => this.#hear(slot, report),
          onEnd: (end) => this.#ended(end),
        }),
    )
    // Whoever starts them waits for it; whoever stops them before that does not.
    this.#started.promise.catch(() => undefined)
  }

  /** Workers that were started in the place of others. */
  get restarts(): number {
    return this.#restarts
  }

  /** Starts all; resolves with the port once all of them serve. Rejects with `WorkersUnusableError` as soon as one cannot. */
  start(): Promise<number> {
    // The channel carries metrics, and JSON has no NaN.
    cluster.setupPrimary({ serialization: 'advanced' })
    // Whatever ends this process, workers do not outlive it. (After kill -9 they end themselves: their channel closes.)
    process.once('exit', () => this.kill())
    for (const slot of this.slots) slot.open()
    return this.#started.promise
  }

  /** Tells all workers; how many there are to hear it. */
  tell(order: Order): number {
    return this.slots.filter((slot) => slot.send(order)).length
  }

  /** Tells the workers to stop, and waits until they have. Rejects where one did not end well. */
  async stop(reason: string): Promise<void> {
    this.#stopping = true
    this.#started.reject(new WorkersUnusableError(reason))
    const ends = this.slots.map((slot) => slot.close())
    this.tell({ wallet: 'stop', reason })
    const failed = (await Promise.all(ends)).filter((code) => code !== 0)
    if (this.#isUp && failed.length > 0) throw new Error(`${failed.length} workers did not end well`)
  }

  /** Ends all workers at once. */
  kill(): void {
    for (const slot of this.slots) slot.kill()
  }

  #fork(number: number, isFirst: boolean): Worker {
    if (!isFirst) this.#restarts += 1
    // Its number is on its command line, where `ps` shows it; what is secret is not.
    cluster.setupPrimary({ args: ['--worker', String(number)] })
    return cluster.fork(this.#options.environmentOf(number, isFirst))
  }

  #hear(slot: Slot, report: Report): void {
    if (report.wallet === 'serving') {
      this.#options.log.info('A worker serves', { worker: slot.number })
      if (this.slots.every((each) => each.isServing)) {
        this.#isUp = true
        this.#started.resolve(report.port)
      }
    }
    this.#options.onReport(slot, report)
  }

  #ended(end: WorkerEnd): void {
    const { number, pid, code, signal, served, sentence, failures, pauseMs } = end
    this.#options.onEnd(number)
    if (this.#stopping) return
    const said = sentence ?? `Worker ${number} ended before it served (${signal ?? `exit code ${code}`}).`
    if (!this.#isUp) {
      this.#started.reject(new WorkersUnusableError(said))
      return
    }
    const fields = { worker: number, pid, code, signal, pause_ms: pauseMs, ...(!served && { reason: said }) }
    this.#options.log.error('A worker ended; another one is started', fields)
    if (failures < HOPELESS_FAILURES || served || this.slots.some((slot) => slot.isServing)) return
    this.#options.onHopeless(new WorkersUnusableError(said))
  }
}
