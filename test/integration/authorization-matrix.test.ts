// Who may do what: every operation of openapi.yaml by every kind of caller. What each operation needs is written out here a
// second time, and what follows for a caller is computed by a rule of our own, so that a new operation, or one whose scope
// changes, has to be thought of here, too. Mutations are dry runs: nothing changes from one case to the next.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { departures, type Operation, specification } from '../support/openapi.ts'
import {
  AUDIENCE,
  type IdentityProvider,
  ISSUER,
  secondsFromNow,
  startIdentityProvider,
} from '../support/identity-provider.ts'
import { closeFaultless, type OneService, startOneService } from '../support/service.ts'
import { type KeysFile, keysText, newKey, writeKeysFile } from '../support/service-keys.ts'

const RANKS = ['public', 'wallet:read', 'wallet:write', 'wallet:admin'] as const
type Scope = (typeof RANKS)[number]

const NEEDED: Readonly<Record<string, Scope>> = {
  getRoot: 'public',
  getHealth: 'public',
  getLiveness: 'public',
  getReadiness: 'public',
  getMetrics: 'wallet:read',
  getStats: 'wallet:read',
  getWallet: 'wallet:read',
  getBalance: 'wallet:read',
  getBalanceHistory: 'wallet:read',
  explainBalance: 'wallet:read',
  getWalletStatistics: 'wallet:read',
  getUserStatistics: 'wallet:read',
  listWalletsOfUser: 'wallet:read',
  listWalletsOfOrganization: 'wallet:read',
  listTransactionsOfWallet: 'wallet:read',
  listTransactionsOfUser: 'wallet:read',
  getTransaction: 'wallet:read',
  listHoldsOfWallet: 'wallet:read',
  getHold: 'wallet:read',
  // It opens a wallet where there is none.
  getCreditsBalance: 'wallet:write',
  consumeCredits: 'wallet:write',
  createWallet: 'wallet:write',
  updateWallet: 'wallet:write',
  deposit: 'wallet:write',
  withdraw: 'wallet:write',
  consume: 'wallet:write',
  transfer: 'wallet:write',
  refund: 'wallet:write',
  placeHold: 'wallet:write',
  captureHold: 'wallet:write',
  voidHold: 'wallet:write',
  extendHold: 'wallet:write',
  batch: 'wallet:write',
  reward: 'wallet:admin',
  freezeWallet: 'wallet:admin',
  unfreezeWallet: 'wallet:admin',
  closeWallet: 'wallet:admin',
}

/** What is about nobody's wallets in particular: figures of the whole service are no user's business; or about too many. */
const FOR_SERVICES = ['getStats', 'getMetrics', 'batch']
/** What gives each user their own part instead of a refusal. */
const FILTERED = ['listWalletsOfOrganization']

const OWNER = 'owner'
const STRANGER = 'stranger'
const ORGANIZATION = 'guild'

/** A kind of caller: what it may do at most, and as whom. `null`: nobody knows it. */
interface CallerKind {
  readonly name: string
  readonly allowed: Scope | null
  readonly user?: string
  readonly headers: () => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>
}

let one: OneService
let provider: IdentityProvider
let file: KeysFile
const keys = { read: newKey(), write: newKey(), admin: newKey() }
/** What the requests name, all of it the owner's. */
let ids: Readonly<Record<string, string>> = {}

const withKey = (key: string) => ({ 'x-api-key': key })
const withToken = async (user: string, scope: string, more: object = {}) => ({
  authorization: `Bearer ${await provider.token(user, { scope, ...more })}`,
})

