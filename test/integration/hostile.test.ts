// What a sceptical engineer of a bank tries: retries after the ground has shifted, balances at the very edge, administration
// racing with money, requests that are barely HTTP. Two processes; the audit is clean after each, and nobody sees a 500.
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Answer, Api } from '../support/api.ts'
import { startTwoServices, type TwoServices } from '../support/two-services.ts'

/** The largest balance there is: 20 integer digits. */
const MOST = '99999999999999999999.99999999'
const DUST = '0.00000001'
const NOBODY = '00000000-0000-7000-8000-000000000000'

let two: TwoServices
let api: Api

beforeAll(async () => {
  two = await startTwoServices()
  api = two.apis[0]
})
afterAll(async () => {
  await two.stop()
})
afterEach(async () => {
  await two.audit()
  const bugs = two.services.flatMap((service) => service.log.filter((line) => line.includes('"level":"error"')))
  expect(bugs).toEqual([])
})

/** What came of a request: `ok` with the balance, or the code and the type of its first fault. */
function outcomeOf({ status, body }: Answer): string {
  if (status === 200) return `ok ${body.balance}`
  const [fault] = body.errors ?? []
  return fault ? `${body.code} ${fault.loc.join('.')} ${fault.type}` : body.code
}

const refund = (transactionId: string, body: unknown, key?: string): Promise<Answer> =>
  api.post(`/api/v1/transactions/${transactionId}/refund`, body, key)
const freeze = (walletId: string, how: 'freeze' | 'unfreeze'): Promise<Answer> =>
  api.post(`/api/v1/wallets/${walletId}/${how}`, { reason: 'test' })
const close = (walletId: string, by = api): Promise<Answer> => by.call('DELETE', `/api/v1/wallets/${walletId}`)

describe('a legacy consumption is retried with its key', () => {
  const consume = (user: string, amount = '1'): Promise<Answer> =>
    two.apis[1].post(`/api/v1/users/${user}/credits/consume`, { amount }, 'retry')

  test('after a CREDIT wallet has become the one that is meant: the first answer, no second charge', async () => {
    const euros = await api.openWallet({ user_id: 'legacy', currency: 'EUR', initial_balance: 10 })
    const first = await consume('legacy')
    const credits = await api.openWallet({ user_id: 'legacy', initial_balance: 10 })
    const second = await consume('legacy')
    expect([second.text, second.headers.get('idempotency-replayed')]).toEqual([first.text, 'true'])
    expect([await api.balanceOf(euros), await api.balanceOf(credits)]).toEqual(['9', '10'])
    expect((await consume('legacy', '2')).body.code).toBe('idempotency_key_reused')
  })

  test('after its wallet was closed: the first answer', async () => {
    const wallet = await api.openWallet({ user_id: 'legacy closed', initial_balance: 1 })
    const first = await consume('legacy closed')
    expect((await close(wallet)).status).toBe(200)
    expect((await consume('legacy closed')).text).toBe(first.text)
  })

  test('a key that another route used in another wallet of the user is free', async () => {
    const euros = await api.openWallet({ user_id: 'legacy other', currency: 'EUR', initial_balance: 10 })
    const credits = await api.openWallet({ user_id: 'legacy other', initial_balance: 10 })
    await api.consume(euros, '3', 'retry')
    expect((await consume('legacy other')).body.wallet_id).toBe(credits)
  })
})

const REFUSED = 'validation_failed body.usage_record_id invalid_union'

test.each`
  sent                       | kept
  ${'812'}                   | ${'812'}
  ${'1e2'}                   | ${'100'}
  ${'9007199254740993'}      | ${'9007199254740993'}
  ${'-12345678901234567890'} | ${'-12345678901234567890'}
  ${'"9007199254740993"'}    | ${'9007199254740993'}
  ${'1.5'}                   | ${REFUSED}
  ${'9007199254740993.5'}    | ${REFUSED}
  ${'1e400'}                 | ${REFUSED}
  ${`1${'0'.repeat(255)}`}   | ${REFUSED}
  ${'true'}                  | ${REFUSED}
`('usage_record_id $sent is kept as $kept', async ({ sent, kept }) => {
  const wallet = await api.openWallet({ user_id: `usage ${sent.slice(0, 30)}`, initial_balance: 1 })
  const body = `{"amount":1,"usage_record_id":${sent}}`
  const answer = await api.call('POST', `/api/v1/wallets/${wallet}/consume`, { body })
  const [, found = outcomeOf(answer)] = /"usage_record_id":"(.*?)"/.exec(answer.text) ?? []
  expect(found).toBe(kept)
})

