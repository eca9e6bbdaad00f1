// Movements decided without a lock: in one round trip where the connection knows the wallets, never on what is not so any more,
// and by the way of locks wherever a guess cannot tell.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { PipelineConnection } from '../../src/db/pipeline.ts'
import type { PipelineStatement, StatementAnswer } from '../../src/db/trip.ts'
import type { WalletId } from '../../src/domain/wallet.ts'
import { LedgerRepository } from '../../src/repositories/ledger-repository.ts'
import { auditDatabase } from '../../src/services/audit-service.ts'
import { PostingFlush } from '../../src/services/posting-flush.ts'
import { PostingQueue } from '../../src/services/posting-queue.ts'
import { aPlacement, holdId } from '../support/hold-factories.ts'
import { movementCommand, transferCommand } from '../support/ledger-commands.ts'
import { amount } from '../support/ledger-factories.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { openQueue, openWallet, storedBalance, type TestQueue } from '../support/sample-ledger.ts'

/** Notes the names of the statements of every trip. */
class WatchedConnection extends PipelineConnection {
  readonly trips: string[][] = []

  override async send(statements: readonly PipelineStatement[]): Promise<readonly StatementAnswer[]> {
    this.trips.push(statements.map(({ name = '' }) => name))
    return super.send(statements)
  }
}

const GUESSED = ['begin', 'update_unchanged_balances', 'insert_plain_transactions', 'commit']

let database: TestDatabase
let connection: WatchedConnection
let queue: PostingQueue
/** Whoever else writes: another process, as far as the first one can tell. */
let others: TestQueue
let wallet: WalletId

beforeAll(async () => {
  database = await createTestDatabase()
  others = openQueue(database.url)
})
afterAll(async () => {
  await others.close()
  const report = await auditDatabase({ databaseUrl: database.url })
  await database.drop()
  expect(report.checks.flatMap(({ findings }) => findings)).toEqual([])
})
beforeEach(async () => {
  await connection?.close()
  connection = new WatchedConnection({ databaseUrl: database.url, onConnectionError: () => undefined })
  const flush = new PostingFlush({ ledger: new LedgerRepository(connection), log: () => undefined })
  queue = new PostingQueue({ flushes: [flush], maxWaiting: 100, maxFlushSize: 100 })
  wallet = (await openWallet(others.queue, { with: '100' })).walletId
  return () => connection.close()
})

const consume = (value: string, key?: string) =>
  movementCommand('consume', { walletId: wallet, key }, { amount: amount(value) })
const moneyOf = (of: WalletId): Promise<string | undefined> => storedBalance(database.url, of)
/** The trips of one posting. */
async function tripsOf(posting: () => Promise<unknown>): Promise<string[][]> {
  connection.trips.length = 0
  await posting()
  return [...connection.trips]
}

test('a wallet is looked at once; after that a movement takes one trip', async () => {
  expect(await tripsOf(() => queue.post(consume('1')))).toEqual([['read_wallet_versions', 'read_clock'], GUESSED])
  expect(await tripsOf(() => queue.post(consume('1', 'key')))).toEqual([GUESSED])
  expect(await tripsOf(() => queue.post(consume('1')))).toEqual([GUESSED])
  expect(await moneyOf(wallet)).toBe('97')
})

test('what others have written since is found, and decided on', async () => {
  await queue.post(consume('60'))
  await others.queue.post(consume('30'))

  await expect(queue.post(consume('20'))).rejects.toMatchObject({
    code: 'insufficient_balance',
    context: { available: '10', required: '20' },
  })
  const trips = await tripsOf(() => queue.post(consume('10')))
  expect(trips.flat()).toContain('commit')
  expect(await moneyOf(wallet)).toBe('0')
})

test('money that others have brought since is spent, although the guess had none', async () => {
  await queue.post(consume('100'))
  await others.queue.post(movementCommand('deposit', { walletId: wallet, key: undefined }, { amount: amount('5') }))

  await queue.post(consume('5'))
  expect(await moneyOf(wallet)).toBe('0')
})

test('a wallet that others have frozen since moves nothing', async () => {
  await queue.post(consume('1'))
  await others.queue.post({ kind: 'freeze', walletId: wallet, reason: 'checked' })

  await expect(queue.post(consume('1'))).rejects.toMatchObject({ code: 'wallet_frozen' })
  expect(await moneyOf(wallet)).toBe('99')
})

test('a key that others have used is answered as theirs, or refused', async () => {
  await queue.post(consume('1'))
  await others.queue.post(consume('2', 'shared'))
  await queue.post(consume('1'))

  expect(await queue.post(consume('2', 'shared'))).toMatchObject({ kind: 'replayed' })
  await expect(queue.post(consume('3', 'shared'))).rejects.toMatchObject({ code: 'idempotency_key_reused' })
  expect(await moneyOf(wallet)).toBe('96')
})

test('after a guess that was wrong the next flush goes without, and the one after it looks anew', async () => {
  await queue.post(consume('1'))
  const ways: string[] = []
  for (let round = 0; round < 6; round += 1) {
    await others.queue.post(consume('1'))
    const names = (await tripsOf(() => queue.post(consume('1')))).flat()
    ways.push(['update_unchanged_balances', 'lock_wallets'].filter((name) => names.includes(name)).join(', '))
  }
  const [wrong, rest, right] = ['update_unchanged_balances, lock_wallets', 'lock_wallets', 'update_unchanged_balances']
  expect(ways).toEqual([wrong, rest, right, wrong, rest, right])
})

test('wallets that ever had a hold are locked: time changes them, and their keys are in two places', async () => {
  const place = { ...aPlacement('10', { walletId: wallet, holdId: holdId(1) }) }
  await others.queue.post(place)
  const trips = await tripsOf(() => queue.post(consume('1')))

  expect(trips.flat()).toContain('lock_wallets')
  expect(trips.flat()).not.toContain('update_unchanged_balances')
  expect(await tripsOf(() => queue.post(consume('1')))).toHaveLength(2)
})

test('both legs of a transfer are confirmed', async () => {
  const target = (await openWallet(others.queue, { with: '1' })).walletId
  const transfer = (value: string) =>
    transferCommand({ walletId: wallet, key: undefined }, { toWalletId: target, amount: amount(value) })
  await queue.post(transfer('10'))
  expect(await tripsOf(() => queue.post(transfer('10')))).toHaveLength(1)
  await others.queue.post(movementCommand('consume', { walletId: target, key: undefined }, { amount: amount('21') }))

  await queue.post(transfer('10'))
  expect([await moneyOf(wallet), await moneyOf(target)]).toEqual(['70', '10'])
})
