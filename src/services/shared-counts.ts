// Counts of requests that all instances share. When the store that they share does not answer, each instance counts for
// itself and no request waits for the store, until a probe of our own finds it well again.
import { LocalCounts, type RequestCount, type RequestCounts } from './request-counts.ts'

/** Where instances share their counts, such as Redis. */
interface CountStore {
  /** Connects; fails when that does not succeed soon, and goes on trying. */
  open(): Promise<void>
  /** Counts one request; fails soon rather than late. */
  count(caller: string): Promise<RequestCount>
  /** Finds out whether it could count, as soon as a request needs it to. Nobody waits for it. */
  probe(): Promise<void>
  close(): void
}

export interface SharedCountsOptions {
  readonly store: CountStore
  readonly windowMs: number
  readonly log: Readonly<Record<'info' | 'warn', (message: string, fields: Readonly<Record<string, unknown>>) => void>>
}

const PROBE_INTERVAL_MS = 1000

/**
 * Counts in the shared store, else in memory. A breaker that lets requests try whether the store is back would make them
 * wait for it; here only those that are under way when it fails do.
 */
export class SharedCounts implements RequestCounts {
  readonly #options: SharedCountsOptions
  readonly #local: LocalCounts
  #probing: NodeJS.Timeout | null = null
  #closed = false

  constructor(options: SharedCountsOptions) {
    this.#options = options
    this.#local = new LocalCounts(options)
  }

  /** Whether instances share their counts at the moment. */
  get isShared(): boolean {
    return this.#probing === null
  }

  /** Connects to the store. Does not fail: without it, each instance counts for itself. */
  async start(): Promise<void> {
    const { store, log } = this.#options
    try {
      await store.open()
      await store.probe()
      log.info('Rate limits are shared between instances', {})
    } catch (error) {
      this.#goApart(error)
    }
  }

  count(caller: string): RequestCount | Promise<RequestCount> {
    // Always, so that a caller who has used up its window does not get a new one when the store fails.
    const own = this.#local.count(caller)
    if (!this.isShared) return own
    return this.#options.store.count(caller).catch((error: unknown) => {
      this.#goApart(error)
      return own
    })
  }

  close(): void {
    this.#closed = true
    this.#stopProbing()
    this.#options.store.close()
  }

  #goApart(error: unknown): void {
    if (!this.isShared || this.#closed) return
    this.#probing = setInterval(() => void this.#probe(), PROBE_INTERVAL_MS)
    this.#probing.unref()
    // The message alone: a driver's error may carry the command that failed, and with it a password.
    this.#options.log.warn('Rate limits are not shared: this instance counts for itself', { reason: messageOf(error) })
  }

  async #probe(): Promise<void> {
    const failed = await this.#options.store.probe().then(
      () => false,
      () => true,
    )
    if (failed || this.isShared || this.#closed) return
    this.#stopProbing()
    this.#options.log.info('Rate limits are shared between instances again', {})
  }

  #stopProbing(): void {
    if (this.#probing !== null) clearInterval(this.#probing)
    this.#probing = null
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
