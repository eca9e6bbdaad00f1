// Counters of one client. Memory is bounded: latencies go into a histogram, not into a list.
import { createHistogram } from 'node:perf_hooks'

/** What a client has done so far. */
export interface ClientMetrics {
  /** Operations that callers asked for and that have ended. */
  readonly operations: number
  /** HTTP requests sent, retries included. */
  readonly requests: number
  readonly retries: number
  /** Answers that an earlier attempt of the same key had earned already. */
  readonly replays: number
  /** Why operations failed, by code; `aborted` is the caller's own doing. */
  readonly errors: Readonly<Record<string, number>>
  /** Why requests were sent again, by code. */
  readonly retried: Readonly<Record<string, number>>
  /** Milliseconds that operations took, retries and pauses included; 0 before the first. */
  readonly latencyMs: { readonly p50: number; readonly p90: number; readonly p99: number; readonly max: number }
}

const MICROSECONDS = 1000
/** An hour. Longer operations count as this long. */
const HIGHEST_MICROSECONDS = 3_600_000_000

/** Counts what one client does. */
export class Counters {
  #operations = 0
  #requests = 0
  #retries = 0
  #replays = 0
  readonly #errors = new Map<string, number>()
  readonly #retried = new Map<string, number>()
  /** Two significant figures: percentiles within 1 % of the truth. */
  readonly #latencies = createHistogram({ lowest: 1, highest: HIGHEST_MICROSECONDS, figures: 2 })

  countRequest(): void {
    this.#requests += 1
  }

  countRetry(code: string): void {
    this.#retries += 1
    this.#retried.set(code, (this.#retried.get(code) ?? 0) + 1)
  }

  countReplay(): void {
    this.#replays += 1
  }

  /** An operation has ended; with a code, in an error. */
  countOperation(milliseconds: number, code?: string): void {
    this.#operations += 1
    const microseconds = Math.max(1, Math.round(milliseconds * MICROSECONDS))
    this.#latencies.record(Math.min(microseconds, HIGHEST_MICROSECONDS))
    if (code !== undefined) this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1)
  }

  snapshot(): ClientMetrics {
    return {
      operations: this.#operations,
      requests: this.#requests,
      retries: this.#retries,
      replays: this.#replays,
      errors: Object.fromEntries(this.#errors),
      retried: Object.fromEntries(this.#retried),
      latencyMs: {
        p50: this.#percentile(50),
        p90: this.#percentile(90),
        p99: this.#percentile(99),
        max: this.#percentile(100),
      },
    }
  }

  #percentile(percent: number): number {
    return this.#operations === 0 ? 0 : this.#latencies.percentile(percent) / MICROSECONDS
  }
}
