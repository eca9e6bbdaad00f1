// Reads holds as they are at this moment: one that is past its time has expired, whoever will write that down whenever.
import { type Hold, holdAt, type HoldId } from '../domain/hold.ts'
import type { WalletId } from '../domain/wallet.ts'
import type { ReadDatabase } from '../db/pool.ts'
import { coalesced, coalescedByPlace, type Place } from './coalescing.ts'
import * as statements from './hold-read-statements.ts'
import { holdOf } from './hold-rows.ts'
import { reading } from './read-failures.ts'

export type { HoldPosition } from './hold-read-statements.ts'

/** A page, newest first, and whether there is more behind it. */
export interface HoldPage {
  readonly holds: readonly Hold[]
  readonly hasMore: boolean
}

/** A hold as something that happened to it left it. */
export interface HoldEffect {
  readonly hold: Hold
  /** Whether it was a capture, which wrote the wallet's row with that sequence. */
  readonly isCapture: boolean
  /** Sequence of the wallet's newest row then, 0 for none. */
  readonly transactionSequence: number
}

/** A wallet with holds that have expired and are not written down as such. */
export interface DueWallet {
  readonly walletId: WalletId
  readonly due: number
}

/** Look-ups of holds. Every method throws `database_unavailable` when the database does not answer. */
export class HoldRepository {
  readonly #db: ReadDatabase
  /** The hold, or `null`. Look-ups of one turn of the event loop are one query. */
  readonly findHold: (holdId: HoldId) => Promise<Hold | null>
  readonly #findEffect: (place: Place) => Promise<HoldEffect | null>

  constructor(db: ReadDatabase) {
    this.#db = db
    this.findHold = coalesced(async (ids) => {
      const { rows } = await reading(statements.findHolds(ids).execute(this.#db))
      return new Map(rows.map((row) => [row.hold_id, holdNow(row)]))
    })
    this.#findEffect = coalescedByPlace(async (places) => {
      const { rows } = await reading(statements.findHoldEvents(places).execute(this.#db))
      return rows.map((row) => [{ walletId: row.wallet_id, sequence: row.sequence }, effectOf(row)])
    })
  }

  /** Holds of a wallet, newest first; `after` continues after one of them. */
  async pageOfWallet(request: statements.HoldPageRequest): Promise<HoldPage> {
    const { limit } = request
    // One more than asked for tells whether there is a next page.
    const { rows } = await reading(statements.holdPage({ ...request, limit: limit + 1 }).execute(this.#db))
    return { holds: rows.slice(0, limit).map(holdNow), hasMore: rows.length > limit }
  }

  /** What one event of a wallet left behind, or `null`. Look-ups of one turn of the event loop are one query. */
  async findEffect(walletId: WalletId, sequence: number): Promise<HoldEffect | null> {
    return this.#findEffect({ walletId, sequence })
  }

  /** Where holds have expired and nobody has written it down; the wallets of the `limit` that expired first, but for some. */
  async findDueWallets(limit: number, passedOver: readonly WalletId[]): Promise<DueWallet[]> {
    const { rows } = await reading(statements.findDueWallets(limit, passedOver).execute(this.#db))
    return rows.map(({ wallet_id, due }) => ({ walletId: wallet_id, due }))
  }
}

function effectOf(row: statements.HoldEventRow): HoldEffect {
  return {
    hold: holdOf(row),
    isCapture: row.event_type === 'captured',
    transactionSequence: row.transaction_sequence,
  }
}

function holdNow(row: statements.TimedHoldRow): Hold {
  return holdAt(holdOf(row), row.now)
}
