// Every operation of the API as a method, and how it goes over the wire. Generated from openapi.yaml by `npm run generate`; do not edit.

import type {
  BatchData,
  BatchPayload,
  CaptureHoldData,
  CaptureHoldPayload,
  CloseWalletData,
  ConsumeCreditsData,
  ConsumeCreditsPayload,
  ConsumeData,
  ConsumePayload,
  CreateWalletData,
  CreateWalletPayload,
  DepositData,
  DepositPayload,
  ExplainBalanceData,
  ExplainBalanceParams,
  ExtendHoldData,
  ExtendHoldPayload,
  FreezeWalletData,
  FreezeWalletPayload,
  GetBalanceData,
  GetBalanceHistoryData,
  GetBalanceHistoryParams,
  GetBalanceParams,
  GetCreditsBalanceData,
  GetHealthData,
  GetHoldData,
  GetLivenessData,
  GetMetricsData,
  GetReadinessData,
  GetRootData,
  GetStatsData,
  GetTransactionData,
  GetUserStatisticsData,
  GetUserStatisticsParams,
  GetWalletData,
  GetWalletStatisticsData,
  GetWalletStatisticsParams,
  ListHoldsOfWalletData,
  ListHoldsOfWalletParams,
  ListTransactionsOfUserData,
  ListTransactionsOfUserParams,
  ListTransactionsOfWalletData,
  ListTransactionsOfWalletParams,
  ListWalletsOfOrganizationData,
  ListWalletsOfOrganizationParams,
  ListWalletsOfUserData,
  ListWalletsOfUserParams,
  PlaceHoldData,
  PlaceHoldPayload,
  RefundData,
  RefundPayload,
  RewardData,
  RewardPayload,
  TransferData,
  TransferPayload,
  UnfreezeWalletData,
  UnfreezeWalletPayload,
  UpdateWalletData,
  UpdateWalletPayload,
  VoidHoldData,
  WithdrawData,
  WithdrawPayload,
} from './api-types.ts'
import type { KeyedOptions, MutationOptions, Operation, OperationRequest, ReadOptions } from './operation.ts'

/** The version of the API that this client was made for. */
export const API_VERSION = '0.1.0'

/** Members of request bodies that are amounts. */
export const AMOUNT_FIELDS: ReadonlySet<string> = new Set(['amount', 'fee', 'initial_balance'])

