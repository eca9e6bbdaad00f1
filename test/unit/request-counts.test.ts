// Counts of requests: windows in memory and the bound of it, and the change between counting together and counting apart.
// That limits hold over HTTP and with a real Redis is tested elsewhere.
import Fastify from 'fastify'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ConfigError, parseConfig } from '../../src/config.ts'
import { useRateLimit } from '../../src/http/plugins/rate-limit.ts'
import { LocalCounts } from '../../src/services/request-counts.ts'
import { SharedCounts } from '../../src/services/shared-counts.ts'

const WINDOW_MS = 1000

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] }))
afterEach(() => void vi.useRealTimers())

test('a window begins with the first request and ends for all of them at once', () => {
  const counts = new LocalCounts({ windowMs: WINDOW_MS })
  expect(counts.count('a')).toEqual({ count: 1, remainingMs: 1000 })
  vi.advanceTimersByTime(400)
  expect(counts.count('a')).toEqual({ count: 2, remainingMs: 600 })
  expect(counts.count('b')).toEqual({ count: 1, remainingMs: 1000 })
  vi.advanceTimersByTime(599)
  expect(counts.count('a')).toEqual({ count: 3, remainingMs: 1 })
  vi.advanceTimersByTime(1)
  expect(counts.count('a')).toEqual({ count: 1, remainingMs: 1000 })
})

test('callers are counted under names of their own, none of which is long', async () => {
  const names = ['short', 'x'.repeat(255), `${'x'.repeat(254)}y`, '→'.repeat(255)]
  const keys: string[] = []
  const count = (key: string) => ({ count: keys.push(key), remainingMs: WINDOW_MS })
  const app = Fastify()
  app.decorateRequest('identity', null)
  app.addHook('onRequest', async (request) => {
    const userId = names[Number(request.headers['x-caller'])]
    request.identity = userId === undefined ? null : { caller: { kind: 'user', userId, scope: null } }
  })
  useRateLimit(app, { max: 100, windowMs: WINDOW_MS, counts: { count } })
  app.get('/api/x', async () => 'fine')
  for (let caller = 0; caller <= names.length; caller += 1) {
    const asking = { url: '/api/x', headers: { 'x-caller': String(caller) } }
    expect([(await app.inject(asking)).statusCode, (await app.inject(asking)).statusCode]).toEqual([200, 200])
  }
  expect([keys[0], keys.at(-1)]).toEqual(['user:short', 'address:127.0.0.1'])
  expect(new Set(keys).size).toBe(names.length + 1)
  expect(Math.max(...keys.map(({ length }) => length))).toBeLessThanOrEqual(64)
})

test('no more callers are kept than there is room for: whoever was silent longest is forgotten', () => {
  const counts = new LocalCounts({ windowMs: WINDOW_MS, callersMax: 2 })
  for (const caller of ['a', 'b', 'a', 'c']) counts.count(caller)
  expect(['a', 'c', 'b'].map((caller) => counts.count(caller).count)).toEqual([3, 2, 1])
})

/** A store that fails as long as it is told to. */
function unreliableCounts() {
  const store = {
    failing: false,
    asked: 0,
    open: async () => undefined,
    close: () => undefined,
    probe: async () => void (await store.count()),
    count: async () => {
      store.asked += 1
      if (store.failing) throw Object.assign(new Error('gone'), { command: { args: ['a password'] } })
      return { count: 100 + store.asked, remainingMs: 1 }
    },
  }
  const said: unknown[] = []
  const say = (message: string, fields: object): void => void said.push([message, fields])
  return { store, said, counts: new SharedCounts({ store, windowMs: WINDOW_MS, log: { info: say, warn: say } }) }
}

test('one failure is enough to count apart; from then on only a probe asks, and each change is said once', async () => {
  const { store, said, counts } = unreliableCounts()
  await counts.start()
  expect(await counts.count('a')).toEqual({ count: 102, remainingMs: 1 })
  store.failing = true
  const failed = await Promise.all([counts.count('a'), counts.count('a')])
  expect(failed.map(({ count }) => count)).toEqual([2, 3])
  expect(counts.isShared).toBe(false)
  store.asked = 0
  // At once: nothing is asked.
  expect(counts.count('a')).toMatchObject({ count: 4 })
  expect(store.asked).toBe(0)
  await vi.advanceTimersByTimeAsync(2500)
  expect(store.asked).toBe(2)
  store.failing = false
  await vi.advanceTimersByTimeAsync(1000)
  expect(counts.isShared).toBe(true)
  expect(await counts.count('a')).toMatchObject({ count: 104 })
  await vi.advanceTimersByTimeAsync(5000)
  expect(store.asked).toBe(4)
  expect(said).toEqual([
    ['Rate limits are shared between instances', {}],
    ['Rate limits are not shared: this instance counts for itself', { reason: 'gone' }],
    ['Rate limits are shared between instances again', {}],
  ])
})

test('closed, it neither probes nor speaks', async () => {
  const { store, said, counts } = unreliableCounts()
  store.failing = true
  const counting = counts.count('a')
  counts.close()
  expect(await counting).toMatchObject({ count: 1 })
  store.asked = 0
  await vi.advanceTimersByTimeAsync(5000)
  expect([store.asked, said]).toEqual([0, []])
})

test.each`
  value                                     | proxies
  ${undefined}                              | ${[]}
  ${'10.0.0.1'}                             | ${['10.0.0.1']}
  ${'10.0.0.0/8, 2001:db8::/32 ,127.0.0.1'} | ${['10.0.0.0/8', '2001:db8::/32', '127.0.0.1']}
`('TRUSTED_PROXIES $value', ({ value, proxies }) => {
  expect(parseConfig({ TRUSTED_PROXIES: value }).trustedProxies).toEqual(proxies)
})

test.each(['gateway', '10.0.0.1,', '10.0.0.0/33', '10.0.0.0/0', '::/0', '10.0.0.0/8/8', '2001:db8::/129', 'true', '*'])(
  'TRUSTED_PROXIES %s is refused: it would trust nobody, or everybody',
  (value) => expect(() => parseConfig({ TRUSTED_PROXIES: value })).toThrow(ConfigError),
)
