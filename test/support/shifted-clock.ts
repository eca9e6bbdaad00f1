// A clock for one test database that can be put forward, so that hours pass in a millisecond. The service's SQL stays as it
// is: the database finds our clock_timestamp() and statement_timestamp() before PostgreSQL's own.
import { openClient } from './sql.ts'

/** Puts the clock of one database forward; it never goes back. */
export interface ShiftedClock {
  /** What it shows, in microseconds since 1970. */
  now(): Promise<bigint>
  pass(hours: number): Promise<void>
  close(): Promise<void>
}

// pg_catalog is looked into first unless the path names it, and by default it does not. In PL/pgSQL, because a function in SQL
// may be inlined, and STABLE as PostgreSQL's own is, because otherwise no condition on it could use an index.
const SHIFT = `CREATE SCHEMA shifted;
  CREATE TABLE shifted.clock (passed interval NOT NULL);
  INSERT INTO shifted.clock VALUES ('0');
  CREATE FUNCTION shifted.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS
    'BEGIN RETURN pg_catalog.clock_timestamp() + (SELECT passed FROM shifted.clock); END';
  CREATE FUNCTION shifted.statement_timestamp() RETURNS timestamptz LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    'BEGIN RETURN pg_catalog.statement_timestamp() + (SELECT passed FROM shifted.clock); END';
  DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = shifted, pg_catalog, public', current_database());
  END $$`

/**
 * Gives a database a clock that can be put forward. Connections opened from now on read it, older ones do not: call it before
 * the service has any. What the clock shows is the real time plus what was let pass.
 */
export async function shiftClock(databaseUrl: string): Promise<ShiftedClock> {
  const client = await openClient(databaseUrl)
  await client.query(SHIFT)
  return {
    now: async () => {
      const { rows } = await client.query<{ micros: string }>(
        'SELECT (extract(epoch FROM shifted.clock_timestamp()) * 1000000)::bigint AS micros',
      )
      return BigInt(rows[0]?.micros ?? 0)
    },
    pass: async (hours) => {
      await client.query('UPDATE shifted.clock SET passed = passed + make_interval(hours => $1)', [hours])
    },
    close: () => client.end(),
  }
}
