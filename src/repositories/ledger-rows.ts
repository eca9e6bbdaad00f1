// Translation between the ledger's states and rows and the parameters and results of its statements. No SQL here.
import type { ArrayElement } from '../db/array-literal.ts'
import { formatDecimal } from '../domain/money.ts'
import { formatInstant, type Instant } from '../domain/instant.ts'
import type { NewWallet, WalletDetails } from '../domain/ledger-state.ts'
import type { Transaction, TransactionType, TypeTotals } from '../domain/transaction.ts'
import type { WalletId, WalletState, WalletStatus } from '../domain/wallet.ts'
import {
  PLAIN_TRANSACTION_COLUMNS,
  PLAIN_VALUES,
  TRANSACTION_COLUMNS,
  type TransactionColumn,
} from './ledger-statements.ts'
import type { Foreseen } from './remembered-wallets.ts'
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

/** What stands in each column of a row. */
const TRANSACTION_FIELDS: Readonly<Record<TransactionColumn, (row: Transaction) => ArrayElement>> = {
  wallet_id: (row) => row.walletId,
  sequence: (row) => row.sequence,
  transaction_id: (row) => row.transactionId,
  user_id: (row) => row.userId,
  transaction_type: (row) => row.transactionType,
  direction: (row) => row.direction,
  amount: (row) => formatDecimal(row.amount),
  balance_before: (row) => formatDecimal(row.balanceBefore),
  balance_after: (row) => formatDecimal(row.balanceAfter),
  locked_balance: (row) => formatDecimal(row.lockedBalance),
  fee: (row) => formatDecimal(row.fee),
  currency: (row) => row.currency,
  counterparty: (row) => row.counterparty,
  description: (row) => row.description,
  reference_id: (row) => row.referenceId,
  usage_record_id: (row) => row.usageRecordId,
  from_wallet_id: (row) => row.fromWalletId,
  to_wallet_id: (row) => row.toWalletId,
  counterpart_sequence: (row) => row.counterpartSequence,
  original_transaction_id: (row) => row.originalTransactionId,
  original_amount: (row) => decimal(row.originalAmount),
  refunded_total: (row) => decimal(row.refundedTotal),
  blockchain_tx_hash: (row) => row.blockchainTxHash,
  blockchain_network: (row) => row.blockchainNetwork,
  blockchain_status: (row) => row.blockchainStatus,
  blockchain_confirmations: (row) => row.blockchainConfirmations,
  gas_fee: (row) => decimal(row.gasFee),
  metadata: (row) => row.metadata,
  type_count: (row) => row.typeCount,
  type_total_in: (row) => formatDecimal(row.typeTotalIn),
  type_total_out: (row) => formatDecimal(row.typeTotalOut),
  total_in: (row) => formatDecimal(row.totalIn),
  idempotency_key: (row) => row.idempotencyKey,
  request_hash: (row) => row.requestHash,
  hash: (row) => row.hash,
  created_at: (row) => formatInstant(row.createdAt),
}

const FIELDS = TRANSACTION_COLUMNS.map(([column]) => TRANSACTION_FIELDS[column])
const PLAIN_FIELDS = PLAIN_TRANSACTION_COLUMNS.map(([column]) => TRANSACTION_FIELDS[column])
const LEFT_OUT = TRANSACTION_COLUMNS.flatMap(([column]) =>
  column in PLAIN_VALUES ? [[TRANSACTION_FIELDS[column], Reflect.get(PLAIN_VALUES, column)] as const] : [],
)

/** Parameters of `insertTransactions`, in the order of `TRANSACTION_COLUMNS`. */
export function transactionParameters(rows: readonly Transaction[]): ArrayElement[][] {
  return columns(rows, FIELDS)
}

/** Parameters of `insertPlainTransactions`, in the order of `PLAIN_TRANSACTION_COLUMNS`. */
export function plainTransactionParameters(rows: readonly Transaction[]): ArrayElement[][] {
  return columns(rows, PLAIN_FIELDS)
}

/** Tells whether a row has in the columns that `insertPlainTransactions` leaves out what it writes there. */
export function isPlain(row: Transaction): boolean {
  return LEFT_OUT.every(([field, value]) => field(row) === value)
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

/** Parameters of `updateUnchangedBalances`: by id, the order in which everybody locks. */
export function unchangedBalanceParameters(
  states: readonly WalletState[],
  { wallets, versions }: Pick<Foreseen, 'wallets' | 'versions'>,
): ArrayElement[][] {
  const ordered = states.toSorted((left, right) => (left.walletId < right.walletId ? -1 : 1))
  return columns(ordered, [
    ...BALANCE_FIELDS,
    ({ walletId }) => versions.get(walletId) ?? null,
    ({ walletId }) => wallets.get(walletId)?.hash ?? null,
    ({ walletId }) => instant(wallets.get(walletId)?.updatedAt ?? null),
  ])
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
