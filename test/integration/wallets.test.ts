// Wallets over HTTP as callers meet them: defaults, exact shapes, life cycle, the legacy credit wallet, balances at an instant.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Answer, Api } from '../support/api.ts'
import { startTwoServices, type TwoServices } from '../support/two-services.ts'

let two: TwoServices
let api: Api
let users = 0

beforeAll(async () => {
  two = await startTwoServices()
  api = two.apis[0]
})
afterAll(async () => {
  await two.audit()
  await two.stop()
})

const newUser = (): string => `wallets-${(users += 1)}`
const refusal = ({ status, body }: Answer) => ({ status, code: body.code })

describe('opening', () => {
  test('with nothing but a user: fiat, CREDIT, empty; members in the order of the contract', async () => {
    const user = newUser()
    const { text, body } = await api.post('/api/v1/wallets', { user_id: user })
    expect(Object.keys(body)).toEqual(['success', 'message', 'wallet_id', 'balance', 'transaction_id', 'data'])
    expect(body).toMatchObject({ success: true, message: 'Wallet created successfully', balance: '0' })
    expect(Object.keys(body.data.wallet)).toEqual(
      (
        'wallet_id user_id organization_id balance locked_balance available_balance currency wallet_type status ' +
        'last_updated created_at blockchain_address blockchain_network on_chain_balance sync_status metadata'
      ).split(' '),
    )
    expect(body.data.wallet).toMatchObject({ user_id: user, wallet_type: 'fiat', currency: 'CREDIT', status: 'active' })
    expect(text).toContain('"organization_id":null')
  })

  test('a second fiat wallet of the same currency is refused with the one there is', async () => {
    const user = newUser()
    const wallet = await api.openWallet({ user_id: user, initial_balance: '7.5' })
    const second = await api.post('/api/v1/wallets', { user_id: user })
    expect(second.status).toBe(400)
    expect(second.body).toMatchObject({
      success: false,
      message: 'User already has a fiat wallet',
      wallet_id: wallet,
      balance: '7.5',
    })
    expect((await api.post('/api/v1/wallets', { user_id: user, currency: 'USD' })).status).toBe(200)
    expect((await api.post('/api/v1/wallets', { user_id: user, wallet_type: 'crypto' })).status).toBe(200)
    const { body } = await api.get(`/api/v1/users/${user}/wallets`)
    expect(body.wallets.map((found) => [found['currency'], found['wallet_type']])).toEqual([
      ['CREDIT', 'crypto'],
      ['USD', 'fiat'],
      ['CREDIT', 'fiat'],
    ])
    const fiat = await api.get(`/api/v1/users/${user}/wallets?wallet_type=fiat`)
    expect(fiat.body.count).toBe(2)
  })

  test('an initial balance is the first deposit, "Initial wallet funding"', async () => {
    const wallet = await api.openWallet({ user_id: newUser(), initial_balance: 10 })
    expect(await api.historyOf(wallet)).toMatchObject([
      { sequence: 1, transaction_type: 'deposit', amount: '10', description: 'Initial wallet funding' },
    ])
  })

  test('ETH has 18 decimals', async () => {
    const request = { user_id: newUser(), wallet_type: 'crypto', currency: 'ETH' }
    const wallet = await api.openWallet({ ...request, initial_balance: '0.000000000000000001' })
    expect(await api.balanceOf(wallet)).toBe('0.000000000000000001')
    const nineteen = await api.deposit(wallet, '0.0000000000000000001')
    expect(refusal(nineteen)).toEqual({ status: 422, code: 'validation_failed' })
  })
})

