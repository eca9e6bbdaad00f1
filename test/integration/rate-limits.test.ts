// Limits of requests, counted in memory: who counts as one caller, what a caller is told, what is never limited, and that a
// refused request moves no money.
import { connect } from 'node:net'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, expect, test } from 'vitest'
import { ERRORS } from '../../src/domain/errors.ts'
import { Api } from '../support/api.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { specification } from '../support/openapi.ts'
import { type ServiceProcess, startService } from '../support/service.ts'

const MAX = 5
/** Longer than any test here: a window that ends in the middle of one would give back what the test has used up. */
const WINDOW = '600'
const DEADLINE_MS = 30_000
const NOBODY = '/api/v1/users/nobody/wallets'

let database: TestDatabase | undefined
const running: ServiceProcess[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.stop()))
})
afterAll(() => database?.drop())

/** A process with a limit of its own, on the database of this file. */
async function limited(environment: Readonly<Record<string, string>> = {}) {
  database ??= await createTestDatabase()
  const service = await startService({
    DATABASE_URL: database.url,
    RATE_LIMIT_ENABLED: 'true',
    RATE_LIMIT_MAX: String(MAX),
    RATE_LIMIT_WINDOW_SECONDS: WINDOW,
    ...environment,
  })
  running.push(service)
  return { service, api: new Api(service.url) }
}

const limitHeaders = (headers: Headers) =>
  ['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset', 'retry-after'].map((name) => headers.get(name))

async function useUp(api: Api, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  for (let left = MAX - 1; left >= 0; left -= 1) {
    const answer = await api.call('GET', NOBODY, { headers })
    expect([answer.status, answer.headers.get('ratelimit-remaining')]).toEqual([200, String(left)])
  }
}

test('one request too many is told so: what the limit is, and when to come back', async () => {
  const { api } = await limited()
  const first = await api.get(NOBODY)
  expect(first.status).toBe(200)
  expect(limitHeaders(first.headers)).toEqual([String(MAX), String(MAX - 1), WINDOW, null])
  for (let index = 1; index < MAX; index += 1) expect((await api.get(NOBODY)).status).toBe(200)

  const refused = await api.get(NOBODY)
  expect(refused.status).toBe(429)
  const retryAfter = Number(refused.headers.get('retry-after'))
  expect(retryAfter).toBeGreaterThan(Number(WINDOW) - 60)
  expect(retryAfter).toBeLessThanOrEqual(Number(WINDOW))
  expect(limitHeaders(refused.headers)).toEqual([String(MAX), '0', String(retryAfter), String(retryAfter)])
  expect(refused.headers.get('content-type')).toBe('application/problem+json')
  expect(refused.body).toMatchObject({
    type: 'urn:wallet-service:error:rate_limited',
    title: ERRORS.rate_limited.title,
    status: 429,
    code: 'rate_limited',
    success: false,
    retryable: true,
    limit: MAX,
    window_seconds: Number(WINDOW),
    retry_after_seconds: retryAfter,
  })
})

test('a refused request moves no money, leaves its key unused, and a dry run counts as any other', async () => {
  const { api } = await limited()
  const wallet = await api.openWallet({ user_id: 'limited', initial_balance: 10 })
  const consume = `/api/v1/wallets/${wallet}/consume`
  for (let index = 2; index < MAX; index += 1) {
    expect((await api.post(`${consume}?dry_run=true`, { amount: 1 })).status).toBe(200)
  }
  expect((await api.consume(wallet, 1, 'the-last')).status).toBe(200)
  expect((await api.consume(wallet, 2, 'too-many')).status).toBe(429)
  expect((await api.post(`${consume}?dry_run=true`, { amount: 1 })).status).toBe(429)
  // Not even what is wrong with it is said.
  expect((await api.post(consume, '{')).status).toBe(429)

  const { api: unlimited } = await limited({ RATE_LIMIT_ENABLED: 'false' })
  expect(await unlimited.balanceOf(wallet)).toBe('9')
  expect((await unlimited.consume(wallet, 2, 'too-many')).headers.get('idempotency-replayed')).toBeNull()
  expect(await unlimited.balanceOf(wallet)).toBe('7')
})

test('when its window has passed, a caller may go on', async () => {
  const { api } = await limited({ RATE_LIMIT_MAX: '1', RATE_LIMIT_WINDOW_SECONDS: '1' })
  const deadline = Date.now() + DEADLINE_MS
  let answer = await api.get(NOBODY)
  expect(answer.status).toBe(200)
  // On a busy machine a window may pass between two requests; it is full some time.
  while (answer.status !== 429 && Date.now() < deadline) answer = await api.get(NOBODY)
  expect(answer.status).toBe(429)
  expect(answer.headers.get('retry-after')).toBe('1')
  while (answer.status === 429 && Date.now() < deadline) {
    await delay(50)
    answer = await api.get(NOBODY)
  }
  expect(answer.status).toBe(200)
})

