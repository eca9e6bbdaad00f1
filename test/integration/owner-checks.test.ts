// Opening wallets over HTTP while the account and the organization service behave in every way they can: what each setting of
// VALIDATE_USERS makes of it, that a retry gets its first answer again whatever has become of the owner, and what is told.
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config.ts'
import { type Container, createContainer } from '../../src/container.ts'
import { createLogger } from '../../src/observability/logger.ts'
import { type Answer, Api } from '../support/api.ts'
import {
  MISBEHAVIOURS,
  type Misbehaviour,
  PEER_INTERNALS,
  type PeerStub,
  startPeerStub,
} from '../support/peer-stubs.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { Scrape } from '../support/prometheus.ts'

type Mode = 'best-effort' | 'required' | 'off'

const SECRET = 'secret-of-services'
/** A deadline for one question, and far more than a busy machine adds. */
const PEER_TIMEOUT_MS = 2000
const MARGIN_MS = 2500
const DEADLINE_MS = 20_000

interface Service {
  readonly api: Api
  readonly container: Container
  readonly log: readonly string[]
}

let database: TestDatabase
let accounts: PeerStub
let organizations: PeerStub
/** Services for all tests; a peer that fails is for a service of its own, whose circuits may open. */
let steady: Readonly<Record<Mode, Service>>
let running: Service[] = []
let users = 0

beforeAll(async () => {
  database = await createTestDatabase()
  accounts = await startPeerStub()
  organizations = await startPeerStub()
  steady = { 'best-effort': await start('best-effort'), required: await start('required'), off: await start('off') }
  running = []
})
afterAll(async () => {
  await stopAll(Object.values(steady))
  await Promise.all([accounts.close(), organizations.close()])
  await database.drop()
})
beforeEach(() => {
  accounts.reset()
  organizations.reset()
})
afterEach(async () => {
  await stopAll(running)
  running = []
})

async function stopAll(services: readonly Service[]): Promise<void> {
  for (const { container } of services) await container.stop()
  const logged = services.flatMap(({ log }) => log).join('\n')
  expect(logged).not.toContain(SECRET)
  expect(logged).not.toContain(PEER_INTERNALS)
  expect(logged).not.toContain('"level":"error"')
  expect(logged).not.toContain('A phase of the shutdown')
}

/** Starts a service whose peers are the stubs. */
async function start(mode: Mode, environment: Readonly<Record<string, string>> = {}): Promise<Service> {
  const log: string[] = []
  const container = await createContainer({
    config: parseConfig({
      VALIDATE_USERS: mode,
      ACCOUNT_SERVICE_URL: accounts.url,
      ORGANIZATION_SERVICE_URL: organizations.url,
      INTERNAL_SERVICE_SECRET: SECRET,
      PEER_TIMEOUT_MS: String(PEER_TIMEOUT_MS),
      HOLD_EXPIRY_INTERVAL_MS: '0',
      RATE_LIMIT_ENABLED: 'false',
      CONSUL_ENABLED: 'off',
      DATABASE_POOL_MAX: '1',
      ...environment,
    }),
    databaseUrl: database.url,
    logger: createLogger({ level: 'info', version: '0', destination: { write: (line) => void log.push(line) } }),
    version: '0',
  })
  await untilStarted(container)
  const service = { api: new Api(await container.app.listen({ host: '127.0.0.1', port: 0 })), container, log }
  running.push(service)
  await untilConnected(service.api)
  return service
}

/** Opening a connection may take a busy machine longer than the service waits for it. */
async function untilStarted(container: Container): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS
  for (;;) {
    try {
      return await container.start()
    } catch (error) {
      if (Date.now() > deadline) throw error
    }
  }
}

/** Waits until reads and dry runs have their connections, too. */
async function untilConnected(api: Api): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS
  const path = '/api/v1/wallets/00000000-0000-7000-8000-000000000000'
  const codes = async (): Promise<readonly string[]> => [
    (await api.get(path)).body.code,
    (await api.post(`${path}/deposit?dry_run=true`, { amount: 1 })).body.code,
  ]
  while ((await codes()).some((code) => code !== 'wallet_not_found')) expect(Date.now()).toBeLessThan(deadline)
}

const newUser = (kind = 'user'): string => `${kind}-${(users += 1)}`
const open = (api: Api, body: object, key?: string): Promise<Answer> => api.post('/api/v1/wallets', body, key)

