// What a batch has to look up, it looks up together: a thousand operations are a handful of queries, however many of them are
// refunds, captures, or repeated.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Amount, parseAmount } from '../../src/domain/money.ts'
import { BatchService, type OperationAnswer } from '../../src/services/batch-service.ts'
import type { Operation } from '../../src/services/operations.ts'
import { openLedger, type TestLedger } from '../support/read-services.ts'

const SIZE = 1000
/** By 500 ids each; a repeated capture also looks for its event and for the row that it wrote. */
const QUERIES_OF_A_LOOK_UP = 2

let ledger: TestLedger
let batches: BatchService

beforeAll(async () => {
  ledger = await openLedger()
  batches = new BatchService({ postings: ledger.queue, ...ledger.reads })
})
afterAll(() => ledger.close())

function amountOf(text: string): Amount {
  const amount = parseAmount(text)
  if (typeof amount === 'string') throw new Error(amount)
  return amount
}

const many = (operation: (index: number) => Operation): Operation[] =>
  Array.from({ length: SIZE }, (_, index) => operation(index))

async function run(
  operations: readonly Operation[],
): Promise<{ answers: readonly OperationAnswer[]; queries: number }> {
  ledger.reads.sent.length = 0
  const answers = await batches.runEach(operations)
  const queries = ledger.reads.sent.filter(({ sql }) => /^\s*(?:select|with)/i.test(sql)).length
  return { answers: answers.flatMap((answer) => (answer instanceof Error ? [] : [answer])), queries }
}

test('a thousand of each kind, and again', async () => {
  const opening = many((index) => ({
    kind: 'create_wallet',
    key: `create-${index}`,
    request: { userId: `lookups-${index}`, walletType: 'fiat', currency: 'CREDIT', initialBalance: amountOf('10') },
  }))
  const opened = await run(opening)
  const wallets = opened.answers.flatMap((answer) => ('wallet' in answer ? [answer.wallet.walletId] : []))
  expect([wallets.length, opened.queries]).toEqual([SIZE, 0])
  const of = <Thing>(things: readonly Thing[], index: number): Thing => {
    const thing = things[index]
    if (thing === undefined) throw new Error(`There are only ${things.length}`)
    return thing
  }
  const consumed = await run(
    many((index) => ({ kind: 'consume', walletId: of(wallets, index), key: 'c', request: { amount: amountOf('2') } })),
  )
  const rows = consumed.answers.flatMap((answer) => ('rows' in answer ? [answer.rows[0].transactionId] : []))
  const placed = await run(
    many((index) => ({
      kind: 'place_hold',
      walletId: of(wallets, index),
      key: 'h',
      request: { amount: amountOf('3'), expiresInSeconds: 3600 },
    })),
  )
  const holds = placed.answers.flatMap((answer) => ('hold' in answer ? [answer.hold.holdId] : []))
  expect([rows.length, holds.length, consumed.queries, placed.queries]).toEqual([SIZE, SIZE, 0, 0])

  const refunding = many((index) => ({
    kind: 'refund',
    transactionId: of(rows, index),
    key: 'r',
    request: { reason: 'test' },
  }))
  const capturing = many((index) => ({
    kind: 'capture_hold',
    holdId: of(holds, index),
    key: 'capture',
    request: { final: true, transactionType: 'consume' },
  }))
  const replayed: number[] = []
  for (const [operations, lookUps, readings] of [
    [opening, 0, 1],
    [refunding, 1, 1],
    [capturing, 1, 2],
  ] as const) {
    const first = await run(operations)
    const again = await run(operations)
    expect(again.answers.map((answer) => ({ ...answer, replayed: false }))).toEqual(
      operations === opening ? opened.answers : first.answers,
    )
    replayed.push(again.answers.filter((answer) => answer.replayed).length)
    expect(again.queries).toBe((lookUps + readings) * QUERIES_OF_A_LOOK_UP)
  }
  expect(replayed).toEqual([SIZE, SIZE, SIZE])
})
