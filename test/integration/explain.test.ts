// A balance that explains itself, over HTTP: what was there, what moved, what is locked and by which holds, now and at any
// instant; and that it always adds up, which is worked out again here from the figures of the answer. No worker runs.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Answer, Api, BriefHoldAnswer, ExplanationAnswer, HoldAnswer } from '../support/api.ts'
import { brief, explained } from '../support/explanations.ts'
import { instantOf, justBefore } from '../support/instants.ts'
import { closeFaultless, type OneService, startOneService } from '../support/service.ts'
import { queryDatabase } from '../support/sql.ts'

let one: OneService
let api: Api
let users = 0

beforeAll(async () => {
  one = await startOneService({ HOLD_EXPIRY_INTERVAL_MS: '0' })
  api = one.api
})
afterAll(() => closeFaultless(one))

const walletWith = (initial_balance: string): Promise<string> =>
  api.openWallet({ user_id: `explain-${(users += 1)}`, initial_balance })

const explain = (walletId: string, query?: Readonly<Record<string, string>>): Promise<ExplanationAnswer> =>
  explained(api, walletId, query)

/** An explanation in a few words. */
const inShort = ({ opening_balance, balance, locked_balance, open_holds, movements }: ExplanationAnswer): string =>
  [
    `${opening_balance} -> ${balance}`,
    ...movements.map(
      ({ transaction_type: type, count, total_in, total_out }) => `${count} ${type} +${total_in} -${total_out}`,
    ),
    `${open_holds.map((hold) => hold.remaining_amount).join(' + ') || 'nothing'} of it held: ${locked_balance}`,
  ].join('; ')

const transfer = (from: string, to: string): Promise<Answer> =>
  api.post(`/api/v1/wallets/${from}/transfer`, { to_wallet_id: to, amount: '4', fee: '0.5' })

describe('now', () => {
  test('an empty wallet has nothing to explain', async () => {
    const wallet = await walletWith('0')
    const { body } = await api.get(`/api/v1/wallets/${wallet}`)
    const answer = await explain(wallet)
    expect(answer).toEqual({
      wallet_id: wallet,
      currency: 'CREDIT',
      period_start: body.created_at,
      at: answer.at,
      opening_balance: '0',
      movements: [],
      transaction_count: 0,
      total_in: '0',
      total_out: '0',
      balance: '0',
      open_holds: [],
      unlisted_holds_total: '0',
      locked_balance: '0',
      available_balance: '0',
      equations: { balance: '0 + 0 - 0 = 0', locked_balance: '0 open holds = 0', available_balance: '0 - 0 = 0' },
      adds_up: true,
    })
    expect(instantOf(answer.at)).toBeGreaterThan(instantOf(body.created_at))
  })

  test('every type of movement with its count and sums, and every open hold with what is left of it', async () => {
    const [wallet, other] = [await walletWith('100'), await walletWith('100')]
    await api.deposit(wallet, '0.00000001')
    await api.post(`/api/v1/wallets/${wallet}/reward`, { amount: 2 })
    await api.post(`/api/v1/wallets/${wallet}/withdraw`, { amount: 3 })
    const consumed = await api.consume(wallet, 10)
    await api.post(`/api/v1/transactions/${consumed.body.transaction_id}/refund`, { reason: 'test', amount: 1 })
    await transfer(wallet, other)
    await transfer(other, wallet)
    const later = await api.held(wallet, 20, { expires_in_seconds: 7200, reference_id: 'later' })
    const sooner = await api.held(wallet, 5, { expires_in_seconds: 3600, description: 'sooner' })
    const captured = await api.capture(later.hold_id, { amount: 8, final: false })
    const { movements, ...rest } = await explain(wallet)
    const line = (transaction_type: string, count: number, total_in: string, total_out: string) =>
      ({ transaction_type, count, total_in, total_out }) as const
    expect(movements.toSorted((left, right) => (left.transaction_type < right.transaction_type ? -1 : 1))).toEqual([
      line('consume', 2, '0', '18'),
      line('deposit', 2, '100.00000001', '0'),
      line('fee', 1, '0', '0.5'),
      line('refund', 1, '1', '0'),
      line('reward', 1, '2', '0'),
      line('transfer', 2, '4', '4'),
      line('withdraw', 1, '0', '3'),
    ])
    expect(rest).toMatchObject({
      opening_balance: '0',
      transaction_count: 10,
      balance: '81.50000001',
      locked_balance: '17',
      available_balance: '64.50000001',
      equations: {
        balance: '0 + 107.00000001 - 25.5 = 81.50000001',
        locked_balance: '2 open holds = 17',
        available_balance: '81.50000001 - 17 = 64.50000001',
      },
    })
    expect(rest.open_holds).toEqual([sooner, captured.body.data.hold].map(brief))
  })

  test('of more than 1000 open holds the first to end are listed, the others are one sum', async () => {
    const wallet = await walletWith('2000')
    const place = (count: number, seconds: number, amount: string): Promise<HoldAnswer[]> =>
      Promise.all(Array.from({ length: count }, () => api.held(wallet, amount, { expires_in_seconds: seconds })))
    const last = await place(3, 7200, '0.5')
    for (let batch = 0; batch < 10; batch += 1) await place(100, 3600, '1')
    const answer = await explain(wallet)
    expect(answer.open_holds).toHaveLength(1000)
    expect(new Set(answer.open_holds.map((hold) => hold.amount))).toEqual(new Set(['1']))
    expect(answer).toMatchObject({ unlisted_holds_total: '1.5', locked_balance: '1001.5', available_balance: '998.5' })
    expect(answer.equations.locked_balance).toBe('1000 open holds and 1.5 in others = 1001.5')
    await Promise.all(last.map((hold) => api.voidHold(hold.hold_id)))
    expect(await explain(wallet)).toMatchObject({ unlisted_holds_total: '0', locked_balance: '1000' })
  })
})

