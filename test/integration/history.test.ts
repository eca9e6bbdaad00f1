// History against a real database: pages by offset and by cursor, dates, ties, balances at an instant, look-ups by id; all
// compared with a plain reading of every row.
import * as fc from 'fast-check'
import { uuidv7 } from 'uuidv7'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Instant } from '../../src/domain/instant.ts'
import { TRANSACTION_TYPES, type Transaction, type TransactionId } from '../../src/domain/transaction.ts'
import type { Wallet, WalletId } from '../../src/domain/wallet.ts'
import type { HistoryRequest, HistoryResult } from '../../src/services/history-service.ts'
import { allRows, openRandomLedger, type RandomLedger } from '../support/read-services.ts'
import { consume, deposit, openWallet, setStatus, transfer } from '../support/sample-ledger.ts'

const SEED = 8208
const RUNS = 60

let ledger: RandomLedger

beforeAll(async () => {
  ledger = await openRandomLedger({ rounds: 60, seed: SEED })
})

afterAll(() => ledger.close())

/** The order of a user's list; within a wallet it is the order of the sequence. */
function newestFirst(left: Transaction, right: Transaction): number {
  if (left.createdAt !== right.createdAt) return left.createdAt > right.createdAt ? -1 : 1
  if (left.walletId !== right.walletId) return left.walletId > right.walletId ? -1 : 1
  return right.sequence - left.sequence
}

function expected(of: readonly Transaction[], request: Partial<HistoryRequest>): string[] {
  const { transactionType, startDate, endDate } = request
  return of
    .filter((row) => transactionType === undefined || row.transactionType === transactionType)
    .filter((row) => startDate === undefined || row.createdAt >= startDate)
    .filter((row) => endDate === undefined || row.createdAt <= endDate)
    .toSorted(newestFirst)
    .map((row) => row.transactionId)
}

const idsOf = (page: HistoryResult): string[] => page.transactions.map((row) => row.transactionId)

type Page = (request: HistoryRequest) => Promise<HistoryResult>
const ofWallet =
  (wallet: Pick<Wallet, 'walletId'>): Page =>
  (request) =>
    ledger.reads.historyService.walletHistory(wallet.walletId, request)
const ofUser =
  (userId: string): Page =>
  (request) =>
    ledger.reads.historyService.userHistory(userId, request)

/** Follows `next_cursor` to the end; `between` runs after each page. */
async function followCursor(
  page: Page,
  request: Partial<HistoryRequest> & { limit: number },
  between: () => Promise<unknown> = async () => undefined,
): Promise<string[]> {
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const result = await page({ offset: 0, ...request, cursor })
    ids.push(...idsOf(result))
    cursor = result.nextCursor ?? undefined
    await between()
  } while (cursor !== undefined)
  return ids
}

const instantOfARow = fc
  .nat()
  .chain((index) =>
    fc.bigInt({ min: -1n, max: 1n }).map((shift) => (ledger.rows[index % ledger.rows.length]?.createdAt ?? 0n) + shift),
  )

const requests = fc.record({
  transactionType: fc.option(fc.constantFrom(...TRANSACTION_TYPES), { nil: undefined }),
  startDate: fc.option(instantOfARow, { nil: undefined }),
  endDate: fc.option(instantOfARow, { nil: undefined }),
  limit: fc.integer({ min: 1, max: 100 }),
  offset: fc.nat({ max: 150 }),
})

test('the random history has what these tests need: many rows, most types, ties in time', () => {
  expect(ledger.rows.length).toBeGreaterThan(200)
  expect(new Set(ledger.rows.map((row) => row.transactionType)).size).toBe(7)
  expect(new Set(ledger.rows.map((row) => row.createdAt)).size).toBeLessThan(ledger.rows.length / 2)
})

test('any page of a wallet holds what a plain filter of all rows gives', async () => {
  const property = fc.asyncProperty(fc.constantFrom(0, 1, 2), requests, async (index, request) => {
    const wallet = ledger.wallets[index]
    if (!wallet) return
    const all = expected(
      ledger.rows.filter((row) => row.walletId === wallet.walletId),
      request,
    )
    const page = await ofWallet(wallet)(request)
    expect(idsOf(page)).toEqual(all.slice(request.offset, request.offset + request.limit))
    expect(page.nextCursor === null).toBe(request.offset + request.limit >= all.length)
    if (page.nextCursor === null) return
    const next = await ofWallet(wallet)({ ...request, offset: 0, cursor: page.nextCursor })
    expect(idsOf(next)).toEqual(all.slice(request.offset + request.limit).slice(0, request.limit))
  })
  await fc.assert(property, { seed: SEED, numRuns: RUNS })
})

