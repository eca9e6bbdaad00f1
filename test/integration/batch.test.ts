// Many operations in one request (API.md §4): every kind, in order, each for itself or all or none, and the same keys as singly.
// Who gets in whose way stands in batch-races.test.ts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Answer, Api, BatchResult } from '../support/api.ts'
import { closeFaultless, type OneService, startOneService } from '../support/service.ts'
import { expectCleanAudit } from '../support/two-services.ts'

const NOBODY = '0197f7d4-1b1a-7c3e-9a51-0d4f2c6b8eff'
const MAX_OPERATIONS = 1000

let one: OneService
let api: Api
let users = 0

beforeAll(async () => {
  one = await startOneService()
  api = one.api
})
afterAll(async () => {
  await expectCleanAudit(one.databaseUrl)
  await closeFaultless(one)
})

const newUser = (): string => `batch-${(users += 1)}`
const opened = (balance: unknown, more: object = {}): Promise<string> =>
  api.openWallet({ user_id: newUser(), initial_balance: balance, ...more })

const consume = (wallet: string, amount: unknown, key?: string) => ({
  operation: 'consume',
  wallet_id: wallet,
  amount,
  ...(key !== undefined && { idempotency_key: key }),
})
const deposit = (wallet: string, amount: unknown, key?: string) => ({
  ...consume(wallet, amount, key),
  operation: 'deposit',
})
const transfer = (from: string, to: string, amount: unknown) => ({
  ...consume(from, amount),
  operation: 'transfer',
  to_wallet_id: to,
})

/** `200`, `200 replayed` or the code, of each operation. */
const outcomes = ({ body }: Answer): string[] =>
  body.results.map(({ status, code, replayed }) => code ?? `${status}${replayed ? ' replayed' : ''}`)

/** The single route's answer, as far as a batch gives it. */
function asSingle(result: BatchResult | undefined): object {
  const { index: _index, operation: _operation, status: _status, replayed: _replayed, ...answer } = result ?? {}
  return answer
}

/** One operation of every kind, on fresh wallets of 100 and 10. */
async function everyKind() {
  const [from, to] = [await opened(100), await opened(10)]
  const charge = (await api.consume(from, 20)).body.transaction_id
  const holds = [await api.held(from, 5), await api.held(from, 6), await api.held(from, 7)].map((hold) => hold.hold_id)
  const key = (name: string) => ({ idempotency_key: name })
  const operations = [
    { operation: 'deposit', wallet_id: from, amount: '1', reference_id: 'r', ...key('deposit') },
    { operation: 'reward', wallet_id: from, amount: 2, description: 'Welcome', ...key('reward') },
    { operation: 'withdraw', wallet_id: from, amount: '3', destination: 'bank', ...key('withdraw') },
    { operation: 'consume', wallet_id: from, amount: '4.00000001', usage_record_id: 7, ...key('consume') },
    { operation: 'transfer', wallet_id: from, to_wallet_id: to, amount: 5, fee: '0.5', ...key('transfer') },
    { operation: 'refund', transaction_id: charge, reason: 'mistake', amount: 6, ...key('refund') },
    { operation: 'place_hold', wallet_id: to, amount: 9, expires_in_seconds: 60, ...key('place') },
    { operation: 'capture_hold', hold_id: holds[0], amount: 2, final: false, ...key('capture') },
    { operation: 'void_hold', hold_id: holds[1], ...key('void') },
    { operation: 'extend_hold', hold_id: holds[2], expires_in_seconds: 90, ...key('extend') },
    { operation: 'create_wallet', user_id: newUser(), initial_balance: '8', ...key('create') },
  ]
  return { from, to, operations }
}

