// What a batch may look like: bounds, faults of single operations, who may reward, and how it is counted.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Answer, Api } from '../support/api.ts'
import { Scrape } from '../support/prometheus.ts'
import { keysText, newKey, writeKeysFile } from '../support/service-keys.ts'
import { closeFaultless, type OneService, startOneService } from '../support/service.ts'

let one: OneService
let api: Api
let wallet: string

beforeAll(async () => {
  one = await startOneService()
  api = one.api
  wallet = await api.openWallet({ user_id: 'batch-requests', initial_balance: 1000 })
})
afterAll(() => closeFaultless(one))

const consume = (amount: unknown, more: object = {}) => ({ operation: 'consume', wallet_id: wallet, amount, ...more })
const faultsOf = ({ body }: Answer): string[] => (body.errors ?? []).map(({ loc, type }) => `${loc.join('.')} ${type}`)

test('every fault of every operation is reported at once, and nothing is done', async () => {
  const good = Array.from({ length: 7 }, () => consume(1))
  const answer = await api.batch([...good, consume(-1), consume(1, { idempotency_key: 'a b', usage_record_id: {} })])
  expect(answer.status).toBe(422)
  expect(faultsOf(answer)).toEqual([
    'body.operations.7.amount negative',
    'body.operations.8.idempotency_key invalid_idempotency_key',
    'body.operations.8.usage_record_id invalid_union',
  ])
  expect(await api.balanceOf(wallet)).toBe('1000')
})

test.each([
  [{}, ['body.operations missing']],
  [[], ['body invalid_type']],
  [{ operations: {} }, ['body.operations invalid_type']],
  [{ operations: [] }, ['body.operations out_of_range']],
  [{ operations: Array.from({ length: 1001 }, () => 7) }, ['body.operations out_of_range']],
  [{ operations: [7] }, ['body.operations.0 invalid_type']],
  [{ operations: [{ operation: 'freeze' }] }, ['body.operations.0.operation invalid_value']],
  [
    { operations: [{ operation: 'consume' }] },
    ['body.operations.0.wallet_id missing', 'body.operations.0.amount missing'],
  ],
  [
    { atomic: 'yes', operations: [{ operation: 'void_hold', hold_id: 'x' }] },
    ['body.atomic invalid_type', 'body.operations.0.hold_id invalid_uuid'],
  ],
  [
    { atomik: true, operations: [{ operation: 'void_hold', hold_id: 'x' }] },
    ['body.operations.0.hold_id invalid_uuid', 'body.atomik unknown'],
  ],
])('%j is refused', async (body, faults) => {
  const answer = await api.post('/api/v1/batch', body)
  expect(answer.status).toBe(422)
  expect(faultsOf(answer)).toEqual(faults)
})

test('a thousand operations that say nothing have a thousand faults', async () => {
  expect(faultsOf(await api.batch(Array.from({ length: 1000 }, () => ({}))))).toHaveLength(1000)
})

test('a member that an operation does not have is refused: it could be a misspelt key', async () => {
  const answer = await api.batch([consume(1, { 'idempotency-key': 'k' }), consume(1, { to_wallet_id: wallet })])
  expect(faultsOf(answer)).toEqual([
    'body.operations.0.idempotency-key unknown',
    'body.operations.1.to_wallet_id unknown',
  ])
})

test('a refund that names another transaction again is refused', async () => {
  const ids = [1, 2].map((number) => `0197f7d4-1b1a-7c3e-9a51-0d4f2c6b8ef${number}`)
  const refund = { operation: 'refund', transaction_id: ids[0], original_transaction_id: ids[1], reason: 'x' }
  expect(faultsOf(await api.batch([refund]))).toEqual(['body.operations.0.original_transaction_id not_the_path'])
})

