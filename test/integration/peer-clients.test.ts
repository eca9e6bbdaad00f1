// The clients of the account and the organization service against peers over real HTTP: what is sent, what is tried again, when
// a peer is left alone for a while, and how far a list of members is searched.
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AccountClient } from '../../src/peers/account-client.ts'
import type { PeerClientOptions } from '../../src/peers/http-client.ts'
import { OrganizationClient } from '../../src/peers/organization-client.ts'
import { PeerCounts } from '../support/peer-counts.ts'
import { MISBEHAVIOURS, PEER_INTERNALS, type PeerStub, startPeerStub } from '../support/peer-stubs.ts'

const TIMEOUT_MS = 2000
/** Far above what a busy machine adds, and far below another attempt's timeout. */
const MARGIN_MS = 1500
const DEADLINE_MS = 20_000
const HALF_OPEN_AFTER_MS = 300
/** As many as one deployment may well have. */
const INSTANCES = 40
const SECRET = 'secret-of-services'
const ASKER = { requestId: 'request-0001' }

let stub: PeerStub
let counts: PeerCounts
let accounts: AccountClient
let organizations: OrganizationClient

function optionsFor(baseUrl: () => string, more: Partial<PeerClientOptions> = {}): PeerClientOptions {
  return { baseUrl, timeoutMs: TIMEOUT_MS, internalSecret: SECRET, events: counts, ...more }
}

beforeEach(async () => {
  stub = await startPeerStub()
  counts = new PeerCounts()
  accounts = new AccountClient(optionsFor(() => stub.url))
  organizations = new OrganizationClient(optionsFor(() => stub.url))
})
afterEach(async () => {
  await Promise.all([accounts.close(), organizations.close()])
  await stub.close()
})

const standing = (userId = 'user-1', client = accounts) => client.standingOf(userId, ASKER)
const membership = (userId = 'user-1', organizationId = 'acme') =>
  organizations.membershipOf({ userId, organizationId }, ASKER)

/** The reason for which a question was not answered. */
async function reasonOf(asking: Promise<unknown>): Promise<string> {
  const error: unknown = await asking.then(
    () => null,
    (failure: unknown) => failure,
  )
  expect(error).toMatchObject({ name: 'PeerUnavailableError' })
  return error instanceof Error && 'reason' in error ? String(error.reason) : ''
}

describe('a question', () => {
  test('is answered, and carries who asks, with what right and for which request', async () => {
    expect(await standing('user-1')).toBe('active')
    expect(await standing('inactive-1')).toBe('inactive')
    expect(await standing('unknown-1')).toBe('unknown')
    expect(stub.calls.map(({ path }) => path)).toEqual([
      '/api/v1/accounts/profile/user-1',
      '/api/v1/accounts/profile/inactive-1',
      '/api/v1/accounts/profile/unknown-1',
    ])
    expect(stub.calls[0]?.headers).toMatchObject({
      accept: 'application/json',
      'x-internal-service': 'true',
      'x-internal-service-secret': SECRET,
      'x-request-id': ASKER.requestId,
    })
  })

  test('carries no secret where there is none', async () => {
    const open = new AccountClient(optionsFor(() => stub.url, { internalSecret: null }))
    expect(await open.standingOf('user-1', {})).toBe('active')
    await open.close()
    expect(stub.calls[0]?.headers).not.toHaveProperty('x-internal-service-secret')
    expect(stub.calls[0]?.headers).not.toHaveProperty('x-request-id')
    expect(stub.calls[0]?.headers).not.toHaveProperty('authorization')
  })

  test.each([
    ['wallet:a%2Fb%40c', 'wallet:a/b@c'],
    ['wallet', 'wallet:'],
    [':only', ':only'],
    ['wallet:100%', 'wallet:100%'],
  ])('carries the user and the password of an address: %s', async (inAddress, sent) => {
    const client = new AccountClient(optionsFor(() => stub.url.replace('//', `//${inAddress}@`)))
    expect(await client.standingOf('user-1', ASKER)).toBe('active')
    await client.close()
    const [scheme, credentials = ''] = String(stub.calls[0]?.headers.authorization).split(' ')
    expect([scheme, Buffer.from(credentials, 'base64').toString()]).toEqual(['Basic', sent])
  })

  test.each([
    'a/b',
    '../admin',
    'a/../b',
    'a?b=c',
    'a#b',
    '%2e%2e',
    'a b',
    'a\\b',
    'a;b',
    'ü→😀',
    'a%2Fb',
    'a\r\nb',
    '...',
  ])('about %j does not change its path', async (id) => {
    expect(await standing(id)).toBe('active')
    stub.members = [{ user_id: id, status: 'active' }]
    expect(await membership(id, id)).toBe('active')
    const paths = stub.calls.map(({ path }) => path)
    const [profile = '', organization = '', members = ''] = paths
    expect(paths).toHaveLength(3)
    expect(decodeURIComponent(profile.slice('/api/v1/accounts/profile/'.length))).toBe(id)
    expect(decodeURIComponent(organization.slice('/api/v1/organizations/'.length))).toBe(id)
    expect(members).toBe(`${organization}/members?limit=1000&offset=0`)
    expect(profile.split('/')).toHaveLength(6)
  })

  test.each(['.', '..'])('about %j is not asked: no encoding keeps it from being a directory', async (id) => {
    expect(await standing(id)).toBe('unknown')
    expect(await membership('user-1', id)).toBe('unknown_organization')
    expect(stub.calls).toEqual([])
  })

  test('goes to where the service is now, below its path', async () => {
    const other = await startPeerStub()
    let url = stub.url
    const client = new AccountClient(optionsFor(() => url))
    await standing('user-1', client)
    url = other.url
    await standing('user-2', client)
    url = `${stub.url}/gateway/`
    await reasonOf(standing('user-3', client))
    await client.close()
    await other.close()
    expect(stub.calls.map(({ path }) => path)).toEqual([
      '/api/v1/accounts/profile/user-1',
      '/gateway/api/v1/accounts/profile/user-3',
    ])
    expect(other.calls.map(({ path }) => path)).toEqual(['/api/v1/accounts/profile/user-2'])
  })

  test('is answered by each of many instances, again and again', async () => {
    const instances = await Promise.all(Array.from({ length: INSTANCES }, () => startPeerStub()))
    let turn = 0
    const client = new AccountClient(optionsFor(() => instances[turn++ % INSTANCES]?.url ?? ''))
    for (let round = 1; round <= 2; round += 1) {
      const standings = await Promise.all(instances.map(() => standing('user-1', client)))
      expect(new Set(standings)).toEqual(new Set(['active']))
      expect(instances.map(({ calls }) => calls.length)).toEqual(instances.map(() => round))
    }
    await client.close()
    await Promise.all(instances.map((instance) => instance.close()))
  })

  test('about one user is not answered by what a peer says of another', async () => {
    expect(await reasonOf(standing('renamed-1'))).toBe('the answer is about another user')
    expect(counts.of('asked account unavailable')).toBe(1)
  })
})

