// A hold stops counting the instant it expires, although nobody writes that down: no worker runs here. What the worker does is
// another matter.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Answer, Api, HoldAnswer } from '../support/api.ts'
import { justBefore, secondsBetween } from '../support/instants.ts'
import { closeFaultless, type OneService, startOneService, startService } from '../support/service.ts'
import { queryDatabase } from '../support/sql.ts'

const DEADLINE_MS = 30_000

let one: OneService
let api: Api
let users = 0

beforeAll(async () => {
  one = await startOneService({ HOLD_EXPIRY_INTERVAL_MS: '0' })
  api = one.api
})
afterAll(() => closeFaultless(one))

const newUser = (): string => `expiry-${(users += 1)}`
const walletWith = (initial_balance: string): Promise<string> => api.openWallet({ user_id: newUser(), initial_balance })
const close = (walletId: string): Promise<Answer> => api.call('DELETE', `/api/v1/wallets/${walletId}`)

/** A hold whose time is over, and nobody has written that down. */
async function expiredHold(walletId: string, amount: string): Promise<HoldAnswer> {
  const hold = await api.held(walletId, amount, { expires_in_seconds: 1 })
  await api.untilExpired(hold.hold_id)
  return hold
}

/** What the tables say of a hold: its status, and everything that was written of it. */
async function writtenOf(holdId: string): Promise<string> {
  const [row] = await queryDatabase<{ status: string; events: string[] }>(
    one.databaseUrl,
    `SELECT h.status, array(SELECT e.event_type FROM hold_events e WHERE e.hold_id = h.hold_id ORDER BY e.sequence) AS events
      FROM holds h WHERE h.hold_id = $1`,
    [holdId],
  )
  return `${row?.status}: ${row?.events.join(', ')}`
}

test('the money is free, every view of the hold says that it expired, and nothing was written', async () => {
  const wallet = await walletWith('10')
  const hold = await expiredHold(wallet, '10')
  const expired = { ...hold, status: 'expired', remaining_amount: '0', updated_at: hold.expires_at }
  expect(secondsBetween(hold.created_at, hold.expires_at)).toBe(1)
  expect(await api.holdOf(hold.hold_id)).toEqual(expired)
  expect((await api.get(`/api/v1/wallets/${wallet}/holds`)).body.holds).toEqual([expired])
  expect((await api.get(`/api/v1/wallets/${wallet}`)).body).toMatchObject({
    balance: '10',
    locked_balance: '0',
    available_balance: '10',
  })
  expect((await api.get(`/api/v1/wallets/${wallet}/explain`)).body).toMatchObject({
    open_holds: [],
    locked_balance: '0',
    adds_up: true,
  })
  expect(await writtenOf(hold.hold_id)).toBe('pending: placed')
})

test.each`
  debit         | post
  ${'consume'}  | ${(wallet: string) => api.consume(wallet, 10)}
  ${'withdraw'} | ${(wallet: string) => api.post(`/api/v1/wallets/${wallet}/withdraw`, { amount: 10 })}
`('then a $debit of everything succeeds, and its row locks nothing', async ({ post }) => {
  const wallet = await walletWith('10')
  await expiredHold(wallet, '7')
  expect((await post(wallet)).body).toMatchObject({ success: true, balance: '0' })
  expect(await api.moneyOf(wallet)).toEqual({ balance: 0, locked: 0, available: 0 })
})

test('then a transfer of everything, and a hold of everything, succeed', async () => {
  const [from, to] = [await walletWith('10'), await walletWith('0')]
  await expiredHold(from, '10')
  expect((await api.transfer(from, to, 10)).status).toBe(200)
  await expiredHold(to, '10')
  expect((await api.placeHold(to, 10)).status).toBe(201)
  expect(await api.moneyOf(to)).toEqual({ balance: 10, locked: 10, available: 0 })
})

test('nothing may happen to it any more', async () => {
  const wallet = await walletWith('10')
  const { hold_id: id } = await expiredHold(wallet, '10')
  const attempts = [await api.capture(id), await api.capture(id, { amount: 99 }), await api.voidHold(id)]
  for (const { status, body } of [...attempts, await api.extendHold(id, 60)]) {
    expect({ status, code: body.code, detail: body.detail }).toEqual({
      status: 400,
      code: 'hold_expired',
      detail: 'The hold has expired: its money is free again',
    })
    expect(body).toMatchObject({ hold_id: id, hold_status: 'expired' })
  }
  expect(await writtenOf(id)).toBe('pending: placed')
  expect(await api.moneyOf(wallet)).toEqual({ balance: 10, locked: 0, available: 10 })
})

