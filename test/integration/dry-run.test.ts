// A dry run answers as the real call would and leaves everything as it was: every operation that changes something, in every
// way in which it can end, first dry and then for real. The operations and their refusals are those of openapi.yaml, so that a
// new one without a case fails here. No worker runs, so that nobody else writes.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Answer, Api } from '../support/api.ts'
import { DRY_RUN_CASES, newUser, type Request } from '../support/dry-run-cases.ts'
import { secondsBetween } from '../support/instants.ts'
import { specification } from '../support/openapi.ts'
import { type PeerStub, startPeerStub } from '../support/peer-stubs.ts'
import { closeFaultless, type OneService, startOneService } from '../support/service.ts'
import { lockFromOutside, queryDatabase } from '../support/sql.ts'

/** Documented of every mutation; they come from the way of a request, not from what it asks. */
const OF_THE_WAY = [
  'unauthenticated',
  'forbidden',
  'rate_limited',
  'peer_unavailable',
  'malformed_json',
  'body_too_large',
  'unsupported_media_type',
  'internal_error',
  'overloaded',
  'database_unavailable',
  'wallet_busy',
  'outcome_unknown',
]

/** Documented, and not to be brought about one after the other: the way there ends before, or takes a race. */
const OUT_OF_REACH = ['refund wallet_not_found', 'consumeCredits wallet_closed']

let one: OneService
let api: Api
let peers: PeerStub

beforeAll(async () => {
  peers = await startPeerStub()
  one = await startOneService({
    HOLD_EXPIRY_INTERVAL_MS: '0',
    VALIDATE_USERS: 'required',
    ACCOUNT_SERVICE_URL: peers.url,
    ORGANIZATION_SERVICE_URL: peers.url,
  })
  api = one.api
})
afterAll(async () => {
  await peers.close()
  await closeFaultless(one)
})

/** All rows of all tables, as JSON text. */
async function everything(): Promise<string[]> {
  const tables = ['wallets', 'wallet_transactions', 'holds', 'hold_events']
  const each = tables.map((table) => `SELECT row_to_json(t)::text AS row FROM ${table} t`)
  const rows = await queryDatabase<{ row: string }>(one.databaseUrl, `${each.join(' UNION ALL ')} ORDER BY 1`)
  return rows.map(({ row }) => row)
}

function send({ method = 'POST', path, body, key }: Request, query = ''): Promise<Answer> {
  return api.call(method, `${path}${query}`, { body, ...(key !== undefined && { key }) })
}

const dryRun = (request: Request): Promise<Answer> => send(request, '?dry_run=true')

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
const INSTANT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d+))?(?:Z|\+00:00)/g

/** Instants with six decimals, whoever wrote them. */
const sameInstants = (text: string): string =>
  text.replaceAll(INSTANT, (found, fraction = '') => `${found.slice(0, 19)}.${String(fraction).padEnd(6, '0')}Z`)

/** An answer without what it would make: ids and instants that the database does not know are blanked out. */
function comparable({ status, headers, text }: Answer, rows: readonly string[]) {
  const known = sameInstants(rows.join())
  const blanked = (found: string): string => (known.includes(found) ? found : 'new')
  return {
    status,
    type: headers.get('content-type'),
    replayed: headers.get('idempotency-replayed'),
    text: sameInstants(text).replaceAll(UUID, blanked).replaceAll(INSTANT, blanked),
  }
}

/** `ok` or the code, as the cases begin. */
const outcomeOf = ({ status, body }: Answer): string => (status < 300 ? 'ok' : body.code)

const operations = Object.values(specification.paths)
  .flatMap((methods) => Object.entries(methods))
  .filter(([method, { parameters = [] }]) => method !== 'get' || parameters.some(({ name }) => name === 'dry_run'))
  .map(([, operation]) => operation)

