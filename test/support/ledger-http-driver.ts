// A third way to put a request of the model to the real service: over HTTP, to one process after the other, translated from
// the wire and back. Whatever an answer says, it is compared; only what is not on the wire is left out.
import { expect } from 'vitest'
import type { Answer as HttpAnswer, Api } from './api.ts'
import { units } from './decimals.ts'
import { instantOf } from './instants.ts'
import type { Answer, AnsweredHold, AnsweredRow, Driver } from './ledger-answers.ts'
import { type ModelHold, NOBODY, type Request } from './ledger-model-rows.ts'

const ROW_FACTS = [
  'walletId userId transactionType amount balanceBefore balanceAfter fee currency description referenceId usageRecordId',
  'fromWalletId toWalletId blockchainTxHash blockchainNetwork blockchainStatus blockchainConfirmations gasFee metadata',
  'sequence',
].flatMap((line) => line.split(' '))
const HOLD_FACTS =
  'holdId walletId amount capturedAmount remainingAmount status description referenceId metadata'.split(' ')
const OPENED_FACTS = 'walletId userId walletType currency status balance'.split(' ')

type Asked = Exclude<Request, { kind: 'expire_holds' }>

/** Asks these processes in turn; `expire` writes down what has expired, which nobody can ask for over HTTP. */
export function httpDriver(apis: readonly [Api, Api], expire: () => Promise<void>): Driver {
  let asked = 0
  const api = (): Api => apis[(asked += 1) % 2 === 0 ? 0 : 1]
  return {
    tells: { ofRow: ROW_FACTS, ofHold: HOLD_FACTS },
    ask: async (request) => {
      if (request.kind !== 'expire_holds') return answerOf(request, await put(api(), request))
      await expire()
      return { kind: 'unnoticed' }
    },
    wallet: async (walletId) => {
      const { body } = await api().get(`/api/v1/wallets/${walletId}`)
      expect(units(body.available_balance)).toBe(units(body.balance) - units(body.locked_balance))
      return factsOnWire(body, ['balance', 'lockedBalance', 'status'])
    },
    hold: async (holdId) => answeredHold(await api().holdOf(holdId)),
    rows: (walletId) => api().historyOf(walletId),
  }
}

function put(api: Api, request: Asked): Promise<HttpAnswer> {
  const key = request.key ?? undefined
  switch (request.kind) {
    case 'create': {
      const { userId, walletType, currency, initialBalance } = request
      const wallet = { user_id: userId, wallet_type: walletType, currency, initial_balance: initialBalance }
      return api.post('/api/v1/wallets', wallet, key)
    }
    case 'freeze':
    case 'unfreeze':
      return api.post(`/api/v1/wallets/${request.walletId}/${request.kind}`, { reason: 'because' })
    case 'close':
      return api.call('DELETE', `/api/v1/wallets/${request.walletId}`)
    case 'refund': {
      const { original, amount, reason } = request
      const path = `/api/v1/transactions/${original.transactionId}/refund`
      return api.post(path, { reason, ...(amount !== null && { amount }) }, key)
    }
    case 'transfer': {
      const { walletId, toWalletId, amount, description, fee } = request
      const body = { to_wallet_id: toWalletId, amount, description, ...(fee !== null && { fee }) }
      return api.post(`/api/v1/wallets/${walletId}/transfer`, body, key)
    }
    case 'deposit':
    case 'reward':
    case 'withdraw':
    case 'consume': {
      const { amount, description } = request
      return api.post(`/api/v1/wallets/${request.walletId}/${request.kind}`, { amount, description }, key)
    }
    case 'place_hold': {
      const { amount, description, referenceId, seconds } = request
      const more = { description, reference_id: referenceId, expires_in_seconds: seconds }
      return api.placeHold(request.walletId, amount, more, key)
    }
    case 'capture_hold': {
      const { amount, final, transactionType, description } = request
      const body = { ...(amount !== null && { amount }), final, transaction_type: transactionType, description }
      return api.capture(idOf(request.hold), body, key)
    }
    case 'void_hold':
      return api.voidHold(idOf(request.hold), key)
    case 'extend_hold':
      return api.extendHold(idOf(request.hold), request.seconds, key)
  }
}

