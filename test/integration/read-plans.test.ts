// The plans of the reading side on a wallet of 1,000,000 rows beside one of 100: the very statements that the repositories
// send, explained. What a read costs must not grow with the history behind it, whether or not the tables were analysed.
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPool } from '../../src/db/pool.ts'
import type { TransactionId, TransactionType } from '../../src/domain/transaction.ts'
import type { WalletId } from '../../src/domain/wallet.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import {
  analyseOnlyWhenTold,
  believeInSmallWallets,
  type Explained,
  explainRead,
  forgetStatistics,
} from '../support/query-plans.ts'
import { openReads, type ReadServices } from '../support/read-services.ts'
import { queryDatabase } from '../support/sql.ts'

const SMALL = { walletId: '0197f7d4-aaaa-7000-8000-000000000001' as WalletId, userId: 'small', rows: 100 }
const LARGE = { walletId: '0197f7d4-aaaa-7000-8000-000000000002' as WalletId, userId: 'large', rows: 1_000_000 }
type Subject = typeof SMALL

/** A B-tree over a million rows is one or two levels deeper than one over a hundred; nothing else may grow. */
const BUFFERS_ALLOWANCE = 30
const LOAD_TIMEOUT_MS = 120_000
/** Rows are a second apart. */
const FIRST_ROW = 1_767_225_600_000_000n
const SECOND = 1_000_000n

let database: TestDatabase
let reads: ReadServices
let pool: pg.Pool

beforeAll(async () => {
  database = await createTestDatabase()
  reads = openReads(database.url)
  pool = createPool({ databaseUrl: database.url, max: 1, onConnectionError: () => undefined })
  await analyseOnlyWhenTold(pool)
  await load([SMALL])
  await pool.query('ANALYZE')
  await load([LARGE])
}, LOAD_TIMEOUT_MS)

afterAll(async () => {
  await pool.end()
  await reads.close()
  await database.drop()
})

/**
 * Writes whole histories through every check and trigger: a deposit of 1,000,000, one reward, then consumptions and
 * deposits of 1 in turn. Types that are rare (reward) or absent (refund, fee, ...) are what a planner misjudges.
 */
async function load(subjects: readonly Subject[]): Promise<void> {
  for (const subject of subjects) {
    const values = [subject.walletId, subject.userId, subject.rows]
    await queryDatabase(database.url, LOAD_ROWS, values)
    await queryDatabase(database.url, LOAD_WALLET, values.slice(0, 2))
  }
}

const LOAD_ROWS = `
  INSERT INTO wallet_transactions (wallet_id, sequence, transaction_id, user_id, transaction_type, direction, amount,
    balance_before, balance_after, locked_balance, fee, currency, counterparty, description, blockchain_status,
    blockchain_confirmations, metadata, type_count, type_total_in, type_total_out, total_in, hash, created_at)
  SELECT $1::uuid, s, (left($1::text, 8) || '-' || right($1::text, 4) || '-7000-8000-' || lpad(to_hex(s), 12, '0'))::uuid,
    $2::text, kind, CASE kind WHEN 'consume' THEN 'out' ELSE 'in' END, CASE s WHEN 1 THEN 1000000 ELSE 1 END,
    CASE s WHEN 1 THEN 0 WHEN 2 THEN 1000000 ELSE 1000001 - (s + 1) % 2 END,
    CASE s WHEN 1 THEN 1000000 ELSE 1000001 - s % 2 END, 0, 0, 'CREDIT',
    CASE kind WHEN 'consume' THEN 'revenue:consume' WHEN 'reward' THEN 'promotion:reward' ELSE 'external:deposit' END,
    'Row ' || s, 'none', 0, '{}', count, CASE kind WHEN 'consume' THEN 0 WHEN 'reward' THEN 1 ELSE 999999 + count END,
    CASE kind WHEN 'consume' THEN count ELSE 0 END, CASE s WHEN 1 THEN 1000000 ELSE 1000000 + s / 2 END,
    '\\x${'00'.repeat(32)}'::bytea, timestamptz '2026-01-01 00:00:00Z' + s * interval '1 second'
  FROM generate_series(1, $3::int) AS s
  CROSS JOIN LATERAL (
    SELECT CASE WHEN s = 1 THEN 'deposit' WHEN s = 2 THEN 'reward' WHEN s % 2 = 1 THEN 'consume' ELSE 'deposit' END AS kind,
      CASE WHEN s <= 2 THEN 1 WHEN s % 2 = 1 THEN (s - 1) / 2 ELSE s / 2 END AS count
  ) AS row`

const LOAD_WALLET = `
  INSERT INTO wallets (wallet_id, user_id, wallet_type, currency, balance, last_sequence, last_hash, total_in, created_at,
    updated_at)
  SELECT wallet_id, $2::text, 'fiat', currency, balance_after, sequence, hash, total_in, '2026-01-01Z', created_at
  FROM wallet_transactions WHERE wallet_id = $1::uuid ORDER BY sequence DESC LIMIT 1`

const instantOf = (sequence: number): bigint => FIRST_ROW + BigInt(sequence) * SECOND

/** From a tenth to nine tenths of the history. */
const middleOf = ({ rows }: Subject) => ({ startDate: instantOf(rows / 10), endDate: instantOf((rows / 10) * 9) })

