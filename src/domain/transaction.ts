// What a row of the ledger is: an immutable movement of money between a wallet and a counterparty.
import type { Amount } from './money.ts'
import type { Instant } from './instant.ts'
import { isUuid } from './uuid.ts'
import type { BlockchainNetwork, WalletId } from './wallet.ts'

declare const transactionIdBrand: unique symbol
/** A transaction's UUIDv7 in lower case. */
export type TransactionId = string & { readonly [transactionIdBrand]: true }

/** Tells whether a value has the form of a transaction's id. */
export function isTransactionId(value: unknown): value is TransactionId {
  return isUuid(value)
}

export const TRANSACTION_TYPES = [
  'deposit',
  'withdraw',
  'consume',
  'refund',
  'transfer',
  'reward',
  'fee',
  'blockchain_in',
  'blockchain_out',
] as const
export type TransactionType = (typeof TRANSACTION_TYPES)[number]

/** Whether a row adds to its wallet or takes from it. */
export type Direction = 'in' | 'out'

/** Running totals of one wallet and one transaction type. A transfer goes both ways, so there are two sums. */
export interface TypeTotals {
  readonly count: number
  readonly in: bigint
  readonly out: bigint
}
export const NO_TOTALS: TypeTotals = { count: 0, in: 0n, out: 0n }

/** Types whose rows can be refunded (API.md §3). */
export const REFUNDABLE_TYPES: ReadonlySet<TransactionType> = new Set(['withdraw', 'consume', 'fee'])

/** The key and the digest of the request that a caller sent with it. */
export interface IdempotencyRecord {
  readonly key: string
  readonly requestHash: Buffer
}

/** One row of `wallet_transactions`, without its hash. `metadata` is exact JSON text. */
export interface TransactionContent {
  readonly transactionId: TransactionId
  readonly walletId: WalletId
  readonly userId: string
  readonly sequence: number
  readonly transactionType: TransactionType
  readonly direction: Direction
  readonly amount: Amount
  readonly balanceBefore: bigint
  readonly balanceAfter: bigint
  /** What holds locked when the row was written. */
  readonly lockedBalance: bigint
  /** For a transfer's outgoing leg: the fee that the next row takes. Otherwise 0. */
  readonly fee: bigint
  readonly currency: string
  readonly counterparty: string
  readonly description: string
  readonly referenceId: string | null
  readonly usageRecordId: string | null
  readonly fromWalletId: WalletId | null
  readonly toWalletId: WalletId | null
  /** For a transfer's leg: the sequence of the other leg in the other wallet. */
  readonly counterpartSequence: number | null
  readonly originalTransactionId: TransactionId | null
  readonly originalAmount: bigint | null
  /** For a refund: everything refunded of the original so far, this row included. */
  readonly refundedTotal: bigint | null
  readonly blockchainTxHash: string | null
  readonly blockchainNetwork: BlockchainNetwork | null
  readonly blockchainStatus: string
  readonly blockchainConfirmations: number
  readonly gasFee: bigint | null
  readonly metadata: string
  /** Rows of this type in this wallet so far, and their sums, this row included. */
  readonly typeCount: number
  readonly typeTotalIn: bigint
  readonly typeTotalOut: bigint
  /** All that ever came into the wallet, this row included. */
  readonly totalIn: bigint
  readonly idempotencyKey: string | null
  readonly requestHash: Buffer | null
  readonly createdAt: Instant
}

/** A row as stored: `hash` = SHA-256(previous row's hash, canonical content), see `hash-chain.ts`. */
export interface Transaction extends TransactionContent {
  readonly hash: Buffer
}
