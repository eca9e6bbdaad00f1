// Holds in one line each, as sample-ledger.ts has it for movements, and a wallet with a hold of every kind there is: open,
// captured in part and in full, voided, extended, and expired, whether or not that is written down.
import type { Command } from '../../src/domain/command.ts'
import type { HoldEvent, HoldId } from '../../src/domain/hold.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import type { Transaction } from '../../src/domain/transaction.ts'
import type { Wallet } from '../../src/domain/wallet.ts'
import type { Posting, PostingQueue } from '../../src/services/posting-queue.ts'
import { captureCommand, extensionCommand, placementCommand, voidCommand } from './ledger-commands.ts'
import { amount as amountOf } from './ledger-factories.ts'
import { consume, deposit, openWallet, refund, withdraw } from './sample-ledger.ts'

type Held = Extract<Posting, { kind: 'held' }>
/** A hold with its wallet. */
export type HoldRef = { readonly holdId: HoldId; readonly walletId: Wallet['walletId'] }

const DEFAULT_SECONDS = 3600
/** A microsecond: over before anybody can look. */
const ONE_MOMENT = { lifetime: 1n }

interface HoldDraft {
  readonly key?: string
  readonly seconds?: number
  /** Expires at once. */
  readonly brief?: boolean
  readonly description?: string
  readonly referenceId?: string
  readonly metadata?: JsonObject
}

/** Sets money aside, for an hour unless told otherwise. */
export async function placeHold(
  queue: PostingQueue,
  { walletId }: Pick<Wallet, 'walletId'>,
  amount: string,
  { key, seconds = DEFAULT_SECONDS, brief = false, ...draft }: HoldDraft = {},
): Promise<HoldRef> {
  const request = { amount: amountOf(amount), expiresInSeconds: seconds, ...draft }
  const command = { ...placementCommand({ walletId, key }, request), ...(brief && ONE_MOMENT) }
  const { holdId } = command
  await hold(queue, command)
  return { holdId, walletId }
}

/** Takes what is set aside, or the amount; unless more may follow, the rest is free. Gives the row. */
export async function captureHold(
  queue: PostingQueue,
  held: HoldRef,
  draft: {
    readonly amount?: string
    readonly more?: boolean
    readonly as?: 'consume' | 'withdraw'
    readonly key?: string
    readonly metadata?: JsonObject
  } = {},
): Promise<Transaction> {
  const { amount, more = false, as = 'consume', key, metadata } = draft
  const request = {
    amount: amount === undefined ? undefined : amountOf(amount),
    final: !more,
    transactionType: as,
    metadata,
  }
  const { rows } = await hold(queue, captureCommand({ ...held, key }, request))
  const [row] = rows
  if (!row) throw new Error('The capture wrote no row')
  return row
}

/** Gives back what is set aside. */
export async function voidHold(queue: PostingQueue, held: HoldRef, key?: string): Promise<void> {
  await hold(queue, voidCommand({ ...held, key }))
}

/** Sets a hold's time anew; `brief`: it expires at once. */
async function extendHold(
  queue: PostingQueue,
  held: HoldRef,
  { key, seconds = DEFAULT_SECONDS, brief = false }: Pick<HoldDraft, 'key' | 'seconds' | 'brief'> = {},
): Promise<void> {
  await hold(queue, { ...extensionCommand({ ...held, key }, seconds), ...(brief && ONE_MOMENT) })
}

/** Writes down at most `limit` expiries of a wallet, and gives them. */
export async function expireHolds(
  queue: PostingQueue,
  { walletId }: Pick<Wallet, 'walletId'>,
  limit: number,
): Promise<readonly HoldEvent[]> {
  return (await hold(queue, { kind: 'expire_holds', walletId, limit })).events
}

async function hold(queue: PostingQueue, command: Command): Promise<Held> {
  const posting = await queue.post(command)
  if (posting.kind !== 'held') throw new Error(`The ${command.kind} was ${posting.kind}`)
  return posting
}

