// The search that turns an instant into a sequence (migrations/0004_growth.sql), beside a scan of all rows, on histories with
// bursts, pauses and ties. It runs on a temporary table of the same name, which needs no rows that the rules would allow.
import * as fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

const WALLET = '0197f7d4-aaaa-7000-8000-000000000001'

let database: TestDatabase
let client: pg.Client

beforeAll(async () => {
  database = await createTestDatabase()
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await client.query(`CREATE TEMPORARY TABLE wallet_transactions
    (wallet_id uuid, sequence bigint, created_at timestamptz, PRIMARY KEY (wallet_id, sequence))`)
})

afterAll(async () => {
  await client.end()
  await database.drop()
})

/** Puts a history down by the seconds between its rows. */
async function write(gaps: readonly number[]): Promise<void> {
  await client.query('TRUNCATE wallet_transactions')
  await client.query(
    `INSERT INTO wallet_transactions
      SELECT $1, place, timestamptz '2026-01-01Z' + sum(gap) OVER (ORDER BY place) * interval '1 second'
      FROM unnest($2::float8[]) WITH ORDINALITY AS row (gap, place)`,
    [WALLET, gaps],
  )
}

/** Instants at, just before and just after every row, and beyond both ends, at which search and scan disagree. */
const DISAGREEMENTS = `
  SELECT instant, last_sequence_at($1, instant) AS searched, scanned FROM (
    SELECT created_at + step * interval '1 microsecond' AS instant
    FROM wallet_transactions, unnest(ARRAY[-1, 0, 1]) AS step
    UNION VALUES ('-infinity'::timestamptz), ('infinity'), ('1970-01-01Z'), ('2999-01-01Z')
  ) AS instants
  CROSS JOIN LATERAL (
    SELECT coalesce(max(sequence), 0) AS scanned FROM wallet_transactions WHERE created_at <= instant
  ) AS answer
  WHERE last_sequence_at($1, instant) <> scanned`

const disagreements = async (): Promise<unknown[]> => (await client.query(DISAGREEMENTS, [WALLET])).rows

test('a wallet without rows has no last row', async () => {
  await write([])
  const { rows } = await client.query('SELECT last_sequence_at($1, now()) AS found', [WALLET])
  expect(rows).toEqual([{ found: '0' }])
})

test.each([
  ['evenly', Array.from({ length: 500 }, () => 1)],
  ['all at once', Array.from({ length: 500 }, () => 0)],
  ['a year of silence, then a burst', [0, 31_536_000, ...Array.from({ length: 500 }, () => 0.000001)]],
  ['a burst, then a year of silence', [...Array.from({ length: 500 }, () => 0.000001), 31_536_000, 1]],
  ['ever more slowly', Array.from({ length: 300 }, (_, index) => 1.05 ** index)],
])('rows that came %s', async (_, gaps) => {
  await write(gaps)
  expect(await disagreements()).toEqual([])
})

test('rows that came in any way', async () => {
  const gap = fc.oneof(fc.constant(0), fc.constant(0.000001), fc.integer({ min: 0, max: 1_000_000 }))
  await fc.assert(
    fc.asyncProperty(fc.array(gap, { maxLength: 60 }), async (gaps) => {
      await write(gaps)
      expect(await disagreements()).toEqual([])
    }),
    { numRuns: 60 },
  )
})
