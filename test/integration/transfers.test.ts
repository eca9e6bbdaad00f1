// Transfers in both directions between the same wallets, from two processes: the classic deadlock, which must not happen.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { queryDatabase } from '../support/sql.ts'
import { startTwoServices, type TwoServices } from '../support/two-services.ts'

const DURATION_MS = 10_000
const CALLERS = 32

let two: TwoServices

beforeAll(async () => {
  two = await startTwoServices()
})
afterAll(async () => {
  await two.stop()
})

test('32 at a time over 4 wallets for 10 s: no error but insufficient balance, total unchanged, no deadlock', async () => {
  const wallets = await Promise.all(
    [0, 1, 2, 3].map((index) => two.any(index).openWallet({ user_id: `transfer-${index}`, initial_balance: 100 })),
  )
  const outcomes = new Map<string, number>()
  const until = performance.now() + DURATION_MS
  const caller = async (index: number): Promise<void> => {
    for (let round = index; performance.now() < until; round += 1) {
      const from = wallets[round % 4] ?? ''
      const to = wallets[(round + 1 + (round % 3)) % 4] ?? ''
      const answer = await two.any(round + index).transfer(from, to, 1 + (round % 40))
      const outcome = answer.status === 200 ? 'moved' : answer.body.code
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, (_, index) => caller(index)))

  const seen = Object.fromEntries(outcomes)
  expect(Object.keys(seen).filter((outcome) => outcome !== 'moved' && outcome !== 'insufficient_balance')).toEqual([])
  // Both must have happened, or the test did not test anything.
  expect(seen['moved']).toBeGreaterThan(100)
  expect(seen['insufficient_balance']).toBeGreaterThan(0)
  const balances = await Promise.all(wallets.map((wallet) => two.apis[0].balanceOf(wallet)))
  expect(balances.reduce((sum, balance) => sum + Number(balance), 0)).toBe(400)
  const [database] = await queryDatabase<{ deadlocks: string }>(
    two.databaseUrl,
    'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()',
  )
  expect(database?.deadlocks).toBe('0')
  await two.audit()
})