describe('at twenty integer digits', () => {
  const TOO_LARGE = 'validation_failed body.amount balance_too_large'

  test('nothing may come in, by whatever way, and what was refused has changed nothing', async () => {
    const full = await api.openWallet({ user_id: 'full', initial_balance: MOST })
    const other = await api.openWallet({ user_id: 'not full', initial_balance: 1 })
    expect(outcomeOf(await api.deposit(full, DUST))).toBe(TOO_LARGE)
    expect(outcomeOf(await api.post(`/api/v1/wallets/${full}/reward`, { amount: DUST }))).toBe(TOO_LARGE)
    expect(outcomeOf(await api.transfer(other, full, DUST))).toBe(TOO_LARGE)
    const charge = (await api.consume(full, DUST)).body.transaction_id
    await api.deposit(full, DUST)
    expect(outcomeOf(await refund(charge, { reason: 'full' }))).toBe(TOO_LARGE)
    expect([await api.balanceOf(full), await api.balanceOf(other)]).toEqual([MOST, '1'])
  })

  test('totals go on beyond, exactly', async () => {
    const wallet = await api.openWallet({ user_id: 'totals', initial_balance: MOST })
    for (let turn = 0; turn < 11; turn += 1) {
      await api.consume(wallet, MOST)
      expect(outcomeOf(await api.deposit(wallet, MOST))).toBe(`ok ${MOST}`)
    }
    const statistics = await api.get(`/api/v1/wallets/${wallet}/statistics`)
    expect(statistics.text).toContain('"total_deposits":"1199999999999999999999.99999988"')
    const user = await api.get('/api/v1/users/totals/statistics')
    expect(user.text).toContain('"total_consumed":1099999999999999999999.99999989,')
  })
})

describe('a wallet that may not move money', () => {
  test.each(['frozen', 'closed'])('%s: every movement is refused, in and out, and refunds too', async (status) => {
    const wallet = await api.openWallet({ user_id: status, initial_balance: 2 })
    const other = await api.openWallet({ user_id: `beside ${status}`, initial_balance: 1 })
    const charge = (await api.consume(wallet, 2, 'key')).body.transaction_id
    expect((await (status === 'frozen' ? freeze(wallet, 'freeze') : close(wallet))).status).toBe(200)
    const refused = await Promise.all([
      api.deposit(wallet, 1),
      api.consume(wallet, 1),
      api.post(`/api/v1/wallets/${wallet}/reward`, { amount: 1 }),
      api.post(`/api/v1/wallets/${wallet}/withdraw`, { amount: 1 }),
      api.transfer(other, wallet, 1),
      api.transfer(wallet, other, 1),
      api.placeHold(wallet, 1),
      refund(charge, { reason: 'late' }),
      close(wallet),
    ])
    expect(new Set(refused.map(outcomeOf))).toEqual(new Set([`wallet_${status}`]))
    const replay = await api.consume(wallet, 2, 'key')
    expect([replay.status, replay.body.transaction_id]).toEqual([200, charge])
    const reopened = await api.post('/api/v1/wallets', { user_id: status })
    expect(outcomeOf(reopened)).toBe(status === 'closed' ? 'ok 0' : 'wallet_exists')
  })

  test('closing, depositing and opening at once leave one open wallet, and no money in a closed one', async () => {
    for (let round = 0; round < 10; round += 1) {
      const user = `race ${round}`
      const wallet = await api.openWallet({ user_id: user })
      const open = (index: number): Promise<Answer> =>
        two.any(index).post('/api/v1/wallets', { user_id: user }, 'again')
      await Promise.all([close(wallet, two.any(round)), two.any(round + 1).deposit(wallet, 1), open(0), open(1)])
      await Promise.all([0, 1].map((index) => two.any(index).get(`/api/v1/users/${user}/credits/balance`)))
      const { wallets } = (await api.get(`/api/v1/users/${user}/wallets`)).body
      const closed = wallets.filter((found) => found['status'] === 'closed')
      expect(wallets.length - closed.length).toBe(1)
      expect(closed.filter((found) => found['balance'] !== '0')).toEqual([])
    }
  })
})

