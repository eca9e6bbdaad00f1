-- Money set aside: holds (current state) and hold_events (append-only: everything that ever happened to a hold). DESIGN.md
-- section 3, docs/adr/0009. Every rule of src/domain/hold-rules.ts stands here a second time.

-- locked_balance counts what pending holds reserve, but for those that expired before next_hold_expiry: they have been taken
-- off already, whether or not somebody has written down yet that they expired. NULL: nothing that is locked will expire.
ALTER TABLE wallets
  ADD COLUMN next_hold_expiry timestamptz,
  ADD CONSTRAINT wallets_lock_expires_check CHECK (locked_balance = 0 OR next_hold_expiry IS NOT NULL);

CREATE TABLE holds (
  hold_id         uuid NOT NULL,
  wallet_id       uuid NOT NULL,
  currency        text NOT NULL,
  amount          numeric(38,18) NOT NULL,
  captured_amount numeric(38,18) NOT NULL,
  status          text NOT NULL,
  expires_at      timestamptz NOT NULL,
  -- When it stops, or stopped, to reserve anything: expires_at, or the capture or void that came before it.
  ends_at         timestamptz NOT NULL,
  description     text CHECK (char_length(description) <= 1000),
  reference_id    text CHECK (char_length(reference_id) BETWEEN 1 AND 255),
  metadata        json NOT NULL CHECK (json_typeof(metadata) = 'object'),
  created_at      timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL,
  -- wallet_id stands in every unique key, so that the table can be distributed by it; holds are found by hold_id alone.
  PRIMARY KEY (hold_id, wallet_id),
  CONSTRAINT holds_amount_check CHECK (amount > 0 AND 0 <= captured_amount AND captured_amount <= amount),
  CONSTRAINT holds_numbers_check CHECK (greatest(amount, captured_amount) < 'Infinity'),
  CONSTRAINT holds_decimals_check CHECK (
    greatest(scale(trim_scale(amount)), scale(trim_scale(captured_amount))) <= CASE currency WHEN 'ETH' THEN 18 ELSE 8 END
  ),
  CONSTRAINT holds_times_check CHECK (created_at <= updated_at AND created_at < expires_at AND ends_at <= expires_at),
  CONSTRAINT holds_status_check CHECK (
    CASE status
      WHEN 'pending'  THEN captured_amount < amount AND ends_at = expires_at AND updated_at < expires_at
      WHEN 'captured' THEN captured_amount > 0 AND ends_at = updated_at AND updated_at < expires_at
      WHEN 'voided'   THEN captured_amount < amount AND ends_at = updated_at AND updated_at < expires_at
      WHEN 'expired'  THEN captured_amount < amount AND ends_at = expires_at AND updated_at = expires_at
      ELSE false
    END
  )
) WITH (fillfactor = 80);

-- What is due in a wallet, in the order in which it falls due. A partial capture changes no indexed column and stays HOT.
CREATE INDEX holds_pending_idx ON holds (wallet_id, expires_at, hold_id) WHERE status = 'pending';
-- What is due anywhere: where the expiry worker looks.
CREATE INDEX holds_due_idx ON holds (expires_at, wallet_id) WHERE status = 'pending';
-- Lists, newest first, of one status or merged from all four.
CREATE INDEX holds_list_idx ON holds (wallet_id, status, created_at, hold_id);
-- What was open at an instant: a walk from there on, by when it ended.
CREATE INDEX holds_end_idx ON holds (wallet_id, ends_at, hold_id) INCLUDE (created_at);

