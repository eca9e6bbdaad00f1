// The use cases around wallets, one method each. Rules stand in domain/, writes go through the posting queue, reads through
// the repositories; what is left here is the order of steps.
import type { AdministrationCommand, PostingCommand } from '../domain/command.ts'
import { AppError, assert } from '../domain/errors.ts'
import { CREDIT } from '../domain/money.ts'
import { requireDecimals, transactionNotFound, walletNotFound } from '../domain/refusals.ts'
import type { Transaction, TransactionId } from '../domain/transaction.ts'
import type { Wallet, WalletId, WalletType } from '../domain/wallet.ts'
import type { HistoryRepository } from '../repositories/history-repository.ts'
import type { WalletRepository } from '../repositories/wallet-repository.ts'
import { newTransactionId, newWalletId } from './new-ids.ts'
import { type Asker, type OwnerChecks, UNASKED } from './owner-checks.ts'
import type { Poster } from './posting-queue.ts'
import {
  claimConsume,
  claimCreation,
  claimDeposit,
  claimRefund,
  claimTransfer,
  claimWithdraw,
  type ConsumeRequest,
  type CreateWalletRequest,
  type DepositRequest,
  type IdempotencyKey,
  type RefundRequest,
  type TransferRequest,
  type UpdateWalletRequest,
  type WithdrawRequest,
} from './requests.ts'

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

export interface WalletServiceOptions {
  readonly postings: Poster
  readonly wallets: WalletRepository
  readonly history: HistoryRepository
  /** Absent: anybody may own a wallet, and a service open it for any organization. */
  readonly owners?: Pick<OwnerChecks, 'refusalOf'> | null
}

/** Opens, changes and closes wallets, and moves money. */
export class WalletService {
  readonly #postings: Poster
  readonly #wallets: WalletRepository
  readonly #history: HistoryRepository
  readonly #owners: Pick<OwnerChecks, 'refusalOf'>

  constructor(options: WalletServiceOptions) {
    this.#postings = options.postings
    this.#wallets = options.wallets
    this.#history = options.history
    this.#owners = options.owners ?? UNASKED
  }

