// What may be sent to the routes of holds, field by field up to its bounds, and that whatever is refused has changed nothing.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Answer, Api } from '../support/api.ts'
import { secondsBetween } from '../support/instants.ts'
import { type OneService, startOneService } from '../support/service.ts'

const NOBODY = '00000000-0000-7000-8000-000000000000'
const MOST = '99999999999999999999.99999999'

let one: OneService
let api: Api
let wallet = ''
let holdId = ''

beforeAll(async () => {
  one = await startOneService({ HOLD_EXPIRY_INTERVAL_MS: '0' })
  api = one.api
  wallet = await api.openWallet({ user_id: 'requests', initial_balance: '100' })
  holdId = (await api.held(wallet, '10')).hold_id
})
afterAll(async () => {
  await one.close()
})
afterEach(() => {
  expect(one.service.log.filter((line) => line.includes('"level":"error"'))).toEqual([])
})

/** The faults of a request, each as where it is and its kind. */
const faultsOf = ({ status, body }: Answer): string[] =>
  (body.errors ?? []).map(({ loc, type }) => `${status} ${loc.join('.')} ${type}`)

/** The wallet's holds and money as text. */
async function everything(): Promise<string> {
  const holds = await api.get(`/api/v1/wallets/${wallet}/holds?limit=100`)
  const money = await api.get(`/api/v1/wallets/${wallet}`)
  return `${holds.text} ${money.text}`
}

/** Sends JSON text that must be refused; gives the faults. Fails if anything has changed. */
async function refusedOf(path: string, body: string): Promise<string[]> {
  const before = await everything()
  const answer = await api.call('POST', path, { body })
  expect(await everything()).toBe(before)
  expect({ status: answer.status, code: answer.body.code }).toEqual({ status: 422, code: 'validation_failed' })
  return faultsOf(answer)
}

const AMOUNT_FAULTS = [
  ['0', 'not_positive'],
  ['-1', 'negative'],
  ['"-1"', 'negative'],
  ['null', 'not_a_decimal'],
  ['true', 'not_a_decimal'],
  ['""', 'not_a_decimal'],
  ['"NaN"', 'not_a_decimal'],
  ['"Infinity"', 'not_a_decimal'],
  ['"١"', 'not_a_decimal'],
  ['[1]', 'not_a_decimal'],
  ['{}', 'not_a_decimal'],
  ['1e400', 'too_many_integer_digits'],
  ['0.000000001', 'too_many_decimals'],
  [`1${'0'.repeat(20)}`, 'too_many_integer_digits'],
] as const

describe('an amount', () => {
  test.each(AMOUNT_FAULTS)('%s is refused as %s, of a hold and of a capture', async (amount, type) => {
    const body = `{"amount":${amount}}`
    expect(await refusedOf(`/api/v1/wallets/${wallet}/holds`, body)).toEqual([`422 body.amount ${type}`])
    expect(await refusedOf(`/api/v1/holds/${holdId}/capture`, body)).toEqual([`422 body.amount ${type}`])
  })

  test('is required of a hold', async () => {
    expect(await refusedOf(`/api/v1/wallets/${wallet}/holds`, '{}')).toEqual(['422 body.amount missing'])
  })

  test.each`
    sent                   | amount
    ${'1e1'}               | ${'10'}
    ${'"1.50"'}            | ${'1.5'}
    ${'0.00000001'}        | ${'0.00000001'}
    ${'0.100000000000000'} | ${'0.1'}
    ${MOST}                | ${MOST}
  `('$sent is read exactly, of a hold and of a capture', async ({ sent, amount }) => {
    const rich = await api.openWallet({ user_id: `rich ${sent}`, initial_balance: MOST })
    const placed = await api.call('POST', `/api/v1/wallets/${rich}/holds`, { body: `{"amount":${sent}}` })
    expect(placed.body.data.hold).toMatchObject({ amount, remaining_amount: amount })
    expect((await api.get(`/api/v1/wallets/${rich}`)).body.locked_balance).toBe(amount)
    const captured = await api.call('POST', `/api/v1/holds/${placed.body.data.hold.hold_id}/capture`, {
      body: `{"amount":${sent}}`,
    })
    expect(captured.body.data.hold).toMatchObject({ captured_amount: amount, status: 'captured' })
  })
})

