-- What ten million rows taught (docs/adr/0017-growth.md): fewer pages that every posting touches, and vacuum that keeps up.

-- The last row of a wallet up to an instant, by its sequence; 0 when there is none. created_at never decreases with the
-- sequence (the audit checks it), so the primary key can be searched: by interpolation, which finds evenly spread rows in a few
-- steps, and by halves in turn, so that no history takes more than 2 log2(n) of them. An index of its own on
-- (wallet_id, created_at, sequence) answered in one step, and cost every posting 67 bytes and a page of its own in the log.
CREATE FUNCTION last_sequence_at(wallet uuid, instant timestamptz) RETURNS bigint
  LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
  -- The last row known to lie at or before the instant, and the first known to lie after it.
  below bigint;
  below_at timestamptz;
  above bigint;
  above_at timestamptz;
  probe bigint;
  probe_at timestamptz;
  by_halves boolean := false;
BEGIN
  SELECT t.sequence, t.created_at INTO above, above_at FROM wallet_transactions t
    WHERE t.wallet_id = wallet ORDER BY t.sequence DESC LIMIT 1;
  IF above IS NULL OR above_at <= instant THEN RETURN coalesce(above, 0); END IF;
  SELECT t.sequence, t.created_at INTO below, below_at FROM wallet_transactions t
    WHERE t.wallet_id = wallet ORDER BY t.sequence LIMIT 1;
  IF below_at > instant THEN RETURN 0; END IF;
  WHILE above - below > 1 LOOP
    probe := CASE WHEN by_halves THEN (below + above) / 2 ELSE below + 1 + floor((above - below - 2)
      * (extract(epoch FROM instant - below_at) / extract(epoch FROM above_at - below_at)))::bigint END;
    by_halves := NOT by_halves;
    -- A range and an order that the primary key alone has: for an equality any index of the wallet will do to a planner that
    -- takes the wallet for small.
    SELECT t.created_at INTO probe_at FROM wallet_transactions t
      WHERE t.wallet_id = wallet AND t.sequence <= probe ORDER BY t.sequence DESC LIMIT 1;
    IF probe_at <= instant THEN
      below := probe;
      below_at := probe_at;
    ELSE
      above := probe;
      above_at := probe_at;
    END IF;
  END LOOP;
  RETURN below;
END
$$;

DROP INDEX wallet_transactions_time_idx;

-- Thousands of updates a second on a few thousand pages: a fifth of the table, the default, is too late by far. What vacuum
-- finds there is little, since updates are HOT and pages are pruned as they are read.
ALTER TABLE wallets SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
  autovacuum_analyze_scale_factor = 0.05);
-- Append-only: a vacuum marks pages all-visible (index-only scans) and freezes them while they are still in memory, and an ANALYZE
-- keeps the planner from believing in yesterday's table. Both by a fixed share and an upper bound in rows.
ALTER TABLE wallet_transactions SET (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_vacuum_insert_threshold = 10000,
  autovacuum_analyze_scale_factor = 0.02, autovacuum_analyze_threshold = 5000, autovacuum_freeze_min_age = 0);

-- A key of 36 characters, as callers send, made this the widest index of all: 97 bytes a row. Two hashes of 64 bits take 60. That two
-- keys of one wallet share both happens to nobody by chance; whoever contrives it has the second refused, in a wallet of their own.
DROP INDEX wallet_transactions_idempotency_key;
CREATE UNIQUE INDEX wallet_transactions_idempotency_key ON wallet_transactions
  (wallet_id, hashtextextended(idempotency_key, 0), hashtextextended(idempotency_key, 8208)) WHERE idempotency_key IS NOT NULL;
