// The service behind Debian's PgBouncer in transaction mode, where every transaction gets another session: three processes share
// two sessions, on a database whose own defaults are as unlike ours as they can be. Nothing may be left behind in a session.
import pLimit from 'p-limit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPool, createReadDatabase, type ReadDatabase } from '../../src/db/pool.ts'
import { sql } from 'kysely'
import { auditDatabase } from '../../src/services/audit-service.ts'
import { Api } from '../support/api.ts'
import { type PgBouncer, startPgBouncer } from '../support/pgbouncer.ts'
import { createEmptyDatabase, type TestDatabase } from '../support/postgres.ts'
import { type ServiceProcess, startService } from '../support/service.ts'
import { lockFromOutside, openClient, queryDatabase } from '../support/sql.ts'
import { expectCleanAudit } from '../support/two-services.ts'

const SESSIONS = 2
const SERVICES = 3
const ROUNDS = 40
const soon = { timeout: 30_000, interval: 50 }

let database: TestDatabase
let bouncer: PgBouncer
let databaseUrl: string
let services: readonly ServiceProcess[]
let apis: readonly Api[]

const any = (index: number): Api => apis[index % apis.length] ?? new Api('')

beforeAll(async () => {
  database = await createEmptyDatabase()
  const name = new URL(database.url).pathname.slice(1)
  for (const setting of ["timezone = 'Asia/Kolkata'", "datestyle = 'German'", "statement_timeout = '1h'"]) {
    await queryDatabase(database.url, `ALTER DATABASE ${name} SET ${setting}`)
  }
  bouncer = await startPgBouncer(database.url, { sessions: SESSIONS })
  databaseUrl = bouncer.through(database.url)
  const environment = {
    DATABASE_URL: databaseUrl,
    DATABASE_POOLER: 'transaction',
    HOLD_EXPIRY_INTERVAL_MS: '50',
    LEDGER_AUDIT_INTERVAL_SECONDS: '1',
  }
  // At once, on an empty database: they migrate it through the pooler, one after another.
  services = await Promise.all(Array.from({ length: SERVICES }, () => startService(environment)))
  apis = services.map((service) => new Api(service.url))
})
afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()))
  await bouncer.stop()
  await database.drop()
})

