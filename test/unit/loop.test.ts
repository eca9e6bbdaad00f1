// A piece of work done again and again: at once while there is more, after a pause otherwise, never two at a time, until it is
// told to stop; and how often somebody hears of its failures. Work and pauses end when a test says so.
import { setImmediate as turn } from 'node:timers/promises'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { Loop } from '../../src/workers/loop.ts'

/** A pause that has begun. */
interface Pause {
  readonly ms: number
  end(): void
}

const { pauses } = vi.hoisted(() => ({ pauses: new Array<Pause>() }))

vi.mock('node:timers/promises', async (original) => ({
  ...(await original<object>()),
  setTimeout: (ms: number, _value: undefined, { signal }: { readonly signal: AbortSignal }): Promise<void> =>
    new Promise((resolve, reject) => {
      const abort = (): void => reject(new Error('The pause was cut short'))
      if (signal.aborted) abort()
      signal.addEventListener('abort', abort)
      pauses.push({ ms, end: resolve })
    }),
}))

beforeEach(() => {
  pauses.length = 0
})

/** Work under way, to be ended: with whether there is more, or with a failure. */
type Work = PromiseWithResolvers<boolean>

function loopOf(intervalMs = 1000) {
  const works: Work[] = []
  const failures: unknown[] = []
  const loop = new Loop({
    intervalMs,
    work: () => {
      const work = Promise.withResolvers<boolean>()
      works.push(work)
      return work.promise
    },
    onFailure: (error) => failures.push(error),
  })
  /** Ends the work under way, and the pause after it if there is one. */
  const round = async (result: boolean | Error): Promise<void> => {
    const work = works.at(-1)
    if (result instanceof Error) work?.reject(result)
    else work?.resolve(result)
    await turn()
    pauses.at(-1)?.end()
    await turn()
  }
  return { loop, works, failures, round }
}

/** Whether a promise has been kept by now. */
async function isKept(promise: Promise<void>): Promise<boolean> {
  let kept = false
  void promise.then(() => (kept = true))
  await turn()
  return kept
}

describe('the rhythm', () => {
  test('works at once, then pauses, then works again', async () => {
    const { loop, works } = loopOf()
    loop.start()
    expect([works.length, pauses.length]).toEqual([1, 0])
    works[0]?.resolve(false)
    await turn()
    expect([works.length, pauses.length]).toEqual([1, 1])
    pauses[0]?.end()
    await turn()
    expect([works.length, pauses.length]).toEqual([2, 1])
  })

  test('does not pause while there is more to do', async () => {
    const { loop, works, round } = loopOf()
    loop.start()
    for (let index = 0; index < 5; index += 1) await round(true)
    expect([works.length, pauses.length]).toEqual([6, 0])
    await round(false)
    expect([works.length, pauses.length]).toEqual([7, 1])
  })

  test('pauses a quarter more or less than asked for, never the same time', async () => {
    const { loop, round } = loopOf(1000)
    loop.start()
    for (let index = 0; index < 100; index += 1) await round(false)
    const times = pauses.map((pause) => pause.ms)
    expect(Math.min(...times)).toBeGreaterThanOrEqual(750)
    expect(Math.max(...times)).toBeLessThan(1250)
    expect(new Set(times).size).toBeGreaterThan(90)
  })

  test('a second start does nothing: there are never two at a time', async () => {
    const { loop, works, round } = loopOf()
    loop.start()
    loop.start()
    await round(false)
    loop.start()
    await turn()
    expect(works).toHaveLength(2)
  })
})

describe('the end', () => {
  test('waits for the work under way, and there is no other after it although there was more to do', async () => {
    const { loop, works } = loopOf()
    loop.start()
    const stopped = loop.stop()
    expect(await isKept(stopped)).toBe(false)
    works[0]?.resolve(true)
    await stopped
    expect([works.length, pauses.length]).toEqual([1, 0])
  })

  test('waits for no pause', async () => {
    const { loop, works } = loopOf()
    loop.start()
    works[0]?.resolve(false)
    await turn()
    expect(pauses).toHaveLength(1)
    await loop.stop()
    pauses[0]?.end()
    await turn()
    expect(works).toHaveLength(1)
  })

  test('of a loop that never began comes at once, and it begins no more', async () => {
    const { loop, works } = loopOf()
    await loop.stop()
    loop.start()
    await loop.stop()
    expect(works).toEqual([])
  })
})

describe('failures', () => {
  const [first, second, third] = [new Error('first'), new Error('second'), new Error('third')]

  test('are told once for each time of trouble, which a success ends', async () => {
    const { loop, works, failures, round } = loopOf()
    loop.start()
    await round(first)
    await round(second)
    expect(failures).toEqual([first])
    await round(true)
    await round(third)
    expect(failures).toEqual([first, third])
    expect(works).toHaveLength(5)
  })

  test('are followed by a pause', async () => {
    const { loop, works } = loopOf()
    loop.start()
    works[0]?.reject(first)
    await turn()
    expect([works.length, pauses.length]).toEqual([1, 1])
  })

  test('of work that throws at once are told too', async () => {
    const failures: unknown[] = []
    const work = (): Promise<boolean> => {
      throw first
    }
    const loop = new Loop({ intervalMs: 1, work, onFailure: (error) => failures.push(error) })
    loop.start()
    await loop.stop()
    expect(failures).toEqual([first])
  })

  test("while it is stopping are nobody's concern", async () => {
    const { loop, works, failures } = loopOf()
    loop.start()
    const stopped = loop.stop()
    works[0]?.reject(first)
    await stopped
    expect(failures).toEqual([])
  })
})
