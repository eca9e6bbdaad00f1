-- lock_wallets
SELECT wallet_id, user_id, currency, status, balance, locked_balance, next_hold_expiry, last_sequence, last_hash, total_in, totals, updated_at FROM wallets WHERE wallet_id = ANY($1::uuid[]) ORDER BY wallet_id FOR UPDATE;

-- lock_free_wallets
SELECT wallet_id, user_id, currency, status, balance, locked_balance, next_hold_expiry, last_sequence, last_hash, total_in, totals, updated_at FROM wallets WHERE wallet_id = ANY($1::uuid[]) ORDER BY wallet_id FOR UPDATE SKIP LOCKED;

-- read_wallets
SELECT wallet_id, user_id, currency, status, balance, locked_balance, next_hold_expiry, last_sequence, last_hash, total_in, totals, updated_at FROM wallets WHERE wallet_id = ANY($1::uuid[]);

-- read_wallet_versions
SELECT wallet_id, user_id, currency, status, balance, locked_balance, next_hold_expiry, last_sequence, last_hash, total_in, totals, updated_at, xmin::text AS version,
  EXISTS (SELECT FROM hold_events e WHERE e.wallet_id = wallets.wallet_id) AS has_holds
FROM wallets WHERE wallet_id = ANY($1::uuid[]);

-- find_wallets
SELECT wallet_id FROM wallets WHERE wallet_id = ANY($1::uuid[]);

-- lock_users
SELECT pg_advisory_xact_lock(user_key) FROM (
SELECT DISTINCT hashtextextended(user_id, 8208) AS user_key FROM unnest($1::text[]) AS request (user_id) ORDER BY user_key
  ) AS ordered;

-- lock_free_users
SELECT user_id, pg_try_advisory_xact_lock(hashtextextended(user_id, 8208)) AS locked
FROM unnest($1::text[]) AS request (user_id);

-- read_clock
SELECT clock_timestamp() AS now;

-- find_effects
SELECT request.wallet_id, request.idempotency_key, earlier.effect_id, earlier.request_hash
FROM unnest($1::uuid[], $2::text[]) AS request (wallet_id, idempotency_key)
CROSS JOIN LATERAL (
  (SELECT t.transaction_id::text AS effect_id, t.request_hash FROM wallet_transactions t
  WHERE t.wallet_id = request.wallet_id AND hashtextextended(t.idempotency_key, 0) = hashtextextended(request.idempotency_key, 0)
    AND hashtextextended(t.idempotency_key, 8208) = hashtextextended(request.idempotency_key, 8208) AND t.idempotency_key = request.idempotency_key LIMIT 1)
  UNION ALL
  (SELECT e.sequence::text, e.request_hash FROM hold_events e
  WHERE e.wallet_id = request.wallet_id AND e.idempotency_key = request.idempotency_key LIMIT 1)
) AS earlier;

-- find_refunded
SELECT request.original_transaction_id, newest.refunded_total
FROM unnest($1::uuid[], $2::uuid[]) AS request (wallet_id, original_transaction_id)
CROSS JOIN LATERAL (
  SELECT t.refunded_total FROM wallet_transactions t
  WHERE t.wallet_id = request.wallet_id AND t.original_transaction_id = request.original_transaction_id
  ORDER BY t.refunded_total DESC LIMIT 1
) AS newest;

-- find_details
SELECT wallet_id, status, status_reason, blockchain_address, blockchain_network, metadata
FROM wallets WHERE wallet_id = ANY($1::uuid[]);

-- find_fiat_wallets
SELECT existing.wallet_id, request.user_id, request.currency, existing.balance
FROM unnest($1::text[], $2::text[]) AS request (user_id, currency)
CROSS JOIN LATERAL (
  SELECT w.wallet_id, w.balance FROM wallets w
  WHERE w.user_id = request.user_id AND w.currency = request.currency
    AND w.wallet_type = 'fiat' AND w.status <> 'closed' LIMIT 1
) AS existing;

-- find_creations
SELECT earlier.wallet_id, request.user_id, request.creation_key, earlier.creation_request_hash
FROM unnest($1::text[], $2::text[]) AS request (user_id, creation_key)
CROSS JOIN LATERAL (
  SELECT w.wallet_id, w.creation_request_hash FROM wallets w
  WHERE w.user_id = request.user_id AND w.creation_key = request.creation_key LIMIT 1
) AS earlier;

-- find_written
SELECT EXISTS (SELECT FROM wallet_transactions WHERE transaction_id = ANY($1::uuid[]))
OR EXISTS (SELECT FROM wallets WHERE wallet_id = ANY($2::uuid[]))
OR EXISTS (
  SELECT FROM unnest($3::uuid[], $4::timestamptz[]) AS change (wallet_id, updated_at)
  JOIN wallets w ON w.wallet_id = change.wallet_id AND w.updated_at = change.updated_at
)
OR EXISTS (
  SELECT FROM unnest($5::uuid[], $6::int8[], $7::bytea[]) AS event (wallet_id, sequence, hash)
  JOIN hold_events e ON e.wallet_id = event.wallet_id AND e.sequence = event.sequence AND e.hash = event.hash
) AS written;

