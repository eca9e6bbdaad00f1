// Movements of money in one line each, posted through the real queue onto a real database, and a sample ledger with every
// kind of movement there is. Amounts are decimal text; what is not said gets a default.
import { uuidv7 } from 'uuidv7'
import { PipelineConnection } from '../../src/db/pipeline.ts'
import type { Command, MovementCommand } from '../../src/domain/command.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import type { Transaction } from '../../src/domain/transaction.ts'
import type { BlockchainNetwork, Wallet, WalletId, WalletType } from '../../src/domain/wallet.ts'
import { LedgerRepository } from '../../src/repositories/ledger-repository.ts'
import { PostingFlush } from '../../src/services/posting-flush.ts'
import { type Posting, PostingQueue } from '../../src/services/posting-queue.ts'
import { creationCommand, movementCommand, refundCommand, transferCommand } from './ledger-commands.ts'
import { amount as amountOf } from './ledger-factories.ts'
import { queryDatabase } from './sql.ts'

/** A posting queue with its connections. Close it before the database is dropped or copied. */
export interface TestQueue {
  readonly queue: PostingQueue
  close(): Promise<void>
}

/** A queue on a database. What a flush has to say about a failure goes to `log`. */
export function openQueue(
  databaseUrl: string,
  options: { readonly lanes?: number; readonly log?: (message: string, fields: object) => void } = {},
): TestQueue {
  const { lanes = 1, log = () => undefined } = options
  const connections = Array.from(
    { length: lanes },
    () => new PipelineConnection({ databaseUrl, onConnectionError: (error) => log('connection lost', { error }) }),
  )
  const flushes = connections.map((connection) => new PostingFlush({ ledger: new LedgerRepository(connection), log }))
  const queue = new PostingQueue({ flushes, maxWaiting: 10_000, maxFlushSize: 200 })
  const close = async (): Promise<void> => {
    await queue.drain()
    await Promise.all(connections.map((connection) => connection.close()))
  }
  return { queue, close }
}

export interface WalletDraft {
  readonly userId?: string
  readonly walletType?: WalletType
  readonly currency?: string
  /** The initial balance. */
  readonly with?: string
  readonly key?: string
  readonly organizationId?: string
  readonly blockchainAddress?: string
  readonly blockchainNetwork?: BlockchainNetwork
  readonly metadata?: JsonObject
}

/** What the database says is in a wallet, past the service; `undefined` for an unknown one. */
export async function storedBalance(databaseUrl: string, walletId: WalletId): Promise<string | undefined> {
  const text = 'SELECT trim_scale(balance)::text AS balance FROM wallets WHERE wallet_id = $1'
  const [row] = await queryDatabase<{ balance: string }>(databaseUrl, text, [walletId])
  return row?.balance
}

/** Opens a wallet; by default a fiat one in CREDIT, of a user of its own. */
export async function openWallet(queue: PostingQueue, draft: WalletDraft = {}): Promise<Wallet> {
  const { userId = `user-${uuidv7()}`, walletType = 'fiat', currency = 'CREDIT', metadata = {} } = draft
  const { organizationId, blockchainAddress, blockchainNetwork } = draft
  const initialBalance = draft.with === undefined ? null : amountOf(draft.with)
  const request = { userId, walletType, currency, metadata, initialBalance }
  const wallet = { ...request, organizationId, blockchainAddress, blockchainNetwork }
  const posting = await queue.post(creationCommand(draft.key, wallet))
  if (posting.kind !== 'created') throw new Error(`The wallet was ${posting.kind}`)
  return posting.created.wallet
}

interface MovementDraft {
  readonly key?: string
  readonly description?: string
  readonly referenceId?: string
  readonly usageRecordId?: string
  readonly metadata?: JsonObject
}

type Move = (queue: PostingQueue, wallet: WalletRef, amount: string, draft?: MovementDraft) => Promise<Transaction>
/** A wallet or its id. */
export type WalletRef = WalletId | { readonly walletId: WalletId }

export const deposit: Move = (queue, wallet, amount, draft) => move(queue, 'deposit', { wallet, amount, draft })
export const reward: Move = (queue, wallet, amount, draft) => move(queue, 'reward', { wallet, amount, draft })
export const withdraw: Move = (queue, wallet, amount, draft) => move(queue, 'withdraw', { wallet, amount, draft })
export const consume: Move = (queue, wallet, amount, draft) => move(queue, 'consume', { wallet, amount, draft })

interface Movement {
  readonly wallet: WalletRef
  readonly amount: string
  readonly draft?: MovementDraft | undefined
}

async function move(queue: PostingQueue, kind: MovementCommand['kind'], movement: Movement): Promise<Transaction> {
  const { key, ...draft } = movement.draft ?? {}
  const request = { amount: amountOf(movement.amount), ...draft }
  const [row] = await post(queue, movementCommand(kind, { walletId: idOf(movement.wallet), key }, request))
  return row
}

/** The rows of a transfer: what went out, what came in, and the fee if there was one. */
export interface TransferRows {
  readonly out: Transaction
  readonly in: Transaction
  readonly fee: Transaction | undefined
}