describe('what is documented', () => {
  test('every operation that changes something takes dry_run, and has its cases', () => {
    const takeIt = operations.filter(({ parameters = [] }) => parameters.some(({ name }) => name === 'dry_run'))
    expect(takeIt).toEqual(operations)
    expect(Object.keys(DRY_RUN_CASES).toSorted()).toEqual(operations.map(({ operationId }) => operationId).toSorted())
  })

  test.each(operations)('every refusal of $operationId has a case', ({ operationId, responses }) => {
    const documented = Object.values(responses)
      .flatMap(({ content }) => Object.keys(content?.['application/problem+json']?.examples ?? {}))
      .filter((code) => !OF_THE_WAY.includes(code) && !OUT_OF_REACH.includes(`${operationId} ${code}`))
    const outcomes = Object.keys(DRY_RUN_CASES[operationId] ?? {}).map((name) => name.split(' ', 1)[0] ?? '')
    expect(new Set(outcomes.filter((code) => !OF_THE_WAY.includes(code)))).toEqual(new Set(['ok', ...documented]))
  })
})

describe.each(Object.entries(DRY_RUN_CASES))('%s', (operationId, outcomes) => {
  test.each(Object.entries(outcomes))('%s', async (outcome, arrange) => {
    const request = await arrange(api)
    const before = await everything()
    const dry = await dryRun(request)
    expect(await everything()).toEqual(before)
    const real = await send(request)
    expect(outcomeOf(real)).toBe(outcome.split(' ', 1)[0])
    expect(comparable(dry, before)).toEqual(comparable(real, before))
    expect(real.headers.get('dry-run')).toBeNull()
    // The schema refuses before anybody knows that it was to be a dry run.
    const isOfSchema = dry.body.errors?.some(({ loc }) => loc[0] === 'path')
    expect(dry.headers.get('dry-run'), operationId).toBe(isOfSchema ? null : 'true')
    expect(real.headers.get('idempotency-replayed')).toBeNull()
    if (outcome !== 'ok' || request.key === undefined) return
    const after = await everything()
    const replay = await dryRun(request)
    expect([replay.status, replay.text]).toEqual([real.status, real.text])
    expect([replay.headers.get('dry-run'), replay.headers.get('idempotency-replayed')]).toEqual(['true', 'true'])
    expect(await everything()).toEqual(after)
  })
})

test('a hold that would be placed or extended would expire when the real one does', async () => {
  const wallet = await api.openWallet({ user_id: newUser(), initial_balance: 10 })
  const path = `/api/v1/wallets/${wallet}/holds`
  const placed = await dryRun({ path, body: { amount: 1, expires_in_seconds: 90 } })
  const { created_at: createdAt, expires_at: expiresAt } = placed.body.data.hold
  expect(secondsBetween(createdAt, expiresAt)).toBe(90)
  const { hold_id: id } = await api.held(wallet, 1)
  const extended = await dryRun({ path: `/api/v1/holds/${id}/extend`, body: { expires_in_seconds: 30 } })
  const { updated_at: updatedAt, expires_at: thenExpiresAt } = extended.body.data.hold
  expect(secondsBetween(updatedAt, thenExpiresAt)).toBe(30)
})

test('what would have been made does not exist', async () => {
  const user = newUser()
  const opened = await dryRun({ path: '/api/v1/wallets', body: { user_id: user, initial_balance: 5 } })
  expect((await api.get(`/api/v1/wallets/${opened.body.wallet_id}`)).body.code).toBe('wallet_not_found')
  expect((await api.get(`/api/v1/users/${user}/wallets`)).body.count).toBe(0)
  const wallet = await api.openWallet({ user_id: user, initial_balance: 5 })
  const consumed = await dryRun({ path: `/api/v1/wallets/${wallet}/consume`, body: { amount: 1 } })
  expect((await api.get(`/api/v1/transactions/${consumed.body.transaction_id}`)).body.code).toBe(
    'transaction_not_found',
  )
  const placed = await dryRun({ path: `/api/v1/wallets/${wallet}/holds`, body: { amount: 1 } })
  expect((await api.get(`/api/v1/holds/${placed.body.data.hold.hold_id}`)).body.code).toBe('hold_not_found')
})