describe.each([{ atomic: false }, { atomic: true }])('atomic: $atomic', ({ atomic }) => {
  test('every kind of operation answers as its single route, and again when the batch is sent again', async () => {
    const { from, to, operations } = await everyKind()
    const dry = await api.batch(operations, { atomic, dryRun: true })
    expect(dry.headers.get('dry-run')).toBe('true')
    expect(await api.balanceOf(from)).toBe('80')

    const first = await api.batch(operations, { atomic })
    expect(first.body).toMatchObject({ success: true, message: '11 of 11 operations succeeded', atomic, count: 11 })
    expect(first.body.results.map(({ index }) => index)).toEqual(operations.map((_, index) => index))
    expect(first.body.results.map(({ operation }) => operation)).toEqual(operations.map(({ operation }) => operation))
    expect(outcomes(first)).toEqual(operations.map(({ operation }) => (operation === 'place_hold' ? '201' : '200')))
    expect(first.headers.get('idempotency-replayed')).toBeNull()
    expect(dry.body.results.map(({ balance }) => balance)).toEqual(first.body.results.map(({ balance }) => balance))
    // 80 + 1 + 2 - 3 - 4.00000001 - 5.5 + 6 - 2
    expect(await api.balanceOf(from)).toBe('74.49999999')
    expect(await api.moneyOf(to)).toEqual({ balance: 15, locked: 9, available: 6 })

    const again = await api.batch(operations, { atomic })
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(again.body.results.map(asSingle)).toEqual(first.body.results.map(asSingle))
    expect(again.body.results.every(({ replayed }) => replayed)).toBe(true)
    expect(await api.balanceOf(from)).toBe('74.49999999')
  })

  test('a key used singly is the same key in a batch, and the other way round', async () => {
    const wallet = await opened(10)
    const single = await api.consume(wallet, 1, 'single')
    const inBatch = await api.batch([consume(wallet, 1, 'single'), consume(wallet, 2, '"batch"')], { atomic })
    expect(outcomes(inBatch)).toEqual(['200 replayed', '200'])
    expect(asSingle(inBatch.body.results[0])).toEqual(single.body)
    const singly = await api.consume(wallet, 2, 'batch')
    expect(singly.headers.get('idempotency-replayed')).toBe('true')
    expect(singly.body).toEqual(asSingle(inBatch.body.results[1]))
    expect(await api.balanceOf(wallet)).toBe('7')
  })

  test.each([{ dryRun: false }, { dryRun: true }])(
    'the same key twice in one batch happens once, in a dry run ($dryRun) too',
    async ({ dryRun }) => {
      const wallet = await opened(10)
      const twice = <Item>(item: Item): Item[] => [item, item]
      const hold = { operation: 'place_hold', wallet_id: wallet, amount: 2, idempotency_key: 'hold' }
      const creation = { operation: 'create_wallet', user_id: newUser(), idempotency_key: 'creation' }
      const operations = [...twice(consume(wallet, 1, 'debit')), ...twice(hold), ...twice(creation)]
      const answer = await api.batch(operations, { atomic, dryRun })
      expect(outcomes(answer)).toEqual(['200', '200 replayed', '201', '201 replayed', '200', '200 replayed'])
      for (const index of [0, 2, 4]) {
        expect(asSingle(answer.body.results[index + 1])).toEqual(asSingle(answer.body.results[index]))
      }
      expect(await api.moneyOf(wallet)).toEqual(
        dryRun ? { balance: 10, locked: 0, available: 10 } : { balance: 9, locked: 2, available: 7 },
      )
    },
  )

  test('a thousand consumptions of one wallet in one batch', async () => {
    const wallet = await opened(atomic ? 1000 : 600)
    const answer = await api.batch(
      Array.from({ length: MAX_OPERATIONS }, (_, index) => consume(wallet, 1, `hot-${index}`)),
      { atomic },
    )
    const done = atomic ? 1000 : 600
    expect(answer.body).toMatchObject({ count: 1000, succeeded: done, failed: 1000 - done })
    const successes = answer.body.results.filter(({ success }) => success)
    expect(successes.map(({ balance }) => Number(balance))).toEqual(
      Array.from({ length: done }, (_, index) => done - 1 - index),
    )
    expect(new Set(outcomes(answer).slice(done))).toEqual(new Set(atomic ? [] : ['insufficient_balance']))
    expect(await api.balanceOf(wallet)).toBe('0')
  })
})

describe('each for itself', () => {
  test('a refusal is the problem of the single route, and the others go on', async () => {
    const [rich, poor, frozen] = [await opened(10), await opened(1), await opened(1)]
    await api.post(`/api/v1/wallets/${frozen}/freeze`, { reason: 'test' })
    const answer = await api.batch([
      consume(rich, 4),
      consume(poor, 2, 'used'),
      deposit(frozen, 1),
      consume(NOBODY, 1),
      { operation: 'refund', transaction_id: NOBODY, reason: 'x' },
      { operation: 'void_hold', hold_id: NOBODY },
      deposit(rich, '0.000000001'),
      transfer(rich, rich, 1),
      consume(rich, 6),
    ])
    expect(answer.status).toBe(200)
    expect(outcomes(answer)).toEqual([
      '200',
      'insufficient_balance',
      'wallet_frozen',
      'wallet_not_found',
      'transaction_not_found',
      'hold_not_found',
      'validation_failed',
      'same_wallet',
      '200',
    ])
    expect(answer.body).toMatchObject({
      success: false,
      message: '2 of 9 operations succeeded',
      succeeded: 2,
      failed: 7,
    })
    const [, refused, , , , , faulty] = answer.body.results
    const single = await api.consume(poor, 2)
    const { request_id: _, ...problem } = single.body
    expect(refused).toMatchObject({ ...problem, replayed: false, status: 400, index: 1 })
    expect(faulty?.errors).toMatchObject([{ loc: ['body', 'operations', 6, 'amount'], type: 'too_many_decimals' }])
    // A refusal is not remembered.
    await api.deposit(poor, 1)
    expect((await api.consume(poor, 2, 'used')).status).toBe(200)
  })

  test('each operation finds what the ones before it left', async () => {
    const [first, second] = [await opened(10), await opened(0)]
    const answer = await api.batch([
      consume(second, 1),
      transfer(first, second, 10),
      consume(second, 10),
      consume(first, 1),
      deposit(first, 1),
      consume(first, 1),
    ])
    expect(outcomes(answer)).toEqual(['insufficient_balance', '200', '200', 'insufficient_balance', '200', '200'])
  })

  test('a batch of which everything is refused is answered, not an error', async () => {
    const answer = await api.batch([consume(NOBODY, 1)])
    expect(answer.body).toMatchObject({ success: false, count: 1, succeeded: 0, failed: 1 })
  })
})

