// The SQL of the audit about holds: what they lock, what happened to each of them, and the rows that their captures wrote.
// The form of the statements is that of audit-statements.ts; where a finding names a hold, its sequence is a hold event's.
import type { AuditStatement } from './audit-statements.ts'

/** Every value of a hold can be read, and every value of what happened to it. */
export const unreadableHolds: AuditStatement = {
  text: `
    SELECT wallet_id::text, sequence::text, NULL AS transaction_id, hold_id::text, 'a value' AS what,
      'decimals, times and counts that can be computed with' AS expected, amounts::text || ' at ' || times::text AS found
    FROM (
      SELECT wallet_id, NULL::bigint AS sequence, hold_id, ARRAY[amount, captured_amount] AS amounts,
        ARRAY[expires_at, ends_at, created_at, updated_at] AS times
      FROM holds
      WHERE 'NaN' IN (amount, captured_amount)
        OR least(expires_at, ends_at, created_at, updated_at) < '1970-01-01Z'
        OR greatest(expires_at, ends_at, created_at, updated_at) > '9999-12-31Z'
      UNION ALL
      SELECT wallet_id, sequence, hold_id,
        ARRAY[amount, released_amount, captured_amount, remaining_amount, reserved_total, expired_total],
        ARRAY[expires_at, created_at]
      FROM hold_events
      WHERE 'NaN' IN (amount, released_amount, captured_amount, remaining_amount, reserved_total, expired_total)
        OR 'Infinity' IN (reserved_total, expired_total) OR '-Infinity' IN (reserved_total, expired_total)
        OR greatest(scale(reserved_total), scale(expired_total)) > 18
        OR least(expires_at, created_at) < '1970-01-01Z' OR greatest(expires_at, created_at) > '9999-12-31Z'
        OR greatest(sequence, transaction_sequence) > 9007199254740991
    ) AS unreadable
    ORDER BY 1, 2 LIMIT $1`,
}

/**
 * What a wallet stores as locked is what its pending holds reserve, but for those that expired before next_hold_expiry; and
 * never more than there is.
 */
export const wrongLocks: AuditStatement = {
  text: `
    SELECT wallet_id::text, last_sequence::text AS sequence, NULL AS transaction_id, c.what, c.expected, c.found
    FROM wallets LEFT JOIN (
      SELECT wallet_id, sum(h.amount - h.captured_amount) AS total
      FROM holds h JOIN wallets w USING (wallet_id)
      WHERE h.status = 'pending' AND h.expires_at >= w.next_hold_expiry GROUP BY wallet_id
    ) AS reserved USING (wallet_id),
    LATERAL (VALUES
      ('locked_balance', locked_balance = coalesce(reserved.total, 0), trim_scale(coalesce(reserved.total, 0))::text,
        trim_scale(locked_balance)::text),
      ('available balance', balance >= locked_balance, 'at least 0', trim_scale(balance - locked_balance)::text)
    ) AS c (what, holds, expected, found)
    WHERE NOT c.holds
    ORDER BY 1, 2 LIMIT $1`,
}

/**
 * What a row says was locked right after it: what was placed and neither captured nor released by then, by the order of
 * rows and events (the capture that wrote a row comes before it, whatever else names the row comes after), less what had
 * expired by then, by time. One pass over the rows of wallets with holds; of all others only those that say otherwise than 0.
 */
