-- The rival's tables: wallets and wallet_transactions as the migrations made them, without the audit chain, the idempotency
-- and the running totals, and with the primary keys as their only indexes. 10,000 wallets to spread over, and wallet 0.

CREATE TABLE bench_wallets (LIKE wallets INCLUDING DEFAULTS) WITH (fillfactor = 70);
ALTER TABLE bench_wallets
  DROP COLUMN last_hash, DROP COLUMN total_in, DROP COLUMN totals,
  DROP COLUMN creation_key, DROP COLUMN creation_request_hash, DROP COLUMN creation_snapshot,
  ADD PRIMARY KEY (wallet_id),
  ADD CHECK (0 <= locked_balance AND locked_balance <= balance);

CREATE TABLE bench_wallet_transactions (LIKE wallet_transactions INCLUDING DEFAULTS);
ALTER TABLE bench_wallet_transactions
  DROP COLUMN type_count, DROP COLUMN type_total_in, DROP COLUMN type_total_out, DROP COLUMN total_in,
  DROP COLUMN idempotency_key, DROP COLUMN request_hash, DROP COLUMN hash,
  ADD PRIMARY KEY (wallet_id, sequence),
  ADD CHECK (amount > 0 AND balance_after = balance_before + CASE direction WHEN 'in' THEN amount ELSE -amount END);

INSERT INTO bench_wallets (wallet_id, user_id, wallet_type, currency, balance, created_at, updated_at)
  SELECT ('00000000-0000-7000-8000-' || lpad(number::text, 12, '0'))::uuid, 'bench-user-' || number, 'fiat', 'CREDIT', 1000000,
    now(), now()
  FROM generate_series(0, 10000) AS number;
