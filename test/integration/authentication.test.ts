// Callers of a running service: what they show and how, keys that change while it runs, a key set that is out of reach, and
// what does not even start. Who may do what is authorization-matrix.test.ts's.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { FastifyRequest } from 'fastify'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { parseConfig } from '../../src/config.ts'
import { type Container, createContainer } from '../../src/container.ts'
import { callerKey, ownerOf } from '../../src/http/plugins/authentication.ts'
import { createLogger } from '../../src/observability/logger.ts'
import { AUDIENCE, type IdentityProvider, ISSUER, startIdentityProvider } from '../support/identity-provider.ts'
import { type OneService, startOneService } from '../support/service.ts'
import { type KeysFile, keysText, newKey, writeKeysFile } from '../support/service-keys.ts'

const CHALLENGE = 'Bearer realm="wallet_service"'
const RELOADED = 'The file of API keys has changed and was read again'
const BROKEN = 'The file of API keys cannot be used; the keys of before go on being valid'

let one: OneService
let provider: IdentityProvider
let file: KeysFile
const [first, second] = [newKey(), newKey()]
const billing = (...keys: string[]): string => keysText({ name: 'billing', scopes: ['wallet:admin'], keys })

beforeAll(async () => {
  provider = await startIdentityProvider()
  file = await writeKeysFile(billing(first.entry))
  one = await startOneService({
    AUTH_JWKS_URL: provider.url,
    AUTH_ISSUER: ISSUER,
    AUTH_AUDIENCE: AUDIENCE,
    AUTH_API_KEYS_FILE: file.path,
  })
})
afterAll(async () => {
  await one.close()
  await provider.close()
  await file.remove()
})

const ASKED = '/api/v1/users/user-1/wallets'
const read = (headers: Readonly<Record<string, string>>) => one.api.call('GET', ASKED, { headers })
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const statusOf = async (headers: Readonly<Record<string, string>>): Promise<number> => (await read(headers)).status
const logLines = (message: string): string[] => one.service.log.filter((line) => line.includes(message))

/** A request with headers as they are, twice over if need be. */
async function rawStatus(...headers: string[]): Promise<number> {
  const socket = connect(Number(new URL(one.service.url).port), '127.0.0.1')
  socket.write([`GET ${ASKED} HTTP/1.1`, 'Host: x', 'Connection: close', ...headers, '', ''].join('\r\n'))
  return Number((await textOf(socket)).split(' ')[1])
}

describe('what a request shows', () => {
  test('nothing: 401 with a challenge', async () => {
    const { status, headers, body } = await read({})
    expect([status, body.code, body.retryable]).toEqual([401, 'unauthenticated', false])
    expect(headers.get('www-authenticate')).toBe(CHALLENGE)
  })

  test('too little: 403, and which scope it takes', async () => {
    const { status, headers, text } = await read(bearer(await provider.token('user-1', { scope: 'openid' })))
    expect(status).toBe(403)
    expect(JSON.parse(text)).toMatchObject({ code: 'forbidden', required_scope: 'wallet:read' })
    expect(headers.get('www-authenticate')).toBe(`${CHALLENGE}, error="insufficient_scope", scope="wallet:read"`)
  })

  test('the same header twice, or both', async () => {
    const token = await provider.token('user-1')
    expect(await rawStatus(`Authorization: Bearer ${token}`)).toBe(200)
    expect(await rawStatus(`authorization: bearer ${token}`)).toBe(200)
    expect(await rawStatus(`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`)).toBe(401)
    expect(await rawStatus(`X-API-Key: ${first.key}`)).toBe(200)
    expect(await rawStatus(`X-API-Key: ${first.key}`, `X-API-Key: ${first.key}`)).toBe(401)
    expect(await rawStatus(`Authorization: Bearer ${token}`, `X-API-Key: ${first.key}`)).toBe(401)
    expect(await rawStatus(`Authorization: Bearer ${first.key}`)).toBe(401)
  })
})

test('documentation, probes and what is not there answer whoever asks', async () => {
  const paths = [
    '/',
    '/health',
    '/health/live',
    '/docs/',
    '/docs/static/swagger-ui-bundle.js',
    '/openapi.json',
    '/openapi.yaml',
  ]
  for (const path of paths) expect((await fetch(`${one.service.url}${path}`)).status, path).toBe(200)
  const broken = await fetch(`${one.service.url}/health/live`, { headers: bearer('broken') })
  expect(broken.status).toBe(200)
  expect((await fetch(`${one.service.url}/api/v1/nowhere`)).status).toBe(404)
  expect((await fetch(`${one.service.url}${ASKED}`, { method: 'PUT' })).status).toBe(405)
})

test("the provider's keys change without a restart", async () => {
  const before = bearer(await provider.token('user-1'))
  expect(await statusOf(before)).toBe(200)
  await provider.rotate()
  const after = bearer(await provider.token('user-1'))
  await expect.poll(() => statusOf(after), { timeout: 20_000, interval: 100 }).toBe(200)
  expect(await statusOf(before)).toBe(401)
})