export const wrongRowLocks: AuditStatement = {
  text: `
    WITH held AS (SELECT DISTINCT wallet_id FROM hold_events), moments AS (
      SELECT t.wallet_id, t.sequence AS position, 1 AS rank, t.created_at AS instant, t.transaction_id, t.locked_balance,
        0::numeric AS reserved, 0::numeric AS expired
      FROM wallet_transactions t LEFT JOIN held USING (wallet_id) WHERE held.wallet_id IS NOT NULL OR t.locked_balance <> 0
      UNION ALL
      SELECT wallet_id, transaction_sequence, CASE event_type WHEN 'captured' THEN 0 ELSE 2 END, created_at, NULL, NULL,
        CASE WHEN event_type = 'placed' THEN amount WHEN event_type <> 'expired' THEN -amount - released_amount ELSE 0 END, 0
      FROM hold_events
      UNION ALL
      SELECT wallet_id, 0, 0, expires_at, NULL, NULL, 0, amount - captured_amount
      FROM holds WHERE status IN ('pending', 'expired')
    )
    SELECT wallet_id::text, position::text AS sequence, transaction_id::text, 'locked_balance of the row' AS what,
      trim_scale(reserved - expired)::text AS expected, trim_scale(locked_balance)::text AS found
    FROM (
      SELECT wallet_id, position, transaction_id, locked_balance,
        sum(reserved) OVER (PARTITION BY wallet_id ORDER BY position, rank ROWS UNBOUNDED PRECEDING) AS reserved,
        sum(expired) OVER (PARTITION BY wallet_id ORDER BY instant, rank ROWS UNBOUNDED PRECEDING) AS expired
      FROM moments
    ) AS row_locks
    WHERE locked_balance <> reserved - expired
    ORDER BY wallet_id, position LIMIT $1`,
}

/** Each hold event of a wallet takes up where the one before it ended: sequence, running totals, newest row, and time. */
export const brokenHoldContinuity: AuditStatement = {
  text: `
    SELECT e.wallet_id::text, e.sequence::text, NULL AS transaction_id, e.hold_id::text, c.what, c.expected, c.found
    FROM (
      SELECT wallet_id, sequence, hold_id, reserved_total, expired_total, transaction_sequence, created_at,
        CASE WHEN event_type = 'placed' THEN amount WHEN event_type <> 'expired' THEN -amount - released_amount ELSE 0 END
          AS reserved,
        CASE event_type WHEN 'expired' THEN released_amount ELSE 0 END AS expired,
        CASE event_type WHEN 'captured' THEN 1 ELSE 0 END AS rows_written,
        lag(sequence, 1, 0::bigint) OVER earlier AS last_sequence,
        lag(reserved_total, 1, 0::numeric) OVER earlier AS last_reserved_total,
        lag(expired_total, 1, 0::numeric) OVER earlier AS last_expired_total,
        lag(transaction_sequence, 1, 0::bigint) OVER earlier AS last_transaction_sequence,
        lag(created_at, 1, created_at) OVER earlier AS last_created_at
      FROM hold_events WINDOW earlier AS (PARTITION BY wallet_id ORDER BY sequence)
    ) AS e,
    LATERAL (VALUES
      ('sequence', sequence = last_sequence + 1, (last_sequence + 1)::text, sequence::text),
      ('reserved_total', reserved_total = last_reserved_total + reserved, trim_scale(last_reserved_total + reserved)::text,
        trim_scale(reserved_total)::text),
      ('expired_total', expired_total = last_expired_total + expired, trim_scale(last_expired_total + expired)::text,
        trim_scale(expired_total)::text),
      ('transaction_sequence', transaction_sequence >= last_transaction_sequence + rows_written,
        'at least ' || last_transaction_sequence + rows_written, transaction_sequence::text),
      ('created_at', created_at >= last_created_at, 'not before ' || last_created_at, created_at::text)
    ) AS c (what, holds, expected, found)
    WHERE ((sequence, reserved_total, expired_total)
        <> (last_sequence + 1, last_reserved_total + reserved, last_expired_total + expired)
      OR transaction_sequence < last_transaction_sequence + rows_written OR created_at < last_created_at) AND NOT c.holds
    ORDER BY e.wallet_id, e.sequence LIMIT $1`,
}

/** A hold event stands between the row that it names as its wallet's newest and the one after that. */
export const misplacedHoldEvents: AuditStatement = {
  text: `
    SELECT e.wallet_id::text, e.sequence::text, newest.transaction_id::text, e.hold_id::text, c.what, c.expected, c.found
    FROM hold_events e
    LEFT JOIN wallet_transactions newest ON newest.wallet_id = e.wallet_id AND newest.sequence = e.transaction_sequence
    LEFT JOIN wallet_transactions following ON following.wallet_id = e.wallet_id
      AND following.sequence = e.transaction_sequence + 1,
    LATERAL (VALUES
      ('row before the event', coalesce(newest.created_at <= e.created_at, e.transaction_sequence = 0),
        'sequence ' || e.transaction_sequence || ' by ' || e.created_at, coalesce(newest.created_at::text, 'no row')),
      ('row after the event', coalesce(following.created_at >= e.created_at, true),
        'sequence ' || following.sequence || ' not before ' || e.created_at, following.created_at::text)
    ) AS c (what, holds, expected, found)
    WHERE (NOT coalesce(newest.created_at <= e.created_at, e.transaction_sequence = 0) OR following.created_at < e.created_at)
      AND NOT c.holds
    ORDER BY e.wallet_id, e.sequence LIMIT $1`,
}

