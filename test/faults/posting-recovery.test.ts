// The database's connections die under load, again and again, or just when a COMMIT is on its way. Callers retry with the same
// key until they get an answer, and every acknowledged payment, and everything that happened to a hold, is there exactly once.
import { setTimeout as delay } from 'node:timers/promises'
import { uuidv7 } from 'uuidv7'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { PipelineConnection } from '../../src/db/pipeline.ts'
import type { PipelineStatement, StatementAnswer } from '../../src/db/trip.ts'
import type { HoldCommand } from '../../src/domain/command.ts'
import type { HoldId } from '../../src/domain/hold.ts'
import type { WalletId } from '../../src/domain/wallet.ts'
import { LedgerRepository } from '../../src/repositories/ledger-repository.ts'
import { PostingFlush } from '../../src/services/posting-flush.ts'
import { PostingQueue } from '../../src/services/posting-queue.ts'
import type { Answer, Api } from '../support/api.ts'
import { RETRYABLE, whileConnectionsDie } from '../support/dying-connections.ts'
import { aCapture, anExpiry, anExtension, aPlacement, aVoid } from '../support/hold-factories.ts'
import { transactionIdOf } from '../support/ledger-commands.ts'
import { openWallet } from '../support/sample-ledger.ts'
import { queryDatabase } from '../support/sql.ts'
import { startTwoServices, type TwoServices } from '../support/two-services.ts'

const WRITERS = 16
const PAYMENTS = 60
const HOLDS = 15

let two: TwoServices

beforeAll(async () => {
  // Without the services' own expiry: it would now and then write down the expiry whose COMMIT is lost here.
  two = await startTwoServices({ HOLD_EXPIRY_INTERVAL_MS: '0' })
})
afterAll(async () => {
  await two.stop()
})

/** Runs all writers while the connections of the service are killed. */
const runWriters = <Result>(writer: (index: number) => Promise<Result>): Promise<Result[]> =>
  whileConnectionsDie(two.databaseUrl, () => Promise.all(Array.from({ length: WRITERS }, (_, index) => writer(index))))

test('connections are killed under 16 writers: no 500, nothing lost, nothing doubled', async () => {
  const wallet = await two.apis[0].openWallet({ user_id: 'killed' })
  const pay = async (writer: number, payment: number): Promise<string> => {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await two.any(writer + attempt).deposit(wallet, 1, `payment-${writer}-${payment}`)
      if (answer.status === 200) return answer.body.transaction_id
      expect(RETRYABLE, answer.text).toContain(answer.body.code)
      expect(attempt).toBeLessThan(100)
      await delay(20)
    }
  }
  const writer = async (index: number): Promise<string[]> => {
    const acknowledged: string[] = []
    for (let payment = 0; payment < PAYMENTS; payment += 1) acknowledged.push(await pay(index, payment))
    return acknowledged
  }
  const acknowledged = (await runWriters(writer)).flat()

  const rows = await queryDatabase<{ transaction_id: string }>(
    two.databaseUrl,
    'SELECT transaction_id FROM wallet_transactions WHERE wallet_id = $1',
    [wallet],
  )
  expect(rows.map((row) => row.transaction_id).toSorted()).toEqual(acknowledged.toSorted())
  expect(rows).toHaveLength(WRITERS * PAYMENTS)
  await two.audit()
})

test('connections are killed under holds that are placed, captured and voided: every step is there once', async () => {
  const wallet = await two.apis[0].openWallet({ user_id: 'killed holds', initial_balance: 1000 })
  const settled = async (call: (api: Api) => Promise<Answer>): Promise<Answer> => {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await call(two.any(attempt))
      if (answer.status < 300) return answer
      expect(RETRYABLE, answer.text).toContain(answer.body.code)
      expect(attempt).toBeLessThan(100)
      await delay(20)
    }
  }
  const writer = async (index: number): Promise<void> => {
    for (let round = 0; round < HOLDS; round += 1) {
      const key = `${index}-${round}`
      const { hold_id } = (await settled((api) => api.placeHold(wallet, 5, {}, `place-${key}`))).body.data.hold
      await settled((api) => api.capture(hold_id, { amount: 1, final: false }, `capture-${key}`))
      const { body } = await settled((api) => api.voidHold(hold_id, `void-${key}`))
      expect(body.data.hold).toMatchObject({ status: 'voided', captured_amount: '1' })
    }
  }
  await runWriters(writer)

  const steps = await queryDatabase(
    two.databaseUrl,
    `SELECT event_type, count(*)::int AS events, count(DISTINCT hold_id)::int AS holds FROM hold_events
     WHERE wallet_id = $1 GROUP BY event_type ORDER BY event_type`,
    [wallet],
  )
  const each = { events: WRITERS * HOLDS, holds: WRITERS * HOLDS }
  expect(steps).toEqual(['captured', 'placed', 'voided'].map((event_type) => ({ event_type, ...each })))
  const left = 1000 - WRITERS * HOLDS
  expect(await two.apis[1].moneyOf(wallet)).toEqual({ balance: left, locked: 0, available: left })
  await two.audit()
})

