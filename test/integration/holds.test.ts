// Money set aside, over HTTP as callers meet it: placed, captured in full and in parts, voided, extended, and counted in
// everything else that a wallet does. No worker runs here. How holds expire stands in hold-expiry.test.ts, what may be sent
// in hold-requests.test.ts, lists in hold-lists.test.ts.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Answer, Api, HoldAnswer } from '../support/api.ts'
import { justBefore, secondsBetween } from '../support/instants.ts'
import { type OneService, startOneService } from '../support/service.ts'

let one: OneService
let api: Api
let users = 0

beforeAll(async () => {
  one = await startOneService({ HOLD_EXPIRY_INTERVAL_MS: '0' })
  api = one.api
})
afterAll(async () => {
  await one.close()
})
afterEach(() => {
  expect(one.service.log.filter((line) => line.includes('"level":"error"'))).toEqual([])
})

const newUser = (): string => `holds-${(users += 1)}`
const walletWith = (initial_balance: string, more: object = {}): Promise<string> =>
  api.openWallet({ user_id: newUser(), initial_balance, ...more })
const refund = (transactionId: string, amount?: string): Promise<Answer> =>
  api.post(`/api/v1/transactions/${transactionId}/refund`, { reason: 'unused', ...(amount && { amount }) })
const freeze = (walletId: string): Promise<Answer> => api.post(`/api/v1/wallets/${walletId}/freeze`, { reason: 'test' })
const close = (walletId: string): Promise<Answer> => api.call('DELETE', `/api/v1/wallets/${walletId}`)

/** What came of a request: `ok` or the code. */
const outcomeOf = ({ status, body }: Answer): string => (status < 300 ? 'ok' : body.code)

/** The figures of a hold in a few words. */
const figuresOf = ({ status, captured_amount, remaining_amount }: HoldAnswer): string =>
  `${status}, ${captured_amount} captured, ${remaining_amount} left`

describe('placing', () => {
  test('with nothing but an amount: 201, seven days, members in the order of the contract', async () => {
    const wallet = await walletWith('100')
    const { status, body } = await api.placeHold(wallet, '25.50')
    expect(status).toBe(201)
    expect(Object.keys(body)).toEqual(['success', 'message', 'wallet_id', 'balance', 'transaction_id', 'data'])
    expect(Object.keys(body.data.hold)).toEqual(
      (
        'hold_id wallet_id amount captured_amount remaining_amount status expires_at description reference_id metadata ' +
        'created_at updated_at'
      ).split(' '),
    )
    const { hold } = body.data
    expect(body).toEqual({
      success: true,
      message: 'Held 25.5 successfully',
      wallet_id: wallet,
      balance: '100',
      transaction_id: null,
      data: {
        hold: {
          hold_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
          wallet_id: wallet,
          amount: '25.5',
          captured_amount: '0',
          remaining_amount: '25.5',
          status: 'pending',
          expires_at: hold.expires_at,
          description: null,
          reference_id: null,
          metadata: {},
          created_at: hold.updated_at,
          updated_at: hold.created_at,
        },
      },
    })
    expect(secondsBetween(hold.created_at, hold.expires_at)).toBe(604_800)
  })

  test('with everything: it is kept, looked up and listed as it was answered', async () => {
    const wallet = await walletWith('100')
    const metadata = { job: 7, rate: '0.10' }
    const more = { expires_in_seconds: 3600, description: 'Scene 12', reference_id: 'job-7', metadata }
    const hold = await api.held(wallet, 25, more)
    expect(hold).toMatchObject({ description: 'Scene 12', reference_id: 'job-7', metadata })
    expect(secondsBetween(hold.created_at, hold.expires_at)).toBe(3600)
    expect(await api.holdOf(hold.hold_id)).toEqual(hold)
    expect(await api.holdOf(hold.hold_id.toUpperCase())).toEqual(hold)
    const list = await api.get(`/api/v1/wallets/${wallet}/holds`)
    expect(JSON.parse(list.text)).toEqual({ holds: [hold], count: 1, limit: 50, next_cursor: null })
    expect(await api.historyOf(wallet)).toHaveLength(1)
  })
})