describe('failures', () => {
  const LASTING = ['status 429', 'HTML', 'garbage for JSON', 'another shape', 'nothing for JSON', 'status 204'] as const
  const OVER = ['ten megabytes', 'a redirect'] as const
  const TRANSIENT = ['status 500', 'a hang-up', 'half an answer', 'no HTTP at all'] as const
  const HANGING = ['silence', 'a slow drip'] as const

  test('every kind of them is looked at', () => {
    expect(new Set([...LASTING, ...OVER, ...TRANSIENT, ...HANGING])).toEqual(new Set(Object.keys(MISBEHAVIOURS)))
  })

  test.each([...LASTING, ...OVER])('%s is asked once, and silences the peer for nobody else', async (behaviour) => {
    stub.behaviour = behaviour
    for (let question = 1; question <= 10; question += 1) {
      expect(await reasonOf(standing())).not.toContain(PEER_INTERNALS)
      expect(stub.calls).toHaveLength(question)
    }
    stub.behaviour = null
    expect(await standing()).toBe('active')
    expect(counts.of('circuit account open')).toBe(0)
    expect(counts.of('retried account')).toBe(0)
    expect(stub.calls.every(({ path }) => path.startsWith('/api/v1/accounts/profile/'))).toBe(true)
  })

  test.each(TRANSIENT)('%s is tried again twice', async (behaviour) => {
    stub.next.push(behaviour, behaviour)
    expect(await standing()).toBe('active')
    expect(stub.calls).toHaveLength(3)
    expect(counts.of('retried account')).toBe(2)
    stub.next.push(behaviour, behaviour, behaviour)
    expect(await reasonOf(standing())).not.toContain(PEER_INTERNALS)
    expect(stub.calls).toHaveLength(6)
  })

  test.each(HANGING)('%s ends at the deadline, and is not tried again', async (behaviour) => {
    stub.behaviour = behaviour
    const startedAt = performance.now()
    expect(await reasonOf(standing())).toBe(`no answer within ${TIMEOUT_MS} ms`)
    expect(performance.now() - startedAt).toBeLessThan(TIMEOUT_MS + MARGIN_MS)
    expect(stub.calls).toHaveLength(1)
  })

  test('nobody there is noticed at once', async () => {
    await stub.close()
    expect(await reasonOf(standing())).toBe('ECONNREFUSED')
    expect(counts.of('retried account')).toBe(2)
    expect(counts.of('asked account unavailable')).toBe(1)
  })
})

