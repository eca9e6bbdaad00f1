// A key used again (API.md §5): the same request gets the first answer, byte for byte; a request that differs in any single
// field is refused and told which. Every route that takes a key, every field of its body.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HoldAnswer } from '../support/api.ts'
import { startTwoServices, type TwoServices } from '../support/two-services.ts'

interface Case {
  readonly route: string
  /** 200, if not said otherwise. */
  readonly status?: number
  /** Builds the path and the body on fresh wallets. */
  readonly arrange: () => Promise<{ path: string; body: Readonly<Record<string, unknown>> }>
  /** Another value for each field. */
  readonly others: () => Promise<Readonly<Record<string, unknown>>>
}

let two: TwoServices
let users = 0

beforeAll(async () => {
  two = await startTwoServices()
})
afterAll(async () => {
  await two.audit()
  await two.stop()
})

const newUser = (): string => `idempotent-${(users += 1)}`
const funded = (): Promise<string> => two.apis[0].openWallet({ user_id: newUser(), initial_balance: 100 })

const onWallet = async (action: string, body: Readonly<Record<string, unknown>>) => ({
  path: `/api/v1/wallets/${await funded()}/${action}`,
  body,
})

const held = async (more: object = {}): Promise<HoldAnswer> => two.apis[0].held(await funded(), 10, more)
const onHold = async (action: string, body: Readonly<Record<string, unknown>>) => ({
  path: `/api/v1/holds/${(await held()).hold_id}/${action}`,
  body,
})

const movement = { amount: '1', description: 'first', metadata: { a: 1 } }
const otherMovement = { amount: '2', description: 'second', metadata: { a: 2 } }

const CASES: readonly Case[] = [
  {
    route: 'create',
    arrange: async () => ({
      path: '/api/v1/wallets',
      body: {
        user_id: newUser(),
        wallet_type: 'crypto',
        initial_balance: '1',
        currency: 'ETH',
        organization_id: 'acme',
        blockchain_network: 'ethereum',
        blockchain_address: '0x1',
        metadata: { a: 1 },
      },
    }),
    others: async () => ({
      wallet_type: 'hybrid',
      initial_balance: '2',
      currency: 'BTC',
      organization_id: 'other',
      blockchain_network: 'polygon',
      blockchain_address: '0x2',
      metadata: { a: 2 },
    }),
  },
  ...['deposit', 'reward'].map((route) => ({
    route,
    arrange: () => onWallet(route, { ...movement, reference_id: 'r1' }),
    others: async () => ({ ...otherMovement, reference_id: 'r2' }),
  })),
  {
    route: 'withdraw',
    arrange: () => onWallet('withdraw', { ...movement, destination: 'd1' }),
    others: async () => ({ ...otherMovement, destination: 'd2' }),
  },
  {
    route: 'consume',
    arrange: () => onWallet('consume', { ...movement, usage_record_id: 1 }),
    others: async () => ({ ...otherMovement, usage_record_id: 2 }),
  },
  {
    route: 'credits/consume',
    arrange: async () => {
      const user = newUser()
      await two.apis[0].openWallet({ user_id: user, initial_balance: 100 })
      return { path: `/api/v1/users/${user}/credits/consume`, body: { ...movement, usage_record_id: 1 } }
    },
    others: async () => ({ ...otherMovement, usage_record_id: 2 }),
  },
  {
    route: 'transfer',
    arrange: async () => onWallet('transfer', { ...movement, to_wallet_id: await funded(), fee: '1' }),
    others: async () => ({ ...otherMovement, to_wallet_id: await funded(), fee: '2' }),
  },
  {
    route: 'refund',
    arrange: async () => {
      const consumed = await two.apis[0].consume(await funded(), 10)
      const path = `/api/v1/transactions/${consumed.body.transaction_id}/refund`
      return { path, body: { reason: 'first', amount: '1', metadata: { a: 1 } } }
    },
    others: async () => ({ reason: 'second', amount: '2', metadata: { a: 2 } }),
  },
  {
    route: 'place_hold',
    status: 201,
    arrange: () => onWallet('holds', { ...movement, expires_in_seconds: 60, reference_id: 'r1' }),
    others: async () => ({ ...otherMovement, expires_in_seconds: 61, reference_id: 'r2' }),
  },
  {
    route: 'capture_hold',
    arrange: () => onHold('capture', { ...movement, final: false, transaction_type: 'withdraw', usage_record_id: 1 }),
    others: async () => ({ ...otherMovement, final: true, transaction_type: 'consume', usage_record_id: 2 }),
  },
  { route: 'void_hold', arrange: () => onHold('void', {}), others: async () => ({}) },
  {
    route: 'extend_hold',
    arrange: () => onHold('extend', { expires_in_seconds: 60 }),
    others: async () => ({ expires_in_seconds: 61 }),
  },
]

