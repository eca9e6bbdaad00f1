// What a caller may set of a client, and what holds when nothing is set.
import type { ConsulSettings } from './discovery.ts'

/** Where the service is: one address, or Consul. */
type Location =
  | { readonly baseUrl: string; readonly consul?: undefined }
  | { readonly consul: ConsulSettings; readonly baseUrl?: undefined }

/** One attempt of one operation, for the caller's log or metrics. */
export interface AttemptEvent {
  readonly operation: string
  readonly address: string
  readonly durationMs: number
  /** Null when no answer came. */
  readonly status: number | null
  /** Of the service's log; null when no answer came. */
  readonly requestId: string | null
  /** The answer was given before, to an earlier attempt or caller with the same key. */
  readonly replayed: boolean
  /** Why it failed: a code of the service's, or `connection_failed`; null when it did not. */
  readonly code: string | null
}

interface Settings {
  /** Sent as `X-API-Key`. */
  readonly apiKey?: string
  /** Sent as `Authorization: Bearer`; a function is asked for every attempt, and has that attempt's time. */
  readonly token?: string | (() => string | Promise<string>)
  /** Added to every request's `User-Agent`. */
  readonly userAgent?: string
  /** Milliseconds for one operation, retries and pauses included (30,000). */
  readonly deadlineMs?: number
  /**
   * Milliseconds for one attempt (10,000). Longer than the 8 seconds within which the service answers whatever happens, so that
   * an attempt which was given up is not still waiting over there.
   */
  readonly attemptTimeoutMs?: number
  /** Milliseconds to connect (3000). */
  readonly connectTimeoutMs?: number
  /** Attempts of one operation, the first one included (10). */
  readonly maxAttempts?: number
  /** The longest first pause between attempts in milliseconds; it doubles with every attempt (50). */
  readonly firstPauseMs?: number
  /** The longest pause in milliseconds, unless the service asks for a longer one (2000). */
  readonly longestPauseMs?: number
  /** Connections to one address; more requests wait (64). */
  readonly connections?: number
  /** Told of every attempt. What it throws reaches nobody. */
  readonly onAttempt?: (event: AttemptEvent) => void
}

/** Settings of a client. */
export type WalletClientOptions = Location & Settings

/** What holds when nothing is set. */
export const DEFAULTS = {
  deadlineMs: 30_000,
  attemptTimeoutMs: 10_000,
  connectTimeoutMs: 3000,
  maxAttempts: 10,
  firstPauseMs: 50,
  longestPauseMs: 2000,
  connections: 64,
} as const
