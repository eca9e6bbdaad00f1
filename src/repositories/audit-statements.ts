// The SQL of the audit, one invariant of DESIGN.md §3 a statement. Each one reads whole tables, trusts no running figure it
// can recompute, and answers with the first rows that break the invariant. What is not SQL (the hash chains) is elsewhere.

/**
 * A statement whose `$1` is the number of findings wanted. Its columns are those of `FindingRow`, all of them text; `hold_id`
 * only where holds come in.
 */
export interface AuditStatement {
  readonly text: string
  readonly values?: readonly unknown[]
}

/** Every value can be read: `numeric(38,18)` also takes NaN, and `timestamptz` infinity, which no arithmetic survives. */
export const unreadableValues: AuditStatement = {
  text: `
    SELECT t.wallet_id, t.sequence, t.transaction_id, c.what, c.expected, c.found FROM (
      SELECT wallet_id::text, sequence::text, transaction_id::text, created_at,
        ARRAY[amount, balance_before, balance_after, locked_balance, fee, original_amount, refunded_total, gas_fee,
          type_total_in, type_total_out, total_in] AS amounts
      FROM wallet_transactions
      WHERE 'NaN' IN (amount, balance_before, balance_after, locked_balance, fee, type_total_in, type_total_out, total_in)
        OR 'NaN' IN (original_amount) OR 'NaN' IN (refunded_total) OR 'NaN' IN (gas_fee)
        OR 'Infinity' IN (type_total_in, type_total_out, total_in)
        OR '-Infinity' IN (type_total_in, type_total_out, total_in)
        OR greatest(scale(type_total_in), scale(type_total_out), scale(total_in)) > 18
        OR created_at NOT BETWEEN '1970-01-01Z' AND '9999-12-31Z'
        OR greatest(sequence, counterpart_sequence, type_count) > 9007199254740991
      UNION ALL
      SELECT wallet_id::text, last_sequence::text, NULL, greatest(created_at, updated_at),
        ARRAY[balance, locked_balance, total_in, on_chain_balance]
      FROM wallets
      WHERE 'NaN' IN (balance, locked_balance, total_in) OR 'NaN' IN (on_chain_balance)
        OR total_in IN ('Infinity', '-Infinity') OR scale(total_in) > 18
        OR created_at NOT BETWEEN '1970-01-01Z' AND '9999-12-31Z'
        OR updated_at NOT BETWEEN '1970-01-01Z' AND '9999-12-31Z' OR last_sequence > 9007199254740991
        OR next_hold_expiry NOT BETWEEN '1970-01-01Z' AND '9999-12-31Z'
    ) AS t,
    LATERAL (VALUES ('a value', 'decimals, times and counts that can be computed with', t.amounts::text || ' at ' || t.created_at))
      AS c (what, expected, found)
    ORDER BY 1, 2 LIMIT $1`,
}

/** Per currency, what the wallets hold is what the outside counterparties gave up. */
export const trialBalance: AuditStatement = {
  text: `
    SELECT NULL AS wallet_id, NULL AS sequence, NULL AS transaction_id,
      'total of the wallets in ' || currency AS what,
      trim_scale(coalesce(-counterparties.total, 0))::text AS expected, trim_scale(coalesce(held.total, 0))::text AS found
    FROM (SELECT currency, sum(balance) AS total FROM wallets GROUP BY currency) AS held
    FULL JOIN (
      SELECT currency, sum(CASE direction WHEN 'in' THEN -amount ELSE amount END) AS total
      FROM wallet_transactions WHERE counterparty NOT LIKE 'wallet:%' GROUP BY currency
    ) AS counterparties USING (currency)
    WHERE coalesce(held.total, 0) <> coalesce(-counterparties.total, 0)
    ORDER BY currency LIMIT $1`,
}

/** What two wallets exchanged adds up to nothing. */
export const transfersNotNettingToZero: AuditStatement = {
  text: `
    SELECT one AS wallet_id, NULL AS sequence, NULL AS transaction_id,
      'net of the transfers with ' || other || ' in ' || currency AS what, '0' AS expected, trim_scale(net)::text AS found
    FROM (
      SELECT currency, least(wallet_id::text, substr(counterparty, 8)) AS one,
        greatest(wallet_id::text, substr(counterparty, 8)) AS other,
        sum(CASE direction WHEN 'in' THEN amount ELSE -amount END) AS net
      FROM wallet_transactions WHERE counterparty LIKE 'wallet:%' GROUP BY 1, 2, 3
    ) AS pairs
    WHERE net <> 0 ORDER BY 1, 4 LIMIT $1`,
}

