-- What every posting costs in the server, less by what it does not need. docs/adr/0016 has the figures.

-- Running totals are read whole, by the service: text that is only checked, not taken apart and put together again.
ALTER TABLE wallets DROP CONSTRAINT wallets_totals_check, ALTER totals DROP DEFAULT;
ALTER TABLE wallets ALTER totals TYPE json USING totals::json, ALTER totals SET DEFAULT '{}',
  ADD CONSTRAINT wallets_totals_check CHECK (json_typeof(totals) = 'object');

-- For a row trigger BEFORE UPDATE every updated row is locked first, and the lock is logged, even where the trigger does not fire.
DROP TRIGGER wallets_identity ON wallets;
CREATE TRIGGER wallets_identity AFTER UPDATE OF wallet_id, user_id, wallet_type, currency, created_at ON wallets
  FOR EACH ROW EXECUTE FUNCTION refuse_change('a wallet keeps its identity');

-- The CHECKs of the two tables that every posting writes move, word for word, into one function a table: PostgreSQL reads, plans
-- and sets up the text of every CHECK anew for every statement (41 KB of it for wallet_transactions), which was a third of a
-- posting's time in the server at one caller. A function is planned once a session.
--
-- The names of the rules stay: a row that breaks one is refused under its name, as before. A later rule may be a CHECK of its own.

CREATE FUNCTION fold_checks(folded regclass) RETURNS void LANGUAGE plpgsql AS $fold$
DECLARE
  arguments text;
  columns text;
  conditions text;
  names text;
  checks text[];
BEGIN
  SELECT string_agg(quote_ident(attname) || ' ' || format_type(atttypid, NULL), ', ' ORDER BY attnum),
    string_agg(quote_ident(attname), ', ' ORDER BY attnum)
    INTO arguments, columns
    FROM pg_attribute
    WHERE attrelid = folded AND attnum IN (SELECT unnest(conkey) FROM pg_constraint WHERE conrelid = folded AND contype = 'c');
  SELECT string_agg(format('(%s)', pg_get_expr(conbin, conrelid)), E'\n    AND ' ORDER BY conname),
    string_agg(format(E'    WHEN (%s) IS FALSE THEN %L\n', pg_get_expr(conbin, conrelid), conname), '' ORDER BY conname),
    array_agg(format('DROP CONSTRAINT %I', conname))
    INTO conditions, names, checks
    FROM pg_constraint WHERE conrelid = folded AND contype = 'c';
  EXECUTE format(
    E'CREATE FUNCTION %1$s_rules(%2$s) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE\n'
    '  SET search_path = pg_catalog, pg_temp AS $rules$\n'
    'DECLARE\n  broken text;\n'
    'BEGIN\n'
    '  -- As in a CHECK, what cannot be told is no fault.\n'
    '  IF (%3$s) IS NOT FALSE THEN RETURN true; END IF;\n'
    '  broken := CASE\n%4$s  END;\n'
    '  RAISE check_violation USING TABLE = %5$L, CONSTRAINT = broken,\n'
    '    MESSAGE = format(''new row for relation "%%s" violates check constraint "%%s"'', %5$L, broken);\n'
    'END\n$rules$',
    folded, arguments, conditions, names, folded::text);
  EXECUTE format('ALTER TABLE %1$s %2$s, ADD CONSTRAINT %1$s_rules_check CHECK (%1$s_rules(%3$s))',
    folded, array_to_string(checks, ', '), columns);
END
$fold$;

SELECT fold_checks('wallets');
SELECT fold_checks('wallet_transactions');

DROP FUNCTION fold_checks;

-- For writes to wallets that were not locked first: says what time it is, or fails, when one of them is not as it was left.
CREATE FUNCTION require_unchanged(unchanged bigint, wanted integer) RETURNS timestamptz LANGUAGE plpgsql AS $$
BEGIN
  IF unchanged <> wanted THEN
    RAISE serialization_failure
      USING MESSAGE = format('%s of %s wallets were changed by somebody else', wanted - unchanged, wanted);
  END IF;
  RETURN clock_timestamp();
END
$$;