describe('at an instant', () => {
  test('holds are as they were then, whatever became of them: captured, voided, expired, extended', async () => {
    const wallet = await walletWith('100')
    const captured = await api.held(wallet, 1)
    const voided = await api.held(wallet, 2)
    const extended = await api.held(wallet, 4, { expires_in_seconds: 3600 })
    const expiring = await api.held(wallet, 8, { expires_in_seconds: 3 })
    const open = [captured, voided, extended, expiring]
    const partly = (await api.capture(captured.hold_id, { amount: '0.25', final: false })).body.data.hold
    const longer = (await api.extendHold(extended.hold_id, 7200)).body.data.hold
    const after = (await api.voidHold(voided.hold_id)).body.data.hold
    await api.capture(captured.hold_id)
    await api.untilExpired(expiring.hold_id)
    const holdsAt = async (at: string): Promise<BriefHoldAnswer[]> =>
      (await explain(wallet, { at })).open_holds.toSorted((left, right) => (left.hold_id < right.hold_id ? -1 : 1))
    expect(await holdsAt(justBefore(captured.created_at))).toEqual([])
    expect(await holdsAt(captured.created_at)).toEqual([captured].map(brief))
    expect(await holdsAt(expiring.created_at)).toEqual(open.map(brief))
    expect(await holdsAt(partly.updated_at)).toEqual([partly, voided, extended, expiring].map(brief))
    expect(await holdsAt(longer.updated_at)).toEqual([partly, voided, longer, expiring].map(brief))
    expect(await holdsAt(justBefore(after.updated_at))).toEqual([partly, voided, longer, expiring].map(brief))
    expect(await holdsAt(after.updated_at)).toEqual([partly, longer, expiring].map(brief))
    expect(await holdsAt(justBefore(expiring.expires_at))).toEqual([longer, expiring].map(brief))
    expect(await holdsAt(expiring.expires_at)).toEqual([longer].map(brief))
    expect((await explain(wallet)).open_holds).toEqual([brief(longer)])
  })

  test('between movements it tells of those up to then, inclusive; from start_date on, of those from then on', async () => {
    const wallet = await walletWith('100')
    await api.consume(wallet, 10)
    await api.held(wallet, 5)
    await api.consume(wallet, 20)
    const [opened = '', first = '', second = ''] = (await api.historyOf(wallet)).map((row) => row.created_at)
    const told = async (query: Readonly<Record<string, string>>): Promise<string> =>
      inShort(await explain(wallet, query))
    expect(await told({ at: opened })).toBe('0 -> 100; 1 deposit +100 -0; nothing of it held: 0')
    expect(await told({ at: first })).toBe('0 -> 90; 1 deposit +100 -0; 1 consume +0 -10; nothing of it held: 0')
    expect(await told({ at: justBefore(first) })).toBe('0 -> 100; 1 deposit +100 -0; nothing of it held: 0')
    expect(await told({ at: justBefore(second) })).toBe('0 -> 90; 1 deposit +100 -0; 1 consume +0 -10; 5 of it held: 5')
    expect(await told({ start_date: first })).toBe('100 -> 70; 2 consume +0 -30; 5 of it held: 5')
    expect(await told({ start_date: second, at: second })).toBe('90 -> 70; 1 consume +0 -20; 5 of it held: 5')
    expect(await told({ start_date: first, at: justBefore(second) })).toBe(
      '100 -> 90; 1 consume +0 -10; 5 of it held: 5',
    )
    const answer = await explain(wallet, { start_date: first, at: second })
    expect([answer.period_start, answer.at]).toEqual([first, second])
  })

  test('before the wallet was opened there was nothing', async () => {
    const wallet = await walletWith('100')
    await api.held(wallet, 5)
    const { created_at: opened } = (await api.get(`/api/v1/wallets/${wallet}`)).body
    for (const at of [justBefore(opened), '2000-01-01', '1970-01-01T00:00:00Z']) {
      expect(inShort(await explain(wallet, { at }))).toBe('0 -> 0; nothing of it held: 0')
    }
    expect(inShort(await explain(wallet, { start_date: '2000-01-01', at: '2000-01-01' }))).toBe(
      '0 -> 0; nothing of it held: 0',
    )
  })

  test('an instant to come means now', async () => {
    const wallet = await walletWith('100')
    await api.held(wallet, 5)
    const answer = await explain(wallet, { at: '2999-01-01' })
    expect(inShort(answer)).toBe('0 -> 100; 1 deposit +100 -0; 5 of it held: 5')
    expect(instantOf(answer.at)).toBeLessThan(instantOf('2999-01-01T00:00:00.000000Z'))
    expect(inShort(await explain(wallet, { start_date: '2998-01-01' }))).toBe('100 -> 100; 5 of it held: 5')
  })
})

