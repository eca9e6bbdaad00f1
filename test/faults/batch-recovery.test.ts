// Batches while the database's connections die, or while somebody else holds a wallet: each is settled by sending it again, and
// none is ever half there.
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PipelineConnection } from '../../src/db/pipeline.ts'
import { parseAmount } from '../../src/domain/money.ts'
import { LedgerRepository } from '../../src/repositories/ledger-repository.ts'
import { PostingFlush, type Result } from '../../src/services/posting-flush.ts'
import { PostingQueue } from '../../src/services/posting-queue.ts'
import type { Answer } from '../support/api.ts'
import { RETRYABLE, whileConnectionsDie } from '../support/dying-connections.ts'
import { movementCommand, walletIdOf } from '../support/ledger-commands.ts'
import { lockFromOutside, queryDatabase } from '../support/sql.ts'
import { startTwoServices, type TwoServices } from '../support/two-services.ts'

const WRITERS = 6
const BATCHES = 10
const SIZE = 40

let two: TwoServices

beforeAll(async () => {
  two = await startTwoServices()
})
afterAll(async () => {
  await two.stop()
})

/** Whether sending it again may settle it: as a whole, or what is open of it. */
function isOpen({ status, body }: Answer): boolean {
  const codes = status === 200 ? body.results.flatMap(({ code }) => code ?? []) : [body.code]
  for (const code of codes) expect(RETRYABLE).toContain(code)
  return codes.length > 0
}

test.each([{ atomic: false }, { atomic: true }])(
  'connections are killed under batches (atomic: $atomic): each operation happens once',
  async ({ atomic }) => {
    const wallets = await Promise.all(
      Array.from({ length: WRITERS }, (_, index) =>
        two.any(index).openWallet({ user_id: `killed-${atomic}-${index}`, initial_balance: 1000 }),
      ),
    )
    const write = async (writer: number, batch: number): Promise<void> => {
      const operations = Array.from({ length: SIZE }, (_, index) => ({
        operation: 'transfer',
        wallet_id: wallets[writer],
        to_wallet_id: wallets[(writer + 1 + (index % (WRITERS - 1))) % WRITERS],
        amount: 1,
        idempotency_key: `batch-${batch}-${index}`,
      }))
      for (let attempt = 0; ; attempt += 1) {
        if (!isOpen(await two.any(writer + attempt).batch(operations, { atomic }))) return
        expect(attempt).toBeLessThan(200)
        await delay(20)
      }
    }
    const writer = async (index: number): Promise<void> => {
      for (let batch = 0; batch < BATCHES; batch += 1) await write(index, batch)
    }
    await whileConnectionsDie(two.databaseUrl, () => Promise.all(wallets.map((_, index) => writer(index))))
    const rows = await queryDatabase<{ wallet_id: string; outgoing: string }>(
      two.databaseUrl,
      `SELECT wallet_id, count(*) FILTER (WHERE direction = 'out')::text AS outgoing FROM wallet_transactions
       WHERE wallet_id = ANY($1) GROUP BY wallet_id`,
      [wallets],
    )
    expect(rows.map(({ outgoing }) => Number(outgoing))).toEqual(wallets.map(() => BATCHES * SIZE))
    await two.audit()
  },
)

test('a wallet that somebody else holds fails an atomic batch as a whole, and of others only its own operations', async () => {
  const [held, free] = [
    await two.apis[0].openWallet({ user_id: 'held', initial_balance: 10 }),
    await two.apis[0].openWallet({ user_id: 'free', initial_balance: 10 }),
  ]
  const consume = (wallet: string) => ({ operation: 'consume', wallet_id: wallet, amount: 1 })
  const release = await lockFromOutside(two.databaseUrl, 'SELECT FROM wallets WHERE wallet_id = $1 FOR UPDATE', [held])
  try {
    // One after the other: at one time, each would find the free wallet locked by the other, which waits for the held one.
    const together = await two.apis[0].batch([consume(free), consume(held)], { atomic: true })
    const each = await two.apis[1].batch([consume(free), consume(held), consume(free)])
    expect(together.status).toBe(503)
    expect(together.body).toMatchObject({ code: 'wallet_busy', retryable: true })
    expect(each.body.results.map(({ code, status }) => code ?? status)).toEqual([200, 'wallet_busy', 200])
  } finally {
    await release()
  }
  expect(await two.apis[0].balanceOf(free)).toBe('8')
  expect(await two.apis[0].balanceOf(held)).toBe('10')
})

test('a command that the database refuses fails with its own group; other groups and commands of the flush are written', async () => {
  const wallet = await two.apis[0].openWallet({ user_id: 'refused by the database', initial_balance: 1 })
  const connection = new PipelineConnection({ databaseUrl: two.databaseUrl, onConnectionError: () => undefined })
  const flush = new PostingFlush({ ledger: new LedgerRepository(connection), log: () => undefined })
  const queue = new PostingQueue({ flushes: [flush], maxWaiting: 10, maxFlushSize: 10 })
  const amount = parseAmount('1')
  if (typeof amount === 'string') throw new Error(amount)
  const deposit = (description = 'fine') =>
    movementCommand('deposit', { walletId: walletIdOf(wallet), key: undefined }, { amount, description })
  // Validation would have refused it: PostgreSQL cannot store U+0000.
  const bad = deposit('\0')
  const kindOf = (result: Result): string => (result instanceof Error ? 'error' : result.kind)
  try {
    const [good, mixed, single, each] = await Promise.all([
      queue.postTogether([deposit(), deposit()]),
      queue.postTogether([deposit(), bad, deposit()]),
      queue.post(deposit()),
      queue.postEach([deposit(), bad, deposit()]),
    ])
    expect(good.map(kindOf)).toEqual(['posted', 'posted'])
    expect(mixed.map(kindOf)).toEqual(['error', 'error', 'error'])
    expect(single.kind).toBe('posted')
    expect(each.map(kindOf)).toEqual(['posted', 'error', 'posted'])
    expect(queue.figures()).toMatchObject({ waiting: 0, flushes: 1, commands: 9 })
  } finally {
    await connection.close()
  }
  expect(await two.apis[0].balanceOf(wallet)).toBe('6')
  await two.audit()
})
