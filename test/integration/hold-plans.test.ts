// The plans of everything that meets holds, on a wallet with 10,000 open ones and 100,000 that have ended beside one with 10 of
// each: the very statements that the service sends, explained. Neither reading nor posting may cost more for them.
import type pg from 'pg'
import { uuidv7 } from 'uuidv7'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPool } from '../../src/db/pool.ts'
import type { Command } from '../../src/domain/command.ts'
import { HOLD_STATUSES, type HoldId } from '../../src/domain/hold.ts'
import type { WalletId } from '../../src/domain/wallet.ts'
import { ExplanationRepository } from '../../src/repositories/explanation-repository.ts'
import { LedgerRepository } from '../../src/repositories/ledger-repository.ts'
import { openHoldsAt } from '../../src/repositories/open-holds.ts'
import { DryRuns } from '../../src/services/dry-runs.ts'
import { PostingFlush } from '../../src/services/posting-flush.ts'
import { type Poster, PostingQueue } from '../../src/services/posting-queue.ts'
import { aCapture, anExtension, aPlacement, aVoid } from '../support/hold-factories.ts'
import { movementCommand, transactionIdOf } from '../support/ledger-commands.ts'
import { amount } from '../support/ledger-factories.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { analyseOnlyWhenTold, type Explained, ExplainingConnection, explainRead } from '../support/query-plans.ts'
import { openReads, type ReadServices } from '../support/read-services.ts'
import { queryDatabase } from '../support/sql.ts'

const SMALL = { walletId: '0197f7d4-bbbb-7000-8000-000000000001' as WalletId, open: 10, ended: 10 }
const LARGE = { walletId: '0197f7d4-bbbb-7000-8000-000000000002' as WalletId, open: 10_000, ended: 100_000 }
type Subject = typeof SMALL

/** Have expired, and nobody has written it down: in both wallets, so that both are behind with their lock. */
const DUE = 5
/** B-trees of the larger wallet are a level deeper; nothing else may grow. */
const BUFFERS_ALLOWANCE = 30
const SECOND = 1_000_000n
/** Holds were placed a second apart, three days ago; each that ended did so within its second. */
const FIRST_HOLD = BigInt(Date.now() - 3 * 86_400_000) * 1000n

let database: TestDatabase
let reads: ReadServices
let pool: pg.Pool
let connection: ExplainingConnection
let queue: PostingQueue

beforeAll(async () => {
  database = await createTestDatabase()
  reads = openReads(database.url)
  pool = createPool({ databaseUrl: database.url, max: 1, onConnectionError: () => undefined })
  connection = new ExplainingConnection({ databaseUrl: database.url, onConnectionError: () => undefined })
  const flush = new PostingFlush({ ledger: new LedgerRepository(connection), log: () => undefined })
  queue = new PostingQueue({ flushes: [flush], maxWaiting: 10, maxFlushSize: 10 })
  await analyseOnlyWhenTold(pool)
  for (const { walletId, open, ended } of [SMALL, LARGE]) {
    const values = [walletId, new Date(Number(FIRST_HOLD / 1000n))]
    await queryDatabase(database.url, LOAD_WALLET, values)
    await queryDatabase(database.url, LOAD_HOLDS, [...values, ended, DUE, open])
    await queryDatabase(database.url, LOAD_EVENTS, [walletId, ended])
    await fallBehind(walletId)
  }
})

afterAll(async () => {
  await connection.close()
  await pool.end()
  await reads.close()
  await database.drop()
})

const LOAD_WALLET = `
  WITH wallet AS (
    INSERT INTO wallets (wallet_id, user_id, wallet_type, currency, balance, last_sequence, last_hash, total_in, totals,
      created_at, updated_at)
    VALUES ($1::uuid, $1::text, 'fiat', 'CREDIT', 1000000, 1, '\\x${'00'.repeat(32)}', 1000000,
      '{"deposit": [1, "1000000000000000000000000", "0"]}', $2::timestamptz, $2)
    RETURNING *
  )
  INSERT INTO wallet_transactions (wallet_id, sequence, transaction_id, user_id, transaction_type, direction, amount,
    balance_before, balance_after, locked_balance, fee, currency, counterparty, description, blockchain_status,
    blockchain_confirmations, metadata, type_count, type_total_in, type_total_out, total_in, hash, created_at)
  SELECT wallet_id, 1, wallet_id, user_id, 'deposit', 'in', balance, 0, balance, 0, 0, currency, 'external:deposit', 'All of it',
    'none', 0, '{}', 1, balance, 0, balance, last_hash, created_at
  FROM wallet`