describe('size', () => {
  test('of a body full of unknown members, the first 5,000 are named', async () => {
    const members = Array.from({ length: 150_000 }, (_, index) => `"a${index}":1`).join(',')
    const answer = await api.post('/api/v1/batch', `{"operations":[],${members}}`)
    expect([answer.status, faultsOf(answer).length]).toEqual([422, 5000])
  })

  test('a thousand operations with all that they may say, up to 2 MiB', async () => {
    const metadata = { note: 'x'.repeat(1600) }
    const operations = Array.from({ length: 1000 }, (_, index) => consume('0.1', { metadata, description: `${index}` }))
    const answer = await api.batch(operations, { dryRun: true })
    expect(answer.body).toMatchObject({ succeeded: 1000 })
  })

  test('more than 2 MiB is refused', async () => {
    const operations = Array.from({ length: 250 }, () => consume(1, { metadata: { note: 'x'.repeat(9000) } }))
    const answer = await api.batch(operations)
    expect([answer.status, answer.body.code]).toEqual([413, 'body_too_large'])
  })

  test('numbers keep their digits in a large body', async () => {
    const exact = '12345678901234567890.12345678'
    const text = JSON.stringify(consume(1, { metadata: { exact: 0 } })).replace('"exact":0', `"exact":${exact}`)
    const others = Array.from({ length: 100 }, () => JSON.stringify(consume(1)))
    const answer = await api.post('/api/v1/batch?dry_run=true', `{"operations":[${[...others, text].join(',')}]}`)
    expect(answer.text).toContain(`"metadata":{"exact":${exact}}`)
  })

  test('a million numbers that need care are refused before they are read one by one', async () => {
    const answer = await api.post('/api/v1/batch', `{"operations":[1e1${',1e1'.repeat(400_000)}]}`)
    expect([answer.status, answer.body.code]).toEqual([400, 'malformed_json'])
  })
})

test('a reward needs the scope that its single route needs, whatever else is in the batch', async () => {
  const [writer, admin] = [newKey(), newKey()]
  const file = await writeKeysFile(
    keysText(
      { name: 'writer', scopes: ['wallet:write'], keys: [writer.entry] },
      { name: 'admin', scopes: ['wallet:admin'], keys: [admin.entry] },
    ),
  )
  const checked = await startOneService({ AUTH_API_KEYS_FILE: file.path })
  try {
    const as = (key: string, path: string, body: unknown): Promise<Answer> =>
      checked.api.call('POST', path, { body, headers: { 'x-api-key': key } })
    const opening = await as(writer.key, '/api/v1/wallets', { user_id: 'rewarded' })
    const operation = (kind: string) => ({ operation: kind, wallet_id: opening.body.wallet_id, amount: 1 })
    const operations = ['deposit', 'reward', 'deposit', 'reward'].map(operation)
    for (const query of ['', '?dry_run=true']) {
      const refused = await as(writer.key, `/api/v1/batch${query}`, { operations })
      expect(refused.status).toBe(403)
      expect(refused.body).toMatchObject({ code: 'forbidden', required_scope: 'wallet:admin', operations: [1, 3] })
      expect(refused.headers.get('www-authenticate')).toContain('scope="wallet:admin"')
    }
    const done = await as(admin.key, '/api/v1/batch', { operations })
    // Nothing had been done before.
    expect(done.body.results.map(({ balance }) => balance)).toEqual(['1', '2', '3', '4'])
    expect((await as(writer.key, '/api/v1/batch', { operations: [operation('deposit')] })).body.succeeded).toBe(1)
  } finally {
    await closeFaultless(checked)
    await file.remove()
  }
})

test('each operation is counted, and those that were not applied as such', async () => {
  const counted = async (type: string, outcome: string): Promise<number> => {
    const { text } = await api.get('/metrics')
    return new Scrape(text).value('wallet_postings_total', { type, outcome }) ?? 0
  }
  const count = async (): Promise<number[]> => [
    await counted('consume', 'posted'),
    await counted('consume', 'insufficient_balance'),
    await counted('consume', 'not_applied'),
  ]
  const before = await count()
  await api.batch([consume(1), consume(1), consume('99999999999')])
  await api.batch([consume(1), consume('99999999999')], { atomic: true })
  expect((await count()).map((after, index) => after - (before[index] ?? 0))).toEqual([2, 2, 1])
})
