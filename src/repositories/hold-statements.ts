// The SQL of holds on the posting path: what a flush looks up and writes besides wallets and rows. As ledger-statements.ts.
import { sql } from 'kysely'
import { insert, type Statement, statement, unnest } from './set-wise.ts'

/**
 * What expired in these wallets since their locks were last brought up to date, and when the next hold expires. Each wallet
 * comes with its own from (inclusive) and now: both sides of an index range that holds nothing but what is asked for.
 */
export const findExpiredLocks = statement(
  'find_expired_locks',
  sql`SELECT request.wallet_id, expired.amount AS expired_amount, following.expires_at AS next_hold_expiry
    FROM ${unnest(['uuid', 'timestamptz', 'timestamptz'])} AS request (wallet_id, since, now)
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(h.amount - h.captured_amount), 0) AS amount FROM holds h
      WHERE h.wallet_id = request.wallet_id AND h.status = 'pending'
        AND h.expires_at >= request.since AND h.expires_at <= request.now
    ) AS expired
    LEFT JOIN LATERAL (
      SELECT h.expires_at FROM holds h
      WHERE h.wallet_id = request.wallet_id AND h.status = 'pending' AND h.expires_at > request.now
      ORDER BY h.expires_at LIMIT 1
    ) AS following ON true`,
)

/** All columns of a hold, of the table or subquery called `h`. */
export const HOLD = sql.raw(
  `h.hold_id, h.wallet_id, h.currency, h.amount, h.captured_amount, h.status, h.expires_at, h.description, h.reference_id,
      h.metadata, h.created_at, h.updated_at`,
)

/** Holds by id; their wallets are locked by then. */
export const findHolds = statement(
  'find_holds',
  sql`SELECT ${HOLD} FROM ${unnest(['uuid', 'uuid'])} AS request (hold_id, wallet_id)
    CROSS JOIN LATERAL (
      SELECT * FROM holds h WHERE h.hold_id = request.hold_id AND h.wallet_id = request.wallet_id LIMIT 1
    ) AS h`,
)

/** The first pending holds of these wallets to expire, in the order in which they do. */
export const findDueHolds = statement(
  'find_due_holds',
  sql`SELECT ${HOLD} FROM ${unnest(['uuid', 'int8'])} AS request (wallet_id, wanted)
    CROSS JOIN LATERAL (
      SELECT * FROM holds due WHERE due.wallet_id = request.wallet_id AND due.status = 'pending'
      ORDER BY due.expires_at, due.hold_id LIMIT request.wanted
    ) AS h`,
)

/** Where the chains of hold events of these wallets end. */
export const findHoldHeads = statement(
  'find_hold_heads',
  sql`SELECT request.wallet_id, head.sequence, head.hash, head.reserved_total, head.expired_total
    FROM ${unnest(['uuid'])} AS request (wallet_id)
    CROSS JOIN LATERAL (
      SELECT e.sequence, e.hash, e.reserved_total, e.expired_total FROM hold_events e
      WHERE e.wallet_id = request.wallet_id ORDER BY e.sequence DESC LIMIT 1
    ) AS head`,
)

const HOLD_COLUMNS = [
  ['hold_id', 'uuid'],
  ['wallet_id', 'uuid'],
  ['currency', 'text'],
  ['amount', 'numeric'],
  ['captured_amount', 'numeric'],
  ['status', 'text'],
  ['expires_at', 'timestamptz'],
  ['ends_at', 'timestamptz'],
  ['description', 'text'],
  ['reference_id', 'text'],
  ['metadata', 'json'],
  ['created_at', 'timestamptz'],
  ['updated_at', 'timestamptz'],
] as const

/** Columns of `hold_events` in the order of `insertHoldEvents`' parameters, with their types. */
export const HOLD_EVENT_COLUMNS = [
  ['wallet_id', 'uuid'],
  ['sequence', 'int8'],
  ['hold_id', 'uuid'],
  ['event_type', 'text'],
  ['amount', 'numeric'],
  ['released_amount', 'numeric'],
  ['status', 'text'],
  ['captured_amount', 'numeric'],
  ['remaining_amount', 'numeric'],
  ['expires_at', 'timestamptz'],
  ['reserved_total', 'numeric'],
  ['expired_total', 'numeric'],
  ['transaction_sequence', 'int8'],
  ['idempotency_key', 'text'],
  ['request_hash', 'bytea'],
  ['hash', 'bytea'],
  ['created_at', 'timestamptz'],
] as const

/** Places holds, as they are after the commands of this flush. */
export const insertHolds = insert('insert_holds', 'holds', HOLD_COLUMNS)

/** Writes what happened to holds. */
export const insertHoldEvents = insert('insert_hold_events', 'hold_events', HOLD_EVENT_COLUMNS)

/** Writes how holds stand now. */
export const updateHolds = statement(
  'update_holds',
  sql`UPDATE holds h SET captured_amount = changed.captured_amount, status = changed.status,
      expires_at = changed.expires_at, ends_at = changed.ends_at, updated_at = changed.updated_at
    FROM ${unnest(['uuid', 'uuid', 'numeric', 'text', 'timestamptz', 'timestamptz', 'timestamptz'])}
      AS changed (hold_id, wallet_id, captured_amount, status, expires_at, ends_at, updated_at)
    WHERE h.hold_id = changed.hold_id AND h.wallet_id = changed.wallet_id`,
)

/** Every statement of this file, for the snapshot that shows reviewers when SQL changes. */
export const HOLD_STATEMENTS: readonly Statement[] = [
  findExpiredLocks,
  findHolds,
  findDueHolds,
  findHoldHeads,
  insertHolds,
  insertHoldEvents,
  updateHolds,
]
