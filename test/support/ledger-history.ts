// One history of the ledger held against its model: each answer when it comes, every balance, lock and hold after each step,
// and everything that was written at the end. How requests are put is the driver's.
import { expect } from 'vitest'
import { HOLD_STATUSES } from '../../src/domain/hold.ts'
import type { WalletId } from '../../src/domain/wallet.ts'
import { type Action, type Known, requestOf, type Step } from './ledger-actions.ts'
import {
  type Answer,
  answeredHold,
  type AnsweredHold,
  type AnsweredRow,
  type Driver,
  factsIn,
  told,
} from './ledger-answers.ts'
import { holdIdOf, walletIdOf } from './ledger-commands.ts'
import { LedgerModel } from './ledger-model.ts'
import { holdFactsOf, holdReadAt, lockedOf } from './ledger-model-holds.ts'
import {
  balanceOf,
  factsOf,
  type HoldPicture,
  type ModelRow,
  type ModelWallet,
  type Prediction,
  type Request,
} from './ledger-model-rows.ts'
import { allRows, type ReadServices } from './read-services.ts'
import type { ShiftedClock } from './shifted-clock.ts'

/** Where histories happen: who is asked, what is stored, and the clock that it goes by. */
export interface Stage {
  readonly driver: Driver
  readonly reads: ReadServices
  readonly clock: ShiftedClock
}

/** Holds what happens in these steps against the model. */
export async function compare(stage: Stage, steps: readonly Step[]): Promise<void> {
  const history = new History(stage)
  await history.open()
  for (const { hours, actions } of steps) {
    if (hours > 0) await history.pass(hours)
    await history.perform(history.requestsOf(actions))
  }
  await history.compareEverything()
}

type Facts = Readonly<Record<string, unknown>>
type Foretold<Kind extends Prediction['kind']> = Extract<Prediction, { kind: Kind }>

let histories = 0

/** One history: the model, what was asked so far, and how to ask. */
class History {
  readonly #model = new LedgerModel()
  readonly #name = `history-${(histories += 1)}`
  readonly #keyed: { readonly request: Request; readonly isEffective: boolean }[] = []
  /** First answers by what they were about, for replays. */
  readonly #first = new Map<object, { readonly whole: unknown; readonly effectId: string | null }>()
  readonly #wholeRows = new Map<ModelRow, unknown>()
  /** How wallets with holds stood just before and just after time passed, for whoever asks about that instant later. */
  readonly #stood: { readonly at: bigint; readonly walletId: WalletId; readonly money: Facts }[] = []
  readonly #stage: Stage

  constructor(stage: Stage) {
    this.#stage = stage
  }

