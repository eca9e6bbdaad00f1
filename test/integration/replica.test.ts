// History and statistics from a real streaming replica, while it follows, stands still, dies, cancels reads and is promoted: no
// answer may be older than its question, and none may fail. The one who writes is another process than the one who reads.
import { readFile } from 'node:fs/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { createPool, createReadDatabase, type ReadDatabase } from '../../src/db/pool.ts'
import { Replica } from '../../src/db/replica.ts'
import { sqlstateOf } from '../../src/db/sqlstate.ts'
import { Api } from '../support/api.ts'
import { scrape } from '../support/prometheus.ts'
import { type Replication, startReplication } from '../support/replica.ts'
import { type ServiceProcess, startService } from '../support/service.ts'
import { queryDatabase } from '../support/sql.ts'

const soon = { timeout: 30_000, interval: 50 }

let replication: Replication
let writing: ServiceProcess
let reading: ServiceProcess
let writer: Api
let reader: Api

beforeAll(async () => {
  // What it is asked stands in its log; a read that is in the way of what must be replayed is canceled at once.
  replication = await startReplication({ log_statement: 'all', max_standby_streaming_delay: '0' })
  const DATABASE_URL = replication.primaryUrl
  ;[writing, reading] = await Promise.all([
    startService({ DATABASE_URL }),
    startService({ DATABASE_URL, DATABASE_REPLICA_URL: replication.replicaUrl, DATABASE_REPLICA_MAX_LAG_MS: '1000' }),
  ])
  writer = new Api(writing.url)
  reader = new Api(reading.url)
})
afterAll(async () => {
  await Promise.all([writing.stop(), reading.stop()])
  await replication.stop()
})

const metric = async (name: string, labels: Readonly<Record<string, string>> = {}): Promise<number | undefined> =>
  (await scrape(reading.url)).value(`wallet_database_replica_${name}`, labels)
const readsOf = async (target: 'replica' | 'primary'): Promise<number> => (await metric('reads_total', { target })) ?? 0
async function untilUsed(used: 0 | 1): Promise<void> {
  await expect.poll(() => metric('used'), soon).toBe(used)
}
const linesOf = (part: string): readonly string[] => reading.log.filter((line) => line.includes(part))
const IN_USE = 'The replica answers history and statistics'
const NOT_IN_USE = 'The replica is not used'

/** Writes through one process, and asks the other for it in every way, at once. */
async function writeAndLookBack(walletId: string, userId: string, count: number): Promise<void> {
  for (let round = 0; round < count; round += 1) {
    const written = await writer.deposit(walletId, 1)
    const { transaction_id: id, sequence } = written.body.data.transaction
    const [page, ofUser, statistics, usersStatistics, buckets] = await Promise.all([
      reader.get(`/api/v1/wallets/${walletId}/transactions?limit=1`),
      reader.get(`/api/v1/users/${userId}/transactions?limit=1`),
      reader.get(`/api/v1/wallets/${walletId}/statistics`),
      reader.get(`/api/v1/users/${userId}/statistics`),
      reader.get(`/api/v1/wallets/${walletId}/balance/history?interval=month`),
    ])
    expect(page.body.transactions[0]?.transaction_id).toBe(id)
    expect(ofUser.body.transactions[0]?.transaction_id).toBe(id)
    expect(JSON.parse(statistics.text)).toMatchObject({
      transaction_count: sequence,
      current_balance: String(sequence),
    })
    expect(JSON.parse(usersStatistics.text)).toMatchObject({ transaction_count: sequence })
    expect(JSON.parse(buckets.text).buckets.at(-1)).toMatchObject({ closing_balance: String(sequence) })
  }
}