/** `ok` or the code; and never a word of a peer's, nor the secret. */
function outcomeOf({ status, text, headers, body }: Answer): string {
  expect(text).not.toContain(PEER_INTERNALS)
  expect(text).not.toContain(SECRET)
  expect(headers.get('retry-after')).toBe(status === 503 ? '1' : null)
  return status === 200 ? 'ok' : body.code
}

/** What it does, in time. */
async function inTime(asking: Promise<Answer>): Promise<string> {
  const startedAt = performance.now()
  const outcome = outcomeOf(await asking)
  expect(performance.now() - startedAt).toBeLessThan(PEER_TIMEOUT_MS + MARGIN_MS)
  return outcome
}

describe('peers that answer', () => {
  test.each`
    user          | organization  | membership     | outcome
    ${'user'}     | ${null}       | ${null}        | ${'ok'}
    ${'unknown'}  | ${null}       | ${null}        | ${'user_not_found'}
    ${'inactive'} | ${null}       | ${null}        | ${'forbidden'}
    ${'user'}     | ${'acme'}     | ${'active'}    | ${'ok'}
    ${'user'}     | ${'acme'}     | ${'suspended'} | ${'forbidden'}
    ${'user'}     | ${'acme'}     | ${null}        | ${'forbidden'}
    ${'user'}     | ${'unknown-'} | ${null}        | ${'organization_not_found'}
    ${'user'}     | ${'closed-'}  | ${null}        | ${'forbidden'}
    ${'unknown'}  | ${'unknown-'} | ${null}        | ${'user_not_found'}
    ${'garbled'}  | ${'unknown-'} | ${null}        | ${'organization_not_found'}
  `('$user in $organization as $membership: $outcome', async ({ user, organization, membership, outcome }) => {
    for (const { api } of [steady['best-effort'], steady.required]) {
      const userId = newUser(user)
      organizations.members = membership === null ? [] : [{ user_id: userId, status: membership }]
      const body = { user_id: userId, ...(organization !== null && { organization_id: organization }) }
      expect(outcomeOf(await api.call('POST', '/api/v1/wallets?dry_run=true', { body }))).toBe(outcome)
      expect(outcomeOf(await open(api, body))).toBe(outcome)
      expect((await api.get(`/api/v1/users/${userId}/wallets`)).body.count).toBe(outcome === 'ok' ? 1 : 0)
    }
    const asked = accounts.calls.length + organizations.calls.length
    const body = { user_id: newUser(user), ...(organization !== null && { organization_id: organization }) }
    expect(outcomeOf(await open(steady.off.api, body))).toBe('ok')
    expect(accounts.calls.length + organizations.calls.length).toBe(asked)
  })

  test('are told which request it is for, and the secret', async () => {
    const { api } = steady.required
    const user = newUser()
    organizations.members = [{ user_id: user, status: 'active' }]
    const body = { user_id: user, organization_id: 'acme' }
    const answer = await api.call('POST', '/api/v1/wallets', { body, headers: { 'x-request-id': 'request-of-mine' } })
    expect(outcomeOf(answer)).toBe('ok')
    const calls = [...accounts.calls, ...organizations.calls]
    expect(calls.map(({ path }) => path)).toEqual([
      `/api/v1/accounts/profile/${user}`,
      '/api/v1/organizations/acme',
      '/api/v1/organizations/acme/members?limit=1000&offset=0',
    ])
    for (const { headers } of calls) {
      expect(headers).toMatchObject({
        'x-internal-service': 'true',
        'x-internal-service-secret': SECRET,
        'x-request-id': 'request-of-mine',
      })
    }
  })

  test('do not hide what is wrong with the request itself, nor a key that was used', async () => {
    const { api } = steady.required
    const wrong = { initial_balance: '0.000000001' }
    expect(outcomeOf(await open(api, { user_id: newUser('unknown'), ...wrong }))).toBe('validation_failed')
    const user = newUser()
    expect(outcomeOf(await open(api, { user_id: user }, 'key-1'))).toBe('ok')
    expect(outcomeOf(await open(api, { user_id: user, ...wrong }, 'key-1'))).toBe('idempotency_key_reused')
  })

  test('are asked before a wallet is opened for legacy credits, and not for one that is there', async () => {
    const { api } = await start('required')
    const balance = (user: string) => api.get(`/api/v1/users/${user}/credits/balance`)
    const consume = (user: string) => api.post(`/api/v1/users/${user}/credits/consume`, { amount: 1 })
    expect(outcomeOf(await balance(newUser('unknown')))).toBe('user_not_found')
    expect(outcomeOf(await consume(newUser('inactive')))).toBe('forbidden')
    expect(outcomeOf(await consume(newUser('garbled')))).toBe('peer_unavailable')
    const user = newUser()
    expect(outcomeOf(await balance(user))).toBe('ok')
    const asked = accounts.calls.length
    accounts.behaviour = 'status 500'
    expect(outcomeOf(await balance(user))).toBe('ok')
    expect(outcomeOf(await consume(user))).toBe('insufficient_balance')
    expect(accounts.calls.length).toBe(asked)
  })
})

