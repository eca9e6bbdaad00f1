// What the ledger would answer at this moment, with nothing written and no key consumed (API.md §4): the rules run on a
// snapshot, without a lock, so that nobody waits for somebody who only asks.
import pLimit from 'p-limit'
import type { Command } from '../domain/command.ts'
import { AppError, assert } from '../domain/errors.ts'
import type { Outcome } from '../domain/ledger-state.ts'
import type { LedgerRepository } from '../repositories/ledger-repository.ts'
import { decideAll, exhausted, failureOf, type Group } from './posting-flush.ts'
import type { Poster } from './posting-queue.ts'

/** Dry runs that may wait for the one under way, which takes a millisecond or two; one more is refused with `overloaded`. */
const MAX_WAITING = 1000
/** With the time that a statement may take, still below what a caller waits for (DESIGN.md §4). */
const MAX_WAIT_MS = 2500
/** A connection that was lost since the last dry run shows only when it is used. */
const MAX_ATTEMPTS = 2
/** It shows at once; what takes longer is a statement that was too slow, and would be again. */
const MAX_LOST_MS = 500

/** Answers dry runs over one connection, one at a time. */
export class DryRuns {
  readonly #ledger: LedgerRepository
  readonly #oneAtATime = pLimit(1)

  constructor(ledger: LedgerRepository) {
    this.#ledger = ledger
  }

  /** Begins a dry run, which is one caller's: each of its commands finds what the ones before it would have left. */
  begin(): Poster {
    const pretended: Command[] = []
    const groups: Group[] = []
    const resultsOf = async (commands: readonly Command[]): Promise<readonly Outcome[]> => {
      pretended.push(...commands)
      const outcomes = await this.#outcomesOf([...pretended], [...groups])
      return outcomes.slice(-commands.length)
    }
    return {
      post: async (command) => {
        const [outcome] = await resultsOf([command])
        assert(outcome && outcome.kind !== 'not_applied', 'a dry run of a command has an outcome')
        if (outcome.kind === 'refused') throw outcome.error
        return outcome
      },
      postEach: resultsOf,
      postTogether: (commands) => {
        groups.push({ begin: pretended.length, end: pretended.length + commands.length })
        return resultsOf(commands)
      },
    }
  }

  /** What would come of each of these commands. Throws `overloaded` or `database_unavailable`. */
  async #outcomesOf(commands: readonly Command[], groups: readonly Group[]): Promise<readonly Outcome[]> {
    if (this.#oneAtATime.pendingCount >= MAX_WAITING) {
      throw new AppError('overloaded', `${MAX_WAITING} dry runs are already waiting. Try again shortly`)
    }
    const asked = performance.now()
    return this.#oneAtATime(() => {
      if (performance.now() - asked <= MAX_WAIT_MS) return this.#preview(commands, groups)
      throw new AppError('overloaded', `The dry run waited for ${MAX_WAIT_MS} ms and was not tried. Try again shortly`)
    })
  }

  async #preview(commands: readonly Command[], groups: readonly Group[]): Promise<readonly Outcome[]> {
    const begun = performance.now()
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#ledger.preview(commands, (state) => decideAll(commands, groups, state).results)
      } catch (error) {
        const failure = failureOf(error)
        if (failure === 'rejected') throw error
        const isLost = failure === 'unavailable' && performance.now() - begun < MAX_LOST_MS
        if (attempt === MAX_ATTEMPTS || !isLost) throw exhausted(failure, error)
      }
    }
  }
}