describe('a replica that follows', () => {
  beforeEach(() => untilUsed(1))

  test('answers, and its answers hold whatever was acknowledged before they were asked for', async () => {
    const wallet = await writer.openWallet({ user_id: 'follower' })
    const before = await readsOf('replica')
    await writeAndLookBack(wallet, 'follower', 40)
    expect((await readsOf('replica')) - before).toBeGreaterThan(100)
    await expect.poll(() => linesOf(IN_USE).length, soon).toBe(1)
  })

  test('is never asked what a wallet holds, what is held, or what something is', async () => {
    const wallet = await writer.openWallet({ user_id: 'not-asked', initial_balance: 10 })
    const looked = await writer.openWallet({ user_id: 'looked-back', initial_balance: 10 })
    const hold = await writer.held(wallet, 1)
    const consumed = await writer.consume(wallet, 1)
    const id = consumed.body.transaction_id
    const asked = [
      reader.get(`/api/v1/wallets/${wallet}`),
      reader.get(`/api/v1/wallets/${wallet}/balance`),
      reader.get(`/api/v1/wallets/${wallet}/balance?at=${new Date().toISOString()}`),
      reader.get(`/api/v1/wallets/${wallet}/explain`),
      reader.get(`/api/v1/wallets/${wallet}/holds`),
      reader.get(`/api/v1/holds/${hold.hold_id}`),
      reader.get(`/api/v1/transactions/${id}`),
      reader.get(`/api/v1/users/not-asked/wallets`),
      reader.get(`/api/v1/users/not-asked/credits/balance`),
      reader.deposit(wallet, 1),
      reader.post(`/api/v1/transactions/${id}/refund`, { reason: 'asked' }),
      reader.post(`/api/v1/wallets/${wallet}/consume?dry_run=true`, { amount: 1 }),
    ]
    for (const answer of await Promise.all(asked)) expect(answer.status, answer.text).toBe(200)
    await reader.get(`/api/v1/wallets/${looked}/transactions`)
    // The log is written before the answer is sent, so both are in it if they ever are.
    const said = await readFile(replication.replicaLog, 'utf8')
    expect(said).toContain(looked)
    for (const word of [wallet, 'not-asked', hold.hold_id, id]) expect(said).not.toContain(word)
  })
})

describe('a replica that stands still', () => {
  test('is left until it goes on; nobody misses a write, and the instance stays ready', async () => {
    const wallet = await writer.openWallet({ user_id: 'patient' })
    await untilUsed(1)
    const [left, came] = [linesOf(NOT_IN_USE).length, linesOf(IN_USE).length]
    await replication.pause()
    try {
      await writeAndLookBack(wallet, 'patient', 3)
      await untilUsed(0)
      const before = await readsOf('replica')
      await writeAndLookBack(wallet, 'patient', 3)
      expect(await readsOf('replica')).toBe(before)
      await expect.poll(() => metric('lag_seconds'), soon).toBeGreaterThan(1)
      expect((await fetch(`${reading.url}/health/ready`)).status).toBe(200)
      await expect.poll(() => linesOf(NOT_IN_USE).length, soon).toBe(left + 1)
    } finally {
      await replication.resume()
    }
    await untilUsed(1)
    await expect.poll(() => metric('lag_seconds'), soon).toBeLessThan(1)
    expect(linesOf(NOT_IN_USE)).toHaveLength(left + 1)
    await expect.poll(() => linesOf(IN_USE).length, soon).toBe(came + 1)
    await writeAndLookBack(wallet, 'patient', 3)
  })
})

describe('a replica that dies', () => {
  test('fails no read, and is used again when it is back', async () => {
    const wallet = await writer.openWallet({ user_id: 'survivor' })
    await untilUsed(1)
    const [killed] = await Promise.all([replication.killReplica(), writeAndLookBack(wallet, 'survivor', 20)])
    expect(killed).toBeUndefined()
    await untilUsed(1)
    const before = await readsOf('replica')
    await writeAndLookBack(wallet, 'survivor', 3)
    expect(await readsOf('replica')).toBeGreaterThan(before)
  })
})

