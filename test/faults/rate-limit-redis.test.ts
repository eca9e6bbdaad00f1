// Limits that instances share through Redis: one limit for all of them while it answers; when it dies, hangs, was never there
// or refuses us, each counts for itself, and no payment fails or waits for it for long.
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { Api } from '../support/api.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { RedisCounts } from '../../src/peers/redis-counts.ts'
import { freePorts } from '../../scripts/free-ports.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { type ServiceProcess, startService } from '../support/service.ts'

const NOBODY = '/api/v1/users/nobody/wallets'
const DEADLINE = { timeout: 30_000, interval: 50 }
const PLENTY = '1000000'
/** Longer than any test here, so that no window ends in the middle of one. */
const WINDOW = '600'
/** Ten times what it is in production: on a busy machine, a Redis that is well may be slow. */
const REDIS_TIMEOUT_MS = 1000

/** Of an answer that does come, and well within what a connection may take. */
const SLOW_MS = 400

/** Requests one after the other, while Redis hangs. */
const AFTERWARDS = 30

const SHARED = 'Rate limits are shared between instances'
const APART = 'Rate limits are not shared: this instance counts for itself'
const SHARED_AGAIN = 'Rate limits are shared between instances again'

let database: TestDatabase
const running: (ServiceProcess | RedisServer)[] = []

beforeAll(async () => {
  database = await createTestDatabase()
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((process) => process.kill()))
})
afterAll(() => database.drop())

async function redis(options: Parameters<typeof startRedis>[0] = {}): Promise<RedisServer> {
  const server = await startRedis(options)
  running.push(server)
  return server
}

async function limited(redisUrl: string, max: string | number) {
  const service = await startService({
    DATABASE_URL: database.url,
    RATE_LIMIT_ENABLED: 'true',
    RATE_LIMIT_MAX: String(max),
    RATE_LIMIT_WINDOW_SECONDS: WINDOW,
    REDIS_URL: redisUrl,
    REDIS_TIMEOUT_MS: String(REDIS_TIMEOUT_MS),
  })
  running.push(service)
  return { service, api: new Api(service.url) }
}

const messages = ({ log }: ServiceProcess): unknown[] =>
  log.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line).msg)
const count = (service: ServiceProcess, message: string): number =>
  messages(service).filter((said) => said === message).length

async function logged(service: ServiceProcess, message: string): Promise<void> {
  await expect.poll(() => count(service, message), DEADLINE).toBe(1)
}

