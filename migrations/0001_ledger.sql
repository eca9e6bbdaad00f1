-- The ledger: wallets (current state) and wallet_transactions (append-only history). DESIGN.md section 3.
-- Every money rule of src/domain stands here a second time, as a CHECK, a unique index or a trigger.

CREATE TABLE wallets (
  wallet_id             uuid PRIMARY KEY,
  user_id               text NOT NULL CHECK (char_length(user_id) BETWEEN 1 AND 255),
  organization_id       text CHECK (char_length(organization_id) BETWEEN 1 AND 255),
  wallet_type           text NOT NULL CHECK (wallet_type IN ('fiat', 'crypto', 'hybrid')),
  currency              text NOT NULL CHECK (currency ~ '^[A-Z][A-Z0-9._-]{0,15}$'),
  status                text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'frozen', 'closed')),
  status_reason         text CHECK (char_length(status_reason) <= 500),
  balance               numeric(38,18) NOT NULL DEFAULT 0,
  locked_balance        numeric(38,18) NOT NULL DEFAULT 0,
  blockchain_address    text CHECK (char_length(blockchain_address) BETWEEN 1 AND 255),
  blockchain_network    text CHECK (blockchain_network IN ('ethereum', 'bsc', 'polygon', 'isa_chain', 'testnet')),
  on_chain_balance      numeric(38,18) CHECK (on_chain_balance >= 0),
  sync_status           text CHECK (sync_status IN ('synced', 'pending', 'error')),
  -- json, not jsonb: the text stays as it was written, digits included.
  metadata              json NOT NULL DEFAULT '{}' CHECK (json_typeof(metadata) = 'object'),
  last_sequence         bigint NOT NULL DEFAULT 0 CHECK (last_sequence >= 0),
  last_hash             bytea NOT NULL CHECK (octet_length(last_hash) = 32),
  total_in              numeric NOT NULL DEFAULT 0 CHECK (total_in >= balance),
  -- Running totals by transaction type: {"deposit": [count, "in", "out"], ...}, amounts scaled by 10^18 as strings.
  totals                jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(totals) = 'object'),
  -- The Idempotency-Key of the creation, the digest of its request, and the metadata, address and network it asked for
  -- (they may change later; a replay answers with the first ones).
  creation_key          text CHECK (char_length(creation_key) BETWEEN 1 AND 255),
  creation_request_hash bytea
    CHECK (octet_length(creation_request_hash) >= 16 AND octet_length(creation_request_hash) % 8 = 0),
  creation_snapshot     json,
  created_at            timestamptz NOT NULL,
  updated_at            timestamptz NOT NULL CHECK (updated_at >= created_at),
  CONSTRAINT wallets_money_check CHECK (0 <= locked_balance AND locked_balance <= balance),
  -- NaN is greater than every number and so passes every lower bound; `greatest` finds it and passes over NULL.
  CONSTRAINT wallets_numbers_check
    CHECK (greatest(balance, locked_balance, on_chain_balance, total_in) < 'Infinity'),
  CONSTRAINT wallets_decimals_check
    CHECK (scale(trim_scale(balance)) <= CASE currency WHEN 'ETH' THEN 18 ELSE 8 END),
  CONSTRAINT wallets_closed_is_empty_check CHECK (status <> 'closed' OR balance = 0),
  CONSTRAINT wallets_empty_history_check CHECK (last_sequence > 0 OR (balance = 0 AND total_in = 0)),
  CONSTRAINT wallets_creation_check
    CHECK (num_nulls(creation_key, creation_request_hash, creation_snapshot) IN (0, 3))
) WITH (fillfactor = 70);

-- No index holds a column that a posting changes, so that updates stay HOT.
CREATE UNIQUE INDEX wallets_open_fiat_key ON wallets (user_id, currency)
  WHERE wallet_type = 'fiat' AND status <> 'closed';
CREATE UNIQUE INDEX wallets_creation_key ON wallets (user_id, creation_key) WHERE creation_key IS NOT NULL;
CREATE INDEX wallets_user_idx ON wallets (user_id, created_at DESC, wallet_id DESC);
CREATE INDEX wallets_organization_idx ON wallets (organization_id, created_at DESC, wallet_id DESC)
  WHERE organization_id IS NOT NULL;