/** How each operation goes over the wire. */
export const OPERATIONS = {
  createWallet: {
    name: 'createWallet',
    method: 'POST',
    path: '/api/v1/wallets',
    changes: true,
    keyed: true,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  getWallet: {
    name: 'getWallet',
    method: 'GET',
    path: '/api/v1/wallets/{wallet_id}',
    changes: false,
    keyed: false,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  updateWallet: {
    name: 'updateWallet',
    method: 'PATCH',
    path: '/api/v1/wallets/{wallet_id}',
    changes: true,
    keyed: false,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  closeWallet: {
    name: 'closeWallet',
    method: 'DELETE',
    path: '/api/v1/wallets/{wallet_id}',
    changes: true,
    keyed: false,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  listWalletsOfUser: {
    name: 'listWalletsOfUser',
    method: 'GET',
    path: '/api/v1/users/{user_id}/wallets',
    changes: false,
    keyed: false,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  listWalletsOfOrganization: {
    name: 'listWalletsOfOrganization',
    method: 'GET',
    path: '/api/v1/organizations/{organization_id}/wallets',
    changes: false,
    keyed: false,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  freezeWallet: {
    name: 'freezeWallet',
    method: 'POST',
    path: '/api/v1/wallets/{wallet_id}/freeze',
    changes: true,
    keyed: false,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  unfreezeWallet: {
    name: 'unfreezeWallet',
    method: 'POST',
    path: '/api/v1/wallets/{wallet_id}/unfreeze',
    changes: true,
    keyed: false,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  getBalance: {
    name: 'getBalance',
    method: 'GET',
    path: '/api/v1/wallets/{wallet_id}/balance',
    changes: false,
    keyed: false,
    statuses: [200],
    isText: false,
    exactNumbers: [
      ['data', 'balance'],
      ['data', 'locked_balance'],
      ['data', 'available_balance'],
      ['data', 'on_chain_balance'],
    ],
  },
  deposit: {
    name: 'deposit',
    method: 'POST',
    path: '/api/v1/wallets/{wallet_id}/deposit',
    changes: true,
    keyed: true,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  reward: {
    name: 'reward',
    method: 'POST',
    path: '/api/v1/wallets/{wallet_id}/reward',
    changes: true,
    keyed: true,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  withdraw: {
    name: 'withdraw',
    method: 'POST',
    path: '/api/v1/wallets/{wallet_id}/withdraw',
    changes: true,
    keyed: true,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  consume: {
    name: 'consume',
    method: 'POST',
    path: '/api/v1/wallets/{wallet_id}/consume',
    changes: true,
    keyed: true,
    statuses: [200],
    isText: false,
    exactNumbers: [['data', 'remaining_balance']],
  },
  transfer: {
    name: 'transfer',
    method: 'POST',
    path: '/api/v1/wallets/{wallet_id}/transfer',
    changes: true,
    keyed: true,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  refund: {
    name: 'refund',
    method: 'POST',
    path: '/api/v1/transactions/{transaction_id}/refund',
    changes: true,
    keyed: true,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  listHoldsOfWallet: {
    name: 'listHoldsOfWallet',
    method: 'GET',
    path: '/api/v1/wallets/{wallet_id}/holds',
    changes: false,
    keyed: false,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  placeHold: {
    name: 'placeHold',
    method: 'POST',
    path: '/api/v1/wallets/{wallet_id}/holds',
    changes: true,
    keyed: true,
    statuses: [201],
    isText: false,
    exactNumbers: [],
  },
  getHold: {
    name: 'getHold',
    method: 'GET',
    path: '/api/v1/holds/{hold_id}',
    changes: false,
    keyed: false,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  captureHold: {
    name: 'captureHold',
    method: 'POST',
    path: '/api/v1/holds/{hold_id}/capture',
    changes: true,
    keyed: true,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  voidHold: {
    name: 'voidHold',
    method: 'POST',
    path: '/api/v1/holds/{hold_id}/void',
    changes: true,
    keyed: true,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  extendHold: {
    name: 'extendHold',
    method: 'POST',
    path: '/api/v1/holds/{hold_id}/extend',
    changes: true,
    keyed: true,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  batch: {
    name: 'batch',
    method: 'POST',
    path: '/api/v1/batch',
    changes: true,
    keyed: false,
    statuses: [200],
    isText: false,
    exactNumbers: [['results', '*', 'data', 'remaining_balance']],
  },
  listTransactionsOfWallet: {
    name: 'listTransactionsOfWallet',
    method: 'GET',
    path: '/api/v1/wallets/{wallet_id}/transactions',
    changes: false,
    keyed: false,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  listTransactionsOfUser: {
    name: 'listTransactionsOfUser',
    method: 'GET',
    path: '/api/v1/users/{user_id}/transactions',
    changes: false,
    keyed: false,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  getTransaction: {
    name: 'getTransaction',
    method: 'GET',
    path: '/api/v1/transactions/{transaction_id}',
    changes: false,
    keyed: false,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  getWalletStatistics: {
    name: 'getWalletStatistics',
    method: 'GET',
    path: '/api/v1/wallets/{wallet_id}/statistics',
    changes: false,
    keyed: false,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  getUserStatistics: {
    name: 'getUserStatistics',
    method: 'GET',
    path: '/api/v1/users/{user_id}/statistics',
    changes: false,
    keyed: false,
    statuses: [200],
    isText: false,
    exactNumbers: [
      ['total_balance'],
      ['total_deposits'],
      ['total_withdrawals'],
      ['total_consumed'],
      ['total_refunded'],
      ['statistics', 'total_balance'],
      ['statistics', 'total_deposits'],
      ['statistics', 'total_withdrawals'],
      ['statistics', 'total_consumed'],
      ['statistics', 'total_refunded'],
    ],
  },
  getBalanceHistory: {
    name: 'getBalanceHistory',
    method: 'GET',
    path: '/api/v1/wallets/{wallet_id}/balance/history',
    changes: false,
    keyed: false,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  explainBalance: {
    name: 'explainBalance',
    method: 'GET',
    path: '/api/v1/wallets/{wallet_id}/explain',
    changes: false,
    keyed: false,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  getCreditsBalance: {
    name: 'getCreditsBalance',
    method: 'GET',
    path: '/api/v1/users/{user_id}/credits/balance',
    changes: true,
    keyed: false,
    statuses: [200],
    isText: false,
    exactNumbers: [['balance'], ['available_balance'], ['locked_balance']],
  },
  consumeCredits: {
    name: 'consumeCredits',
    method: 'POST',
    path: '/api/v1/users/{user_id}/credits/consume',
    changes: true,
    keyed: true,
    statuses: [200],
    isText: false,
    exactNumbers: [['data', 'remaining_balance']],
  },
  getRoot: {
    name: 'getRoot',
    method: 'GET',
    path: '/',
    changes: false,
    keyed: false,
    statuses: [200, 503],
    isText: false,
    exactNumbers: [],
  },
  getHealth: {
    name: 'getHealth',
    method: 'GET',
    path: '/health',
    changes: false,
    keyed: false,
    statuses: [200, 503],
    isText: false,
    exactNumbers: [],
  },
  getLiveness: {
    name: 'getLiveness',
    method: 'GET',
    path: '/health/live',
    changes: false,
    keyed: false,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  getReadiness: {
    name: 'getReadiness',
    method: 'GET',
    path: '/health/ready',
    changes: false,
    keyed: false,
    statuses: [200, 503],
    isText: false,
    exactNumbers: [],
  },
  getStats: {
    name: 'getStats',
    method: 'GET',
    path: '/api/v1/wallet/stats',
    changes: false,
    keyed: false,
    statuses: [200],
    isText: false,
    exactNumbers: [],
  },
  getMetrics: {
    name: 'getMetrics',
    method: 'GET',
    path: '/metrics',
    changes: false,
    keyed: false,
    statuses: [200],
    isText: true,
    exactNumbers: [],
  },
} as const satisfies Record<string, Operation>

/** The operations of the API; whoever extends this sends them. */
export abstract class Operations {
  protected abstract run<Answer>(operation: Operation, request: OperationRequest): Promise<Answer>

  /**
   * Open a wallet. A user has at most one open fiat wallet per currency: a second one is refused with
   * `wallet_exists`, which names the one there is. An initial balance is written as the first deposit, in the same
   * transaction. Where owners are checked (`VALIDATE_USERS`), the account service must know the user
   * (`user_not_found`) as active, and the organization service the organization (`organization_not_found`) and the
   * user as an active member of it (both else `forbidden`); a service that does not answer is passed over or, if
   * its answer is required, is `peer_unavailable`. With a user's token, whoever names an organization must be
   * known as its member, whatever `VALIDATE_USERS` says: no answer is `peer_unavailable`, and `forbidden` where
   * nobody is asked.
   * Throws `wallet_exists`, `malformed_json`, `unauthenticated`, `forbidden`, `user_not_found`,
   * `organization_not_found`, `body_too_large`, `unsupported_media_type`, `validation_failed`,
   * `idempotency_key_reused`, `rate_limited`, `internal_error`, `overloaded`, `database_unavailable`,
   * `wallet_busy`, `outcome_unknown`, `peer_unavailable`.
   */
  createWallet(body: CreateWalletPayload, options: KeyedOptions = {}): Promise<CreateWalletData> {
    return this.run(OPERATIONS.createWallet, { body, options })
  }

  /**
   * Look a wallet up. The wallet itself, without an envelope.
   * Throws `unauthenticated`, `forbidden`, `wallet_not_found`, `validation_failed`, `rate_limited`,
   * `internal_error`, `database_unavailable`, `peer_unavailable`.
   */
  getWallet(walletId: string, options: ReadOptions = {}): Promise<GetWalletData> {
    return this.run(OPERATIONS.getWallet, { path: { wallet_id: walletId }, options })
  }

  /**
   * Change a wallet's particulars. `metadata` is merged (RFC 7396: objects merge, `null` removes); the blockchain
   * address and network replace what is there, `null` removes them. Currency and balance never change here.
   * Throws `wallet_closed`, `malformed_json`, `unauthenticated`, `forbidden`, `wallet_not_found`,
   * `body_too_large`, `unsupported_media_type`, `validation_failed`, `rate_limited`, `internal_error`,
   * `overloaded`, `database_unavailable`, `wallet_busy`, `outcome_unknown`, `peer_unavailable`.
   */
  updateWallet(walletId: string, body: UpdateWalletPayload, options: MutationOptions = {}): Promise<UpdateWalletData> {
    return this.run(OPERATIONS.updateWallet, { path: { wallet_id: walletId }, body, options })
  }

  /**
   * Close a wallet for good. Balance and holds must be zero. History, balance and statistics stay readable.
   * Throws `wallet_frozen`, `wallet_closed`, `wallet_not_empty`, `malformed_json`, `unauthenticated`, `forbidden`,
   * `wallet_not_found`, `body_too_large`, `unsupported_media_type`, `validation_failed`, `rate_limited`,
   * `internal_error`, `overloaded`, `database_unavailable`, `wallet_busy`, `outcome_unknown`, `peer_unavailable`.
   */
  closeWallet(walletId: string, options: MutationOptions = {}): Promise<CloseWalletData> {
    return this.run(OPERATIONS.closeWallet, { path: { wallet_id: walletId }, options })
  }

  /**
   * List a user's wallets. Newest first; empty for a user nobody knows.
   * Throws `unauthenticated`, `forbidden`, `validation_failed`, `rate_limited`, `internal_error`,
   * `database_unavailable`, `peer_unavailable`.
   */
  listWalletsOfUser(
    userId: string,
    query: ListWalletsOfUserParams = {},
    options: ReadOptions = {},
  ): Promise<ListWalletsOfUserData> {
    return this.run(OPERATIONS.listWalletsOfUser, { path: { user_id: userId }, query: { ...query }, options })
  }

  /**
   * List an organization's wallets. Newest first, whosever they are (with a user's token: the user's own); empty
   * for an organization nobody knows.
   * Throws `unauthenticated`, `forbidden`, `validation_failed`, `rate_limited`, `internal_error`,
   * `database_unavailable`, `peer_unavailable`.
   */
  listWalletsOfOrganization(
    organizationId: string,
    query: ListWalletsOfOrganizationParams = {},
    options: ReadOptions = {},
  ): Promise<ListWalletsOfOrganizationData> {
    return this.run(OPERATIONS.listWalletsOfOrganization, {
      path: { organization_id: organizationId },
      query: { ...query },
      options,
    })
  }

  /**
   * Freeze a wallet. No money moves in or out until it is unfrozen. Freezing a frozen wallet renews the reason.
   * Throws `wallet_closed`, `malformed_json`, `unauthenticated`, `forbidden`, `wallet_not_found`,
   * `body_too_large`, `unsupported_media_type`, `validation_failed`, `rate_limited`, `internal_error`,
   * `overloaded`, `database_unavailable`, `wallet_busy`, `outcome_unknown`, `peer_unavailable`.
   */
  freezeWallet(walletId: string, body: FreezeWalletPayload, options: MutationOptions = {}): Promise<FreezeWalletData> {
    return this.run(OPERATIONS.freezeWallet, { path: { wallet_id: walletId }, body, options })
  }

  /**
   * Unfreeze a wallet. Lets money move again. An active wallet stays active.
   * Throws `wallet_closed`, `malformed_json`, `unauthenticated`, `forbidden`, `wallet_not_found`,
   * `body_too_large`, `unsupported_media_type`, `validation_failed`, `rate_limited`, `internal_error`,
   * `overloaded`, `database_unavailable`, `wallet_busy`, `outcome_unknown`, `peer_unavailable`.
   */
  unfreezeWallet(
    walletId: string,
    body: UnfreezeWalletPayload,
    options: MutationOptions = {},
  ): Promise<UnfreezeWalletData> {
    return this.run(OPERATIONS.unfreezeWallet, { path: { wallet_id: walletId }, body, options })
  }

  /**
   * A wallet's balance, now or at an instant. The top-level `balance` is the AVAILABLE balance. With `at`, the
   * balance as the last transaction up to and including that instant left it. Always fresh: a read that starts
   * after an acknowledged write sees it.
   * Throws `unauthenticated`, `forbidden`, `wallet_not_found`, `validation_failed`, `rate_limited`,
   * `internal_error`, `database_unavailable`, `peer_unavailable`.
   */
  getBalance(walletId: string, query: GetBalanceParams = {}, options: ReadOptions = {}): Promise<GetBalanceData> {
    return this.run(OPERATIONS.getBalance, { path: { wallet_id: walletId }, query: { ...query }, options })
  }

  /**
   * Deposit money. Adds money from outside.
   * Throws `wallet_frozen`, `wallet_closed`, `malformed_json`, `unauthenticated`, `forbidden`, `wallet_not_found`,
   * `body_too_large`, `unsupported_media_type`, `validation_failed`, `idempotency_key_reused`, `rate_limited`,
   * `internal_error`, `overloaded`, `database_unavailable`, `wallet_busy`, `outcome_unknown`, `peer_unavailable`.
   */
  deposit(walletId: string, body: DepositPayload, options: KeyedOptions = {}): Promise<DepositData> {
    return this.run(OPERATIONS.deposit, { path: { wallet_id: walletId }, body, options })
  }

  /**
   * Reward with money. Adds money as a promotion: as a deposit, with `transaction_type` `reward`.
   * Throws `wallet_frozen`, `wallet_closed`, `malformed_json`, `unauthenticated`, `forbidden`, `wallet_not_found`,
   * `body_too_large`, `unsupported_media_type`, `validation_failed`, `idempotency_key_reused`, `rate_limited`,
   * `internal_error`, `overloaded`, `database_unavailable`, `wallet_busy`, `outcome_unknown`, `peer_unavailable`.
   */
  reward(walletId: string, body: RewardPayload, options: KeyedOptions = {}): Promise<RewardData> {
    return this.run(OPERATIONS.reward, { path: { wallet_id: walletId }, body, options })
  }

  /**
   * Withdraw money. Pays money out; `destination` is kept in the transaction's metadata.
   * Throws `insufficient_balance`, `wallet_frozen`, `wallet_closed`, `malformed_json`, `unauthenticated`,
   * `forbidden`, `wallet_not_found`, `body_too_large`, `unsupported_media_type`, `validation_failed`,
   * `idempotency_key_reused`, `rate_limited`, `internal_error`, `overloaded`, `database_unavailable`,
   * `wallet_busy`, `outcome_unknown`, `peer_unavailable`.
   */
  withdraw(walletId: string, body: WithdrawPayload, options: KeyedOptions = {}): Promise<WithdrawData> {
    return this.run(OPERATIONS.withdraw, { path: { wallet_id: walletId }, body, options })
  }

  /**
   * Consume money. Takes money for metered use. `remaining_balance` is a JSON number with exact digits.
   * Throws `insufficient_balance`, `wallet_frozen`, `wallet_closed`, `malformed_json`, `unauthenticated`,
   * `forbidden`, `wallet_not_found`, `body_too_large`, `unsupported_media_type`, `validation_failed`,
   * `idempotency_key_reused`, `rate_limited`, `internal_error`, `overloaded`, `database_unavailable`,
   * `wallet_busy`, `outcome_unknown`, `peer_unavailable`.
   */
  consume(walletId: string, body: ConsumePayload, options: KeyedOptions = {}): Promise<ConsumeData> {
    return this.run(OPERATIONS.consume, { path: { wallet_id: walletId }, body, options })
  }

  /**
   * Transfer money to another wallet. Both legs are written or neither. The wallets must differ and have one
   * currency. A `fee` is a third row, on the source.
   * Throws `insufficient_balance`, `wallet_frozen`, `wallet_closed`, `currency_mismatch`, `same_wallet`,
   * `malformed_json`, `unauthenticated`, `forbidden`, `wallet_not_found`, `body_too_large`,
   * `unsupported_media_type`, `validation_failed`, `idempotency_key_reused`, `rate_limited`, `internal_error`,
   * `overloaded`, `database_unavailable`, `wallet_busy`, `outcome_unknown`, `peer_unavailable`.
   */
  transfer(walletId: string, body: TransferPayload, options: KeyedOptions = {}): Promise<TransferData> {
    return this.run(OPERATIONS.transfer, { path: { wallet_id: walletId }, body, options })
  }

  /**
   * Refund a transaction. Only `withdraw`, `consume` and `fee` can be refunded, in full or in parts; all refunds
   * of a transaction together never exceed it.
   * Throws `wallet_frozen`, `wallet_closed`, `not_refundable`, `refund_exceeds_original`, `malformed_json`,
   * `unauthenticated`, `forbidden`, `wallet_not_found`, `transaction_not_found`, `body_too_large`,
   * `unsupported_media_type`, `validation_failed`, `idempotency_key_reused`, `rate_limited`, `internal_error`,
   * `overloaded`, `database_unavailable`, `wallet_busy`, `outcome_unknown`, `peer_unavailable`.
   */
  refund(transactionId: string, body: RefundPayload, options: KeyedOptions = {}): Promise<RefundData> {
    return this.run(OPERATIONS.refund, { path: { transaction_id: transactionId }, body, options })
  }

  /**
   * List a wallet's holds. Newest first. Follow `next_cursor` to visit every hold exactly once, whatever is placed
   * meanwhile.
   * Throws `unauthenticated`, `forbidden`, `wallet_not_found`, `validation_failed`, `rate_limited`,
   * `internal_error`, `database_unavailable`, `peer_unavailable`.
   */
  listHoldsOfWallet(
    walletId: string,
    query: ListHoldsOfWalletParams = {},
    options: ReadOptions = {},
  ): Promise<ListHoldsOfWalletData> {
    return this.run(OPERATIONS.listHoldsOfWallet, { path: { wallet_id: walletId }, query: { ...query }, options })
  }

  /**
   * Set money aside. The money stays in the balance and cannot be spent otherwise until the hold is captured,
   * voided or expires. It is free the instant it expires.
   * Throws `insufficient_balance`, `wallet_frozen`, `wallet_closed`, `malformed_json`, `unauthenticated`,
   * `forbidden`, `wallet_not_found`, `body_too_large`, `unsupported_media_type`, `validation_failed`,
   * `idempotency_key_reused`, `rate_limited`, `internal_error`, `overloaded`, `database_unavailable`,
   * `wallet_busy`, `outcome_unknown`, `peer_unavailable`.
   */
  placeHold(walletId: string, body: PlaceHoldPayload, options: KeyedOptions = {}): Promise<PlaceHoldData> {
    return this.run(OPERATIONS.placeHold, { path: { wallet_id: walletId }, body, options })
  }

  /**
   * Look a hold up. The hold itself, without an envelope, as it is at this moment.
   * Throws `unauthenticated`, `forbidden`, `hold_not_found`, `validation_failed`, `rate_limited`,
   * `internal_error`, `database_unavailable`, `peer_unavailable`.
   */
  getHold(holdId: string, options: ReadOptions = {}): Promise<GetHoldData> {
    return this.run(OPERATIONS.getHold, { path: { hold_id: holdId }, options })
  }

  /**
   * Take all or part of what a hold reserves. Writes an ordinary `consume` or `withdraw`, which names the hold in
   * its metadata and can be refunded like any other. With `final` false the rest stays reserved and more captures
   * may follow; otherwise it is free again.
   * Throws `wallet_frozen`, `hold_not_pending`, `hold_expired`, `capture_exceeds_hold`, `malformed_json`,
   * `unauthenticated`, `forbidden`, `hold_not_found`, `body_too_large`, `unsupported_media_type`,
   * `validation_failed`, `idempotency_key_reused`, `rate_limited`, `internal_error`, `overloaded`,
   * `database_unavailable`, `wallet_busy`, `outcome_unknown`, `peer_unavailable`.
   */
  captureHold(holdId: string, body: CaptureHoldPayload = {}, options: KeyedOptions = {}): Promise<CaptureHoldData> {
    return this.run(OPERATIONS.captureHold, { path: { hold_id: holdId }, body, options })
  }

  /**
   * Give back what a hold reserves. What has been captured stays captured. Works on a frozen wallet too: no money
   * moves.
   * Throws `hold_not_pending`, `hold_expired`, `malformed_json`, `unauthenticated`, `forbidden`, `hold_not_found`,
   * `body_too_large`, `unsupported_media_type`, `validation_failed`, `idempotency_key_reused`, `rate_limited`,
   * `internal_error`, `overloaded`, `database_unavailable`, `wallet_busy`, `outcome_unknown`, `peer_unavailable`.
   */
  voidHold(holdId: string, options: KeyedOptions = {}): Promise<VoidHoldData> {
    return this.run(OPERATIONS.voidHold, { path: { hold_id: holdId }, options })
  }

  /**
   * Set a hold's time anew. It expires so many seconds from now, whatever was left.
   * Throws `hold_not_pending`, `hold_expired`, `malformed_json`, `unauthenticated`, `forbidden`, `hold_not_found`,
   * `body_too_large`, `unsupported_media_type`, `validation_failed`, `idempotency_key_reused`, `rate_limited`,
   * `internal_error`, `overloaded`, `database_unavailable`, `wallet_busy`, `outcome_unknown`, `peer_unavailable`.
   */
  extendHold(holdId: string, body: ExtendHoldPayload, options: KeyedOptions = {}): Promise<ExtendHoldData> {
    return this.run(OPERATIONS.extendHold, { path: { hold_id: holdId }, body, options })
  }

  /**
   * Do many operations at once. Up to 1000 operations of any kind, done in the order in which they stand. Each is
   * what its single route takes: the ids of the path, the body, and as `idempotency_key` the header; the same key
   * there and here is the same request. Validation reports the faults of all operations at once, and nothing is
   * done. Without `atomic` each is for itself: `results` says in order what its single route would have answered,
   * a refusal as its problem, and the status is 200 whatever became of them. `success` is true where all of them
   * succeeded. With `atomic` all is done or nothing, in one database transaction; each operation finds what the
   * ones before it left. When one is refused the answer is its error, with its `index`, and `results` with an
   * `outcome` for each: `refused`, and `not_applied` for all others. What can be refused before wallets are locked
   * (an unknown transaction or hold, an owner) is refused first. Give every operation a key: then a batch whose
   * answer was lost is settled by sending it again. What was done is answered as before (`replayed`), also in an
   * atomic batch. `Idempotency-Replayed: true` says that all of it was. A reward needs the scope `wallet:admin`.
   * For the limit of requests a batch counts as one.
   * Throws `insufficient_balance`, `wallet_exists`, `wallet_frozen`, `wallet_closed`, `currency_mismatch`,
   * `same_wallet`, `not_refundable`, `refund_exceeds_original`, `hold_not_pending`, `hold_expired`,
   * `capture_exceeds_hold`, `malformed_json`, `unauthenticated`, `forbidden`, `wallet_not_found`,
   * `transaction_not_found`, `hold_not_found`, `user_not_found`, `organization_not_found`, `body_too_large`,
   * `unsupported_media_type`, `validation_failed`, `idempotency_key_reused`, `rate_limited`, `internal_error`,
   * `overloaded`, `database_unavailable`, `wallet_busy`, `outcome_unknown`, `peer_unavailable`.
   */
  batch(body: BatchPayload, options: MutationOptions = {}): Promise<BatchData> {
    return this.run(OPERATIONS.batch, { body, options })
  }

  /**
   * List a wallet's transactions. Newest first. Follow `next_cursor` to visit every transaction exactly once,
   * whatever is written meanwhile; with `offset`, new transactions push the later pages down. Both dates are
   * inclusive.
   * Throws `unauthenticated`, `forbidden`, `wallet_not_found`, `validation_failed`, `rate_limited`,
   * `internal_error`, `database_unavailable`, `peer_unavailable`.
   */
  listTransactionsOfWallet(
    walletId: string,
    query: ListTransactionsOfWalletParams = {},
    options: ReadOptions = {},
  ): Promise<ListTransactionsOfWalletData> {
    return this.run(OPERATIONS.listTransactionsOfWallet, {
      path: { wallet_id: walletId },
      query: { ...query },
      options,
    })
  }

  /**
   * List the transactions of all of a user's wallets. Newest first. Follow `next_cursor` to visit every
   * transaction exactly once, whatever is written meanwhile; with `offset`, new transactions push the later pages
   * down. Both dates are inclusive. Empty for a user nobody knows.
   * Throws `unauthenticated`, `forbidden`, `validation_failed`, `rate_limited`, `internal_error`,
   * `database_unavailable`, `peer_unavailable`.
   */
  listTransactionsOfUser(
    userId: string,
    query: ListTransactionsOfUserParams = {},
    options: ReadOptions = {},
  ): Promise<ListTransactionsOfUserData> {
    return this.run(OPERATIONS.listTransactionsOfUser, { path: { user_id: userId }, query: { ...query }, options })
  }

  /**
   * Look a transaction up. The transaction itself, without an envelope. It never changes.
   * Throws `unauthenticated`, `forbidden`, `transaction_not_found`, `validation_failed`, `rate_limited`,
   * `internal_error`, `database_unavailable`, `peer_unavailable`.
   */
  getTransaction(transactionId: string, options: ReadOptions = {}): Promise<GetTransactionData> {
    return this.run(OPERATIONS.getTransaction, { path: { transaction_id: transactionId }, options })
  }

  /**
   * Figures of a wallet in a period. From `start_date` (else when the wallet was opened) to `end_date` (else now),
   * both inclusive, by any length of history equally fast. Every figure stands at the top and again under
   * `statistics`.
   * Throws `unauthenticated`, `forbidden`, `wallet_not_found`, `validation_failed`, `rate_limited`,
   * `internal_error`, `database_unavailable`, `peer_unavailable`.
   */
  getWalletStatistics(
    walletId: string,
    query: GetWalletStatisticsParams = {},
    options: ReadOptions = {},
  ): Promise<GetWalletStatisticsData> {
    return this.run(OPERATIONS.getWalletStatistics, { path: { wallet_id: walletId }, query: { ...query }, options })
  }

  /**
   * Figures of all of a user's wallets in a period. The flat `total_*` are JSON numbers and cover the CREDIT
   * wallets, else the only currency there is; with several others and no CREDIT they are 0. `by_currency` has
   * every currency, as strings. All of one moment; all 0 for a user nobody knows.
   * Throws `unauthenticated`, `forbidden`, `validation_failed`, `rate_limited`, `internal_error`,
   * `database_unavailable`, `peer_unavailable`.
   */
  getUserStatistics(
    userId: string,
    query: GetUserStatisticsParams = {},
    options: ReadOptions = {},
  ): Promise<GetUserStatisticsData> {
    return this.run(OPERATIONS.getUserStatistics, { path: { user_id: userId }, query: { ...query }, options })
  }

  /**
   * A wallet's balance over time. Opening and closing balance, what came in, what went out and how often, for each
   * hour, day, week or month of the period in UTC. At most 1,000 buckets: more are refused with the interval that
   * would do.
   * Throws `unauthenticated`, `forbidden`, `wallet_not_found`, `validation_failed`, `rate_limited`,
   * `internal_error`, `database_unavailable`, `peer_unavailable`.
   */
  getBalanceHistory(
    walletId: string,
    query: GetBalanceHistoryParams = {},
    options: ReadOptions = {},
  ): Promise<GetBalanceHistoryData> {
    return this.run(OPERATIONS.getBalanceHistory, { path: { wallet_id: walletId }, query: { ...query }, options })
  }

  /**
   * How a balance comes about, now or at an instant. What the wallet held at the beginning, what moved since by
   * type, and which open holds lock how much of it, all of one moment: `opening_balance + total_in - total_out =
   * balance`, `remaining_amount` of the open holds sum up to `locked_balance`, and `balance - locked_balance =
   * available_balance`. An `at` in the future means now.
   * Throws `unauthenticated`, `forbidden`, `wallet_not_found`, `validation_failed`, `rate_limited`,
   * `internal_error`, `database_unavailable`, `peer_unavailable`.
   */
  explainBalance(
    walletId: string,
    query: ExplainBalanceParams = {},
    options: ReadOptions = {},
  ): Promise<ExplainBalanceData> {
    return this.run(OPERATIONS.explainBalance, { path: { wallet_id: walletId }, query: { ...query }, options })
  }

  /**
   * Balance of a user's credit wallet. The user's CREDIT wallet, else the oldest open fiat wallet; an empty CREDIT
   * wallet is opened if there is none, if the user may have one (see createWallet).
   * Throws `unauthenticated`, `forbidden`, `user_not_found`, `validation_failed`, `rate_limited`,
   * `internal_error`, `overloaded`, `database_unavailable`, `wallet_busy`, `outcome_unknown`, `peer_unavailable`.
   */
  getCreditsBalance(userId: string, options: MutationOptions = {}): Promise<GetCreditsBalanceData> {
    return this.run(OPERATIONS.getCreditsBalance, { path: { user_id: userId }, options })
  }

  /**
   * Consume from a user's credit wallet. As consume, from the wallet that the balance above shows; opened as
   * there, if there is none.
   * Throws `insufficient_balance`, `wallet_frozen`, `wallet_closed`, `malformed_json`, `unauthenticated`,
   * `forbidden`, `user_not_found`, `body_too_large`, `unsupported_media_type`, `validation_failed`,
   * `idempotency_key_reused`, `rate_limited`, `internal_error`, `overloaded`, `database_unavailable`,
   * `wallet_busy`, `outcome_unknown`, `peer_unavailable`.
   */
  consumeCredits(userId: string, body: ConsumeCreditsPayload, options: KeyedOptions = {}): Promise<ConsumeCreditsData> {
    return this.run(OPERATIONS.consumeCredits, { path: { user_id: userId }, body, options })
  }

  /**
   * Health. Asks the database, for a second at most.
   */
  getRoot(options: ReadOptions = {}): Promise<GetRootData> {
    return this.run(OPERATIONS.getRoot, { options })
  }

  /**
   * Health. Asks the database, for a second at most.
   */
  getHealth(options: ReadOptions = {}): Promise<GetHealthData> {
    return this.run(OPERATIONS.getHealth, { options })
  }

  /**
   * Liveness. The process runs. Says nothing of the database.
   */
  getLiveness(options: ReadOptions = {}): Promise<GetLivenessData> {
    return this.run(OPERATIONS.getLiveness, { options })
  }

  /**
   * Readiness. Whether requests should be sent here, and why not. Up to a second old.
   */
  getReadiness(options: ReadOptions = {}): Promise<GetReadinessData> {
    return this.run(OPERATIONS.getReadiness, { options })
  }

  /**
   * Figures of the service. Exact counts, which may be a moment old. Since when it runs and its `postings` are
   * those of the process that answers; `/metrics` adds up over all workers of an instance.
   * Throws `unauthenticated`, `forbidden`, `rate_limited`, `internal_error`, `database_unavailable`,
   * `peer_unavailable`.
   */
  getStats(options: ReadOptions = {}): Promise<GetStatsData> {
    return this.run(OPERATIONS.getStats, { options })
  }

  /**
   * Metrics. For Prometheus, which sends the key of a service with `wallet:read` where callers are checked.
   * `docs/runbook.md` says what they mean.
   * Throws `unauthenticated`, `forbidden`, `internal_error`.
   */
  getMetrics(options: ReadOptions = {}): Promise<GetMetricsData> {
    return this.run(OPERATIONS.getMetrics, { options })
  }
}