test('any page of a user holds what a plain filter of all rows gives', async () => {
  const page = ofUser(ledger.wallets[0].userId)
  const property = fc.asyncProperty(requests, async (request) => {
    const all = expected(ledger.rows, request)
    const first = await page(request)
    expect(idsOf(first)).toEqual(all.slice(request.offset, request.offset + request.limit))
    expect(first.nextCursor === null).toBe(request.offset + request.limit >= all.length)
    if (first.nextCursor === null) return
    const next = await page({ ...request, offset: 0, cursor: first.nextCursor })
    expect(idsOf(next)).toEqual(all.slice(request.offset + request.limit).slice(0, request.limit))
  })
  await fc.assert(property, { seed: SEED, numRuns: RUNS })
})

test.each`
  transactionType | limit
  ${undefined}    | ${1}
  ${undefined}    | ${7}
  ${'consume'}    | ${2}
`('by cursor, every row is visited exactly once across ties: type $transactionType, limit $limit', async (request) => {
  const [main] = ledger.wallets
  expect(await followCursor(ofUser(main.userId), request)).toEqual(expected(ledger.rows, request))
  const own = ledger.rows.filter((row) => row.walletId === main.walletId)
  expect(await followCursor(ofWallet(main), request)).toEqual(expected(own, request))
})

test('while new rows keep arriving, cursors visit every earlier row exactly once, and so do offsets up to an end date', async () => {
  const { queue } = ledger
  const userId = 'busy'
  const first = await openWallet(queue, { userId, with: '1000' })
  const second = await openWallet(queue, { userId, walletType: 'hybrid', with: '1000' })
  await Promise.all(Array.from({ length: 30 }, (_, index) => consume(queue, index % 2 ? first : second, '1')))
  const before = await allRows(ledger.reads.db, [first, second])
  const endDate = before.reduce((latest, row) => (row.createdAt > latest ? row.createdAt : latest), 0n)
  const arrive = () =>
    Promise.all([
      deposit(queue, first, '1'),
      consume(queue, second, '1'),
      transfer(queue, { from: second, to: first }, '1', { fee: '0.1' }),
    ])

  const own = before.filter((row) => row.walletId === first.walletId)
  expect(await followCursor(ofWallet(first), { limit: 3 }, arrive)).toEqual(expected(own, {}))
  expect(await followCursor(ofUser(userId), { limit: 4, endDate }, arrive)).toEqual(expected(before, {}))
  expect(await followOffsets(ofWallet(first), { limit: 3, endDate }, arrive)).toEqual(expected(own, {}))
  expect(await followOffsets(ofUser(userId), { limit: 4, endDate }, arrive)).toEqual(expected(before, {}))
})

async function followOffsets(
  page: Page,
  request: Partial<HistoryRequest> & { limit: number },
  between: () => Promise<unknown>,
): Promise<string[]> {
  const ids: string[] = []
  for (let offset = 0; ; offset += request.limit) {
    const result = await page({ ...request, offset })
    ids.push(...idsOf(result))
    if (result.nextCursor === null) return ids
    await between()
  }
}

test('both dates are inclusive, to the microsecond', async () => {
  const [main] = ledger.wallets
  const own = ledger.rows.filter((row) => row.walletId === main.walletId)
  const at = own[Math.floor(own.length / 2)]?.createdAt ?? 0n
  const page = ofWallet(main)
  const sameInstant = own
    .filter((row) => row.createdAt === at)
    .map((row) => row.transactionId)
    .toReversed()
  const window = (startDate: Instant, endDate: Instant) => page({ startDate, endDate, limit: 100, offset: 0 })
  expect(idsOf(await window(at, at))).toEqual(sameInstant)
  expect(idsOf(await window(at + 1n, at + 1n))).not.toContain(sameInstant[0])
  expect(idsOf(await window(0n, at)).slice(0, sameInstant.length)).toEqual(sameInstant)
  expect(idsOf(await window(at - 1n, at - 1n))).not.toContain(sameInstant[0])
})

test('bounds at the ends of the calendar are read as such', async () => {
  const endDate = BigInt(Date.UTC(10_000, 0, 1)) * 1000n - 1n
  const own = ledger.rows.filter((row) => row.walletId === ledger.wallets[0].walletId)
  const page = await ofWallet(ledger.wallets[0])({ startDate: 0n, endDate, limit: 100, offset: 0 })
  expect(idsOf(page)).toEqual(expected(own, {}).slice(0, 100))
  expect(idsOf(await ofWallet(ledger.wallets[0])({ startDate: endDate, limit: 100, offset: 0 }))).toEqual([])
  // The first instant of all is 0, which is not nothing.
  for (const list of [ofWallet(ledger.wallets[0]), ofUser(ledger.wallets[0].userId)]) {
    const upToEpoch = { endDate: 0n, limit: 100, offset: 0 }
    expect(idsOf(await list(upToEpoch))).toEqual([])
    expect(idsOf(await list({ ...upToEpoch, transactionType: 'deposit' }))).toEqual([])
  }
})

