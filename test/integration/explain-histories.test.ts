// Explanations of random histories with holds, at random instants, against what GET balance says and against the holds as the
// history's own answers left them; and explanations while others post. No worker runs.
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Answer, Api, BriefHoldAnswer, HoldAnswer } from '../support/api.ts'
import { decimal } from '../support/decimals.ts'
import { brief, explained } from '../support/explanations.ts'
import { instantOf, justBefore } from '../support/instants.ts'
import { closeFaultless, type OneService, startOneService } from '../support/service.ts'

const SEED = 8208
const STEPS = 150
const INSTANTS = 30
const WRITERS = 8
const EXPLANATIONS = 200

let one: OneService
let api: Api

beforeAll(async () => {
  one = await startOneService({ HOLD_EXPIRY_INTERVAL_MS: '0' })
  api = one.api
})
afterAll(() => closeFaultless(one))

const stepArbitrary = fc.record({
  kind: fc.constantFrom(
    'deposit',
    'consume',
    'transfer',
    'refund',
    'place',
    'place',
    'capture',
    'part',
    'void',
    'extend',
  ),
  cents: fc.integer({ min: 1, max: 99_999_999 }),
  which: fc.nat(),
  seconds: fc.constantFrom(1, 1, 2, 3600),
})

type Step = typeof stepArbitrary extends fc.Arbitrary<infer Value> ? Value : never

/** A wallet's random history: every state that a hold was ever answered in, and every instant at which something happened. */
class History {
  readonly states: HoldAnswer[] = []
  readonly instants: string[] = []
  readonly #wallet: string
  readonly #other: string
  readonly #consumed: string[] = []
  readonly #holds: string[] = []

  constructor(wallet: string, other: string) {
    this.#wallet = wallet
    this.#other = other
  }

  /** Takes a step; one that is refused is none. */
  async take(step: Step): Promise<void> {
    const { status, body } = await this.#send(step)
    if (status >= 300) return
    const { transaction, hold } = body.data
    if (step.kind === 'consume') this.#consumed.push(transaction.transaction_id)
    if (step.kind === 'place') this.#holds.push(hold.hold_id)
    if (transaction) this.instants.push(transaction.created_at)
    if (!hold) return
    this.states.push(hold)
    this.instants.push(hold.updated_at, hold.expires_at)
  }

  #send({ kind, cents, which, seconds }: Step): Promise<Answer> {
    const amount = decimal(BigInt(cents) * 10n ** 10n)
    const hold = this.#holds.at(-1 - (which % 6)) ?? this.#wallet
    switch (kind) {
      case 'deposit':
        return api.deposit(this.#wallet, amount)
      case 'consume':
        return api.consume(this.#wallet, amount)
      case 'transfer':
        return which % 2 === 0
          ? api.transfer(this.#wallet, this.#other, amount)
          : api.transfer(this.#other, this.#wallet, amount)
      case 'refund':
        return api.post(`/api/v1/transactions/${this.#consumed.at(-1) ?? this.#wallet}/refund`, { reason: 'test' })
      case 'place':
        return api.placeHold(this.#wallet, amount, { expires_in_seconds: seconds })
      case 'capture':
        return api.capture(hold)
      case 'part':
        return api.capture(hold, { amount: '0.00000001', final: false, transaction_type: 'withdraw' })
      case 'void':
        return api.voidHold(hold)
      case 'extend':
        return api.extendHold(hold, seconds)
    }
  }

  /** The holds that were open at an instant, as they were then. */
  openAt(at: string): HoldAnswer[] {
    const latest = new Map<string, HoldAnswer>()
    for (const state of this.states) if (instantOf(state.updated_at) <= instantOf(at)) latest.set(state.hold_id, state)
    return [...latest.values()].filter(
      (hold) => hold.status === 'pending' && instantOf(hold.expires_at) > instantOf(at),
    )
  }
}

const byId = (left: BriefHoldAnswer, right: BriefHoldAnswer): number => (left.hold_id < right.hold_id ? -1 : 1)

test('at random instants of a random history it is the balance of then, and the holds are those of then', async () => {
  const wallet = await api.openWallet({ user_id: 'random', initial_balance: '20' })
  const other = await api.openWallet({ user_id: 'beside random', initial_balance: '1000' })
  const history = new History(wallet, other)
  for (const step of fc.sample(stepArbitrary, { seed: SEED, numRuns: STEPS })) await history.take(step)
  const last = await api.held(wallet, '0.00000001', { expires_in_seconds: 2 })
  history.states.push(last)
  await api.untilExpired(last.hold_id)
  expect(new Set(history.states.map((hold) => hold.status))).toEqual(new Set(['pending', 'captured', 'voided']))
  const past = history.instants.filter((at) => Date.parse(at) < Date.now() - 1000).flatMap((at) => [at, justBefore(at)])
  const found: number[] = []
  for (const at of fc.sample(fc.constantFrom(...past), { seed: SEED, numRuns: INSTANTS })) {
    const answer = await explained(api, wallet, { at })
    const balance = await api.get(`/api/v1/wallets/${wallet}/balance?at=${at}`)
    const { balance: total, locked_balance: locked, available_balance: available } = answer
    expect(balance.body.balance, at).toBe(available)
    expect(balance.text, at).toContain(
      `"data":{"balance":${total},"locked_balance":${locked},"available_balance":${available},`,
    )
    expect(answer.open_holds.toSorted(byId), at).toEqual(history.openAt(at).toSorted(byId).map(brief))
    found.push(answer.open_holds.length)
  }
  // The instants differ, or there would be little to see.
  expect(new Set(found).size).toBeGreaterThan(5)
})

test('while others post and place and capture holds, every explanation is of one moment and adds up', async () => {
  const wallet = await api.openWallet({ user_id: 'busy', initial_balance: '1000' })
  let isOver = false
  const write = async (index: number): Promise<number> => {
    let written = 0
    while (!isOver) {
      const { hold_id: id } = await api.held(wallet, '2', { expires_in_seconds: 1 + (written % 2) * 60 })
      const answers = [
        await api.capture(id, { amount: '0.5', final: false }),
        await api.deposit(wallet, '1.5'),
        await api.consume(wallet, '0.25'),
        await (index % 2 === 0 ? api.voidHold(id) : api.capture(id, { amount: '0.125' })),
      ]
      written += answers.filter(({ status }) => status === 200).length
    }
    return written
  }
  const writers = Array.from({ length: WRITERS }, (_, index) => write(index))
  const counts: number[] = []
  try {
    for (let index = 0; index < EXPLANATIONS; index += 1) counts.push((await explained(api, wallet)).transaction_count)
  } finally {
    isOver = true
  }
  const written = await Promise.all(writers)
  expect(Math.min(...written)).toBeGreaterThan(0)
  expect(counts).toEqual(counts.toSorted((left, right) => left - right))
  expect(new Set(counts).size).toBeGreaterThan(10)
  const { body } = await api.get(`/api/v1/wallets/${wallet}`)
  expect(await explained(api, wallet)).toMatchObject({ balance: body.balance })
})
