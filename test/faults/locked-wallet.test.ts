// Somebody outside the service holds a wallet's row, or a user's lock: its callers are told after the lock timeout, and
// everybody else is served.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Answer } from '../support/api.ts'
import { lockFromOutside } from '../support/sql.ts'
import { startTwoServices, type TwoServices } from '../support/two-services.ts'

let two: TwoServices

beforeAll(async () => {
  two = await startTwoServices()
})
afterAll(async () => {
  await two.audit()
  await two.stop()
})

test('a wallet locked from outside is wallet_busy; in the same flush, another wallet is not', async () => {
  const [api] = two.apis
  const [locked, free] = [await api.openWallet({ user_id: 'locked' }), await api.openWallet({ user_id: 'free' })]
  const release = await lockFromOutside(two.databaseUrl, 'SELECT FROM wallets WHERE wallet_id = $1 FOR UPDATE', [
    locked,
  ])

  // The first one occupies the lane; the others meet in the flush after it.
  const answers = await Promise.all([
    api.deposit(locked, 1, 'first'),
    api.deposit(free, 1),
    api.deposit(locked, 2, 'second'),
    api.transfer(free, locked, 1),
    api.deposit(free, 2),
  ])
  expect(answers.map(({ status, body }) => (status === 200 ? 200 : body.code))).toEqual([
    'wallet_busy',
    200,
    'wallet_busy',
    'wallet_busy',
    200,
  ])
  expect(answers[0].headers.get('retry-after')).toBe('1')
  expect(await api.balanceOf(free)).toBe('3')

  await release()
  expect((await api.deposit(locked, 1, 'first')).body.balance).toBe('1')
})

test('a user locked from outside is wallet_busy for creations; in the same flush, a wallet is not', async () => {
  const [api] = two.apis
  const free = await api.openWallet({ user_id: 'free user' })
  const release = await lockFromOutside(
    two.databaseUrl,
    "SELECT pg_advisory_xact_lock(hashtextextended('locked user', 8208))",
  )

  const open = (user_id: string): Promise<Answer> => api.post('/api/v1/wallets', { user_id }, 'opening')
  // The first one occupies the lane; the others meet in the flush after it.
  const answers = await Promise.all([
    open('locked user'),
    open('locked user'),
    open('other user'),
    api.deposit(free, 1),
  ])
  expect(answers.map(({ status, body }) => (status === 200 ? 200 : body.code))).toEqual([
    'wallet_busy',
    'wallet_busy',
    200,
    200,
  ])

  await release()
  expect((await open('locked user')).status).toBe(200)
})
