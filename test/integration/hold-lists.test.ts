// Lists of holds: every hold once and in order, page by page, whatever is placed meanwhile; of one status as it is at this
// moment, written down or not; and cursors that lead nowhere else. No worker runs here.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Answer, Api, HoldAnswer } from '../support/api.ts'
import { type OneService, startOneService } from '../support/service.ts'

const HOLDS = 120
const LIMIT = 7

let one: OneService
let api: Api
let wallet = ''
/** The mixture of holds, oldest first, as the service shows them. */
let holds: readonly HoldAnswer[] = []

beforeAll(async () => {
  one = await startOneService({ HOLD_EXPIRY_INTERVAL_MS: '0' })
  api = one.api
  wallet = await api.openWallet({ user_id: 'lists', initial_balance: '1000' })
  holds = await mixture()
})
afterAll(async () => {
  await one.close()
})

/** Of every six, in turn: two that stay, one captured, one captured in part, one voided, and one that expires. */
async function mixture(): Promise<HoldAnswer[]> {
  const placed: HoldAnswer[] = []
  for (let index = 0; index < HOLDS; index += 1) {
    const more = { reference_id: `hold-${index}`, ...(index % 6 === 5 && { expires_in_seconds: 1 }) }
    placed.push(await api.held(wallet, '1', more))
  }
  await Promise.all(placed.map(({ hold_id: id }, index) => changed(id, index % 6)))
  await api.untilExpired(placed.at(-1)?.hold_id ?? '')
  return Promise.all(placed.map(({ hold_id: id }) => api.holdOf(id)))
}

async function changed(holdId: string, kind: number): Promise<void> {
  if (kind === 2) await api.capture(holdId)
  if (kind === 3) await api.capture(holdId, { amount: '0.4', final: false })
  if (kind === 4) await api.voidHold(holdId)
}

const list = (query: string, walletId = wallet): Promise<Answer> => api.get(`/api/v1/wallets/${walletId}/holds${query}`)

/** All pages of a list, one after the other; `between` runs after each. */
async function pagesOf(
  query: string,
  options: { readonly walletId?: string; readonly between?: () => Promise<unknown> } = {},
): Promise<HoldAnswer[][]> {
  const pages: HoldAnswer[][] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const from = cursor === '' ? '' : `&cursor=${cursor}`
    const { body } = await list(`?limit=${LIMIT}${query}${from}`, options.walletId)
    expect(body.count).toBe(body.holds.length)
    pages.push([...body.holds])
    cursor = body.next_cursor
    await options.between?.()
  }
  return pages
}

const newestFirst = (status?: string): HoldAnswer[] =>
  holds.filter((hold) => status === undefined || hold.status === status).toReversed()

test('the mixture is one', () => {
  const counts = Object.groupBy(holds, (hold) => hold.status)
  expect(Object.entries(counts).map(([status, found = []]) => `${found.length} ${status}`)).toEqual([
    '60 pending',
    '20 captured',
    '20 voided',
    '20 expired',
  ])
})

describe('pages', () => {
  test('visit each hold once, newest first, each page full but the last', async () => {
    const pages = await pagesOf('')
    expect(pages.flat()).toEqual(newestFirst())
    expect(pages.map((page) => page.length)).toEqual([...Array.from({ length: 17 }, () => LIMIT), 1])
  })

  test.each(['pending', 'captured', 'voided', 'expired'])('of one status: %s', async (status) => {
    expect((await pagesOf(`&status=${status}`)).flat()).toEqual(newestFirst(status))
  })

  test('a last page that is full has no next one', async () => {
    const { body } = await list('?status=captured&limit=20')
    expect({ count: body.count, cursor: body.next_cursor }).toEqual({ count: 20, cursor: null })
  })

  test('visit each once also while new ones are placed, and show no new one twice', async () => {
    const other = await api.openWallet({ user_id: 'lists meanwhile', initial_balance: '1000' })
    const before = await Promise.all(Array.from({ length: 40 }, () => api.held(other, '1')))
    const between = (): Promise<unknown> => Promise.all([api.held(other, '1'), api.held(other, '1')])
    const seen = (await pagesOf('', { walletId: other, between })).flat().map((hold) => hold.hold_id)
    expect(seen.toSorted()).toEqual(before.map((hold) => hold.hold_id).toSorted())
  })

  test('of pending ones go on after the hold of the cursor has ended', async () => {
    const other = await api.openWallet({ user_id: 'lists ended', initial_balance: '10' })
    const placed: HoldAnswer[] = []
    for (let index = 0; index < 5; index += 1) placed.push(await api.held(other, '1'))
    const [oldest, second, , fourth] = placed.map((hold) => hold.hold_id)
    const first = await list('?status=pending&limit=2', other)
    expect(first.body.holds.at(-1)?.hold_id).toBe(fourth)
    await api.voidHold(fourth ?? '')
    await api.capture(second ?? '')
    const next = await list(`?status=pending&limit=2&cursor=${first.body.next_cursor}`, other)
    expect(next.body.holds.map((hold) => hold.hold_id)).toEqual([placed[2]?.hold_id, oldest])
    expect(next.body.next_cursor).toBeNull()
  })
})

