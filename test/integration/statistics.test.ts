// Statistics against a real database: every figure of random windows compared with a plain sum over all rows, buckets with
// the rows that fall into them, and the shapes that callers read.
import * as fc from 'fast-check'
import { uuidv7 } from 'uuidv7'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formatInstant } from '../../src/domain/instant.ts'
import { INTERVALS } from '../../src/domain/period.ts'
import type { Direction, Transaction, TransactionType } from '../../src/domain/transaction.ts'
import type { Wallet, WalletId } from '../../src/domain/wallet.ts'
import { presentUserStatistics, presentWalletStatistics } from '../../src/http/presenters-statistics.ts'
import type { PeriodRequest } from '../../src/services/statistics-service.ts'
import { allRows, openRandomLedger, type RandomLedger } from '../support/read-services.ts'
import { consume, deposit, openWallet } from '../support/sample-ledger.ts'

const SEED = 8208
const RUNS = 60
const DAY = 86_400_000_000n
const UNIT = 10n ** 18n

let ledger: RandomLedger

beforeAll(async () => {
  ledger = await openRandomLedger({ rounds: 60, seed: SEED })
})

afterAll(() => ledger.close())

const rowsOf = (wallet: Pick<Wallet, 'walletId'>): Transaction[] =>
  ledger.rows.filter((row) => row.walletId === wallet.walletId)

function rowsIn(wallet: Pick<Wallet, 'walletId'>, { startDate, endDate }: PeriodRequest): Transaction[] {
  return rowsOf(wallet)
    .filter((row) => startDate === undefined || row.createdAt >= startDate)
    .filter((row) => endDate === undefined || row.createdAt <= endDate)
}

const sum = (of: readonly Transaction[], type: TransactionType, direction: Direction): bigint =>
  of
    .filter((row) => row.transactionType === type && row.direction === direction)
    .reduce((total, row) => total + row.amount, 0n)

function figuresOf(wallet: Wallet, window: readonly Transaction[]) {
  return {
    currentBalance: rowsOf(wallet).at(-1)?.balanceAfter,
    deposits: sum(window, 'deposit', 'in'),
    withdrawals: sum(window, 'withdraw', 'out'),
    consumed: sum(window, 'consume', 'out'),
    refunded: sum(window, 'refund', 'in'),
    transfersIn: sum(window, 'transfer', 'in'),
    transfersOut: sum(window, 'transfer', 'out'),
    rewards: sum(window, 'reward', 'in'),
    fees: sum(window, 'fee', 'out'),
    transactionCount: window.length,
    blockchainTransactions: 0,
    gasFees: 0n,
  }
}

const instantOfARow = fc
  .nat()
  .chain((index) =>
    fc.bigInt({ min: -1n, max: 1n }).map((shift) => (ledger.rows[index % ledger.rows.length]?.createdAt ?? 0n) + shift),
  )

const periodsOf = (bound: fc.Arbitrary<bigint>) =>
  fc.record({ startDate: fc.option(bound, { nil: undefined }), endDate: fc.option(bound, { nil: undefined }) })
const periods = periodsOf(instantOfARow)
/** The first instant of all is 0, which is not nothing. */
const windows = periodsOf(fc.oneof({ weight: 9, arbitrary: instantOfARow }, { weight: 1, arbitrary: fc.constant(0n) }))

test('every figure of any window is the plain sum over its rows', async () => {
  const property = fc.asyncProperty(fc.constantFrom(0, 1, 2), windows, async (index, period) => {
    const wallet = ledger.wallets[index]
    if (!wallet) return
    const statistics = await ledger.reads.statisticsService.walletStatistics(wallet.walletId, period)
    expect(statistics).toMatchObject(figuresOf(wallet, rowsIn(wallet, period)))
    expect(statistics.period.start).toBe(period.startDate ?? least(wallet.createdAt, period.endDate))
    expect(statistics.period.end).toBe(period.endDate ?? statistics.period.end)
  })
  await fc.assert(property, { seed: SEED, numRuns: RUNS })
})

const least = (left: bigint, right: bigint | undefined): bigint => (right !== undefined && right < left ? right : left)