const isMisbehaviour = (name: string): name is Misbehaviour => name in MISBEHAVIOURS

/** Of a service that was there a moment ago. */
async function addressesOfNobody(): Promise<Readonly<Record<string, string>>> {
  const { url, close } = await startPeerStub()
  await close()
  return { ACCOUNT_SERVICE_URL: url, ORGANIZATION_SERVICE_URL: url }
}

const BEHAVIOURS = [...Object.keys(MISBEHAVIOURS), 'nobody there']

describe.each(BEHAVIOURS)('a peer with %s', (name) => {
  let environment: Readonly<Record<string, string>> = {}
  beforeEach(async () => {
    if (isMisbehaviour(name)) accounts.behaviour = organizations.behaviour = name
    else environment = await addressesOfNobody()
  })

  test('is passed over at best effort, missed where required, and not asked otherwise; always in time', async () => {
    const outcomes = async ({ api }: Service): Promise<string[]> => {
      const asking = [
        open(api, { user_id: newUser() }),
        open(api, { user_id: newUser(), organization_id: 'acme' }),
        api.get(`/api/v1/users/${newUser()}/credits/balance`),
        api.call('POST', '/api/v1/wallets?dry_run=true', { body: { user_id: newUser() } }),
      ]
      return Promise.all(asking.map(inTime))
    }
    expect(await outcomes(await start('best-effort', environment))).toEqual(['ok', 'ok', 'ok', 'ok'])
    expect(await outcomes(await start('required', environment))).toEqual(
      Array.from({ length: 4 }, () => 'peer_unavailable'),
    )
    const asked = accounts.calls.length + organizations.calls.length
    expect(await outcomes(steady.off)).toEqual(['ok', 'ok', 'ok', 'ok'])
    expect(accounts.calls.length + organizations.calls.length).toBe(asked)
  })
})

/** How often the metrics say that a check ended like this. */
async function checks(container: Container, peer: string, outcome: string): Promise<number | undefined> {
  const { body } = await container.app.inject('/metrics')
  return new Scrape(body).value('wallet_peer_checks_total', { peer, outcome })
}

describe('a wallet that is opened unverified', () => {
  test('is told in the log and counted, but not at the rate of a flood', async () => {
    accounts.behaviour = 'status 429'
    const { api, log, container } = await start('best-effort')
    const headers = { 'x-request-id': 'request-of-mine' }
    await api.call('POST', '/api/v1/wallets', { body: { user_id: newUser() }, headers })
    const lines = () => log.filter((line) => line.includes('unverified')).map((line) => JSON.parse(line))
    expect(lines()).toMatchObject([
      { level: 'warn', request_id: 'request-of-mine', peer: 'account', reason: 'status 429', unverified: 1 },
    ])
    await Promise.all(Array.from({ length: 30 }, () => open(api, { user_id: newUser() })))
    expect(lines().length).toBeLessThan(30)
    expect(await checks(container, 'account', 'unverified')).toBe(31)
  })

  test('where it may not be, the log says why under the same request', async () => {
    accounts.behaviour = 'status 429'
    const { api, log, container } = await start('required')
    const { body } = await open(api, { user_id: newUser() })
    expect(body).toMatchObject({ code: 'peer_unavailable', retryable: true, peer: 'account_service' })
    expect(log.filter((line) => line.includes(body.request_id)).join()).toContain('status 429')
    expect(await checks(container, 'account', 'unavailable')).toBe(1)
  })
})

