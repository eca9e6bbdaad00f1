// The posting queue without a database: how it fills, folds, refuses and empties itself. A runner made here stands in for the
// flush, so that a test says when a flush ends; what flushes write is tested on PostgreSQL.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Command } from '../../src/domain/command.ts'
import { AppError } from '../../src/domain/errors.ts'
import type { Outcome } from '../../src/domain/ledger-state.ts'
import type { PostingFlush, Result } from '../../src/services/posting-flush.ts'
import { PostingQueue } from '../../src/services/posting-queue.ts'
import { aCreation, movement, transactionId, walletId } from '../support/ledger-factories.ts'

/** A flush that ends when it is told to. */
class ManualFlush implements Pick<PostingFlush, 'run'> {
  readonly running: { readonly commands: readonly Command[]; end(results?: readonly Result[]): void }[] = []
  run(commands: readonly Command[]): Promise<readonly Result[]> {
    const { promise, resolve } = Promise.withResolvers<readonly Result[]>()
    this.running.push({ commands, end: (results = commands.map(answer)) => resolve(results) })
    return promise
  }
}

/** An outcome by which a command can be told. */
const answer = (command: Command): Outcome => ({
  kind: 'replayed',
  effectId: 'transactionId' in command ? command.transactionId : '',
})

const asFlush = (flush: ManualFlush): PostingFlush => flush as unknown as PostingFlush

function queueOf(options: { lanes?: number; maxWaiting?: number; maxFlushSize?: number } = {}) {
  const lanes = Array.from({ length: options.lanes ?? 1 }, () => new ManualFlush())
  const { maxWaiting = 100, maxFlushSize = 10 } = options
  const queue = new PostingQueue({ flushes: lanes.map(asFlush), maxWaiting, maxFlushSize })
  return { queue, lanes, lane: lanes[0] ?? new ManualFlush() }
}

const deposit = (number: number, wallet = 1) =>
  movement('deposit', '1', { transactionId: transactionId(number), walletId: walletId(wallet) })
const answered = (...numbers: number[]) => numbers.map((number) => answer(deposit(number)))
const turn = () => vi.advanceTimersByTimeAsync(0)
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'accepted',
    (error: unknown) => (error instanceof AppError ? error.code : String(error)),
  )

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('folding', () => {
  test('the commands of one turn travel together, those of a flush in flight in the next', async () => {
    const { queue, lane } = queueOf()
    const posted = [1, 2].map((number) => queue.post(deposit(number)))
    await turn()
    posted.push(...[3, 4, 5].map((number) => queue.post(deposit(number))))
    await turn()
    expect(lane.running.map(({ commands }) => commands.length)).toEqual([2])
    lane.running[0]?.end()
    await turn()
    expect(lane.running.map(({ commands }) => commands.map(answer))).toEqual([answered(1, 2), answered(3, 4, 5)])
    lane.running[1]?.end()
    expect(await Promise.all(posted)).toEqual(answered(1, 2, 3, 4, 5))
    expect(queue.figures()).toEqual({ waiting: 0, flushes: 2, commands: 5, largestFlush: 3 })
  })

  test('a flush holds no more than it may, in the order of arrival', async () => {
    const { queue, lane } = queueOf({ maxFlushSize: 2 })
    const posted = [1, 2, 3, 4, 5].map((number) => queue.post(deposit(number)))
    for (let flush = 0; flush < 3; flush += 1) {
      await turn()
      lane.running[flush]?.end()
    }
    expect(await Promise.all(posted)).toEqual(answered(1, 2, 3, 4, 5))
    expect(lane.running.map(({ commands }) => commands.map(answer))).toEqual([
      answered(1, 2),
      answered(3, 4),
      answered(5),
    ])
  })

  test('a queue that has emptied itself starts again', async () => {
    const { queue, lane } = queueOf()
    for (const number of [1, 2, 3]) {
      const posted = queue.post(deposit(number))
      await turn()
      lane.running[number - 1]?.end()
      expect([await posted]).toEqual(answered(number))
    }
  })

  test('a wallet stays in its lane, and lanes do not wait for each other', async () => {
    const { queue, lanes } = queueOf({ lanes: 4, maxFlushSize: 100 })
    const numbers = Array.from({ length: 64 }, (_, index) => index)
    const posted = numbers.map((number) => queue.post(deposit(number, number % 16)))
    posted.push(queue.post(aCreation(null)))
    await turn()
    expect(lanes.map((lane) => lane.running.length)).toEqual([1, 1, 1, 1])
    const lanesOfWallet = (wallet: number) =>
      lanes.filter((lane) =>
        lane.running[0]?.commands.some((command) => 'walletId' in command && command.walletId === walletId(wallet)),
      )
    expect(numbers.slice(0, 16).map((wallet) => lanesOfWallet(wallet).length)).toEqual(
      Array.from({ length: 16 }, () => 1),
    )
    for (const lane of lanes) lane.running[0]?.end()
    expect(await Promise.all(posted)).toHaveLength(65)
  })
})