/** Loses its connection at the next COMMIT, before or after the server has carried it out. */
class LosingConnection extends PipelineConnection {
  loses: 'nothing' | 'the COMMIT' | 'its answer' = 'nothing'
  /** What others do before anybody notices. */
  meanwhile: () => Promise<unknown> = async () => undefined
  commits = 0

  override async send(statements: readonly PipelineStatement[]): Promise<readonly StatementAnswer[]> {
    const { loses } = this
    const isSettling = statements.some(({ name }) => name === 'find_written')
    if (statements.at(-1)?.text !== 'COMMIT' || isSettling) return super.send(statements)
    this.commits += 1
    if (loses === 'nothing') return super.send(statements)
    this.loses = 'nothing'
    await super.send(loses === 'its answer' ? statements : statements.slice(0, -1))
    await this.close()
    await this.meanwhile()
    throw new Error('Connection terminated unexpectedly')
  }
}

describe('a command about a hold whose COMMIT goes unanswered', () => {
  let connection: LosingConnection
  let queue: PostingQueue
  let walletId: WalletId
  let holdId: HoldId

  beforeAll(() => {
    connection = new LosingConnection({ databaseUrl: two.databaseUrl, onConnectionError: () => undefined })
    const flush = new PostingFlush({ ledger: new LedgerRepository(connection), log: () => undefined })
    queue = new PostingQueue({ flushes: [flush], maxWaiting: 10, maxFlushSize: 10 })
  })
  afterAll(async () => {
    await connection.close()
    await two.audit()
  })
  beforeEach(async () => {
    connection.meanwhile = async () => undefined
    holdId = uuidv7() as HoldId
    walletId = (await openWallet(queue, { with: '100' })).walletId
  })

  /** A hold of 10 for an hour, or for so many microseconds. */
  const place = (lifetime = 3_600_000_000n): Promise<unknown> =>
    queue.post(aPlacement('10', { walletId, holdId, lifetime }))
  const eventsOf = async (): Promise<readonly string[]> => {
    const rows = await queryDatabase<{ event_type: string }>(
      two.databaseUrl,
      'SELECT event_type FROM hold_events WHERE wallet_id = $1 ORDER BY sequence',
      [walletId],
    )
    return rows.map((row) => row.event_type)
  }

  const COMMANDS: readonly (readonly [event: string, command: () => HoldCommand])[] = [
    ['placed', () => aPlacement('1', { walletId, holdId: uuidv7() as HoldId })],
    ['captured', () => aCapture('4', { walletId, holdId, transactionId: transactionIdOf(uuidv7()) })],
    ['extended', () => anExtension(60n, { walletId, holdId })],
    ['voided', () => aVoid({ walletId, holdId })],
    ['expired', () => ({ ...anExpiry, walletId })],
  ]

  test.each(
    COMMANDS.flatMap(([event, command]) => [
      { event, command, loses: 'its answer', commits: 1 } as const,
      { event, command, loses: 'the COMMIT', commits: 2 } as const,
    ]),
  )('$event, $loses is lost: written once, by commit $commits', async ({ event, command, loses, commits }) => {
    await place(event === 'expired' ? 1000n : undefined)
    await delay(2)
    Object.assign(connection, { loses, commits: 0 })
    const posting = await queue.post(command())
    expect(posting).toMatchObject({ kind: 'held', events: [{ eventType: event, sequence: 2 }] })
    expect(connection.commits).toBe(commits)
    expect(await eventsOf()).toEqual(['placed', event])
  })

  test('it was written, and somebody else has gone on from there: it stays written', async () => {
    await place()
    Object.assign(connection, { loses: 'its answer', commits: 0, meanwhile: () => two.apis[1].voidHold(holdId) })
    const captured = aCapture('4', { walletId, holdId, final: false, transactionId: transactionIdOf(uuidv7()) })
    expect(await queue.post(captured)).toMatchObject({ kind: 'held', holds: [{ status: 'pending' }] })
    expect(await eventsOf()).toEqual(['placed', 'captured', 'voided'])
  })

  test('it was not written, and somebody else has written the next event: it is decided anew', async () => {
    await place()
    Object.assign(connection, { loses: 'the COMMIT', commits: 0, meanwhile: () => two.apis[1].voidHold(holdId) })
    await expect(queue.post(aVoid({ walletId, holdId }))).rejects.toMatchObject({ code: 'hold_not_pending' })
    expect(await eventsOf()).toEqual(['placed', 'voided'])
  })
})
