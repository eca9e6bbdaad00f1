// How many requests each caller has sent in its window, as this process has seen them. What a window may hold, and what
// becomes of a request too many, is for others to say.
import { LRUCache } from 'lru-cache'

/** What a caller has used of its window, the request that was just counted included. */
export interface RequestCount {
  readonly count: number
  /** Until the window ends, in milliseconds. */
  readonly remainingMs: number
}

/** Counts requests by caller. */
export interface RequestCounts {
  /** Counts one request. At once where nobody has to be asked; it never fails. */
  count(caller: string): RequestCount | Promise<RequestCount>
}

/**
 * About 20 MB when full, as no caller's name has more than 64 characters. Whoever has been silent longest is forgotten first,
 * which only gives him a new window.
 */
const CALLERS_MAX = 100_000

interface Window {
  readonly startedMs: number
  count: number
}

/** Counts in memory. A window begins with a caller's first request. */
export class LocalCounts implements RequestCounts {
  readonly #windowMs: number
  readonly #windows: LRUCache<string, Window>

  constructor(options: { readonly windowMs: number; readonly callersMax?: number }) {
    this.#windowMs = options.windowMs
    this.#windows = new LRUCache({ max: options.callersMax ?? CALLERS_MAX })
  }

  count(caller: string): RequestCount {
    // A clock that is set must not end a window, or make one endless.
    const now = performance.now()
    const window = this.#windows.get(caller)
    if (window === undefined || window.startedMs + this.#windowMs <= now) {
      this.#windows.set(caller, { startedMs: now, count: 1 })
      return { count: 1, remainingMs: this.#windowMs }
    }
    window.count += 1
    return { count: window.count, remainingMs: window.startedMs + this.#windowMs - now }
  }
}