describe('capturing', () => {
  test('in full: an ordinary consumption that names its hold', async () => {
    const wallet = await walletWith('100')
    const hold = await api.held(wallet, '25', { reference_id: 'job-7' })
    const { status, body } = await api.capture(hold.hold_id)
    const [, row] = await api.historyOf(wallet)
    expect(status).toBe(200)
    expect(body).toEqual({
      success: true,
      message: 'Captured 25 successfully',
      wallet_id: wallet,
      balance: '75',
      transaction_id: row?.transaction_id,
      data: {
        transaction: row,
        hold: {
          ...hold,
          captured_amount: '25',
          remaining_amount: '0',
          status: 'captured',
          updated_at: row?.created_at,
        },
      },
    })
    expect(row).toMatchObject({
      transaction_type: 'consume',
      amount: '25',
      balance_before: '100',
      balance_after: '75',
      sequence: 2,
      description: 'Consumed: 25',
      reference_id: 'job-7',
      metadata: { hold_id: hold.hold_id },
    })
    expect(await api.holdOf(hold.hold_id)).toEqual(body.data.hold)
    expect(await api.moneyOf(wallet)).toEqual({ balance: 75, locked: 0, available: 75 })
  })

  test('in part: the rest is free again, and nothing may be captured any more', async () => {
    const wallet = await walletWith('100')
    const { hold_id: id } = await api.held(wallet, '25')
    expect(figuresOf((await api.capture(id, { amount: '10' })).body.data.hold)).toBe('captured, 10 captured, 0 left')
    expect(await api.moneyOf(wallet)).toEqual({ balance: 90, locked: 0, available: 90 })
    expect((await api.capture(id, { amount: '1' })).body).toMatchObject({
      code: 'hold_not_pending',
      detail: 'The hold has been captured',
      hold_id: id,
      hold_status: 'captured',
    })
  })

  test('again and again while it is not final; the last of it ends the hold', async () => {
    const wallet = await walletWith('100')
    const { hold_id: id } = await api.held(wallet, '10')
    const figures: string[] = []
    for (const amount of ['3', '6.99999999', '0.00000001']) {
      const { body } = await api.capture(id, { amount, final: false })
      figures.push(`${figuresOf(body.data.hold)}; ${body.balance}`)
    }
    expect(figures).toEqual([
      'pending, 3 captured, 7 left; 97',
      'pending, 9.99999999 captured, 0.00000001 left; 90.00000001',
      'captured, 10 captured, 0 left; 90',
    ])
    expect(await api.moneyOf(wallet)).toEqual({ balance: 90, locked: 0, available: 90 })
  })

  test('a final one after others releases what is left; without an amount it takes it', async () => {
    const wallet = await walletWith('100')
    const [some, all] = [await api.held(wallet, '10'), await api.held(wallet, '10')]
    for (const { hold_id: id } of [some, all]) await api.capture(id, { amount: '4', final: false })
    expect(await api.moneyOf(wallet)).toEqual({ balance: 92, locked: 12, available: 80 })
    expect(figuresOf((await api.capture(some.hold_id, { amount: '1' })).body.data.hold)).toBe(
      'captured, 5 captured, 0 left',
    )
    expect((await api.capture(all.hold_id, {})).body.message).toBe('Captured 6 successfully')
    expect(await api.moneyOf(wallet)).toEqual({ balance: 85, locked: 0, available: 85 })
  })

  test('as a withdrawal, with a description, metadata and a usage record of its own', async () => {
    const wallet = await walletWith('100')
    const { hold_id: id } = await api.held(wallet, '10', { description: 'held', metadata: { held: true } })
    const body = { transaction_type: 'withdraw', description: 'paid out', metadata: { paid: 1 }, usage_record_id: 814 }
    const { data } = (await api.capture(id, body)).body
    expect(data.transaction).toMatchObject({
      transaction_type: 'withdraw',
      description: 'paid out',
      usage_record_id: '814',
      metadata: { paid: 1, hold_id: id },
    })
    expect(data.hold).toMatchObject({ description: 'held', metadata: { held: true } })
    const statistics = await api.get(`/api/v1/wallets/${wallet}/statistics`)
    expect(JSON.parse(statistics.text)).toMatchObject({ total_withdrawals: '10', total_consumed: '0' })
  })

  test('more than is left is refused, and says by how much', async () => {
    const wallet = await walletWith('100')
    const { hold_id: id } = await api.held(wallet, '10')
    await api.capture(id, { amount: '4', final: false })
    const refused = await api.capture(id, { amount: '6.00000001' })
    expect(refused.status).toBe(400)
    expect(refused.body).toMatchObject({
      code: 'capture_exceeds_hold',
      detail: 'Only 6 of 10 is left to capture',
      hold_id: id,
      remaining: '6',
      required: '6.00000001',
      shortfall: '0.00000001',
      currency: 'CREDIT',
    })
    expect(figuresOf(await api.holdOf(id))).toBe('pending, 4 captured, 6 left')
  })

  test('a capture can be refunded in parts like any other, never beyond it', async () => {
    const wallet = await walletWith('100')
    const { hold_id: id } = await api.held(wallet, '10')
    const captured = (await api.capture(id, { amount: '6', final: false })).body.transaction_id
    expect((await refund(captured, '1')).body.balance).toBe('95')
    expect((await refund(captured, '2')).body.balance).toBe('97')
    expect(outcomeOf(await refund(captured, '3.00000001'))).toBe('refund_exceeds_original')
    expect((await refund(captured)).body.balance).toBe('100')
    expect(outcomeOf(await refund(captured))).toBe('refund_exceeds_original')
    expect(figuresOf(await api.holdOf(id))).toBe('pending, 6 captured, 4 left')
    expect(await api.moneyOf(wallet)).toEqual({ balance: 100, locked: 4, available: 96 })
  })
})

