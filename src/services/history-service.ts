// The use cases that look back: pages of history, single transactions, balances now and then.
import { AppError } from '../domain/errors.ts'
import type { Instant } from '../domain/instant.ts'
import { transactionNotFound, walletNotFound } from '../domain/refusals.ts'
import type { Transaction, TransactionId, TransactionType } from '../domain/transaction.ts'
import { availableBalance, type Wallet, type WalletId, type WalletMoney } from '../domain/wallet.ts'
import type { HistoryPage, HistoryRepository } from '../repositories/history-repository.ts'
import type { WalletRepository } from '../repositories/wallet-repository.ts'
import { type CursorScope, readUserCursor, readWalletCursor, userCursor, walletCursor } from './page-cursor.ts'

/** Which rows, and which page of them. Both instants are inclusive. */
export interface HistoryRequest {
  readonly transactionType?: TransactionType | undefined
  readonly startDate?: Instant | undefined
  readonly endDate?: Instant | undefined
  readonly limit: number
  /** Rows to pass over; not together with a cursor. */
  readonly offset: number
  /** The `nextCursor` of an earlier page. */
  readonly cursor?: string | undefined
}

/** A page of history, newest first. */
export interface HistoryResult {
  readonly transactions: readonly Transaction[]
  readonly limit: number
  readonly offset: number
  /** Continues exactly where this page ends, whatever has been written since; `null` on the last page. */
  readonly nextCursor: string | null
}

/** The money of a wallet, now or at an instant; of an instant in the past the chain was not asked, so that is `null`. */
export interface WalletBalance extends WalletMoney {
  readonly availableBalance: bigint
}

/** Reads of the append-only history. Every method throws `database_unavailable` when the database does not answer. */
export class HistoryService {
  readonly #wallets: WalletRepository
  readonly #history: HistoryRepository

  constructor(options: { readonly wallets: WalletRepository; readonly history: HistoryRepository }) {
    this.#wallets = options.wallets
    this.#history = options.history
  }

  /** A wallet's rows, newest first. Throws `wallet_not_found`, `validation_failed` (the cursor). */
  async walletHistory(walletId: WalletId, request: HistoryRequest): Promise<HistoryResult> {
    requireOnePosition(request)
    const scope: CursorScope = { list: `wallet ${walletId}`, ...filterOf(request) }
    const before = request.cursor === undefined ? null : readWalletCursor(scope, request.cursor)
    const { limit, offset } = request
    const page = await this.#history.pageOfWallet({ walletId, ...filterOf(request), limit, offset, before })
    // A row proves its wallet: only an empty page leaves the question open.
    if (page.rows.length === 0) await this.#requireWallet(walletId)
    return resultOf(request, page, (last) => walletCursor(scope, last.sequence))
  }

  /** The rows of all wallets of a user, newest first; none for an unknown user. Throws `validation_failed` (the cursor). */
  async userHistory(userId: string, request: HistoryRequest): Promise<HistoryResult> {
    requireOnePosition(request)
    const scope: CursorScope = { list: `user ${userId}`, ...filterOf(request) }
    const after = request.cursor === undefined ? null : readUserCursor(scope, request.cursor)
    const { limit, offset } = request
    const page = await this.#history.pageOfUser({ userId, ...filterOf(request), limit, offset, after })
    return resultOf(request, page, (last) => userCursor(scope, last))
  }

  /** One row. Throws `transaction_not_found`. */
  async getTransaction(transactionId: TransactionId): Promise<Transaction> {
    const transaction = await this.#history.findTransaction(transactionId)
    if (!transaction) throw transactionNotFound(transactionId)
    return transaction
  }

  /**
   * A wallet's money now; with `at`, as the last row up to and including that instant left it (0 before the first).
   * Throws `wallet_not_found`.
   */
  async balance(walletId: WalletId, at?: Instant): Promise<WalletBalance> {
    if (at === undefined) return balanceOf(await this.#requireMoney(walletId))
    const [money, then] = await Promise.all([this.#requireMoney(walletId), this.#history.balanceAt(walletId, at)])
    return balanceOf({ ...money, ...then, onChainBalance: null })
  }

  async #requireMoney(walletId: WalletId): Promise<WalletMoney> {
    const money = await this.#wallets.findMoney(walletId)
    if (!money) throw walletNotFound(walletId)
    return money
  }

  async #requireWallet(walletId: WalletId): Promise<Wallet> {
    const wallet = await this.#wallets.findWallet(walletId)
    if (!wallet) throw walletNotFound(walletId)
    return wallet
  }
}

function filterOf({ transactionType, startDate, endDate }: HistoryRequest) {
  return { types: transactionType === undefined ? [] : [transactionType], from: startDate ?? null, to: endDate ?? null }
}

/** A cursor is a position, and so is an offset: which of the two was meant must not be guessed. */
function requireOnePosition({ cursor, offset }: HistoryRequest): void {
  if (cursor === undefined || offset === 0) return
  const msg = 'Must not be sent together with cursor'
  throw new AppError('validation_failed', `query.offset: ${msg}`, {
    faults: [{ loc: ['query', 'offset'], type: 'conflicting', msg }],
  })
}

function resultOf(
  request: HistoryRequest,
  page: HistoryPage,
  cursorAfter: (last: Transaction) => string,
): HistoryResult {
  const last = page.rows.at(-1)
  return {
    transactions: page.rows,
    limit: request.limit,
    offset: request.offset,
    nextCursor: page.hasMore && last ? cursorAfter(last) : null,
  }
}

function balanceOf(money: WalletMoney): WalletBalance {
  return { ...money, availableBalance: availableBalance(money) }
}
