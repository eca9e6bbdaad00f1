// The list under "Money" in TRAPS.md, each as a test, with two service processes on one database. What the service this one
// replaces got wrong must come out right here, and the audit must be clean after each.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Answer } from '../support/api.ts'
import { startTwoServices, type TwoServices } from '../support/two-services.ts'

let two: TwoServices

beforeAll(async () => {
  two = await startTwoServices()
})
afterAll(async () => {
  await two.stop()
})
afterEach(async () => {
  await two.audit()
})

const times = <Result>(count: number, work: (index: number) => Promise<Result>): Promise<Result[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)))

const statuses = (answers: readonly Answer[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const { status, body } of answers) {
    const name = status === 200 ? '200' : `${status} ${body.code}`
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

describe('concurrency, two processes', () => {
  test('200 concurrent deposits of 1 end at exactly 200, with 200 rows and sequences 1..200', async () => {
    const wallet = await two.apis[0].openWallet({ user_id: 'deposits' })
    const answers = await times(200, (index) => two.any(index).deposit(wallet, 1))
    expect(statuses(answers)).toEqual({ '200': 200 })
    expect(await two.apis[1].balanceOf(wallet)).toBe('200')
    const rows = await two.apis[0].historyOf(wallet)
    expect(rows.map((row) => row.sequence)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1))
    expect(rows.map((row) => row.balance_after)).toEqual(Array.from({ length: 200 }, (_, index) => String(index + 1)))
    // Each caller was told the balance that its own row left.
    expect(new Set(answers.map((answer) => answer.body.balance)).size).toBe(200)
  })

  test('of 200 concurrent consumes of 1 on a balance of 50, exactly 50 succeed', async () => {
    const wallet = await two.apis[0].openWallet({ user_id: 'consumes', initial_balance: 50 })
    const answers = await times(200, (index) => two.any(index).consume(wallet, '1'))
    expect(statuses(answers)).toEqual({ '200': 50, '400 insufficient_balance': 150 })
    expect(await two.apis[1].balanceOf(wallet)).toBe('0')
    expect(await two.apis[1].historyOf(wallet)).toHaveLength(51)
  })

  test("50 concurrent creations of a user's fiat wallet leave one", async () => {
    const answers = await times(50, (index) => two.any(index).post('/api/v1/wallets', { user_id: 'creations' }))
    expect(statuses(answers)).toEqual({ '200': 1, '400 wallet_exists': 49 })
    expect(new Set(answers.map((answer) => answer.body.wallet_id)).size).toBe(1)
    const { body } = await two.apis[1].get('/api/v1/users/creations/wallets')
    expect(body.count).toBe(1)
  })

  test('50 concurrent first uses of the legacy credit balance open one wallet', async () => {
    const answers = await times(50, (index) => two.any(index).get('/api/v1/users/legacy-first/credits/balance'))
    expect(statuses(answers)).toEqual({ '200': 50 })
    expect(new Set(answers.map((answer) => answer.body.wallet_id)).size).toBe(1)
  })

  test('20 concurrent partial refunds of 3 on a charge of 10 give 3 successes', async () => {
    const wallet = await two.apis[0].openWallet({ user_id: 'refunds', initial_balance: '10' })
    const charge = (await two.apis[0].consume(wallet, '10')).body.transaction_id
    const path = `/api/v1/transactions/${charge}/refund`
    const answers = await times(20, (index) => two.any(index).post(path, { reason: 'partial', amount: 3 }))
    expect(statuses(answers)).toEqual({ '200': 3, '400 refund_exceeds_original': 17 })
    expect(await two.apis[1].balanceOf(wallet)).toBe('9')
    const last = await two.apis[1].post(path, { reason: 'the rest' })
    expect(last.body.data.transaction.amount).toBe('1')
    expect(await two.apis[0].balanceOf(wallet)).toBe('10')
  })

  test('the same key 100 times at once has one effect and 100 equal answers', async () => {
    const wallet = await two.apis[0].openWallet({ user_id: 'same-key' })
    const send = async (index: number): Promise<Answer> => {
      const answer = await two.any(index).deposit(wallet, '5', 'key-of-one-payment')
      return answer.body.code === 'wallet_busy' ? send(index) : answer
    }
    const answers = await times(100, send)
    expect(statuses(answers)).toEqual({ '200': 100 })
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1)
    expect(answers.filter((answer) => answer.headers.get('idempotency-replayed') === null)).toHaveLength(1)
    expect(await two.apis[0].balanceOf(wallet)).toBe('5')
    expect(await two.apis[0].historyOf(wallet)).toHaveLength(1)
  })
})

