// Holds that are placed, captured, voided, extended and expire at the same moment, from two service processes on one database,
// whose workers run all the while: each hold has one end, and no money is reserved, taken or given back twice.
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Answer, HoldAnswer } from '../support/api.ts'
import { queryDatabase } from '../support/sql.ts'
import { startTwoServices, type TwoServices } from '../support/two-services.ts'

let two: TwoServices

beforeAll(async () => {
  two = await startTwoServices({ HOLD_EXPIRY_INTERVAL_MS: '20' })
})
afterAll(async () => {
  await two.stop()
})
afterEach(async () => {
  await two.audit()
})

const times = <Result>(count: number, work: (index: number) => Promise<Result>): Promise<Result[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)))

const outcomeOf = ({ status, body }: Answer): string => (status < 300 ? String(status) : `${status} ${body.code}`)

const countsOf = (names: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

const sumOf = (amounts: readonly (string | number)[]): number =>
  amounts.reduce<number>((sum, amount) => sum + Number(amount), 0)

/** Waits for a moment near the one at which a hold expires. */
const waitUntilNear = (hold: HoldAnswer, milliseconds: number): Promise<void> =>
  delay(Math.max(0, Date.parse(hold.expires_at) - Date.now() + milliseconds))

interface Ended {
  readonly hold_id: string
  /** As its row says; `pending` while nobody has written down that it expired. */
  readonly status: string
  readonly captured_amount: string
  readonly expires_at: Date
  /** What its events call its end, or its ends. */
  readonly ends: readonly string[]
  readonly placed: number
  /** What the rows of its captures took. */
  readonly taken: string
}

/** Every hold of these wallets, with what its events and the ledger's rows say of it. */
const findHolds = (wallets: readonly string[]): Promise<Ended[]> =>
  queryDatabase<Ended>(
    two.databaseUrl,
    `SELECT h.hold_id, h.status, trim_scale(h.captured_amount)::text AS captured_amount, h.expires_at,
       (SELECT coalesce(array_agg(e.event_type), '{}') FROM hold_events e
        WHERE e.hold_id = h.hold_id AND e.status <> 'pending') AS ends,
       (SELECT count(*)::int FROM hold_events e WHERE e.hold_id = h.hold_id AND e.event_type = 'placed') AS placed,
       (SELECT trim_scale(coalesce(sum(t.amount), 0))::text FROM wallet_transactions t
        WHERE t.wallet_id = h.wallet_id AND t.metadata ->> 'hold_id' = h.hold_id::text) AS taken
     FROM holds h WHERE h.wallet_id = ANY($1::uuid[]) ORDER BY h.created_at, h.hold_id`,
    [wallets],
  )

/** The holds of these wallets once all have ended and the workers have written it down. */
const endedHolds = async (wallets: readonly string[]): Promise<Ended[]> => {
  const pending = async (): Promise<number> =>
    (await findHolds(wallets)).filter(({ status }) => status === 'pending').length
  await expect.poll(pending, { timeout: 20_000 }).toBe(0)
  return findHolds(wallets)
}

test('1,000 holds of 1 placed at once on a wallet that can carry 400 leave exactly 400', async () => {
  const wallet = await two.apis[0].openWallet({ user_id: 'carries 400', initial_balance: 400 })
  const answers = await times(1000, (index) => two.any(index).placeHold(wallet, 1))
  expect(countsOf(answers.map(outcomeOf))).toEqual({ '201': 400, '400 insufficient_balance': 600 })
  for (const api of two.apis) expect(await api.moneyOf(wallet)).toEqual({ balance: 400, locked: 400, available: 0 })
  const holds = await findHolds([wallet])
  expect(holds.map((hold) => hold.hold_id).toSorted()).toEqual(
    answers.flatMap(({ status, body }) => (status === 201 ? [body.data.hold.hold_id] : [])).toSorted(),
  )
  expect(holds.every(({ status, placed }) => status === 'pending' && placed === 1)).toBe(true)
})

describe('one hold, several ends', () => {
  const WALLETS = 10
  const RACES = 500

  /** How the callers of one race were answered: the end that they brought about, or why they could not. */
  interface Race {
    readonly holdId: string
    readonly told: readonly string[]
    readonly refused: readonly string[]
  }

  /**
   * Two captures and two voids of one hold from both processes at once. Two holds in five last; the others expire up to 400 ms
   * after the calls or up to 100 ms before them. A void has no body to wait for, so every other race gives captures a start.
   */
  const race = async (wallet: string, index: number): Promise<Race> => {
    const isBrief = index % 5 > 1
    const hold = await two.any(index).held(wallet, '4', { expires_in_seconds: isBrief ? 1 : 3600 })
    const moment = (index * 37) % 501
    await (isBrief ? waitUntilNear(hold, moment - 400) : delay(600 + moment))
    const captures = [0, 1].map((side) => two.any(index + side).capture(hold.hold_id, { amount: index % 4 || 4 }))
    if (index % 2 === 0) await delay(index % 10)
    const voids = [0, 1].map((side) => two.any(index + side).voidHold(hold.hold_id))
    const answers = await Promise.all([...captures, ...voids])
    return {
      holdId: hold.hold_id,
      told: answers.flatMap(({ status, body }) => (status === 200 ? [body.data.hold.status] : [])),
      refused: answers.filter(({ status }) => status !== 200).map(outcomeOf),
    }
  }

  test('500 races of capture against void against expiry have 500 single ends', async () => {
    const wallets = await times(WALLETS, (index) =>
      two.any(index).openWallet({ user_id: `races ${index}`, initial_balance: 1000 }),
    )
    const races = new Map(
      (await times(RACES, (index) => race(wallets[index % WALLETS] ?? '', index))).map((each) => [each.holdId, each]),
    )
    const holds = await endedHolds(wallets)

    expect(holds).toHaveLength(RACES)
    for (const { hold_id, status, ends, placed, captured_amount, taken } of holds) {
      const told = races.get(hold_id)?.told
      expect({ hold_id, placed, ends, told }).toEqual({
        hold_id,
        placed: 1,
        ends: [status],
        told: status === 'expired' ? [] : [status],
      })
      expect(taken).toBe(captured_amount)
      expect(Number(taken)).toBeLessThanOrEqual(4)
      expect(Number(taken) > 0).toBe(status === 'captured')
    }
    const ends = countsOf(holds.map(({ status }) => status))
    expect(ends).toEqual({
      captured: expect.any(Number),
      voided: expect.any(Number),
      expired: expect.any(Number),
    })
    const refusals = countsOf([...races.values()].flatMap(({ refused }) => refused))
    expect(refusals).toEqual({ '400 hold_not_pending': expect.any(Number), '400 hold_expired': expect.any(Number) })

    const taken = sumOf(holds.map((hold) => hold.taken))
    const left = await Promise.all(wallets.map((wallet) => two.apis[0].get(`/api/v1/wallets/${wallet}`)))
    expect(sumOf(left.map(({ body }) => body.balance))).toBe(WALLETS * 1000 - taken)
    expect(left.map(({ body }) => body.locked_balance)).toEqual(wallets.map(() => '0'))
  })
})

describe('captures of one hold that race each other', () => {
  test('of 16 captures of 3 at once, 3 fit into a hold of 10; the last takes the rest', async () => {
    const wallet = await two.apis[0].openWallet({ user_id: 'parts', initial_balance: 100 })
    const holds = await times(10, (index) => two.any(index).held(wallet, 10))
    const answers = await times(160, (index) =>
      two.any(index).capture(holds[index % 10]?.hold_id ?? '', { amount: 3, final: false }),
    )
    const perHold = holds.map((_, hold) => countsOf(answers.filter((_, index) => index % 10 === hold).map(outcomeOf)))
    expect(perHold).toEqual(holds.map(() => ({ '200': 3, '400 capture_exceeds_hold': 13 })))
    expect(await two.apis[1].moneyOf(wallet)).toEqual({ balance: 10, locked: 10, available: 0 })

    const rest = await times(20, (index) => two.any(index).capture(holds[index % 10]?.hold_id ?? ''))
    expect(countsOf(rest.map(outcomeOf))).toEqual({ '200': 10, '400 hold_not_pending': 10 })
    const ended = await findHolds([wallet])
    expect(ended.map(({ ends, captured_amount, taken }) => ({ ends, captured_amount, taken }))).toEqual(
      holds.map(() => ({ ends: ['captured'], captured_amount: '10', taken: '10' })),
    )
    expect(await two.apis[0].moneyOf(wallet)).toEqual({ balance: 0, locked: 0, available: 0 })
  })

  test('captures go on from both processes until the hold expires: each that was answered has its row, and no other', async () => {
    const wallet = await two.apis[0].openWallet({ user_id: 'stream', initial_balance: 200_000 })
    const stream = async (hold: HoldAnswer, side: number): Promise<{ taken: number; ended: string }> => {
      for (let taken = 0; ; taken += 1) {
        const answer = await two.any(side).capture(hold.hold_id, { amount: 1, final: false })
        if (answer.status !== 200) return { taken, ended: outcomeOf(answer) }
      }
    }
    const streams = await times(10, async (index) => {
      const hold = await two.any(index).held(wallet, 20_000, { expires_in_seconds: 1 })
      return { holdId: hold.hold_id, sides: await times(2, (side) => stream(hold, side)) }
    })
    const holds = await endedHolds([wallet])

    expect(streams.flatMap(({ sides }) => sides.map(({ ended }) => ended))).toEqual(
      Array.from({ length: 20 }, () => '400 hold_expired'),
    )
    const answered = new Map(streams.map(({ holdId, sides }) => [holdId, sumOf(sides.map(({ taken }) => taken))]))
    expect(
      holds.map(({ hold_id, ends, captured_amount, taken }) => ({ hold_id, ends, captured_amount, taken })),
    ).toEqual(
      holds.map(({ hold_id }) => {
        const taken = String(answered.get(hold_id))
        return { hold_id, ends: ['expired'], captured_amount: taken, taken }
      }),
    )
    const taken = sumOf(holds.map((hold) => hold.taken))
    expect(taken).toBeGreaterThan(20)
    const left = 200_000 - taken
    expect(await two.apis[1].moneyOf(wallet)).toEqual({ balance: left, locked: 0, available: left })
  })
})

test('extensions that race expiry: a hold has more time or has expired, and expires once', async () => {
  const wallet = await two.apis[0].openWallet({ user_id: 'extended', initial_balance: 200 })
  const races = await times(200, async (index) => {
    const hold = await two.any(index).held(wallet, 1, { expires_in_seconds: 1 })
    await waitUntilNear(hold, ((index * 37) % 501) - 400)
    const answers = await times(2, (side) => two.any(index + side).extendHold(hold.hold_id, 2))
    const extended = answers.flatMap(({ status, body }) => (status === 200 ? [body.data.hold.expires_at] : []))
    return {
      hold,
      outcomes: answers.map(outcomeOf),
      expiries: [hold.expires_at, ...extended].map((at) => Date.parse(at)),
    }
  })
  expect(countsOf(races.flatMap(({ outcomes }) => outcomes))).toEqual({
    '200': expect.any(Number),
    '400 hold_expired': expect.any(Number),
  })

  const holds = new Map((await endedHolds([wallet])).map((hold) => [hold.hold_id, hold]))
  for (const { hold, expiries } of races) {
    const ended = holds.get(hold.hold_id)
    expect({ ends: ended?.ends, expiresAt: ended?.expires_at.getTime() }).toEqual({
      ends: ['expired'],
      expiresAt: Math.max(...expiries),
    })
  }
  expect(await two.apis[1].moneyOf(wallet)).toEqual({ balance: 200, locked: 0, available: 200 })
})