describe('three processes over two sessions', () => {
  const opened = new Map<string, number>()

  test('answer everything at once as one over its own would', async () => {
    const wallets = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        any(index).openWallet({ user_id: `pooled-${index % 3}`, wallet_type: 'crypto', initial_balance: 1000 }),
      ),
    )
    for (const wallet of wallets) opened.set(wallet, 1000)
    // More at once would wait for one of two sessions for longer than anybody may.
    const atOnce = pLimit(5)
    const rounds = Array.from({ length: ROUNDS }, (_, index) => atOnce(() => mixture(wallets, index)))
    for (const answers of await Promise.all(rounds)) {
      for (const answer of answers) expect(answer.status, answer.text).toBeLessThan(300)
    }
    // Transfers go round in a circle, so each wallet gave and got the same.
    for (const [index, wallet] of wallets.entries()) {
      const rounds = Array.from({ length: ROUNDS }, (_, round) => round).filter((round) => round % 6 === index)
      const gave = rounds.length
      const got = Array.from({ length: ROUNDS }, (_, round) => round).filter(
        (round) => (round + 1) % 6 === index,
      ).length
      expect(await any(index).balanceOf(wallet)).toBe(String(1000 + gave * 3 - gave - gave - gave + got))
    }
  })

  test('and the pooler has given them no more sessions than it has', async () => {
    const [found] = await queryDatabase<{ sessions: string }>(
      database.url,
      `SELECT count(*) AS sessions FROM pg_stat_activity
      WHERE datname = current_database() AND application_name LIKE 'wallet_service%'`,
    )
    expect(Number(found?.sessions)).toBeGreaterThan(0)
    expect(Number(found?.sessions)).toBeLessThanOrEqual(SESSIONS)
  })

  test('see each other’s writes, and read instants in whatever zone the database is', async () => {
    const wallet = await any(0).openWallet({ user_id: 'in Kolkata', initial_balance: 1 })
    const began = Date.now()
    const deposited = await any(1).deposit(wallet, 2)
    const at = Date.parse(deposited.body.data.transaction.created_at)
    expect(Math.abs(at - began)).toBeLessThan(60_000)
    expect((await any(2).historyOf(wallet)).map((row) => row.amount)).toEqual(['1', '2'])
    const statistics = await any(0).get(`/api/v1/wallets/${wallet}/statistics`)
    const { period_end: end }: { period_end: string } = JSON.parse(statistics.text)
    expect(Math.abs(Date.parse(end) - Date.now())).toBeLessThan(60_000)
  })

  test('give up a locked wallet when it is time, as limits of the transaction', async () => {
    const wallet = await any(0).openWallet({ user_id: 'locked', initial_balance: 1 })
    const unlock = await lockFromOutside(database.url, 'SELECT 1 FROM wallets WHERE wallet_id = $1 FOR UPDATE', [
      wallet,
    ])
    try {
      const answer = await any(1).deposit(wallet, 1)
      expect(answer.body).toMatchObject({ code: 'wallet_busy' })
    } finally {
      await unlock()
    }
    expect((await any(1).deposit(wallet, 1)).status).toBe(200)
  })

  test('lose and double nothing when their sessions are ended under them', async () => {
    const wallet = await any(0).openWallet({ user_id: 'cut off', wallet_type: 'crypto' })
    const deposits = Array.from({ length: 60 }, async (_, index) => {
      const attempt = async (): Promise<number> => (await any(index).deposit(wallet, 1, `cut-off-${index}`)).status
      await expect.poll(attempt, soon).toBe(200)
      if (index % 20 === 0) {
        await queryDatabase(
          database.url,
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND application_name LIKE 'wallet_service%'`,
        )
      }
    })
    await Promise.all(deposits)
    await expect.poll(() => any(0).balanceOf(wallet), soon).toBe('60')
  })

  test('log no error', () => {
    for (const { log } of services) expect(log.filter((line) => line.includes('"level":"error"'))).toEqual([])
  })

  test('leave no setting, statement or lock in any session', async () => {
    await Promise.all(services.map((service) => service.stop()))
    // Open transactions, so that each has a session of its own.
    const clients = await Promise.all(Array.from({ length: SESSIONS }, () => openClient(databaseUrl)))
    try {
      const pids = new Set<unknown>()
      for (const client of clients) {
        await client.query('BEGIN')
        const { rows } = await client.query(`SELECT pg_backend_pid() AS pid,
          (SELECT count(*)::int FROM pg_prepared_statements WHERE name <> '') AS statements,
          (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND database =
            (SELECT oid FROM pg_database WHERE datname = current_database())) AS locks,
          (SELECT coalesce(array_agg(name ORDER BY name), '{}') FROM pg_settings
            WHERE source = 'session' AND name NOT IN ('application_name', 'client_encoding')) AS settings`)
        pids.add(rows[0]?.pid)
        expect(rows[0]).toMatchObject({ statements: 0, locks: 0, settings: [] })
      }
      expect(pids.size).toBe(SESSIONS)
    } finally {
      await Promise.all(clients.map((client) => client.end()))
    }
  })

  test('and leave a clean ledger, also to an audit that goes through the pooler', async () => {
    await expectCleanAudit(database.url)
    // A second one finds no leavings of the first.
    for (const round of [1, 2]) {
      const report = await auditDatabase({ databaseUrl })
      expect(report.clean, `round ${round}: ${JSON.stringify(report)}`).toBe(true)
    }
  })
})

/** One of everything: every kind of write, and every kind of read. */
async function mixture(wallets: readonly string[], round: number) {
  const api = any(round)
  const wallet = wallets[round % wallets.length] ?? ''
  const next = wallets[(round + 1) % wallets.length] ?? ''
  const held = await api.held(wallet, 1)
  const brief = await api.placeHold(wallet, 1, { expires_in_seconds: 1 })
  const written = await Promise.all([
    api.deposit(wallet, 3, `deposit-${round}`),
    api.consume(wallet, 1, `consume-${round}`),
    api.transfer(wallet, next, 1, `transfer-${round}`),
    api.capture(held.hold_id),
    api.post(`/api/v1/wallets/${wallet}/withdraw?dry_run=true`, { amount: 1 }),
  ])
  const read = await Promise.all([
    api.get(`/api/v1/wallets/${wallet}`),
    api.get(`/api/v1/wallets/${wallet}/transactions?limit=10`),
    api.get(`/api/v1/wallets/${wallet}/statistics`),
    api.get(`/api/v1/wallets/${wallet}/balance?at=${new Date().toISOString()}`),
    api.get(`/api/v1/wallets/${wallet}/explain`),
    api.get(`/api/v1/wallets/${wallet}/holds`),
    api.get(`/api/v1/users/pooled-${round % 3}/transactions?transaction_type=transfer`),
    api.get(`/api/v1/users/pooled-${round % 3}/statistics`),
  ])
  return [brief, ...written, ...read]
}

describe('a read behind the pooler', () => {
  let db: ReadDatabase

  beforeAll(() => {
    const pool = createPool({ databaseUrl, max: 2, onConnectionError: () => undefined, pooler: 'transaction' })
    db = createReadDatabase(pool, 'transaction')
  })
  afterAll(() => db.destroy())

  const settings = sql<Record<string, string>>`SELECT current_setting('statement_timeout') AS statement_timeout,
    current_setting('lock_timeout') AS lock_timeout, current_setting('timezone') AS timezone,
    split_part(current_setting('datestyle'), ',', 1) AS datestyle, current_setting('jit') AS jit`
  const ours = { statement_timeout: '5s', lock_timeout: '2s', timezone: 'UTC', datestyle: 'ISO', jit: 'off' }

  test('has our settings, alone or in a transaction', async () => {
    expect((await settings.execute(db)).rows).toEqual([ours])
    const inside = await db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute(async (transaction) => (await settings.execute(transaction)).rows)
    expect(inside).toEqual([ours])
  })

  test('reports its own failure, and leaves a session that can be used', async () => {
    await expect(sql`SELECT 1 / ${0}::int`.execute(db)).rejects.toThrow('division by zero')
    const failing = db.transaction().execute((transaction) => sql`SELECT no_such_column`.execute(transaction))
    await expect(failing).rejects.toThrow('no_such_column')
    expect((await settings.execute(db)).rows).toEqual([ours])
  })

  test('cannot write', async () => {
    await expect(sql`UPDATE wallets SET balance = balance`.execute(db)).rejects.toThrow('read-only transaction')
  })
})

describe('a service that was not told of the pooler', () => {
  test('does not start, and says what to set', async () => {
    await expect(startService({ DATABASE_URL: databaseUrl })).rejects.toThrow('set DATABASE_POOLER=transaction.')
  })

  test('nor where the pooler swallows the settings', async () => {
    const tolerant = await startPgBouncer(database.url, { sessions: 1, ignored: 'options' })
    try {
      const start = startService({ DATABASE_URL: tolerant.through(database.url) })
      await expect(start).rejects.toThrow('set DATABASE_POOLER=transaction.')
    } finally {
      await tolerant.stop()
    }
  })
})