describe('answers', () => {
  test('each command gets its own: an outcome, a refusal, an error, or the news that it was forgotten', async () => {
    const { queue, lane } = queueOf()
    const refusal = new AppError('wallet_frozen', 'frozen')
    const posted = [1, 2, 3, 4].map((number) => queue.post(deposit(number)))
    const settled = Promise.allSettled(posted)
    await turn()
    lane.running[0]?.end([...answered(1), { kind: 'refused', error: refusal }, new Error('broken')])
    expect(await settled).toEqual([
      { status: 'fulfilled', value: answered(1)[0] },
      { status: 'rejected', reason: refusal },
      { status: 'rejected', reason: new Error('broken') },
      { status: 'rejected', reason: new Error('A flush left a command unanswered') },
    ])
    expect(queue.figures().waiting).toBe(0)
  })

  test('a flush without an end is outcome_unknown for its commands, and overloaded for those behind it', async () => {
    const { queue, lane } = queueOf()
    const stuck = codeOf(queue.post(deposit(1)))
    await turn()
    const behind = codeOf(queue.post(deposit(2)))
    await vi.advanceTimersByTimeAsync(7900)
    lane.running[0]?.end()
    await turn()
    expect(await Promise.all([stuck, behind])).toEqual(['accepted', 'overloaded'])
    expect(lane.running).toHaveLength(1)

    const lost = codeOf(queue.post(deposit(3)))
    await vi.advanceTimersByTimeAsync(8100)
    expect(await lost).toBe('outcome_unknown')
  })

  test('a command that has waited too long is refused untried, the younger ones behind it are not', async () => {
    const { queue, lane } = queueOf()
    const first = codeOf(queue.post(deposit(1)))
    await turn()
    const stale = codeOf(queue.post(deposit(2)))
    await vi.advanceTimersByTimeAsync(3000)
    const young = codeOf(queue.post(deposit(3)))
    await vi.advanceTimersByTimeAsync(1500)
    lane.running[0]?.end()
    await turn()
    expect(lane.running[1]?.commands.map(answer)).toEqual(answered(3))
    lane.running[1]?.end()
    expect(await Promise.all([first, stale, young])).toEqual(['accepted', 'overloaded', 'accepted'])
    expect(queue.figures()).toMatchObject({ waiting: 0, commands: 2 })
  })
})

describe('bounds', () => {
  test('one command more than may wait is overloaded; room comes back with the answers', async () => {
    const { queue, lane } = queueOf({ maxWaiting: 3, lanes: 1 })
    const posted = [1, 2, 3].map((number) => codeOf(queue.post(deposit(number))))
    expect(await codeOf(queue.post(deposit(4)))).toBe('overloaded')
    await turn()
    expect(await codeOf(queue.post(deposit(5)))).toBe('overloaded')
    expect(queue.figures().waiting).toBe(3)
    lane.running[0]?.end()
    expect(await Promise.all(posted)).toEqual(['accepted', 'accepted', 'accepted'])
    const later = codeOf(queue.post(deposit(6)))
    await turn()
    lane.running[1]?.end()
    expect(await later).toBe('accepted')
  })

  test('the bound is over all lanes together', async () => {
    const { queue } = queueOf({ maxWaiting: 8, lanes: 4 })
    const codes = Array.from({ length: 12 }, (_, index) => codeOf(queue.post(deposit(index, index))))
    expect(await Promise.all(codes.slice(8))).toEqual(Array.from({ length: 4 }, () => 'overloaded'))
    expect(queue.figures().waiting).toBe(8)
  })

  test('draining answers what was accepted, refuses what is new, and ends', async () => {
    const { queue, lane } = queueOf({ maxFlushSize: 1 })
    const accepted = [1, 2].map((number) => codeOf(queue.post(deposit(number))))
    await turn()
    let drained = false
    const draining = queue.drain().then(() => (drained = true))
    expect(await codeOf(queue.post(deposit(3)))).toBe('overloaded')
    lane.running[0]?.end()
    await vi.advanceTimersByTimeAsync(50)
    expect(drained).toBe(false)
    lane.running[1]?.end()
    await vi.advanceTimersByTimeAsync(50)
    await draining
    expect(await Promise.all(accepted)).toEqual(['accepted', 'accepted'])
  })

  test('an empty queue drains at once', async () => {
    await expect(queueOf().queue.drain()).resolves.toBeUndefined()
  })
})