/** Moves money from one wallet to another. */
export async function transfer(
  queue: PostingQueue,
  wallets: { readonly from: WalletRef; readonly to: WalletRef },
  amount: string,
  draft: {
    readonly fee?: string
    readonly key?: string
    readonly description?: string
    readonly metadata?: JsonObject
  } = {},
): Promise<TransferRows> {
  const request = {
    amount: amountOf(amount),
    fee: draft.fee === undefined ? undefined : amountOf(draft.fee),
    toWalletId: idOf(wallets.to),
    description: draft.description,
    metadata: draft.metadata,
  }
  const command = transferCommand({ walletId: idOf(wallets.from), key: draft.key }, request)
  const [out, incoming, fee] = await post(queue, command)
  if (!incoming) throw new Error('A transfer has two rows')
  return { out, in: incoming, fee }
}

/** Gives back `amount` of an earlier row, or all that is left of it. */
export async function refund(
  queue: PostingQueue,
  original: Transaction,
  draft: { readonly amount?: string; readonly reason?: string; readonly key?: string } = {},
): Promise<Transaction> {
  const amount = draft.amount === undefined ? undefined : amountOf(draft.amount)
  const request = { amount, reason: draft.reason ?? 'Not delivered' }
  const [row] = await post(queue, refundCommand(draft.key, original, request))
  return row
}

/** Freezes, unfreezes or closes a wallet. */
export function setStatus(
  queue: PostingQueue,
  wallet: WalletRef,
  kind: 'freeze' | 'unfreeze' | 'close',
): Promise<Posting> {
  return queue.post({ kind, walletId: idOf(wallet), reason: `Asked to ${kind}` })
}

/** Wallets of a sample ledger by what they are for. */
export interface SampleLedger {
  readonly alice: Wallet
  readonly bob: Wallet
  readonly euros: Wallet
  readonly ether: Wallet
  readonly empty: Wallet
  readonly closed: Wallet
}

/** Three users and three currencies, and every kind of movement at least once; some 30 rows. */
export async function buildSampleLedger(queue: PostingQueue): Promise<SampleLedger> {
  const alice = await openWallet(queue, {
    userId: 'alice',
    with: '1000',
    key: 'open-alice',
    metadata: { plan: 'team' },
  })
  const bob = await openWallet(queue, { userId: 'bob', key: 'open-bob', organizationId: 'acme' })
  const euros = await openWallet(queue, { userId: 'alice', currency: 'EUR', with: '0.00000001' })
  const ether = await openWallet(queue, {
    userId: 'carol',
    walletType: 'crypto',
    currency: 'ETH',
    blockchainAddress: '0xc0',
    blockchainNetwork: 'ethereum',
  })
  const empty = await openWallet(queue, { userId: 'bob', walletType: 'hybrid', currency: 'EUR' })
  const closed = await openWallet(queue, { userId: 'carol', with: '5' })
  const funded = { alice, bob, euros, ether }
  await moveEverything(queue, funded)
  await withdraw(queue, closed, '5')
  await setStatus(queue, closed, 'close')
  await setStatus(queue, euros, 'freeze')
  return { ...funded, empty, closed }
}

async function moveEverything(
  queue: PostingQueue,
  { alice, bob, euros, ether }: Omit<SampleLedger, 'empty' | 'closed'>,
): Promise<void> {
  await deposit(queue, bob, '250.5', { key: 'deposit-1', referenceId: 'bank-77', description: 'Überweisung "№ 7" 🪙' })
  await reward(queue, bob, '1', { key: 'reward-1', metadata: { campaign: 'spring', rate: JSON.rawJSON('1.10') } })
  await deposit(queue, ether, '0.000000000000000001', { metadata: { nested: { list: [1, null, 'two'], empty: {} } } })
  await deposit(queue, ether, '3.141592653589793238')
  await deposit(queue, euros, '99.99', { key: 'deposit-1' })
  const usage = await consume(queue, alice, '10', { key: 'consume-1', usageRecordId: 'usage-1' })
  const small = await consume(queue, alice, '0.00000003')
  const payout = await withdraw(queue, alice, '100', { key: 'withdraw-1', metadata: { destination: 'DE02' } })
  await transfer(queue, { from: alice, to: bob }, '50')
  const charged = await transfer(queue, { from: alice, to: bob }, '20', { fee: '0.5', key: 'transfer-1' })
  await transfer(queue, { from: bob, to: alice }, '7.25', { fee: '0.01', metadata: { invoice: 12 } })
  await refund(queue, usage, { amount: '3', key: 'refund-1' })
  await refund(queue, usage, { amount: '3.5' })
  await refund(queue, usage)
  await refund(queue, small, { reason: 'Rounding' })
  await refund(queue, payout, { amount: '40' })
  if (charged.fee) await refund(queue, charged.fee)
  await Promise.all(Array.from({ length: 5 }, (_, index) => consume(queue, bob, `1.${index + 1}`)))
  // A replay writes nothing.
  const repeated = { amount: amountOf('10'), usageRecordId: 'usage-1' }
  await queue.post(movementCommand('consume', { walletId: usage.walletId, key: 'consume-1' }, repeated))
}

async function post(queue: PostingQueue, command: Command): Promise<[Transaction, ...Transaction[]]> {
  const posting = await queue.post(command)
  if (posting.kind !== 'posted') throw new Error(`The ${command.kind} was ${posting.kind}`)
  const [first, ...rest] = posting.rows
  if (!first) throw new Error(`The ${command.kind} wrote no row`)
  return [first, ...rest]
}

function idOf(wallet: WalletRef): WalletId {
  return typeof wallet === 'string' ? wallet : wallet.walletId
}
