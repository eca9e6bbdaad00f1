// Translation between the ledger's states and rows and the parameters and results of its statements. No SQL here.
import type { ArrayElement } from '../db/array-literal.ts'
import { formatDecimal } from '../domain/money.ts'
import { formatInstant, type Instant } from '../domain/instant.ts'
import type { NewWallet, WalletDetails } from '../domain/ledger-state.ts'
import type { Transaction, TransactionType, TypeTotals } from '../domain/transaction.ts'
import type { WalletId, WalletState, WalletStatus } from '../domain/wallet.ts'
import { columns } from './set-wise.ts'

/** A locked wallet as `lockWallets` gives it. */
export interface WalletStateRow {
  readonly wallet_id: WalletId
  readonly user_id: string
  readonly currency: string
  readonly status: WalletStatus
  readonly balance: bigint
  readonly locked_balance: bigint
  readonly next_hold_expiry: Instant | null
  readonly last_sequence: number
  readonly last_hash: Buffer
  readonly total_in: bigint
  readonly totals: string
  readonly updated_at: Instant
}

/** The state that the rules work on. */
export function walletStateOf(row: WalletStateRow): WalletState {
  return {
    walletId: row.wallet_id,
    userId: row.user_id,
    currency: row.currency,
    status: row.status,
    balance: row.balance,
    lockedBalance: row.locked_balance,
    nextHoldExpiry: row.next_hold_expiry,
    sequence: row.last_sequence,
    hash: row.last_hash,
    totalIn: row.total_in,
    totals: parseTotals(row.totals),
    updatedAt: row.updated_at,
  }
}

type StoredTotals = Partial<Record<TransactionType, readonly [count: number, totalIn: string, totalOut: string]>>

/** Reads `wallets.totals`: scaled integers as text, so that neither side parses decimals on the hot path. */
function parseTotals(text: string): WalletState['totals'] {
  const stored: StoredTotals = JSON.parse(text)
  const totals: Partial<Record<TransactionType, TypeTotals>> = {}
  for (const [type, [count, totalIn, totalOut]] of typedEntries(stored)) {
    totals[type] = { count, in: BigInt(totalIn), out: BigInt(totalOut) }
  }
  return totals
}

function formatTotals(totals: WalletState['totals']): string {
  const stored: Record<string, readonly [number, string, string]> = {}
  for (const [type, sums] of typedEntries(totals)) stored[type] = [sums.count, String(sums.in), String(sums.out)]
  return JSON.stringify(stored)
}

function typedEntries<Value>(record: Partial<Record<TransactionType, Value>>): [TransactionType, Value][] {
  // Object.entries forgets that the keys are transaction types; both callers build or validate them.
  return Object.entries(record) as [TransactionType, Value][]
}

const decimal = (value: bigint | null): string | null => (value === null ? null : formatDecimal(value))
const instant = (value: Instant | null): string | null => (value === null ? null : formatInstant(value))

/** Parameters of `insertTransactions`, in the order of `TRANSACTION_COLUMNS`. */
export function transactionParameters(rows: readonly Transaction[]): ArrayElement[][] {
  return columns(rows, [
    (row) => row.walletId,
    (row) => row.sequence,
    (row) => row.transactionId,
    (row) => row.userId,
    (row) => row.transactionType,
    (row) => row.direction,
    (row) => formatDecimal(row.amount),
    (row) => formatDecimal(row.balanceBefore),
    (row) => formatDecimal(row.balanceAfter),
    (row) => formatDecimal(row.lockedBalance),
    (row) => formatDecimal(row.fee),
    (row) => row.currency,
    (row) => row.counterparty,
    (row) => row.description,
    (row) => row.referenceId,
    (row) => row.usageRecordId,
    (row) => row.fromWalletId,
    (row) => row.toWalletId,
    (row) => row.counterpartSequence,
    (row) => row.originalTransactionId,
    (row) => decimal(row.originalAmount),
    (row) => decimal(row.refundedTotal),
    (row) => row.blockchainTxHash,
    (row) => row.blockchainNetwork,
    (row) => row.blockchainStatus,
    (row) => row.blockchainConfirmations,
    (row) => decimal(row.gasFee),
    (row) => row.metadata,
    (row) => row.typeCount,
    (row) => formatDecimal(row.typeTotalIn),
    (row) => formatDecimal(row.typeTotalOut),
    (row) => formatDecimal(row.totalIn),
    (row) => row.idempotencyKey,
    (row) => row.requestHash,
    (row) => row.hash,
    (row) => formatInstant(row.createdAt),
  ])
}

