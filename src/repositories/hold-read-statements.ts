// The SQL behind look-ups and lists of holds, and behind what was locked at an instant. Each costs what it answers, whatever lies
// behind it; the one exception, which holds were open at an instant in the past, is bounded in open-holds.ts.
import { type RawBuilder, sql } from 'kysely'
import { HOLD_STATUSES, type HoldEventType, type HoldId, type HoldStatus } from '../domain/hold.ts'
import type { Instant } from '../domain/instant.ts'
import type { WalletId } from '../domain/wallet.ts'
import type { Place } from './coalescing.ts'
import type { BriefHoldRow, HoldRow } from './hold-rows.ts'
import { HOLD } from './hold-statements.ts'
import { placesTable, timestamp } from './read-rows.ts'

type Sql = RawBuilder<unknown>

/** A stored hold, and the clock by which its reader must judge whether it has expired. */
export interface TimedHoldRow extends HoldRow {
  readonly now: Instant
}

/** A hold as an event left it, and the newest row of its wallet then. */
export interface HoldEventRow extends HoldRow {
  readonly event_type: HoldEventType
  readonly transaction_sequence: number
  readonly sequence: number
}

/** Where a list of holds left off, in the order (created_at, hold_id), newest first. */
export interface HoldPosition {
  readonly createdAt: Instant
  readonly holdId: HoldId
}

export interface HoldPageRequest {
  readonly walletId: WalletId
  /** `null`: of every status. */
  readonly status: HoldStatus | null
  readonly limit: number
  /** Only holds after this position. */
  readonly after: HoldPosition | null
}

const TIMED_HOLD = sql`${HOLD}, statement_timestamp() AS now`

/** Holds by id. */
export function findHolds(ids: readonly HoldId[]): RawBuilder<TimedHoldRow> {
  return sql`SELECT ${TIMED_HOLD} FROM holds h WHERE h.hold_id = ANY(${ids}::uuid[])`
}

/** Holds as events of their wallets left them. */
export function findHoldEvents(places: readonly Place[]): RawBuilder<HoldEventRow> {
  return sql`SELECT h.hold_id, h.wallet_id, h.currency, h.amount, e.captured_amount, e.status, e.expires_at, h.description,
      h.reference_id, h.metadata, h.created_at, e.created_at AS updated_at, e.event_type, e.transaction_sequence, e.sequence
    FROM ${placesTable(places)}
    JOIN hold_events e ON e.wallet_id = place.wallet_id AND e.sequence = place.sequence
    JOIN holds h ON h.hold_id = e.hold_id AND h.wallet_id = e.wallet_id`
}

/** A page of a wallet's holds, newest first: the newest of each stored status, merged. */
export function holdPage(request: HoldPageRequest): RawBuilder<TimedHoldRow> {
  const candidates = sql.join(candidatesOf(request), sql` UNION ALL `)
  return sql`SELECT ${TIMED_HOLD} FROM (
      SELECT candidate.created_at, candidate.hold_id FROM (${candidates}) AS candidate
      ORDER BY candidate.created_at DESC, candidate.hold_id DESC LIMIT ${request.limit}
    ) AS page
    JOIN holds h ON h.hold_id = page.hold_id AND h.wallet_id = ${request.walletId}
    ORDER BY page.created_at DESC, page.hold_id DESC`
}

function candidatesOf(request: HoldPageRequest): readonly Sql[] {
  const { status } = request
  switch (status) {
    case null:
      return HOLD_STATUSES.map((stored) => newestOfStatus(request, stored))
    case 'captured':
    case 'voided':
      return [newestOfStatus(request, status)]
    case 'pending':
      return [newestOfStatus(request, status, sql`AND h.expires_at > statement_timestamp()`)]
    case 'expired':
      return [newestOfStatus(request, status), newestDue(request)]
  }
}

/**
 * The newest holds of one stored status. With `status = 'pending'` a planner that knows little of the table takes the index of
 * what is pending and sorts all of it (303 pages instead of 5 for 10,000 open holds); to a range, and an order that begins with
 * the status, only the list's own index answers.
 */
function newestOfStatus(request: HoldPageRequest, status: HoldStatus, condition: Sql = sql``): Sql {
  return sql`(SELECT h.created_at, h.hold_id FROM holds h
      WHERE h.wallet_id = ${request.walletId} AND h.status >= ${status} AND h.status <= ${status}
        ${condition} ${afterPosition(request)}
      ORDER BY h.status DESC, h.created_at DESC, h.hold_id DESC LIMIT ${request.limit})`
}

/** Expired and not written down yet: found by their time, of which the list's index knows nothing. */
function newestDue(request: HoldPageRequest): Sql {
  return sql`(SELECT h.created_at, h.hold_id FROM (
        SELECT due.created_at, due.hold_id FROM holds due
        WHERE due.wallet_id = ${request.walletId} AND due.status = 'pending' AND due.expires_at <= statement_timestamp()
        OFFSET 0
      ) AS h WHERE true ${afterPosition(request)}
      ORDER BY h.created_at DESC, h.hold_id DESC LIMIT ${request.limit})`
}