describe.each(CASES)('$route', ({ status = 200, arrange, others }) => {
  test('the same request gets the first answer again, and nothing happens twice', async () => {
    const { path, body } = await arrange()
    const first = await two.apis[0].post(path, body, 'key')
    // Another order of members, and the amount written in another way, are the same request.
    const reordered = Object.fromEntries(Object.entries(body).toReversed())
    const again = await two.apis[1].post(path, 'amount' in body ? { ...reordered, amount: 1 } : reordered, '"key"')
    expect(first.status, first.text).toBe(status)
    expect({ status: again.status, text: again.text }).toEqual({ status: first.status, text: first.text })
    expect(first.headers.get('idempotency-replayed')).toBeNull()
    expect(again.headers.get('idempotency-replayed')).toBe('true')
  })

  test('a hundred times at once: one effect, and its answer a hundred times', async () => {
    const { path, body } = await arrange()
    const answers = await Promise.all(Array.from({ length: 100 }, (_, index) => two.any(index).post(path, body, 'key')))
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([status]))
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1)
    expect(answers.filter((answer) => answer.headers.get('idempotency-replayed') === null)).toHaveLength(1)
  })

  test('a request that differs in one field is refused, naming it', async () => {
    const { path, body } = await arrange()
    expect((await two.apis[0].post(path, body, 'key')).status).toBe(status)
    const named: Record<string, unknown> = {}
    for (const [field, value] of Object.entries(await others())) {
      const answer = await two.apis[1].post(path, { ...body, [field]: value }, 'key')
      named[field] = [answer.status, answer.body.code, ...answer.body.fields]
    }
    // Every field of the body but the user, who is the scope of a creation's key.
    const fields = Object.keys(body).filter((field) => field !== 'user_id')
    expect(named).toEqual(Object.fromEntries(fields.map((field) => [field, [422, 'idempotency_key_reused', field]])))
  })
})

test('a replay answers as it was, whatever has happened to the wallet since', async () => {
  const user = newUser()
  const request = { user_id: user, initial_balance: 5, metadata: { tier: 'silver' } }
  const created = await two.apis[0].post('/api/v1/wallets', request, 'create')
  const wallet = created.body.wallet_id
  const deposited = await two.apis[0].deposit(wallet, 7, 'deposit')
  await two.apis[1].consume(wallet, 12)
  await two.apis[1].call('PATCH', `/api/v1/wallets/${wallet}`, { body: { metadata: { tier: 'gold' } } })
  await two.apis[1].post(`/api/v1/wallets/${wallet}/freeze`, { reason: 'test' })

  expect((await two.apis[1].post('/api/v1/wallets', request, 'create')).text).toBe(created.text)
  expect((await two.apis[1].deposit(wallet, 7, 'deposit')).text).toBe(deposited.text)
  // Without a key the same deposit is a new one, and meets the freeze.
  expect((await two.apis[1].deposit(wallet, 7)).body.code).toBe('wallet_frozen')
})

test('a key belongs to its wallet: the same key on another wallet is another operation', async () => {
  const [first, second] = [await funded(), await funded()]
  expect((await two.apis[0].deposit(first, 1, 'shared')).status).toBe(200)
  const other = await two.apis[1].deposit(second, 2, 'shared')
  expect({ status: other.status, balance: other.body.balance }).toEqual({ status: 200, balance: '102' })
})