test('a cursor is refused when it was cut, changed, or sent to another list or with other filters', async () => {
  const [main, spare] = ledger.wallets
  const request = { limit: 5, offset: 0 }
  const { nextCursor } = await ofWallet(main)(request)
  const { nextCursor: userCursor } = await ofUser(main.userId)(request)
  const cursor = nextCursor ?? ''
  const refusal = { code: 'validation_failed', faults: [{ loc: ['query', 'cursor'], type: 'invalid_cursor' }] }
  const changed = Array.from(
    cursor,
    (character, index) => cursor.slice(0, index) + (character === 'A' ? 'B' : 'A') + cursor.slice(index + 1),
  )
  const others = [
    '',
    'x',
    cursor.slice(0, -1),
    `${cursor}A`,
    Buffer.from('[1,2]').toString('base64url'),
    Buffer.from('{}').toString('base64url'),
    'A'.repeat(600),
  ]
  for (const bad of [...changed, ...others]) {
    await expect(ofWallet(main)({ ...request, cursor: bad })).rejects.toMatchObject(refusal)
    await expect(ofUser(main.userId)({ ...request, cursor: bad })).rejects.toMatchObject(refusal)
  }
  await expect(ofWallet(spare)({ ...request, cursor })).rejects.toMatchObject(refusal)
  await expect(ofWallet(main)({ ...request, cursor, transactionType: 'fee' })).rejects.toMatchObject(refusal)
  await expect(ofUser(main.userId)({ ...request, cursor })).rejects.toMatchObject(refusal)
  await expect(ofWallet(main)({ ...request, cursor: userCursor ?? '' })).rejects.toMatchObject(refusal)
  await expect(ofUser('somebody-else')({ ...request, cursor: userCursor ?? '' })).rejects.toMatchObject(refusal)
  await expect(ofWallet(main)({ limit: 5, offset: 1, cursor })).rejects.toMatchObject({
    code: 'validation_failed',
    faults: [{ loc: ['query', 'offset'] }],
  })
})

test('an unknown wallet is not found, an unknown user has no rows, an empty wallet neither', async () => {
  const unknown = uuidv7() as WalletId & TransactionId
  const empty = await openWallet(ledger.queue)
  const nothing = { transactions: [], limit: 10, offset: 0, nextCursor: null }
  const request = { limit: 10, offset: 0 }
  await expect(ledger.reads.historyService.walletHistory(unknown, request)).rejects.toMatchObject({
    code: 'wallet_not_found',
  })
  await expect(ledger.reads.historyService.balance(unknown, 1n)).rejects.toMatchObject({ code: 'wallet_not_found' })
  await expect(ledger.reads.historyService.getTransaction(unknown)).rejects.toMatchObject({
    code: 'transaction_not_found',
  })
  expect(await ledger.reads.history.findPosting(unknown)).toEqual([])
  expect(await ledger.reads.historyService.userHistory('nobody', request)).toEqual(nothing)
  expect(await ledger.reads.historyService.walletHistory(empty.walletId, request)).toEqual(nothing)
})

test('the balance at any instant is what the last row up to it left behind', async () => {
  const property = fc.asyncProperty(fc.constantFrom(0, 1, 2), instantOfARow, async (index, at) => {
    const wallet = ledger.wallets[index]
    if (!wallet) return
    const last = ledger.rows.filter((row) => row.walletId === wallet.walletId && row.createdAt <= at).at(-1)
    const { balance, availableBalance, currency } = await ledger.reads.historyService.balance(wallet.walletId, at)
    expect({ balance, availableBalance, currency }).toEqual({
      balance: last?.balanceAfter ?? 0n,
      availableBalance: (last?.balanceAfter ?? 0n) - (last?.lockedBalance ?? 0n),
      currency: wallet.currency,
    })
  })
  await fc.assert(property, { seed: SEED, numRuns: RUNS })
  const now = await ledger.reads.historyService.balance(ledger.wallets[0].walletId)
  const far = await ledger.reads.historyService.balance(ledger.wallets[0].walletId, 253_402_300_799_999_999n)
  expect(far.balance).toBe(now.balance)
  expect((await ledger.reads.historyService.balance(ledger.wallets[0].walletId, 0n)).balance).toBe(0n)
})

