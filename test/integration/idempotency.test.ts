// A key used again (API.md §5): the same request gets the first answer, byte for byte; a request that differs in any single
// field is refused and told which. Every route that takes a key, every field of its body.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTwoServices, type TwoServices } from '../support/two-services.ts'

interface Case {
  readonly route: string
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
]

describe.each(CASES)('$route', ({ arrange, others }) => {
  test('the same request gets the first answer again, and nothing happens twice', async () => {
    const { path, body } = await arrange()
    const first = await two.apis[0].post(path, body, 'key')
    // Another order of members, and the amount written in another way, are the same request.
    const reordered = Object.fromEntries(Object.entries(body).toReversed())
    const again = await two.apis[1].post(path, 'amount' in body ? { ...reordered, amount: 1 } : reordered, '"key"')
    expect(first.status, first.text).toBe(200)
    expect({ status: again.status, text: again.text }).toEqual({ status: first.status, text: first.text })
    expect(first.headers.get('idempotency-replayed')).toBeNull()
    expect(again.headers.get('idempotency-replayed')).toBe('true')
  })

  test('a request that differs in one field is refused, naming it', async () => {
    const { path, body } = await arrange()
    expect((await two.apis[0].post(path, body, 'key')).status).toBe(200)
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