describe('voiding and extending', () => {
  test('a void gives back what is left; what was captured stays captured', async () => {
    const wallet = await walletWith('100')
    const hold = await api.held(wallet, '10')
    await api.capture(hold.hold_id, { amount: '4', final: false })
    const { status, body } = await api.voidHold(hold.hold_id)
    expect({ status, message: body.message, transaction: body.transaction_id, balance: body.balance }).toEqual({
      status: 200,
      message: 'Hold voided successfully',
      transaction: null,
      balance: '96',
    })
    expect(figuresOf(body.data.hold)).toBe('voided, 4 captured, 0 left')
    expect(await api.holdOf(hold.hold_id)).toEqual(body.data.hold)
    expect(await api.moneyOf(wallet)).toEqual({ balance: 96, locked: 0, available: 96 })
  })

  test.each([7200, 60])(
    'an extension counts from now: %d seconds, be that later or earlier than before',
    async (seconds) => {
      const wallet = await walletWith('100')
      const hold = await api.held(wallet, '10', { expires_in_seconds: 3600 })
      const { body } = await api.extendHold(hold.hold_id, seconds)
      const extended = body.data.hold
      expect(body).toMatchObject({ message: 'Hold extended successfully', balance: '100', transaction_id: null })
      expect(extended).toEqual({ ...hold, expires_at: extended.expires_at, updated_at: extended.updated_at })
      expect(secondsBetween(extended.updated_at, extended.expires_at)).toBe(seconds)
      expect(secondsBetween(hold.updated_at, extended.updated_at)).toBeGreaterThan(0)
      expect(await api.holdOf(hold.hold_id)).toEqual(extended)
      expect(await api.moneyOf(wallet)).toEqual({ balance: 100, locked: 10, available: 90 })
    },
  )

  test.each`
    end          | status
    ${'capture'} | ${'captured'}
    ${'void'}    | ${'voided'}
  `('a hold that was $status is over: nothing may happen to it, and nothing does', async ({ end, status }) => {
    const wallet = await walletWith('100')
    const { hold_id: id } = await api.held(wallet, '10')
    await (end === 'void' ? api.voidHold(id) : api.capture(id, { amount: '1' }))
    const [hold, money] = [await api.holdOf(id), await api.moneyOf(wallet)]
    const attempts = [await api.capture(id), await api.voidHold(id), await api.extendHold(id, 60)]
    for (const { status: answered, body } of attempts) {
      expect({ answered, code: body.code, detail: body.detail }).toEqual({
        answered: 400,
        code: 'hold_not_pending',
        detail: `The hold has been ${status}`,
      })
      expect(body).toMatchObject({ hold_id: id, hold_status: status })
    }
    expect([await api.holdOf(id), await api.moneyOf(wallet)]).toEqual([hold, money])
  })
})

