// Reads statistics: one statement, and so one snapshot, for each question.
import { assert } from '../domain/errors.ts'
import type { Instant } from '../domain/instant.ts'
import type { Period, RequestedPeriod } from '../domain/period.ts'
import type { BalanceBucket, WalletWindow } from '../domain/statistics.ts'
import type { TransactionType, TypeTotals } from '../domain/transaction.ts'
import type { WalletId } from '../domain/wallet.ts'
import type { ReadDatabase } from '../db/pool.ts'
import { type LookBack, primaryOnly } from '../db/replica.ts'
import { reading } from './read-failures.ts'
import {
  type EdgeRow,
  balanceEdges,
  userWindows,
  walletLifetime,
  walletWindow,
  type WindowRow,
} from './statistics-statements.ts'

/** Windows of wallets, all of the same moment, which the database's clock calls `now`. */
export interface Measurement {
  readonly windows: readonly WalletWindow[]
  readonly now: Instant | null
}

/** When a wallet was opened, and the database's clock. */
export interface Lifetime {
  readonly currency: string
  readonly createdAt: Instant
  readonly now: Instant
}

/** Figures of wallets over time. Every method throws `database_unavailable` when the database does not answer. */
export class StatisticsRepository {
  readonly #db: ReadDatabase
  readonly #lookBack: LookBack

  /** Figures may come from elsewhere than a wallet's own row, and the clock. */
  constructor(db: ReadDatabase, lookBack: LookBack = primaryOnly(db)) {
    this.#db = db
    this.#lookBack = lookBack
  }

  /** The window of one wallet; none for an unknown one. */
  async windowOfWallet(walletId: WalletId, period: RequestedPeriod): Promise<Measurement> {
    const { rows } = await reading(this.#lookBack.read((db) => walletWindow(walletId, period).execute(db)))
    return measurementOf(rows)
  }

  /** The windows of all wallets of a user, newest wallet first. */
  async windowsOfUser(userId: string, period: RequestedPeriod): Promise<Measurement> {
    const { rows } = await reading(this.#lookBack.read((db) => userWindows(userId, period).execute(db)))
    return measurementOf(rows)
  }

  /** The life of a wallet so far, or `null`. */
  async findLifetime(walletId: WalletId): Promise<Lifetime | null> {
    const { rows } = await reading(walletLifetime(walletId).execute(this.#db))
    const [row] = rows
    return row ? { currency: row.currency, createdAt: row.created_at, now: row.now } : null
  }

  /** Opening, closing, in, out and count of consecutive buckets. */
  async bucketsOfWallet(walletId: WalletId, buckets: readonly Period[]): Promise<BalanceBucket[]> {
    const [first] = buckets
    if (!first) return []
    // A bucket's end is inclusive and instants are whole microseconds, so the next one begins one later.
    const edges = [first.start, ...buckets.map((bucket) => bucket.end + 1n)]
    const { rows } = await reading(this.#lookBack.read((db) => balanceEdges(walletId, edges).execute(db)))
    assert(rows.length === edges.length, 'each edge has its row')
    const states = rows.map(edgeStateOf)
    return buckets.map((period, index) => bucketOf(period, states[index], states[index + 1]))
  }
}

interface EdgeState {
  readonly sequence: number
  readonly balance: bigint
  readonly totalIn: bigint
}

function edgeStateOf(row: EdgeRow): EdgeState {
  return { sequence: row.sequence ?? 0, balance: row.balance_after ?? 0n, totalIn: row.total_in ?? 0n }
}

function bucketOf(period: Period, before?: EdgeState, after?: EdgeState): BalanceBucket {
  assert(before && after, 'a bucket lies between two edges')
  const incoming = after.totalIn - before.totalIn
  return {
    period,
    opening: before.balance,
    closing: after.balance,
    in: incoming,
    out: before.balance + incoming - after.balance,
    count: after.sequence - before.sequence,
  }
}

/** Folds the rows (one a wallet and type) into windows (one a wallet), in their order. */
export function measurementOf(rows: readonly WindowRow[]): Measurement {
  const byWallet = Map.groupBy(rows, (row) => row.wallet_id)
  return { windows: [...byWallet.values()].map(windowOf), now: rows[0]?.now ?? null }
}

function windowOf(rows: readonly WindowRow[]): WalletWindow {
  const [row] = rows
  assert(row, 'a wallet has a row for each type')
  const totals: Partial<Record<TransactionType, TypeTotals>> = {}
  for (const { transaction_type, type_count, type_total_in, type_total_out } of rows) {
    if (!type_count) continue
    totals[transaction_type] = { count: type_count, in: type_total_in ?? 0n, out: type_total_out ?? 0n }
  }
  return {
    wallet: {
      walletId: row.wallet_id,
      userId: row.user_id,
      walletType: row.wallet_type,
      currency: row.currency,
      balance: row.balance,
      createdAt: row.created_at,
    },
    totals,
    count: row.window_count,
    gasFees: row.gas_fees,
  }
}