describe('life cycle', () => {
  test('frozen: no money in or out; unfrozen: it moves again', async () => {
    const wallet = await api.openWallet({ user_id: newUser(), initial_balance: 10 })
    const other = await api.openWallet({ user_id: newUser(), initial_balance: 10 })
    const consumed = await api.consume(wallet, 1)
    const frozen = await api.post(`/api/v1/wallets/${wallet}/freeze`, { reason: 'investigation' })
    expect(frozen.body.data.wallet['status']).toBe('frozen')
    const attempts = [
      await api.deposit(wallet, 1),
      await api.consume(wallet, 1),
      await api.transfer(wallet, other, 1),
      await api.transfer(other, wallet, 1),
      await api.post(`/api/v1/transactions/${consumed.body.transaction_id}/refund`, { reason: 'r' }),
      await api.call('DELETE', `/api/v1/wallets/${wallet}`),
    ]
    expect(attempts.map(refusal)).toEqual(attempts.map(() => ({ status: 400, code: 'wallet_frozen' })))
    await api.post(`/api/v1/wallets/${wallet}/unfreeze`, { reason: 'cleared' })
    expect((await api.deposit(wallet, 1)).body.balance).toBe('10')
  })

  test('closed: only when empty, for good, with its history readable, and room for a new one', async () => {
    const user = newUser()
    const wallet = await api.openWallet({ user_id: user, initial_balance: 1 })
    expect(refusal(await api.call('DELETE', `/api/v1/wallets/${wallet}`))).toEqual({
      status: 400,
      code: 'wallet_not_empty',
    })
    await api.post(`/api/v1/wallets/${wallet}/withdraw`, { amount: 1, destination: 'bank' })
    const closed = await api.call('DELETE', `/api/v1/wallets/${wallet}`)
    expect(closed.body.data.wallet['status']).toBe('closed')
    for (const attempt of [
      await api.deposit(wallet, 1),
      await api.call('DELETE', `/api/v1/wallets/${wallet}`),
      await api.post(`/api/v1/wallets/${wallet}/unfreeze`, { reason: 'r' }),
      await api.call('PATCH', `/api/v1/wallets/${wallet}`, { body: {} }),
    ]) {
      expect(refusal(attempt)).toEqual({ status: 400, code: 'wallet_closed' })
    }
    expect(await api.historyOf(wallet)).toHaveLength(2)
    expect((await api.get(`/api/v1/wallets/${wallet}/statistics`)).status).toBe(200)
    expect((await api.post('/api/v1/wallets', { user_id: user })).status).toBe(200)
  })

  test('PATCH merges metadata, and changes nothing it is not told to', async () => {
    const wallet = await api.openWallet({
      user_id: newUser(),
      metadata: { a: 1, b: { c: 2, d: 3 } },
      initial_balance: 5,
    })
    const body = { metadata: { b: { c: null, e: 4 } }, blockchain_network: 'polygon' }
    const patched = await api.call('PATCH', `/api/v1/wallets/${wallet}`, { body })
    expect(patched.body.data.wallet).toMatchObject({
      metadata: { a: 1, b: { d: 3, e: 4 } },
      blockchain_network: 'polygon',
      blockchain_address: null,
      balance: '5',
    })
  })
})

