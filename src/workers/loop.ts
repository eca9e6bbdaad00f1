// Does a piece of work again and again until it is told to stop: at once while there is more to do, else after a pause. What
// the work is, and what a failure of it means, is for others to say.
import { setTimeout as delay } from 'node:timers/promises'

export interface LoopOptions {
  /** Pause between two pieces of work, give or take a quarter, so that many processes do not all come at once. */
  readonly intervalMs: number
  /**
   * One piece of work; true when there is more to do at once. A failure is the same as nothing more to do. Long work ends early
   * when the signal says that the loop is to stop.
   */
  readonly work: (signal: AbortSignal) => Promise<boolean>
  /** Told of a failure, but not of the same trouble again and again: the next one is told after a success. */
  readonly onFailure: (error: unknown) => void
}

/** A loop that can be stopped. */
export class Loop {
  readonly #options: LoopOptions
  readonly #stopping = new AbortController()
  #running: Promise<void> | null = null
  #failing = false

  constructor(options: LoopOptions) {
    this.#options = options
  }

  /** Begins; a second call does nothing. */
  start(): void {
    this.#running ??= this.#run()
  }

  /** Resolves when the piece of work under way has ended; there is no other after it. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      if (await this.#work()) continue
      const pause = this.#options.intervalMs * (0.75 + Math.random() / 2)
      await delay(pause, undefined, { signal }).catch(() => undefined)
    }
  }

  async #work(): Promise<boolean> {
    try {
      const more = await this.#options.work(this.#stopping.signal)
      this.#failing = false
      return more
    } catch (error) {
      if (!this.#failing && !this.#stopping.signal.aborted) this.#options.onFailure(error)
      this.#failing = true
      return false
    }
  }
}