test.each`
  query                                    | fault
  ${'start_date=2026-02-01&at=2026-01-31'} | ${'query.at before_start'}
  ${'at=yesterday'}                        | ${'query.at invalid_date'}
  ${'at=2026-02-30'}                       | ${'query.at invalid_date'}
  ${'start_date='}                         | ${'query.start_date invalid_date'}
  ${'at=2026-01-01&at=2026-01-02'}         | ${'query.at repeated'}
`('$query is refused: $fault', async ({ query, fault }) => {
  const { status, body } = await api.get(`/api/v1/wallets/${await walletWith('1')}/explain?${query}`)
  expect(`${status} ${(body.errors ?? []).map(({ loc, type }) => `${loc.join('.')} ${type}`).join()}`).toBe(
    `422 ${fault}`,
  )
})

test('an unknown wallet is 404, what is no id 422; a closed wallet still explains itself', async () => {
  const unknown = await api.get('/api/v1/wallets/00000000-0000-7000-8000-000000000000/explain')
  expect(unknown.body).toMatchObject({ status: 404, code: 'wallet_not_found' })
  expect((await api.get('/api/v1/wallets/not-an-id/explain')).body.code).toBe('validation_failed')
  const wallet = await walletWith('1')
  await api.consume(wallet, 1)
  await api.call('DELETE', `/api/v1/wallets/${wallet}`)
  expect(inShort(await explain(wallet))).toBe('0 -> 0; 1 deposit +1 -0; 1 consume +0 -1; nothing of it held: 0')
})

test('a beginning in the future is now: nothing is known of it', async () => {
  const wallet = await walletWith('10')
  const answer = await explain(wallet, { start_date: '2999-01-01' })
  expect(answer.period_start).toBe(answer.at)
  expect(inShort(answer)).toBe('10 -> 10; nothing of it held: 0')
})

test('now is never before what the wallet has seen, should the clock of the database run backwards', async () => {
  const wallet = await walletWith('10')
  const ahead = `UPDATE wallets SET updated_at = updated_at + interval '1 hour' WHERE wallet_id = $1`
  await queryDatabase(one.databaseUrl, ahead, [wallet])
  await api.held(wallet, '4')
  await api.consume(wallet, 1)
  expect(inShort(await explain(wallet))).toBe('0 -> 9; 1 deposit +10 -0; 1 consume +0 -1; 4 of it held: 4')
})
