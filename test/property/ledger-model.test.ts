// Random histories on real PostgreSQL, each answer and each balance predicted by an independent model (ledger-model.ts): one
// request after the other through the use cases, and batches at once through the queue, where they share flushes.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HistoryRepository } from '../../src/repositories/history-repository.ts'
import { auditDatabase } from '../../src/services/audit-service.ts'
import type { PostingQueue } from '../../src/services/posting-queue.ts'
import { WalletService } from '../../src/services/wallet-service.ts'
import type { Transaction } from '../../src/domain/transaction.ts'
import type { WalletId } from '../../src/domain/wallet.ts'
import { decimal, units } from '../support/decimals.ts'
import { type Answer, type Driver, factsIn, queueDriver, serviceDriver, told } from '../support/ledger-drivers.ts'
import { LedgerModel } from '../support/ledger-model.ts'
import {
  balanceOf,
  factsOf,
  type ModelRow,
  type ModelWallet,
  type MovementKind,
  type Prediction,
  type Request,
} from '../support/ledger-model-rows.ts'
import { allRows, openLedger, type TestLedger } from '../support/read-services.ts'

/** A history one by one takes 15 times as long as one in batches. */
const HISTORIES = { oneByOne: 100, manyAtOnce: 300 }
const LONGEST_HISTORY = 60
const NOBODY = '0197f7d4-0000-7000-8000-000000000000'

let ledger: TestLedger
/** What flushes had to say about failures. */
const failures: string[] = []

beforeAll(async () => {
  ledger = await openLedger({ log: (message) => failures.push(message) })
})
afterAll(() => ledger.close())

// Actions name wallets, rows and earlier requests by numbers, taken modulo how many there are, so that any part of a history
// is a history and fast-check can shrink it.
const movements: readonly MovementKind[] = ['deposit', 'deposit', 'reward', 'withdraw', 'consume', 'consume']
const anyAmount = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('1', '2', '3', '5', '10', '0.1', '2.5', '0.30000001', '0.00000001') },
  { weight: 3, arbitrary: fc.constantFrom('everything', 'too much') },
  { weight: 1, arbitrary: fc.constantFrom('0.000000001', '1.000000000000000001') },
  { weight: 1, arbitrary: fc.constantFrom('99999999999999999999', '60000000000000000000.5') },
)
const anyKey = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  { weight: 2, arbitrary: fc.constantFrom('a', 'b', 'c') },
)
const anyNumber = fc.nat({ max: 999 })

const anyAction = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constantFrom(...movements),
      wallet: anyNumber,
      amount: anyAmount,
      description: fc.constantFrom(undefined, undefined, 'x'),
      key: anyKey,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('transfer' as const),
      wallet: anyNumber,
      to: anyNumber,
      amount: anyAmount,
      fee: fc.constantFrom(null, null, '0.5', '1'),
      key: anyKey,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('refund' as const),
      original: anyNumber,
      refundable: fc.boolean(),
      amount: fc.oneof(fc.constant(null), anyAmount),
      reason: fc.constantFrom('late', 'broken'),
      key: anyKey,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('freeze' as const, 'unfreeze' as const, 'unfreeze' as const, 'close' as const),
      wallet: anyNumber,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('create' as const),
      user: fc.nat({ max: 2 }),
      walletType: fc.constantFrom('fiat' as const, 'fiat' as const, 'crypto' as const),
      currency: fc.constantFrom('CREDIT', 'ETH'),
      initialBalance: fc.constantFrom('0', '0', '7.5', '0.000000001'),
      key: anyKey,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('repeat' as const), earlier: anyNumber, change: fc.boolean() }),
  },
)
type Action = typeof anyAction extends fc.Arbitrary<infer Value> ? Value : never

let histories = 0

/** One history: the model, what was asked so far, and how to ask. */
class History {
  readonly model = new LedgerModel()
  readonly #name = `history-${(histories += 1)}`
  readonly #keyed: Request[] = []
  readonly #firstRows = new Map<ModelRow, Transaction>()
  readonly #drive: Driver

  constructor(drive: Driver) {
    this.#drive = drive
  }

  /** Four wallets in two currencies, of three users. */
  async open(): Promise<void> {
    const opening = (
      user: number,
      currency: string,
      walletType: 'fiat' | 'crypto',
      initialBalance: string,
    ): Request => ({
      kind: 'create',
      userId: this.#user(user),
      walletType,
      currency,
      initialBalance,
      key: null,
    })
    await this.perform([opening(0, 'CREDIT', 'fiat', '20')])
    await this.perform([
      opening(1, 'CREDIT', 'fiat', '0'),
      opening(0, 'ETH', 'crypto', '20'),
      opening(2, 'ETH', 'fiat', '5'),
    ])
  }