/** Deposits of 1 from several callers at once, until `done` resolves and then a few more. */
async function depositsUntil(api: Api, wallet: string, done: Promise<unknown>): Promise<Map<number, number>> {
  const statuses = new Map<number, number>()
  let more = true
  const caller = async (): Promise<void> => {
    for (let last = false; !last;) {
      last = !more
      const { status } = await api.deposit(wallet, 1)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  const callers = Promise.all(Array.from({ length: 8 }, caller))
  await done.finally(() => (more = false))
  await callers
  return statuses
}

/** What remains of a caller's window, as each of the instances tells it in turn. */
async function remaining(apis: readonly Api[]): Promise<number[]> {
  const told: number[] = []
  for (const api of apis) told.push(Number((await api.get(NOBODY)).headers.get('ratelimit-remaining')))
  return told
}

test('two instances share one limit, which a restart of theirs does not give back', async () => {
  const { url } = await redis()
  const [one, two] = [await limited(url, 10), await limited(url, 10)]
  await Promise.all([logged(one.service, SHARED), logged(two.service, SHARED)])
  expect(await remaining([one.api, two.api, one.api, two.api])).toEqual([9, 8, 7, 6])
  const rest = await Promise.all(Array.from({ length: 10 }, (_, index) => (index % 2 ? one.api : two.api).get(NOBODY)))
  expect(rest.filter(({ status }) => status === 200)).toHaveLength(6)
  expect(rest.filter(({ status }) => status === 429)).toHaveLength(4)

  expect(await one.service.stop()).toBe(0)
  const { api } = await limited(url, 10)
  const refused = await api.get(NOBODY)
  expect(refused.status).toBe(429)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
})

test('a Redis that is killed under load fails no payment; when it is back, the limit is shared again', async () => {
  const server = await redis()
  const [one, two] = [await limited(server.url, PLENTY), await limited(server.url, PLENTY)]
  const wallet = await one.api.openWallet({ user_id: 'killed-redis' })
  await Promise.all([logged(one.service, SHARED), logged(two.service, SHARED)])

  const outage = async (): Promise<void> => {
    await delay(200)
    await server.kill()
    await Promise.all([logged(one.service, APART), logged(two.service, APART)])
    await delay(200)
    await redis({ port: server.port })
    await Promise.all([logged(one.service, SHARED_AGAIN), logged(two.service, SHARED_AGAIN)])
  }
  const over = outage()
  const [first, second] = await Promise.all([
    depositsUntil(one.api, wallet, over),
    depositsUntil(two.api, wallet, over),
  ])
  expect([...first.keys(), ...second.keys()]).toEqual([200, 200])
  const deposited = (first.get(200) ?? 0) + (second.get(200) ?? 0)
  expect(await one.api.balanceOf(wallet)).toBe(String(deposited))
  for (const { service } of [one, two]) {
    expect([count(service, APART), count(service, SHARED_AGAIN)]).toEqual([1, 1])
    expect(service.log.filter((line) => line.includes('"level":"error"'))).toEqual([])
  }
  const [before = 0, after = 0] = await remaining([one.api, two.api])
  expect(after).toBe(before - 1)
})

test('without Redis an instance goes on from what it has counted itself', async () => {
  const server = await redis()
  const { service, api } = await limited(server.url, 4)
  await logged(service, SHARED)
  expect(await remaining([api, api])).toEqual([3, 2])
  await server.kill()
  expect(await remaining([api, api])).toEqual([1, 0])
  expect((await api.get(NOBODY)).status).toBe(429)
  expect(count(service, APART)).toBe(1)
})

test('a Redis that hangs makes only those wait who had asked it', async () => {
  const server = await redis()
  const { service, api } = await limited(server.url, PLENTY)
  const wallet = await api.openWallet({ user_id: 'hanging-redis' })
  await logged(service, SHARED)

  const outage = async (): Promise<void> => {
    server.pause()
    await logged(service, APART)
    const begun = performance.now()
    for (let index = 0; index < AFTERWARDS; index += 1) expect((await api.get(NOBODY)).status).toBe(200)
    // Half of what it would be if each of them waited.
    expect(performance.now() - begun).toBeLessThan((AFTERWARDS / 2) * REDIS_TIMEOUT_MS)
    // Long enough for several probes, and for a connection that is given up and made again to no avail.
    await delay(4000)
    server.resume()
    await logged(service, SHARED_AGAIN)
  }
  const statuses = await depositsUntil(api, wallet, outage())
  expect([...statuses.keys()]).toEqual([200])
  expect(await api.balanceOf(wallet)).toBe(String(statuses.get(200)))
  expect([count(service, APART), count(service, SHARED_AGAIN)]).toEqual([1, 1])
})

test('a Redis that answers later than a request waits is not one to go back to', async () => {
  const server = await redis()
  const counts = new RedisCounts({ url: server.url, windowMs: 600_000, timeoutMs: SLOW_MS / 2 })
  try {
    await counts.open()
    await expect.poll(() => counts.probe().then(() => true), DEADLINE).toBe(true)
    server.pause()
    const probing = counts.probe()
    setTimeout(() => server.resume(), SLOW_MS)
    await expect(probing).rejects.toThrow(`No answer within ${SLOW_MS / 2} ms`)
    await expect.poll(() => counts.probe().then(() => true), DEADLINE).toBe(true)
  } finally {
    counts.close()
  }
})

test('a Redis that is missing at the start is used once it is there', async () => {
  const [port = 0] = await freePorts(1)
  const { service, api } = await limited(`redis://127.0.0.1:${port}`, 10)
  expect(await remaining([api, api])).toEqual([9, 8])
  expect(messages(service)).toContain(APART)
  await redis({ port })
  await logged(service, SHARED_AGAIN)
  // It knows nothing of what came before.
  expect(await remaining([api])).toEqual([9])
})

test('a Redis that hangs at the start does not hinder it, nor the end', async () => {
  const server = await redis()
  server.pause()
  const { service, api } = await limited(server.url, 10)
  expect(await remaining([api, api])).toEqual([9, 8])
  expect(count(service, APART)).toBe(1)
  expect(await service.stop()).toBe(0)
})

test('a Redis that takes another password stops nothing, and no password is ever logged', async () => {
  const { port } = await redis({ password: 'right-password' })
  const { service, api } = await limited(`redis://:wrong-password@127.0.0.1:${port}`, 10)
  const wallet = await api.openWallet({ user_id: 'wrong-password' })
  expect((await api.deposit(wallet, 1)).status).toBe(200)
  expect(await remaining([api])).toEqual([7])
  const warning = service.log.find((line) => line.includes(APART))
  expect(JSON.parse(warning ?? '{}')).toMatchObject({ level: 'warn', reason: expect.stringContaining('WRONGPASS') })
  expect(await service.stop()).toBe(0)
  expect(service.log.filter((line) => line.includes('wrong-password'))).toEqual([])
})

test('with its password it is used', async () => {
  const { url } = await redis({ password: 'a/b#c' })
  const { service } = await limited(url.replace('a/b#c', encodeURIComponent('a/b#c')), 10)
  await expect.poll(() => messages(service), DEADLINE).toContain(SHARED)
})