describe('a creation that is sent again with its key', () => {
  test.each(['status 500', 'suspended', 'nobody'])('gets its first answer again: the member is now %s', async (now) => {
    const { api } = await start('required', { PEER_CACHE_SECONDS: '0' })
    const user = newUser()
    organizations.members = [{ user_id: user, status: 'active' }]
    const body = { user_id: user, organization_id: 'acme', initial_balance: '5' }
    const first = await open(api, body, 'key-1')
    expect(outcomeOf(first)).toBe('ok')
    await api.deposit(first.body.wallet_id, 1)

    if (isMisbehaviour(now)) accounts.behaviour = organizations.behaviour = now
    else organizations.members = now === 'nobody' ? [] : [{ user_id: user, status: now }]
    const refusal = isMisbehaviour(now) ? 'peer_unavailable' : 'forbidden'
    const again = await open(api, body, 'key-1')
    expect([again.status, again.text]).toEqual([200, first.text])
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    const dry = await api.call('POST', '/api/v1/wallets?dry_run=true', { body, key: 'key-1' })
    expect([dry.text, dry.headers.get('idempotency-replayed')]).toEqual([first.text, 'true'])
    const other = { ...body, currency: 'USD' }
    expect(outcomeOf(await open(api, other, 'key-1'))).toBe('idempotency_key_reused')
    expect(outcomeOf(await open(api, other, 'key-2'))).toBe(refusal)
    expect(outcomeOf(await open(api, other))).toBe(refusal)
    expect((await api.get(`/api/v1/users/${user}/wallets`)).body.count).toBe(1)
  })

  test('that was refused may succeed later: a refusal is not remembered', async () => {
    const { api } = steady.required
    const body = { user_id: newUser(), organization_id: 'acme' }
    expect(outcomeOf(await open(api, body, 'key-1'))).toBe('forbidden')
    organizations.members = [{ user_id: body.user_id, status: 'active' }]
    expect(outcomeOf(await open(api, body, 'key-1'))).toBe('ok')
  })
})

describe('a yes', () => {
  test('is believed for a while, then asked for again: a membership that ended is noticed', async () => {
    const { api, container } = await start('required', { PEER_CACHE_SECONDS: '1' })
    const body = { user_id: newUser(), organization_id: 'acme', wallet_type: 'crypto' }
    organizations.members = [{ user_id: body.user_id, status: 'active' }]
    expect(outcomeOf(await open(api, body))).toBe('ok')
    organizations.members = []
    const deadline = Date.now() + DEADLINE_MS
    while (outcomeOf(await open(api, body)) === 'ok') {
      expect(Date.now()).toBeLessThan(deadline)
      await delay(20)
    }
    expect(outcomeOf(await open(api, body))).toBe('forbidden')
    expect(await checks(container, 'organization', 'remembered')).toBeGreaterThan(0)
  })

  test('about a member says nothing of other organizations or other users', async () => {
    const { api } = await start('required', { PEER_CACHE_SECONDS: '3600' })
    const user = newUser()
    organizations.members = [{ user_id: user, status: 'active' }]
    expect(outcomeOf(await open(api, { user_id: user, organization_id: 'acme' }))).toBe('ok')
    organizations.members = []
    const others = [
      { user_id: user, organization_id: 'other', currency: 'USD' },
      { user_id: newUser(), organization_id: 'acme' },
    ]
    for (const body of others) expect(outcomeOf(await open(api, body))).toBe('forbidden')
  })

  test('is asked for once by fifty who open at the same time', async () => {
    const { api } = steady.required
    const body = { user_id: newUser(), organization_id: 'acme', wallet_type: 'crypto' }
    organizations.members = [{ user_id: body.user_id, status: 'active' }]
    const answers = await Promise.all(Array.from({ length: 50 }, () => open(api, body)))
    expect(new Set(answers.map(outcomeOf))).toEqual(new Set(['ok']))
    expect([accounts.calls.length, organizations.calls.length]).toEqual([1, 2])
  })
})

test("an organization's wallets are listed, whosever they are, newest first", async () => {
  const { api } = steady.off
  const organization = `org/${newUser()}`
  const opened: string[] = []
  for (const more of [{}, { wallet_type: 'crypto', currency: 'ETH' }, { currency: 'USD' }]) {
    opened.unshift(await api.openWallet({ user_id: newUser(), organization_id: organization, ...more }))
  }
  await api.openWallet({ user_id: newUser(), organization_id: 'another' })
  await api.openWallet({ user_id: newUser() })
  const path = `/api/v1/organizations/${encodeURIComponent(organization)}/wallets`
  const idsAt = async (query: string) => {
    const { body } = await api.get(`${path}${query}`)
    expect(body.count).toBe(body.wallets.length)
    return body.wallets.map((wallet) => wallet['wallet_id'])
  }
  expect(await idsAt('')).toEqual(opened)
  expect(await idsAt('?wallet_type=crypto')).toEqual([opened[1]])
  expect((await api.get('/api/v1/organizations/nobody/wallets')).body).toEqual({ wallets: [], count: 0 })
  expect((await api.get(`${path}?wallet_type=paper`)).body.code).toBe('validation_failed')
})
