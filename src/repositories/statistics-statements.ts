// The SQL behind statistics: every figure of a window is a difference of two running totals, each found by one look-up in
// an index, so a window costs the same whether it holds ten rows or ten million.
import { type RawBuilder, sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import type { RequestedPeriod } from '../domain/period.ts'
import { TRANSACTION_TYPES, type TransactionType } from '../domain/transaction.ts'
import type { WalletId, WalletType } from '../domain/wallet.ts'
import { lastSequenceAt, lastSequenceBefore } from './history-statements.ts'
import { timestamp } from './read-rows.ts'

/** One wallet and one transaction type; a type without rows up to the window's end has NULLs. */
export interface WindowRow {
  readonly wallet_id: WalletId
  readonly user_id: string
  readonly wallet_type: WalletType
  readonly currency: string
  readonly balance: bigint
  readonly created_at: Instant
  readonly now: Instant
  readonly window_count: number
  readonly gas_fees: bigint
  readonly transaction_type: TransactionType
  readonly type_count: number | null
  readonly type_total_in: bigint | null
  readonly type_total_out: bigint | null
}

/** The wallet as its last row before an edge left it; NULLs when there is none. */
export interface EdgeRow {
  readonly sequence: number | null
  readonly balance_after: bigint | null
  readonly total_in: bigint | null
}

type Sql = RawBuilder<unknown>

/** The window of one wallet. */
export function walletWindow(walletId: WalletId, period: RequestedPeriod): RawBuilder<WindowRow> {
  return windows(sql`w.wallet_id = ${walletId}`, period)
}

/** The windows of all wallets of a user, newest wallet first. */
export function userWindows(userId: string, period: RequestedPeriod): RawBuilder<WindowRow> {
  return windows(sql`w.user_id = ${userId}`, period)
}

/** `OFFSET 0` keeps the edges from being looked up again for every type. */
function windows(condition: Sql, { start, end }: RequestedPeriod): RawBuilder<WindowRow> {
  const wallet = sql`w.wallet_id`
  const upper = end !== null ? lastSequenceAt(wallet, end) : sql`w.last_sequence`
  const lower = start !== null ? lastSequenceBefore(wallet, start) : sql`0::bigint`
  return sql`SELECT w.wallet_id, w.user_id, w.wallet_type, w.currency, w.balance, w.created_at,
      statement_timestamp() AS now, bounds.upper - bounds.lower AS window_count, gas.fees AS gas_fees,
      kind.transaction_type, closing.type_count - coalesce(opening.type_count, 0) AS type_count,
      closing.type_total_in - coalesce(opening.type_total_in, 0) AS type_total_in,
      closing.type_total_out - coalesce(opening.type_total_out, 0) AS type_total_out
    FROM wallets w
    CROSS JOIN LATERAL (
      SELECT edges.upper, least(edges.lower, edges.upper) AS lower
      FROM (SELECT ${upper} AS upper, ${lower} AS lower OFFSET 0) AS edges OFFSET 0
    ) AS bounds
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(t.gas_fee), 0) AS fees FROM wallet_transactions t
      WHERE t.wallet_id = w.wallet_id AND t.gas_fee IS NOT NULL
        AND t.sequence > bounds.lower AND t.sequence <= bounds.upper
    ) AS gas
    CROSS JOIN unnest(${TRANSACTION_TYPES}::text[]) AS kind (transaction_type)
    LEFT JOIN LATERAL (${lastOfType(sql`bounds.upper`)}) AS closing ON true
    LEFT JOIN LATERAL (${lastOfType(sql`bounds.lower`)}) AS opening ON true
    WHERE ${condition}
    ORDER BY w.created_at DESC, w.wallet_id DESC`
}

/** The last row of a type up to a sequence. Row comparisons for the reason given at `newestOfType`. */
function lastOfType(sequence: Sql): Sql {
  return sql`SELECT t.type_count, t.type_total_in, t.type_total_out FROM wallet_transactions t
    WHERE t.wallet_id = w.wallet_id
      AND (t.transaction_type, t.sequence) <= (kind.transaction_type, ${sequence})
      AND (t.transaction_type, t.sequence) > (kind.transaction_type, 0)
    ORDER BY t.transaction_type DESC, t.sequence DESC LIMIT 1`
}

/** The wallet at each of many edges, in their order: what its last row before the edge left behind. */
export function balanceEdges(walletId: WalletId, edges: readonly Instant[]): RawBuilder<EdgeRow> {
  return sql`SELECT newest.sequence, newest.balance_after, newest.total_in
    FROM unnest(${edges.map((edge) => timestamp(edge - 1n))}::timestamptz[]) WITH ORDINALITY AS edge (up_to, place)
    LEFT JOIN LATERAL (
      SELECT t.sequence, t.balance_after, t.total_in FROM wallet_transactions t
      WHERE t.wallet_id = ${walletId} AND t.sequence <= (SELECT last_sequence_at(${walletId}, edge.up_to))
      ORDER BY t.sequence DESC LIMIT 1
    ) AS newest ON true
    ORDER BY edge.place`
}

/** When a wallet began, and what the database's clock says now: never before what the wallet has seen. */
export function walletLifetime(
  walletId: WalletId,
): RawBuilder<{ currency: string; created_at: Instant; now: Instant }> {
  return sql`SELECT currency, created_at, greatest(statement_timestamp(), updated_at) AS now FROM wallets
    WHERE wallet_id = ${walletId}`
}