describe('a time', () => {
  test.each(['0', '-1', '7776001', '1.5', '"5"', 'true', '[]', '1e400', '12345678901234567890'])(
    '%s is refused, of a hold and of an extension',
    async (seconds) => {
      const placing = await refusedOf(`/api/v1/wallets/${wallet}/holds`, `{"amount":1,"expires_in_seconds":${seconds}}`)
      const extending = await refusedOf(`/api/v1/holds/${holdId}/extend`, `{"expires_in_seconds":${seconds}}`)
      expect(placing).toEqual([expect.stringMatching(/^422 body\.expires_in_seconds \w+$/)])
      expect(extending).toEqual(placing)
    },
  )

  test.each`
    body                             | type
    ${'{"expires_in_seconds":null}'} | ${'invalid_type'}
    ${'{}'}                          | ${'missing'}
  `('an extension needs one: $body is refused as $type', async ({ body, type }) => {
    expect(await refusedOf(`/api/v1/holds/${holdId}/extend`, body)).toEqual([`422 body.expires_in_seconds ${type}`])
  })

  test.each([
    ['1', 1],
    ['7776000', 7_776_000],
    ['1e3', 1000],
    ['60.0', 60],
    ['null', 604_800],
  ])('%s is taken', async (sent, seconds) => {
    const rich = await api.openWallet({ user_id: `time ${sent}`, initial_balance: 10 })
    const placed = await api.call('POST', `/api/v1/wallets/${rich}/holds`, {
      body: `{"amount":1,"expires_in_seconds":${sent}}`,
    })
    const { hold } = placed.body.data
    expect(secondsBetween(hold.created_at, hold.expires_at)).toBe(seconds)
  })
})

describe('text and metadata', () => {
  const characters = (count: number): string => '🦊'.repeat(count)
  const bytes = (count: number): object => ({ text: 'x'.repeat(count - '{"text":""}'.length) })

  test.each([
    [{ description: characters(1001) }, 'description too_long'],
    [{ description: 'a\0b' }, 'description invalid_text'],
    [{ description: 5 }, 'description invalid_type'],
    [{ reference_id: characters(256) }, 'reference_id too_long'],
    [{ reference_id: '' }, 'reference_id too_short'],
    [{ reference_id: 7 }, 'reference_id invalid_type'],
    [{ metadata: bytes(10_241) }, 'metadata too_big'],
    [{ metadata: [] }, 'metadata invalid_type'],
    [{ metadata: 'text' }, 'metadata invalid_type'],
    [{ metadata: { a: '\ud800' } }, 'metadata invalid_metadata'],
  ])('a hold with %j is refused', async (more, fault) => {
    const body = JSON.stringify({ amount: 1, ...more })
    expect(await refusedOf(`/api/v1/wallets/${wallet}/holds`, body)).toEqual([`422 body.${fault}`])
  })

  test.each([
    [{ description: characters(1001) }, 'description too_long'],
    [{ usage_record_id: characters(256) }, 'usage_record_id invalid_union'],
    [{ usage_record_id: 1.5 }, 'usage_record_id invalid_union'],
    [{ metadata: bytes(10_241) }, 'metadata too_big'],
    [{ final: 'yes' }, 'final invalid_type'],
    [{ final: 1 }, 'final invalid_type'],
    [{ transaction_type: 'deposit' }, 'transaction_type invalid_value'],
    [{ transaction_type: 'CONSUME' }, 'transaction_type invalid_value'],
  ])('a capture with %j is refused', async (more, fault) => {
    const body = JSON.stringify(more)
    expect(await refusedOf(`/api/v1/holds/${holdId}/capture`, body)).toEqual([`422 body.${fault}`])
  })

  test('as long as they may be, they are kept as they were sent, and so are those of a capture', async () => {
    const rich = await api.openWallet({ user_id: 'long', initial_balance: 10 })
    const most = { description: characters(1000), metadata: bytes(10_240) }
    const hold = await api.held(rich, 10, { ...most, reference_id: characters(255) })
    expect(hold).toMatchObject({ ...most, reference_id: characters(255) })
    const captured = await api.capture(hold.hold_id, { ...most, usage_record_id: characters(255), final: false })
    expect(captured.body.data.transaction).toMatchObject({
      description: most.description,
      reference_id: characters(255),
      usage_record_id: characters(255),
      metadata: { ...most.metadata, hold_id: hold.hold_id },
    })
  })

  test('a hold_id of the caller gives way to the hold that was captured', async () => {
    const rich = await api.openWallet({ user_id: 'claims', initial_balance: 10 })
    const { hold_id: id } = await api.held(rich, 1)
    const { body } = await api.capture(id, { metadata: { hold_id: 'another' } })
    expect(body.data.transaction.metadata).toEqual({ hold_id: id })
  })

  test('numbers in metadata keep their digits', async () => {
    const rich = await api.openWallet({ user_id: 'digits', initial_balance: 10 })
    const body = '{"amount":1,"metadata":{"exact":12345678901234567890.10}}'
    const placed = await api.call('POST', `/api/v1/wallets/${rich}/holds`, { body })
    expect(placed.text).toContain('"metadata":{"exact":12345678901234567890.10}')
    expect((await api.get(`/api/v1/wallets/${rich}/holds`)).text).toContain('{"exact":12345678901234567890.10}')
  })
})