/** A wallet's balance is the sum of its rows. */
export const balancesThatAreNotSums: AuditStatement = {
  text: `
    SELECT wallet_id::text, last_sequence::text AS sequence, NULL AS transaction_id, 'balance' AS what,
      trim_scale(coalesce(moved.total, 0))::text AS expected, trim_scale(balance)::text AS found
    FROM wallets LEFT JOIN (
      SELECT wallet_id, sum(CASE direction WHEN 'in' THEN amount ELSE -amount END) AS total
      FROM wallet_transactions GROUP BY wallet_id
    ) AS moved USING (wallet_id)
    WHERE balance <> coalesce(moved.total, 0)
    ORDER BY 1 LIMIT $1`,
}

/** Each row takes up where the one before it ended: sequence, balance, all that came in, and time. */
export const brokenContinuity: AuditStatement = {
  text: `
    SELECT t.wallet_id::text, t.sequence::text, t.transaction_id::text, c.what, c.expected, c.found
    FROM (
      SELECT wallet_id, sequence, transaction_id, balance_before, balance_after, total_in, created_at,
        CASE direction WHEN 'in' THEN amount ELSE -amount END AS moved,
        CASE direction WHEN 'in' THEN amount ELSE 0 END AS came_in,
        lag(sequence, 1, 0::bigint) OVER earlier AS last_sequence,
        lag(balance_after, 1, 0::numeric) OVER earlier AS last_balance,
        lag(total_in, 1, 0::numeric) OVER earlier AS last_total_in,
        lag(created_at, 1, created_at) OVER earlier AS last_created_at
      FROM wallet_transactions WINDOW earlier AS (PARTITION BY wallet_id ORDER BY sequence)
    ) AS t,
    LATERAL (VALUES
      ('sequence', sequence = last_sequence + 1, (last_sequence + 1)::text, sequence::text),
      ('balance_before', balance_before = last_balance, trim_scale(last_balance)::text, trim_scale(balance_before)::text),
      ('balance_after', balance_after = balance_before + moved, trim_scale(balance_before + moved)::text,
        trim_scale(balance_after)::text),
      ('total_in', total_in = last_total_in + came_in, trim_scale(last_total_in + came_in)::text, trim_scale(total_in)::text),
      ('created_at', created_at >= last_created_at, 'not before ' || last_created_at, created_at::text)
    ) AS c (what, holds, expected, found)
    WHERE (sequence <> last_sequence + 1 OR balance_before <> last_balance OR balance_after <> balance_before + moved
      OR total_in <> last_total_in + came_in OR created_at < last_created_at) AND NOT c.holds
    ORDER BY t.wallet_id, t.sequence LIMIT $1`,
}

/** A wallet stands where its newest row left it: sequence, balance, hash and time. */
export const wrongHeads: AuditStatement = {
  text: `
    SELECT w.wallet_id::text, w.last_sequence::text AS sequence, newest.transaction_id::text, c.what, c.expected, c.found
    FROM wallets w LEFT JOIN (
      SELECT DISTINCT ON (wallet_id) wallet_id, sequence, transaction_id, balance_after, hash, created_at
      FROM wallet_transactions ORDER BY wallet_id, sequence DESC
    ) AS newest USING (wallet_id),
    LATERAL (VALUES
      ('last_sequence', coalesce(newest.sequence, 0)::text, w.last_sequence::text),
      ('balance', trim_scale(coalesce(newest.balance_after, 0))::text, trim_scale(w.balance)::text),
      ('last_hash', coalesce(encode(newest.hash, 'hex'), repeat('00', 32)), encode(w.last_hash, 'hex')),
      ('updated_at', greatest(w.updated_at, w.created_at, newest.created_at)::text, w.updated_at::text)
    ) AS c (what, expected, found)
    WHERE c.expected IS DISTINCT FROM c.found
    ORDER BY w.wallet_id LIMIT $1`,
}

/**
 * A key has one effect in its wallet, be it a row or something that happened to a hold, a creation's key one wallet of its
 * user, and each goes with its request's digest.
 */
