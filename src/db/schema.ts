// The tables as Kysely sees them. The SQL in migrations/ is the truth; docs/schema.sql shows what it adds up to.
import type { ColumnType } from 'kysely'
import type { HoldEventType, HoldId, HoldStatus } from '../domain/hold.ts'
import type { Instant } from '../domain/instant.ts'
import type { Direction, TransactionId, TransactionType } from '../domain/transaction.ts'
import type { BlockchainNetwork, SyncStatus, WalletId, WalletStatus, WalletType } from '../domain/wallet.ts'

/** `numeric` is read as a scaled bigint; where a query compares with one, it passes decimal text. */
type Numeric = ColumnType<bigint, string, string>
type NullableNumeric = ColumnType<bigint | null, string | null, string | null>
/** `timestamptz` is read as microseconds; where a query compares with one, it passes ISO text. */
type Timestamp = ColumnType<Instant, string, string>
type NullableTimestamp = ColumnType<Instant | null, string | null, string | null>

export interface WalletsTable {
  wallet_id: WalletId
  user_id: string
  organization_id: string | null
  wallet_type: WalletType
  currency: string
  status: WalletStatus
  status_reason: string | null
  balance: Numeric
  locked_balance: Numeric
  blockchain_address: string | null
  blockchain_network: BlockchainNetwork | null
  on_chain_balance: NullableNumeric
  sync_status: SyncStatus | null
  metadata: string
  last_sequence: number
  last_hash: Buffer
  total_in: Numeric
  totals: string
  creation_key: string | null
  creation_request_hash: Buffer | null
  creation_snapshot: string | null
  created_at: Timestamp
  updated_at: Timestamp
  next_hold_expiry: NullableTimestamp
}

export interface WalletTransactionsTable {
  wallet_id: WalletId
  sequence: number
  transaction_id: TransactionId
  user_id: string
  transaction_type: TransactionType
  direction: Direction
  amount: Numeric
  balance_before: Numeric
  balance_after: Numeric
  locked_balance: Numeric
  fee: Numeric
  currency: string
  counterparty: string
  description: string
  reference_id: string | null
  usage_record_id: string | null
  from_wallet_id: WalletId | null
  to_wallet_id: WalletId | null
  counterpart_sequence: number | null
  original_transaction_id: TransactionId | null
  original_amount: NullableNumeric
  refunded_total: NullableNumeric
  blockchain_tx_hash: string | null
  blockchain_network: BlockchainNetwork | null
  blockchain_status: string
  blockchain_confirmations: number
  gas_fee: NullableNumeric
  metadata: string
  type_count: number
  type_total_in: Numeric
  type_total_out: Numeric
  total_in: Numeric
  idempotency_key: string | null
  request_hash: Buffer | null
  hash: Buffer
  created_at: Timestamp
}

interface HoldsTable {
  hold_id: HoldId
  wallet_id: WalletId
  currency: string
  amount: Numeric
  captured_amount: Numeric
  status: HoldStatus
  expires_at: Timestamp
  ends_at: Timestamp
  description: string | null
  reference_id: string | null
  metadata: string
  created_at: Timestamp
  updated_at: Timestamp
}

interface HoldEventsTable {
  wallet_id: WalletId
  sequence: number
  hold_id: HoldId
  event_type: HoldEventType
  amount: Numeric
  released_amount: Numeric
  status: HoldStatus
  captured_amount: Numeric
  remaining_amount: Numeric
  expires_at: Timestamp
  reserved_total: Numeric
  expired_total: Numeric
  transaction_sequence: number
  idempotency_key: string | null
  request_hash: Buffer | null
  hash: Buffer
  created_at: Timestamp
}

export interface Database {
  wallets: WalletsTable
  wallet_transactions: WalletTransactionsTable
  holds: HoldsTable
  hold_events: HoldEventsTable
}