test('all faults are reported at once', async () => {
  const answer = await api.call('POST', '/api/v1/wallets/nope/holds?dry_run=maybe', {
    body: { amount: true, expires_in_seconds: 0, reference_id: '' },
    headers: { 'idempotency-key': 'a b' },
  })
  expect(faultsOf(answer)).toEqual([
    '422 path.wallet_id invalid_uuid',
    '422 query.dry_run invalid_value',
    '422 header.idempotency-key invalid_idempotency_key',
    '422 body.amount not_a_decimal',
    '422 body.expires_in_seconds too_small',
    '422 body.reference_id too_short',
  ])
})

describe('ids', () => {
  const attempts = async (id: string): Promise<Answer[]> => [
    await api.get(`/api/v1/holds/${id}`),
    await api.capture(id),
    await api.voidHold(id),
    await api.extendHold(id, 60),
  ]

  test('an unknown hold is 404', async () => {
    for (const { status, body } of await attempts(NOBODY)) {
      expect({ status, code: body.code, hold: body.hold_id }).toEqual({
        status: 404,
        code: 'hold_not_found',
        hold: NOBODY,
      })
    }
  })

  test('what is no id is 422, whichever route it is', async () => {
    for (const answer of await attempts('not-an-id'))
      expect(faultsOf(answer)).toEqual(['422 path.hold_id invalid_uuid'])
  })

  test('an id in upper case is the same id', async () => {
    const { hold_id: id } = await api.held(wallet, 1)
    expect((await api.extendHold(id.toUpperCase(), 60)).body.data.hold.hold_id).toBe(id)
    expect((await api.voidHold(id.toUpperCase())).body.data.hold).toMatchObject({ hold_id: id, status: 'voided' })
  })

  test('an unknown wallet is 404, one that is no id 422', async () => {
    expect((await api.placeHold(NOBODY, 1)).body).toMatchObject({ status: 404, code: 'wallet_not_found' })
    expect(faultsOf(await api.placeHold('not-an-id', 1))).toEqual(['422 path.wallet_id invalid_uuid'])
  })

  test('a wallet is no hold', async () => {
    expect((await api.get(`/api/v1/holds/${wallet}`)).body.code).toBe('hold_not_found')
  })
})