/** First those that ended, by turns captured, voided and expired; then the ones that are due; then the open ones. */
const LOAD_HOLDS = `
  INSERT INTO holds (hold_id, wallet_id, currency, amount, captured_amount, status, expires_at, ends_at, metadata, created_at,
    updated_at)
  SELECT (left($1::text, 8) || '-' || right($1::text, 4) || '-7000-8000-' || lpad(to_hex(s), 12, '0'))::uuid, $1::uuid,
    'CREDIT', 1, CASE status WHEN 'captured' THEN 1 ELSE 0 END, status, expires_at,
    CASE status WHEN 'pending' THEN expires_at ELSE placed_at + interval '0.5 seconds' END, '{}', placed_at,
    CASE status WHEN 'pending' THEN placed_at ELSE placed_at + interval '0.5 seconds' END
  FROM generate_series(1, $3::int + $4::int + $5::int) AS s
  CROSS JOIN LATERAL (
    SELECT $2::timestamptz + s * interval '1 second' AS placed_at,
      CASE WHEN s <= $3 THEN (ARRAY['expired', 'captured', 'voided'])[1 + s % 3] ELSE 'pending' END AS status
  ) AS placed
  CROSS JOIN LATERAL (
    SELECT CASE WHEN status = 'expired' THEN placed_at + interval '0.5 seconds'
      WHEN s <= $3 + $4 THEN placed_at + interval '1 hour' ELSE placed_at + interval '30 days' END AS expires_at
  ) AS time`

const LOAD_EVENTS = `
  INSERT INTO hold_events (wallet_id, sequence, hold_id, event_type, amount, released_amount, status, captured_amount,
    remaining_amount, expires_at, reserved_total, expired_total, transaction_sequence, hash, created_at)
  SELECT h.wallet_id, CASE WHEN s > $2 THEN s + $2 WHEN is_end THEN 2 * s ELSE 2 * s - 1 END, h.hold_id,
    CASE WHEN is_end THEN h.status ELSE 'placed' END,
    CASE WHEN is_end AND h.status <> 'captured' THEN 0 ELSE 1 END,
    CASE WHEN is_end AND h.status <> 'captured' THEN 1 ELSE 0 END,
    CASE WHEN is_end THEN h.status ELSE 'pending' END, CASE WHEN is_end THEN h.captured_amount ELSE 0 END,
    CASE WHEN is_end THEN 0 ELSE 1 END, h.expires_at,
    CASE WHEN s > $2 THEN $2 / 3 + s - $2 WHEN is_end THEN s / 3 ELSE (s - 1) / 3 + 1 END,
    CASE WHEN s > $2 THEN $2 / 3 WHEN is_end THEN s / 3 ELSE (s - 1) / 3 END,
    1, '\\x${'00'.repeat(32)}', CASE WHEN is_end THEN h.updated_at ELSE h.created_at END
  FROM (SELECT *, row_number() OVER (ORDER BY created_at)::int AS s FROM holds WHERE wallet_id = $1::uuid) AS h
  CROSS JOIN (VALUES (false), (true)) AS step (is_end)
  WHERE s <= $2::int OR NOT is_end`

/** Sets a wallet's lock back to what it was before any of its pending holds had expired. */
async function fallBehind(walletId: WalletId): Promise<void> {
  await queryDatabase(
    database.url,
    `UPDATE wallets w SET locked_balance = held.locked, next_hold_expiry = held.first
     FROM (SELECT sum(amount - captured_amount) AS locked, min(expires_at) AS first FROM holds
       WHERE wallet_id = $1 AND status = 'pending') AS held
     WHERE w.wallet_id = $1`,
    [walletId],
  )
}