const CALLERS: readonly CallerKind[] = [
  { name: 'nobody', allowed: null, headers: () => ({}) },
  { name: 'a key nobody knows', allowed: null, headers: () => withKey(newKey().key) },
  {
    name: 'an expired token',
    allowed: null,
    headers: () => withToken(OWNER, 'wallet:admin', { iat: secondsFromNow(-600), exp: secondsFromNow(-60) }),
  },
  { name: 'a service that reads', allowed: 'wallet:read', headers: () => withKey(keys.read.key) },
  { name: 'a service that writes', allowed: 'wallet:write', headers: () => withKey(keys.write.key) },
  { name: 'a service that administers', allowed: 'wallet:admin', headers: () => withKey(keys.admin.key) },
  {
    name: 'the owner without a scope of ours',
    allowed: 'public',
    user: OWNER,
    headers: () => withToken(OWNER, 'openid'),
  },
  { name: 'the owner who reads', allowed: 'wallet:read', user: OWNER, headers: () => withToken(OWNER, 'wallet:read') },
  {
    name: 'the owner who writes',
    allowed: 'wallet:write',
    user: OWNER,
    headers: () => withToken(OWNER, 'wallet:write'),
  },
  {
    name: 'the owner who administers',
    allowed: 'wallet:admin',
    user: OWNER,
    headers: () => withToken(OWNER, 'wallet:admin'),
  },
  {
    name: 'another who reads',
    allowed: 'wallet:read',
    user: STRANGER,
    headers: () => withToken(STRANGER, 'wallet:read'),
  },
  {
    name: 'another who writes',
    allowed: 'wallet:write',
    user: STRANGER,
    headers: () => withToken(STRANGER, 'wallet:write'),
  },
  {
    name: 'another who administers',
    allowed: 'wallet:admin',
    user: STRANGER,
    headers: () => withToken(STRANGER, 'wallet:admin'),
  },
]

interface Call {
  readonly method: string
  readonly path: string
  readonly operation: Operation
}

const CALLS: readonly Call[] = Object.entries(specification.paths).flatMap(([path, operations]) =>
  Object.entries(operations).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
)

const rankOf = (scope: Scope): number => RANKS.indexOf(scope)
const scopeOf = ({ operationId }: Operation): Scope => NEEDED[operationId] ?? 'wallet:admin'
const namesInBody = ({ requestBody }: Operation): readonly string[] => Object.keys(exampleBody(requestBody) ?? {})

function exampleBody(requestBody: Operation['requestBody']): Readonly<Record<string, unknown>> | undefined {
  const example = requestBody?.content['application/json']?.example
  return typeof example === 'object' && example !== null ? { ...example } : undefined
}

/** The status that follows, or `ok`. */
function expected(caller: CallerKind, { operation, path }: Call): 'ok' | 401 | 403 | 404 {
  const needed = scopeOf(operation)
  if (needed === 'public') return 'ok'
  if (caller.allowed === null) return 401
  if (rankOf(caller.allowed) < rankOf(needed)) return 403
  if (caller.user === undefined) return 'ok'
  if (FOR_SERVICES.includes(operation.operationId)) return 403
  if (caller.user === OWNER || FILTERED.includes(operation.operationId)) return 'ok'
  return path.includes('{user_id}') || namesInBody(operation).includes('user_id') ? 403 : 404
}

/** The request of the example, about what `names` says; it changes nothing. */
function requestOf({ method, path, operation }: Call, names: Readonly<Record<string, string>>) {
  const example = exampleBody(operation.requestBody)
  const known: Readonly<Record<string, string | undefined>> =
    operation.operationId === 'closeWallet' ? { ...names, wallet_id: names['empty_wallet_id'] } : names
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => known[name] ?? `no-${name}`)
  const isDry = operation.parameters?.some(({ name }) => name === 'dry_run') ?? false
  const body =
    example && Object.fromEntries(Object.entries(example).map(([name, value]) => [name, known[name] ?? value]))
  return { method, path: isDry ? `${filled}?dry_run=true` : filled, body }
}