describe('requests', () => {
  test('`null` for an optional member that is no amount is as if it had been left out', async () => {
    const nulls = { organization_id: null, blockchain_network: null, blockchain_address: null, metadata: null }
    const wallet = await api.openWallet({ user_id: newUser(), initial_balance: 5, ...nulls })
    const path = `/api/v1/wallets/${wallet}/deposit`
    const first = await api.post(path, { amount: 1, description: null, reference_id: null, metadata: null }, 'key')
    expect(first.body.data.transaction).toMatchObject({ description: 'Deposit: 1', metadata: {} })
    expect((await api.post(path, { amount: 1 }, 'key')).text).toBe(first.text)
  })

  test.each([
    'dry_run=1',
    'dry_run=',
    'dry_run',
    'dry_run=True',
    'dry_run=true&dry_run=true',
    'dry_run=false&dry_run=true',
  ])('a query of %s is refused: whether to move money must not be guessed', async (query) => {
    const user = newUser()
    const wallet = await api.openWallet({ user_id: user, initial_balance: 5 })
    const answers = [
      await api.post(`/api/v1/wallets/${wallet}/deposit?${query}`, { amount: 1 }),
      await api.post(`/api/v1/wallets?${query}`, { user_id: user, currency: 'USD' }),
      await api.call('DELETE', `/api/v1/wallets/${wallet}?${query}`),
      await api.get(`/api/v1/users/${newUser()}/credits/balance?${query}`),
    ]
    expect(answers.map(refusal)).toEqual(answers.map(() => ({ status: 422, code: 'validation_failed' })))
    const type = query.includes('&') ? 'repeated' : 'invalid_value'
    const faults = answers.map(({ body }) => (body.errors ?? []).map(({ loc, type: found }) => [...loc, found]))
    expect(faults).toEqual(answers.map(() => [['query', 'dry_run', type]]))
    expect((await api.get(`/api/v1/users/${user}/wallets`)).body.wallets).toMatchObject([{ balance: '5' }])
  })

  test('a dry run moves nothing and says what it is; with `false` the money moves', async () => {
    const wallet = await api.openWallet({ user_id: newUser(), initial_balance: 5 })
    const path = `/api/v1/wallets/${wallet}/deposit`
    const dry = await api.post(`${path}?dry_run=true`, { amount: 1 })
    expect([dry.body.balance, dry.headers.get('dry-run')]).toEqual(['6', 'true'])
    expect(await api.balanceOf(wallet)).toBe('5')
    const real = await api.post(`${path}?dry_run=false`, { amount: 1 })
    expect([real.body.balance, real.headers.get('dry-run')]).toEqual(['6', null])
    expect(await api.balanceOf(wallet)).toBe('6')
  })

  test.each([
    'dry-run=true',
    'dryrun=true',
    'dryRun=true',
    'dry_run[]=true',
    '_dry_run=true',
    'DRY_RUN=true',
    'isDryRun=true',
    'x-dry-run=true',
    'a[dry_run]=true',
  ])('what looks like a dry run and is none (%s) moves nothing; any other name is passed over', async (query) => {
    const wallet = await api.openWallet({ user_id: newUser(), initial_balance: 5 })
    const path = `/api/v1/wallets/${wallet}/deposit`
    const { status, body } = await api.post(`${path}?${query}`, { amount: 1 })
    expect([status, body.errors?.map(({ loc, type }) => [...loc, type])]).toEqual([
      422,
      [['query', query.replace('=true', ''), 'unknown']],
    ])
    expect(await api.balanceOf(wallet)).toBe('5')
    expect((await api.post(`${path}?trace=true`, { amount: 1 })).body.balance).toBe('6')
  })

  test('a compressed body is refused', async () => {
    const wallet = await api.openWallet({ user_id: newUser() })
    const headers = { 'content-encoding': 'gzip' }
    const answer = await api.call('POST', `/api/v1/wallets/${wallet}/deposit`, { body: { amount: 1 }, headers })
    expect(refusal(answer)).toEqual({ status: 415, code: 'unsupported_media_type' })
  })
})

