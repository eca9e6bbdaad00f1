// The SQL behind pages of history and balances at an instant. Every page costs what it shows, not what lies behind it:
// dates become sequences by a search of the primary key, and every ordered scan starts where the page starts.
import { type RawBuilder, sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import type { TransactionId, TransactionType } from '../domain/transaction.ts'
import type { WalletId } from '../domain/wallet.ts'
import type { Place } from './coalescing.ts'
import { lockedAt } from './hold-read-statements.ts'
import { placesTable, timestamp, transactionColumns, type TransactionRow } from './read-rows.ts'
import { sameKey } from './set-wise.ts'

/** What a page shows. Both instants are inclusive. */
interface HistoryFilter {
  /** Empty: every type. */
  readonly types: readonly TransactionType[]
  readonly from: Instant | null
  readonly to: Instant | null
}

/** Rows to give, and rows to pass over first. */
interface Slice {
  readonly limit: number
  readonly offset: number
}

/** Where a page of one user's rows left off, in the order (created_at, wallet_id, sequence), newest first. */
export interface UserPosition {
  readonly createdAt: Instant
  readonly walletId: WalletId
  readonly sequence: number
}

export interface WalletPageRequest extends HistoryFilter, Slice {
  readonly walletId: WalletId
  /** Only rows with a smaller sequence. */
  readonly before: number | null
}

export interface UserPageRequest extends HistoryFilter, Slice {
  readonly userId: string
  /** Only rows after this position. */
  readonly after: UserPosition | null
}

/** The money of a wallet at an instant. */
export interface BalanceAtRow {
  readonly balance_after: bigint
  readonly locked_balance: bigint
}

type Sql = RawBuilder<unknown>

const NOTHING = sql``
/** Larger than any sequence. */
const BEYOND_ALL_SEQUENCES = sql.raw('9223372036854775807')

/** Rows by id. */
export function findTransactions(ids: readonly TransactionId[]): RawBuilder<TransactionRow> {
  return sql`SELECT ${transactionColumns} FROM wallet_transactions t WHERE t.transaction_id = ANY(${ids}::uuid[])`
}

/** Rows by their places in their wallets. */
export function findRows(places: readonly Place[]): RawBuilder<TransactionRow> {
  return sql`SELECT ${transactionColumns} FROM ${placesTable(places)} ${rowAt(sql`place.wallet_id`, sql`place.sequence`)}`
}

/** A row of a posting, and by which row the posting was asked for. */
export interface PostingRow extends TransactionRow {
  readonly first_id: TransactionId
}

/** Rows and, where they are transfers' outgoing legs, the incoming legs and the fees that were written with them. */
export function findPostings(ids: readonly TransactionId[]): RawBuilder<PostingRow> {
  return sql`WITH posted AS (
      SELECT ${transactionColumns} FROM wallet_transactions t WHERE t.transaction_id = ANY(${ids}::uuid[])
    ), outgoing AS (
      SELECT * FROM posted WHERE transaction_type = 'transfer' AND direction = 'out'
    )
    SELECT ${transactionColumns}, t.transaction_id AS first_id, 1 AS place FROM posted t
    UNION ALL
    SELECT ${transactionColumns}, o.transaction_id, 2 FROM outgoing o
      ${rowAt(sql`o.to_wallet_id`, sql`o.counterpart_sequence`)}
    UNION ALL
    SELECT ${transactionColumns}, o.transaction_id, 3 FROM outgoing o
      ${rowAt(sql`o.wallet_id`, sql`o.sequence + 1`)}
      WHERE o.fee > 0
    ORDER BY place`
}

/** The wallet of a user in which a key was first used by requests of one kind, known by the beginning of their digest. */
export function findWalletOfKey(request: {
  readonly userId: string
  readonly key: string
  readonly routeDigest: Buffer
}): RawBuilder<{ wallet_id: WalletId }> {
  return sql`SELECT w.wallet_id FROM wallets w
    CROSS JOIN LATERAL (
      SELECT t.created_at FROM wallet_transactions t
      WHERE t.wallet_id = w.wallet_id AND ${sameKey(sql`t.idempotency_key`, sql`${request.key}::text`)}
        AND substring(t.request_hash FOR ${request.routeDigest.length}) = ${request.routeDigest} LIMIT 1
    ) AS used
    WHERE w.user_id = ${request.userId}
    ORDER BY used.created_at LIMIT 1`
}

/**
 * The money of a wallet at an instant: the balance that the last row up to it left behind, and what holds locked then. Rows
 * and holds move without each other, so each is looked up by itself.
 */
export function findBalanceAt(walletId: WalletId, at: Instant): RawBuilder<BalanceAtRow> {
  const wallet = sql`${walletId}::uuid`
  return sql`SELECT coalesce((
      SELECT t.balance_after FROM wallet_transactions t
      WHERE t.wallet_id = ${wallet} AND t.sequence <= ${lastSequenceAt(wallet, at)} ORDER BY t.sequence DESC LIMIT 1
    ), 0) AS balance_after, ${lockedAt(wallet, at)} AS locked_balance`
}

/** A page of a wallet's rows, newest first. */
export function walletPage(request: WalletPageRequest): RawBuilder<TransactionRow> {
  return request.types.length === 0 ? walletPageOfAll(request) : walletPageOfTypes(request)
}

/** Sequences have no gaps, so an offset is a subtraction: page 10,000 costs what page 1 costs. */
function walletPageOfAll(request: WalletPageRequest): RawBuilder<TransactionRow> {
  const wallet = sql`${request.walletId}::uuid`
  const newest =
    request.to !== null
      ? lastSequenceAt(wallet, request.to)
      : sql`(SELECT edge.sequence FROM wallet_transactions edge WHERE edge.wallet_id = ${wallet}
        ORDER BY edge.sequence DESC LIMIT 1)`
  return sql`SELECT ${transactionColumns} FROM wallet_transactions t
    WHERE t.wallet_id = ${wallet} AND t.sequence <= ${newest} - ${request.offset}::bigint
      ${lowerEdge(wallet, request, sql`AND t.sequence >`)} ${beforeCursor(request, sql`AND t.sequence <`)}
    ORDER BY t.sequence DESC LIMIT ${request.limit}`
}

/** Finds the page's sequences in the type index, type by type, and only then its rows. */
function walletPageOfTypes(request: WalletPageRequest): RawBuilder<TransactionRow> {
  const wallet = sql`${request.walletId}::uuid`
  const newest = request.to !== null ? lastSequenceAt(wallet, request.to) : BEYOND_ALL_SEQUENCES
  const upper = request.before === null ? newest : sql`least(${newest}, ${request.before}::bigint - 1)`
  const lower = request.from !== null ? lastSequenceBefore(wallet, request.from) : sql`0`
  return sql`SELECT ${transactionColumns} FROM (
      SELECT candidate.sequence FROM unnest(${request.types}::text[]) AS wanted (transaction_type)
      CROSS JOIN LATERAL (${newestOfType(wallet, { upper, lower }, request)}) AS candidate
      ORDER BY candidate.sequence DESC LIMIT ${request.limit} OFFSET ${request.offset}
    ) AS page
    ${rowAt(wallet, sql`page.sequence`)}
    ORDER BY t.sequence DESC`
}

/**
 * The row (`t`) at a place, in a form that only the primary key can serve well. For an equality of sequences, a planner that
 * takes the wallet for small is as content with any other index that has both columns, and on a table last analysed when it was
 * small it read all rows of the wallet for each row of the page (307,000 pages for 50 rows of a million).
 */
function rowAt(wallet: Sql, sequence: Sql): Sql {
  return sql`JOIN LATERAL (
      SELECT * FROM wallet_transactions placed WHERE placed.wallet_id = ${wallet} AND placed.sequence <= ${sequence}
      ORDER BY placed.sequence DESC LIMIT 1
    ) AS t ON t.sequence = ${sequence}`
}

/** A page of the rows of all wallets of a user: the newest of each wallet, merged. */
export function userPage(request: UserPageRequest): RawBuilder<TransactionRow> {
  const candidates = request.types.length === 0 ? userCandidatesOfAll(request) : userCandidatesOfTypes(request)
  return sql`SELECT ${transactionColumns} FROM (
      SELECT candidate.created_at, candidate.wallet_id, candidate.sequence FROM (${candidates}) AS candidate
      ORDER BY candidate.created_at DESC, candidate.wallet_id DESC, candidate.sequence DESC
      LIMIT ${request.limit} OFFSET ${request.offset}
    ) AS page
    ${rowAt(sql`page.wallet_id`, sql`page.sequence`)}
    ORDER BY page.created_at DESC, page.wallet_id DESC, page.sequence DESC`
}

/** Within a wallet, the order of time is that of the sequences. */
function userCandidatesOfAll(request: UserPageRequest): Sql {
  return sql`SELECT newest.created_at, w.wallet_id, newest.sequence FROM wallets w
    CROSS JOIN LATERAL (${userEdges(request)}) AS bounds
    CROSS JOIN LATERAL (
      SELECT edge.created_at, edge.sequence FROM wallet_transactions edge
      WHERE edge.wallet_id = w.wallet_id AND edge.sequence <= bounds.upper AND edge.sequence > bounds.lower
      ORDER BY edge.sequence DESC LIMIT ${request.limit + request.offset}
    ) AS newest
    WHERE w.user_id = ${request.userId}`
}

function userCandidatesOfTypes(request: UserPageRequest): Sql {
  const edges = { upper: sql`bounds.upper`, lower: sql`bounds.lower` }
  return sql`SELECT newest.created_at, w.wallet_id, newest.sequence FROM wallets w
    CROSS JOIN LATERAL (${userEdges(request)}) AS bounds
    CROSS JOIN unnest(${request.types}::text[]) AS wanted (transaction_type)
    CROSS JOIN LATERAL (${newestOfType(sql`w.wallet_id`, edges, request)}) AS newest
    WHERE w.user_id = ${request.userId}`
}

/** `OFFSET 0` keeps the edges from being searched again for every row. */
function userEdges({ from, to, after }: UserPageRequest): Sql {
  const wallet = sql`w.wallet_id`
  const end = to !== null ? lastSequenceAt(wallet, to) : BEYOND_ALL_SEQUENCES
  const upper = after ? sql`least(${end}, ${lastSequenceAfter(after)})` : end
  const lower = from !== null ? lastSequenceBefore(wallet, from) : sql`0::bigint`
  return sql`SELECT ${upper} AS upper, ${lower} AS lower OFFSET 0`
}

/** The newest row of a wallet that comes after a cursor's row, which is resolved wallet by wallet. */
function lastSequenceAfter({ createdAt, walletId, sequence }: UserPosition): Sql {
  const wallet = sql`w.wallet_id`
  const id = sql`${walletId}::uuid`
  return sql`CASE WHEN ${wallet} = ${id} THEN ${sequence}::bigint - 1
    WHEN ${wallet} < ${id} THEN ${lastSequenceAt(wallet, createdAt)} ELSE ${lastSequenceBefore(wallet, createdAt)} END`
}

/**
 * The newest rows of type `wanted.transaction_type` with lower < sequence <= upper. The row comparisons and the leading
 * type in the order can be met by the type index alone: with `transaction_type = ...` a planner that believes the type
 * to be common walks the primary key instead, and for a rare type that walk is the whole wallet.
 */
function newestOfType(wallet: Sql, edges: { readonly upper: Sql; readonly lower: Sql }, slice: Slice): Sql {
  return sql`SELECT typed.created_at, typed.sequence FROM wallet_transactions typed
    WHERE typed.wallet_id = ${wallet}
      AND (typed.transaction_type, typed.sequence) <= (wanted.transaction_type, ${edges.upper})
      AND (typed.transaction_type, typed.sequence) > (wanted.transaction_type, ${edges.lower})
    ORDER BY typed.transaction_type DESC, typed.sequence DESC LIMIT ${slice.limit + slice.offset}`
}

function lowerEdge(wallet: Sql, { from }: HistoryFilter, prefix: Sql): Sql {
  return from !== null ? sql`${prefix} ${lastSequenceBefore(wallet, from)}` : NOTHING
}

function beforeCursor({ before }: WalletPageRequest, prefix: Sql): Sql {
  return before === null ? NOTHING : sql`${prefix} ${before}::bigint`
}

/** The sequence of the last row up to an instant; 0 when there is none. */
export function lastSequenceAt(wallet: Sql, instant: Instant): Sql {
  return sql`(SELECT last_sequence_at(${wallet}, ${timestamp(instant)}::timestamptz))`
}

/** The sequence of the last row before an instant; 0 when there is none. Instants are whole microseconds. */
export function lastSequenceBefore(wallet: Sql, instant: Instant): Sql {
  return lastSequenceAt(wallet, instant - 1n)
}
