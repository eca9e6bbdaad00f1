// The one writer of money: a row-locked transaction in two round trips. Lock and look up, decide in memory, write and
// commit. It holds no rules and cannot be used outside its transaction: `decide` gets data, never a handle.
import type { Command } from '../domain/command.ts'
import { formatInstant } from '../domain/instant.ts'
import type { LedgerState, WorkingSet } from '../domain/ledger-state.ts'
import type { WalletId } from '../domain/wallet.ts'
import type { PipelineConnection, PipelineStatement } from '../db/pipeline.ts'
import { classifyDatabaseError, isServerRefusal } from '../db/sqlstate.ts'
import { CommitOutcomeUnknown, LedgerFailure, type WrittenIds } from './ledger-failures.ts'
import { expiredLockLookups, holdLookups } from './hold-lookups.ts'
import { emptyLoad, type Locking, type Lookup, lookupsOf } from './ledger-lookups.ts'
import * as statements from './ledger-statements.ts'
import { writesOf } from './ledger-writes.ts'

/** What `transact` hands to `decide`: the locked state, and what could not be locked. */
export interface Locked extends LedgerState {
  /** Wallets that exist, but are held by somebody else. */
  readonly busyWallets: ReadonlySet<WalletId>
  /** Users for whom somebody else is opening a wallet. */
  readonly busyUsers: ReadonlySet<string>
}

const COMMIT: PipelineStatement = { text: 'COMMIT' }
const ROLLBACK: PipelineStatement = { text: 'ROLLBACK' }

/** Writes to the ledger over one pipelined connection; one transaction at a time. */
export class LedgerRepository {
  readonly #connection: PipelineConnection

  constructor(connection: PipelineConnection) {
    this.#connection = connection
  }

  /**
   * Locks what the commands touch, lets `decide` work on it, writes what came of it, commits.
   * Throws `LedgerFailure` when nothing was written, `CommitOutcomeUnknown` when that cannot be told.
   */
  async transact(
    commands: readonly Command[],
    locking: 'wait' | 'skip',
    decide: (locked: Locked) => WorkingSet,
  ): Promise<WorkingSet> {
    const decided = await this.#rollingBack(async () => decide(await this.#load(commands, locking)))
    const writes = writesOf(decided)
    if (writes.length === 0) {
      await this.#abandon()
      return decided
    }
    await this.#commit(writes, decided)
    return decided
  }

  /**
   * Lets `decide` work on what the commands would find at this moment, all of one snapshot: nothing is locked or written, and
   * nobody is waited for. Throws `LedgerFailure`.
   */
  async preview<Result>(commands: readonly Command[], decide: (state: LedgerState) => Result): Promise<Result> {
    const result = await this.#rollingBack(async () => decide(await this.#load(commands, 'none')))
    await this.#abandon()
    return result
  }

  /**
   * Finds out whether a flush whose COMMIT went unanswered was written. Its locks are awaited first, so that a
   * transaction still on its way to commit is not mistaken for one that failed.
   */
  async settle(commands: readonly Command[], written: WrittenIds): Promise<boolean> {
    return this.#rollingBack(async () => {
      await this.#load(commands, 'wait')
      const [found] = await this.#connection.send([
        statements.findWritten.with(
          written.transactionIds,
          written.walletIds,
          written.changes.map((change) => change.walletId),
          written.changes.map((change) => formatInstant(change.updatedAt)),
          written.holdEvents.map((event) => event.walletId),
          written.holdEvents.map((event) => event.sequence),
          written.holdEvents.map((event) => event.hash),
        ),
        ROLLBACK,
      ])
      const row: { written: boolean } | undefined = found?.rows[0]
      return row?.written === true
    })
  }

  async #load(commands: readonly Command[], locking: Locking): Promise<Locked> {
    const loaded = emptyLoad()
    const lookups = [...lookupsOf(commands, locking, loaded), ...holdLookups(commands, loaded)]
    const mode = locking === 'none' ? 'snapshot' : 'locking'
    absorb(
      lookups,
      await this.#connection.begin(
        lookups.map((lookup) => lookup.statement),
        mode,
      ),
    )
    // A third round trip, but only where a hold has expired since the wallet's lock was stored.
    const stale = expiredLockLookups(loaded)
    if (stale.length > 0) absorb(stale, await this.#connection.send(stale.map((lookup) => lookup.statement)))
    const busyWallets = new Set(loaded.existing.filter((walletId) => !loaded.wallets.has(walletId)))
    return { ...loaded, busyWallets }
  }

  async #commit(writes: readonly PipelineStatement[], decided: WorkingSet): Promise<void> {
    const written = writtenIds(decided)
    try {
      const answers = await this.#connection.send([...writes, COMMIT])
      // A failed statement rejects `send`; a COMMIT that the server turned into a ROLLBACK must not pass for one.
      if (answers.at(-1)?.command !== 'COMMIT') throw new Error('COMMIT was answered with ROLLBACK')
    } catch (error) {
      const failure = classifyDatabaseError(error)
      if (failure === 'unavailable' && !isServerRefusal(error)) {
        await this.#connection.close()
        throw new CommitOutcomeUnknown(written, error)
      }
      await this.#abandon()
      throw new LedgerFailure(failure, error)
    }
  }

  async #rollingBack<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      await this.#abandon()
      throw new LedgerFailure(classifyDatabaseError(error), error)
    }
  }

  /** Ends an open transaction. When even that fails the connection goes, and the server rolls back by itself. */
  async #abandon(): Promise<void> {
    if (!this.#connection.isOpen) return
    try {
      await this.#connection.send([ROLLBACK])
    } catch {
      await this.#connection.close()
    }
  }
}

function absorb(lookups: readonly Lookup[], answers: readonly { readonly rows: readonly unknown[] }[]): void {
  answers.forEach((answer, index) => lookups[index]?.absorb(answer.rows))
}

function writtenIds(decided: WorkingSet): WrittenIds {
  return {
    transactionIds: decided.rows.map((row) => row.transactionId),
    walletIds: [...decided.created.keys()],
    changes: [...decided.changedWallets].flatMap((walletId) => decided.wallets.get(walletId) ?? []),
    holdEvents: decided.events,
  }
}
