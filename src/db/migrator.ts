// Brings a database to the newest schema: the append-only SQL files of migrations/, run by Kysely's Migrator in one transaction
// that begins with an advisory lock, so several processes may start at once on an empty database, also through a pooler.
import { readdir, readFile } from 'node:fs/promises'
import { type DialectAdapter, Kysely, PostgresAdapter, PostgresDialect, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import pg from 'pg'
import { isUndefinedTable } from './sqlstate.ts'

const MIGRATIONS_FOLDER = new URL('../../migrations/', import.meta.url)
const MIGRATION_FILE = /^\d{4}_[a-z0-9_]+\.sql$/

/**
 * Kysely's own lock belongs to a session, and a pooler gives the unlocking to another one: the next process would wait for an
 * hour. This one, with the same key, ends with the transaction. Nothing else limits a migration, nor the wait for somebody's.
 */
const takeLock = sql`SELECT pg_advisory_xact_lock(3853314791062309107) FROM (
    SELECT count(set_config(name, '0', true)) FROM unnest(ARRAY['lock_timeout', 'statement_timeout',
      'idle_in_transaction_session_timeout']) AS name
  ) AS unlimited`

class LockedAlready extends PostgresAdapter {
  override acquireMigrationLock(): Promise<void> {
    return Promise.resolve()
  }

  override releaseMigrationLock(): Promise<void> {
    return Promise.resolve()
  }
}

class MigrationDialect extends PostgresDialect {
  override createAdapter(): DialectAdapter {
    return new LockedAlready()
  }
}

/** Applies what is missing. Throws when a migration fails; the failed one is rolled back. */
export async function migrateToLatest(databaseUrl: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1, application_name: 'wallet_service migrations' })
  pool.on('connect', (client) => client.on('error', () => undefined))
  const db = new Kysely<unknown>({ dialect: new MigrationDialect({ pool }) })
  try {
    await db.transaction().execute(async (transaction) => {
      await takeLock.execute(transaction)
      const { error } = await migratorOf(transaction).migrateToLatest()
      if (error) throw new Error('The database could not be migrated', { cause: error })
    })
  } finally {
    await db.destroy()
  }
}

/** Names of migrations that this code has and the database lacks; empty when it is at head. */
export async function pendingMigrations<Tables>(db: Kysely<Tables>): Promise<readonly string[]> {
  const applied = new Set(await appliedMigrations(db))
  return Object.keys(await readMigrations()).filter((name) => !applied.has(name))
}

/** None where not even Kysely's own table is there: the first one that fails takes it away again. */
async function appliedMigrations<Tables>(db: Kysely<Tables>): Promise<readonly string[]> {
  try {
    const { rows } = await sql<{ name: string }>`SELECT name FROM kysely_migration`.execute(db)
    return rows.map((row) => row.name)
  } catch (error) {
    if (isUndefinedTable(error)) return []
    throw error
  }
}

function migratorOf(db: Kysely<unknown>): Migrator {
  return new Migrator({ db, provider: { getMigrations: readMigrations } })
}

async function readMigrations(): Promise<Record<string, Migration>> {
  const files = (await readdir(MIGRATIONS_FOLDER)).filter((file) => MIGRATION_FILE.test(file)).toSorted()
  const migrations = await Promise.all(
    files.map(async (file): Promise<[string, Migration]> => {
      const text = await readFile(new URL(file, MIGRATIONS_FOLDER), 'utf8')
      return [file.replace('.sql', ''), { up: async (db) => void (await sql.raw(text).execute(db)) }]
    }),
  )
  return Object.fromEntries(migrations)
}