test('a mixture of everything from two processes: each key has one effect and one answer', async () => {
  const users = Array.from({ length: 6 }, (_, index) => `mixed ${index}`)
  const wallets = await Promise.all(users.map((user_id) => api.openWallet({ user_id, initial_balance: 20 })))
  const random = generator(8208)
  const pick = (): number => random(wallets.length)
  const holds: string[] = []
  const firsts = new Map<string, string[]>()
  const texts = new Map<string, Set<string>>()
  const send = async (index: number): Promise<void> => {
    const key = `key-${random(60)}`
    const at = `/api/v1/wallets/${wallets[pick()]}`
    const requests: readonly (readonly [string, unknown])[] = [
      [`${at}/deposit`, { amount: '1.5' }],
      [`${at}/consume`, { amount: '0.7' }],
      [`${at}/withdraw`, { amount: '2' }],
      [`${at}/transfer`, { to_wallet_id: wallets[pick()], amount: '3', fee: DUST }],
      [`${at}/holds`, { amount: '0.4', expires_in_seconds: 1 }],
      [`/api/v1/holds/${holds[random(holds.length)] ?? NOBODY}/capture`, { amount: '0.1', final: false }],
      [`/api/v1/holds/${holds[random(holds.length)] ?? NOBODY}/void`, {}],
      [`/api/v1/users/${users[pick()]}/credits/consume`, { amount: '0.1' }],
      [`${at}/freeze`, { reason: 'mixed' }],
      [`${at}/unfreeze`, { reason: 'mixed' }],
      [`${at}/unfreeze`, { reason: 'mixed' }],
    ]
    const [path, body] = requests[random(requests.length)] ?? ['', {}]
    const answer = await two.any(index).post(path, body, key)
    const hold = answer.body.data?.hold
    if (answer.status > 201 || (answer.body.transaction_id === null && !hold)) return
    if (answer.status === 201) holds.push(hold.hold_id)
    const id = `${answer.body.wallet_id} ${key}`
    texts.set(id, (texts.get(id) ?? new Set()).add(answer.text))
    if (answer.headers.get('idempotency-replayed') === null) firsts.set(id, [...(firsts.get(id) ?? []), answer.text])
  }
  for (let round = 0; round < 6; round += 1) await Promise.all(Array.from({ length: 100 }, (_, index) => send(index)))
  expect(firsts.size).toBeGreaterThan(50)
  expect([...texts.values()].filter((answers) => answers.size !== 1)).toEqual([])
  expect([...firsts.values()].filter((answers) => answers.length !== 1)).toEqual([])
})

/** Numbers below a bound that are the same in every run (mulberry32). */
function generator(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

describe('barely HTTP', () => {
  const BODY = '{"amount":"1"}'

  test.each`
    name                                 | headers                                                               | body                                           | statuses
    ${'chunked'}                         | ${['Transfer-Encoding: chunked']}                                     | ${`5\r\n{"amo\r\n9\r\nunt":"1"}\r\n0\r\n\r\n`} | ${[200]}
    ${'chunks that are none'}            | ${['Transfer-Encoding: chunked']}                                     | ${`zz\r\n${BODY}\r\n0\r\n\r\n`}                | ${[400]}
    ${'a length and chunks (smuggling)'} | ${['Content-Length: 5', 'Transfer-Encoding: chunked']}                | ${`e\r\n${BODY}\r\n0\r\n\r\n`}                 | ${[400]}
    ${'two lengths'}                     | ${['Content-Length: 14', 'Content-Length: 15']}                       | ${BODY}                                        | ${[400]}
    ${'a length that is too short'}      | ${['Content-Length: 5']}                                              | ${BODY}                                        | ${[400]}
    ${'a length beyond the limit'}       | ${['Content-Length: 99999999999']}                                    | ${BODY}                                        | ${[413]}
    ${'a key sent twice'}                | ${['Content-Length: 14', 'Idempotency-Key: k', 'Idempotency-Key: k']} | ${BODY}                                        | ${[422]}
    ${'no key in the header'}            | ${['Content-Length: 14', 'Idempotency-Key:']}                         | ${BODY}                                        | ${[422]}
  `('$name: $statuses', async ({ name, headers, body, statuses }) => {
    const wallet = await api.openWallet({ user_id: `raw ${name}` })
    const head = [`POST /api/v1/wallets/${wallet}/deposit HTTP/1.1`, 'Host: x', 'Content-Type: application/json']
    expect(await raw(`${[...head, ...headers, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`)).toEqual(statuses)
    expect(await api.balanceOf(wallet)).toBe(statuses.includes(200) ? '1' : '0')
  })

  test('forty pipelined deposits of twenty keys are twenty deposits', async () => {
    const wallet = await api.openWallet({ user_id: 'pipelined' })
    const requests = Array.from({ length: 40 }, (_, index) =>
      [
        `POST /api/v1/wallets/${wallet}/deposit HTTP/1.1`,
        'Host: x',
        'Content-Type: application/json',
        'Content-Length: 14',
        `Idempotency-Key: key-${index % 20}`,
        `Connection: ${index === 39 ? 'close' : 'keep-alive'}`,
        '',
        BODY,
      ].join('\r\n'),
    )
    expect(await raw(requests.join(''))).toEqual(Array.from({ length: 40 }, () => 200))
    expect(await api.balanceOf(wallet)).toBe('20')
  })

  /** Writes bytes as they are, reads until the server closes, and gives the statuses of the answers. */
  async function raw(request: string): Promise<number[]> {
    const { hostname, port } = new URL(two.services[0].url)
    const socket = connect(Number(port), hostname)
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', () => undefined)
    socket.write(request)
    await once(socket, 'close')
    return [
      ...Buffer.concat(chunks)
        .toString()
        .matchAll(/HTTP\/1\.1 (\d+) /g),
    ].map(([, status]) => Number(status))
  }
})