-- fence_wallets
UPDATE wallets SET updated_at = updated_at WHERE wallet_id = ANY($1::uuid[]);

-- insert_transactions
INSERT INTO "wallet_transactions" ("wallet_id", "sequence", "transaction_id", "user_id", "transaction_type", "direction", "amount", "balance_before", "balance_after", "locked_balance", "fee", "currency", "counterparty", "description", "reference_id", "usage_record_id", "from_wallet_id", "to_wallet_id", "counterpart_sequence", "original_transaction_id", "original_amount", "refunded_total", "blockchain_tx_hash", "blockchain_network", "blockchain_status", "blockchain_confirmations", "gas_fee", "metadata", "type_count", "type_total_in", "type_total_out", "total_in", "idempotency_key", "request_hash", "hash", "created_at") SELECT * FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::numeric[], $8::numeric[], $9::numeric[], $10::numeric[], $11::numeric[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::uuid[], $18::uuid[], $19::int8[], $20::uuid[], $21::numeric[], $22::numeric[], $23::text[], $24::text[], $25::text[], $26::int4[], $27::numeric[], $28::json[], $29::int8[], $30::numeric[], $31::numeric[], $32::numeric[], $33::text[], $34::bytea[], $35::bytea[], $36::timestamptz[]);

-- insert_plain_transactions
INSERT INTO "wallet_transactions" ("wallet_id", "sequence", "transaction_id", "user_id", "transaction_type", "direction", "amount", "balance_before", "balance_after", "locked_balance", "currency", "counterparty", "description", "reference_id", "usage_record_id", "metadata", "type_count", "type_total_in", "type_total_out", "total_in", "idempotency_key", "request_hash", "hash", "created_at", "fee", "blockchain_status", "blockchain_confirmations") SELECT *, 0, 'none', 0 FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::numeric[], $8::numeric[], $9::numeric[], $10::numeric[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::json[], $17::int8[], $18::numeric[], $19::numeric[], $20::numeric[], $21::text[], $22::bytea[], $23::bytea[], $24::timestamptz[]);

-- insert_wallets
INSERT INTO "wallets" ("wallet_id", "user_id", "organization_id", "wallet_type", "currency", "balance", "blockchain_address", "blockchain_network", "metadata", "last_sequence", "last_hash", "total_in", "totals", "locked_balance", "next_hold_expiry", "creation_key", "creation_request_hash", "creation_snapshot", "created_at", "updated_at") SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::numeric[], $7::text[], $8::text[], $9::json[], $10::int8[], $11::bytea[], $12::numeric[], $13::json[], $14::numeric[], $15::timestamptz[], $16::text[], $17::bytea[], $18::json[], $19::timestamptz[], $20::timestamptz[]);

-- update_balances
UPDATE wallets w SET balance = posted.balance, last_sequence = posted.last_sequence, last_hash = posted.last_hash,
  total_in = posted.total_in, totals = posted.totals, updated_at = posted.updated_at
FROM unnest($1::uuid[], $2::numeric[], $3::int8[], $4::bytea[], $5::numeric[], $6::json[], $7::timestamptz[])
  AS posted (wallet_id, balance, last_sequence, last_hash, total_in, totals, updated_at)
WHERE w.wallet_id = posted.wallet_id;

-- update_unchanged_balances
WITH moved AS (
  UPDATE wallets w SET balance = posted.balance, last_sequence = posted.last_sequence, last_hash = posted.last_hash,
    total_in = posted.total_in, totals = posted.totals, updated_at = posted.updated_at
  FROM unnest($1::uuid[], $2::numeric[], $3::int8[], $4::bytea[], $5::numeric[], $6::json[], $7::timestamptz[], $8::xid[], $9::bytea[], $10::timestamptz[])
    AS posted (wallet_id, balance, last_sequence, last_hash, total_in, totals, updated_at, version, hash_before,
      updated_before)
  WHERE w.wallet_id = posted.wallet_id AND w.xmin = posted.version AND w.last_hash = posted.hash_before
    AND w.updated_at = posted.updated_before
  RETURNING w.wallet_id
)
SELECT require_unchanged(count(*), cardinality($1::uuid[])) AS now, pg_current_xact_id()::xid::text AS version
FROM moved;

