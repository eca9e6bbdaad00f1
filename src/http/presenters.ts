// From the domain to the wire: bigint → decimal text, Instant → ISO 8601, camelCase → snake_case. Each function gives the
// exact keys, in the exact order, of API.md §2. Nothing is decided here.
import { assert } from '../domain/errors.ts'
import { type BriefHold, type Hold, remainingAmount } from '../domain/hold.ts'
import { formatInstant } from '../domain/instant.ts'
import { parseExactJson, type RawNumber } from '../domain/json.ts'
import { formatDecimal } from '../domain/money.ts'
import type { Transaction } from '../domain/transaction.ts'
import { availableBalance, type Wallet } from '../domain/wallet.ts'
import type { HistoryResult } from '../services/history-service.ts'
import type { HoldList } from '../services/hold-service.ts'
import type { HistoryBody } from './schemas/history.ts'
import type { BriefHoldBody, HoldBody, HoldListBody } from './schemas/holds.ts'
import type { TransactionBody, WalletBody } from './schemas/objects.ts'

/** A JSON number whose digits are exact; `JSON.stringify` writes it as it is. */
export type JsonNumber = RawNumber

/** A scaled value as a JSON number, for the fields that today's callers read as numbers (API.md §1). */
export function exactNumber(value: bigint): JsonNumber {
  return JSON.rawJSON(formatDecimal(value))
}

/** A scaled value as a decimal string, `null` staying `null`. */
function decimalOrNull(value: bigint | null): string | null {
  return value === null ? null : formatDecimal(value)
}

/** A wallet (API.md §2). */
export function presentWallet(wallet: Wallet): WalletBody {
  return {
    wallet_id: wallet.walletId,
    user_id: wallet.userId,
    organization_id: wallet.organizationId,
    balance: formatDecimal(wallet.balance),
    locked_balance: formatDecimal(wallet.lockedBalance),
    available_balance: formatDecimal(availableBalance(wallet)),
    currency: wallet.currency,
    wallet_type: wallet.walletType,
    status: wallet.status,
    last_updated: formatInstant(wallet.updatedAt),
    created_at: formatInstant(wallet.createdAt),
    blockchain_address: wallet.blockchainAddress,
    blockchain_network: wallet.blockchainNetwork,
    on_chain_balance: decimalOrNull(wallet.onChainBalance),
    sync_status: wallet.syncStatus,
    metadata: presentMetadata(wallet.metadata),
  }
}

/** A row of the ledger (API.md §2). `updated_at` is `created_at`: rows never change. */
export function presentTransaction(row: Transaction): TransactionBody {
  const createdAt = formatInstant(row.createdAt)
  return {
    transaction_id: row.transactionId,
    wallet_id: row.walletId,
    user_id: row.userId,
    transaction_type: row.transactionType,
    amount: formatDecimal(row.amount),
    balance_before: formatDecimal(row.balanceBefore),
    balance_after: formatDecimal(row.balanceAfter),
    fee: formatDecimal(row.fee),
    currency: row.currency,
    description: row.description,
    reference_id: row.referenceId,
    usage_record_id: row.usageRecordId,
    from_wallet_id: row.fromWalletId,
    to_wallet_id: row.toWalletId,
    blockchain_tx_hash: row.blockchainTxHash,
    blockchain_network: row.blockchainNetwork,
    blockchain_status: row.blockchainStatus,
    blockchain_confirmations: row.blockchainConfirmations,
    gas_fee: decimalOrNull(row.gasFee),
    metadata: presentMetadata(row.metadata),
    sequence: row.sequence,
    created_at: createdAt,
    updated_at: createdAt,
  }
}

/** A hold (API.md §4). */
export function presentHold(hold: Hold): HoldBody {
  const { reference_id, created_at, updated_at, ...money } = presentBriefHold(hold)
  const metadata = presentMetadata(hold.metadata)
  return { ...money, description: hold.description, reference_id, metadata, created_at, updated_at }
}

/** A hold without its description and metadata, as explanations list them by the thousand. */
export function presentBriefHold(hold: BriefHold): BriefHoldBody {
  return {
    hold_id: hold.holdId,
    wallet_id: hold.walletId,
    amount: formatDecimal(hold.amount),
    captured_amount: formatDecimal(hold.capturedAmount),
    remaining_amount: formatDecimal(remainingAmount(hold)),
    status: hold.status,
    expires_at: formatInstant(hold.expiresAt),
    reference_id: hold.referenceId,
    created_at: formatInstant(hold.createdAt),
    updated_at: formatInstant(hold.updatedAt),
  }
}

/** A page of holds; `count` is the page's length. */
export function presentHoldList({ holds, limit, nextCursor }: HoldList): HoldListBody {
  return { holds: holds.map(presentHold), count: holds.length, limit, next_cursor: nextCursor }
}

/** A page of history; `count` is the page's length. */
export function presentHistory(result: HistoryResult): HistoryBody {
  return {
    transactions: result.transactions.map(presentTransaction),
    count: result.transactions.length,
    limit: result.limit,
    offset: result.offset,
    next_cursor: result.nextCursor,
  }
}

/** Metadata as it was sent: numbers that a double would change come back as raw literals. */
function presentMetadata(text: string): Record<string, unknown> {
  if (text === '{}') return {}
  const metadata = parseExactJson(text)
  assert(isRecord(metadata), 'metadata is a JSON object: the schema checks it')
  return metadata
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