CREATE TABLE hold_events (
  wallet_id            uuid NOT NULL,
  -- 1, 2, 3 ... within the wallet.
  sequence             bigint NOT NULL CHECK (sequence >= 1),
  hold_id              uuid NOT NULL,
  event_type           text NOT NULL,
  -- What was placed or captured.
  amount               numeric(38,18) NOT NULL,
  -- What became free again: the rest of a final capture, all that was left of a hold voided or expired.
  released_amount      numeric(38,18) NOT NULL,
  -- The hold after it.
  status               text NOT NULL,
  captured_amount      numeric(38,18) NOT NULL,
  remaining_amount     numeric(38,18) NOT NULL,
  expires_at           timestamptz NOT NULL,
  -- Running totals of the wallet, this event included: all that was placed and neither captured nor released since, expiry
  -- left out; and all that expired, in the order of expires_at. What was locked at an instant is one less the other.
  reserved_total       numeric NOT NULL,
  expired_total        numeric NOT NULL,
  -- The wallet's newest transaction at that time, 0 for none; of a capture, its own.
  transaction_sequence bigint NOT NULL CHECK (transaction_sequence >= 0),
  idempotency_key      text CHECK (char_length(idempotency_key) BETWEEN 1 AND 255),
  request_hash         bytea CHECK (octet_length(request_hash) >= 16 AND octet_length(request_hash) % 8 = 0),
  hash                 bytea NOT NULL CHECK (octet_length(hash) = 32),
  -- When it was written. An expiry takes effect at expires_at, and is written down later.
  created_at           timestamptz NOT NULL,
  PRIMARY KEY (wallet_id, sequence),
  CONSTRAINT hold_events_type_check CHECK (
    CASE event_type
      WHEN 'placed'   THEN amount > 0 AND released_amount = 0 AND status = 'pending' AND captured_amount = 0
        AND remaining_amount = amount
      WHEN 'captured' THEN amount > 0 AND released_amount >= 0 AND status IN ('pending', 'captured')
        AND captured_amount >= amount AND (status = 'captured' OR released_amount = 0) AND transaction_sequence >= 1
      WHEN 'extended' THEN amount = 0 AND released_amount = 0 AND status = 'pending'
      WHEN 'voided'   THEN amount = 0 AND released_amount > 0 AND status = 'voided'
      WHEN 'expired'  THEN amount = 0 AND released_amount > 0 AND status = 'expired'
      ELSE false
    END
  ),
  CONSTRAINT hold_events_remaining_check
    CHECK (remaining_amount >= 0 AND captured_amount >= 0 AND (remaining_amount > 0) = (status = 'pending')),
  CONSTRAINT hold_events_times_check CHECK ((created_at < expires_at) = (event_type <> 'expired')),
  CONSTRAINT hold_events_totals_check CHECK (expired_total >= 0 AND reserved_total >= expired_total),
  CONSTRAINT hold_events_numbers_check CHECK (
    greatest(amount, released_amount, captured_amount, remaining_amount, reserved_total, expired_total) < 'Infinity'
  ),
  CONSTRAINT hold_events_idempotency_check CHECK ((idempotency_key IS NULL) = (request_hash IS NULL))
);

-- Exactly one end: of a capture, a void and an expiry that race, the second cannot be written.
CREATE UNIQUE INDEX hold_events_end_key ON hold_events (wallet_id, hold_id) WHERE status <> 'pending';
CREATE UNIQUE INDEX hold_events_idempotency_key ON hold_events (wallet_id, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
-- A hold as it was at an instant.
CREATE INDEX hold_events_hold_idx ON hold_events (wallet_id, hold_id, sequence);
-- Running totals at an instant.
CREATE INDEX hold_events_time_idx ON hold_events (wallet_id, created_at, sequence);
CREATE INDEX hold_events_expired_idx ON hold_events (wallet_id, expires_at, sequence) WHERE event_type = 'expired';

CREATE TRIGGER hold_events_append_only BEFORE UPDATE OR DELETE ON hold_events
  FOR EACH ROW EXECUTE FUNCTION refuse_change('what happened to a hold is append-only');
CREATE TRIGGER hold_events_no_truncate BEFORE TRUNCATE ON hold_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('what happened to a hold is append-only');
CREATE TRIGGER holds_no_delete BEFORE DELETE ON holds
  FOR EACH ROW EXECUTE FUNCTION refuse_change('holds end, they are never deleted');
CREATE TRIGGER holds_no_truncate BEFORE TRUNCATE ON holds
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('holds end, they are never deleted');
CREATE TRIGGER holds_identity
  BEFORE UPDATE OF hold_id, wallet_id, currency, amount, description, reference_id, metadata, created_at ON holds
  FOR EACH ROW EXECUTE FUNCTION refuse_change('a hold keeps what it was placed with');
CREATE TRIGGER holds_end_once BEFORE UPDATE ON holds FOR EACH ROW
  WHEN (old.status <> 'pending' OR new.captured_amount < old.captured_amount)
  EXECUTE FUNCTION refuse_change('a hold ends once, and a capture is never taken back');