async function send(
  request: { readonly method: string; readonly path: string; readonly body?: unknown },
  headers: Readonly<Record<string, string>>,
) {
  const { method, path, body } = request
  const response = await fetch(`${one.service.url}${path}`, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  expect(departuresOf(request, response, text), text).toEqual([])
  return { status: response.status, headers: response.headers, text }
}

/** Where an answer departs from the specification; one that is no JSON has nothing to depart with. */
function departuresOf(request: { method: string; path: string }, response: Response, text: string): readonly string[] {
  const contentType = response.headers.get('content-type') ?? ''
  if (!contentType.includes('json') || text === '') return []
  const [path = ''] = request.path.split('?')
  return departures({ method: request.method, path, status: response.status, contentType, body: JSON.parse(text) })
}

beforeAll(async () => {
  provider = await startIdentityProvider()
  file = await writeKeysFile(
    keysText(
      { name: 'reader', scopes: ['wallet:read'], keys: [keys.read.entry] },
      { name: 'writer', scopes: ['wallet:write'], keys: [keys.write.entry] },
      { name: 'administrator', scopes: ['wallet:admin'], keys: [keys.admin.entry] },
    ),
  )
  one = await startOneService({
    AUTH_JWKS_URL: provider.url,
    AUTH_ISSUER: ISSUER,
    AUTH_AUDIENCE: AUDIENCE,
    AUTH_API_KEYS_FILE: file.path,
  })
  ids = await arrange()
})
afterAll(async () => {
  await closeFaultless(one)
  await provider.close()
  await file.remove()
})

/** Everything that a request can name, of one user. */
async function arrange(): Promise<Readonly<Record<string, string>>> {
  const post = async (path: string, body: object): Promise<string> => {
    const { status, text } = await send({ method: 'POST', path, body }, withKey(keys.admin.key))
    expect(status, text).toBeLessThan(300)
    return text
  }
  const open = async (more: object): Promise<string> => {
    const wallet = { user_id: OWNER, organization_id: ORGANIZATION, ...more }
    return JSON.parse(await post('/api/v1/wallets', wallet)).wallet_id
  }
  const wallet = await open({ initial_balance: 1000 })
  const hold = await post(`/api/v1/wallets/${wallet}/holds`, { amount: 100 })
  const consumed = await post(`/api/v1/wallets/${wallet}/consume`, { amount: 100 })
  await open({ user_id: STRANGER, currency: 'CREDIT' })
  return {
    user_id: OWNER,
    organization_id: ORGANIZATION,
    wallet_id: wallet,
    to_wallet_id: await open({ wallet_type: 'crypto' }),
    empty_wallet_id: await open({ currency: 'USD' }),
    transaction_id: JSON.parse(consumed).transaction_id,
    hold_id: JSON.parse(hold).data.hold.hold_id,
    currency: 'EUR',
  }
}

test('every operation is thought of, and the specification says the same of it', () => {
  const documented = CALLS.map(({ operation }) => [operation.operationId, Reflect.get(operation, 'x-scope')])
  expect(Object.fromEntries(documented)).toEqual(NEEDED)
  for (const { operation } of CALLS) {
    const scope = scopeOf(operation)
    const security = scope === 'public' ? [] : [{ accessToken: [scope] }, { apiKey: [scope] }]
    expect(Reflect.get(operation, 'security') ?? [], operation.operationId).toEqual(security)
  }
})

describe.each(CALLERS)('$name', (caller) => {
  test.each(CALLS.map((call) => [call.operation.operationId, call] as const))('%s', async (_, call) => {
    const { status, headers, text } = await send(requestOf(call, ids), await caller.headers())
    const outcome = expected(caller, call)
    expect(status < 300 ? 'ok' : status, text).toBe(outcome)
    const isScopeMissing = outcome === 403 && text.includes('required_scope')
    expect(headers.has('www-authenticate')).toBe(outcome === 401 || isScopeMissing)
  })
})

const UNKNOWN = { wallet_id: randomUUID(), transaction_id: randomUUID(), hold_id: randomUUID() }
const NAMING = CALLS.filter(({ path }) => /\{(?:wallet|transaction|hold)_id\}/.test(path))

/** An answer without the ids that were sent and the one it was given. */
function blanked(
  { status, text }: { status: number; text: string },
  names: Readonly<Record<string, string | undefined>>,
) {
  const { request_id: requestId, ...rest } = JSON.parse(text)
  expect(requestId).toBeTruthy()
  let blank = JSON.stringify(rest)
  for (const [name, id] of Object.entries(names)) if (id !== undefined) blank = blank.replaceAll(id, name)
  return { status, text: blank }
}

describe("another's is as if it did not exist, to the byte", () => {
  test.each(NAMING.map((call) => [call.operation.operationId, call] as const))('%s', async (_, call) => {
    const headers = await withToken(STRANGER, 'wallet:admin')
    const { wallet_id: wallet, empty_wallet_id: empty, transaction_id: transaction, hold_id: hold } = ids
    const isClosing = call.operation.operationId === 'closeWallet'
    const named = { wallet_id: isClosing ? empty : wallet, transaction_id: transaction, hold_id: hold }
    const another = blanked(await send(requestOf(call, ids), headers), named)
    const unknown = { ...ids, ...UNKNOWN, empty_wallet_id: UNKNOWN.wallet_id }
    expect(another).toEqual(blanked(await send(requestOf(call, unknown), headers), UNKNOWN))
    expect(another.status).toBe(404)
  })

  test('the target of a transfer, whose balance the answer would show', async () => {
    const headers = await withToken(STRANGER, 'wallet:write')
    const own = JSON.parse((await send({ method: 'GET', path: `/api/v1/users/${STRANGER}/wallets` }, headers)).text)
    const path = `/api/v1/wallets/${own.wallets[0].wallet_id}/transfer?dry_run=true`
    const into = async (target: string | undefined) =>
      blanked(await send({ method: 'POST', path, body: { to_wallet_id: target, amount: 1 } }, headers), { target })
    expect(await into(ids['wallet_id'])).toEqual(await into(UNKNOWN.wallet_id))
    expect((await into(ids['wallet_id'])).status).toBe(404)
  })

  test('an id in capital letters is the same id', async () => {
    const path = `/api/v1/wallets/${ids['wallet_id']?.toUpperCase()}`
    expect((await send({ method: 'GET', path }, await withToken(OWNER, 'wallet:read'))).status).toBe(200)
    expect((await send({ method: 'GET', path }, await withToken(STRANGER, 'wallet:read'))).status).toBe(404)
  })
})

test("a list of an organization's wallets shows a user their own, and a service all", async () => {
  const owners = async (headers: Readonly<Record<string, string>>): Promise<string[]> => {
    const { text } = await send({ method: 'GET', path: `/api/v1/organizations/${ORGANIZATION}/wallets` }, headers)
    const { wallets }: { wallets: { user_id: string }[] } = JSON.parse(text)
    return wallets.map(({ user_id: userId }) => userId).toSorted()
  }
  expect(await owners(await withToken(STRANGER, 'wallet:read'))).toEqual([STRANGER])
  expect(await owners(await withToken(OWNER, 'wallet:read'))).toEqual([OWNER, OWNER, OWNER])
  expect(await owners(withKey(keys.read.key))).toEqual([OWNER, OWNER, OWNER, STRANGER])
})

test('reads of one moment by different callers are not mixed', async () => {
  const path = `/api/v1/wallets/${ids['wallet_id']}`
  const [owner, stranger] = [await withToken(OWNER, 'wallet:read'), await withToken(STRANGER, 'wallet:read')]
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) => send({ method: 'GET', path }, index % 2 === 0 ? owner : stranger)),
  )
  expect(answers.map(({ status }) => status)).toEqual(answers.map((_, index) => (index % 2 === 0 ? 200 : 404)))
})

test('HEAD is checked as GET is', async () => {
  const head = { method: 'HEAD', path: `/api/v1/wallets/${ids['wallet_id']}` }
  expect((await send(head, {})).status).toBe(401)
  expect((await send(head, await withToken(OWNER, 'wallet:read'))).status).toBe(200)
  expect((await send(head, await withToken(STRANGER, 'wallet:read'))).status).toBe(404)
})

test('what is refused for its caller is refused before anything of it is read', async () => {
  const broken = { method: 'POST', path: '/api/v1/wallets/not-an-id/deposit', body: { amount: 'x' } }
  expect((await send(broken, {})).status).toBe(401)
  expect((await send(broken, withKey(keys.read.key))).status).toBe(403)
  expect((await send(broken, withKey(keys.write.key))).status).toBe(422)
})