test('a posting is found again by its first row, with its other leg and its fee', async () => {
  const [main, spare] = ledger.wallets
  const charged = await transfer(ledger.queue, { from: main, to: spare }, '2', { fee: '0.5' })
  const free = await transfer(ledger.queue, { from: main, to: spare }, '3')
  const single = await deposit(ledger.queue, main, '4', { metadata: { exact: JSON.rawJSON('1.10') } })
  expect(await ledger.reads.history.findPosting(charged.out.transactionId)).toEqual([
    charged.out,
    charged.in,
    charged.fee,
  ])
  expect(await ledger.reads.history.findPosting(free.out.transactionId)).toEqual([free.out, free.in])
  expect(await ledger.reads.history.findPosting(charged.in.transactionId)).toEqual([charged.in])
  expect(await ledger.reads.history.findPosting(single.transactionId)).toEqual([single])
  expect(await ledger.reads.history.findTransaction(single.transactionId)).toEqual(single)
})

test('look-ups of one turn are one query, and each sees what was acknowledged before it', async () => {
  const wallet = await openWallet(ledger.queue, { with: '1' })
  await ledger.reads.wallets.findWallet(wallet.walletId)
  ledger.reads.sent.length = 0
  const found = await Promise.all([
    ...Array.from({ length: 50 }, () => ledger.reads.wallets.findWallet(wallet.walletId)),
    ...ledger.wallets.map((other) => ledger.reads.wallets.findWallet(other.walletId)),
    ledger.reads.wallets.findWallet(uuidv7() as WalletId),
  ])
  expect(ledger.reads.sent).toHaveLength(1)
  expect(found[0]).toEqual(wallet)
  expect(found.at(-1)).toBeNull()
  for (let round = 2n; round <= 20n; round += 1n) {
    await deposit(ledger.queue, wallet, '1')
    expect((await ledger.reads.wallets.findWallet(wallet.walletId))?.balance).toBe(round * 10n ** 18n)
  }
})

test('a creation is answered again as it was, whatever happened since', async () => {
  const { queue } = ledger
  const metadata = { plan: 'free', rate: 1.5 }
  const draft = { with: '5', key: 'open-1', metadata, blockchainAddress: '0xa1', blockchainNetwork: 'bsc' } as const
  const created = await openWallet(queue, draft)
  const keyless = await openWallet(queue, { with: '5' })
  await consume(queue, created, '5')
  await queue.post({ kind: 'update', walletId: created.walletId, metadata: { plan: null }, blockchainAddress: null })
  await setStatus(queue, created, 'close')
  expect(await ledger.reads.wallets.findCreation(created.walletId)).toEqual(created)
  expect(await ledger.reads.wallets.findWallet(created.walletId)).toMatchObject({
    status: 'closed',
    metadata: '{"rate":1.5}',
  })
  expect(await ledger.reads.wallets.findCreation(keyless.walletId)).toBeNull()
  expect(await ledger.reads.wallets.findCreation(uuidv7() as WalletId)).toBeNull()
})

test('wallets of a user and of an organization are listed newest first; the primary one is CREDIT, else the oldest open fiat', async () => {
  const { queue } = ledger
  const userId = 'lister'
  const organizationId = 'listed'
  expect(await ledger.reads.wallets.primaryFiatWallet(userId)).toBeNull()
  const crypto = await openWallet(queue, { userId, walletType: 'crypto', currency: 'ETH', organizationId })
  const euros = await openWallet(queue, { userId, currency: 'EUR' })
  const dollars = await openWallet(queue, { userId, currency: 'USD', organizationId })
  expect(await ledger.reads.wallets.primaryFiatWallet(userId)).toEqual(euros)
  await setStatus(queue, euros, 'close')
  expect(await ledger.reads.wallets.primaryFiatWallet(userId)).toEqual(dollars)
  const credit = await openWallet(queue, { userId })
  expect(await ledger.reads.wallets.primaryFiatWallet(userId)).toEqual(credit)
  const listed = await ledger.reads.wallets.walletsOfUser(userId)
  expect(listed.map((wallet) => wallet.walletId)).toEqual(
    [credit, dollars, euros, crypto].map((wallet) => wallet.walletId),
  )
  expect(await ledger.reads.wallets.walletsOfUser(userId, 'crypto')).toEqual([crypto])
  expect(await ledger.reads.wallets.walletsOfOrganization(organizationId)).toEqual([dollars, crypto])
  expect(await ledger.reads.wallets.walletsOfUser('nobody')).toEqual([])
})