  /** Four wallets in two currencies, of three users. */
  async open(): Promise<void> {
    const opening = (
      user: number,
      currency: string,
      walletType: 'fiat' | 'crypto',
      initialBalance: string,
    ): Request => ({ kind: 'create', userId: this.#user(user), walletType, currency, initialBalance, key: null })
    await this.perform([opening(0, 'CREDIT', 'fiat', '20')])
    await this.perform([
      opening(1, 'CREDIT', 'fiat', '0'),
      opening(0, 'ETH', 'crypto', '20'),
      opening(2, 'ETH', 'fiat', '5'),
    ])
  }

  /** Turns actions into requests, as far as the model can say what they mean before any of them is answered. */
  requestsOf(actions: readonly Action[]): Request[] {
    const { wallets, rows, holds, now } = this.#model
    const known: Known = {
      now,
      wallets: [...wallets],
      // The use cases do not tell the id of a first deposit.
      rows: rows.filter((row) => row.transactionId !== ''),
      holds,
      keyed: this.#keyed.map(({ request }) => request),
      effective: this.#keyed.flatMap(({ request, isEffective }) => (isEffective ? [request] : [])),
      user: (number) => this.#user(number),
    }
    return actions.flatMap((action) => requestOf(action, known) ?? [])
  }

  /** Lets time pass; what expires by it is free before anybody has written that down. */
  async pass(hours: number): Promise<void> {
    await this.#keepInstant()
    this.#model.pass(hours)
    await this.#stage.clock.pass(hours)
    await this.#keepInstant()
    await this.#compareStates()
  }

  /** Puts requests at once, in order, and holds the answers and what is then read against the model's. */
  async perform(requests: readonly Request[]): Promise<void> {
    const predictions = requests.map((request) => this.#model.apply(request))
    requests.forEach((request, index) => {
      const isEffective = predictions[index]?.kind !== 'refused'
      if (request.key !== null) this.#keyed.push({ request, isEffective })
    })
    const answers = await Promise.all(requests.map((request) => this.#stage.driver.ask(request)))
    answers.forEach((answer, index) => {
      const prediction = predictions[index]
      if (!prediction) throw new Error('More answers than questions')
      this.#learn(prediction, answer)
      expect({ request: requests[index], answer: told(answer) }).toEqual({
        request: requests[index],
        answer: this.#foretold(prediction, answer),
      })
    })
    await this.#compareStates()
  }

  /** Holds all rows, lists of holds, past instants, and what the driver can look at, against the model's. */
  async compareEverything(): Promise<void> {
    const { driver, reads } = this.#stage
    const stored = Map.groupBy(await allRows(reads.db, this.#known()), (row) => row.walletId as string)
    for (const wallet of this.#model.wallets) {
      const rows = stored.get(wallet.walletId) ?? []
      expect(rows.map(factsIn)).toEqual(wallet.rows.map(factsOf))
      expect(rows.map((row) => row.createdAt)).toEqual(rows.map((row) => row.createdAt).toSorted(byInstant))
      const shown = await driver.rows(wallet.walletId)
      expect(shown).toEqual(wallet.rows.map((row, index) => this.#wholeRows.get(row) ?? shown[index]))
      expect(await driver.wallet(wallet.walletId)).toMatchObject(this.#stateOf(wallet))
      await this.#compareLists(wallet)
    }
    await this.#compareInstants()
    for (const hold of this.#model.holds) {
      const { facts, ...times } = await driver.hold(hold.holdId)
      const { createdAt, updatedAt, expiresAt, ...expected } = holdReadAt(hold, this.#model.now)
      expect({ facts, ...times }).toEqual({
        facts: this.#tellable(expected, 'ofHold'),
        createdAt,
        updatedAt,
        expiresAt,
      })
    }
  }

  #user(number: number): string {
    return `${this.#name}-user-${number}`
  }

  #known(): { walletId: WalletId }[] {
    return this.#model.wallets.map((wallet) => ({ walletId: walletIdOf(wallet.walletId) }))
  }

  /** Takes over the ids and times that the service gave, and keeps the answer for replays of it. */
  #learn(prediction: Prediction, answer: Answer): void {
    if (!('whole' in answer) || answer.replayed || !('replayed' in prediction) || prediction.replayed) return
    if (prediction.kind !== answer.kind) return
    const effectId = 'effectId' in answer ? answer.effectId : null
    this.#first.set(subjectOf(prediction), { whole: answer.whole, effectId })
    if (prediction.kind === 'posted' && answer.kind === 'posted') {
      prediction.rows.forEach((row, index) => this.#learnRow(row, answer.rows[index]))
    }
    if (prediction.kind === 'created' && answer.kind === 'created') {
      prediction.wallet.walletId = String(answer.wallet['walletId'])
      const [first] = prediction.wallet.rows
      if (first && prediction.initialBalance > 0n) this.#learnRow(first, answer.row)
    }
    if (prediction.kind === 'held' && answer.kind === 'held') {
      const { hold, after, term } = prediction.picture
      if (after === 'place_hold') {
        hold.holdId = String(answer.hold.facts['holdId'])
        hold.createdAt = answer.hold.updatedAt
      }
      if (after === 'place_hold' || after === 'extend_hold') {
        term.expiresAt = answer.hold.updatedAt + BigInt(term.seconds) * 1_000_000n
      }
      hold.updatedAt = answer.hold.updatedAt
      if (prediction.row) this.#learnRow(prediction.row, answer.row)
    }
  }

  #learnRow(row: ModelRow, answered: AnsweredRow | null | undefined): void {
    if (!answered) return
    row.transactionId = answered.transactionId
    this.#wholeRows.set(row, answered.whole)
  }

  /** The answer as the model would have it, in the words of `told`. */
  #foretold(prediction: Prediction, answer: Answer): unknown {
    if ('replayed' in prediction && prediction.replayed) return { replayed: this.#replayOf(prediction, answer) }
    switch (prediction.kind) {
      case 'posted':
        return {
          rows: prediction.rows.map((row) => this.#rowTold(row)),
          beside: this.#besideTold(prediction, answer),
        }
      case 'created': {
        const { walletId, userId, walletType, currency } = prediction.wallet
        const balance = prediction.initialBalance
        return { wallet: { walletId, userId, walletType, currency, status: 'active', balance } }
      }
      case 'changed':
        return { status: prediction.status }
      case 'held': {
        const { picture, balance, row } = prediction
        return { hold: this.#holdTold(picture, answer), balance, row: row && this.#rowTold(row) }
      }
      case 'unnoticed':
        return 'nothing to notice'
      case 'refused': {
        const { code, context, fault } = prediction.refusal
        return { code, context: context?.() ?? {}, fault: fault ?? '' }
      }
    }
  }

  /** The queue replays an id; everybody else, the very answer that was given first. */
  #replayOf(prediction: Foretold<'posted' | 'created' | 'held'>, answer: Answer): unknown {
    const first = this.#first.get(subjectOf(prediction))
    if (answer.kind !== 'replayed') return first?.whole
    if (prediction.kind === 'held') return first?.effectId
    return prediction.kind === 'posted' ? prediction.rows[0]?.transactionId : prediction.wallet.walletId
  }

  /** What an answer over HTTP says beside its rows follows from them. */
  #besideTold({ rows: [row, , fee] }: Foretold<'posted'>, answer: Answer): Facts {
    if (answer.kind !== 'posted' || !row) return {}
    const { balanceAfter } = factsOf(fee ?? row)
    return {
      ...('balance' in answer.beside && { balance: balanceAfter }),
      ...('remainingBalance' in answer.beside && { remainingBalance: BigInt(String(balanceAfter)) - row.locked }),
    }
  }

  #rowTold(row: ModelRow): Facts {
    return { ...this.#tellable(factsOf(row), 'ofRow'), transactionId: row.transactionId }
  }

  /** When something was done to it is for the service to say; it is the time from which a new term counts. */
  #holdTold(picture: HoldPicture, answer: Answer): Facts {
    const updatedAt = answer.kind === 'held' ? answer.hold.updatedAt : null
    const { createdAt } = picture.hold
    const facts = this.#tellable(holdFactsOf(picture.hold, picture), 'ofHold')
    return { facts, createdAt, updatedAt, expiresAt: picture.term.expiresAt }
  }

  #tellable(facts: Facts, kind: keyof Driver['tells']): Facts {
    const names = this.#stage.driver.tells[kind]
    return names ? Object.fromEntries(names.map((name) => [name, facts[name]])) : facts
  }

  #stateOf(wallet: ModelWallet): Facts {
    const lockedBalance = lockedOf(wallet, this.#model.now)
    return { balance: balanceOf(wallet), lockedBalance, status: wallet.status }
  }

  async #compareStates(): Promise<void> {
    const { reads } = this.#stage
    const wallets = await Promise.all(this.#known().map(({ walletId }) => reads.wallets.findWallet(walletId)))
    const states = wallets.map((wallet) => ({
      balance: wallet?.balance,
      lockedBalance: wallet?.lockedBalance,
      status: wallet?.status,
    }))
    expect(states).toEqual(this.#model.wallets.map((wallet) => this.#stateOf(wallet)))
    const { holds, now } = this.#model
    const found = await Promise.all(holds.map((hold) => reads.holds.findHold(holdIdOf(hold.holdId))))
    expect(found.map((hold) => hold && readAs(answeredHold(hold)))).toEqual(holds.map((hold) => holdReadAt(hold, now)))
  }

  async #keepInstant(): Promise<void> {
    const at = await this.#stage.clock.now()
    for (const wallet of this.#model.wallets.filter(({ holds }) => holds.length > 0)) {
      const money = { balance: balanceOf(wallet), lockedBalance: lockedOf(wallet, this.#model.now) }
      this.#stood.push({ at, walletId: walletIdOf(wallet.walletId), money })
    }
  }

  /** What was locked at an instant stays so, whatever expired, and was written down, since. */
  async #compareInstants(): Promise<void> {
    const { historyService } = this.#stage.reads
    const told = await Promise.all(this.#stood.map(({ walletId, at }) => historyService.balance(walletId, at)))
    const money = told.map(({ balance, lockedBalance }) => ({ balance, lockedBalance }))
    expect(money).toEqual(this.#stood.map((stood) => stood.money))
  }

  /** A wallet's holds, newest first, all of them and those of one status. */
  async #compareLists(wallet: ModelWallet): Promise<void> {
    const { now } = this.#model
    if (wallet.holds.length === 0) return
    const expected = wallet.holds.map((hold) => holdReadAt(hold, now)).toSorted(newestFirst)
    for (const status of [null, ...HOLD_STATUSES]) {
      const request = { walletId: walletIdOf(wallet.walletId), status, limit: 100, after: null }
      const { holds } = await this.#stage.reads.holds.pageOfWallet(request)
      expect(holds.map((hold) => readAs(answeredHold(hold)))).toEqual(
        expected.filter((hold) => status === null || hold['status'] === status),
      )
    }
  }
}

/** What replays of a prediction have in common with it. */
function subjectOf(prediction: Foretold<'posted' | 'created' | 'held'>): object {
  if (prediction.kind === 'held') return prediction.picture
  return prediction.kind === 'posted' ? prediction.rows : prediction.wallet
}

const readAs = ({ facts, ...times }: AnsweredHold): Facts => ({ ...facts, ...times })

const byInstant = (left: bigint, right: bigint): number => (left < right ? -1 : left > right ? 1 : 0)

/** In the order of (created_at, hold_id), backwards. */
const newestFirst = (left: Facts, right: Facts): number =>
  byInstant(BigInt(String(right['createdAt'])), BigInt(String(left['createdAt']))) ||
  (String(left['holdId']) < String(right['holdId']) ? 1 : -1)