/** What happens to a hold takes up where the hold stood: it is placed first, and after its end nothing happens to it. */
export const brokenHoldHistories: AuditStatement = {
  text: `
    SELECT e.wallet_id::text, e.sequence::text, NULL AS transaction_id, e.hold_id::text, c.what, c.expected, c.found
    FROM (
      SELECT wallet_id, sequence, hold_id, event_type, released_amount, status, captured_amount, remaining_amount,
        expires_at, created_at,
        CASE event_type WHEN 'placed' THEN amount ELSE 0 END AS placed,
        CASE event_type WHEN 'captured' THEN amount ELSE 0 END AS captured,
        lag(status) OVER earlier AS last_status,
        lag(captured_amount, 1, 0::numeric) OVER earlier AS last_captured,
        lag(remaining_amount, 1, 0::numeric) OVER earlier AS last_remaining,
        lag(expires_at) OVER earlier AS last_expires_at
      FROM hold_events WINDOW earlier AS (PARTITION BY wallet_id, hold_id ORDER BY sequence)
    ) AS e,
    LATERAL (SELECT
      last_captured + captured AS due_captured,
      CASE status WHEN 'pending' THEN 0 ELSE last_remaining - captured END AS due_released,
      CASE status WHEN 'pending' THEN last_remaining + placed - captured ELSE 0 END AS due_remaining
    ) AS due,
    LATERAL (VALUES
      ('event_type', (event_type = 'placed') = (last_status IS NULL),
        CASE WHEN last_status IS NULL THEN 'placed' ELSE 'what happens to a placed hold' END, event_type),
      ('the end', coalesce(last_status = 'pending', true), 'nothing after it was ' || last_status, event_type),
      ('captured_amount', captured_amount = due_captured, trim_scale(due_captured)::text, trim_scale(captured_amount)::text),
      ('released_amount', released_amount = due_released, trim_scale(due_released)::text, trim_scale(released_amount)::text),
      ('remaining_amount', remaining_amount = due_remaining, trim_scale(due_remaining)::text,
        trim_scale(remaining_amount)::text),
      ('expires_at', event_type IN ('placed', 'extended') OR coalesce(expires_at = last_expires_at, true),
        last_expires_at::text, expires_at::text),
      ('created_at', event_type = 'expired' OR coalesce(created_at < last_expires_at, true), 'before ' || last_expires_at,
        created_at::text)
    ) AS c (what, holds, expected, found)
    WHERE ((event_type = 'placed') <> (last_status IS NULL) OR last_status <> 'pending'
      OR (captured_amount, released_amount, remaining_amount) <> (due_captured, due_released, due_remaining)
      OR (expires_at <> last_expires_at AND event_type NOT IN ('placed', 'extended'))
      OR (created_at >= last_expires_at AND event_type <> 'expired')) AND NOT c.holds
    ORDER BY e.wallet_id, e.sequence LIMIT $1`,
}

