// The one writer of money: a row-locked transaction in two round trips. Lock and look up, decide in memory, write and
// commit. It holds no rules and cannot be used outside its transaction: `decide` gets data, never a handle.
import { allWalletsOf, type Command } from '../domain/command.ts'
import { formatInstant, type Instant } from '../domain/instant.ts'
import type { LedgerState, WorkingSet } from '../domain/ledger-state.ts'
import type { WalletId } from '../domain/wallet.ts'
import type { PipelineConnection } from '../db/pipeline.ts'
import type { PipelineStatement, StatementAnswer } from '../db/trip.ts'
import { classifyDatabaseError, isServerRefusal } from '../db/sqlstate.ts'
import { CommitOutcomeUnknown, LedgerFailure, type WrittenIds } from './ledger-failures.ts'
import { expiredLockLookups, holdLookups } from './hold-lookups.ts'
import { emptyLoad, type Locking, type Lookup, lookup, lookupsOf, versionLookup } from './ledger-lookups.ts'
import * as statements from './ledger-statements.ts'
import { confirmationOf, rowWritesOf, writesOf } from './ledger-writes.ts'
import { type Foreseen, RememberedWallets, type Written } from './remembered-wallets.ts'

/** What `transact` hands to `decide`: the locked state, and what could not be locked. */
export interface Locked extends LedgerState {
  /** Wallets that exist, but are held by somebody else. */
  readonly busyWallets: ReadonlySet<WalletId>
  /** Users for whom somebody else is opening a wallet. */
  readonly busyUsers: ReadonlySet<string>
}

/** What came of deciding the commands of a transaction. */
interface Decided {
  readonly workingSet: WorkingSet
  /** Whether any command was refused, or could not be decided. */
  readonly hasRefusals: boolean
}

/** How a transaction is to be run. */
export interface TransactionOptions {
  readonly locking: 'wait' | 'skip'
  /** May be called twice: what it decides without locks may turn out not to hold. */
  readonly decide: (locked: Locked) => Decided
  /** Told when that happens, and why. */
  readonly disproved?: (failure: LedgerFailure) => void
}

const COMMIT: PipelineStatement = { name: 'commit', text: 'COMMIT' }
const ROLLBACK: PipelineStatement = { name: 'rollback', text: 'ROLLBACK' }

/** Writes to the ledger over one pipelined connection; one transaction at a time. */
export class LedgerRepository {
  readonly #connection: PipelineConnection
  readonly #remembered: RememberedWallets

  /** Several that never write the same wallets at one time may share what they remember. */
  constructor(connection: PipelineConnection, remembered = new RememberedWallets()) {
    this.#connection = connection
    this.#remembered = remembered
  }

  /**
   * Locks what the commands touch, lets `decide` work on it, writes what came of it, commits. Movements are first decided on what
   * can be told without locks, and the transaction that writes them confirms it: one round trip where the wallets are known.
   * Throws `LedgerFailure` when nothing was written, `CommitOutcomeUnknown` when that cannot be told.
   */
  async transact(commands: readonly Command[], how: TransactionOptions): Promise<void> {
    const { locking, decide } = how
    const walletIds = allWalletsOf(commands)
    if (locking === 'wait' && this.#remembered.mayGuess(commands)) {
      const foreseen = await this.#foresee(walletIds)
      if (foreseen !== null && (await this.#confirm(foreseen, how))) return
    }
    this.#remembered.forget(walletIds)
    const decided = await this.#rollingBack(async () => decide(await this.#load(commands, locking)).workingSet)
    const writes = writesOf(decided)
    if (writes.length === 0) await this.#abandon()
    else await this.#commit(() => this.#connection.send([...writes, COMMIT]), decided)
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
   * Finds out whether a flush whose COMMIT went unanswered was written. Its locks are awaited first, so that a transaction still
   * on its way to commit is not mistaken for one that failed; and one that has not begun yet is kept from being confirmed later.
   */
  async settle(commands: readonly Command[], written: WrittenIds): Promise<boolean> {
    return this.#rollingBack(async () => {
      await this.#load(commands, 'wait')
      let isWritten = false
      const look = lookup<{ written: boolean }>(
        statements.findWritten.with(
          written.transactionIds,
          written.walletIds,
          written.changes.map((change) => change.walletId),
          written.changes.map((change) => formatInstant(change.updatedAt)),
          written.holdEvents.map((event) => event.walletId),
          written.holdEvents.map((event) => event.sequence),
          written.holdEvents.map((event) => event.hash),
        ),
        (row) => (isWritten = row.written),
      )
      const fence = statements.fenceWallets.with(allWalletsOf(commands))
      absorb([look], await this.#connection.send([look.statement, fence, COMMIT]))
      return isWritten
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

  /** What commands about these wallets will find, as far as can be told without locks. Asks only for what is not remembered. */
  async #foresee(walletIds: readonly WalletId[]): Promise<Foreseen | null> {
    const remembered = this.#remembered
    // Behind a new connection there may be another server, or one that was restored.
    if (!this.#connection.isOpen) remembered.clear()
    const missing = remembered.missing(walletIds)
    if (missing === null) return null
    const looks: Lookup[] = []
    if (missing.walletIds.length > 0) {
      looks.push(versionLookup(missing.walletIds, (wallet) => remembered.see(wallet)))
    }
    if (missing.clock)
      looks.push(lookup<{ now: Instant }>(statements.readClock.with(), ({ now }) => remembered.hear(now)))
    try {
      if (looks.length > 0) absorb(looks, await this.#connection.look(looks.map((look) => look.statement)))
      else await this.#connection.open()
    } catch (error) {
      // Behind a pooler a look is a transaction.
      await this.#abandon()
      throw new LedgerFailure(classifyDatabaseError(error), error)
    }
    return remembered.foresee(walletIds)
  }

  /**
   * Decides on what was foreseen, and writes it if that still holds. `false`: nothing was written, and it must be decided under
   * locks. A refusal is never told on a guess.
   */
  async #confirm(foreseen: Foreseen, { decide, disproved }: TransactionOptions): Promise<boolean> {
    const { workingSet, hasRefusals } = decide({ ...emptyLoad(), ...foreseen, busyWallets: new Set() })
    if (hasRefusals) return false
    const confirmation = lookup<Written>(confirmationOf(workingSet, foreseen), (written) =>
      this.#remembered.confirm(workingSet, written),
    )
    const writes = [confirmation.statement, ...rowWritesOf(workingSet), COMMIT]
    try {
      absorb([confirmation], await this.#commit(() => this.#connection.begin(writes), workingSet))
      return true
    } catch (error) {
      this.#remembered.doubt([...foreseen.wallets.keys()])
      if (!isDisproof(error)) throw error
      disproved?.(error)
      return false
    }
  }

  async #commit(
    send: () => Promise<readonly StatementAnswer[]>,
    decided: WorkingSet,
  ): Promise<readonly StatementAnswer[]> {
    const written = writtenIds(decided)
    try {
      const answers = await send()
      // A failed statement rejects; a COMMIT that the server turned into a ROLLBACK must not pass for one.
      if (answers.at(-1)?.command !== 'COMMIT') throw new Error('COMMIT was answered with ROLLBACK')
      return answers
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

/** Somebody else has written, or a key had been used. */
function isDisproof(error: unknown): error is LedgerFailure {
  return error instanceof LedgerFailure && (error.failure === 'conflict' || error.duplicateOf !== null)
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