describe('locks', () => {
  /** Runs `work` while somebody else holds the wallet and its user. */
  async function whileLocked(wallet: string, user: string, work: () => Promise<void>): Promise<void> {
    const locks = [
      await lockFromOutside(one.databaseUrl, 'SELECT FROM wallets WHERE wallet_id = $1 FOR UPDATE', [wallet]),
      await lockFromOutside(one.databaseUrl, 'SELECT pg_advisory_xact_lock(hashtextextended($1, 8208))', [user]),
    ]
    try {
      await work()
    } finally {
      await Promise.all(locks.map((unlock) => unlock()))
    }
  }

  test('a dry run neither waits for them nor is refused by them; the real call is', async () => {
    const user = newUser()
    const wallet = await api.openWallet({ user_id: user, initial_balance: 10 })
    const other = await api.openWallet({ user_id: newUser(), initial_balance: 10 })
    const { hold_id: id } = await api.held(wallet, 1)
    const consumed = (await api.consume(wallet, 1)).body.transaction_id
    const requests: readonly Request[] = [
      { path: `/api/v1/wallets/${wallet}/deposit`, body: { amount: 1 } },
      { path: `/api/v1/wallets/${wallet}/consume`, body: { amount: 1 } },
      { path: `/api/v1/wallets/${other}/transfer`, body: { amount: 1, to_wallet_id: wallet } },
      { path: `/api/v1/transactions/${consumed}/refund`, body: { reason: 'test' } },
      { path: `/api/v1/wallets/${wallet}/holds`, body: { amount: 1 } },
      { path: `/api/v1/holds/${id}/capture` },
      { path: `/api/v1/holds/${id}/void` },
      { path: `/api/v1/holds/${id}/extend`, body: { expires_in_seconds: 60 } },
      { path: `/api/v1/wallets/${wallet}/freeze`, body: { reason: 'test' } },
      { method: 'PATCH', path: `/api/v1/wallets/${wallet}`, body: { metadata: { a: 1 } } },
      { path: '/api/v1/wallets', body: { user_id: user, currency: 'USD' } },
      { path: `/api/v1/users/${user}/credits/consume`, body: { amount: 1 } },
    ]
    await whileLocked(wallet, user, async () => {
      const answers = await Promise.all(requests.map(dryRun))
      expect(answers.map(outcomeOf)).toEqual(requests.map(() => 'ok'))
      expect((await api.consume(wallet, 1)).body.code).toBe('wallet_busy')
    })
  })
})

test('two hundred at once are all answered, each as if it were alone', async () => {
  const wallet = await api.openWallet({ user_id: newUser(), initial_balance: 10 })
  const before = await everything()
  const request = { path: `/api/v1/wallets/${wallet}/consume`, body: { amount: 10 }, key: 'same' }
  const answers = await Promise.all(Array.from({ length: 200 }, () => dryRun(request)))
  expect(new Set(answers.map((answer) => `${outcomeOf(answer)} ${answer.body.balance}`))).toEqual(new Set(['ok 0']))
  expect(await everything()).toEqual(before)
})

test('real calls in between are seen by the next dry run', async () => {
  const wallet = await api.openWallet({ user_id: newUser(), initial_balance: 10 })
  const request = { path: `/api/v1/wallets/${wallet}/holds`, body: { amount: 6 } }
  expect(outcomeOf(await dryRun(request))).toBe('ok')
  expect(outcomeOf(await dryRun(request))).toBe('ok')
  await api.held(wallet, 6)
  expect((await dryRun(request)).body).toMatchObject({ code: 'insufficient_balance', available: '4' })
})

test('where nobody gets an answer, a dry run waits for a while and not in line for ever', async () => {
  const wallet = await api.openWallet({ user_id: 'waiting', initial_balance: 5 })
  const release = await lockFromOutside(one.databaseUrl, 'LOCK TABLE wallets IN ACCESS EXCLUSIVE MODE')
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => api.post(`/api/v1/wallets/${wallet}/consume?dry_run=true`, { amount: 1 })),
  )
  await release()
  // The first ones wait for the lock as long as anybody does; those behind them are not tried any more.
  const codes = answers.map(({ body }) => body.code)
  expect(codes).toEqual(codes.toSorted((left, right) => (left < right ? 1 : left > right ? -1 : 0)))
  expect(new Set(codes)).toEqual(new Set(['wallet_busy', 'overloaded']))
  expect((await api.post(`/api/v1/wallets/${wallet}/consume?dry_run=true`, { amount: 1 })).body.balance).toBe('4')
})