  /**
   * Opens a wallet; an initial balance is its first deposit. Throws `wallet_exists`, `idempotency_key_reused`; for a user
   * who names an organization, and where owners are checked, also `forbidden`, `peer_unavailable`, and as it may be
   * `user_not_found`, `organization_not_found`.
   */
  async createWallet(request: CreateWalletRequest, key?: IdempotencyKey, asker: Asker = {}): Promise<OpenedWallet> {
    await this.#requireOwner({ request, key, asker })
    const posting = await this.#postings.post({
      kind: 'create',
      walletId: newWalletId(),
      transactionId: newTransactionId(),
      userId: request.userId,
      organizationId: request.organizationId ?? null,
      walletType: request.walletType,
      currency: request.currency,
      initialBalance: request.initialBalance,
      blockchainAddress: request.blockchainAddress ?? null,
      blockchainNetwork: request.blockchainNetwork ?? null,
      metadata: request.metadata ?? {},
      idempotency: claimCreation(key, request),
    })
    if (posting.kind === 'created') return { wallet: posting.created.wallet, replayed: false }
    assert(posting.kind === 'replayed', 'a creation is created or replayed')
    const wallet = await this.#wallets.findCreation(walletIdOf(posting.effectId))
    assert(wallet, 'a replayed creation has its wallet')
    return { wallet, replayed: true }
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
    return this.#credit('deposit', walletId, request, key)
  }

  /** Adds money as a promotion. Throws as `deposit`. */
  reward(walletId: WalletId, request: DepositRequest, key?: IdempotencyKey): Promise<PostedRows> {
    return this.#credit('reward', walletId, request, key)
  }

  /** Pays money out. Throws `insufficient_balance` and as `deposit`. */
  withdraw(walletId: WalletId, request: WithdrawRequest, key?: IdempotencyKey): Promise<PostedRows> {
    return this.#post({
      kind: 'withdraw',
      walletId,
      transactionId: newTransactionId(),
      amount: request.amount,
      description: request.description ?? null,
      referenceId: null,
      usageRecordId: null,
      metadata: {
        ...request.metadata,
        ...(request.destination !== undefined && { destination: request.destination }),
      },
      idempotency: claimWithdraw(key, request),
    })
  }

  /** Takes money for metered use. Throws as `withdraw`. */
  consume(walletId: WalletId, request: ConsumeRequest, key?: IdempotencyKey): Promise<PostedRows> {
    return this.#debitForUse('consume', walletId, request, key)
  }

  /** Moves money between two wallets of one currency. Throws `same_wallet`, `currency_mismatch` and as `withdraw`. */
  transfer(walletId: WalletId, request: TransferRequest, key?: IdempotencyKey): Promise<PostedRows> {
    return this.#post({
      kind: 'transfer',
      walletId,
      toWalletId: request.toWalletId,
      transactionId: newTransactionId(),
      toTransactionId: newTransactionId(),
      feeTransactionId: newTransactionId(),
      amount: request.amount,
      fee: request.fee ?? null,
      description: request.description ?? null,
      metadata: request.metadata ?? {},
      idempotency: claimTransfer(key, request),
    })
  }

  /**
   * Gives back all or part of an earlier debit, into the wallet it came from.
   * Throws `transaction_not_found`, `not_refundable`, `refund_exceeds_original` and as `deposit`.
   */
  async refund(transactionId: TransactionId, request: RefundRequest, key?: IdempotencyKey): Promise<PostedRows> {
    const original = await this.#history.findTransaction(transactionId)
    if (!original) throw transactionNotFound(transactionId)
    return this.#post({
      kind: 'refund',
      walletId: original.walletId,
      transactionId: newTransactionId(),
      original,
      amount: request.amount ?? null,
      reason: request.reason,
      metadata: request.metadata ?? {},
      idempotency: claimRefund(key, transactionId, request),
    })
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
    return this.#debitForUse('consume_credits', walletId, request, key)
  }

  /**
   * Refuses an owner who may not have a wallet; before any lock, since others are asked. A request whose key has already opened
   * one goes on to the ledger, which answers it again or refuses it: never opens another, whatever has become of the owner.
   */
  async #requireOwner(creation: {
    readonly request: CreateWalletRequest
    readonly key: IdempotencyKey
    readonly asker: Asker
  }): Promise<void> {
    const { request, key, asker } = creation
    const { userId, organizationId = null, initialBalance, currency } = request
    const refusal = await this.#owners.refusalOf({ userId, organizationId }, asker)
    if (refusal === null) return
    if (key !== undefined && (await this.#wallets.hasCreation(userId, key))) return
    // As the ledger would say it: a fault of the request's own comes before what depends on others.
    if (initialBalance !== null) requireDecimals(initialBalance, currency, 'initial_balance')
    throw refusal
  }

  #credit(
    kind: 'deposit' | 'reward',
    walletId: WalletId,
    request: DepositRequest,
    key: IdempotencyKey,
  ): Promise<PostedRows> {
    return this.#post({
      kind,
      walletId,
      transactionId: newTransactionId(),
      amount: request.amount,
      description: request.description ?? null,
      referenceId: request.referenceId ?? null,
      usageRecordId: null,
      metadata: request.metadata ?? {},
      idempotency: claimDeposit(key, kind, request),
    })
  }

  #debitForUse(
    kind: 'consume' | 'consume_credits',
    walletId: WalletId,
    request: ConsumeRequest,
    key: IdempotencyKey,
  ): Promise<PostedRows> {
    return this.#post({
      kind: 'consume',
      walletId,
      transactionId: newTransactionId(),
      amount: request.amount,
      description: request.description ?? null,
      referenceId: null,
      usageRecordId: request.usageRecordId ?? null,
      metadata: request.metadata ?? {},
      idempotency: claimConsume(key, kind, request),
    })
  }

  async #post(command: PostingCommand): Promise<PostedRows> {
    const posting = await this.#postings.post(command)
    const replayed = posting.kind === 'replayed'
    assert(replayed || posting.kind === 'posted', 'a movement is posted or replayed')
    const rows = replayed ? await this.#history.findPosting(transactionIdOf(posting.effectId)) : posting.rows
    const [first, ...others] = rows
    assert(first, 'a posting has at least one row')
    return { rows: [first, ...others], replayed }
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

// The only places where an id that was read back from our own rows becomes a branded one.
function walletIdOf(effectId: string): WalletId {
  return effectId as WalletId
}

function transactionIdOf(effectId: string): TransactionId {
  return effectId as TransactionId
}
