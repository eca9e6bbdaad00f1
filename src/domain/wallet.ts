// What a wallet is: its identity, kinds, life cycle, and the state that the ledger's rules read and write.
import type { Instant } from './instant.ts'
import type { TransactionType, TypeTotals } from './transaction.ts'
import { isUuid } from './uuid.ts'

declare const walletIdBrand: unique symbol
/** A wallet's UUIDv7 in lower case. */
export type WalletId = string & { readonly [walletIdBrand]: true }

/** Tells whether a value has the form of a wallet's id. */
export function isWalletId(value: unknown): value is WalletId {
  return isUuid(value)
}

export const WALLET_TYPES = ['fiat', 'crypto', 'hybrid'] as const
export type WalletType = (typeof WALLET_TYPES)[number]

export const WALLET_STATUSES = ['active', 'frozen', 'closed'] as const
export type WalletStatus = (typeof WALLET_STATUSES)[number]

export const BLOCKCHAIN_NETWORKS = ['ethereum', 'bsc', 'polygon', 'isa_chain', 'testnet'] as const
export type BlockchainNetwork = (typeof BLOCKCHAIN_NETWORKS)[number]

export const SYNC_STATUSES = ['synced', 'pending', 'error'] as const
export type SyncStatus = (typeof SYNC_STATUSES)[number]

/** Bound of a wallet's or a transaction's metadata, as JSON text in UTF-8. */
export const MAX_METADATA_BYTES = 10 * 1024

/** What callers see of a wallet (`API.md` §2), before presentation. `metadata` is exact JSON text. */
export interface Wallet {
  readonly walletId: WalletId
  readonly userId: string
  readonly organizationId: string | null
  readonly walletType: WalletType
  readonly currency: string
  readonly status: WalletStatus
  readonly balance: bigint
  readonly lockedBalance: bigint
  readonly blockchainAddress: string | null
  readonly blockchainNetwork: BlockchainNetwork | null
  readonly onChainBalance: bigint | null
  readonly syncStatus: SyncStatus | null
  readonly metadata: string
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

/** What the rules need of a locked wallet: its money, its place in the chain, and its running totals. */
export interface WalletState {
  readonly walletId: WalletId
  readonly userId: string
  readonly currency: string
  readonly status: WalletStatus
  readonly balance: bigint
  /** What holds reserve now: those that have expired are taken off already. */
  readonly lockedBalance: bigint
  /** No hold that `lockedBalance` counts expires before it; `null` when none will. */
  readonly nextHoldExpiry: Instant | null
  /** Sequence of the newest row; 0 when there is none. */
  readonly sequence: number
  /** Hash of the newest row; `GENESIS_HASH` when there is none. */
  readonly hash: Buffer
  /** All that ever came in; all that ever went out is `totalIn - balance`. */
  readonly totalIn: bigint
  readonly totals: Readonly<Partial<Record<TransactionType, TypeTotals>>>
  /** Never runs backwards, so neither do the rows' `createdAt`. */
  readonly updatedAt: Instant
}

/** What a wallet holds. */
export type WalletMoney = Pick<Wallet, 'walletId' | 'currency' | 'balance' | 'lockedBalance' | 'onChainBalance'>

/** Money that can be spent now. */
export function availableBalance(wallet: Pick<Wallet, 'balance' | 'lockedBalance'>): bigint {
  return wallet.balance - wallet.lockedBalance
}
