// Random histories on real PostgreSQL, each answer and each balance predicted by an independent model (ledger-model.ts): one
// request after the other through the use cases, and batches at once through the queue, where they share flushes.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { auditDatabase } from '../../src/services/audit-service.ts'
import { anyHistory, type Step } from '../support/ledger-actions.ts'
import { batchDriver, queueDriver, serviceDriver } from '../support/ledger-drivers.ts'
import { compare } from '../support/ledger-history.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { openLedger, type TestLedger } from '../support/read-services.ts'
import { shiftClock, type ShiftedClock } from '../support/shifted-clock.ts'

/** A history one by one takes 10 times as long as one in batches. */
const HISTORIES = { oneByOne: 100, manyAtOnce: 300, asBatches: 60 }
const LONGEST_HISTORY = 60

let ledger: TestLedger
let clock: ShiftedClock
/** What flushes had to say about failures. */
const failures: string[] = []

beforeAll(async () => {
  const database = await createTestDatabase()
  clock = await shiftClock(database.url)
  ledger = await openLedger({ database, log: (message) => failures.push(message) })
})
afterAll(async () => {
  await clock.close()
  await ledger.close()
})

// An interrupted run fails, and says which seed it had come to.
const LIMITS = { interruptAfterTimeLimit: 100_000, markInterruptAsFailure: true }
const TIMEOUT_MS = 110_000

const opening = {
  kind: 'create',
  user: 1,
  walletType: 'fiat',
  currency: 'CREDIT',
  initialBalance: '0',
  key: null,
} as const
const onWallet1 = { wallet: 1, description: undefined, key: null } as const
/** What comes earlier in a flush counts for an opening: balances that moved, a wallet that was closed. */
const FOUND_BEFORE: [Step[]][] = [
  [[{ hours: 0, actions: [{ kind: 'deposit', amount: '1', ...onWallet1 }, opening] }]],
  [[{ hours: 0, actions: [{ kind: 'close', wallet: 1 }, opening, opening] }]],
  ...(['everything', '5'] as const).map((amount): [Step[]] => [
    [
      {
        hours: 0,
        actions: [
          { kind: 'deposit', amount: '5', ...onWallet1 },
          { kind: 'withdraw', amount, ...onWallet1 },
          { kind: 'close', wallet: 1 },
          opening,
        ],
      },
    ],
  ]),
]

test('one by one: every answer and every balance is the one the model foretells', { timeout: TIMEOUT_MS }, async () => {
  const stage = { driver: serviceDriver(ledger), reads: ledger.reads, clock }
  const oneByOne = fc.asyncProperty(anyHistory({ steps: LONGEST_HISTORY, actions: 1 }), (steps) =>
    compare(stage, steps),
  )
  await fc.assert(oneByOne, { ...LIMITS, numRuns: HISTORIES.oneByOne })
  expect(failures).toEqual([])
})

test(
  'many at once: flushes of several requests answer as if they had come one by one',
  { timeout: TIMEOUT_MS },
  async () => {
    const stage = { driver: queueDriver(ledger), reads: ledger.reads, clock }
    const atOnce = fc.asyncProperty(anyHistory({ steps: LONGEST_HISTORY / 12, actions: 12 }), (steps) =>
      compare(stage, steps),
    )
    await fc.assert(atOnce, { ...LIMITS, numRuns: HISTORIES.manyAtOnce, examples: FOUND_BEFORE })
    expect(ledger.queue.figures().largestFlush).toBeGreaterThan(10)
    // A flush that the database refuses is split and tried again, which would hide why.
    expect(failures).toEqual([])
  },
)

test(
  'as batches: operations that are posted together answer as if they had come one by one',
  { timeout: TIMEOUT_MS },
  async () => {
    const stage = { driver: batchDriver(ledger), reads: ledger.reads, clock }
    const asBatches = fc.asyncProperty(anyHistory({ steps: LONGEST_HISTORY / 12, actions: 12 }), (steps) =>
      compare(stage, steps),
    )
    await fc.assert(asBatches, { ...LIMITS, numRuns: HISTORIES.asBatches, examples: FOUND_BEFORE })
    expect(failures).toEqual([])
  },
)

test('after all these histories the audit finds nothing', { timeout: TIMEOUT_MS }, async () => {
  const { clean, checks, transactions } = await auditDatabase({ databaseUrl: ledger.databaseUrl })
  expect(checks.flatMap((check) => check.findings.map((finding) => ({ check: check.name, ...finding })))).toEqual([])
  expect(clean).toBe(true)
  expect(transactions).toBeGreaterThan(HISTORIES.oneByOne + HISTORIES.manyAtOnce)
})