describe('the circuit', () => {
  const openCircuit = async (client: AccountClient): Promise<void> => {
    stub.behaviour = 'status 500'
    await reasonOf(standing('user-1', client))
    await reasonOf(standing('user-1', client))
  }

  test('opens after five failures in a row, and asks nobody while it is open', async () => {
    await openCircuit(accounts)
    expect(stub.calls).toHaveLength(5)
    stub.behaviour = null
    expect(await reasonOf(standing())).toBe('the circuit is open')
    expect(stub.calls).toHaveLength(5)
    expect(await membership()).toBe('none')
  })

  test('closes again when the peer is back', async () => {
    const client = new AccountClient(optionsFor(() => stub.url, { halfOpenAfterMs: HALF_OPEN_AFTER_MS }))
    await openCircuit(client)
    stub.behaviour = null
    const deadline = Date.now() + DEADLINE_MS
    while ((await standing('user-1', client).catch(() => null)) !== 'active') {
      expect(Date.now()).toBeLessThan(deadline)
      await delay(20)
    }
    await standing('user-1', client)
    await client.close()
    expect(['open', 'half_open', 'closed'].map((state) => counts.of(`circuit account ${state}`))).toEqual([1, 1, 1])
  })

  test('lets one attempt through, and nobody waits for it', async () => {
    const client = new AccountClient(optionsFor(() => stub.url, { halfOpenAfterMs: HALF_OPEN_AFTER_MS }))
    await openCircuit(client)
    stub.behaviour = 'silence'
    const before = stub.calls.length
    const asked: Promise<string>[] = []
    const deadline = Date.now() + DEADLINE_MS
    while (stub.calls.length === before) {
      expect(Date.now()).toBeLessThan(deadline)
      asked.push(reasonOf(standing('user-1', client)))
      await delay(20)
    }
    expect(await reasonOf(standing('user-1', client))).toBe('the circuit is half open')
    expect(await Promise.all(asked)).toContain(`no answer within ${TIMEOUT_MS} ms`)
    await client.close()
  })
})

describe('the search for a member', () => {
  const others = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ user_id: `other-${index}`, status: 'active' }))
  const pagesAsked = () => stub.calls.filter(({ path }) => path.includes('/members')).map(({ path }) => path)

  test.each`
    status         | outcome
    ${'active'}    | ${'active'}
    ${'inactive'}  | ${'none'}
    ${'pending'}   | ${'none'}
    ${'suspended'} | ${'none'}
    ${'ACTIVE'}    | ${'none'}
  `('one who is $status is $outcome', async ({ status, outcome }) => {
    stub.members = [...others(3), { user_id: 'user-1', status }]
    expect(await membership()).toBe(outcome)
  })

  test('finds one on the third page, and stops there', async () => {
    stub.members = [...others(2500), { user_id: 'user-1', status: 'active' }, ...others(2000)]
    expect(await membership()).toBe('active')
    expect(pagesAsked()).toEqual(
      [0, 1000, 2000].map((offset) => `/api/v1/organizations/acme/members?limit=1000&offset=${offset}`),
    )
  })

  test('ends with the last page', async () => {
    stub.members = others(1500)
    expect(await membership()).toBe('none')
    expect(pagesAsked()).toHaveLength(2)
  })

  test('goes past a membership that ended to one that stands', async () => {
    stub.members = [{ user_id: 'user-1', status: 'inactive' }, ...others(1200), { user_id: 'user-1', status: 'active' }]
    expect(await membership()).toBe('active')
  })

  test('does not believe a total that is only the page', async () => {
    const all = [...others(1000), { user_id: 'user-1', status: 'active' }]
    stub.page = (limit, offset) => ({ members: all.slice(offset, offset + limit), total: 1000 })
    expect(await membership()).toBe('active')
  })

  test('goes on where the service gives less at once than it was asked for', async () => {
    const all = [...others(250), { user_id: 'user-1', status: 'active' }]
    stub.page = (_, offset) => ({ members: all.slice(offset, offset + 100), total: all.length })
    expect(await membership()).toBe('active')
    expect(pagesAsked()).toHaveLength(3)
  })

  test('ends at an empty page, whatever the total says', async () => {
    stub.page = () => ({ members: [], total: 1_000_000 })
    expect(await membership()).toBe('none')
    expect(pagesAsked()).toHaveLength(1)
  })

  test('ends in a list without an end', async () => {
    stub.page = () => ({ members: [{ user_id: 'other', status: 'active' }], total: 1_000_000 })
    const startedAt = performance.now()
    expect(await reasonOf(membership())).toMatch(/does not end within 100 pages|no answer within/)
    expect(performance.now() - startedAt).toBeLessThan(TIMEOUT_MS + MARGIN_MS)
    expect(pagesAsked().length).toBeLessThanOrEqual(100)
  })

  test('ends at an organization that is unknown, or not ours to see', async () => {
    expect(await membership('user-1', 'unknown-1')).toBe('unknown_organization')
    expect(await membership('user-1', 'closed-1')).toBe('no_access')
    expect(pagesAsked()).toEqual([])
  })

  test('has one deadline for all its pages', async () => {
    stub.page = (limit) => {
      stub.next.push('silence')
      return { members: others(limit), total: 5000 }
    }
    const startedAt = performance.now()
    expect(await reasonOf(membership())).toBe(`no answer within ${TIMEOUT_MS} ms`)
    expect(performance.now() - startedAt).toBeLessThan(TIMEOUT_MS + MARGIN_MS)
  })
})
