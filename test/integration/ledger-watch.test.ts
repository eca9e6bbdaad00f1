// The look at the ledger that a running service takes: all wallets in batches, one process at a time, and never for long. What it
// finds is in metrics.test.ts.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPool, createReadDatabase } from '../../src/db/pool.ts'
import { LedgerWatchRepository } from '../../src/repositories/ledger-watch-repository.ts'
import { LedgerWatchService } from '../../src/services/ledger-watch-service.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { lockFromOutside, queryDatabase } from '../support/sql.ts'

/** More than two batches. */
const WALLETS = 4500
const LOCK_KEY = 8_208_004

let database: TestDatabase
let pool: ReturnType<typeof createPool>
let ledger: LedgerWatchRepository

beforeAll(async () => {
  database = await createTestDatabase()
  pool = createPool({ databaseUrl: database.url, max: 2, onConnectionError: () => undefined })
  ledger = new LedgerWatchRepository(createReadDatabase(pool))
  await queryDatabase(
    database.url,
    `INSERT INTO wallets (wallet_id, user_id, wallet_type, currency, last_hash, created_at, updated_at)
     SELECT md5(i::text)::uuid, 'user ' || i, 'crypto', CASE i % 2 WHEN 0 THEN 'ETH' ELSE 'USD' END,
       decode(repeat('00', 32), 'hex'), now(), now() FROM generate_series(1, $1::int) AS i`,
    [WALLETS],
  )
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

const running = (): AbortSignal => new AbortController().signal

test('sees every wallet once, and remembers what it saw', async () => {
  const watch = new LedgerWatchService({ ledger })
  expect(watch.latest()).toBeNull()
  const look = await watch.look(running())
  expect(look).toMatchObject({ wallets: WALLETS, failedChecks: 0, examples: [] })
  expect(look?.imbalances).toEqual(
    new Map([
      ['ETH', '0'],
      ['USD', '0'],
    ]),
  )
  expect(watch.latest()).toBe(look)
})

test('is left to another process that is at it', async () => {
  const release = await lockFromOutside(database.url, 'SELECT pg_advisory_xact_lock($1)', [LOCK_KEY])
  const watch = new LedgerWatchService({ ledger })
  expect(await watch.look(running())).toBeNull()
  expect(watch.latest()).toBeNull()
  await release()
  expect(await watch.look(running())).toMatchObject({ wallets: WALLETS })
})

test('ends early when the service stops, or when it takes too long, and says nothing of what it saw', async () => {
  let batches = 0
  await ledger.look(() => {
    batches += 1
    return batches < 2
  })
  expect(batches).toBe(2)
  const watch = new LedgerWatchService({ ledger, longestMs: -1 })
  expect(await watch.look(AbortSignal.abort())).toBeNull()
  await expect(watch.look(running())).rejects.toThrow('There are too many wallets')
  expect(watch.latest()).toBeNull()
})

test('keeps no lock and no transaction', async () => {
  const locks = await queryDatabase(
    database.url,
    `SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
     WHERE locktype = 'advisory' AND datname = current_database()`,
  )
  expect(locks).toEqual([])
  const open = await queryDatabase(
    database.url,
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'",
  )
  expect(open).toEqual([])
})
