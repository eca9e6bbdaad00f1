// Wallets that users open in the name of organizations, with their own tokens: only of those that are known to have them as
// members, whatever VALIDATE_USERS says. What services may is owner-checks.test.ts's.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Answer } from '../support/api.ts'
import { AUDIENCE, type IdentityProvider, ISSUER, startIdentityProvider } from '../support/identity-provider.ts'
import { type PeerStub, startPeerStub } from '../support/peer-stubs.ts'
import { closeFaultless, type OneService, startOneService } from '../support/service.ts'
import { type KeysFile, keysText, newKey, writeKeysFile } from '../support/service-keys.ts'

const MODES = ['best-effort', 'required', 'off'] as const
type Mode = (typeof MODES)[number]
type Headers = Readonly<Record<string, string>>

let provider: IdentityProvider
let peers: PeerStub
let file: KeysFile
let services: ReadonlyMap<Mode, OneService>
let users = 0
const key = newKey()

beforeAll(async () => {
  provider = await startIdentityProvider()
  peers = await startPeerStub()
  file = await writeKeysFile(keysText({ name: 'writer', scopes: ['wallet:write'], keys: [key.entry] }))
  const started = MODES.map(async (mode) => [mode, await start(mode)] as const)
  services = new Map(await Promise.all(started))
})
afterAll(async () => {
  for (const one of services.values()) await closeFaultless(one)
  await Promise.all([provider.close(), peers.close(), file.remove()])
})
beforeEach(() => peers.reset())

function start(mode: Mode): Promise<OneService> {
  return startOneService({
    VALIDATE_USERS: mode,
    ACCOUNT_SERVICE_URL: peers.url,
    ORGANIZATION_SERVICE_URL: peers.url,
    PEER_CACHE_SECONDS: '0',
    AUTH_JWKS_URL: provider.url,
    AUTH_ISSUER: ISSUER,
    AUTH_AUDIENCE: AUDIENCE,
    AUTH_API_KEYS_FILE: file.path,
  })
}

const newUser = (): string => `user-${(users += 1)}`
const asService = (): Headers => ({ 'x-api-key': key.key })
const asUser = async (user: string): Promise<Headers> => ({
  authorization: `Bearer ${await provider.token(user, { scope: 'wallet:write' })}`,
})

interface Opening {
  readonly mode: Mode
  readonly headers: Headers
  readonly body: object
  readonly key?: string
}

function open({ mode, ...request }: Opening, query = ''): Promise<Answer> {
  const one = services.get(mode)
  if (!one) throw new Error(`No service for ${mode}`)
  return one.api.call('POST', `/api/v1/wallets${query}`, request)
}

const outcomeOf = ({ status, body }: Answer): string => (status === 200 ? 'ok' : body.code)

describe.each([
  { mode: 'best-effort', how: 'a member', outcome: 'ok', ofService: 'ok' },
  { mode: 'best-effort', how: 'a stranger', outcome: 'forbidden', ofService: 'forbidden' },
  { mode: 'best-effort', how: 'out of reach', outcome: 'peer_unavailable', ofService: 'ok' },
  { mode: 'required', how: 'a member', outcome: 'ok', ofService: 'ok' },
  { mode: 'required', how: 'out of reach', outcome: 'peer_unavailable', ofService: 'peer_unavailable' },
  { mode: 'off', how: 'a member', outcome: 'forbidden', ofService: 'ok' },
  { mode: 'off', how: 'out of reach', outcome: 'forbidden', ofService: 'ok' },
] as const)('$mode, $how', ({ mode, how, outcome, ofService }) => {
  test(`a user: ${outcome}; a service: ${ofService}`, async () => {
    const user = newUser()
    if (how === 'a member') peers.members = [{ user_id: user, status: 'active' }]
    if (how === 'out of reach') peers.behaviour = 'status 429'
    const body = { user_id: user, organization_id: 'bank' }
    const headers = await asUser(user)
    expect(outcomeOf(await open({ mode, headers, body }, '?dry_run=true'))).toBe(outcome)
    expect(outcomeOf(await open({ mode, headers, body }))).toBe(outcome)
    const usd = { ...body, currency: 'USD' }
    expect(outcomeOf(await open({ mode, headers: asService(), body: usd }))).toBe(ofService)
  })
})

test('nobody is asked about a member where a user names no organization', async () => {
  peers.behaviour = 'status 429'
  for (const mode of ['best-effort', 'off'] as const) {
    const user = newUser()
    const headers = await asUser(user)
    expect(outcomeOf(await open({ mode, headers, body: { user_id: user } }))).toBe('ok')
    expect(outcomeOf(await open({ mode, headers, body: { user_id: user, organization_id: null } }))).toBe(
      'wallet_exists',
    )
  }
})

test('the refusal says what to do about it', async () => {
  const user = newUser()
  const body = { user_id: user, organization_id: 'bank' }
  const answer = await open({ mode: 'off', headers: await asUser(user), body })
  expect(answer.body).toMatchObject({ code: 'forbidden', user_id: user, organization_id: 'bank', retryable: false })
  expect(answer.text).toContain("only a service opens an organization's wallet")
})

test.each([
  { mode: 'best-effort', opener: asUser, refusal: 'peer_unavailable' },
  { mode: 'off', opener: async () => asService(), refusal: 'forbidden' },
] as const)('$mode: a key that was used gets its first answer again', async ({ mode, opener, refusal }) => {
  const user = newUser()
  peers.members = [{ user_id: user, status: 'active' }]
  const body = { user_id: user, organization_id: 'bank' }
  const first = await open({ mode, headers: await opener(user), body, key: 'key-1' })
  expect(outcomeOf(first)).toBe('ok')
  peers.behaviour = 'status 429'
  const headers = await asUser(user)
  const again = await open({ mode, headers, body, key: 'key-1' })
  expect([again.status, again.text]).toEqual([200, first.text])
  const other = { ...body, currency: 'USD' }
  expect(outcomeOf(await open({ mode, headers, body: other, key: 'key-1' }))).toBe('idempotency_key_reused')
  expect(outcomeOf(await open({ mode, headers, body: other, key: 'key-2' }))).toBe(refusal)
})
