// A movement decided without a lock whose connection is lost before the server has begun: there is no lock to wait for, so it
// must be kept from being carried out later, when its callers have been told that nothing was. And a look that fails.
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { PipelineConnection } from '../../src/db/pipeline.ts'
import type { PipelineStatement, StatementAnswer } from '../../src/db/trip.ts'
import { AppError } from '../../src/domain/errors.ts'
import type { WalletId } from '../../src/domain/wallet.ts'
import { LedgerRepository } from '../../src/repositories/ledger-repository.ts'
import { PostingFlush } from '../../src/services/posting-flush.ts'
import { PostingQueue } from '../../src/services/posting-queue.ts'
import { movementCommand } from '../support/ledger-commands.ts'
import { amount } from '../support/ledger-factories.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { listenOnLoopback } from '../support/loopback.ts'
import { openQueue, openWallet, storedBalance, type TestQueue } from '../support/sample-ledger.ts'
import { openClient } from '../support/sql.ts'

let database: TestDatabase
let others: TestQueue
let walletId: WalletId

beforeAll(async () => {
  database = await createTestDatabase()
  others = openQueue(database.url)
})
afterAll(async () => {
  await others.close()
  await database.drop()
})
beforeEach(async () => {
  walletId = (await openWallet(others.queue, { with: '100' })).walletId
})

const consume = (value: string) => movementCommand('consume', { walletId, key: undefined }, { amount: amount(value) })
const balance = (): Promise<string | undefined> => storedBalance(database.url, walletId)
const queueOver = (connection: PipelineConnection): PostingQueue =>
  new PostingQueue({
    flushes: [new PostingFlush({ ledger: new LedgerRepository(connection), log: () => undefined })],
    maxWaiting: 100,
    maxFlushSize: 100,
  })

/** In front of the database. `cut` ends every connection on this side; what has been sent stays in the server's socket. */
async function startProxy() {
  const target = new URL(database.url)
  const pairs = new Set<readonly [Socket, Socket]>()
  let isOpen = true
  const server = createServer((client) => {
    if (!isOpen) return void client.destroy()
    const upstream = connect(Number(target.port), target.hostname)
    for (const socket of [client, upstream]) socket.on('error', () => undefined)
    pairs.add([client, upstream])
    client.pipe(upstream)
    upstream.pipe(client)
  })
  const url = new URL(database.url)
  url.host = `127.0.0.1:${await listenOnLoopback(server)}`
  return {
    url: url.href,
    cut: (options: { readonly forGood: boolean }) => {
      isOpen = !options.forGood
      for (const [client, upstream] of pairs) {
        client.destroy()
        upstream.end()
      }
      pairs.clear()
    },
    stop: () => server.close(),
  }
}

/** Says when a flush has just been settled. */
class SettlingConnection extends PipelineConnection {
  afterSettling: (() => Promise<void>) | null = null

  override async send(statements: readonly PipelineStatement[]): Promise<readonly StatementAnswer[]> {
    const answers = await super.send(statements)
    const then = this.afterSettling
    if (then === null || !statements.some(({ name }) => name === 'find_written')) return answers
    this.afterSettling = null
    await then()
    return answers
  }
}

test.each(['the way to the database is gone after that', 'the server goes on after that'] as const)(
  'a lost movement that was settled as not written is not written later: %s',
  async (what) => {
    const proxy = await startProxy()
    const connection = new SettlingConnection({ databaseUrl: proxy.url, onConnectionError: () => undefined })
    const queue = queueOver(connection)
    await queue.post(consume('1'))
    const [backend] = await connection.send([{ text: 'SELECT pg_backend_pid()::text AS pid' }])
    const [{ pid } = { pid: '0' }] = (backend?.rows ?? []) as { pid: string }[]
    process.kill(Number(pid), 'SIGSTOP')
    const posting = queue.post(consume('60')).then(
      ({ kind }) => kind,
      (error: unknown) => (error instanceof AppError ? error.code : String(error)),
    )
    await delay(50)
    connection.afterSettling = async () => {
      if (what.startsWith('the way')) return proxy.cut({ forGood: true })
      process.kill(Number(pid), 'SIGCONT')
      await delay(300)
    }
    proxy.cut({ forGood: false })
    const answer = await posting
    const told = await balance()
    if (what.startsWith('the way')) process.kill(Number(pid), 'SIGCONT')
    await delay(300)
    await connection.close()
    proxy.stop()

    expect(answer).toBe(what.startsWith('the way') ? 'database_unavailable' : 'posted')
    expect(told).toBe(answer === 'posted' ? '39' : '99')
    expect(await balance()).toBe(told)
  },
)

test('behind a pooler, a look that is cancelled leaves nothing open: the next posting works', async () => {
  const connection = new PipelineConnection({
    databaseUrl: database.url,
    onConnectionError: () => undefined,
    pooler: 'transaction',
  })
  const queue = queueOver(connection)
  await connection.open()
  const locker = await openClient(database.url)
  await locker.query('BEGIN; LOCK TABLE wallets IN ACCESS EXCLUSIVE MODE')
  const first = queue.post(consume('1')).catch((error: unknown) => error)
  const waiting = `FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`
  await expect.poll(async () => (await locker.query(`SELECT pg_cancel_backend(pid) ${waiting}`)).rowCount).toBe(1)
  await locker.query('ROLLBACK')
  await locker.end()
  await first

  expect(await queue.post(consume('1'))).toMatchObject({ kind: 'posted' })
  await connection.close()
})
