// Batches in each other's way, from two processes on one database: all or none, in one order or the other, and never a deadlock.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Answer } from '../support/api.ts'
import { queryDatabase } from '../support/sql.ts'
import { startTwoServices, type TwoServices } from '../support/two-services.ts'

const CALLERS = 8
const ROUNDS = 12
const MAX_OPERATIONS = 1000

let two: TwoServices

beforeAll(async () => {
  two = await startTwoServices({ POSTING_FLUSH_MAX: '64', POSTING_LANES: '2' })
})
afterAll(async () => {
  await two.stop()
})

const transfer = (from: string, to: string, amount: number) => ({
  operation: 'transfer',
  wallet_id: from,
  to_wallet_id: to,
  amount,
})

const balancesOf = async (wallets: readonly string[]): Promise<number[]> =>
  (await Promise.all(wallets.map((wallet) => two.apis[0].balanceOf(wallet)))).map(Number)

test('atomic batches of transfers round in opposite directions: all or none, total unchanged, no deadlock', async () => {
  const wallets = await Promise.all(
    [0, 1, 2, 3, 4].map((index) => two.any(index).openWallet({ user_id: `ring-${index}`, initial_balance: 60 })),
  )
  /** Through all wallets and back to the first: it leaves every balance as it was, unless one of them cannot pay. */
  const round = (start: number, direction: 1 | -1, amount: number): object[] =>
    wallets.map((_, step) => {
      const at = (offset: number): string =>
        wallets[(start + direction * offset + 100 * wallets.length) % wallets.length] ?? ''
      return transfer(at(step), at(step + 1), amount)
    })
  const answers: Answer[] = []
  const caller = async (index: number): Promise<void> => {
    for (let turn = 0; turn < ROUNDS; turn += 1) {
      const operations = round(index + turn, index % 2 === 0 ? 1 : -1, 10 + ((index * 17 + turn * 13) % 80))
      // Beside it, single transfers that do change balances.
      const [batch] = await Promise.all([
        two.any(index + turn).batch(operations, { atomic: true }),
        two.any(index).transfer(wallets[turn % 5] ?? '', wallets[(turn + index + 1) % 5] ?? '', 1 + turn),
      ])
      answers.push(batch)
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, (_, index) => caller(index)))

  const seen = Map.groupBy(answers, ({ status, body }) => (status === 200 ? 'done' : body.code))
  expect([...seen.keys()].filter((outcome) => outcome !== 'done' && outcome !== 'insufficient_balance')).toEqual([])
  expect(seen.get('done')?.length).toBeGreaterThan(0)
  expect(seen.get('insufficient_balance')?.length).toBeGreaterThan(0)
  expect((await balancesOf(wallets)).reduce((sum, balance) => sum + balance, 0)).toBe(300)
  const [database] = await queryDatabase<{ deadlocks: string }>(
    two.databaseUrl,
    'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()',
  )
  expect(database?.deadlocks).toBe('0')
  await two.audit()
})

test('of eight batches that each want all there is, in both modes, what is paid is what there was', async () => {
  const wallet = await two.apis[0].openWallet({ user_id: 'wanted', initial_balance: MAX_OPERATIONS })
  const operations = Array.from({ length: MAX_OPERATIONS / 4 }, () => ({
    operation: 'consume',
    wallet_id: wallet,
    amount: 1,
  }))
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, index) => two.any(index).batch(operations, { atomic: index % 4 < 2 })),
  )
  const paid = answers.reduce((sum, { status, body }) => sum + (status === 200 ? body.succeeded : 0), 0)
  expect(paid).toBe(MAX_OPERATIONS - Number(await two.apis[0].balanceOf(wallet)))
  const refusals = answers.flatMap(({ body }) => [body.code ?? [], body.results.map(({ code }) => code ?? [])].flat(2))
  expect(new Set(refusals)).toEqual(new Set(['insufficient_balance']))
  // Those that are for themselves leave nothing over that somebody asked for.
  expect(Number(await two.apis[0].balanceOf(wallet))).toBe(0)
  await two.audit()
})

test('the same batch from both processes at once happens once', async () => {
  const [from, to] = [
    await two.apis[0].openWallet({ user_id: 'twice-from', initial_balance: 100 }),
    await two.apis[1].openWallet({ user_id: 'twice-to' }),
  ]
  const operations = Array.from({ length: 20 }, (_, index) => ({
    ...transfer(from, to, 1),
    idempotency_key: `transfer-${index}`,
  }))
  const answers = await Promise.all(
    [0, 1, 2, 3].map((index) => two.any(index).batch(operations, { atomic: index < 2 })),
  )
  expect(answers.map(({ body }) => body.succeeded)).toEqual([20, 20, 20, 20])
  const ids = answers.map(({ body }) => body.results.map((result) => result.transaction_id))
  expect(ids).toEqual(ids.map(() => ids[0]))
  expect(await balancesOf([from, to])).toEqual([80, 20])
})
