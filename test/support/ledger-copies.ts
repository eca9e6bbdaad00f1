// Copies of one sample ledger, each with something wrong in it: what the audit has to find. The damage is done as a
// superuser would do it, with the triggers off and, where they are in the way, the constraints dropped.
import type pg from 'pg'
import { createDatabaseFrom, createTestDatabase, type TestDatabase } from './postgres.ts'
import { buildSampleLedger, openQueue, type SampleLedger } from './sample-ledger.ts'
import { openClient } from './sql.ts'

/** A database with the sample ledger of sample-ledger.ts in it, to make copies of. */
export interface SampleDatabase {
  readonly url: string
  readonly wallets: SampleLedger
  copy(): Promise<TestDatabase>
  drop(): Promise<void>
}

/** Builds the sample ledger in a database of its own. */
export async function createSampleDatabase(): Promise<SampleDatabase> {
  const { url, drop } = await createTestDatabase()
  const { queue, close } = openQueue(url)
  const wallets = await buildSampleLedger(queue)
  await close()
  const copy = (): Promise<TestDatabase> => createDatabaseFrom(new URL(url).pathname.slice(1))
  return { url, wallets, copy, drop }
}

const DROP_GUARDS = `DO $$
DECLARE statement text;
BEGIN
  FOR statement IN
    SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint
    WHERE conrelid IN ('wallets'::regclass, 'wallet_transactions'::regclass) AND contype IN ('c', 'p')
    UNION ALL
    SELECT format('DROP INDEX %s', indexrelid::regclass) FROM pg_index
    WHERE indrelid IN ('wallets'::regclass, 'wallet_transactions'::regclass) AND indisunique AND NOT indisprimary
  LOOP
    EXECUTE statement;
  END LOOP;
END $$`

/** A copy of the sample whose rows can be damaged and restored, again and again. Its guards are gone. */
export interface Workbench {
  readonly url: string
  /** Changes rows behind the service's back. `:alice` stands for the id of alice's wallet. Fails when nothing changed. */
  damage(sql: string): Promise<void>
  restore(): Promise<void>
  close(): Promise<void>
}

const KEEP = `CREATE SCHEMA kept;
  CREATE TABLE kept.wallets AS TABLE wallets; CREATE TABLE kept.wallet_transactions AS TABLE wallet_transactions`
const RESTORE = `TRUNCATE wallets, wallet_transactions; INSERT INTO wallets TABLE kept.wallets;
  INSERT INTO wallet_transactions TABLE kept.wallet_transactions`

/** Makes a workbench; restoring it takes a tenth of the time of another copy. */
export async function createWorkbench(sample: SampleDatabase): Promise<Workbench> {
  const database = await sample.copy()
  const client = await openClient(database.url)
  await client.query(`SET session_replication_role = replica; ${DROP_GUARDS}; ${KEEP}`)
  const undamaged = await fingerprint(client)
  return {
    url: database.url,
    damage: async (sql) => {
      const text = withIds(sql, sample.wallets)
      const { rowCount } = await client.query(text)
      if (!rowCount) throw new Error(`The damage touched no row: ${text}`)
      if ((await fingerprint(client)) === undamaged) throw new Error(`The damage changed nothing: ${text}`)
    },
    restore: async () => {
      await client.query(RESTORE)
    },
    close: async () => {
      await client.end()
      await database.drop()
    },
  }
}

/** `:alice` and the others as quoted ids. */
function withIds(sql: string, wallets: SampleLedger): string {
  return Object.entries(wallets).reduce(
    (text, [name, { walletId }]) => text.replaceAll(`:${name}`, `'${walletId}'`),
    sql,
  )
}

async function fingerprint(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ digest: string }>(
    `SELECT md5((SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM wallet_transactions t)
      || (SELECT string_agg(w::text, E'\\n' ORDER BY w::text) FROM wallets w)) AS digest`,
  )
  return rows[0]?.digest ?? ''
}