-- update_balances_and_locks
UPDATE wallets w SET balance = posted.balance, last_sequence = posted.last_sequence, last_hash = posted.last_hash,
  total_in = posted.total_in, totals = posted.totals, updated_at = posted.updated_at,
  locked_balance = posted.locked_balance, next_hold_expiry = posted.next_hold_expiry
FROM unnest($1::uuid[], $2::numeric[], $3::int8[], $4::bytea[], $5::numeric[], $6::json[], $7::timestamptz[], $8::numeric[], $9::timestamptz[])
  AS posted (wallet_id, balance, last_sequence, last_hash, total_in, totals, updated_at, locked_balance, next_hold_expiry)
WHERE w.wallet_id = posted.wallet_id;

-- update_details
UPDATE wallets w SET status = changed.status, status_reason = changed.status_reason,
  blockchain_address = changed.blockchain_address, blockchain_network = changed.blockchain_network,
  metadata = changed.metadata, updated_at = changed.updated_at
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::json[], $7::timestamptz[])
  AS changed (wallet_id, status, status_reason, blockchain_address, blockchain_network, metadata, updated_at)
WHERE w.wallet_id = changed.wallet_id;

-- find_expired_locks
SELECT request.wallet_id, expired.amount AS expired_amount, following.expires_at AS next_hold_expiry
FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) AS request (wallet_id, since, now)
CROSS JOIN LATERAL (
  SELECT coalesce(sum(h.amount - h.captured_amount), 0) AS amount FROM holds h
  WHERE h.wallet_id = request.wallet_id AND h.status = 'pending'
    AND h.expires_at >= request.since AND h.expires_at <= request.now
) AS expired
LEFT JOIN LATERAL (
  SELECT h.expires_at FROM holds h
  WHERE h.wallet_id = request.wallet_id AND h.status = 'pending' AND h.expires_at > request.now
  ORDER BY h.expires_at LIMIT 1
) AS following ON true;

-- find_holds
SELECT h.hold_id, h.wallet_id, h.currency, h.amount, h.captured_amount, h.status, h.expires_at, h.description, h.reference_id,
  h.metadata, h.created_at, h.updated_at FROM unnest($1::uuid[], $2::uuid[]) AS request (hold_id, wallet_id)
CROSS JOIN LATERAL (
  SELECT * FROM holds h WHERE h.hold_id = request.hold_id AND h.wallet_id = request.wallet_id LIMIT 1
) AS h;

-- find_due_holds
SELECT h.hold_id, h.wallet_id, h.currency, h.amount, h.captured_amount, h.status, h.expires_at, h.description, h.reference_id,
  h.metadata, h.created_at, h.updated_at FROM unnest($1::uuid[], $2::int8[]) AS request (wallet_id, wanted)
CROSS JOIN LATERAL (
  SELECT * FROM holds due WHERE due.wallet_id = request.wallet_id AND due.status = 'pending'
  ORDER BY due.expires_at, due.hold_id LIMIT request.wanted
) AS h;

-- find_hold_heads
SELECT request.wallet_id, head.sequence, head.hash, head.reserved_total, head.expired_total
FROM unnest($1::uuid[]) AS request (wallet_id)
CROSS JOIN LATERAL (
  SELECT e.sequence, e.hash, e.reserved_total, e.expired_total FROM hold_events e
  WHERE e.wallet_id = request.wallet_id ORDER BY e.sequence DESC LIMIT 1
) AS head;

-- insert_holds
INSERT INTO "holds" ("hold_id", "wallet_id", "currency", "amount", "captured_amount", "status", "expires_at", "ends_at", "description", "reference_id", "metadata", "created_at", "updated_at") SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::numeric[], $5::numeric[], $6::text[], $7::timestamptz[], $8::timestamptz[], $9::text[], $10::text[], $11::json[], $12::timestamptz[], $13::timestamptz[]);

-- insert_hold_events
INSERT INTO "hold_events" ("wallet_id", "sequence", "hold_id", "event_type", "amount", "released_amount", "status", "captured_amount", "remaining_amount", "expires_at", "reserved_total", "expired_total", "transaction_sequence", "idempotency_key", "request_hash", "hash", "created_at") SELECT * FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::text[], $5::numeric[], $6::numeric[], $7::text[], $8::numeric[], $9::numeric[], $10::timestamptz[], $11::numeric[], $12::numeric[], $13::int8[], $14::text[], $15::bytea[], $16::bytea[], $17::timestamptz[]);

-- update_holds
UPDATE holds h SET captured_amount = changed.captured_amount, status = changed.status,
  expires_at = changed.expires_at, ends_at = changed.ends_at, updated_at = changed.updated_at
FROM unnest($1::uuid[], $2::uuid[], $3::numeric[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[])
  AS changed (hold_id, wallet_id, captured_amount, status, expires_at, ends_at, updated_at)
WHERE h.hold_id = changed.hold_id AND h.wallet_id = changed.wallet_id;