const firstPage = { limit: 50, offset: 0 }
const pageOf = (subject: Subject, request: object = {}) =>
  reads.historyService.walletHistory(subject.walletId, { ...firstPage, ...request })
const userPageOf = (subject: Subject, request: object = {}) =>
  reads.historyService.userHistory(subject.userId, { ...firstPage, ...request })
const typed = (transactionType: TransactionType) => ({ transactionType })

const firstTransactionOf = ({ walletId }: Subject) =>
  `${walletId.slice(0, 8)}-${walletId.slice(-4)}-7000-8000-000000000001` as TransactionId

/** Every read, by what it does. */
const READS: Readonly<Record<string, (subject: Subject) => Promise<unknown>>> = {
  'look-up of a wallet': ({ walletId }) => reads.wallets.findWallet(walletId),
  'look-up of a transaction': (subject) => reads.history.findTransaction(firstTransactionOf(subject)),
  'look-up of a posting': (subject) => reads.history.findPosting(firstTransactionOf(subject)),
  'whether a wallet is the user’s': ({ userId, walletId }) =>
    reads.ownership.ownedBy(userId, [{ kind: 'wallet', id: walletId }]),
  'whether a transaction is the user’s': (subject) =>
    reads.ownership.ownedBy(subject.userId, [{ kind: 'transaction', id: firstTransactionOf(subject) }]),
  'wallet of a key': ({ userId }) => reads.history.findWalletOfKey(userId, 'key', 'consume_credits'),
  'balance at an instant': ({ walletId, rows }) => reads.history.balanceAt(walletId, instantOf(rows / 2)),
  'newest page': (subject) => pageOf(subject),
  'page by offset': (subject) => pageOf(subject, { offset: subject.rows / 2 }),
  'page by dates': (subject) => pageOf(subject, middleOf(subject)),
  'page of a common type': (subject) => pageOf(subject, typed('consume')),
  'page of a rare type': (subject) => pageOf(subject, typed('reward')),
  'page of a type there is none of': (subject) => pageOf(subject, typed('refund')),
  'page of a type by dates': (subject) => pageOf(subject, { ...typed('consume'), ...middleOf(subject) }),
  "newest page of a user's": (subject) => userPageOf(subject),
  "page of a user's by dates": (subject) => userPageOf(subject, middleOf(subject)),
  "page of a rare type of a user's": (subject) => userPageOf(subject, typed('reward')),
  "page of a type of a user's by dates": (subject) =>
    userPageOf(subject, { ...typed('consume'), ...middleOf(subject) }),
  'next page': async (subject) => {
    const { nextCursor } = await pageOf(subject, middleOf(subject))
    return pageOf(subject, { ...middleOf(subject), cursor: nextCursor })
  },
  "next page of a user's": async (subject) => {
    const { nextCursor } = await userPageOf(subject, middleOf(subject))
    return userPageOf(subject, { ...middleOf(subject), cursor: nextCursor })
  },
  'statistics for ever': ({ walletId }) => reads.statisticsService.walletStatistics(walletId, {}),
  'statistics of a window': (subject) => reads.statisticsService.walletStatistics(subject.walletId, middleOf(subject)),
  'statistics of a user': (subject) => reads.statisticsService.userStatistics(subject.userId, middleOf(subject)),
  'balance in 100 buckets': ({ walletId, rows }) => {
    const width = BigInt(rows / 100) * SECOND
    const buckets = Array.from({ length: 100 }, (_, index) => {
      const start = FIRST_ROW + BigInt(index) * width
      return { start, end: start + width - 1n }
    })
    return reads.statistics.bucketsOfWallet(walletId, buckets)
  },
}

/** What the read sent last, explained. */
async function explain(read: (subject: Subject) => Promise<unknown>, subject: Subject): Promise<Explained> {
  reads.sent.length = 0
  await read(subject)
  const explained = await explainRead(pool, reads.sent)
  return {
    buffers: explained.at(-1)?.buffers ?? Number.NaN,
    scanned: explained.flatMap(({ scanned }) => scanned).filter((table) => table === 'wallet_transactions'),
  }
}

/** What the planner knows: what was so before the large wallet came, nothing at all, or how it is. */
const KNOWLEDGE: Readonly<Record<string, () => Promise<unknown>>> = {
  'analysed when it was small': async () => undefined,
  'never analysed': () => forgetStatistics(pool),
  'after ANALYZE': () => pool.query('ANALYZE'),
  'analysed when each wallet had one row': () => believeInSmallWallets(pool),
}

describe.each(Object.entries(KNOWLEDGE))('%s', (when, prepare) => {
  beforeAll(async () => {
    await prepare()
  })

  test.each(Object.entries(READS))('%s costs what it shows, not what lies behind it', async (name, read) => {
    const small = await explain(read, SMALL)
    const large = await explain(read, LARGE)
    process.stdout.write(`${when}, ${name}: ${small.buffers} buffers at 100 rows, ${large.buffers} at 1,000,000\n`)
    expect({ small: small.scanned, large: large.scanned }).toEqual({ small: [], large: [] })
    expect(large.buffers).toBeLessThanOrEqual(2 * small.buffers + BUFFERS_ALLOWANCE)
  })
})

test('the loaded history is one that the service could have written', async () => {
  const statistics = await reads.statisticsService.walletStatistics(LARGE.walletId, middleOf(LARGE))
  expect(statistics).toMatchObject({ transactionCount: 800_001, consumed: 400_000n * 10n ** 18n })
})
