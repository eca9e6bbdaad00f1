// One flush from commands to outcomes, and what is done when the database objects: conflicts are retried, a locked wallet
// is set aside, a bad command fails alone, and a COMMIT without an answer is settled by reading back (DESIGN.md §1).
import { setTimeout as delay } from 'node:timers/promises'
import { type Command, walletsOf } from '../domain/command.ts'
import { AppError } from '../domain/errors.ts'
import { advance } from '../domain/ledger.ts'
import { type Outcome, WorkingSet } from '../domain/ledger-state.ts'
import {
  CommitOutcomeUnknown,
  type DatabaseFailure,
  LedgerFailure,
  type WrittenIds,
} from '../repositories/ledger-failures.ts'
import type { QueueMetrics } from '../observability/posting-metrics.ts'
import type { LedgerRepository, Locked } from '../repositories/ledger-repository.ts'

/** The outcome of a command, or the error that kept it from having one. */
export type Result = Outcome | Error

/** Conflicts and lost connections are tried this often before the callers are told. */
const MAX_ATTEMPTS = 4
/** An unanswered COMMIT is asked after for this long: a crashed server is back in a second or two, handlers give up at 8 s. */
const DEADLINE_MS = 6000
const BACKOFF_BASE_MS = 10
const BACKOFF_CAP_MS = 500

export type FlushLog = (message: string, fields: Readonly<Record<string, unknown>>) => void

/** A flush whose COMMIT went unanswered: what it would have answered, and how to find out. */
interface Unsettled {
  readonly results: readonly Result[]
  readonly written: WrittenIds
}

/** Runs flushes over one connection, one at a time. */
export class PostingFlush {
  readonly #ledger: LedgerRepository
  readonly #log: FlushLog
  readonly #locking: 'wait' | 'skip'
  readonly #metrics: Pick<QueueMetrics, 'retried'> | undefined

  constructor(options: {
    readonly ledger: LedgerRepository
    readonly log: FlushLog
    /** `skip`: a wallet that somebody else holds is `wallet_busy` at once. Default: waited for, as callers want it. */
    readonly locking?: 'wait' | 'skip'
    /** Told of every failure after which the flush is tried again. */
    readonly metrics?: Pick<QueueMetrics, 'retried'>
  }) {
    this.#ledger = options.ledger
    this.#log = options.log
    this.#locking = options.locking ?? 'wait'
    this.#metrics = options.metrics
  }

  /** Decides and writes the commands together; one result each, in order. Never rejects. */
  run(commands: readonly Command[]): Promise<readonly Result[]> {
    return this.#runUntil(performance.now() + DEADLINE_MS, commands)
  }

  async #runUntil(deadline: number, commands: readonly Command[]): Promise<readonly Result[]> {
    let unsettled: Unsettled | null = null
    let locking = this.#locking
    for (let attempt = 1; ; attempt += 1) {
      let results: readonly Result[] = []
      try {
        if (unsettled && (await this.#ledger.settle(commands, unsettled.written))) return unsettled.results
        unsettled = null
        await this.#ledger.transact(commands, locking, (locked) => {
          const decided = decideAll(commands, locked)
          results = decided.results
          return decided.workingSet
        })
        return results
      } catch (error) {
        this.#log('A posting flush failed', { attempt, commands: commands.length, err: error })
        if (error instanceof CommitOutcomeUnknown) unsettled = { results, written: error.written }
        const late = performance.now() > deadline
        if (unsettled) {
          if (late) return commands.map(() => outcomeUnknown(error))
        } else {
          const failure = failureOf(error)
          if (failure === 'rejected') return this.#runAlone(deadline, commands, error)
          if (late || attempt >= MAX_ATTEMPTS || (failure === 'lock_timeout' && locking === 'skip')) {
            return commands.map(() => exhausted(failure, error))
          }
          // Somebody held a wallet for the whole lock timeout: its commands are told so, everybody else goes on.
          if (failure === 'lock_timeout') locking = 'skip'
        }
        this.#metrics?.retried(sqlstateOf(error))
      }
      await delay(backoff(attempt))
    }
  }

  /** The database refused a statement of the flush: each command runs by itself, so that the bad one fails alone. */
  async #runAlone(deadline: number, commands: readonly Command[], error: unknown): Promise<readonly Result[]> {
    if (commands.length === 1) return [error instanceof Error ? error : new Error('Posting failed', { cause: error })]
    this.#metrics?.retried(sqlstateOf(error))
    const results: Result[] = []
    for (const command of commands) results.push(...(await this.#runUntil(deadline, [command])))
    return results
  }
}

function decideAll(commands: readonly Command[], locked: Locked): { workingSet: WorkingSet; results: Result[] } {
  const workingSet = new WorkingSet(locked)
  const results = commands.map((command) => (isBusy(locked, command) ? busy() : advance(workingSet, command)))
  return { workingSet, results }
}

function isBusy(locked: Locked, command: Command): boolean {
  if (command.kind === 'create') return locked.busyUsers.has(command.userId)
  return walletsOf(command).some((walletId) => locked.busyWallets.has(walletId))
}

function busy(): Outcome {
  const error = new AppError('wallet_busy', 'The wallet is locked by another operation; try again shortly')
  return { kind: 'refused', error }
}

/** What callers are told when trying again did not help either. */
export function exhausted(failure: DatabaseFailure, cause: unknown): AppError {
  if (failure === 'unavailable') {
    return new AppError('database_unavailable', 'The database is out of reach; nothing was changed', { cause })
  }
  return new AppError('wallet_busy', 'The wallet is in contention; nothing was changed, try again shortly', { cause })
}

function outcomeUnknown(cause: unknown): AppError {
  const detail = 'Whether the operation took effect is not known; send it again with the same Idempotency-Key'
  return new AppError('outcome_unknown', detail, { cause })
}

/** The kind of a failed look or write; what nobody expected counts as refused by the database. */
export function failureOf(error: unknown): DatabaseFailure {
  return error instanceof LedgerFailure ? error.failure : 'rejected'
}

/** The SQLSTATE behind a failure; `null` where the server said nothing. */
function sqlstateOf(error: unknown): string | null {
  return error instanceof LedgerFailure || error instanceof CommitOutcomeUnknown ? error.sqlstate : null
}

/** Exponential up to a cap, with jitter, so that processes that collided once do not collide again. */
function backoff(attempt: number): number {
  return Math.min(BACKOFF_BASE_MS * 2 ** (attempt - 1), BACKOFF_CAP_MS) * (0.5 + Math.random())
}
