// From the rows that queries give to the domain's wallets and transactions. No SQL here.
import { type RawBuilder, type Selectable, sql } from 'kysely'
import { assert } from '../domain/errors.ts'
import { formatInstant, type Instant } from '../domain/instant.ts'
import { isAmount, parseDecimal } from '../domain/money.ts'
import type { Transaction } from '../domain/transaction.ts'
import { BLOCKCHAIN_NETWORKS, type Wallet, type WalletMoney } from '../domain/wallet.ts'
import type { WalletsTable, WalletTransactionsTable } from '../db/schema.ts'
import type { Place } from './coalescing.ts'
import type { CreationSnapshot } from './ledger-rows.ts'
import { TRANSACTION_COLUMNS } from './ledger-statements.ts'

/** Stored columns of a `Wallet`; `locked_balance` comes from `lockedNow`. */
const STORED_WALLET_COLUMNS = [
  'wallet_id',
  'user_id',
  'organization_id',
  'wallet_type',
  'currency',
  'status',
  'balance',
  'blockchain_address',
  'blockchain_network',
  'on_chain_balance',
  'sync_status',
  'metadata',
  'created_at',
  'updated_at',
] as const satisfies readonly (keyof WalletsTable)[]

export type WalletRow = Pick<Selectable<WalletsTable>, (typeof STORED_WALLET_COLUMNS)[number] | 'locked_balance'>

/**
 * What holds lock in `wallets` at the moment of the statement: the stored lock, less what has expired since it was stored.
 * Where nothing has, which is nearly always, the second part is not looked at. Postings ask the same of `findExpiredLocks`.
 */
const lockedNow = sql<bigint>`wallets.locked_balance - CASE WHEN wallets.next_hold_expiry <= statement_timestamp() THEN (
    SELECT coalesce(sum(h.amount - h.captured_amount), 0) FROM holds h
    WHERE h.wallet_id = wallets.wallet_id AND h.status = 'pending'
      AND h.expires_at >= wallets.next_hold_expiry AND h.expires_at <= statement_timestamp()
  ) ELSE 0 END`

/** Everything that makes a `Wallet`, in a query on `wallets`. */
export const walletColumns = [...STORED_WALLET_COLUMNS, lockedNow.as('locked_balance')] as const

/** What makes a `WalletMoney`. */
export const moneyColumns = [
  'wallet_id',
  'currency',
  'balance',
  'on_chain_balance',
  lockedNow.as('locked_balance'),
] as const
export type MoneyRow = Pick<WalletRow, 'wallet_id' | 'currency' | 'balance' | 'on_chain_balance' | 'locked_balance'>

export type TransactionRow = Selectable<WalletTransactionsTable>

/** All columns of a row of the ledger, of the table or subquery called `t`. */
export const transactionColumns = sql.join(TRANSACTION_COLUMNS.map(([column]) => sql.ref(`t.${column}`)))

/** Places as a table with the columns `wallet_id` and `sequence`. */
export function placesTable(places: readonly Place[]): RawBuilder<unknown> {
  const walletIds = places.map(({ walletId }) => walletId)
  const sequences = places.map(({ sequence }) => sequence)
  return sql`unnest(${walletIds}::uuid[], ${sequences}::bigint[]) AS place (wallet_id, sequence)`
}

/** The first instant whose year has five digits: ISO 8601 and PostgreSQL write those differently. */
const END_OF_CALENDAR: Instant = BigInt(Date.UTC(10_000, 0, 1)) * 1000n

/** An instant as a parameter. No row is older than the epoch or younger than the year 9999. */
export function timestamp(instant: Instant): string {
  if (instant < 0n) return '-infinity'
  return instant < END_OF_CALENDAR ? formatInstant(instant) : 'infinity'
}

/** The wallet of a row. */
export function walletOf(row: WalletRow): Wallet {
  return {
    walletId: row.wallet_id,
    userId: row.user_id,
    organizationId: row.organization_id,
    walletType: row.wallet_type,
    currency: row.currency,
    status: row.status,
    balance: row.balance,
    lockedBalance: row.locked_balance,
    blockchainAddress: row.blockchain_address,
    blockchainNetwork: row.blockchain_network,
    onChainBalance: row.on_chain_balance,
    syncStatus: row.sync_status,
    metadata: row.metadata,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

/** The money of a wallet's row. */
export function moneyOf(row: MoneyRow): WalletMoney {
  return {
    walletId: row.wallet_id,
    currency: row.currency,
    balance: row.balance,
    lockedBalance: row.locked_balance,
    onChainBalance: row.on_chain_balance,
  }
}

/** The wallet as its creation answered it, whatever has happened to it since. */
export function createdWalletOf(row: WalletRow, snapshotText: string): Wallet {
  const snapshot: CreationSnapshot = JSON.parse(snapshotText)
  const balance = parseDecimal(snapshot.balance)
  assert(typeof balance === 'bigint', 'the balance of a creation snapshot was written by formatDecimal')
  return {
    ...walletOf(row),
    status: 'active',
    balance,
    lockedBalance: 0n,
    blockchainAddress: snapshot.blockchain_address,
    blockchainNetwork: BLOCKCHAIN_NETWORKS.find((network) => network === snapshot.blockchain_network) ?? null,
    onChainBalance: null,
    syncStatus: null,
    metadata: snapshot.metadata,
    updatedAt: row.created_at,
  }
}

/** The transaction of a row. */
export function transactionOf(row: TransactionRow): Transaction {
  assert(isAmount(row.amount), 'the schema allows no amount of 0 or less')
  return {
    transactionId: row.transaction_id,
    walletId: row.wallet_id,
    userId: row.user_id,
    sequence: row.sequence,
    transactionType: row.transaction_type,
    direction: row.direction,
    amount: row.amount,
    balanceBefore: row.balance_before,
    balanceAfter: row.balance_after,
    lockedBalance: row.locked_balance,
    fee: row.fee,
    currency: row.currency,
    counterparty: row.counterparty,
    description: row.description,
    referenceId: row.reference_id,
    usageRecordId: row.usage_record_id,
    fromWalletId: row.from_wallet_id,
    toWalletId: row.to_wallet_id,
    counterpartSequence: row.counterpart_sequence,
    originalTransactionId: row.original_transaction_id,
    originalAmount: row.original_amount,
    refundedTotal: row.refunded_total,
    blockchainTxHash: row.blockchain_tx_hash,
    blockchainNetwork: row.blockchain_network,
    blockchainStatus: row.blockchain_status,
    blockchainConfirmations: row.blockchain_confirmations,
    gasFee: row.gas_fee,
    metadata: row.metadata,
    typeCount: row.type_count,
    typeTotalIn: row.type_total_in,
    typeTotalOut: row.type_total_out,
    totalIn: row.total_in,
    idempotencyKey: row.idempotency_key,
    requestHash: row.request_hash,
    createdAt: row.created_at,
    hash: row.hash,
  }
}
