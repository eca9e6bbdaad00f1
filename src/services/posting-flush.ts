// One flush from commands to outcomes, and what is done when the database objects: conflicts are retried, a locked wallet
// is set aside, a bad command fails alone, and a COMMIT without an answer is settled by reading back (DESIGN.md §1).
import { setTimeout as delay } from 'node:timers/promises'
import { type Command, walletsOf } from '../domain/command.ts'
import { AppError } from '../domain/errors.ts'
import { advance, advanceTogether } from '../domain/ledger.ts'
import { type LedgerState, type Outcome, WorkingSet } from '../domain/ledger-state.ts'
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

/** Commands of a flush that belong together, from the first of them up to, but not including, `end`. */
export interface Group {
  readonly begin: number
  readonly end: number
}

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

  /**
   * Decides and writes the commands together; one result each, in order. Of a group, of which there may be several, in order,
   * either all or none is written. Never rejects.
   */
  run(commands: readonly Command[], groups: readonly Group[] = NO_GROUPS): Promise<readonly Result[]> {
    return this.#runUntil(performance.now() + DEADLINE_MS, commands, groups)
  }

  async #runUntil(
    deadline: number,
    commands: readonly Command[],
    groups: readonly Group[],
    firstLocking = this.#locking,
  ): Promise<readonly Result[]> {
    let unsettled: Unsettled | null = null
    let locking = firstLocking
    for (let attempt = 1; ; attempt += 1) {
      let results: readonly Result[] = []
      try {
        if (unsettled && (await this.#ledger.settle(commands, unsettled.written))) return unsettled.results
        unsettled = null
        await this.#ledger.transact(commands, {
          locking,
          decide: (locked) => {
            const decided = decideAll(commands, groups, locked)
            results = decided.results
            return { workingSet: decided.workingSet, hasRefusals: results.some(isRefusal) }
          },
          disproved: ({ sqlstate }) => this.#metrics?.retried(sqlstate),
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
          if (failure === 'rejected') return this.#runAlone(deadline, { commands, groups, error })
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

  /** The database refused a statement of the flush: each command and each group runs by itself, so that the bad one fails alone. */
  async #runAlone(
    deadline: number,
    { commands, groups, error }: { commands: readonly Command[]; groups: readonly Group[]; error: unknown },
  ): Promise<readonly Result[]> {
    const parts = partsOf(commands, groups)
    if (parts.length === 1) {
      const failure = aloneFailure(error)
      return commands.map(() => failure)
    }
    this.#metrics?.retried(sqlstateOf(error))
    const results: Result[] = []
    let locking = this.#locking
    for (const part of parts) {
      if (performance.now() > deadline) {
        // Their callers are about to give up: nothing may be written after that.
        results.push(...part.map(() => exhausted('lock_timeout', error)))
        continue
      }
      const group = part.length > 1 ? [{ begin: 0, end: part.length }] : NO_GROUPS
      const own = await this.#runUntil(deadline, part, group, locking)
      // One of them has waited for a wallet as long as anybody may; the others do not wait as well.
      if (own.some(isBusyResult)) locking = 'skip'
      results.push(...own)
    }
    return results
  }
}

const NO_GROUPS: readonly Group[] = []

/** Keys are unique by two hashes: one that shares both with another was found by somebody who looked for it (docs/adr/0017). */
function aloneFailure(error: unknown): Error {
  const duplicateOf = error instanceof LedgerFailure ? error.duplicateOf : null
  // Its own row is there: an attempt that was given up for lost has been carried out.
  if (duplicateOf === 'wallet_transactions_id_key') return outcomeUnknown(error)
  if (duplicateOf === 'wallet_transactions_idempotency_key') {
    const detail = 'This Idempotency-Key cannot be told from one that was used before; send another'
    return new AppError('idempotency_key_reused', detail, { context: { fields: [] }, cause: error })
  }
  return error instanceof Error ? error : new Error('Posting failed', { cause: error })
}

/** Each group, and each command that is in none. */
function partsOf(commands: readonly Command[], groups: readonly Group[]): readonly (readonly Command[])[] {
  const parts: (readonly Command[])[] = []
  let next = 0
  for (const { begin, end } of groups) {
    for (const command of commands.slice(next, begin)) parts.push([command])
    parts.push(commands.slice(begin, end))
    next = end
  }
  for (const command of commands.slice(next)) parts.push([command])
  return parts
}

/** Decides commands and groups of them in order, each by the state that those before it left. */
export function decideAll(
  commands: readonly Command[],
  groups: readonly Group[],
  state: LedgerState & Partial<Pick<Locked, 'busyWallets' | 'busyUsers'>>,
): { workingSet: WorkingSet; results: Outcome[] } {
  const workingSet = new WorkingSet(state)
  const busyOf = (command: Command): Outcome | null => (isBusy(state, command) ? busy() : null)
  const results: Outcome[] = []
  const decideUpTo = (end: number): void => {
    for (let index = results.length; index < end; index += 1) {
      const command = commands[index]
      if (command) results.push(busyOf(command) ?? advance(workingSet, command))
    }
  }
  for (const { begin, end } of groups) {
    decideUpTo(begin)
    results.push(...advanceTogether(workingSet, commands.slice(begin, end), busyOf))
  }
  decideUpTo(commands.length)
  return { workingSet, results }
}

function isBusyResult(result: Result): boolean {
  const error = result instanceof Error ? result : result.kind === 'refused' ? result.error : null
  return error instanceof AppError && error.code === 'wallet_busy'
}

function isRefusal(result: Result): boolean {
  return result instanceof Error || result.kind === 'refused'
}

function isBusy(
  { busyWallets, busyUsers }: Partial<Pick<Locked, 'busyWallets' | 'busyUsers'>>,
  command: Command,
): boolean {
  if (command.kind === 'create') return busyUsers?.has(command.userId) === true
  return busyWallets !== undefined && walletsOf(command).some((walletId) => busyWallets.has(walletId))
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