function afterPosition({ after }: HoldPageRequest): Sql {
  if (!after) return sql``
  return sql`AND (h.created_at, h.hold_id) < (${timestamp(after.createdAt)}::timestamptz, ${after.holdId}::uuid)`
}

/** Wallets in which holds have expired and nobody has written it down, with how many of the first `limit` are theirs. */
export function findDueWallets(
  limit: number,
  passedOver: readonly WalletId[],
): RawBuilder<{ wallet_id: WalletId; due: number }> {
  return sql`SELECT first.wallet_id, count(*) AS due FROM (
      SELECT h.wallet_id FROM holds h
      WHERE h.status = 'pending' AND h.expires_at <= statement_timestamp() AND h.wallet_id <> ALL(${passedOver}::uuid[])
      ORDER BY h.expires_at LIMIT ${limit}
    ) AS first GROUP BY first.wallet_id`
}

/**
 * What holds locked in a wallet at an instant: everything placed and neither captured nor released by then, less what had
 * expired by then. The first is the running total of the last event up to the instant; the second that of the last expiry
 * up to it, since expiries are written down in their order, and what is due and not written down yet.
 */
export function lockedAt(wallet: Sql, at: Instant): RawBuilder<bigint> {
  const instant = sql`${timestamp(at)}::timestamptz`
  // Of an instant to come nobody knows what will have expired: that is as of now.
  const known = sql`least(${instant}, statement_timestamp())`
  return sql`(coalesce((
      SELECT e.reserved_total FROM hold_events e WHERE e.wallet_id = ${wallet} AND e.created_at <= ${instant}
      ORDER BY e.created_at DESC, e.sequence DESC LIMIT 1
    ), 0) - coalesce((
      SELECT e.expired_total FROM hold_events e
      WHERE e.wallet_id = ${wallet} AND e.event_type = 'expired' AND e.expires_at <= ${known}
      ORDER BY e.expires_at DESC, e.sequence DESC LIMIT 1
    ), 0) - (
      SELECT coalesce(sum(h.amount - h.captured_amount), 0) FROM holds h
      WHERE h.wallet_id = ${wallet} AND h.status = 'pending' AND h.expires_at <= ${known}
    ))`
}

/** One of a wallet's holds by when it ended, or will; and whether it had been placed by an instant before that. */
export interface EndRow {
  readonly hold_id: HoldId
  readonly ends_at: Instant
  readonly was_open: boolean
}

/** No id comes after it. */
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/**
 * For the rest of a transaction, look-ups in the order of an index and no sorting of what another index finds: a planner that
 * knows little of a young table expects a handful of holds, and fetches and sorts all there are (1,800 pages instead of 60 for an
 * explanation among 10,000 open holds). The posting connection is opened like that.
 */
export const inOrderOfIndexes = sql`SELECT set_config(name, 'off', true)
  FROM unnest(ARRAY['enable_bitmapscan', 'enable_sort', 'enable_incremental_sort']) AS name`

/** A step of the walk along the holds that ended after an instant, in the order in which they did, from the index alone. */
export function holdsEndingAfter(request: {
  readonly walletId: WalletId
  readonly at: Instant
  readonly after: Pick<EndRow, 'ends_at' | 'hold_id'> | null
  readonly limit: number
}): RawBuilder<EndRow> {
  const { walletId, at, limit } = request
  const { ends_at: endsAt, hold_id: holdId } = request.after ?? { ends_at: at, hold_id: LAST_ID }
  return sql`SELECT h.hold_id, h.ends_at, h.created_at <= ${timestamp(at)}::timestamptz AS was_open FROM holds h
    WHERE h.wallet_id = ${walletId}
      AND (h.ends_at, h.hold_id) > (${timestamp(endsAt)}::timestamptz, ${holdId}::uuid)
    ORDER BY h.ends_at, h.hold_id LIMIT ${limit}`
}

/** Holds as they were at an instant, in any order. */
export function holdsAt(walletId: WalletId, at: Instant, ids: readonly HoldId[]): RawBuilder<BriefHoldRow> {
  return sql`SELECT h.hold_id, h.wallet_id, h.currency, h.amount, last.captured_amount, last.status, last.expires_at,
      h.reference_id, h.created_at, last.created_at AS updated_at
    FROM holds h
    CROSS JOIN LATERAL (
      SELECT e.captured_amount, e.status, e.expires_at, e.created_at FROM hold_events e
      WHERE e.wallet_id = h.wallet_id AND e.hold_id = h.hold_id AND e.created_at <= ${timestamp(at)}::timestamptz
      ORDER BY e.sequence DESC LIMIT 1
    ) AS last
    WHERE h.hold_id = ANY(${ids}::uuid[]) AND h.wallet_id = ${walletId}`
}