export const repeatedKeys: AuditStatement = {
  text: `
    WITH effects AS NOT MATERIALIZED (
      SELECT wallet_id, sequence, transaction_id, NULL::uuid AS hold_id, idempotency_key, request_hash, created_at
      FROM wallet_transactions
      UNION ALL
      SELECT wallet_id, sequence, NULL, hold_id, idempotency_key, request_hash, created_at FROM hold_events
    ), repeated AS (
      SELECT wallet_id, idempotency_key FROM effects
      WHERE idempotency_key IS NOT NULL GROUP BY wallet_id, idempotency_key HAVING count(*) > 1
    ), repeated_creation AS (
      SELECT user_id, creation_key, min(wallet_id::text) AS first FROM wallets
      WHERE creation_key IS NOT NULL GROUP BY user_id, creation_key HAVING count(*) > 1
    )
    SELECT wallet_id::text, sequence::text, transaction_id::text, hold_id::text, 'idempotency_key' AS what,
      'one effect, which is ' || first AS expected, 'again: ' || idempotency_key AS found
    FROM (
      SELECT *, row_number() OVER in_order AS time,
        first_value(CASE WHEN hold_id IS NULL THEN 'sequence ' ELSE 'hold event ' END || sequence) OVER in_order AS first
      FROM effects JOIN repeated USING (wallet_id, idempotency_key)
      WINDOW in_order AS (PARTITION BY wallet_id, idempotency_key ORDER BY created_at, sequence)
    ) AS again WHERE time > 1
    UNION ALL
    SELECT w.wallet_id::text, NULL, NULL, NULL, 'creation_key', 'one wallet, which is ' || first, 'again: ' || creation_key
    FROM wallets w JOIN repeated_creation USING (user_id, creation_key) WHERE w.wallet_id::text > first
    UNION ALL
    SELECT wallet_id::text, sequence::text, transaction_id::text, hold_id::text, 'request_hash',
      'a key and its digest, or neither',
      coalesce(idempotency_key, 'no key') || ' with ' || coalesce(octet_length(request_hash) || ' bytes', 'none')
    FROM effects
    WHERE (idempotency_key IS NULL) <> (request_hash IS NULL)
      OR octet_length(request_hash) < 16 OR octet_length(request_hash) % 8 <> 0
    UNION ALL
    SELECT wallet_id::text, NULL, NULL, NULL, 'creation_request_hash', 'a key, its digest and its snapshot, or none',
      coalesce(creation_key, 'no key') || ' with ' || coalesce(octet_length(creation_request_hash) || ' bytes', 'none')
    FROM wallets
    WHERE num_nulls(creation_key, creation_request_hash, creation_snapshot) NOT IN (0, 3)
      OR octet_length(creation_request_hash) < 16 OR octet_length(creation_request_hash) % 8 <> 0
    ORDER BY 1, 2 LIMIT $1`,
}

/** A refund belongs to a refundable row before it in its wallet, and all refunds of one together never exceed it. */
export const wrongRefunds = (refundableTypes: readonly string[]): AuditStatement => ({
  values: [refundableTypes],
  text: `
    SELECT r.wallet_id::text, r.sequence::text, r.transaction_id::text, c.what, c.expected, c.found
    FROM (
      SELECT wallet_id, sequence, transaction_id, transaction_type, counterparty, original_transaction_id, original_amount,
        refunded_total,
        sum(amount) OVER (PARTITION BY wallet_id, original_transaction_id ORDER BY sequence) AS refunded_so_far
      FROM wallet_transactions WHERE transaction_type = 'refund' OR original_transaction_id IS NOT NULL
    ) AS r
    LEFT JOIN wallet_transactions o ON o.wallet_id = r.wallet_id AND o.transaction_id = r.original_transaction_id
      AND o.sequence < r.sequence,
    LATERAL (VALUES
      ('original_transaction_id', o.transaction_id IS NOT NULL, 'an earlier row of this wallet', r.original_transaction_id::text),
      ('type of the original', coalesce(o.transaction_type = ANY($2::text[]), true), array_to_string($2::text[], ', '),
        o.transaction_type),
      ('original_amount', coalesce(r.original_amount = o.amount, o.amount IS NULL), trim_scale(o.amount)::text,
        trim_scale(r.original_amount)::text),
      ('counterparty', coalesce(r.counterparty = o.counterparty, true), o.counterparty, r.counterparty),
      ('refunded_total', coalesce(r.refunded_total = r.refunded_so_far, false), trim_scale(r.refunded_so_far)::text,
        trim_scale(r.refunded_total)::text),
      ('all refunds', coalesce(r.refunded_so_far <= o.amount, true), 'at most ' || trim_scale(o.amount),
        trim_scale(r.refunded_so_far)::text),
      ('transaction_type', r.transaction_type = 'refund', 'refund', r.transaction_type)
    ) AS c (what, holds, expected, found)
    WHERE NOT c.holds
    ORDER BY r.wallet_id, r.sequence LIMIT $1`,
})