describe('a read on the replica', () => {
  let primary: ReadDatabase
  let replica: ReadDatabase
  let reads: Replica

  const openReads = (databaseUrl: string, role: 'primary' | 'replica'): ReadDatabase =>
    createReadDatabase(createPool({ databaseUrl, max: 2, onConnectionError: () => undefined, role }), 'none', role)
  const over = (replicaDatabase: ReadDatabase, log: (line: string) => void = () => undefined): Replica =>
    new Replica({
      primary,
      replica: replicaDatabase,
      maxLagMs: 1000,
      log: { info: (message) => log(message), warn: (message, { reason }) => log(`${message}: ${String(reason)}`) },
    })

  beforeAll(() => {
    primary = openReads(replication.primaryUrl, 'primary')
    replica = openReads(replication.replicaUrl, 'replica')
    reads = over(replica)
  })
  afterAll(() => Promise.all([primary.destroy(), replica.destroy()]))
  beforeEach(async () => {
    const isUsedAfterLook = async (): Promise<boolean | null> => {
      await reads.look()
      return reads.figures().isUsed
    }
    await expect.poll(isUsedAfterLook, soon).toBe(true)
  })

  /** A read that is slow the first time; tells what became of it each time. */
  function slowAtFirst() {
    const outcomes: unknown[] = []
    const begun = Promise.withResolvers<number>()
    const work = async (db: ReadDatabase): Promise<number> => {
      const { rows } = await sql<{ pid: number; replica: boolean }>`
        SELECT pg_backend_pid() AS pid, pg_is_in_recovery() AS replica`.execute(db)
      const [place] = rows
      try {
        if (outcomes.length === 0) {
          begun.resolve(place?.pid ?? 0)
          await sql`SELECT count(*), pg_sleep(30) FROM wallets`.execute(db)
        }
        outcomes.push(place?.replica === true ? 'on the replica' : 'on the primary')
        return 1
      } catch (error) {
        outcomes.push(sqlstateOf(error) ?? error)
        throw error
      }
    }
    return { outcomes, begun: begun.promise, work }
  }

  /** Waits until the server has begun with it, too. */
  async function asleep(begun: Promise<number>): Promise<number> {
    const pid = await begun
    const event = async (): Promise<unknown> => {
      const text = 'SELECT wait_event FROM pg_stat_activity WHERE pid = $1'
      const [activity] = await queryDatabase<{ wait_event: string }>(replication.replicaUrl, text, [pid])
      return activity?.wait_event
    }
    await expect.poll(event, { ...soon, interval: 5 }).toBe('PgSleep')
    return pid
  }

  test('is read only, and bounded so that the primary has time to answer after it', async () => {
    const found = await reads.read(
      async (db) =>
        (
          await sql`SELECT pg_is_in_recovery() AS replica, current_setting('statement_timeout') AS statement_timeout,
          current_setting('default_transaction_read_only') AS read_only`.execute(db)
        ).rows,
    )
    expect(found).toEqual([{ replica: true, statement_timeout: '1500ms', read_only: 'on' }])
  })

  test('that is in the way of the log is run again on the primary, and the replica goes on', async () => {
    const { outcomes, begun, work } = slowAtFirst()
    const answer = reads.read(work)
    await asleep(begun)
    // Whoever replays this lock gets it.
    await queryDatabase(replication.primaryUrl, 'DO $$ BEGIN LOCK TABLE wallets IN ACCESS EXCLUSIVE MODE; END $$')
    expect(await answer).toBe(1)
    expect(outcomes).toEqual(['40001', 'on the primary'])
    expect(reads.figures().isUsed).toBe(true)
  })

  test('that is canceled, as one that takes too long is, is run again on the primary, and the replica goes on', async () => {
    const { outcomes, begun, work } = slowAtFirst()
    const answer = reads.read(work)
    await replication.tell('SELECT pg_cancel_backend($1)', [await asleep(begun)])
    expect(await answer).toBe(1)
    expect(outcomes).toEqual(['57014', 'on the primary'])
    expect(reads.figures().isUsed).toBe(true)
  })

  test('whose connection is lost is run again on the primary, as is everything until the next look', async () => {
    const { outcomes, begun, work } = slowAtFirst()
    const answer = reads.read(work)
    await replication.tell('SELECT pg_terminate_backend($1)', [await asleep(begun)])
    expect(await answer).toBe(1)
    expect(outcomes).toEqual(['57P01', 'on the primary'])
    expect(reads.figures().isUsed).toBe(false)
  })

  test('fails as it would on the primary where the fault is its own', async () => {
    const faulty = (db: ReadDatabase) => sql`SELECT 1 / ${0}::int`.execute(db)
    await expect(reads.read(faulty)).rejects.toThrow('division by zero')
  })

  test.each([
    ['is the primary', () => replication.primaryUrl, 'It is no replica'],
    ['belongs to another cluster', () => inject('testPostgres').serverUrl, 'It is a replica of another database'],
    ['is not there', () => 'postgres://nobody@127.0.0.1:1/nothing', 'ECONNREFUSED'],
  ])('is not tried where it %s', async (_, url, reason) => {
    const lines: string[] = []
    const other = openReads(url(), 'replica')
    try {
      const wrong = over(other, (line) => lines.push(line))
      await wrong.look()
      await wrong.look()
      expect(lines).toEqual([expect.stringContaining(reason)])
      expect(wrong.figures()).toMatchObject({ isUsed: false, lagSeconds: null })
      expect(await wrong.read(async (db) => (await sql`SELECT 1`.execute(db)).rows.length)).toBe(1)
      expect(wrong.figures().reads).toEqual({ replica: 0, primary: 1 })
    } finally {
      await other.destroy()
    }
  })
})

test('a replica that is promoted goes its own way, without readers', async () => {
  const wallet = await writer.openWallet({ user_id: 'loyal' })
  await untilUsed(1)
  await Promise.all([replication.tell('SELECT pg_promote(false)'), writeAndLookBack(wallet, 'loyal', 20)])
  await untilUsed(0)
  await writeAndLookBack(wallet, 'loyal', 3)
  await replication.stopReplica()
  await writeAndLookBack(wallet, 'loyal', 3)
  for (const { log } of [writing, reading]) expect(log.filter((line) => line.includes('"level":"error"'))).toEqual([])
})