const idOf = (hold: ModelHold | null): string => hold?.holdId ?? NOBODY

function answerOf(request: Asked, answer: HttpAnswer): Answer {
  const { status, headers, body, text } = answer
  if (status >= 400) return refusalOf(answer)
  expect(status, text).toBe(request.kind === 'place_hold' ? 201 : 200)
  const repeatable = { replayed: headers.get('idempotency-replayed') === 'true', whole: text }
  const { data } = body
  switch (request.kind) {
    case 'create':
      return { kind: 'created', wallet: factsOnWire(data.wallet, OPENED_FACTS), row: null, ...repeatable }
    case 'freeze':
    case 'unfreeze':
    case 'close':
      return { kind: 'changed', status: String(data.wallet['status']) }
    case 'place_hold':
    case 'capture_hold':
    case 'void_hold':
    case 'extend_hold': {
      const row = request.kind === 'capture_hold' ? answeredRow(data.transaction) : null
      expect(body.transaction_id).toBe(row?.transactionId ?? null)
      const balance = units(body.balance)
      return { kind: 'held', hold: answeredHold(data.hold), balance, row, effectId: null, ...repeatable }
    }
    case 'transfer': {
      const rows = [data.from_transaction, data.to_transaction, data.fee_transaction].filter(Boolean).map(answeredRow)
      return { kind: 'posted', rows, beside: besideOf(answer), ...repeatable }
    }
    case 'deposit':
    case 'reward':
    case 'withdraw':
    case 'consume':
    case 'refund':
      return { kind: 'posted', rows: [answeredRow(data.transaction)], beside: besideOf(answer), ...repeatable }
  }
}

/** The remaining balance is a JSON number with more digits than a double has. */
function besideOf({ body, text }: HttpAnswer): Extract<Answer, { kind: 'posted' }>['beside'] {
  const [, remaining] = /"remaining_balance":([0-9.]+)/.exec(text) ?? []
  return {
    balance: units(body.balance),
    ...(remaining !== undefined && { remainingBalance: units(remaining) }),
  }
}

/** Members that every refusal has; all others explain this one. */
const STANDARD_MEMBERS = new Set('type title status detail code success message request_id retryable errors'.split(' '))

function refusalOf({ status, body }: HttpAnswer): Answer {
  const { code, errors = [] } = body
  expect(status, code).toBe(statusOf(code))
  const context = Object.fromEntries(Object.entries(body).filter(([name]) => !STANDARD_MEMBERS.has(name)))
  const fault = errors.map(({ loc, type }) => `${loc.join('.')} ${type}`).join()
  return { kind: 'refused', refusal: { code, context, fault } }
}

/** The table of API.md §6, as far as the model gets. */
function statusOf(code: string): number {
  if (code.endsWith('_not_found')) return 404
  return code === 'validation_failed' || code === 'idempotency_key_reused' ? 422 : 400
}

/** A row as it stands in an answer. */
function answeredRow(row: { readonly transaction_id: string }): AnsweredRow {
  return { facts: factsOnWire(row, ROW_FACTS), transactionId: row.transaction_id, whole: row }
}

/** A hold as it stands in an answer. */
function answeredHold(hold: {
  readonly created_at: string
  readonly updated_at: string
  readonly expires_at: string
}): AnsweredHold {
  return {
    facts: factsOnWire(hold, HOLD_FACTS),
    createdAt: instantOf(hold.created_at),
    updatedAt: instantOf(hold.updated_at),
    expiresAt: instantOf(hold.expires_at),
  }
}

/** These members of an object on the wire, by their names and in the form that they have in the domain. */
function factsOnWire(wire: object, names: readonly string[]): Readonly<Record<string, unknown>> {
  const members = new Map<string, unknown>(Object.entries(wire))
  return Object.fromEntries(
    names.map((name) => [
      name,
      ofWire(name, members.get(name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))),
    ]),
  )
}

function ofWire(name: string, value: unknown): unknown {
  if (name === 'metadata') return JSON.stringify(value)
  return /amount|balance|^fee$/i.test(name) && typeof value === 'string' ? units(value) : value
}