/** Holds of the sample by what became of them, all in `dora`'s wallet but `wei`. */
export interface SampleHolds {
  readonly dora: Wallet
  readonly holds: {
    readonly untouched: HoldRef
    /** Captured in part, and open. */
    readonly streaming: HoldRef
    /** Captured in full. */
    readonly whole: HoldRef
    /** Captured for good in part; the capture was refunded in part. */
    readonly partial: HoldRef
    readonly voided: HoldRef
    readonly extended: HoldRef
    /** Captured in part, then expired; written down. */
    readonly expired: HoldRef
    /** Expired; written down. */
    readonly lapsed: HoldRef
    /** Expired and not written down; the wallet's lock knows. */
    readonly due: HoldRef
    /** Expired and not written down; the wallet's lock still counts it. */
    readonly overdue: HoldRef
    /** The smallest there can be, in a wallet of ether. */
    readonly wei: HoldRef
  }
}

/** Rows and hold events of dora's wallet stand beside the lines that write them. */
export async function buildSampleHolds(queue: PostingQueue, ether: Pick<Wallet, 'walletId'>): Promise<SampleHolds> {
  const dora = await openWallet(queue, { userId: 'dora', with: '1000' }) //                             row 1
  const described = {
    description: 'Seat 12',
    referenceId: 'order-1',
    metadata: { seats: [12], rate: JSON.rawJSON('1.10') },
  }
  const untouched = await placeHold(queue, dora, '10', { key: 'hold-1', ...described }) //                     event 1
  const streaming = await placeHold(queue, dora, '50', { referenceId: 'stream-1' }) //                         event 2
  await captureHold(queue, streaming, { amount: '5', more: true, key: 'capture-1' }) //                 row 2, event 3
  await consume(queue, dora, '1') //                                                                    row 3
  await captureHold(queue, streaming, { amount: '6.5', more: true, as: 'withdraw', metadata: { a: 1 } }) // row 4, event 4
  const whole = await placeHold(queue, dora, '20', { referenceId: 'order-2' }) //                              event 5
  await captureHold(queue, whole) //                                                                    row 5, event 6
  const partial = await placeHold(queue, dora, '30') //                                                        event 7
  const captured = await captureHold(queue, partial, { amount: '12' }) //                               row 6, event 8
  await refund(queue, captured, { amount: '2' }) //                                                     row 7
  const voided = await placeHold(queue, dora, '7') //                                                          event 9
  await voidHold(queue, voided, 'void-1') //                                                                   event 10
  const extended = await placeHold(queue, dora, '8') //                                                        event 11
  await extendHold(queue, extended, { seconds: 7200, key: 'extend-1' }) //                                     event 12
  const expired = await placeHold(queue, dora, '9') //                                                         event 13
  await captureHold(queue, expired, { amount: '2', more: true }) //                                     row 8, event 14
  await extendHold(queue, expired, { brief: true }) //                                                         event 15
  const lapsed = await placeHold(queue, dora, '3', { brief: true }) //                                         event 16
  await deposit(queue, dora, '1') //                                                                    row 9
  await expireHolds(queue, dora, 1) //                                                                         event 17
  await expireHolds(queue, dora, 10) //                                                                        event 18
  await withdraw(queue, dora, '1') //                                                                   row 10
  const due = await placeHold(queue, dora, '4', { brief: true }) //                                            event 19
  await consume(queue, dora, '1') //                                                                    row 11
  const overdue = await placeHold(queue, dora, '6', { brief: true }) //                                        event 20
  const wei = await placeHold(queue, ether, '0.000000000000000001')
  // A replay writes nothing.
  await queue.post(voidCommand({ ...voided, key: 'void-1' }))
  const ended = { whole, partial, voided, expired, lapsed }
  return { dora, holds: { untouched, streaming, extended, ...ended, due, overdue, wei } }
}