test("every figure of a user's window is the plain sum over the rows of all wallets, in one statement", async () => {
  const { userId } = ledger.wallets[0]
  const property = fc.asyncProperty(windows, async (period) => {
    ledger.reads.sent.length = 0
    const user = await ledger.reads.statisticsService.userStatistics(userId, period)
    expect(ledger.reads.sent).toHaveLength(1)
    const newestFirst = ledger.wallets.toReversed()
    expect(user.wallets.map(({ wallet }) => wallet.walletId)).toEqual(newestFirst.map((wallet) => wallet.walletId))
    const each = newestFirst.map((wallet) => figuresOf(wallet, rowsIn(wallet, period)))
    each.forEach((figures, index) => expect(user.wallets[index]).toMatchObject(figures))
    const [ether, spare, main] = each
    expect(user.transactionCount).toBe(each.reduce((total, { transactionCount }) => total + transactionCount, 0))
    expect(user.totals.consumed).toBe((main?.consumed ?? 0n) + (spare?.consumed ?? 0n))
    expect(user.totals.deposits).toBe((main?.deposits ?? 0n) + (spare?.deposits ?? 0n))
    expect(user.byCurrency.get('CREDIT')).toEqual(user.totals)
    expect(user.byCurrency.get('ETH')?.refunded).toBe(ether?.refunded)
  })
  await fc.assert(property, { seed: SEED, numRuns: RUNS })
})