/** Parameters of `insertWallets`, in the order of `NEW_WALLET_COLUMNS`. `state` is the wallet's at the end of the flush. */
export function newWalletParameters(created: readonly { created: NewWallet; state: WalletState }[]): ArrayElement[][] {
  return columns(created, [
    ({ created: { wallet } }) => wallet.walletId,
    ({ created: { wallet } }) => wallet.userId,
    ({ created: { wallet } }) => wallet.organizationId,
    ({ created: { wallet } }) => wallet.walletType,
    ({ created: { wallet } }) => wallet.currency,
    ({ state }) => formatDecimal(state.balance),
    ({ created: { wallet } }) => wallet.blockchainAddress,
    ({ created: { wallet } }) => wallet.blockchainNetwork,
    ({ created: { wallet } }) => wallet.metadata,
    ({ state }) => state.sequence,
    ({ state }) => state.hash,
    ({ state }) => formatDecimal(state.totalIn),
    ({ state }) => formatTotals(state.totals),
    ({ state }) => formatDecimal(state.lockedBalance),
    ({ state }) => instant(state.nextHoldExpiry),
    ({ created: { idempotency } }) => idempotency?.key ?? null,
    ({ created: { idempotency } }) => idempotency?.requestHash ?? null,
    ({ created }) => (created.idempotency ? creationSnapshot(created) : null),
    ({ created: { wallet } }) => formatInstant(wallet.createdAt),
    ({ state }) => formatInstant(state.updatedAt),
  ])
}

/** What a replay of the creation answers although PATCH may have changed it since. */
export interface CreationSnapshot {
  readonly metadata: string
  readonly blockchain_address: string | null
  readonly blockchain_network: string | null
  readonly balance: string
}

function creationSnapshot({ wallet }: NewWallet): string {
  const snapshot: CreationSnapshot = {
    metadata: wallet.metadata,
    blockchain_address: wallet.blockchainAddress,
    blockchain_network: wallet.blockchainNetwork,
    balance: formatDecimal(wallet.balance),
  }
  return JSON.stringify(snapshot)
}

type WalletField = (state: WalletState) => ArrayElement

const BALANCE_FIELDS: readonly WalletField[] = [
  (state) => state.walletId,
  (state) => formatDecimal(state.balance),
  (state) => state.sequence,
  (state) => state.hash,
  (state) => formatDecimal(state.totalIn),
  (state) => formatTotals(state.totals),
  (state) => formatInstant(state.updatedAt),
]

const LOCK_FIELDS: readonly WalletField[] = [
  (state) => formatDecimal(state.lockedBalance),
  (state) => instant(state.nextHoldExpiry),
]

/** Parameters of `updateBalances`. */
export function balanceParameters(states: readonly WalletState[]): ArrayElement[][] {
  return columns(states, BALANCE_FIELDS)
}

/** Parameters of `updateBalancesAndLocks`. */
export function balanceAndLockParameters(states: readonly WalletState[]): ArrayElement[][] {
  return columns(states, [...BALANCE_FIELDS, ...LOCK_FIELDS])
}

/** Parameters of `updateDetails`. */
export function detailsParameters(
  changed: readonly { details: WalletDetails; state: WalletState }[],
): ArrayElement[][] {
  return columns(changed, [
    ({ details }) => details.walletId,
    ({ details }) => details.status,
    ({ details }) => details.statusReason,
    ({ details }) => details.blockchainAddress,
    ({ details }) => details.blockchainNetwork,
    ({ details }) => details.metadata,
    ({ state }) => formatInstant(state.updatedAt),
  ])
}
