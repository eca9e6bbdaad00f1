// Somebody outside the service holds a wallet's row, or a user's lock: its callers are told after the lock timeout, and
// everybody else is served.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PipelineConnection } from '../../src/db/pipeline.ts'
import { sqlstateOf } from '../../src/db/sqlstate.ts'
import type { PipelineStatement, StatementAnswer } from '../../src/db/trip.ts'
import { LedgerRepository } from '../../src/repositories/ledger-repository.ts'
import { PostingFlush } from '../../src/services/posting-flush.ts'
import type { Answer } from '../support/api.ts'
import { movementCommand, walletIdOf } from '../support/ledger-commands.ts'
import { amount } from '../support/ledger-factories.ts'
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

/** Counts how often it waited for a lock in vain. */
class WaitingConnection extends PipelineConnection {
  waits = 0

  override async send(statements: readonly PipelineStatement[]): Promise<readonly StatementAnswer[]> {
    try {
      return await super.send(statements)
    } catch (error) {
      if (sqlstateOf(error) === '55P03') this.waits += 1
      throw error
    }
  }
}

test('commands that run alone, because one is bad, do not each wait for the locked wallet', async () => {
  const [api] = two.apis
  const [locked, free] = [await api.openWallet({ user_id: 'held' }), await api.openWallet({ user_id: 'not held' })]
  const text = 'SELECT FROM wallets WHERE wallet_id = $1 FOR UPDATE'
  const release = await lockFromOutside(two.databaseUrl, text, [locked])
  const connection = new WaitingConnection({ databaseUrl: two.databaseUrl, onConnectionError: () => undefined })
  const flush = new PostingFlush({ ledger: new LedgerRepository(connection), log: () => undefined })
  const deposit = (wallet: string, description?: string) =>
    movementCommand('deposit', { walletId: walletIdOf(wallet), key: undefined }, { amount: amount('1'), description })

  // Validation would have refused it: PostgreSQL cannot store U+0000.
  const results = await flush.run([deposit(free, '\0'), ...[1, 2, 3, 4].map(() => deposit(locked)), deposit(free)])
  await release()
  await connection.close()

  const told = results.map((result) => {
    if (result instanceof Error) return 'code' in result ? result.code : 'error'
    return result.kind === 'refused' ? result.error.code : result.kind
  })
  expect(told).toEqual(['error', 'wallet_busy', 'wallet_busy', 'wallet_busy', 'wallet_busy', 'posted'])
  expect(connection.waits).toBe(2)
})