CREATE TABLE wallet_transactions (
  wallet_id                uuid NOT NULL,
  sequence                 bigint NOT NULL CHECK (sequence >= 1),
  transaction_id           uuid NOT NULL,
  user_id                  text NOT NULL,
  transaction_type         text NOT NULL,
  direction                text NOT NULL,
  amount                   numeric(38,18) NOT NULL,
  balance_before           numeric(38,18) NOT NULL,
  balance_after            numeric(38,18) NOT NULL,
  locked_balance           numeric(38,18) NOT NULL,
  fee                      numeric(38,18) NOT NULL CHECK (fee >= 0),
  currency                 text NOT NULL,
  counterparty             text NOT NULL,
  description              text NOT NULL CHECK (char_length(description) <= 1000),
  reference_id             text CHECK (char_length(reference_id) BETWEEN 1 AND 255),
  usage_record_id          text CHECK (char_length(usage_record_id) BETWEEN 1 AND 255),
  from_wallet_id           uuid,
  to_wallet_id             uuid,
  -- A transfer's leg: the sequence of the other leg in the other wallet.
  counterpart_sequence     bigint,
  -- A refund: what it refunds, how much that was, and everything refunded of it so far.
  original_transaction_id  uuid,
  original_amount          numeric(38,18),
  refunded_total           numeric(38,18),
  blockchain_tx_hash       text,
  blockchain_network       text,
  blockchain_status        text NOT NULL,
  blockchain_confirmations integer NOT NULL CHECK (blockchain_confirmations >= 0),
  gas_fee                  numeric(38,18) CHECK (gas_fee >= 0),
  metadata                 json NOT NULL CHECK (json_typeof(metadata) = 'object'),
  -- Running totals, this row included: of its type, and of everything that ever came in. The statistics of a window are
  -- differences of two look-ups of these.
  type_count               bigint NOT NULL CHECK (type_count BETWEEN 1 AND sequence),
  type_total_in            numeric NOT NULL CHECK (type_total_in >= 0),
  type_total_out           numeric NOT NULL CHECK (type_total_out >= 0),
  total_in                 numeric NOT NULL CHECK (total_in >= balance_after),
  idempotency_key          text CHECK (char_length(idempotency_key) BETWEEN 1 AND 255),
  request_hash             bytea CHECK (octet_length(request_hash) >= 16 AND octet_length(request_hash) % 8 = 0),
  hash                     bytea NOT NULL CHECK (octet_length(hash) = 32),
  created_at               timestamptz NOT NULL,
  PRIMARY KEY (wallet_id, sequence),
  CONSTRAINT wallet_transactions_amount_check CHECK (amount > 0),
  CONSTRAINT wallet_transactions_numbers_check CHECK (
    greatest(amount, balance_before, balance_after, locked_balance, fee, original_amount, refunded_total, gas_fee,
      type_total_in, type_total_out, total_in) < 'Infinity'
  ),
  CONSTRAINT wallet_transactions_balance_check CHECK (
    balance_before >= 0 AND balance_after >= 0
    AND balance_after = balance_before + CASE direction WHEN 'in' THEN amount ELSE -amount END
  ),
  CONSTRAINT wallet_transactions_locked_check CHECK (0 <= locked_balance AND locked_balance <= balance_after),
  CONSTRAINT wallet_transactions_first_check CHECK (sequence > 1 OR balance_before = 0),
  CONSTRAINT wallet_transactions_decimals_check
    CHECK (scale(trim_scale(amount)) <= CASE currency WHEN 'ETH' THEN 18 ELSE 8 END),
  CONSTRAINT wallet_transactions_counterparty_check CHECK (
    CASE transaction_type
      WHEN 'deposit'        THEN direction = 'in'  AND counterparty = 'external:deposit'
      WHEN 'withdraw'       THEN direction = 'out' AND counterparty = 'external:withdrawal'
      WHEN 'consume'        THEN direction = 'out' AND counterparty = 'revenue:consume'
      WHEN 'reward'         THEN direction = 'in'  AND counterparty = 'promotion:reward'
      WHEN 'fee'            THEN direction = 'out' AND counterparty = 'fees'
      WHEN 'refund'         THEN direction = 'in'
        AND counterparty IN ('external:withdrawal', 'revenue:consume', 'fees')
      WHEN 'transfer'       THEN direction IN ('in', 'out') AND counterparty LIKE 'wallet:%'
      WHEN 'blockchain_in'  THEN direction = 'in'  AND counterparty LIKE 'blockchain:%'
      WHEN 'blockchain_out' THEN direction = 'out' AND counterparty LIKE 'blockchain:%'
      ELSE false
    END
  ),
  CONSTRAINT wallet_transactions_transfer_check CHECK (
    transaction_type <> 'transfer' OR (
      num_nulls(from_wallet_id, to_wallet_id, counterpart_sequence) = 0 AND from_wallet_id <> to_wallet_id
      AND wallet_id = CASE direction WHEN 'out' THEN from_wallet_id ELSE to_wallet_id END
      AND counterparty = 'wallet:' || CASE direction WHEN 'out' THEN to_wallet_id ELSE from_wallet_id END::text
    )
  ),
  CONSTRAINT wallet_transactions_refund_check CHECK (
    num_nulls(original_transaction_id, original_amount, refunded_total)
      = CASE transaction_type WHEN 'refund' THEN 0 ELSE 3 END
    AND (transaction_type <> 'refund' OR (refunded_total >= amount AND refunded_total <= original_amount))
  ),
  CONSTRAINT wallet_transactions_idempotency_check CHECK ((idempotency_key IS NULL) = (request_hash IS NULL))
);