describe('exact amounts', () => {
  test('0.1 three times is 0.3', async () => {
    const wallet = await two.apis[0].openWallet({ user_id: 'tenths' })
    for (const amount of ['0.1', 0.1, '1e-1']) await two.apis[0].deposit(wallet, amount)
    expect(await two.apis[1].balanceOf(wallet)).toBe('0.3')
  })

  test('1,000,000,000 + 100 x 0.00000001 is 1000000000.000001', async () => {
    const wallet = await two.apis[0].openWallet({ user_id: 'dust', initial_balance: '1000000000' })
    await times(100, (index) => two.any(index).deposit(wallet, '0.00000001'))
    expect(await two.apis[1].balanceOf(wallet)).toBe('1000000000.000001')
  })

  test.each(['12345678901234567890.12345678', '"12345678901234567890.12345678"'])(
    '%s comes back as itself',
    async (sent) => {
      const wallet = await two.apis[0].openWallet({ user_id: `digits ${sent}` })
      const path = `/api/v1/wallets/${wallet}/deposit`
      const answer = await two.apis[0].call('POST', path, { body: `{"amount":${sent}}` })
      expect(answer.body.data.transaction.amount).toBe('12345678901234567890.12345678')
      expect(answer.body.balance).toBe('12345678901234567890.12345678')
      const balance = await two.apis[1].get(`/api/v1/wallets/${wallet}/balance`)
      // A JSON number with exact digits, where today's callers read one (API.md §1).
      expect(balance.text).toContain('"balance":12345678901234567890.12345678,')
    },
  )

  test('metadata keeps the digits that were sent', async () => {
    const wallet = await two.apis[0].openWallet({ user_id: 'metadata' })
    const body = '{"amount":1,"metadata":{"n":12345678901234567890.10,"e":1e2}}'
    const answer = await two.apis[0].call('POST', `/api/v1/wallets/${wallet}/deposit`, { body })
    expect(answer.text).toContain('"n":12345678901234567890.10')
  })
})

const LONE_SURROGATE = '{"amount":"1","description":"\\ud800"}'
const NUL = '{"amount":"1","reference_id":"a\\u0000b"}'

