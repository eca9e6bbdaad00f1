// The use cases around wallets, one method each. Rules stand in domain/, writes go through the posting queue, reads through
// the repositories; what is left here is the order of steps.
import type { AdministrationCommand, PostingCommand } from '../domain/command.ts'
import { AppError, assert } from '../domain/errors.ts'
import { CREDIT } from '../domain/money.ts'
import { transactionNotFound, walletNotFound } from '../domain/refusals.ts'
import type { TransactionId } from '../domain/transaction.ts'
import type { Wallet, WalletId, WalletType } from '../domain/wallet.ts'
import type { HistoryRepository } from '../repositories/history-repository.ts'
import type { HoldRepository } from '../repositories/hold-repository.ts'
import type { WalletRepository } from '../repositories/wallet-repository.ts'
import {
  consumptionCommand,
  creationCommand,
  creditCommand,
  refundCommand,
  transferCommand,
  withdrawalCommand,
} from './commands.ts'
import { CreationChecks } from './creation-checks.ts'
import { FirstAnswers, openedWallet, type OpenedWallet, postedRows, type PostedRows } from './first-answers.ts'
import type { Asker, OwnerChecks } from './owner-checks.ts'
import type { Poster } from './posting-queue.ts'
import type {
  ConsumeRequest,
  CreateWalletRequest,
  DepositRequest,
  IdempotencyKey,
  RefundRequest,
  TransferRequest,
  UpdateWalletRequest,
  WithdrawRequest,
} from './requests.ts'

export interface WalletServiceOptions {
  readonly postings: Poster
  readonly wallets: WalletRepository
  readonly history: HistoryRepository
  readonly holds: HoldRepository
  /** Absent: anybody may own a wallet, and a service open it for any organization. */
  readonly owners?: Pick<OwnerChecks, 'refusalOf'> | null
}

/** Opens, changes and closes wallets, and moves money. */
export class WalletService {
  readonly #postings: Poster
  readonly #wallets: WalletRepository
  readonly #history: HistoryRepository
  readonly #creations: CreationChecks
  readonly #answers: FirstAnswers

  constructor(options: WalletServiceOptions) {
    this.#postings = options.postings
    this.#wallets = options.wallets
    this.#history = options.history
    this.#creations = new CreationChecks(options)
    this.#answers = new FirstAnswers(options)
  }

  /**
   * Opens a wallet; an initial balance is its first deposit. Throws `wallet_exists`, `idempotency_key_reused`; for a user
   * who names an organization, and where owners are checked, also `forbidden`, `peer_unavailable`, and as it may be
   * `user_not_found`, `organization_not_found`.
   */
  async createWallet(request: CreateWalletRequest, key?: IdempotencyKey, asker: Asker = {}): Promise<OpenedWallet> {
    await this.#creations.require({ request, key, asker })
    const posting = await this.#postings.post(creationCommand(request, key))
    return posting.kind === 'replayed' ? this.#answers.wallet(posting.effectId) : openedWallet(posting)
  }

  /** Looks a wallet up. Throws `wallet_not_found`. */
  async getWallet(walletId: WalletId): Promise<Wallet> {
    const wallet = await this.#wallets.findWallet(walletId)
    if (!wallet) throw walletNotFound(walletId)
    return wallet
  }

  /** A user's wallets, newest first; empty for a user nobody knows. */
  walletsOfUser(userId: string, walletType?: WalletType): Promise<readonly Wallet[]> {
    return this.#wallets.walletsOfUser(userId, walletType)
  }

  /** An organization's wallets, or those of one owner in it, newest first; empty for an organization nobody knows. */
  walletsOfOrganization(
    organizationId: string,
    wanted: { readonly walletType?: WalletType | undefined; readonly owner?: string | null } = {},
  ): Promise<readonly Wallet[]> {
    return this.#wallets.walletsOfOrganization(organizationId, wanted)
  }

