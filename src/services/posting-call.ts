// Somebody who waits for what comes of one or more commands: one promise and one timer, however many there are.
import { AppError } from '../domain/errors.ts'
import type { PostingTrace } from '../observability/tracing.ts'
import type { Result } from './posting-flush.ts'

/** Nobody waits longer for an answer: above every limit of the database's, below a caller's usual 10 s (DESIGN.md §4). */
const ANSWER_TIMEOUT_MS = 8000

/** Gathers the results of a call. */
export class PostingCall {
  readonly begunAt = performance.now()
  readonly trace: PostingTrace | undefined
  readonly #results: (Result | undefined)[]
  readonly #done: (results: readonly Result[]) => void
  readonly #timer: NodeJS.Timeout
  #missing: number

  constructor(options: {
    readonly size: number
    readonly trace: PostingTrace | undefined
    /** Called once, with a result for each command. */
    readonly done: (results: readonly Result[]) => void
  }) {
    const { size, trace, done } = options
    this.trace = trace
    this.#missing = size
    this.#results = Array.from({ length: size })
    this.#done = done
    this.#timer = setTimeout(() => this.#end(unanswered()), ANSWER_TIMEOUT_MS)
  }

  /** What came of the command at this place. Nobody waits any more for what comes too late. */
  take(place: number, result: Result | undefined): void {
    if (this.#missing === 0) return
    this.#results[place] = result ?? new Error('A flush left a command unanswered')
    this.#missing -= 1
    if (this.#missing > 0) return
    clearTimeout(this.#timer)
    this.#finish()
  }

  /** Whatever has no result by now gets this one. */
  #end(error: AppError): void {
    this.#missing = 0
    for (let place = 0; place < this.#results.length; place += 1) this.#results[place] ??= error
    this.#finish()
  }

  #finish(): void {
    const results = this.#results.filter((result) => result !== undefined)
    this.trace?.end(results.length === 1 ? results[0] : (results.find(isFailure) ?? results[0]))
    this.#done(results)
  }
}

function isFailure(result: Result): boolean {
  return result instanceof Error || result.kind === 'refused'
}

function unanswered(): AppError {
  const detail = `There was no answer within ${ANSWER_TIMEOUT_MS} ms; send the operation again with the same Idempotency-Key`
  return new AppError('outcome_unknown', detail)
}