describe('bad input is refused and changes nothing', () => {
  test.each`
    name                            | body                                                                  | status | code                   | faulty
    ${'300-character reference_id'} | ${JSON.stringify({ amount: 1, reference_id: 'x'.repeat(300) })}       | ${422} | ${'validation_failed'} | ${['body.reference_id']}
    ${'NUL'}                        | ${NUL}                                                                | ${422} | ${'validation_failed'} | ${['body.reference_id']}
    ${'lone surrogate'}             | ${LONE_SURROGATE}                                                     | ${422} | ${'validation_failed'} | ${['body.description']}
    ${'1e400 as a string'}          | ${'{"amount":"1e400"}'}                                               | ${422} | ${'validation_failed'} | ${['body.amount']}
    ${'1e400 as a number'}          | ${'{"amount":1e400}'}                                                 | ${422} | ${'validation_failed'} | ${['body.amount']}
    ${'zero'}                       | ${'{"amount":0}'}                                                     | ${422} | ${'validation_failed'} | ${['body.amount']}
    ${'negative'}                   | ${'{"amount":-1}'}                                                    | ${422} | ${'validation_failed'} | ${['body.amount']}
    ${'null'}                       | ${'{"amount":null}'}                                                  | ${422} | ${'validation_failed'} | ${['body.amount']}
    ${'true'}                       | ${'{"amount":true}'}                                                  | ${422} | ${'validation_failed'} | ${['body.amount']}
    ${'empty string'}               | ${'{"amount":""}'}                                                    | ${422} | ${'validation_failed'} | ${['body.amount']}
    ${'NaN'}                        | ${'{"amount":"NaN"}'}                                                 | ${422} | ${'validation_failed'} | ${['body.amount']}
    ${'Infinity'}                   | ${'{"amount":"Infinity"}'}                                            | ${422} | ${'validation_failed'} | ${['body.amount']}
    ${'Arabic digit'}               | ${'{"amount":"١"}'}                                                   | ${422} | ${'validation_failed'} | ${['body.amount']}
    ${'9 decimals'}                 | ${'{"amount":"0.000000001"}'}                                         | ${422} | ${'validation_failed'} | ${['body.amount']}
    ${'40 digits'}                  | ${`{"amount":${'9'.repeat(40)}}`}                                     | ${422} | ${'validation_failed'} | ${['body.amount']}
    ${'beyond 20 digits in all'}    | ${`{"amount":${'9'.repeat(20)}}`}                                     | ${422} | ${'validation_failed'} | ${['body.amount']}
    ${'no amount'}                  | ${'{}'}                                                               | ${422} | ${'validation_failed'} | ${['body.amount']}
    ${'malformed JSON'}             | ${'{"amount":'}                                                       | ${400} | ${'malformed_json'}    | ${undefined}
    ${'2 MB body'}                  | ${`{"amount":1,"description":"${'x'.repeat(2 ** 21)}"}`}              | ${413} | ${'body_too_large'}    | ${undefined}
    ${'metadata over 10 KiB'}       | ${JSON.stringify({ amount: 1, metadata: { x: 'x'.repeat(10_241) } })} | ${422} | ${'validation_failed'} | ${['body.metadata']}
  `('$name', async ({ body, status, code, faulty }) => {
    const wallet = await refusalWallet()
    const answer = await two.apis[0].call('POST', `/api/v1/wallets/${wallet}/deposit`, { body })
    const fields = answer.body.errors?.map((fault) => fault.loc.join('.'))
    expect({ status: answer.status, code: answer.body.code, fields }).toEqual({ status, code, fields: faulty })
    expect(await two.apis[1].balanceOf(wallet)).toBe('1')
    expect(await two.apis[1].historyOf(wallet)).toHaveLength(1)
  })

  test.each(['limit=101', 'limit=0', 'limit=x', 'offset=-1', 'start_date=yesterday', 'end_date=2026-02-30'])(
    'history with %s',
    async (query) => {
      const wallet = await refusalWallet()
      const answer = await two.apis[0].get(`/api/v1/wallets/${wallet}/transactions?${query}`)
      expect({ status: answer.status, code: answer.body.code }).toEqual({ status: 422, code: 'validation_failed' })
      expect(answer.body.errors?.[0]?.loc).toEqual(['query', query.split('=')[0]])
    },
  )

  test('every fault of a request is reported at once', async () => {
    const answer = await two.apis[0].call('POST', '/api/v1/wallets/not-a-uuid/deposit', {
      body: { amount: -1, reference_id: '' },
      key: 'has a space',
    })
    expect(answer.status).toBe(422)
    expect(answer.body.errors?.map((fault) => fault.loc.join('.')).toSorted()).toEqual([
      'body.amount',
      'body.reference_id',
      'header.idempotency-key',
      'path.wallet_id',
    ])
  })

  let shared: Promise<string> | undefined
  function refusalWallet(): Promise<string> {
    // With 1 in it, a deposit of twenty nines takes the balance to 21 digits.
    shared ??= two.apis[0].openWallet({ user_id: 'refusals', initial_balance: '1' })
    return shared
  }
})

describe('a reused key', () => {
  const original = { amount: '1', description: 'd', reference_id: 'r', metadata: { a: 1 } }

  test.each`
    field             | value
    ${'amount'}       | ${'2'}
    ${'description'}  | ${'other'}
    ${'reference_id'} | ${'other'}
    ${'metadata'}     | ${{ a: 2 }}
    ${'description'}  | ${undefined}
  `('with another $field ($value) is refused, naming it', async ({ field, value }) => {
    const wallet = await two.apis[0].openWallet({ user_id: `reused ${field} ${String(value)}`, initial_balance: 10 })
    const path = `/api/v1/wallets/${wallet}/deposit`
    expect((await two.apis[0].post(path, original, 'k')).status).toBe(200)
    const answer = await two.apis[1].post(path, { ...original, [field]: value }, 'k')
    expect({ status: answer.status, code: answer.body.code, fields: answer.body.fields }).toEqual({
      status: 422,
      code: 'idempotency_key_reused',
      fields: [field],
    })
    expect(await two.apis[0].balanceOf(wallet)).toBe('11')
  })

  test('on another route is refused, naming the route', async () => {
    const wallet = await two.apis[0].openWallet({ user_id: 'reused route', initial_balance: 10 })
    await two.apis[0].deposit(wallet, '1', 'k')
    const answer = await two.apis[1].consume(wallet, '1', 'k')
    expect({ code: answer.body.code, fields: answer.body.fields }).toEqual({
      code: 'idempotency_key_reused',
      fields: ['route'],
    })
  })

  test('of a refused operation may succeed after a top-up', async () => {
    const wallet = await two.apis[0].openWallet({ user_id: 'top-up' })
    expect((await two.apis[0].consume(wallet, '1', 'k')).body.code).toBe('insufficient_balance')
    await two.apis[1].deposit(wallet, '1')
    expect((await two.apis[1].consume(wallet, '1', 'k')).status).toBe(200)
  })
})