describe('bodies', () => {
  /** Sends a body, or none, as it is, with a content type or without one. */
  const send = (path: string, body?: string, contentType = 'application/json'): Promise<Answer> =>
    body === undefined
      ? api.call('POST', path)
      : api.call('POST', path, { body, headers: { 'content-type': contentType } })

  test.each([undefined, '', '{}'])('a capture and a void need none: %j will do', async (body) => {
    const [captured, voided] = [await api.held(wallet, 1), await api.held(wallet, 1)]
    expect((await send(`/api/v1/holds/${captured.hold_id}/capture`, body)).body.data.hold).toMatchObject({
      status: 'captured',
      captured_amount: '1',
    })
    expect((await send(`/api/v1/holds/${voided.hold_id}/void`, body)).body.data.hold.status).toBe('voided')
  })

  test.each([undefined, '', 'null', '[]', '1', '"text"'])(
    'a hold and an extension need one: %j is refused',
    async (body) => {
      const before = await everything()
      const placing = await send(`/api/v1/wallets/${wallet}/holds`, body)
      const extending = await send(`/api/v1/holds/${holdId}/extend`, body)
      expect([placing, extending].map((answer) => answer.body.code)).toEqual(['validation_failed', 'validation_failed'])
      expect(await everything()).toBe(before)
    },
  )

  test.each(['[]', '1', '"text"', 'true'])('a capture of %s is refused', async (body) => {
    expect(await refusedOf(`/api/v1/holds/${holdId}/capture`, body)).toEqual(['422 body invalid_type'])
  })

  test.each(['capture', 'void', 'extend'])('%s: broken JSON is 400, text is 415', async (action) => {
    const before = await everything()
    const path = `/api/v1/holds/${holdId}/${action}`
    expect((await send(path, '{"amount":')).body).toMatchObject({ status: 400, code: 'malformed_json' })
    expect((await send(path, 'amount=1', 'text/plain')).body).toMatchObject({
      status: 415,
      code: 'unsupported_media_type',
    })
    expect(await everything()).toBe(before)
  })

  test('`null` for what may be left out is as if it had been', async () => {
    const rest = { expires_in_seconds: null, description: null, reference_id: null, metadata: null }
    const { hold_id: id } = await api.held(wallet, 1, rest)
    const nulls = { final: null, transaction_type: null, description: null, usage_record_id: null, metadata: null }
    expect((await api.capture(id, nulls)).body.data).toMatchObject({
      transaction: { transaction_type: 'consume', description: 'Consumed: 1', metadata: { hold_id: id } },
      hold: { status: 'captured' },
    })
  })
})

describe('members that nobody knows', () => {
  test('are refused: a capture whose amount is misspelt would take everything', async () => {
    const hold = await api.held(wallet, '5')
    const capture = `/api/v1/holds/${hold.hold_id}/capture`
    expect(await refusedOf(capture, '{"amonut":"1","is_final":false}')).toEqual([
      '422 body.amonut unknown',
      '422 body.is_final unknown',
    ])
    expect(await refusedOf(`/api/v1/wallets/${wallet}/holds`, '{"amount":"1","expires_in":60}')).toEqual([
      '422 body.expires_in unknown',
    ])
    expect(await refusedOf(`/api/v1/holds/${hold.hold_id}/extend`, '{"expires_in_seconds":60,"x":1}')).toEqual([
      '422 body.x unknown',
    ])
    const giveBack = `/api/v1/holds/${hold.hold_id}/void`
    expect(await refusedOf(giveBack, '{"dry_run":true,"amount":"1"}')).toEqual([
      '422 body.dry_run unknown',
      '422 body.amount unknown',
    ])
    expect((await api.call('POST', giveBack, { body: '{}' })).body.data.hold.status).toBe('voided')
  })
})
