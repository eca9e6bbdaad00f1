// Answers that may be a moment old: how many look-ups they cost, and that failures are not kept.
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { HealthService } from '../../src/services/health-service.ts'
import { remembered } from '../../src/services/remembered.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test('one look-up for everybody who asks meanwhile, and for a second after', async () => {
  let lookups = 0
  const ask = remembered(async () => (lookups += 1))
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1])
  vi.advanceTimersByTime(999)
  expect(await ask()).toBe(1)
  vi.advanceTimersByTime(2)
  expect(await ask()).toBe(2)
})

test('what took long is kept for 20 times as long', async () => {
  let lookups = 0
  const ask = remembered(async () => {
    vi.advanceTimersByTime(200)
    return (lookups += 1)
  })
  await ask()
  vi.advanceTimersByTime(3999)
  expect(await ask()).toBe(1)
  vi.advanceTimersByTime(2)
  expect(await ask()).toBe(2)
})

test('a failure is not kept', async () => {
  const ask = remembered(vi.fn<() => Promise<string>>().mockRejectedValueOnce(new Error('no')).mockResolvedValue('yes'))
  await expect(ask()).rejects.toThrow('no')
  expect(await ask()).toBe('yes')
})

test.each`
  ping                   | pending              | readiness
  ${'answers'}           | ${[]}                | ${{ ready: true, database: 'reachable', migrations: 'at_head', draining: false }}
  ${'answers'}           | ${['0002_holds']}    | ${{ ready: false, database: 'reachable', migrations: 'pending', draining: false }}
  ${'answers'}           | ${new Error('gone')} | ${{ ready: false, database: 'reachable', migrations: 'unknown', draining: false }}
  ${new Error('nobody')} | ${[]}                | ${{ ready: false, database: 'unreachable', migrations: 'unknown', draining: false }}
`('database: $ping, pending migrations: $pending', async ({ ping, pending, readiness }) => {
  const giving = async (value: unknown) => {
    if (value instanceof Error) throw value
    return value
  }
  const pings = vi.fn<() => Promise<void>>(async () => void (await giving(ping)))
  const health = new HealthService({
    pingDatabase: pings,
    pendingMigrations: async () => (await giving(pending)) as readonly string[],
  })
  expect(await health.readiness()).toEqual(readiness)
  expect(await health.readiness()).toEqual(readiness)
  expect(pings).toHaveBeenCalledTimes(1)
  health.startDraining()
  expect(await health.readiness()).toEqual({ ...readiness, ready: false, draining: true })
})

test('simultaneous checks share one ping; the next check pings again', async () => {
  vi.useRealTimers()
  const pings = vi.fn<() => Promise<void>>(() => delay(5))
  const health = new HealthService({ pingDatabase: pings, pendingMigrations: async () => [] })
  await Promise.all([health.isDatabaseReachable(), health.isDatabaseReachable()])
  expect(pings).toHaveBeenCalledTimes(1)
  await health.isDatabaseReachable()
  expect(pings).toHaveBeenCalledTimes(2)
})