test('probes and documentation are never limited, and do not count', async () => {
  const { api, service } = await limited({ RATE_LIMIT_MAX: '1' })
  const free = ['/', '/health', '/health/live', '/health/ready', '/docs', '/openapi.json', '/openapi.yaml']
  const get = async (path: string) => fetch(`${service.url}${path}`)
  for (const path of [...free, ...free]) {
    const { status, headers } = await get(path)
    expect({ path, status, headers: limitHeaders(headers) }).toEqual({
      path,
      status: 200,
      headers: [null, null, null, null],
    })
  }
  expect((await api.get(NOBODY)).status).toBe(200)
  expect((await api.get(NOBODY)).status).toBe(429)
  for (const path of free) expect((await get(path)).status).toBe(200)
})

test('X-Forwarded-For of just anybody gives nobody a new window', async () => {
  const { api } = await limited()
  await useUp(api, { 'x-forwarded-for': '203.0.113.1' })
  for (const address of ['203.0.113.2', '203.0.113.3, 10.0.0.1', '127.0.0.1', 'nonsense']) {
    expect((await api.call('GET', NOBODY, { headers: { 'x-forwarded-for': address } })).status).toBe(429)
  }
})

test('behind a gateway that is trusted, callers are told apart by what it says, and by nothing that they say', async () => {
  const { api } = await limited({ TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8' })
  await useUp(api, { 'x-forwarded-for': '203.0.113.1' })
  const status = async (forwardedFor: string) =>
    (await api.call('GET', NOBODY, { headers: { 'x-forwarded-for': forwardedFor } })).status
  expect(await status('203.0.113.1')).toBe(429)
  // The caller wrote the first one, a gateway of ours the last.
  expect(await status('198.51.100.1, 203.0.113.1')).toBe(429)
  expect(await status('203.0.113.1, 10.1.2.3')).toBe(429)
  expect(await status('203.0.113.2')).toBe(200)
})

test('what a gateway writes beside an address, or instead of one, makes nobody another caller', async () => {
  const { api } = await limited({ TRUSTED_PROXIES: '127.0.0.1' })
  const status = async (forwardedFor: string) =>
    (await api.call('GET', NOBODY, { headers: { 'x-forwarded-for': forwardedFor } })).status
  for (let index = 1; index <= MAX; index += 1) expect(await status(`203.0.113.1:${50_000 + index}`)).toBe(200)
  expect(await status('203.0.113.1:443')).toBe(429)
  expect(await status('203.0.113.1')).toBe(429)

  for (let index = 1; index <= MAX; index += 1) expect(await status(`[2001:db8:0:1::${index}]:${index}`)).toBe(200)
  for (const same of ['[2001:db8:0:1::9]', '2001:db8:0:1::8', '2001:db8:0:1::8%eth0'])
    expect(await status(same)).toBe(429)

  // All of these are whoever holds the connection.
  const strange = ['unknown', '999.0.113.1:80', '203.0.113.1:http', '[203.0.113.2]x', 'x'.repeat(3000)]
  for (const text of strange) expect(await status(text)).toBe(200)
  expect(await status('_hidden')).toBe(429)
  expect((await api.get(NOBODY)).status).toBe(429)
})

test('of IPv6, a whole /64 is one caller; a mapped IPv4 address is the IPv4 address', async () => {
  const { api } = await limited({ TRUSTED_PROXIES: '127.0.0.1' })
  const status = async (address: string) =>
    (await api.call('GET', NOBODY, { headers: { 'x-forwarded-for': address } })).status
  for (let index = 1; index <= MAX; index += 1) expect(await status(`2001:db8:0:1::${index}`)).toBe(200)
  expect(await status('2001:db8:0:1:ffff:ffff:ffff:ffff')).toBe(429)
  expect(await status('2001:db8:0:2::1')).toBe(200)
  for (let index = 1; index <= MAX; index += 1) expect(await status('203.0.113.9')).toBe(200)
  expect(await status('::ffff:203.0.113.9')).toBe(429)
})

test('requests sent one behind the other without waiting are each counted, and answered in order', async () => {
  const { service } = await limited()
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  const request = (close: boolean) => `GET ${NOBODY} HTTP/1.1\r\nHost: x\r\n${close ? 'Connection: close\r\n' : ''}\r\n`
  socket.write(Array.from({ length: MAX + 2 }, (_, index) => request(index === MAX + 1)).join(''))
  await once(socket, 'close')
  const statuses = [
    ...Buffer.concat(chunks)
      .toString()
      .matchAll(/HTTP\/1\.1 (\d+)/gm),
  ].map(([, status]) => status)
  expect(statuses).toEqual([...Array.from({ length: MAX }, () => '200'), '429', '429'])
})

test('every operation of the API documents the limit, and no other does', () => {
  for (const [path, operations] of Object.entries(specification.paths)) {
    for (const { operationId, responses } of Object.values(operations)) {
      expect({ operationId, limited: '429' in responses }).toEqual({ operationId, limited: path.startsWith('/api/') })
    }
  }
})
