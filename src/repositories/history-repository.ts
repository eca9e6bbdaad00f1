// Reads the append-only history: rows by id, pages of it, and balances as they were.
import type { RawBuilder } from 'kysely'
import { assert } from '../domain/errors.ts'
import { type RequestKind, routeDigest } from '../domain/idempotency.ts'
import type { Instant } from '../domain/instant.ts'
import type { Transaction, TransactionId } from '../domain/transaction.ts'
import type { WalletId } from '../domain/wallet.ts'
import type { ReadDatabase } from '../db/pool.ts'
import { type LookBack, primaryOnly } from '../db/replica.ts'
import { coalesced, coalescedByPlace, type Place } from './coalescing.ts'
import * as statements from './history-statements.ts'
import { reading } from './read-failures.ts'
import { type TransactionRow, transactionOf } from './read-rows.ts'

export type { UserPosition } from './history-statements.ts'

/** The money of a wallet at an instant. */
export interface BalanceAt {
  readonly balance: bigint
  /** What holds locked then. */
  readonly lockedBalance: bigint
}

/** A page, newest first, and whether there is more behind it. */
export interface HistoryPage {
  readonly rows: readonly Transaction[]
  readonly hasMore: boolean
}

/** Look-ups in the ledger's history. Every method throws `database_unavailable` when the database does not answer. */
export class HistoryRepository {
  readonly #db: ReadDatabase
  readonly #lookBack: LookBack
  /** The row, or `null`. Look-ups of one turn of the event loop are one query. */
  readonly findTransaction: (transactionId: TransactionId) => Promise<Transaction | null>
  /** As `findPosting`, `null` for an unknown id; set-wise like `findTransaction`. */
  readonly #findPosting: (transactionId: TransactionId) => Promise<readonly Transaction[] | null>
  readonly #findRow: (place: Place) => Promise<Transaction | null>

  /** Pages may come from elsewhere than the rest, which the ledger itself relies on. */
  constructor(db: ReadDatabase, lookBack: LookBack = primaryOnly(db)) {
    this.#db = db
    this.#lookBack = lookBack
    this.findTransaction = coalesced(async (ids) => {
      const rows = await this.#rows(statements.findTransactions(ids))
      return new Map(rows.map((row) => [row.transactionId, row]))
    })
    this.#findPosting = coalesced(async (ids) => {
      const { rows } = await reading(statements.findPostings(ids).execute(this.#db))
      const byFirst = Map.groupBy(rows, (row) => row.first_id)
      return new Map([...byFirst].map(([id, posted]) => [id, posted.map(transactionOf)]))
    })
    this.#findRow = coalescedByPlace(async (places) => {
      const rows = await this.#rows(statements.findRows(places))
      return rows.map((row) => [row, row])
    })
  }

  /**
   * The rows that one command wrote, found by its first: the row itself; for a transfer's outgoing leg also the incoming
   * leg and the fee, in this order. Empty for an unknown id. Look-ups of one turn of the event loop are one query.
   */
  async findPosting(transactionId: TransactionId): Promise<readonly Transaction[]> {
    return (await this.#findPosting(transactionId)) ?? []
  }

  /** The wallet of a user in which requests of a kind used a key, or `null`. */
  async findWalletOfKey(userId: string, key: string, kind: RequestKind): Promise<WalletId | null> {
    const statement = statements.findWalletOfKey({ userId, key, routeDigest: routeDigest(kind) })
    const { rows } = await reading(statement.execute(this.#db))
    return rows[0]?.wallet_id ?? null
  }

  /** Rows of one wallet, newest first; `before` continues after a row by its sequence. */
  async pageOfWallet(request: statements.WalletPageRequest): Promise<HistoryPage> {
    return this.#page(request.limit, (limit) => statements.walletPage({ ...request, limit }))
  }

  /** Rows of all wallets of a user, newest first by (created_at, wallet_id, sequence); `after` continues after a row. */
  async pageOfUser(request: statements.UserPageRequest): Promise<HistoryPage> {
    return this.#page(request.limit, (limit) => statements.userPage({ ...request, limit }))
  }

  /** The row with this sequence in its wallet, or `null`; there is none with 0. */
  async findRow(walletId: WalletId, sequence: number): Promise<Transaction | null> {
    return sequence === 0 ? null : this.#findRow({ walletId, sequence })
  }

  /** The money of a wallet as it was at an instant; nothing before its first row. */
  async balanceAt(walletId: WalletId, at: Instant): Promise<BalanceAt> {
    const { rows } = await reading(statements.findBalanceAt(walletId, at).execute(this.#db))
    return balanceAtOf(rows)
  }

  /** One row more than asked for tells whether there is a next page. */
  async #page(limit: number, statement: (limit: number) => RawBuilder<TransactionRow>): Promise<HistoryPage> {
    const page = statement(limit + 1)
    const { rows } = await reading(this.#lookBack.read((db) => page.execute(db)))
    return { rows: rows.slice(0, limit).map(transactionOf), hasMore: rows.length > limit }
  }

  async #rows(statement: RawBuilder<TransactionRow>): Promise<Transaction[]> {
    const { rows } = await reading(statement.execute(this.#db))
    return rows.map(transactionOf)
  }
}

/** The money that `findBalanceAt` found. */
export function balanceAtOf([row]: readonly statements.BalanceAtRow[]): BalanceAt {
  assert(row, 'a question about an instant has an answer')
  return { balance: row.balance_after, lockedBalance: row.locked_balance }
}
