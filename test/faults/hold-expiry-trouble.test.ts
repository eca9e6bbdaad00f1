// What writes down expired holds meets a wallet that somebody else has locked: the expiries of other wallets are written all the
// same, however much there is to do in the locked one, and no caller's flush ever waits for it.
import { uuidv7 } from 'uuidv7'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { HoldId } from '../../src/domain/hold.ts'
import { EXPIRY_ROUND } from '../../src/services/hold-expiry-service.ts'
import { aPlacement } from '../support/hold-factories.ts'
import { walletIdOf } from '../support/ledger-commands.ts'
import { openQueue, openWallet } from '../support/sample-ledger.ts'
import { closeFaultless, type OneService, startOneService } from '../support/service.ts'
import { lockFromOutside, queryDatabase } from '../support/sql.ts'

let one: OneService

beforeAll(async () => {
  one = await startOneService({ HOLD_EXPIRY_INTERVAL_MS: '50' })
})
afterAll(() => closeFaultless(one))

const pendingIn = async (walletId: string): Promise<number> => {
  const text = `SELECT count(*)::int AS count FROM holds WHERE wallet_id = $1 AND status = 'pending'`
  const [row] = await queryDatabase<{ count: number }>(one.databaseUrl, text, [walletId])
  return row?.count ?? -1
}

test('a locked wallet with more than a round to write down stands in nobody’s way', async () => {
  const { queue, close } = openQueue(one.databaseUrl)
  const [locked, other] = [await openWallet(queue, { with: '1000' }), await openWallet(queue, { with: '10' })]
  const place = (walletId: typeof locked.walletId, lifetime: bigint) =>
    queue.post(aPlacement('1', { walletId, holdId: uuidv7() as HoldId, lifetime }))
  // Placed and due at once; the lock is taken before a worker has come by.
  const many = 2 * EXPIRY_ROUND
  await Promise.all(Array.from({ length: many }, () => place(locked.walletId, 4_000_000n)))
  const release = await lockFromOutside(one.databaseUrl, 'SELECT FROM wallets WHERE wallet_id = $1 FOR UPDATE', [
    locked.walletId,
  ])
  await place(other.walletId, 4_500_000n)

  await expect.poll(() => pendingIn(other.walletId), { timeout: 30_000 }).toBe(0)
  expect(await pendingIn(locked.walletId)).toBe(many)
  expect((await one.api.deposit(other.walletId, 1)).body.balance).toBe('11')
  // The worker waited for the wallet, and said so; a flush of callers would have said so too.
  const failed = one.service.log.filter((line) => line.includes('A posting flush failed'))
  expect(failed.filter((line) => !line.includes('"queue":"expiry, patient"'))).toEqual([])
  expect(failed).not.toEqual([])

  await release()
  await expect.poll(() => pendingIn(locked.walletId), { timeout: 30_000 }).toBe(0)
  await close()
})

test('a wallet in which money moves all the time has its expiries written down too', async () => {
  const wallet = await one.api.openWallet({ user_id: 'in use', initial_balance: '100000' })
  const { queue, close } = openQueue(one.databaseUrl)
  const place = () =>
    queue.post(aPlacement('1', { walletId: walletIdOf(wallet), holdId: uuidv7() as HoldId, lifetime: 2_000_000n }))
  await Promise.all(Array.from({ length: 3 * EXPIRY_ROUND }, place))
  await close()
  let isOver = false
  const use = async (): Promise<void> => {
    while (!isOver) await one.api.consume(wallet, '0.01')
  }
  const callers = Array.from({ length: 16 }, use)
  await expect.poll(() => pendingIn(wallet), { timeout: 30_000 }).toBe(0)
  isOver = true
  await Promise.all(callers)
})