test('while the provider is out of reach, users it has not named yet are to come again; services and others go on', async () => {
  const known = bearer(await provider.token('user-1'))
  await expect.poll(() => statusOf(known), { timeout: 20_000, interval: 100 }).toBe(200)
  provider.behave('failing')
  await provider.rotate()
  const fresh = bearer(await provider.token('user-1'))
  await expect.poll(() => statusOf(fresh), { timeout: 20_000, interval: 100 }).toBe(503)
  const { headers, body } = await read(fresh)
  expect([body.code, body.retryable, headers.get('retry-after')]).toEqual(['peer_unavailable', true, '1'])
  expect(headers.has('www-authenticate')).toBe(false)
  expect(await statusOf(known)).toBe(200)
  expect(await statusOf({ 'x-api-key': first.key })).toBe(200)
  provider.behave('up')
  await expect.poll(() => statusOf(fresh), { timeout: 20_000, interval: 100 }).toBe(200)
})

test('keys of services change without a restart: first one, then both, then the other', async () => {
  const statuses = async (): Promise<readonly number[]> => [
    await statusOf({ 'x-api-key': first.key }),
    await statusOf({ 'x-api-key': second.key }),
  ]
  expect(await statuses()).toEqual([200, 401])
  await file.write(billing(first.entry, second.entry))
  await expect.poll(statuses, { timeout: 20_000, interval: 100 }).toEqual([200, 200])
  await file.write('{ "services": [')
  await expect.poll(() => logLines(BROKEN).length, { timeout: 20_000 }).toBe(1)
  expect(await statuses()).toEqual([200, 200])
  await file.write(billing(second.entry))
  await expect.poll(statuses, { timeout: 20_000, interval: 100 }).toEqual([401, 200])
  expect(logLines(RELOADED)).toHaveLength(2)
})

test('no log shows what was shown', async () => {
  const token = await provider.token('user-1')
  await read(bearer(token))
  await read({ 'x-api-key': first.key })
  const log = one.service.log.join('\n')
  for (const secret of [token, first.key, second.key, first.entry.slice(7)]) expect(log).not.toContain(secret)
})

describe('what does not start', () => {
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

  test.each([
    ['no file', 'no-such-file.json', /^AUTH_API_KEYS_FILE \(no-such-file\.json\) cannot be read \(ENOENT\): [^\n]+$/],
    [
      'a file that is something else',
      'package.json',
      /^AUTH_API_KEYS_FILE \(package\.json\) cannot be used:\n {2}services: /,
    ],
  ])('%s', async (_, path, message) => {
    const child = spawn(process.execPath, [main], {
      env: { PATH: process.env['PATH'] ?? '', PORT: '0', DATABASE_URL: one.databaseUrl, AUTH_API_KEYS_FILE: path },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const [stderr, [code]] = await Promise.all([textOf(child.stderr), once(child, 'exit')])
    expect(stderr.trim()).toMatch(message)
    expect(code).toBe(1)
  })

  /** A composed service that nobody connects to. */
  async function composed(): Promise<Container> {
    const container = await createContainer({
      config: parseConfig({}),
      databaseUrl: 'postgres://127.0.0.1:1/none',
      logger: createLogger({ level: 'silent', version: '0' }),
      version: '0',
    })
    onTestFinished(() => container.stop())
    return container
  }

  test.each([
    ['a route without a scope', {}, '/api/v1/wallets/:wallet_id/secrets', 'does not say who may call it'],
    ['a route that names nothing', { scope: 'wallet:read' }, '/api/v1/all', 'does not say what it is to users'],
    [
      'an id that nobody knows',
      { scope: 'wallet:read' },
      '/api/v1/users/:user_id/:card_id',
      'nobody knows whose card_id is',
    ],
  ] as const)('%s', async (_, config, path, message) => {
    const { app } = await composed()
    app.register(async (plugin) => {
      plugin.get(path, { config }, async () => ({}))
    })
    await expect(app.ready()).rejects.toThrow(message)
  })

  test('an id in a query, which nobody looks at', async () => {
    const { app } = await composed()
    const schema = { querystring: z.object({ wallet_id: z.string() }) }
    const add = () =>
      app.get('/api/v1/users/:user_id/all', { config: { scope: 'wallet:read' }, schema }, async () => ({}))
    expect(add).toThrow('nobody looks whose the wallet_id of a query is')
  })

  test('with all of it said, it does', async () => {
    const { app } = await composed()
    app.get('/api/v1/all', { config: { scope: 'wallet:read', users: 'refused' } }, async () => ({ all: true }))
    app.get('/api/v1/wallets/:wallet_id/secrets', { config: { scope: 'wallet:read' } }, async () => ({ all: true }))
    await app.ready()
    // Nobody is asked who they are where nothing says how anybody could be known.
    expect((await app.inject('/api/v1/all')).json()).toEqual({ all: true })
  })
})

describe('by what callers are counted', () => {
  const user = { kind: 'user', userId: 'billing', scope: null } as const
  const service = { kind: 'service', name: 'billing', scope: null } as const
  const request = (identity: FastifyRequest['identity']): FastifyRequest =>
    Object.assign(Object.create(null), { identity })

  test.each([
    ['a user', { caller: user }, 'user:billing', 'billing'],
    ['a service', { caller: service }, 'service:billing', null],
    ['nobody', null, null, null],
  ])('%s', (_, identity, key, owner) => {
    expect([callerKey(request(identity)), ownerOf(request(identity))]).toEqual([key, owner])
  })
})