describe('all or none', () => {
  test('one refusal and nothing has happened: no row, no hold, no wallet, no key', async () => {
    const [from, to] = [await opened(10), await opened(0)]
    const user = newUser()
    const { hold_id: hold } = await api.held(from, 4)
    const before = [await api.get(`/api/v1/wallets/${from}`), await api.get(`/api/v1/holds/${hold}`)]
    const rows = await api.historyOf(from)
    const operations = [
      deposit(from, 5, 'key'),
      { operation: 'capture_hold', hold_id: hold, amount: 1, final: false },
      { operation: 'place_hold', wallet_id: from, amount: 1 },
      { operation: 'create_wallet', user_id: user },
      transfer(from, to, 3),
      consume(to, 4),
      consume(from, 100),
    ]
    for (const dryRun of [true, false]) {
      const refused = await api.batch(operations, { atomic: true, dryRun })
      expect(refused.status).toBe(400)
      expect(refused.body).toMatchObject({ code: 'insufficient_balance', index: 5, shortfall: '1', retryable: false })
      const expected = operations.map((_, index) => (index === 5 ? 'refused' : 'not_applied'))
      expect(refused.body.results.map(({ outcome }) => outcome)).toEqual(expected)
      expect(refused.body.results[5]).toMatchObject({ index: 5, operation: 'consume', status: 400, shortfall: '1' })
    }
    const after = [await api.get(`/api/v1/wallets/${from}`), await api.get(`/api/v1/holds/${hold}`)]
    expect(after.map(({ body }) => body)).toEqual(before.map(({ body }) => body))
    expect(await api.historyOf(from)).toEqual(rows)
    expect(await api.historyOf(to)).toEqual([])
    expect((await api.get(`/api/v1/users/${user}/wallets`)).body.count).toBe(0)
    const later = await api.deposit(from, 5, 'key')
    expect(later.headers.get('idempotency-replayed')).toBeNull()
  })

  test('what is refused before wallets are locked comes first, with its place', async () => {
    const wallet = await opened(1)
    const answer = await api.batch(
      [deposit(wallet, 1), consume(wallet, 5), { operation: 'refund', transaction_id: NOBODY, reason: 'x' }],
      { atomic: true },
    )
    expect(answer.status).toBe(404)
    expect(answer.body).toMatchObject({ code: 'transaction_not_found', index: 2 })
    expect(await api.balanceOf(wallet)).toBe('1')
  })

  test('keys of which some were used: those are answered again, the others are done', async () => {
    const wallet = await opened(10)
    await api.consume(wallet, 1, 'earlier')
    const operations = [consume(wallet, 1, 'earlier'), consume(wallet, 2, 'later')]
    expect(outcomes(await api.batch(operations, { atomic: true }))).toEqual(['200 replayed', '200'])
    const reused = await api.batch([consume(wallet, 1, 'new'), consume(wallet, 3, 'later')], { atomic: true })
    expect(reused.status).toBe(422)
    expect(reused.body).toMatchObject({ code: 'idempotency_key_reused', fields: ['amount'], index: 1 })
    expect(await api.balanceOf(wallet)).toBe('7')
  })

  test('a fault that only the ledger sees names the operation', async () => {
    const wallet = await opened(10)
    const answer = await api.batch([deposit(wallet, 1), deposit(wallet, '0.000000001')], { atomic: true })
    expect(answer.status).toBe(422)
    expect(answer.body.errors).toMatchObject([{ loc: ['body', 'operations', 1, 'amount'] }])
    expect(answer.body.detail).toMatch(/^body\.operations\.1\.amount: /)
  })
})
