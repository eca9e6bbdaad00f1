// What the growth bench makes and computes: rows that the rules and the audit's own functions agree with, COPY's text, ratios.
import { describe, expect, test } from 'vitest'
import { type Comparison, costRatios, verdictOf } from '../../bench/growth/comparison.ts'
import { copyText } from '../../bench/growth/copy.ts'
import { readGrowthOptions } from '../../bench/growth/growth-options.ts'
import { LedgerSource } from '../../bench/growth/ledger-source.ts'
import { chainHash, GENESIS_HASH } from '../../src/domain/hash-chain.ts'
import type { Transaction } from '../../src/domain/transaction.ts'

const DAY = 86_400_000_000n

function rowsOf(share: { wallets: number; rows: number; hotRows: number }): {
  source: LedgerSource
  rows: Transaction[]
} {
  const source = new LedgerSource({
    ...share,
    firstWallet: 1,
    from: 1_767_225_600_000_000n,
    to: 1_767_225_600_000_000n + DAY,
  })
  const rows: Transaction[] = []
  for (let opened = source.open(); opened !== null; opened = source.open()) rows.push(...opened)
  while (!source.isComplete) rows.push(...source.next())
  return { source, rows }
}

describe('a generated ledger', () => {
  const share = { wallets: 20, rows: 3000, hotRows: 300 }
  const { source, rows } = rowsOf(share)
  const byWallet = Map.groupBy(rows, (row) => row.walletId)

  test('has the rows, the wallets and the hot wallet that it was to have', () => {
    expect(byWallet.size).toBe(share.wallets)
    expect(rows.length).toBeGreaterThanOrEqual(share.rows)
    expect(rows.length).toBeLessThan(share.rows + 3)
    const [hot = []] = byWallet.values()
    expect(Math.abs(hot.length - share.hotRows)).toBeLessThan(20)
  })

  test('has every kind of row, in the order of time, each chained to the one before it', () => {
    const kinds = new Set(rows.map((row) => row.transactionType))
    expect([...kinds].toSorted()).toEqual(['consume', 'deposit', 'fee', 'refund', 'reward', 'transfer', 'withdraw'])
    for (const ofWallet of byWallet.values()) {
      let last = { hash: GENESIS_HASH, sequence: 0, createdAt: 0n, balanceAfter: 0n }
      for (const row of ofWallet) {
        expect(row.sequence).toBe(last.sequence + 1)
        expect(row.balanceBefore).toBe(last.balanceAfter)
        expect(row.createdAt).toBeGreaterThanOrEqual(last.createdAt)
        expect(chainHash(last.hash, row).equals(row.hash)).toBe(true)
        last = row
      }
    }
  })

  test('gives its wallets as their last row left them', () => {
    for (const { created, state } of source.wallets()) {
      const last = byWallet.get(created.wallet.walletId)?.at(-1)
      expect(state).toMatchObject({ balance: last?.balanceAfter, sequence: last?.sequence, hash: last?.hash })
    }
  })
})

test('COPY text: nulls, bytes and what must be escaped', () => {
  const columns = [
    ['a\tb', 'c\\d\ne'],
    [null, 7],
    [Buffer.from('00ff', 'hex'), null],
  ]
  expect(copyText(columns)).toBe('a\\tb\t\\N\t\\\\x00ff\nc\\\\d\\ne\t7\t\\N\n')
})

describe('what the large ledger costs', () => {
  const line = (judged: boolean, large: number, microsEach: number): Comparison => ({
    name: 'balance',
    judged,
    small: [
      { perSecond: 100, microsEach: 10 },
      { perSecond: 130, microsEach: 10 },
      { perSecond: 160, microsEach: 10 },
    ],
    large: [{ perSecond: large, microsEach }],
  })

  test('as a multiple of the small one', () => {
    expect(costRatios(line(true, 65, 15))).toEqual({ byRate: 2, byProcessor: 1.5 })
    expect(costRatios({ name: '', judged: true, small: [], large: [] })).toEqual({ byRate: null, byProcessor: null })
  })

  test.each([
    [true, 100, 14, 'yes'],
    [true, 99, 13, 'processor'],
    [true, 99, 14, 'no'],
    [false, 1, 99, null],
  ] as const)('judged %s, %i a second, %i us: %s', (judged, perSecond, micros, verdict) => {
    expect(verdictOf(line(judged, perSecond, micros))).toBe(verdict)
  })
})

test('the command line', () => {
  expect(readGrowthOptions([])).toEqual({
    rows: 10_000_000,
    rounds: 3,
    seconds: 2,
    warmUpSeconds: 60,
    keep: null,
    audit: true,
  })
  expect(readGrowthOptions(['--rows', '1,000,000', '--keep', 'kept', '--no-audit'])).toMatchObject({
    rows: 1_000_000,
    keep: 'kept',
    audit: false,
  })
  expect(readGrowthOptions(['--help'])).toBeNull()
  expect(() => readGrowthOptions(['--rows', '7'])).toThrow('--rows')
  expect(() => readGrowthOptions(['--fast'])).toThrow('--fast')
})