/** A hold stands where its last event left it, with the amount and the time it was placed with; neither is without the other. */
export const wrongHolds: AuditStatement = {
  text: `
    SELECT wallet_id::text, newest.sequence::text AS sequence, NULL AS transaction_id, hold_id::text, c.what, c.expected,
      c.found
    FROM holds h FULL JOIN (
      SELECT DISTINCT ON (wallet_id, hold_id) wallet_id, hold_id, sequence, status, captured_amount, expires_at,
        CASE status WHEN 'pending' THEN expires_at WHEN 'expired' THEN expires_at ELSE created_at END AS ends_at,
        CASE status WHEN 'expired' THEN expires_at ELSE created_at END AS updated_at
      FROM hold_events ORDER BY wallet_id, hold_id, sequence DESC
    ) AS newest USING (wallet_id, hold_id)
    LEFT JOIN (
      SELECT wallet_id, hold_id, amount, created_at FROM hold_events WHERE event_type = 'placed'
    ) AS placed USING (wallet_id, hold_id),
    LATERAL (VALUES
      ('hold of the event', h.status IS NOT NULL, 'a hold', 'no hold'),
      ('events of the hold', newest.status IS NOT NULL, 'what happened to it', 'nothing'),
      ('status', coalesce(h.status = newest.status, true), newest.status, h.status),
      ('amount', coalesce(h.amount = placed.amount, true), trim_scale(placed.amount)::text, trim_scale(h.amount)::text),
      ('captured_amount', coalesce(h.captured_amount = newest.captured_amount, true),
        trim_scale(newest.captured_amount)::text, trim_scale(h.captured_amount)::text),
      ('expires_at', coalesce(h.expires_at = newest.expires_at, true), newest.expires_at::text, h.expires_at::text),
      ('ends_at', coalesce(h.ends_at = newest.ends_at, true), newest.ends_at::text, h.ends_at::text),
      ('created_at', coalesce(h.created_at = placed.created_at, true), placed.created_at::text, h.created_at::text),
      ('updated_at', coalesce(h.updated_at = newest.updated_at, true), newest.updated_at::text, h.updated_at::text)
    ) AS c (what, holds, expected, found)
    WHERE ((h.status, h.captured_amount, h.expires_at, h.ends_at, h.updated_at) IS DISTINCT FROM
        (newest.status, newest.captured_amount, newest.expires_at, newest.ends_at, newest.updated_at)
      OR (h.amount, h.created_at) IS DISTINCT FROM (placed.amount, placed.created_at)) AND NOT c.holds
    ORDER BY wallet_id, hold_id LIMIT $1`,
}

/** All that was captured of a hold, released, expired and is open is what was held; and it ended once, or not yet. */
export const wrongHoldTotals: AuditStatement = {
  text: `
    SELECT wallet_id::text, NULL AS sequence, NULL AS transaction_id, hold_id::text, c.what, c.expected, c.found
    FROM (
      SELECT wallet_id, hold_id, h.amount, h.captured_amount, CASE h.status WHEN 'pending' THEN 0 ELSE 1 END AS due_ends,
        coalesce(ends, 0) AS ends, coalesce(captured, 0) AS captured, coalesce(captured + released_or_expired + open, 0) AS total
      FROM holds h LEFT JOIN (
        SELECT wallet_id, hold_id, count(*) FILTER (WHERE status <> 'pending') AS ends,
          sum(CASE event_type WHEN 'captured' THEN amount ELSE 0 END) AS captured,
          sum(released_amount) AS released_or_expired, (array_agg(remaining_amount ORDER BY sequence DESC))[1] AS open
        FROM hold_events GROUP BY wallet_id, hold_id
      ) AS happened USING (wallet_id, hold_id)
    ) AS h,
    LATERAL (VALUES
      ('captured_amount', trim_scale(captured)::text, trim_scale(captured_amount)::text),
      ('captured, released, expired and open', trim_scale(amount)::text, trim_scale(total)::text),
      ('ends', due_ends::text, ends::text)
    ) AS c (what, expected, found)
    WHERE (captured_amount, amount, ends) <> (captured, total, due_ends) AND c.expected IS DISTINCT FROM c.found
    ORDER BY wallet_id, hold_id LIMIT $1`,
}