describe('holds', () => {
  test.each`
    since         | change
    ${'capture'}  | ${(id: string) => two.apis[1].capture(id)}
    ${'captures'} | ${(id: string) => two.apis[1].capture(id, { amount: 1, final: false })}
    ${'extend'}   | ${(id: string) => two.apis[1].extendHold(id, 7200)}
    ${'void'}     | ${(id: string) => two.apis[1].voidHold(id)}
    ${'expire'}   | ${(id: string) => two.apis[1].untilExpired(id)}
  `(
    'a hold that is placed again after it moved on ($since) is answered as it was placed',
    async ({ since, change }) => {
      const wallet = await funded()
      const more = since === 'expire' ? { expires_in_seconds: 1 } : {}
      const first = await two.apis[0].placeHold(wallet, 10, more, 'place')
      await change(first.body.data.hold.hold_id)
      const again = await two.apis[1].placeHold(wallet, 10, more, 'place')
      expect([again.status, again.text]).toEqual([201, first.text])
      expect(again.headers.get('idempotency-replayed')).toBe('true')
      expect((await two.apis[0].get(`/api/v1/wallets/${wallet}/holds`)).body.count).toBe(1)
    },
  )

  test('every capture, extension and void is answered as it was, whatever came after it', async () => {
    const { hold_id: id, wallet_id: wallet } = await held()
    const some = { amount: 1, final: false }
    const steps = [
      () => two.apis[0].capture(id, some, 'first'),
      () => two.apis[0].extendHold(id, 60, 'second'),
      () => two.apis[0].capture(id, some, 'third'),
      () => two.apis[0].voidHold(id, 'last'),
    ]
    const texts: string[] = []
    for (const step of steps) texts.push((await step()).text)
    await two.apis[1].deposit(wallet, 5)
    await two.apis[1].post(`/api/v1/wallets/${wallet}/freeze`, { reason: 'test' })
    const replays = await Promise.all(steps.map((step) => step()))
    expect(replays.map((answer) => answer.text)).toEqual(texts)
    expect((await two.apis[1].capture(id, some)).body.code).toBe('hold_not_pending')
  })

  test('a default that is spelled out, and an amount written in another way, are the same request', async () => {
    const wallet = await funded()
    const placed = await two.apis[0].placeHold(wallet, '10.0', {}, 'place')
    const spelledOut = { expires_in_seconds: 604_800, description: null }
    expect((await two.apis[1].placeHold(wallet, 1e1, spelledOut, 'place')).text).toBe(placed.text)
    const { hold_id: id } = placed.body.data.hold
    const captured = await two.apis[0].call('POST', `/api/v1/holds/${id}/capture`, { key: 'capture' })
    const all = { final: true, transaction_type: 'consume' }
    expect((await two.apis[1].capture(id.toUpperCase(), all, 'capture')).text).toBe(captured.text)
    // All that is left is not the same as so much.
    expect((await two.apis[1].capture(id, { amount: 10 }, 'capture')).body.fields).toEqual(['amount'])
  })

  test.each`
    route        | post
    ${'capture'} | ${(id: string) => two.apis[1].capture(id, { amount: 1 }, 'key')}
    ${'void'}    | ${(id: string) => two.apis[1].voidHold(id, 'key')}
    ${'extend'}  | ${(id: string) => two.apis[1].extendHold(id, 60, 'key')}
  `('a key of one hold is refused for another hold of the wallet ($route), naming it', async ({ post }) => {
    const first = await held()
    const second = await two.apis[0].held(first.wallet_id, 10)
    expect((await post(first.hold_id)).status).toBe(200)
    const { status, code, fields } = (await post(second.hold_id)).body
    expect({ status, code, fields }).toEqual({ status: 422, code: 'idempotency_key_reused', fields: ['hold_id'] })
    expect(await two.apis[0].holdOf(second.hold_id)).toEqual(second)
  })

  test('a hold and a movement of one wallet share their keys, whichever comes first, and so do the routes of holds', async () => {
    const [wallet, other] = [await funded(), await funded()]
    expect((await two.apis[0].deposit(wallet, 1, 'key')).status).toBe(200)
    const { hold_id: id } = (await two.apis[0].placeHold(other, 1, {}, 'key')).body.data.hold
    const refused = [
      await two.apis[1].placeHold(wallet, 1, {}, 'key'),
      await two.apis[1].deposit(other, 1, 'key'),
      await two.apis[1].capture(id, {}, 'key'),
      await two.apis[1].voidHold(id, 'key'),
      await two.apis[1].extendHold(id, 60, 'key'),
    ]
    const outcomes = refused.map(({ body }) => [body.status, body.code, ...body.fields])
    expect(outcomes).toEqual(refused.map(() => [422, 'idempotency_key_reused', 'route']))
    expect(await two.apis[0].moneyOf(other)).toEqual({ balance: 100, locked: 1, available: 99 })
  })

  test('what was refused leaves its key free: after a top-up the same request succeeds', async () => {
    const wallet = await two.apis[0].openWallet({ user_id: newUser(), initial_balance: 5 })
    expect((await two.apis[0].placeHold(wallet, 10, {}, 'place')).body.code).toBe('insufficient_balance')
    await two.apis[0].deposit(wallet, 5)
    const placed = await two.apis[1].placeHold(wallet, 10, {}, 'place')
    const { hold_id: id } = placed.body.data.hold
    expect((await two.apis[0].capture(id, { amount: 11 }, 'capture')).body.code).toBe('capture_exceeds_hold')
    const captured = await two.apis[1].capture(id, { amount: 10 }, 'capture')
    expect((await two.apis[0].voidHold(id, 'void')).body.code).toBe('hold_not_pending')
    const answers = [placed, captured, await two.apis[1].deposit(wallet, 1, 'void')]
    expect(answers.map((answer) => [answer.status, answer.headers.get('idempotency-replayed')])).toEqual([
      [201, null],
      [200, null],
      [200, null],
    ])
  })
})