  /** Merges metadata, changes the blockchain address or network. Throws `wallet_not_found`, `wallet_closed`. */
  updateWallet(walletId: WalletId, request: UpdateWalletRequest): Promise<Wallet> {
    const { metadata, blockchainAddress, blockchainNetwork } = request
    return this.#administer({
      kind: 'update',
      walletId,
      ...(metadata !== undefined && { metadata }),
      ...(blockchainAddress !== undefined && { blockchainAddress }),
      ...(blockchainNetwork !== undefined && { blockchainNetwork }),
    })
  }

  /** Stops all money going in or out; freezing a frozen wallet renews the reason. Throws `wallet_not_found`, `wallet_closed`. */
  freezeWallet(walletId: WalletId, reason: string): Promise<Wallet> {
    return this.#administer({ kind: 'freeze', walletId, reason })
  }

  /** Lets money move again. Throws `wallet_not_found`, `wallet_closed`. */
  unfreezeWallet(walletId: WalletId, reason: string): Promise<Wallet> {
    return this.#administer({ kind: 'unfreeze', walletId, reason })
  }

  /**
   * Closes an empty wallet for good; its history stays.
   * Throws `wallet_not_found`, `wallet_not_empty`, `wallet_frozen`, `wallet_closed`.
   */
  closeWallet(walletId: WalletId): Promise<Wallet> {
    return this.#administer({ kind: 'close', walletId, reason: null })
  }

  /** Adds money from outside. Throws `wallet_not_found`, `wallet_frozen`, `wallet_closed`, `idempotency_key_reused`. */
  deposit(walletId: WalletId, request: DepositRequest, key?: IdempotencyKey): Promise<PostedRows> {
    return this.#post(creditCommand('deposit', walletId, request, key))
  }

  /** Adds money as a promotion. Throws as `deposit`. */
  reward(walletId: WalletId, request: DepositRequest, key?: IdempotencyKey): Promise<PostedRows> {
    return this.#post(creditCommand('reward', walletId, request, key))
  }

  /** Pays money out. Throws `insufficient_balance` and as `deposit`. */
  withdraw(walletId: WalletId, request: WithdrawRequest, key?: IdempotencyKey): Promise<PostedRows> {
    return this.#post(withdrawalCommand(walletId, request, key))
  }

  /** Takes money for metered use. Throws as `withdraw`. */
  consume(walletId: WalletId, request: ConsumeRequest, key?: IdempotencyKey): Promise<PostedRows> {
    return this.#post(consumptionCommand('consume', walletId, request, key))
  }

  /** Moves money between two wallets of one currency. Throws `same_wallet`, `currency_mismatch` and as `withdraw`. */
  transfer(walletId: WalletId, request: TransferRequest, key?: IdempotencyKey): Promise<PostedRows> {
    return this.#post(transferCommand(walletId, request, key))
  }

  /**
   * Gives back all or part of an earlier debit, into the wallet it came from.
   * Throws `transaction_not_found`, `not_refundable`, `refund_exceeds_original` and as `deposit`.
   */
  async refund(transactionId: TransactionId, request: RefundRequest, key?: IdempotencyKey): Promise<PostedRows> {
    const original = await this.#history.findTransaction(transactionId)
    if (!original) throw transactionNotFound(transactionId)
    return this.#post(refundCommand(original, request, key))
  }

  /**
   * The wallet behind the legacy credit endpoints: the user's CREDIT wallet, else the oldest fiat one, else a new one, which is
   * opened as by `createWallet`.
   */
  async creditWallet(userId: string, asker: Asker = {}): Promise<Wallet> {
    const existing = await this.#wallets.primaryFiatWallet(userId)
    if (existing) return existing
    try {
      const request = { userId, walletType: 'fiat', currency: CREDIT, initialBalance: null } as const
      const opened = await this.createWallet(request, undefined, asker)
      return opened.wallet
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'wallet_exists') throw error
      // Somebody else opened it between our look and our attempt.
      const opened = await this.#wallets.primaryFiatWallet(userId)
      if (!opened) throw error
      return opened
    }
  }

  /**
   * Takes money for metered use from the user's credit wallet. Throws as `consume` and, where it opens one, as `createWallet`.
   * A key leads back to the wallet that it was first used in: which wallet is meant may have changed since, when a CREDIT
   * wallet was opened beside an older one or the wallet was closed, and a retry must not be charged to another wallet.
   */
  async consumeCredits(
    userId: string,
    request: ConsumeRequest,
    key?: IdempotencyKey,
    asker: Asker = {},
  ): Promise<PostedRows> {
    const earlier = key === undefined ? null : await this.#history.findWalletOfKey(userId, key, 'consume_credits')
    const walletId = earlier ?? (await this.creditWallet(userId, asker)).walletId
    return this.#post(consumptionCommand('consume_credits', walletId, request, key))
  }

  async #post(command: PostingCommand): Promise<PostedRows> {
    const posting = await this.#postings.post(command)
    return posting.kind === 'replayed' ? this.#answers.rows(posting.effectId) : postedRows(posting)
  }

  /** Answers with the change itself: reading the wallet again could fail, and would tell of a change that stands. */
  async #administer(command: AdministrationCommand): Promise<Wallet> {
    const before = await this.getWallet(command.walletId)
    const posting = await this.#postings.post(command)
    assert(posting.kind === 'changed', 'administration changes a wallet')
    const { balance, lockedBalance, updatedAt } = posting.wallet
    const { status, blockchainAddress, blockchainNetwork, metadata } = posting.details
    return {
      ...before,
      balance,
      lockedBalance,
      updatedAt,
      status,
      blockchainAddress,
      blockchainNetwork,
      metadata,
    }
  }
}
