// Everything that explains a wallet's balance at an instant, read in one snapshot: the sums of its rows, the balance that its
// last row states, what is locked, and the holds that lock it.
import { earlierOf, type Instant } from '../domain/instant.ts'
import type { Period } from '../domain/period.ts'
import type { WalletWindow } from '../domain/statistics.ts'
import type { WalletId } from '../domain/wallet.ts'
import type { ReadDatabase } from '../db/pool.ts'
import { type BalanceAt, balanceAtOf } from './history-repository.ts'
import { findBalanceAt } from './history-statements.ts'
import { inOrderOfIndexes } from './hold-read-statements.ts'
import { type OpenHolds, openHoldsAt } from './open-holds.ts'
import { reading } from './read-failures.ts'
import { measurementOf } from './statistics-repository.ts'
import { walletLifetime, walletWindow } from './statistics-statements.ts'

/** What was found, all of one moment. */
export interface ExplanationFindings {
  readonly window: WalletWindow
  readonly period: Period
  /** Just before the period. */
  readonly opening: BalanceAt
  /** At the end of the period. */
  readonly closing: BalanceAt
  /** Holds open at the end of the period. */
  readonly open: OpenHolds
}

/** What to explain: from `start`, else the wallet's opening, to `end`, else now. */
export interface ExplanationRequest {
  readonly walletId: WalletId
  readonly start: Instant | null
  readonly end: Instant | null
  readonly maxHolds: number
}

/** Reads explanations. Throws `database_unavailable` when the database does not answer. */
export class ExplanationRepository {
  readonly #db: ReadDatabase

  constructor(db: ReadDatabase) {
    this.#db = db
  }

  /** What explains a wallet's balance; `null` for an unknown wallet. */
  async explain({ walletId, start, end, maxHolds }: ExplanationRequest): Promise<ExplanationFindings | null> {
    const snapshot = this.#db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only')
    return reading(
      snapshot.execute(async (db): Promise<ExplanationFindings | null> => {
        await inOrderOfIndexes.execute(db)
        const [lifetime] = (await walletLifetime(walletId).execute(db)).rows
        if (!lifetime) return null
        const { created_at: createdAt, now } = lifetime
        // Neither end lies in the future, of which nothing is known.
        const period = { start: earlierOf(start ?? createdAt, now), end: earlierOf(end ?? now, now) }
        const balanceAt = async (at: Instant): Promise<BalanceAt> =>
          balanceAtOf((await findBalanceAt(walletId, at).execute(db)).rows)
        const { windows } = measurementOf((await walletWindow(walletId, period).execute(db)).rows)
        const [window] = windows
        if (!window) return null
        const opening = await balanceAt(period.start - 1n)
        const closing = await balanceAt(period.end)
        const locked = closing.lockedBalance
        const open = await openHoldsAt(db, { walletId, at: period.end, locked, max: maxHolds })
        return { window, period, opening, closing, open }
      }),
    )
  }
}
