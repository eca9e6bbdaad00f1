// Copies of one sample ledger, each with something wrong in it: what the audit has to find. The damage is done as a
// superuser would do it, with the triggers off and, where they are in the way, the constraints dropped.
import type pg from 'pg'
import { createDatabaseFrom, createTestDatabase, type TestDatabase } from './postgres.ts'
import { buildSampleHolds, type SampleHolds } from './sample-holds.ts'
import { buildSampleLedger, openQueue, type SampleLedger } from './sample-ledger.ts'
import { openClient } from './sql.ts'

/** Every wallet of the sample. */
export type SampleWallets = SampleLedger & Pick<SampleHolds, 'dora'>

/** A database with the sample ledger and the sample holds in it, to make copies of. */
export interface SampleDatabase {
  readonly url: string
  readonly wallets: SampleWallets
  readonly holds: SampleHolds['holds']
  copy(): Promise<TestDatabase>
  drop(): Promise<void>
}

/** Builds the sample ledger in a database of its own. */
export async function createSampleDatabase(): Promise<SampleDatabase> {
  const { url, drop } = await createTestDatabase()
  const { queue, close } = openQueue(url)
  const ledger = await buildSampleLedger(queue)
  const { dora, holds } = await buildSampleHolds(queue, ledger.ether)
  await close()
  const copy = (): Promise<TestDatabase> => createDatabaseFrom(new URL(url).pathname.slice(1))
  return { url, wallets: { ...ledger, dora }, holds, copy, drop }
}

const TABLES = ['wallets', 'wallet_transactions', 'holds', 'hold_events'] as const
const OIDS = TABLES.map((table) => `'${table}'::regclass`).join(', ')

const DROP_GUARDS = `DO $$
DECLARE statement text;
BEGIN
  FOR statement IN
    SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint
    WHERE conrelid IN (${OIDS}) AND contype IN ('c', 'p')
    UNION ALL
    SELECT format('DROP INDEX %s', indexrelid::regclass) FROM pg_index
    WHERE indrelid IN (${OIDS}) AND indisunique AND NOT indisprimary
  LOOP
    EXECUTE statement;
  END LOOP;
END $$`

/** A copy of the sample whose rows can be damaged and restored, again and again. Its guards are gone. */
export interface Workbench {
  readonly url: string
  /**
   * Changes rows behind the service's back. `:alice` stands for the id of alice's wallet, `:voided` for that of the hold.
   * Fails when nothing changed.
   */
  damage(sql: string): Promise<void>
  restore(): Promise<void>
  close(): Promise<void>
}

const KEEP = ['CREATE SCHEMA kept', ...TABLES.map((table) => `CREATE TABLE kept.${table} AS TABLE ${table}`)].join('; ')
const REFILL = TABLES.map((table) => `INSERT INTO ${table} TABLE kept.${table}`)
const RESTORE = [`TRUNCATE ${TABLES.join()}`, ...REFILL].join('; ')

/** Makes a workbench; restoring it takes a tenth of the time of another copy. */
export async function createWorkbench(sample: SampleDatabase): Promise<Workbench> {
  const database = await sample.copy()
  const client = await openClient(database.url)
  await client.query(`SET session_replication_role = replica; ${DROP_GUARDS}; ${KEEP}`)
  const undamaged = await fingerprint(client)
  return {
    url: database.url,
    damage: async (sql) => {
      const text = withIds(sql, sample)
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
function withIds(sql: string, { wallets, holds }: SampleDatabase): string {
  const ids = new Map<string, string>([
    ...Object.entries(wallets).map(([name, { walletId }]) => [name, walletId] as const),
    ...Object.entries(holds).map(([name, { holdId }]) => [name, holdId] as const),
  ])
  return sql.replaceAll(/(?<!:):([a-z]+)\b/g, (text, name: string) => (ids.has(name) ? `'${ids.get(name)}'` : text))
}

async function fingerprint(client: pg.Client): Promise<string> {
  const texts = TABLES.map((table) => `(SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM ${table} t)`)
  const { rows } = await client.query<{ digest: string }>(`SELECT md5(concat(${texts.join()})) AS digest`)
  return rows[0]?.digest ?? ''
}