describe('movements', () => {
  test('a transfer with a fee is three rows; the fee can be refunded, the legs cannot', async () => {
    const [from, to] = [
      await api.openWallet({ user_id: newUser(), initial_balance: 10 }),
      await api.openWallet({ user_id: newUser() }),
    ]
    const answer = await api.post(`/api/v1/wallets/${from}/transfer`, { to_wallet_id: to, amount: 4, fee: '0.5' })
    const { from_transaction: outgoing, to_transaction: incoming, fee_transaction: fee } = answer.body.data
    expect(answer.body).toMatchObject({ message: 'Transferred 4 successfully', balance: '5.5', wallet_id: from })
    expect(outgoing).toMatchObject({ amount: '4', fee: '0.5', balance_after: '6', metadata: { direction: 'out' } })
    expect(incoming).toMatchObject({ amount: '4', wallet_id: to, balance_after: '4', metadata: { direction: 'in' } })
    expect(fee).toMatchObject({ transaction_type: 'fee', amount: '0.5', balance_after: '5.5', wallet_id: from })
    const refund = (id: string) => api.post(`/api/v1/transactions/${id}/refund`, { reason: 'sorry' })
    expect(refusal(await refund(outgoing.transaction_id))).toEqual({ status: 400, code: 'not_refundable' })
    expect(refusal(await refund(incoming.transaction_id))).toEqual({ status: 400, code: 'not_refundable' })
    const refunded = await refund(fee.transaction_id)
    expect(refunded.body).toMatchObject({ message: 'Refunded 0.5 successfully', balance: '6' })
    expect(refunded.body.data.transaction).toMatchObject({
      description: 'Refund: sorry',
      metadata: { original_transaction_id: fee.transaction_id, refund_reason: 'sorry' },
    })
  })

  test.each`
    name                          | to          | amount   | code
    ${'to itself'}                | ${'itself'} | ${'1'}   | ${'same_wallet'}
    ${'into another currency'}    | ${'USD'}    | ${'1'}   | ${'currency_mismatch'}
    ${'more than there is'}       | ${'CREDIT'} | ${'11'}  | ${'insufficient_balance'}
    ${'with nothing for the fee'} | ${'CREDIT'} | ${'9.9'} | ${'insufficient_balance'}
  `('a transfer $name is refused with $code', async ({ to, amount, code }) => {
    const from = await api.openWallet({ user_id: newUser(), initial_balance: 10 })
    const target = to === 'itself' ? from.toUpperCase() : await api.openWallet({ user_id: newUser(), currency: to })
    const answer = await api.post(`/api/v1/wallets/${from}/transfer`, { to_wallet_id: target, amount, fee: '0.5' })
    expect(refusal(answer)).toEqual({ status: 400, code })
    expect(await api.balanceOf(from)).toBe('10')
  })

  test('a withdrawal keeps its destination, and an unknown wallet or transaction is 404', async () => {
    const wallet = await api.openWallet({ user_id: newUser(), initial_balance: 10 })
    const withdrawn = await api.post(`/api/v1/wallets/${wallet}/withdraw`, { amount: '2.50', destination: 'bank:1' })
    expect(withdrawn.body).toMatchObject({ message: 'Withdrew 2.5 successfully', balance: '7.5' })
    expect(withdrawn.body.data.transaction.metadata).toEqual({ destination: 'bank:1' })
    const nobody = '00000000-0000-7000-8000-000000000000'
    expect(refusal(await api.deposit(nobody, 1))).toEqual({ status: 404, code: 'wallet_not_found' })
    expect(refusal(await api.transfer(wallet, nobody, 1))).toEqual({ status: 404, code: 'wallet_not_found' })
    const refund = await api.post(`/api/v1/transactions/${nobody}/refund`, { reason: 'r' })
    expect(refusal(refund)).toEqual({ status: 404, code: 'transaction_not_found' })
  })
})

test('the credit wallet: CREDIT first, else the oldest fiat one, else a new one', async () => {
  const user = newUser()
  const usd = await api.openWallet({ user_id: user, currency: 'USD', initial_balance: 3 })
  await api.openWallet({ user_id: user, currency: 'EUR' })
  expect((await api.get(`/api/v1/users/${user}/credits/balance`)).body).toMatchObject({ wallet_id: usd, balance: 3 })
  const credit = await api.openWallet({ user_id: user, initial_balance: '2.5' })
  const balance = await api.get(`/api/v1/users/${user}/credits/balance`)
  expect(JSON.parse(balance.text)).toEqual({
    success: true,
    balance: 2.5,
    available_balance: 2.5,
    locked_balance: 0,
    currency: 'CREDIT',
    wallet_id: credit,
  })
  const consumed = await api.post(`/api/v1/users/${user}/credits/consume`, { amount: 1, usage_record_id: 7 })
  expect(consumed.text).toContain('"remaining_balance":1.5')
  const empty = await api.post(`/api/v1/users/${newUser()}/credits/consume`, { amount: 1 })
  expect(refusal(empty)).toEqual({ status: 400, code: 'insufficient_balance' })
})

test('a balance at an instant is what the last row up to it left', async () => {
  const wallet = await api.openWallet({ user_id: newUser(), initial_balance: 1 })
  await api.deposit(wallet, 2)
  await api.consume(wallet, '0.5')
  const rows = await api.historyOf(wallet)
  const at = async (instant: string) => (await api.get(`/api/v1/wallets/${wallet}/balance?at=${instant}`)).body.balance
  expect(await Promise.all(rows.map((row) => at(row.created_at)))).toEqual(['1', '3', '2.5'])
  expect(await at('2000-01-01')).toBe('0')
  expect(await at('2999-01-01T00:00:00Z')).toBe('2.5')
})