const placedAt = (number: number): bigint => FIRST_HOLD + BigInt(number) * SECOND
/** The n-th hold of a wallet, in the order in which they were placed. */
const holdIdOf = ({ walletId }: Subject, number: number): HoldId =>
  `${walletId.slice(0, 8)}-${walletId.slice(-4)}-7000-8000-${number.toString(16).padStart(12, '0')}` as HoldId
/** A hold that is open: of ten, the last ones. */
const openHold = (subject: Subject, fromLast: number): HoldId =>
  holdIdOf(subject, subject.ended + DUE + subject.open - fromLast)

const page = { status: null, limit: 5, after: null }
const explained = (subject: Subject, end: bigint | null) =>
  new ExplanationRepository(reads.db).explain({ walletId: subject.walletId, start: null, end, maxHolds: 5 })

/** Every read that looks at holds, by what it does. */
const READS: Readonly<Record<string, (subject: Subject) => Promise<unknown>>> = {
  'look-up of a wallet': ({ walletId }) => reads.wallets.findWallet(walletId),
  'wallets of a user': ({ walletId }) => reads.wallets.walletsOfUser(walletId),
  'look-up of a hold': (subject) => reads.holds.findHold(openHold(subject, 0)),
  'what an event left': ({ walletId, ended }) => reads.holds.findEffect(walletId, ended),
  'newest holds': ({ walletId }) => reads.holds.pageOfWallet({ ...page, walletId }),
  ...Object.fromEntries(
    HOLD_STATUSES.flatMap((status) => [
      [
        `newest holds, ${status}`,
        ({ walletId }: Subject) => reads.holds.pageOfWallet({ ...page, walletId, status }),
      ] as const,
      [
        `next page of holds, ${status}`,
        (subject: Subject) => {
          const number = Math.ceil((subject.ended + subject.open) / 2)
          const after = { createdAt: placedAt(number), holdId: holdIdOf(subject, number) }
          return reads.holds.pageOfWallet({ ...page, walletId: subject.walletId, status, after })
        },
      ] as const,
    ]),
  ),
  'wallets with expired holds': () => reads.holds.findDueWallets(200, []),
  'balance in the middle': ({ walletId, ended }) => reads.history.balanceAt(walletId, placedAt(ended / 2)),
  'balance now': ({ walletId }) => reads.history.balanceAt(walletId, BigInt(Date.now()) * 1000n),
  'explanation of now': (subject) => explained(subject, null),
  'explanation of the middle': (subject) => explained(subject, placedAt(subject.ended / 2)),
  'explanation of the beginning': (subject) => explained(subject, placedAt(1)),
}

/** Of everything that a read sent: pages together, and which tables of holds were read from end to end. */
async function explain(read: (subject: Subject) => Promise<unknown>, subject: Subject): Promise<Explained> {
  reads.sent.length = 0
  await read(subject)
  const queries = reads.sent.filter(({ sql }) => /^(select|with)/i.test(sql.trim()))
  const all = await explainRead(pool, queries)
  return {
    buffers: all.reduce((sum, { buffers }) => sum + buffers, 0),
    scanned: all.flatMap(({ scanned }) => scanned).filter((table) => table.startsWith('hold')),
  }
}

const consumption = ({ walletId }: Subject): Command =>
  movementCommand('consume', { walletId, key: uuidv7() }, { amount: amount('1') })

/** Every command whose flush meets holds, by what it does. What is captured, voided and extended differs from run to run. */
const COMMANDS: Readonly<Record<string, (subject: Subject, run: number) => Command>> = {
  consumption,
  placement: ({ walletId }) => aPlacement('1', { walletId, holdId: uuidv7() as HoldId }),
  capture: (subject, run) =>
    aCapture('0.1', {
      walletId: subject.walletId,
      holdId: openHold(subject, run),
      final: false,
      transactionId: transactionIdOf(uuidv7()),
    }),
  'last capture': (subject, run) =>
    aCapture(null, {
      walletId: subject.walletId,
      holdId: openHold(subject, 2 + run),
      transactionId: transactionIdOf(uuidv7()),
    }),
  void: (subject, run) => aVoid({ walletId: subject.walletId, holdId: openHold(subject, 4 + run) }),
  extension: (subject, run) => anExtension(3600n, { walletId: subject.walletId, holdId: openHold(subject, 6 + run) }),
  'writing down of two expiries': ({ walletId }) => ({ kind: 'expire_holds', walletId, limit: 2 }),
}