/** A transfer's leg has its twin in the other wallet, and the fee it announces is the row that follows it. */
export const wrongTransferLegs: AuditStatement = {
  text: `
    WITH legs AS (
      SELECT wallet_id, sequence, transaction_id, transaction_type, direction, amount, currency, counterparty, from_wallet_id,
        to_wallet_id, counterpart_sequence, created_at,
        CASE direction WHEN 'out' THEN to_wallet_id ELSE from_wallet_id END AS other_wallet_id
      FROM wallet_transactions WHERE transaction_type = 'transfer' OR counterpart_sequence IS NOT NULL
    )
    SELECT t.wallet_id::text, t.sequence::text, t.transaction_id::text, c.what, c.expected, c.found
    FROM legs AS t LEFT JOIN legs AS twin ON twin.wallet_id = t.other_wallet_id AND twin.sequence = t.counterpart_sequence,
    LATERAL (VALUES
      ('the twin', CASE t.direction WHEN 'out' THEN 'in' ELSE 'out' END || ' leg of ' || trim_scale(t.amount) || ' ' || t.currency,
        coalesce(twin.direction || ' leg of ' || trim_scale(twin.amount) || ' ' || twin.currency, 'no row')),
      ('transaction_type of the twin', 'transfer', twin.transaction_type),
      ('counterpart_sequence of the twin', t.sequence::text, twin.counterpart_sequence::text),
      ('from_wallet_id of the twin', t.from_wallet_id::text, twin.from_wallet_id::text),
      ('to_wallet_id of the twin', t.to_wallet_id::text, twin.to_wallet_id::text),
      ('counterparty', 'wallet:' || t.other_wallet_id, t.counterparty),
      ('wallet of the leg', CASE t.direction WHEN 'out' THEN t.from_wallet_id ELSE t.to_wallet_id END::text, t.wallet_id::text),
      ('created_at of the twin', t.created_at::text, twin.created_at::text)
    ) AS c (what, expected, found)
    WHERE ((t.amount, t.currency, t.sequence, t.from_wallet_id, t.to_wallet_id, t.created_at, 'transfer') IS DISTINCT FROM
        (twin.amount, twin.currency, twin.counterpart_sequence, twin.from_wallet_id, twin.to_wallet_id, twin.created_at,
          twin.transaction_type)
      OR t.direction = twin.direction OR t.counterparty IS DISTINCT FROM 'wallet:' || t.other_wallet_id
      OR t.wallet_id = t.other_wallet_id OR t.wallet_id NOT IN (t.from_wallet_id, t.to_wallet_id))
      AND c.expected IS DISTINCT FROM c.found
    ORDER BY t.wallet_id, t.sequence LIMIT $1`,
}

/** A fee is taken by the row right after the outgoing leg that announces it, and by no other. */
export const wrongFees: AuditStatement = {
  text: `
    WITH announced AS (SELECT * FROM wallet_transactions WHERE fee <> 0),
      taken AS (SELECT * FROM wallet_transactions WHERE transaction_type = 'fee')
    SELECT coalesce(a.wallet_id, t.wallet_id)::text AS wallet_id, coalesce(a.sequence, t.sequence)::text AS sequence,
      coalesce(a.transaction_id, t.transaction_id)::text AS transaction_id, c.what, c.expected, c.found
    FROM announced a FULL JOIN taken t ON t.wallet_id = a.wallet_id AND t.sequence = a.sequence + 1,
    LATERAL (VALUES
      ('fee row', coalesce(trim_scale(a.fee)::text, 'an outgoing transfer before it that announces it'),
        coalesce(trim_scale(t.amount)::text, 'no row')),
      ('row with a fee', 'transfer out', a.transaction_type || ' ' || a.direction),
      ('wallets of the fee row', a.from_wallet_id || ' to ' || a.to_wallet_id, t.from_wallet_id || ' to ' || t.to_wallet_id),
      ('transfer_transaction_id of the fee row', a.transaction_id::text, t.metadata ->> 'transfer_transaction_id')
    ) AS c (what, expected, found)
    WHERE c.expected IS DISTINCT FROM c.found
    ORDER BY 1, 2 LIMIT $1`,
}