-- wallet_id stands in every unique key, so that the table can be distributed by it. Rows are found by transaction_id
-- alone, so here it comes second.
CREATE UNIQUE INDEX wallet_transactions_id_key ON wallet_transactions (transaction_id, wallet_id);
CREATE UNIQUE INDEX wallet_transactions_idempotency_key ON wallet_transactions (wallet_id, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
-- Two refunds cannot both be the one that reached the same total; its newest entry is what has been refunded so far.
CREATE UNIQUE INDEX wallet_transactions_refund_key
  ON wallet_transactions (wallet_id, original_transaction_id, refunded_total)
  WHERE original_transaction_id IS NOT NULL;
-- The last row up to an instant: balances at an instant and the edges of every window.
CREATE INDEX wallet_transactions_time_idx ON wallet_transactions (wallet_id, created_at, sequence);
-- The last row of a type up to a sequence: totals by type, and history by type.
CREATE INDEX wallet_transactions_type_idx ON wallet_transactions (wallet_id, transaction_type, sequence);
-- Gas fees of a window: the one sum without a running total. Empty until rows carry gas fees, so it costs postings nothing.
CREATE INDEX wallet_transactions_gas_idx ON wallet_transactions (wallet_id, sequence) INCLUDE (gas_fee)
  WHERE gas_fee IS NOT NULL;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% of % is not allowed: %', TG_OP, TG_TABLE_NAME, TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER wallet_transactions_append_only BEFORE UPDATE OR DELETE ON wallet_transactions
  FOR EACH ROW EXECUTE FUNCTION refuse_change('the ledger is append-only');
CREATE TRIGGER wallet_transactions_no_truncate BEFORE TRUNCATE ON wallet_transactions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('the ledger is append-only');
CREATE TRIGGER wallets_no_delete BEFORE DELETE ON wallets
  FOR EACH ROW EXECUTE FUNCTION refuse_change('wallets are closed, never deleted');
CREATE TRIGGER wallets_no_truncate BEFORE TRUNCATE ON wallets
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('wallets are closed, never deleted');
-- Fires only for statements that name these columns, so a posting does not pay for it.
CREATE TRIGGER wallets_identity BEFORE UPDATE OF wallet_id, user_id, wallet_type, currency, created_at ON wallets
  FOR EACH ROW EXECUTE FUNCTION refuse_change('a wallet keeps its identity');
