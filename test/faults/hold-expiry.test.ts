// Expired holds are written down while the processes that do it are killed, one every two seconds and always in the middle of
// a flush: each expiry is in the ledger exactly once, whoever wrote it.
import { setTimeout as delay } from 'node:timers/promises'
import { uuidv7 } from 'uuidv7'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { HoldId } from '../../src/domain/hold.ts'
import type { Wallet } from '../../src/domain/wallet.ts'
import type { PostingQueue } from '../../src/services/posting-queue.ts'
import { aPlacement } from '../support/hold-factories.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { openQueue, openWallet } from '../support/sample-ledger.ts'
import { type ServiceProcess, startService } from '../support/service.ts'
import { lockFromOutside, queryDatabase } from '../support/sql.ts'
import { expectCleanAudit } from '../support/two-services.ts'

const PROCESSES = 3
const WALLETS = 50
const WAVES = 5
/** In each wallet, in each wave. */
const HOLDS_AT_ONCE = 40
const HOLDS = WAVES * WALLETS * HOLDS_AT_ONCE
const KILL_EVERY_MS = 2000
/** The holds of a wave expire one by one, from 1 s to 7 s after each was placed. */
const lifetimeOf = (index: number): bigint => BigInt(1000 + ((index * 7919) % 6000)) * 1000n

let database: TestDatabase
let services: ServiceProcess[]

/** A process whose sessions can be told from the others'. */
const start = (number: number): Promise<ServiceProcess> =>
  startService({ DATABASE_URL: `${database.url}?application_name=${number}`, HOLD_EXPIRY_INTERVAL_MS: '50' })

beforeAll(async () => {
  database = await createTestDatabase()
  services = await Promise.all(Array.from({ length: PROCESSES }, (_, number) => start(number)))
})
afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()))
  await database.drop()
})

async function placeHolds(queue: PostingQueue, wallets: readonly Wallet[]): Promise<void> {
  const placements = Array.from({ length: HOLDS_AT_ONCE }, (_, round) =>
    wallets.map(({ walletId }, index) =>
      aPlacement('1', { walletId, holdId: uuidv7() as HoldId, lifetime: lifetimeOf(round * WALLETS + index) }),
    ),
  )
  await Promise.all(placements.flat().map((placement) => queue.post(placement)))
}

const countOf = async (condition: string): Promise<number> => {
  const [row] = await queryDatabase<{ count: number }>(database.url, `SELECT count(*)::int AS count FROM ${condition}`)
  return row?.count ?? 0
}

const pendingHolds = (): Promise<number> => countOf("holds WHERE status = 'pending'")
/** Processes that wait in mid-flush, with their wallets locked and the holds updated. */
async function processesInMidFlush(): Promise<number[]> {
  const rows = await queryDatabase<{ number: number }>(
    database.url,
    `SELECT application_name::int AS number FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name ~ '^[0-9]$' ORDER BY query_start`,
  )
  return rows.map(({ number }) => number)
}

/**
 * Kills a process that is held up in mid-flush, by a lock from outside on what it has to write; then starts it again. Gives how
 * many holds were still to be written down.
 */
async function killInMidFlush(): Promise<number> {
  const release = await lockFromOutside(database.url, 'LOCK TABLE hold_events IN SHARE MODE')
  await expect.poll(processesInMidFlush, { timeout: 20_000, interval: 15 }).not.toEqual([])
  const [victim = -1] = await processesInMidFlush()
  const left = await pendingHolds()
  await services[victim]?.kill()
  await release()
  services[victim] = await start(victim)
  return left
}

test('10,000 holds expire once each, while three processes write it down and one is killed every 2 s', async () => {
  const { queue, close } = openQueue(database.url)
  const balance = String(WAVES * HOLDS_AT_ONCE)
  const wallets = await Promise.all(Array.from({ length: WALLETS }, () => openWallet(queue, { with: balance })))
  for (let wave = 0; wave < WAVES; wave += 1) {
    await placeHolds(queue, wallets)
    await delay(KILL_EVERY_MS)
    expect(await killInMidFlush()).toBeGreaterThan(0)
  }
  await close()
  await expect.poll(pendingHolds, { timeout: 60_000 }).toBe(0)

  expect(await queryDatabase(database.url, SUMMARY)).toEqual([
    {
      expired_holds: HOLDS,
      events: 2 * HOLDS,
      expiries: HOLDS,
      holds_that_expired: HOLDS,
      balance: String(HOLDS),
      locked: '0',
      expired_total: String(HOLDS),
      rows: WALLETS,
    },
  ])
  await expectCleanAudit(database.url)
})

const SUMMARY = `
  SELECT (SELECT count(*)::int FROM holds WHERE status = 'expired') AS expired_holds,
    (SELECT count(*)::int FROM hold_events) AS events,
    (SELECT count(*)::int FROM hold_events WHERE event_type = 'expired') AS expiries,
    (SELECT count(DISTINCT hold_id)::int FROM hold_events WHERE event_type = 'expired') AS holds_that_expired,
    (SELECT sum(balance)::int::text FROM wallets) AS balance,
    (SELECT sum(locked_balance)::int::text FROM wallets) AS locked,
    (SELECT sum(total)::int::text FROM (SELECT max(expired_total) AS total FROM hold_events GROUP BY wallet_id) AS heads)
      AS expired_total,
    (SELECT count(*)::int FROM wallet_transactions) AS rows`