describe('refused', () => {
  const faultOf = ({ status, body }: Answer): string =>
    `${status} ${(body.errors ?? []).map(({ loc, type }) => `${loc.join('.')} ${type}`).join(', ')}`

  test.each`
    query                          | fault
    ${'?limit=0'}                  | ${'query.limit out_of_range'}
    ${'?limit=101'}                | ${'query.limit out_of_range'}
    ${'?limit=-1'}                 | ${'query.limit out_of_range'}
    ${'?limit=1.5'}                | ${'query.limit out_of_range'}
    ${'?limit='}                   | ${'query.limit out_of_range'}
    ${'?limit=7&limit=7'}          | ${'query.limit repeated'}
    ${'?status=open'}              | ${'query.status invalid_value'}
    ${'?status=PENDING'}           | ${'query.status invalid_value'}
    ${'?status='}                  | ${'query.status invalid_value'}
    ${'?status=voided&status=all'} | ${'query.status repeated'}
    ${'?cursor='}                  | ${'query.cursor invalid_format'}
    ${'?cursor=!'}                 | ${'query.cursor invalid_format'}
    ${'?cursor=AAAA'}              | ${'query.cursor invalid_cursor'}
  `('$query: $fault', async ({ query, fault }) => {
    expect(faultOf(await list(query))).toBe(`422 ${fault}`)
  })

  test('a cursor of another list, of another status, or one that was changed', async () => {
    const other = await api.openWallet({ user_id: 'lists other', initial_balance: '10' })
    await Promise.all([api.deposit(wallet, 1), api.held(other, '1'), api.held(other, '1')])
    const cursorOf = async (path: string): Promise<string> => (await api.get(path)).body.next_cursor ?? ''
    const foreign = [
      await cursorOf(`/api/v1/wallets/${other}/holds?limit=1`),
      await cursorOf(`/api/v1/wallets/${wallet}/transactions?limit=1`),
      await cursorOf('/api/v1/users/lists/transactions?limit=1'),
      await cursorOf(`/api/v1/wallets/${wallet}/holds?limit=1&status=pending`),
      (await cursorOf(`/api/v1/wallets/${wallet}/holds?limit=1`)).slice(0, -2),
    ]
    expect(foreign.map((cursor) => cursor.length > 0)).toEqual(foreign.map(() => true))
    const answers = await Promise.all(foreign.map((cursor) => list(`?cursor=${cursor}`)))
    expect(answers.map(faultOf)).toEqual(foreign.map(() => '422 query.cursor invalid_cursor'))
    const ours = await cursorOf(`/api/v1/wallets/${wallet}/holds?limit=1`)
    expect(faultOf(await list(`?cursor=${ours}&status=pending`))).toBe('422 query.cursor invalid_cursor')
    expect(faultOf(await api.get(`/api/v1/wallets/${wallet}/transactions?cursor=${ours}`))).toBe(
      '422 query.cursor invalid_cursor',
    )
    // The size of the page is no part of what a cursor belongs to.
    expect((await list(`?cursor=${ours}&limit=3`)).body.count).toBe(3)
  })
})

test('a wallet without holds has an empty list, an unknown one is 404, and what is no id is 422', async () => {
  const empty = await api.openWallet({ user_id: 'lists empty', initial_balance: '10' })
  expect(JSON.parse((await list('', empty)).text)).toEqual({ holds: [], count: 0, limit: 50, next_cursor: null })
  expect((await list('?status=expired', wallet)).body.count).toBe(20)
  expect((await list('?status=expired', empty)).body.count).toBe(0)
  const unknown = await list('', '00000000-0000-7000-8000-000000000000')
  expect(unknown.body).toMatchObject({ status: 404, code: 'wallet_not_found' })
  expect((await list('', 'not-an-id')).body.code).toBe('validation_failed')
})
