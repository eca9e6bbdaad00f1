// The posting queue without a database: how it fills, folds, refuses and empties itself. A runner made here stands in for the
// flush, so that a test says when a flush ends; what flushes write is tested on PostgreSQL.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Command } from '../../src/domain/command.ts'
import { AppError } from '../../src/domain/errors.ts'
import type { Outcome } from '../../src/domain/ledger-state.ts'
import type { Group, PostingFlush, Result } from '../../src/services/posting-flush.ts'
import { PostingQueue } from '../../src/services/posting-queue.ts'
import { movement, transactionId, walletId } from '../support/ledger-factories.ts'

/** A flush that ends when it is told to. */
class ManualFlush implements Pick<PostingFlush, 'run'> {
  readonly running: {
    readonly commands: readonly Command[]
    readonly groups: readonly Group[]
    end(results?: readonly Result[]): void
  }[] = []
  run(commands: readonly Command[], groups: readonly Group[] = []): Promise<readonly Result[]> {
    const { promise, resolve } = Promise.withResolvers<readonly Result[]>()
    this.running.push({ commands, groups, end: (results = commands.map(answer)) => resolve(results) })
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

  test('lanes do not wait for each other, and no two have one wallet at a time', async () => {
    const { queue, lanes } = queueOf({ lanes: 2, maxFlushSize: 100 })
    const runs = () => lanes.map((lane) => lane.running.map(({ commands }) => commands.length))
    const first = queue.post(deposit(1, 1))
    await turn()
    // Wallet 1 is in the first lane's flush: what is about it waits, whatever else is free.
    const others = [queue.post(deposit(2, 1)), queue.post(deposit(3, 2)), queue.post(deposit(4, 1))]
    await turn()
    expect(runs()).toEqual([[1], [1]])
    lanes[0]?.running[0]?.end()
    await first
    await turn()
    expect(runs()).toEqual([[1, 2], [1]])
    for (const lane of lanes) lane.running.at(-1)?.end()
    expect(await Promise.all(others)).toHaveLength(3)
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

describe('many at once', () => {
  const numbers = (count: number, from = 1) => Array.from({ length: count }, (_, index) => from + index)
  const deposits = (count: number, from = 1) => numbers(count, from).map((number) => deposit(number))

  test('those for themselves fill flushes like single ones, in order, and are answered in order', async () => {
    const { queue, lane } = queueOf({ maxFlushSize: 4 })
    const single = queue.post(deposit(1))
    const each = queue.postEach(deposits(6, 2))
    for (let flush = 0; flush < 2; flush += 1) {
      await turn()
      lane.running[flush]?.end()
    }
    expect(lane.running.map(({ commands }) => commands.map(answer))).toEqual([answered(1, 2, 3, 4), answered(5, 6, 7)])
    expect(lane.running.map(({ groups }) => groups)).toEqual([[], []])
    expect([await single, ...(await each)]).toEqual(answered(...numbers(7)))
  })

  test('those that belong together are never parted, and never join a flush that has no room for all of them', async () => {
    const { queue, lane } = queueOf({ maxFlushSize: 4 })
    const posted = [
      queue.postEach(deposits(2)),
      queue.postTogether(deposits(3, 3)),
      queue.postTogether(deposits(9, 6)),
      queue.postTogether(deposits(1, 15)),
      queue.postTogether(deposits(2, 16)),
    ]
    for (let flush = 0; flush < 4; flush += 1) {
      await turn()
      lane.running[flush]?.end()
    }
    expect(lane.running.map(({ commands, groups }) => [commands.length, groups])).toEqual([
      [2, []],
      [3, [{ begin: 0, end: 3 }]],
      [9, [{ begin: 0, end: 9 }]],
      [3, [{ begin: 1, end: 3 }]],
    ])
    expect((await Promise.all(posted)).flat()).toEqual(answered(...numbers(17)))
  })

  test('are taken where there is room for one, and refused together', async () => {
    const { queue, lane } = queueOf({ maxWaiting: 3, maxFlushSize: 20 })
    const taken = [queue.postEach(deposits(2)), queue.postTogether(deposits(5, 3))]
    expect(queue.figures().waiting).toBe(7)
    expect(await codeOf(queue.postEach(deposits(1, 8)))).toBe('overloaded')
    expect(await codeOf(queue.postTogether(deposits(2, 8)))).toBe('overloaded')
    await turn()
    lane.running[0]?.end()
    expect((await Promise.all(taken)).flat()).toEqual(answered(...numbers(7)))
    expect(queue.figures().waiting).toBe(0)
  })

  test('whatever has no answer in time is outcome_unknown, and only that', async () => {
    const { queue, lane } = queueOf({ maxFlushSize: 2 })
    const each = queue.postEach(deposits(6))
    await turn()
    lane.running[0]?.end()
    await vi.advanceTimersByTimeAsync(3900)
    lane.running[1]?.end()
    await turn()
    expect(lane.running.map(({ commands }) => commands.length)).toEqual([2, 2, 2])
    await vi.advanceTimersByTimeAsync(4200)
    const results = await each
    expect(results.slice(0, 4)).toEqual(answered(1, 2, 3, 4))
    expect(results.slice(4).map((result) => result instanceof AppError && result.code)).toEqual([
      'outcome_unknown',
      'outcome_unknown',
    ])
    lane.running[2]?.end()
    await turn()
    expect(queue.figures().waiting).toBe(0)
  })

  test('those that waited too long are refused untried, one by one', async () => {
    const { queue, lane } = queueOf({ maxFlushSize: 2 })
    const each = queue.postEach(deposits(3))
    await turn()
    await vi.advanceTimersByTimeAsync(4100)
    lane.running[0]?.end()
    const codes = (await each).map((result) => (result instanceof AppError ? result.code : 'answered'))
    expect(codes).toEqual(['answered', 'answered', 'overloaded'])
  })

  test('what belongs together waits until all its wallets are free, and those behind it wait for it', async () => {
    const { queue, lanes } = queueOf({ lanes: 2, maxFlushSize: 100 })
    const first = queue.post(deposit(1, 1))
    await turn()
    const together = queue.postTogether([deposit(2, 1), deposit(3, 2)])
    const behind = queue.post(deposit(4, 2))
    await turn()
    expect(lanes.map((lane) => lane.running.length)).toEqual([1, 0])
    lanes[0]?.running[0]?.end()
    await first
    await turn()
    expect(lanes[0]?.running[1]?.groups).toEqual([{ begin: 0, end: 2 }])
    lanes[0]?.running[1]?.end()
    expect([...(await together), await behind]).toEqual(answered(2, 3, 4))
  })

  test('none at all are answered at once', async () => {
    const { queue } = queueOf()
    expect(await queue.postEach([])).toEqual([])
    expect(await queue.postTogether([])).toEqual([])
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