test('what was captured before stays captured; only the rest is free', async () => {
  const wallet = await walletWith('10')
  const hold = await api.held(wallet, '10', { expires_in_seconds: 3 })
  const captured = await api.capture(hold.hold_id, { amount: '4', final: false })
  expect(captured.status, captured.text).toBe(200)
  await api.untilExpired(hold.hold_id)
  expect(await api.holdOf(hold.hold_id)).toMatchObject({
    status: 'expired',
    captured_amount: '4',
    remaining_amount: '0',
    updated_at: hold.expires_at,
  })
  expect(await api.moneyOf(wallet)).toEqual({ balance: 6, locked: 0, available: 6 })
})

test('others that have not expired go on counting, in reads and in writes', async () => {
  const wallet = await walletWith('10')
  const brief = await api.held(wallet, '3', { expires_in_seconds: 1 })
  const long = await api.held(wallet, '5', { expires_in_seconds: 3600 })
  await api.untilExpired(brief.hold_id)
  expect(await api.moneyOf(wallet)).toEqual({ balance: 10, locked: 5, available: 5 })
  expect((await api.consume(wallet, '5.1')).body).toMatchObject({ code: 'insufficient_balance', available: '5' })
  expect((await api.consume(wallet, '1')).body.data.remaining_balance).toBe(4)
  // The wallet as stored has been brought up to date by that: the same holds must not be taken off twice.
  expect(await api.moneyOf(wallet)).toEqual({ balance: 9, locked: 5, available: 4 })
  expect((await api.capture(long.hold_id)).body.balance).toBe('4')
  expect(await api.moneyOf(wallet)).toEqual({ balance: 4, locked: 0, available: 4 })
})

test('an extension in time keeps it; a shortened one expires when it says', async () => {
  const wallet = await walletWith('10')
  const longer = await api.held(wallet, '3', { expires_in_seconds: 3 })
  const shorter = await api.held(wallet, '4', { expires_in_seconds: 3600 })
  expect((await api.extendHold(longer.hold_id, 3600)).status).toBe(200)
  expect((await api.extendHold(shorter.hold_id, 3)).status).toBe(200)
  await api.untilExpired(shorter.hold_id)
  expect(await api.holdOf(longer.hold_id)).toMatchObject({ status: 'pending', remaining_amount: '3' })
  expect(await api.moneyOf(wallet)).toEqual({ balance: 10, locked: 3, available: 7 })
  expect((await api.consume(wallet, '7')).body.balance).toBe('3')
})

test('a wallet whose holds have all expired can be emptied and closed; the hold stays readable', async () => {
  const wallet = await walletWith('10')
  const { hold_id: id } = await expiredHold(wallet, '10')
  await api.consume(wallet, 10)
  expect((await close(wallet)).body.data.wallet).toMatchObject({ status: 'closed', locked_balance: '0' })
  expect(await api.holdOf(id)).toMatchObject({ status: 'expired', remaining_amount: '0' })
  const attempts = [await api.capture(id), await api.voidHold(id), await api.extendHold(id, 60)]
  expect(attempts.map(({ body }) => body.code)).toEqual(['hold_expired', 'hold_expired', 'hold_expired'])
})

test('an instant before it expired still knows it locked, whatever has moved since', async () => {
  const wallet = await walletWith('10')
  const hold = await expiredHold(wallet, '10')
  await api.consume(wallet, 10)
  const figures = async (at: string): Promise<string> => Object.values(await api.moneyOf(wallet, at)).join(' ')
  expect(await figures(justBefore(hold.created_at))).toBe('10 0 10')
  expect(await figures(hold.created_at)).toBe('10 10 0')
  expect(await figures(justBefore(hold.expires_at))).toBe('10 10 0')
  expect(await figures(hold.expires_at)).toBe('10 0 10')
})

test('of an instant to come nobody knows what will have expired: it is as now', async () => {
  const wallet = await walletWith('10')
  await api.held(wallet, '4', { expires_in_seconds: 60 })
  expect(await api.moneyOf(wallet, '2999-01-01')).toEqual({ balance: 10, locked: 4, available: 6 })
})

test('a process with a worker writes it down once, as of when it expired, and nothing that callers see changes', async () => {
  const wallet = await walletWith('10')
  const hold = await expiredHold(wallet, '10')
  const [asRead, before] = [await api.holdOf(hold.hold_id), await api.moneyOf(wallet, hold.created_at)]
  const worker = await startService({ DATABASE_URL: one.databaseUrl, HOLD_EXPIRY_INTERVAL_MS: '20' })
  await expect.poll(() => writtenOf(hold.hold_id), { timeout: DEADLINE_MS }).toBe('expired: placed, expired')
  expect(await worker.stop()).toBe(0)
  expect(await api.holdOf(hold.hold_id)).toEqual(asRead)
  expect(await api.moneyOf(wallet)).toEqual({ balance: 10, locked: 0, available: 10 })
  expect(await api.moneyOf(wallet, hold.created_at)).toEqual(before)
  expect(await api.moneyOf(wallet, hold.expires_at)).toEqual({ balance: 10, locked: 0, available: 10 })
  expect((await api.voidHold(hold.hold_id)).body.code).toBe('hold_expired')
})
