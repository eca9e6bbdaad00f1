-- What pgbench runs: the same consumption as one plain locked transaction, a round trip a statement, as a service without
-- group commit would. Variables: the numbers of the first and the last wallet to pick from (rival.sql), and the counterparty,
-- because pgbench would take the colon within its name for a variable's.
\set wallet random(:first, :last)
BEGIN;
SELECT wallet_id, user_id, currency, balance, locked_balance, last_sequence,
    status = 'active' AND balance - locked_balance >= 0.01 AS allowed
  FROM bench_wallets
  WHERE wallet_id = ('00000000-0000-7000-8000-' || lpad(:wallet::text, 12, '0'))::uuid FOR UPDATE \gset
\if :allowed
INSERT INTO bench_wallet_transactions (wallet_id, sequence, transaction_id, user_id, transaction_type, direction, amount,
    balance_before, balance_after, locked_balance, fee, currency, counterparty, description, usage_record_id,
    blockchain_status, blockchain_confirmations, metadata, created_at)
  VALUES (:wallet_id, :last_sequence::bigint + 1, gen_random_uuid(), :user_id, 'consume', 'out', 0.01,
    :balance::numeric, :balance::numeric - 0.01, :locked_balance::numeric, 0, :currency, :counterparty,
    'Metered use of a model', :client_id::text, 'none', 0, '{}', clock_timestamp());
UPDATE bench_wallets SET balance = :balance::numeric - 0.01, last_sequence = :last_sequence::bigint + 1,
    updated_at = clock_timestamp()
  WHERE wallet_id = :wallet_id::uuid;
COMMIT;
\else
ROLLBACK;
\endif
