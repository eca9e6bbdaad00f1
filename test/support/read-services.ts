// The reading side over a test database: repositories and services on a pool of their own, what they sent to the database,
// and a ledger with a random history to compare them with.
import * as fc from 'fast-check'
import { createPool, createReadDatabase, type ReadDatabase } from '../../src/db/pool.ts'
import type { Transaction } from '../../src/domain/transaction.ts'
import type { Wallet } from '../../src/domain/wallet.ts'
import { HistoryRepository } from '../../src/repositories/history-repository.ts'
import { HoldRepository } from '../../src/repositories/hold-repository.ts'
import { transactionOf } from '../../src/repositories/read-rows.ts'
import { OwnershipRepository } from '../../src/repositories/ownership-repository.ts'
import { StatisticsRepository } from '../../src/repositories/statistics-repository.ts'
import { WalletRepository } from '../../src/repositories/wallet-repository.ts'
import { HistoryService } from '../../src/services/history-service.ts'
import type { PostingQueue } from '../../src/services/posting-queue.ts'
import { StatisticsService } from '../../src/services/statistics-service.ts'
import { createTestDatabase, type TestDatabase } from './postgres.ts'
import { consume, deposit, openQueue, openWallet, refund, reward, transfer, withdraw } from './sample-ledger.ts'

/** A statement as it went to the database. */
export interface SentStatement {
  readonly sql: string
  readonly parameters: readonly unknown[]
}

/** Everything that reads, on one database. Close it before the database is dropped. */
export interface ReadServices {
  readonly db: ReadDatabase
  readonly wallets: WalletRepository
  readonly history: HistoryRepository
  readonly holds: HoldRepository
  readonly statistics: StatisticsRepository
  readonly ownership: OwnershipRepository
  readonly historyService: HistoryService
  readonly statisticsService: StatisticsService
  /** Every statement since the start, or since somebody emptied the list. */
  readonly sent: SentStatement[]
  close(): Promise<void>
}

/** Opens the reading side. */
export function openReads(databaseUrl: string): ReadServices {
  const sent: SentStatement[] = []
  const pool = createPool({ databaseUrl, max: 4, onConnectionError: () => undefined })
  // Kysely's own log would need another way to make the database than the service has; the pool's clients see it all.
  pool.on('connect', (client) => {
    const original = client.query.bind(client)
    Reflect.set(client, 'query', (statement: unknown, parameters: unknown, ...rest: unknown[]) => {
      if (typeof statement === 'string')
        sent.push({ sql: statement, parameters: Array.isArray(parameters) ? parameters : [] })
      return Reflect.apply(original, client, [statement, parameters, ...rest])
    })
  })
  const db = createReadDatabase(pool)
  const wallets = new WalletRepository(db)
  const history = new HistoryRepository(db)
  const statistics = new StatisticsRepository(db)
  return {
    db,
    wallets,
    history,
    holds: new HoldRepository(db),
    statistics,
    ownership: new OwnershipRepository(db),
    historyService: new HistoryService({ wallets, history }),
    statisticsService: new StatisticsService({ statistics }),
    sent,
    close: () => db.destroy(),
  }
}

/** A database of its own with both sides on it: a queue that posts and everything that reads. */
export interface TestLedger {
  readonly databaseUrl: string
  readonly queue: PostingQueue
  readonly reads: ReadServices
  close(): Promise<void>
}

/** Opens both, on a fresh database unless the caller has one that nobody is connected to; closing drops it. */
export async function openLedger(
  options: Parameters<typeof openQueue>[1] & { readonly database?: TestDatabase } = {},
): Promise<TestLedger> {
  const database = options.database ?? (await createTestDatabase())
  const postings = openQueue(database.url, options)
  const reads = openReads(database.url)
  const close = async (): Promise<void> => {
    await postings.close()
    await reads.close()
    await database.drop()
  }
  return { databaseUrl: database.url, queue: postings.queue, reads, close }
}

/** A ledger with a random history in it. */
export interface RandomLedger extends TestLedger {
  readonly wallets: readonly [Wallet, Wallet, Wallet]
  /** The rows of these wallets as the history left them. */
  readonly rows: readonly Transaction[]
}

/** Opens a ledger and writes a random history into it. */
export async function openRandomLedger(options: {
  readonly rounds: number
  readonly seed: number
}): Promise<RandomLedger> {
  const ledger = await openLedger({ lanes: 2 })
  const wallets = await buildRandomHistory(ledger.queue, options)
  return { ...ledger, wallets, rows: await allRows(ledger.reads.db, wallets) }
}

/** All rows of these wallets, each wallet's in order, read the plainest way there is. */
export async function allRows(db: ReadDatabase, wallets: readonly Pick<Wallet, 'walletId'>[]): Promise<Transaction[]> {
  const ids = wallets.map((wallet) => wallet.walletId)
  const rows = await db
    .selectFrom('wallet_transactions')
    .selectAll()
    .where('wallet_id', 'in', ids)
    .orderBy('wallet_id')
    .orderBy('sequence')
    .execute()
  return rows.map(transactionOf)
}

/** Three wallets of one user, two of them in CREDIT, with `rounds` random movements; those of a round share a flush. */
async function buildRandomHistory(
  queue: PostingQueue,
  options: { readonly rounds: number; readonly seed: number },
): Promise<readonly [Wallet, Wallet, Wallet]> {
  const userId = `random-${options.seed}`
  const main = await openWallet(queue, { userId, with: '100000' })
  const spare = await openWallet(queue, { userId, walletType: 'hybrid', with: '100000' })
  const ether = await openWallet(queue, {
    userId,
    walletType: 'crypto',
    currency: 'ETH',
    with: '1000.000000000000000001',
  })
  const wallets = [main, spare, ether] as const
  const moves = fc.sample(movementArbitrary, { seed: options.seed, numRuns: options.rounds * MOVES_PER_ROUND })
  for (let round = 0; round < options.rounds; round += 1) {
    const batch = moves.slice(round * MOVES_PER_ROUND, (round + 1) * MOVES_PER_ROUND)
    await Promise.all(batch.map((move) => perform(queue, wallets, move)))
  }
  return wallets
}

const MOVES_PER_ROUND = 4

const movementArbitrary = fc.record({
  kind: fc.constantFrom('deposit', 'reward', 'withdraw', 'consume', 'refunded', 'transfer', 'back', 'charged'),
  wallet: fc.nat({ max: 2 }),
  cents: fc.integer({ min: 1, max: 99_999_999 }),
})

type Move = typeof movementArbitrary extends fc.Arbitrary<infer Value> ? Value : never

async function perform(
  queue: PostingQueue,
  [main, spare, ether]: readonly [Wallet, Wallet, Wallet],
  move: Move,
): Promise<void> {
  const wallet = [main, spare, ether][move.wallet] ?? main
  const amount = `0.${String(move.cents).padStart(8, '0')}`
  switch (move.kind) {
    case 'deposit':
      return void (await deposit(queue, wallet, amount))
    case 'reward':
      return void (await reward(queue, wallet, amount))
    case 'withdraw':
      return void (await withdraw(queue, wallet, amount))
    case 'consume':
      return void (await consume(queue, wallet, amount))
    case 'refunded':
      return void (await refund(queue, await consume(queue, wallet, amount)))
    case 'transfer':
      return void (await transfer(queue, { from: main, to: spare }, amount))
    case 'back':
      return void (await transfer(queue, { from: spare, to: main }, amount))
    case 'charged':
      return void (await transfer(queue, { from: main, to: spare }, amount, { fee: '0.01' }))
  }
}