describe('what is held cannot be spent otherwise', () => {
  test('withdraw, consume, transfer with its fee, and further holds find only what is available', async () => {
    const user = newUser()
    const wallet = await api.openWallet({ user_id: user, initial_balance: '10' })
    const other = await walletWith('0')
    await api.held(wallet, '6')
    const refused = [
      await api.consume(wallet, '4.00000001'),
      await api.post(`/api/v1/wallets/${wallet}/withdraw`, { amount: '4.00000001' }),
      await api.post(`/api/v1/wallets/${wallet}/transfer`, { to_wallet_id: other, amount: '4', fee: '0.00000001' }),
      await api.placeHold(wallet, '4.00000001'),
      await api.post(`/api/v1/users/${user}/credits/consume`, { amount: '4.00000001' }),
    ]
    for (const { status, body } of refused) {
      const { code, detail } = body
      expect({ status, code, detail }).toEqual({
        status: 400,
        code: 'insufficient_balance',
        detail: 'Insufficient balance: 4 CREDIT available, 4.00000001 required',
      })
      expect(body).toMatchObject({ available: '4', required: '4.00000001', shortfall: '0.00000001' })
    }
    expect(await api.moneyOf(wallet)).toEqual({ balance: 10, locked: 6, available: 4 })
    const transfer = { to_wallet_id: other, amount: '0.5', fee: '0.5' }
    const accepted = [
      await api.consume(wallet, '1'),
      await api.post(`/api/v1/wallets/${wallet}/withdraw`, { amount: '1' }),
      await api.post(`/api/v1/wallets/${wallet}/transfer`, transfer),
      await api.placeHold(wallet, '1'),
    ]
    expect(accepted.map(outcomeOf)).toEqual(['ok', 'ok', 'ok', 'ok'])
    expect(accepted[0]?.body.data.remaining_balance).toBe(3)
    expect(await api.moneyOf(wallet)).toEqual({ balance: 7, locked: 7, available: 0 })
  })

  test('every place that shows a balance shows what is locked of it', async () => {
    const user = newUser()
    const wallet = await api.openWallet({ user_id: user, initial_balance: '10', organization_id: 'acme' })
    await api.held(wallet, '2.5')
    await api.held(wallet, '0.5')
    const figures = { balance: '10', locked_balance: '3', available_balance: '7' }
    expect((await api.get(`/api/v1/wallets/${wallet}`)).body).toMatchObject(figures)
    expect((await api.get(`/api/v1/users/${user}/wallets`)).body.wallets).toMatchObject([figures])
    expect((await api.get(`/api/v1/wallets/${wallet}/balance`)).body.balance).toBe('7')
    const numbers = { balance: 10, locked_balance: 3, available_balance: 7 }
    expect((await api.get(`/api/v1/users/${user}/credits/balance`)).body).toMatchObject(numbers)
    const patched = await api.call('PATCH', `/api/v1/wallets/${wallet}`, { body: { metadata: { a: 1 } } })
    expect(patched.body.data.wallet).toMatchObject(figures)
    expect((await freeze(wallet)).body.data.wallet).toMatchObject(figures)
  })

  test('a wallet in which all money is held and then captured can be closed only afterwards', async () => {
    const wallet = await walletWith('10')
    const { hold_id: id } = await api.held(wallet, '10')
    const refused = await close(wallet)
    expect(refused.body).toMatchObject({ code: 'wallet_not_empty', balance: '10', locked_balance: '10' })
    await api.capture(id)
    expect(outcomeOf(await close(wallet))).toBe('ok')
    const attempts = [await api.placeHold(wallet, 1), await api.capture(id), await api.voidHold(id)]
    expect(attempts.map(outcomeOf)).toEqual(['wallet_closed', 'hold_not_pending', 'hold_not_pending'])
    expect(figuresOf(await api.holdOf(id))).toBe('captured, 10 captured, 0 left')
  })

  test('a frozen wallet: no hold, no capture; voiding and extending move no money and work', async () => {
    const wallet = await walletWith('10')
    const [first, second] = [await api.held(wallet, '3'), await api.held(wallet, '4')]
    await freeze(wallet)
    const attempts = [await api.placeHold(wallet, '1'), await api.capture(first.hold_id)]
    expect(attempts.map(outcomeOf)).toEqual(['wallet_frozen', 'wallet_frozen'])
    expect(await api.moneyOf(wallet)).toEqual({ balance: 10, locked: 7, available: 3 })
    expect(outcomeOf(await api.extendHold(first.hold_id, 60))).toBe('ok')
    expect(outcomeOf(await api.voidHold(second.hold_id))).toBe('ok')
    expect(await api.moneyOf(wallet)).toEqual({ balance: 10, locked: 3, available: 7 })
  })

  test('in a currency of 18 decimals holds are as exact as it is', async () => {
    const wallet = await walletWith('1.000000000000000001', { wallet_type: 'crypto', currency: 'ETH' })
    const { hold_id: id } = await api.held(wallet, '1.000000000000000001')
    await api.capture(id, { amount: '0.000000000000000001', final: false })
    expect((await api.get(`/api/v1/wallets/${wallet}`)).body).toMatchObject({
      balance: '1',
      locked_balance: '1',
      available_balance: '0',
    })
    expect(figuresOf((await api.voidHold(id)).body.data.hold)).toBe('voided, 0.000000000000000001 captured, 0 left')
  })
})

