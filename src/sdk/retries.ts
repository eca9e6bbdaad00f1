// When to send an operation again, and when to give up. What an attempt is, and what its failure means, is client.ts's to say.
import { setTimeout as delay } from 'node:timers/promises'

/** How often and how long to try. */
export interface RetrySettings {
  /** Attempts of one operation, the first one included. */
  readonly maxAttempts: number
  /** Milliseconds for one operation, pauses included. */
  readonly deadlineMs: number
  /** The longest first pause in milliseconds; it doubles with every attempt. */
  readonly firstPauseMs: number
  /** The longest pause in milliseconds that the client chooses itself; a `Retry-After` may be longer. */
  readonly longestPauseMs: number
}

/** Why an attempt failed. */
export interface Failure {
  readonly error: Error
  /** Sending it again may help. */
  readonly repeat: boolean
  /**
   * What it says of the operation itself: nothing happened in `this` attempt, it may have happened, or the ledger has `decided`
   * that it does not happen, which settles earlier attempts as well.
   */
  readonly outcome: 'not_here' | 'unknown' | 'decided'
  /** Milliseconds that the service asks to wait. */
  readonly retryAfterMs: number
}

/** How an operation ended without an answer. */
export interface Unanswered {
  readonly failure: Failure
  readonly attempts: number
  /** The operation may have happened. */
  readonly uncertain: boolean
  /** An attempt's answer was lost, whether or not a later one has settled it. */
  readonly answerLost: boolean
}

/** How an operation ended. */
export type Ending<Answer> = { readonly answer: Answer; readonly attempts: number } | Unanswered

export interface Attempts<Answer> {
  /** One attempt, which may take so many milliseconds. */
  readonly attempt: (limitMs: number) => Promise<{ readonly answer: Answer } | { readonly failure: Failure }>
  readonly settings: RetrySettings
  readonly signal: AbortSignal | undefined
  readonly onRetry: (failure: Failure) => void
}

/**
 * Tries until there is an answer, a failure that no repetition mends, or no time: exponential pauses with full jitter, so that
 * callers whom one outage stopped do not come back together.
 */
export async function repeatUntilDefinite<Answer>(attempts: Attempts<Answer>): Promise<Ending<Answer>> {
  const { attempt, settings, signal, onRetry } = attempts
  const endsAt = performance.now() + settings.deadlineMs
  let [uncertain, answerLost] = [false, false]
  for (let count = 1; ; count += 1) {
    const result = await attempt(Math.max(1, endsAt - performance.now()))
    if ('answer' in result) return { answer: result.answer, attempts: count }
    const { failure } = result
    if (failure.outcome !== 'not_here') uncertain = failure.outcome === 'unknown'
    answerLost ||= uncertain
    const ending = { failure, attempts: count, uncertain, answerLost }
    const pause = pauseMs(count, failure, settings)
    const isLast = !failure.repeat || count >= settings.maxAttempts || signal?.aborted === true
    // A pause that ends after the deadline would only keep the caller from knowing.
    if (isLast || performance.now() + pause >= endsAt) return ending
    onRetry(failure)
    if (!(await rested(pause, signal))) return ending
  }
}

function pauseMs(count: number, failure: Failure, settings: RetrySettings): number {
  const longest = Math.min(settings.longestPauseMs, settings.firstPauseMs * 2 ** (count - 1))
  return failure.retryAfterMs + Math.random() * longest
}

/** False when the caller has lost interest meanwhile. */
async function rested(pause: number, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await delay(pause, undefined, signal === undefined ? {} : { signal })
    return true
  } catch {
    return false
  }
}