/** A capture wrote the row that it names: a consumption or withdrawal of that amount, which names the hold. */
export const wrongCaptures: AuditStatement = {
  text: `
    SELECT e.wallet_id::text, e.sequence::text, t.transaction_id::text, e.hold_id::text, c.what, c.expected, c.found
    FROM hold_events e
    LEFT JOIN wallet_transactions t ON t.wallet_id = e.wallet_id AND t.sequence = e.transaction_sequence
    LEFT JOIN holds h ON h.wallet_id = e.wallet_id AND h.hold_id = e.hold_id,
    LATERAL (VALUES
      ('row of the capture', coalesce(t.transaction_type IN ('consume', 'withdraw'), false), 'consume or withdraw',
        coalesce(t.transaction_type, 'no row')),
      ('amount of the row', coalesce(t.amount = e.amount, true), trim_scale(e.amount)::text, trim_scale(t.amount)::text),
      ('hold_id of the row', coalesce(t.metadata ->> 'hold_id' = e.hold_id::text, t.sequence IS NULL), e.hold_id::text,
        t.metadata ->> 'hold_id'),
      ('reference_id of the row', t.sequence IS NULL OR h.amount IS NULL OR t.reference_id IS NOT DISTINCT FROM h.reference_id,
        h.reference_id, t.reference_id),
      ('created_at of the row', coalesce(t.created_at = e.created_at, true), e.created_at::text, t.created_at::text)
    ) AS c (what, holds, expected, found)
    WHERE e.event_type = 'captured' AND (t.sequence IS NULL OR t.transaction_type NOT IN ('consume', 'withdraw')
      OR t.amount <> e.amount OR t.created_at <> e.created_at
      OR (t.metadata ->> 'hold_id', t.reference_id) IS DISTINCT FROM (e.hold_id::text, h.reference_id)) AND NOT c.holds
    ORDER BY e.wallet_id, e.sequence LIMIT $1`,
}

/** Expiries are written down in the order of their time, so that what had expired at an instant can be looked up. */
export const expiriesOutOfOrder: AuditStatement = {
  text: `
    SELECT wallet_id::text, sequence::text, NULL AS transaction_id, hold_id::text, 'expires_at' AS what,
      'not before ' || last_expires_at AS expected, expires_at::text AS found
    FROM (
      SELECT wallet_id, sequence, hold_id, expires_at,
        lag(expires_at) OVER (PARTITION BY wallet_id ORDER BY sequence) AS last_expires_at
      FROM hold_events WHERE event_type = 'expired'
    ) AS e
    WHERE expires_at < last_expires_at
    UNION ALL
    SELECT wallet_id::text, NULL, NULL, h.hold_id::text, 'expires_at of a pending hold',
      'not before ' || written.last_expires_at || ', when one expired', h.expires_at::text
    FROM holds h JOIN (
      SELECT wallet_id, max(expires_at) AS last_expires_at FROM hold_events WHERE event_type = 'expired' GROUP BY wallet_id
    ) AS written USING (wallet_id)
    WHERE h.status = 'pending' AND h.expires_at < written.last_expires_at
    ORDER BY 1, 2 LIMIT $1`,
}

/** A hold has a wallet and bears its currency, and whatever happened to it happened during the wallet's life. */
export const strayHolds: AuditStatement = {
  text: `
    SELECT wallet_id::text, NULL AS sequence, NULL AS transaction_id, hold_id::text, c.what, c.expected, c.found
    FROM holds h LEFT JOIN wallets w USING (wallet_id),
    LATERAL (VALUES
      ('wallet_id', w.currency IS NOT NULL, 'a wallet', 'no wallet'),
      ('currency', coalesce(h.currency = w.currency, true), w.currency, h.currency)
    ) AS c (what, holds, expected, found)
    WHERE NOT c.holds
    UNION ALL
    SELECT wallet_id::text, e.sequence::text, NULL, e.hold_id::text, 'created_at',
      'between ' || w.created_at || ' and ' || w.updated_at, e.created_at::text
    FROM hold_events e JOIN wallets w USING (wallet_id)
    WHERE e.created_at NOT BETWEEN w.created_at AND w.updated_at
    ORDER BY 1, 2 LIMIT $1`,
}

/** A hold's id is its own over all wallets: holds are found by it alone, but the key can only promise it within one. */
export const repeatedHoldIds: AuditStatement = {
  text: `
    SELECT h.wallet_id::text, NULL AS sequence, NULL AS transaction_id, hold_id::text, 'hold_id' AS what,
      'one hold' AS expected, counted || ' holds' AS found
    FROM holds h JOIN (
      SELECT hold_id, count(*) AS counted FROM holds GROUP BY hold_id HAVING count(*) > 1
    ) AS repeated USING (hold_id)
    ORDER BY hold_id, h.wallet_id LIMIT $1`,
}