test('a balance at an instant knows what was locked then: before, during and after a hold, and between captures', async () => {
  const wallet = await walletWith('100')
  const hold = await api.held(wallet, '10', { expires_in_seconds: 3600 })
  const first = await api.capture(hold.hold_id, { amount: '2', final: false })
  const extended = await api.extendHold(hold.hold_id, 7200)
  const second = await api.capture(hold.hold_id, { amount: '3', final: false })
  const voided = await api.voidHold(hold.hold_id)
  const [before, ...changes] = [
    justBefore(hold.created_at),
    hold.created_at,
    ...[first, extended, second, voided].map((answer) => answer.body.data.hold.updated_at),
  ]
  const figures = async (at = ''): Promise<string> => Object.values(await api.moneyOf(wallet, at)).join(' ')
  expect(await figures(before)).toBe('100 0 100')
  expect(await Promise.all(changes.map(figures))).toEqual(['100 10 90', '98 8 90', '98 8 90', '95 5 90', '95 0 95'])
  expect(await Promise.all(changes.map((at) => figures(justBefore(at))))).toEqual([
    '100 0 100',
    '100 10 90',
    '98 8 90',
    '98 8 90',
    '95 5 90',
  ])
  expect(await figures('2999-01-01')).toBe('95 0 95')
})
