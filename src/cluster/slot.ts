// The place of one worker: the process that is in it, started anew with longer and longer pauses when it ends. What a worker is
// told, and what the end of one means for the service, is the supervisor's.
import type { Worker } from 'node:cluster'
import { closeUntaken } from './hand-over.ts'
import { isReport, type Order, type Report } from './messages.ts'

/** A worker that served for this long was no failure of the start. */
const STEADY_MS = 10_000
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 10_000

/** How a worker ended. */
export interface WorkerEnd {
  readonly number: number
  readonly pid: number
  readonly code: number | null
  readonly signal: string | null
  /** Whether it had begun to serve. */
  readonly served: boolean
  /** Why it did not start, in its own words; `null`: it said nothing. */
  readonly sentence: string | null
  /** Ends one after the other that came before the worker had served for a while. */
  readonly failures: number
  /** Until the next one is started. */
  readonly pauseMs: number
}

export interface SlotOptions {
  readonly number: number
  /** `isFirst`: of this place. */
  readonly fork: (number: number, isFirst: boolean) => Worker
  readonly onReport: (slot: Slot, report: Report) => void
  readonly onEnd: (end: WorkerEnd) => void
}

/** One of the places. */
export class Slot {
  readonly number: number
  readonly #options: SlotOptions
  #worker: Worker | null = null
  #servingSince: number | null = null
  #sentence: string | null = null
  #failures = 0
  #next: NodeJS.Timeout | null = null
  #closed = false
  #ended: Promise<number | null> = Promise.resolve(0)

  constructor(options: SlotOptions) {
    this.#options = options
    this.number = options.number
  }

  get isServing(): boolean {
    return this.#servingSince !== null
  }

  /** Starts the first worker of this place. */
  open(): void {
    this.#start(true)
  }

  /** Tells the worker something; false where there is none to tell. */
  send(order: Order): boolean {
    if (this.#worker === null || !this.#worker.isConnected()) return false
    this.#worker.send(order)
    return true
  }

  /** No further worker is started. Resolves with the exit code of the last one, once it has ended. */
  close(): Promise<number | null> {
    this.#closed = true
    if (this.#next !== null) clearTimeout(this.#next)
    return this.#ended
  }

  /** Ends the worker at once. */
  kill(): void {
    this.#worker?.process.kill('SIGKILL')
  }

  #start(isFirst: boolean): void {
    const worker = this.#options.fork(this.number, isFirst)
    this.#worker = worker
    this.#sentence = null
    closeUntaken(worker)
    worker.on('message', (message: unknown) => {
      if (this.#worker === worker && isReport(message)) this.#hear(message)
    })
    this.#ended = new Promise((resolve) => {
      const end = (code: number | null, signal: string | null): void => {
        if (this.#worker !== worker) return
        this.#worker = null
        this.#end({ pid: worker.process.pid ?? 0, code, signal })
        resolve(code)
      }
      worker.once('exit', end)
      // A process that cannot even be made has no exit. A message to one that has just gone is an error, too, but no end.
      worker.on('error', (error) => {
        if (worker.process.pid === undefined) end(null, error.message)
      })
    })
  }

  #hear(report: Report): void {
    if (report.wallet === 'serving') this.#servingSince = Date.now()
    if (report.wallet === 'not started') this.#sentence = report.sentence
    this.#options.onReport(this, report)
  }

  #end(how: Pick<WorkerEnd, 'pid' | 'code' | 'signal'>): void {
    const servedMs = this.#servingSince === null ? 0 : Date.now() - this.#servingSince
    const served = this.isServing
    this.#servingSince = null
    this.#failures = servedMs >= STEADY_MS ? 0 : this.#failures + 1
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures, 10))
    const { number } = this
    if (!this.#closed) this.#next = setTimeout(() => this.#start(false), pauseMs)
    this.#options.onEnd({ ...how, number, served, sentence: this.#sentence, failures: this.#failures, pauseMs })
  }
}
