// What the ledger would answer at this moment, with nothing written and no key consumed (API.md §4): the rules run on a
// snapshot, without a lock, so that nobody waits for somebody who only asks.
import pLimit from 'p-limit'
import type { Command } from '../domain/command.ts'
import { AppError, assert } from '../domain/errors.ts'
import { advance } from '../domain/ledger.ts'
import { type LedgerState, type Outcome, WorkingSet } from '../domain/ledger-state.ts'
import type { LedgerRepository } from '../repositories/ledger-repository.ts'
import { exhausted, failureOf } from './posting-flush.ts'
import type { Poster, Posting } from './posting-queue.ts'

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
    return {
      post: (command) => {
        pretended.push(command)
        return this.#outcomeOf([...pretended])
      },
    }
  }

  /** The outcome of the last of these commands. Throws its refusal, `overloaded` or `database_unavailable`. */
  async #outcomeOf(commands: readonly Command[]): Promise<Posting> {
    if (this.#oneAtATime.pendingCount >= MAX_WAITING) {
      throw new AppError('overloaded', `${MAX_WAITING} dry runs are already waiting. Try again shortly`)
    }
    const asked = performance.now()
    const outcome = await this.#oneAtATime(() => {
      if (performance.now() - asked <= MAX_WAIT_MS) return this.#preview(commands)
      throw new AppError('overloaded', `The dry run waited for ${MAX_WAIT_MS} ms and was not tried. Try again shortly`)
    })
    if (outcome.kind === 'refused') throw outcome.error
    return outcome
  }

  async #preview(commands: readonly Command[]): Promise<Outcome> {
    const begun = performance.now()
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#ledger.preview(commands, (state) => lastOutcome(state, commands))
      } catch (error) {
        const failure = failureOf(error)
        if (failure === 'rejected') throw error
        const isLost = failure === 'unavailable' && performance.now() - begun < MAX_LOST_MS
        if (attempt === MAX_ATTEMPTS || !isLost) throw exhausted(failure, error)
      }
    }
  }
}

function lastOutcome(state: LedgerState, commands: readonly Command[]): Outcome {
  const workingSet = new WorkingSet(state)
  let last: Outcome | undefined
  for (const command of commands) last = advance(workingSet, command)
  assert(last, 'a dry run has at least one command')
  return last
}