test('gas fees of a window are summed', async () => {
  const wallet = await openWallet(ledger.queue, { walletType: 'crypto', currency: 'ETH', with: '1' })
  await deposit(ledger.queue, wallet, '1')
  const db = ledger.reads.db
  // No command writes gas fees yet, and rows cannot be changed: rows with a gas fee are copies of the newest one.
  for (const [sequence, gasFee] of [
    [3, '0.25'],
    [4, '0.5'],
  ] as const) {
    const newest = await db
      .selectFrom('wallet_transactions')
      .selectAll()
      .where('wallet_id', '=', wallet.walletId)
      .orderBy('sequence', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow()
    const text = (value: bigint) => `${value / UNIT}`
    await db
      .insertInto('wallet_transactions')
      .values({
        ...newest,
        sequence,
        transaction_id: uuidv7() as Transaction['transactionId'],
        amount: '1',
        balance_before: text(newest.balance_after),
        balance_after: text(newest.balance_after + UNIT),
        locked_balance: '0',
        fee: '0',
        gas_fee: gasFee,
        type_count: sequence,
        type_total_in: text(newest.type_total_in + UNIT),
        type_total_out: '0',
        total_in: text(newest.total_in + UNIT),
        original_amount: null,
        refunded_total: null,
        created_at: formatInstant(newest.created_at + 1n),
      })
      .execute()
  }
  const all = await allRows(ledger.reads.db, [wallet])
  const figures = async (period: PeriodRequest) =>
    (await ledger.reads.statisticsService.walletStatistics(wallet.walletId, period)).gasFees
  expect(await figures({ endDate: all[3]?.createdAt })).toBe((UNIT * 3n) / 4n)
  expect(await figures({ startDate: all[3]?.createdAt, endDate: all[3]?.createdAt })).toBe(UNIT / 2n)
  expect(await figures({ endDate: all[1]?.createdAt })).toBe(0n)
})

test.each(INTERVALS)('buckets of one %s hold exactly their rows and add up to the window', async (interval) => {
  const [main] = ledger.wallets
  const own = rowsOf(main)
  const property = fc.asyncProperty(periods, fc.nat({ max: 20 }), async ({ startDate, endDate }, days) => {
    const first = (startDate ?? main.createdAt) - BigInt(days) * DAY
    const last = endDate ?? (own.at(-1)?.createdAt ?? 0n) + BigInt(days) * DAY
    if (first > last) return
    const { buckets, period } = await ledger.reads.statisticsService.balanceHistory(main.walletId, {
      startDate: first,
      endDate: last,
      interval,
    })
    expect(period).toEqual({ start: first, end: last })
    let balance = own.findLast((row) => row.createdAt < first)?.balanceAfter ?? 0n
    let next = first
    for (const bucket of buckets) {
      expect(bucket.period.start).toBe(next)
      const within = own.filter((row) => row.createdAt >= bucket.period.start && row.createdAt <= bucket.period.end)
      const moved = (direction: Direction) =>
        within.filter((row) => row.direction === direction).reduce((total, row) => total + row.amount, 0n)
      expect(bucket).toMatchObject({ opening: balance, in: moved('in'), out: moved('out'), count: within.length })
      balance += moved('in') - moved('out')
      expect(bucket.closing).toBe(balance)
      next = bucket.period.end + 1n
    }
    expect(next).toBe(last + 1n)
  })
  await fc.assert(property, { seed: SEED, numRuns: 25 })
})

test('buckets follow the calendar in UTC and are cut to the period', async () => {
  const micros = (text: string) => BigInt(Date.parse(text)) * 1000n
  const startDate = micros('2024-01-30T10:30:00Z')
  const endDate = micros('2024-03-05T00:00:00Z')
  const startsOf = async (interval: (typeof INTERVALS)[number]) => {
    const history = await ledger.reads.statisticsService.balanceHistory(ledger.wallets[0].walletId, {
      startDate,
      endDate,
      interval,
    })
    return history.buckets.map(({ period }) => formatInstant(period.start))
  }
  expect(await startsOf('month')).toEqual([
    '2024-01-30T10:30:00.000000Z',
    '2024-02-01T00:00:00.000000Z',
    '2024-03-01T00:00:00.000000Z',
  ])
  // 2024-02-05 was a Monday.
  expect((await startsOf('week')).slice(0, 3)).toEqual([
    '2024-01-30T10:30:00.000000Z',
    '2024-02-05T00:00:00.000000Z',
    '2024-02-12T00:00:00.000000Z',
  ])
  expect((await startsOf('day')).slice(0, 2)).toEqual(['2024-01-30T10:30:00.000000Z', '2024-01-31T00:00:00.000000Z'])
  expect((await startsOf('day')).at(-1)).toBe('2024-03-05T00:00:00.000000Z')
  expect((await startsOf('hour')).slice(0, 2)).toEqual(['2024-01-30T10:30:00.000000Z', '2024-01-30T11:00:00.000000Z'])
})

test('1,000 buckets are given, 1,001 refused with the interval that would do', async () => {
  const startDate = 1_704_067_200_000_000n
  const ask = (days: bigint, interval: 'day' | 'hour') =>
    ledger.reads.statisticsService.balanceHistory(ledger.wallets[0].walletId, {
      startDate,
      endDate: startDate + days * DAY - 1n,
      interval,
    })
  expect((await ask(1000n, 'day')).buckets).toHaveLength(1000)
  const fault = (remedy: string) => ({
    code: 'validation_failed',
    faults: [{ loc: ['query', 'interval'], msg: expect.stringContaining(remedy) }],
  })
  await expect(ask(1001n, 'day')).rejects.toMatchObject(fault('use interval=week, or a shorter period'))
  await expect(ask(42n, 'hour')).rejects.toMatchObject(fault('use interval=day, or a shorter period'))
  const forever = { startDate: 0n, endDate: 253_402_300_799_999_999n, interval: 'month' } as const
  await expect(
    ledger.reads.statisticsService.balanceHistory(ledger.wallets[0].walletId, forever),
  ).rejects.toMatchObject(fault('use a shorter period'))
  const lastMonths = { ...forever, startDate: 253_402_300_799_999_999n - 80n * 365n * DAY }
  const { buckets } = await ledger.reads.statisticsService.balanceHistory(ledger.wallets[0].walletId, lastMonths)
  expect(buckets.at(-1)?.closing).toBe(rowsOf(ledger.wallets[0]).at(-1)?.balanceAfter)
})

test('averages are cut off, not rounded, and a period has at least one day', async () => {
  const wallet = await openWallet(ledger.queue, { with: '100' })
  await consume(ledger.queue, wallet, '20')
  const average = async (period: PeriodRequest) => {
    const { daily_average: daily, monthly_average: monthly } = presentWalletStatistics(
      await ledger.reads.statisticsService.walletStatistics(wallet.walletId, period),
    )
    return { daily, monthly }
  }
  const now = (await ledger.reads.statistics.findLifetime(wallet.walletId))?.now ?? 0n
  expect(await average({})).toEqual({ daily: '20', monthly: '600' })
  expect(await average({ startDate: now - DAY * 3n + 1n, endDate: now })).toEqual({
    daily: '6.66666666',
    monthly: '199.9999998',
  })
  expect(await average({ startDate: now - DAY * 4n + 1n, endDate: now })).toEqual({ daily: '5', monthly: '150' })
})

test('the answers have the keys of the contract, in its order', async () => {
  const { queue } = ledger
  const userId = 'shaped'
  const credit = await openWallet(queue, { userId, with: '12345678901234567890.12345678' })
  const euros = await openWallet(queue, { userId, currency: 'EUR', with: '1.5' })
  const wallet = presentWalletStatistics(await ledger.reads.statisticsService.walletStatistics(credit.walletId, {}))
  const { statistics, ...flat } = wallet
  expect(statistics).toEqual(flat)
  expect(Object.keys(wallet).join(' ')).toBe(
    'wallet_id user_id current_balance total_deposits total_withdrawals total_consumed total_refunded total_transfers_in ' +
      'total_transfers_out total_rewards total_fees transaction_count blockchain_transactions total_gas_fees period_start ' +
      'period_end daily_average monthly_average statistics',
  )
  expect(wallet.total_deposits).toBe('12345678901234567890.12345678')
  const user = presentUserStatistics(await ledger.reads.statisticsService.userStatistics(userId, {}))
  expect(Object.keys(user).join(' ')).toBe(
    'user_id total_balance total_deposits total_withdrawals total_consumed total_refunded by_currency transaction_count wallets statistics',
  )
  expect(JSON.stringify(user)).toContain('"total_balance":12345678901234567890.12345678,')
  expect(user.by_currency['EUR']).toEqual({
    total_balance: '1.5',
    total_deposits: '1.5',
    total_withdrawals: '0',
    total_consumed: '0',
    total_refunded: '0',
  })
  expect(user.wallets.map((entry) => Object.keys(entry).join(' '))).toEqual(
    Array(2).fill('wallet_id wallet_type currency balance statistics'),
  )
  expect(user.wallets[0]).toMatchObject({ wallet_id: euros.walletId, currency: 'EUR', balance: '1.5' })
})

test('flat totals are of CREDIT, else of the only currency, else 0', async () => {
  const { queue } = ledger
  const totals = async (userId: string) =>
    JSON.stringify(presentUserStatistics(await ledger.reads.statisticsService.userStatistics(userId, {})).total_balance)
  await openWallet(queue, { userId: 'two-currencies', currency: 'EUR', with: '1' })
  expect(await totals('two-currencies')).toBe('1')
  await openWallet(queue, { userId: 'two-currencies', currency: 'USD', with: '2' })
  expect(await totals('two-currencies')).toBe('0')
  await openWallet(queue, { userId: 'two-currencies', with: '3' })
  expect(await totals('two-currencies')).toBe('3')
  expect(await totals('nobody')).toBe('0')
})

test('an unknown wallet is not found, an unknown user has nothing, an empty wallet has zeros', async () => {
  const unknown = uuidv7() as WalletId
  await expect(ledger.reads.statisticsService.walletStatistics(unknown, {})).rejects.toMatchObject({
    code: 'wallet_not_found',
  })
  await expect(ledger.reads.statisticsService.balanceHistory(unknown, { interval: 'day' })).rejects.toMatchObject({
    code: 'wallet_not_found',
  })
  expect(await ledger.reads.statisticsService.userStatistics('nobody', {})).toMatchObject({
    wallets: [],
    transactionCount: 0,
  })
  const empty = await openWallet(ledger.queue)
  expect(await ledger.reads.statisticsService.walletStatistics(empty.walletId, {})).toMatchObject({
    currentBalance: 0n,
    transactionCount: 0,
    dailyAverage: 0n,
  })
  const { buckets } = await ledger.reads.statisticsService.balanceHistory(empty.walletId, { interval: 'month' })
  expect(buckets).toMatchObject([{ opening: 0n, closing: 0n, in: 0n, out: 0n, count: 0 }])
})