  /** Turns actions into requests, as far as the model can say what they mean before any of them is answered. */
  requestsOf(actions: readonly Action[]): Request[] {
    const { wallets, rows } = this.model
    // The use cases do not tell the id of a first deposit.
    const named = rows.filter((row) => row.transactionId !== '')
    const known = { wallets: [...wallets], rows: named, keyed: [...this.#keyed] }
    return actions.flatMap((action) => this.#requestOf(action, known) ?? [])
  }

  /** Puts requests at once, in order, and holds the answers and balances against the model's. */
  async perform(requests: readonly Request[]): Promise<void> {
    const predictions = requests.map((request) => this.model.apply(request))
    this.#keyed.push(...requests.filter((request) => request.key !== null))
    const answers = await Promise.all(requests.map((request) => this.#drive(request)))
    answers.forEach((answer, index) => {
      const prediction = predictions[index]
      if (!prediction) throw new Error('More answers than questions')
      this.#learn(prediction, answer)
      expect({ request: requests[index], answer: told(answer) }).toEqual({
        request: requests[index],
        answer: this.#foretold(prediction, answer),
      })
    })
    await this.#compareBalances()
  }

  /** Holds every row of every wallet against the model's. */
  async compareRows(): Promise<void> {
    const stored = Map.groupBy(await allRows(ledger.reads.db, this.#known()), (row) => row.walletId as string)
    for (const wallet of this.model.wallets) {
      const rows = stored.get(wallet.walletId) ?? []
      expect(rows.map(factsIn)).toEqual(wallet.rows.map(factsOf))
      expect(rows).toEqual(wallet.rows.map((row) => this.#firstRows.get(row) ?? rows[wallet.rows.indexOf(row)]))
      expect(rows.map((row) => row.createdAt)).toEqual(rows.map((row) => row.createdAt).toSorted(byInstant))
    }
  }

  #user(number: number): string {
    return `${this.#name}-user-${number}`
  }

  #known(): { walletId: WalletId }[] {
    return this.model.wallets.map((wallet) => ({ walletId: wallet.walletId as WalletId }))
  }

  #requestOf(action: Action, known: { wallets: ModelWallet[]; rows: ModelRow[]; keyed: Request[] }): Request | null {
    const walletAt = (number: number): ModelWallet | undefined =>
      number % 50 === 49 ? undefined : known.wallets[number % known.wallets.length]
    switch (action.kind) {
      case 'create':
        return { ...action, userId: this.#user(action.user) }
      case 'repeat':
        return repeated(known.keyed[action.earlier % Math.max(known.keyed.length, 1)], action.change)
      case 'refund': {
        const rows = action.refundable
          ? known.rows.filter((row) => ['withdraw', 'consume', 'fee'].includes(row.type))
          : known.rows
        const original = rows[action.original % Math.max(rows.length, 1)]
        const amount = original && action.amount !== null ? meant(action.amount, original.amount) : null
        return original ? { kind: 'refund', original, amount, reason: action.reason, key: action.key } : null
      }
      case 'transfer': {
        const [source, target] = [walletAt(action.wallet), walletAt(action.to)]
        const amount = meant(action.amount, source ? balanceOf(source) : 0n)
        const ids = { walletId: source?.walletId ?? NOBODY, toWalletId: target?.walletId ?? NOBODY }
        return { kind: 'transfer', ...ids, amount, fee: action.fee, key: action.key }
      }
      case 'freeze':
      case 'unfreeze':
      case 'close':
        return { kind: action.kind, walletId: walletAt(action.wallet)?.walletId ?? NOBODY, key: null }
      case 'deposit':
      case 'reward':
      case 'withdraw':
      case 'consume': {
        const wallet = walletAt(action.wallet)
        const amount = meant(action.amount, wallet ? balanceOf(wallet) : 0n)
        const description = action.description === undefined ? {} : { description: action.description }
        return { kind: action.kind, walletId: wallet?.walletId ?? NOBODY, amount, key: action.key, ...description }
      }
    }
  }

  /** Takes over the ids that the service gave. */
  #learn(prediction: Prediction, answer: Answer): void {
    if (prediction.kind === 'posted' && answer.kind === 'posted' && !prediction.replayed) {
      prediction.rows.forEach((row, index) => this.#learnRow(row, answer.rows[index]))
    }
    if (prediction.kind === 'created' && answer.kind === 'created' && !prediction.replayed) {
      prediction.wallet.walletId = answer.wallet.walletId
      const [first] = prediction.wallet.rows
      if (first && prediction.initialBalance > 0n) this.#learnRow(first, answer.row ?? undefined)
    }
  }

  #learnRow(row: ModelRow, answered: Transaction | undefined): void {
    if (!answered) return
    row.transactionId = answered.transactionId
    this.#firstRows.set(row, answered)
  }

  /** The answer as the model would have it, in the words of `told`. */
  #foretold(prediction: Prediction, answer: Answer): unknown {
    switch (prediction.kind) {
      case 'posted':
        // The queue replays an id; the service, the very rows of the first answer.
        if (answer.kind === 'replayed') return { replayed: prediction.rows[0]?.transactionId }
        if (prediction.replayed) return { rows: prediction.rows.map((row) => this.#firstRows.get(row)), replayed: true }
        return {
          rows: prediction.rows.map((row) => ({ ...factsOf(row), transactionId: row.transactionId })),
          replayed: false,
        }
      case 'created': {
        const { wallet, initialBalance, replayed } = prediction
        if (answer.kind === 'replayed') return { replayed: wallet.walletId }
        const { walletId, userId, walletType, currency } = wallet
        return {
          wallet: { walletId, userId, walletType, currency, status: 'active', balance: initialBalance },
          replayed,
        }
      }
      case 'changed':
        return { status: prediction.status }
      case 'refused':
        return {
          context: {},
          fault: '',
          ...prediction.refusal,
          ...(prediction.refusal.context && { context: prediction.refusal.context() }),
        }
    }
  }

  async #compareBalances(): Promise<void> {
    const stored = await Promise.all(this.#known().map(({ walletId }) => ledger.reads.wallets.findWallet(walletId)))
    expect(stored.map((wallet) => [wallet?.balance, wallet?.lockedBalance, wallet?.status])).toEqual(
      this.model.wallets.map((wallet) => [balanceOf(wallet), 0n, wallet.status]),
    )
  }
}

const byInstant = (left: bigint, right: bigint): number => (left < right ? -1 : left > right ? 1 : 0)

/** What an amount of an action is, given all that there is. */
function meant(amount: string, everything: bigint): string {
  if (amount === 'everything') return everything === 0n ? '1' : decimal(everything)
  if (amount !== 'too much') return amount
  const more = everything + units('0.00000001')
  return decimal(more < units('99999999999999999999') ? more : everything)
}

/** A request that was put before, or one that differs from it and has its key. */
function repeated(request: Request | undefined, change: boolean): Request | null {
  if (!request || !change || !('amount' in request)) return request ?? null
  return { ...request, amount: '4' }
}

/** Holds what happens on `batches` of actions against the model. */
async function compare(driver: Driver, batches: readonly (readonly Action[])[]): Promise<void> {
  const history = new History(driver)
  await history.open()
  for (const batch of batches) await history.perform(history.requestsOf(batch))
  await history.compareRows()
}

const walletService = (queue: PostingQueue): WalletService =>
  new WalletService({ postings: queue, wallets: ledger.reads.wallets, history: new HistoryRepository(ledger.reads.db) })

// An interrupted run fails, and says which seed it had come to.
const LIMITS = { interruptAfterTimeLimit: 100_000, markInterruptAsFailure: true }
const TIMEOUT_MS = 110_000

const opening = {
  kind: 'create',
  user: 1,
  walletType: 'fiat',
  currency: 'CREDIT',
  initialBalance: '0',
  key: null,
} as const
const onWallet1 = { wallet: 1, description: undefined, key: null } as const
/** What comes earlier in a flush counts for an opening: balances that moved, a wallet that was closed. */
const FOUND_BEFORE: [(readonly Action[])[]][] = [
  [[[{ kind: 'deposit', amount: '1', ...onWallet1 }, opening]]],
  [[[{ kind: 'close', wallet: 1 }, opening, opening]]],
  [
    [
      [
        { kind: 'deposit', amount: '5', ...onWallet1 },
        { kind: 'withdraw', amount: 'everything', ...onWallet1 },
        { kind: 'close', wallet: 1 },
        opening,
      ],
    ],
  ],
]

test('one by one: every answer and every balance is the one the model foretells', { timeout: TIMEOUT_MS }, async () => {
  const anyHistory = fc.array(anyAction, { minLength: 1, maxLength: LONGEST_HISTORY, size: 'max' })
  const driver = serviceDriver(walletService(ledger.queue))
  const oneByOne = fc.asyncProperty(anyHistory, (actions) =>
    compare(
      driver,
      actions.map((action) => [action]),
    ),
  )
  await fc.assert(oneByOne, { ...LIMITS, numRuns: HISTORIES.oneByOne })
  expect(failures).toEqual([])
})

test(
  'many at once: flushes of several requests answer as if they had come one by one',
  { timeout: TIMEOUT_MS },
  async () => {
    const anyBatch = fc.array(anyAction, { minLength: 1, maxLength: 12, size: 'max' })
    const anyHistory = fc.array(anyBatch, { minLength: 1, maxLength: LONGEST_HISTORY / 12, size: 'max' })
    await fc.assert(
      fc.asyncProperty(anyHistory, (batches) => compare(queueDriver(ledger.queue), batches)),
      { ...LIMITS, numRuns: HISTORIES.manyAtOnce, examples: FOUND_BEFORE },
    )
    expect(ledger.queue.figures().largestFlush).toBeGreaterThan(10)
    // A flush that the database refuses is split and tried again, which would hide why.
    expect(failures).toEqual([])
  },
)

test('after all these histories the audit finds nothing', { timeout: TIMEOUT_MS }, async () => {
  const { clean, checks, transactions } = await auditDatabase({ databaseUrl: ledger.databaseUrl })
  expect(checks.flatMap((check) => check.findings.map((finding) => ({ check: check.name, ...finding })))).toEqual([])
  expect(clean).toBe(true)
  expect(transactions).toBeGreaterThan(HISTORIES.oneByOne + HISTORIES.manyAtOnce)
})
