// Migrations as several processes run them: at once on an empty database, again on one that is at head, and when one fails.
import { expect, test } from 'vitest'
import { migrateToLatest, pendingMigrations } from '../../src/db/migrator.ts'
import { createPool, createReadDatabase } from '../../src/db/pool.ts'
import { createEmptyDatabase, createTestDatabase } from '../support/postgres.ts'
import { queryDatabase } from '../support/sql.ts'

const PROCESSES = 5
const TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
const APPLIED = 'SELECT name, timestamp FROM kysely_migration ORDER BY name'

/** A database with nothing in it. */
async function onEmptyDatabase(work: (url: string) => Promise<void>): Promise<void> {
  const database = await createEmptyDatabase()
  try {
    await work(database.url)
  } finally {
    await database.drop()
  }
}

async function pendingOf(url: string): Promise<readonly string[]> {
  const db = createReadDatabase(createPool({ databaseUrl: url, max: 1, onConnectionError: () => undefined }))
  try {
    return await pendingMigrations(db)
  } finally {
    await db.destroy()
  }
}

test('five at once on an empty database: each succeeds, and every migration is applied once', async () => {
  await onEmptyDatabase(async (url) => {
    await Promise.all(Array.from({ length: PROCESSES }, () => migrateToLatest(url)))
    const tables = await queryDatabase<{ table_name: string }>(url, TABLES)
    expect(tables.map((row) => row.table_name)).toEqual(expect.arrayContaining(['wallet_transactions', 'wallets']))
    const applied = await queryDatabase<{ name: string }>(url, APPLIED)
    expect(applied.map((row) => row.name)).toContain('0001_ledger')
    expect(new Set(applied.map((row) => row.name)).size).toBe(applied.length)
    expect(await pendingOf(url)).toEqual([])
  })
})

test('a second run changes nothing', async () => {
  const database = await createTestDatabase()
  try {
    const before = await queryDatabase(database.url, APPLIED)
    await migrateToLatest(database.url)
    expect(await queryDatabase(database.url, APPLIED)).toEqual(before)
  } finally {
    await database.drop()
  }
})

test('a migration that fails leaves nothing behind, says why, and can be run again', async () => {
  await onEmptyDatabase(async (url) => {
    // In the way of the last thing that the first migration makes.
    await queryDatabase(url, 'CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN END$$')
    await expect(migrateToLatest(url)).rejects.toThrow('The database could not be migrated')
    const tables = await queryDatabase<{ table_name: string }>(url, TABLES)
    expect(tables.map((row) => row.table_name)).not.toContain('wallets')
    await queryDatabase(url, 'DROP FUNCTION refuse_change()')
    expect(await pendingOf(url)).toContain('0001_ledger')
    await migrateToLatest(url)
    expect(await pendingOf(url)).toEqual([])
  })
})