/** Each statement of the flush of a wallet that is behind with its lock. */
async function explainFlush(
  poster: Poster,
  subject: Subject,
  command: Command,
): Promise<ReadonlyMap<string, Explained>> {
  await fallBehind(subject.walletId)
  connection.explained.clear()
  await poster.post(command)
  return new Map(connection.explained)
}

/** What is wrong with a statement's costs; nothing, if it is as it should be. */
function faultsOf(what: string, small: Explained | undefined, large: Explained | undefined): string[] {
  if (!small || !large) return [`${what}: sent for one of the wallets only`]
  process.stdout.write(`${what}: ${small.buffers} buffers at 10 holds, ${large.buffers} at 10,000\n`)
  const scanned = [...small.scanned, ...large.scanned].map((table) => `${what}: all of ${table} is read`)
  if (large.buffers <= 2 * small.buffers + BUFFERS_ALLOWANCE) return scanned
  return [...scanned, `${what}: ${small.buffers} buffers at 10 holds, ${large.buffers} at 10,000`]
}

/** The same for each statement of a flush. */
const faultsOfAll = (what: string, small: ReadonlyMap<string, Explained>, large: ReadonlyMap<string, Explained>) =>
  [...large.keys()].flatMap((name) => faultsOf(`${what}, ${name}`, small.get(name), large.get(name)))

describe.each([
  ['before ANALYZE', 0],
  ['after ANALYZE', 1],
])('%s', (when, run) => {
  beforeAll(async () => {
    if (when === 'after ANALYZE') await pool.query('ANALYZE')
  })

  test.each(Object.entries(READS))('%s costs what it shows, not what lies behind it', async (name, read) => {
    const [small, large] = [await explain(read, SMALL), await explain(read, LARGE)]
    expect(faultsOf(`${when}, ${name}`, small, large)).toEqual([])
  })

  test.each(Object.entries(COMMANDS))('a %s costs the same among 10,000 holds', async (name, commandOf) => {
    const small = await explainFlush(queue, SMALL, commandOf(SMALL, run))
    const large = await explainFlush(queue, LARGE, commandOf(LARGE, run))
    expect([...large.keys()]).toContain('find_expired_locks')
    expect(faultsOfAll(`${when}, ${name}`, small, large)).toEqual([])
  })

  test('a dry run costs the same among 10,000 holds', async () => {
    const dryRuns = new DryRuns(new LedgerRepository(connection))
    const small = await explainFlush(dryRuns.begin(), SMALL, consumption(SMALL))
    const large = await explainFlush(dryRuns.begin(), LARGE, consumption(LARGE))
    expect([...large.keys()]).toEqual(['read_wallets', 'read_clock', 'find_effects', 'find_expired_locks'])
    expect(faultsOfAll(`${when}, dry run`, small, large)).toEqual([])
  })
})

test('the loaded holds are such as the service could have written', async () => {
  const wallet = await reads.wallets.findWallet(LARGE.walletId)
  const locked = await reads.history.balanceAt(LARGE.walletId, placedAt(LARGE.ended + DUE + LARGE.open))
  expect(wallet?.balance).toBeGreaterThan(0n)
  expect(locked.lockedBalance).toBe(BigInt(LARGE.open) * 10n ** 18n)
})

test('the walk to a hold that stays open while thousands end is bounded, and says that it did not get there', async () => {
  reads.sent.length = 0
  // Of what locked 1 then, nothing is among the 100,000 that ended since.
  const request = { walletId: LARGE.walletId, at: FIRST_HOLD - SECOND, locked: 1n, max: 5 }
  expect(await openHoldsAt(reads.db, request)).toEqual({ holds: [], isComplete: false })
  const limits = reads.sent.map(({ parameters }) => Number(parameters.at(-1)))
  expect(limits).toEqual([100, 200, 400, 800, 1600, 3200, 6400])
  // In a wallet with few, it ends where they end.
  expect(await openHoldsAt(reads.db, { ...request, walletId: SMALL.walletId })).toEqual({ holds: [], isComplete: true })
})
