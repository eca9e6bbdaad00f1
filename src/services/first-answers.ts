// What an operation answers: from what the ledger has just done, or, for a key that was used before, from what it did then.
import { assert } from '../domain/errors.ts'
import type { Hold } from '../domain/hold.ts'
import type { Transaction, TransactionId } from '../domain/transaction.ts'
import type { Wallet, WalletId } from '../domain/wallet.ts'
import type { HistoryRepository } from '../repositories/history-repository.ts'
import type { HoldRepository } from '../repositories/hold-repository.ts'
import type { WalletRepository } from '../repositories/wallet-repository.ts'
import type { Posting } from './posting-queue.ts'

/** Rows that an operation wrote, now or when its key was first used: the row asked for, a transfer's other leg, its fee. */
export interface PostedRows {
  readonly rows: readonly [Transaction, ...Transaction[]]
  readonly replayed: boolean
}

/** A wallet that an operation opened, now or when its key was first used. */
export interface OpenedWallet {
  readonly wallet: Wallet
  readonly replayed: boolean
}

/** A hold as an operation left it, now or when its key was first used. */
export interface HoldAnswer {
  readonly hold: Hold
  /** The wallet's balance then, holds included. */
  readonly balance: bigint
  /** The row that a capture wrote. */
  readonly transaction: Transaction | null
  readonly replayed: boolean
}

/** What a capture leaves: the hold and the row that it wrote. */
export interface Capture extends HoldAnswer {
  readonly transaction: Transaction
}

/** The answer to a movement that was just posted. */
export function postedRows(posting: Posting): PostedRows {
  assert(posting.kind === 'posted', 'a movement is posted or replayed')
  return rowsAnswer(posting.rows, false)
}

/** The answer to a creation that has just happened. */
export function openedWallet(posting: Posting): OpenedWallet {
  assert(posting.kind === 'created', 'a creation is created or replayed')
  return { wallet: posting.created.wallet, replayed: false }
}

/** The answer to what has just happened to a hold. */
export function holdAnswer(posting: Posting): HoldAnswer {
  assert(posting.kind === 'held', 'a command about holds is held or replayed')
  const [hold] = posting.holds
  assert(hold, 'a command about a hold leaves it behind')
  return { hold, balance: posting.wallet.balance, transaction: posting.rows[0] ?? null, replayed: false }
}

/** A capture's answer. */
export function captureOf({ transaction, ...answer }: HoldAnswer): Capture {
  assert(transaction, 'a capture writes a row')
  return { ...answer, transaction }
}

function rowsAnswer(rows: readonly Transaction[], replayed: boolean): PostedRows {
  const [first, ...others] = rows
  assert(first, 'a posting has at least one row')
  return { rows: [first, ...others], replayed }
}

/** Reads first answers again, whatever has happened since. Every method throws `database_unavailable`. */
export class FirstAnswers {
  readonly #wallets: WalletRepository
  readonly #history: HistoryRepository
  readonly #holds: HoldRepository

  constructor(repositories: {
    readonly wallets: WalletRepository
    readonly history: HistoryRepository
    readonly holds: HoldRepository
  }) {
    this.#wallets = repositories.wallets
    this.#history = repositories.history
    this.#holds = repositories.holds
  }

  /** Of a movement, by its first row. */
  async rows(effectId: string): Promise<PostedRows> {
    return rowsAnswer(await this.#history.findPosting(transactionIdOf(effectId)), true)
  }

  /** Of a creation, by its wallet. */
  async wallet(effectId: string): Promise<OpenedWallet> {
    const wallet = await this.#wallets.findCreation(walletIdOf(effectId))
    assert(wallet, 'a replayed creation has its wallet')
    return { wallet, replayed: true }
  }

  /** Of what happened to a hold, by the sequence of that event in its wallet. */
  async hold(walletId: WalletId, effectId: string): Promise<HoldAnswer> {
    const effect = await this.#holds.findEffect(walletId, Number(effectId))
    assert(effect, 'a replayed effect is recorded')
    const row = await this.#history.findRow(walletId, effect.transactionSequence)
    return {
      hold: effect.hold,
      balance: row?.balanceAfter ?? 0n,
      transaction: effect.isCapture ? row : null,
      replayed: true,
    }
  }
}

// The only places where an id that was read back from our own rows becomes a branded one.
function walletIdOf(effectId: string): WalletId {
  return effectId as WalletId
}

function transactionIdOf(effectId: string): TransactionId {
  return effectId as TransactionId
}
