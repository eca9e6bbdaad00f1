// Random actions for histories of the ledger. They name wallets, rows, holds and earlier requests by numbers, taken modulo how
// many there are, so that any part of a history is a history and fast-check can shrink it.
import fc from 'fast-check'
import { decimal, units } from './decimals.ts'
import { availableOf, remainingOf, statusOf } from './ledger-model-holds.ts'
import {
  type ModelHold,
  type ModelRow,
  type ModelWallet,
  type MovementKind,
  NOBODY,
  type Request,
} from './ledger-model-rows.ts'

const movements: readonly MovementKind[] = ['deposit', 'deposit', 'reward', 'withdraw', 'consume', 'consume']
const anyAmount = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('1', '2', '3', '5', '10', '0.1', '2.5', '0.30000001', '0.00000001') },
  { weight: 3, arbitrary: fc.constantFrom('everything', 'too much') },
  { weight: 1, arbitrary: fc.constantFrom('0.000000001', '1.000000000000000001') },
  { weight: 1, arbitrary: fc.constantFrom('99999999999999999999', '60000000000000000000.5') },
)
const anyKey = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  { weight: 2, arbitrary: fc.constantFrom('a', 'b', 'c', 'd', 'e') },
)
const mostly = fc.constantFrom(true, true, true, false)
const anyNumber = fc.nat({ max: 999 })
const anyDescription = fc.constantFrom(undefined, undefined, 'x')
/** Never whole hours, in which time passes: whether a hold has expired must not depend on the seconds that a test takes. */
const anySeconds = fc.constantFrom(1800, 5400, 5400, 109_800)

const aMovement = fc.record({
  kind: fc.constantFrom(...movements),
  wallet: anyNumber,
  amount: anyAmount,
  description: anyDescription,
  key: anyKey,
})
const aTransfer = fc.record({
  kind: fc.constant('transfer' as const),
  wallet: anyNumber,
  to: anyNumber,
  amount: anyAmount,
  fee: fc.constantFrom(null, null, '0.5', '1'),
  key: anyKey,
})
const aRefund = fc.record({
  kind: fc.constant('refund' as const),
  original: anyNumber,
  refundable: fc.boolean(),
  amount: fc.oneof(fc.constant(null), anyAmount),
  reason: fc.constantFrom('late', 'broken'),
  key: anyKey,
})
const aStatusChange = fc.record({
  kind: fc.constantFrom('freeze' as const, 'unfreeze' as const, 'unfreeze' as const, 'close' as const),
  wallet: anyNumber,
})
const anOpening = fc.record({
  kind: fc.constant('create' as const),
  user: fc.nat({ max: 2 }),
  walletType: fc.constantFrom('fiat' as const, 'fiat' as const, 'crypto' as const),
  currency: fc.constantFrom('CREDIT', 'ETH'),
  initialBalance: fc.constantFrom('0', '0', '7.5', '0.000000001'),
  key: anyKey,
})
const aPlacement = fc.record({
  kind: fc.constant('place_hold' as const),
  wallet: anyNumber,
  amount: anyAmount,
  seconds: anySeconds,
  description: anyDescription,
  referenceId: fc.constantFrom(undefined, 'job-7'),
  key: anyKey,
})
const aCapture = fc.record({
  kind: fc.constant('capture_hold' as const),
  hold: anyNumber,
  pending: mostly,
  amount: fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 2, arbitrary: anyAmount }),
  final: fc.boolean(),
  transactionType: fc.constantFrom('consume' as const, 'withdraw' as const),
  description: anyDescription,
  key: anyKey,
})
const aVoid = fc.record({
  kind: fc.constant('void_hold' as const),
  hold: anyNumber,
  pending: mostly,
  key: anyKey,
})
const anExtension = fc.record({
  kind: fc.constant('extend_hold' as const),
  hold: anyNumber,
  pending: mostly,
  seconds: anySeconds,
  key: anyKey,
})
const anExpiry = fc.record({
  kind: fc.constant('expire_holds' as const),
  wallet: anyNumber,
  limit: fc.constantFrom(1, 2, 200),
})
const aRepetition = fc.record({
  kind: fc.constant('repeat' as const),
  earlier: anyNumber,
  effective: mostly,
  change: fc.constantFrom(false, false, true),
})

const anyAction = fc.oneof(
  { weight: 12, arbitrary: aMovement },
  { weight: 6, arbitrary: aTransfer },
  { weight: 6, arbitrary: aRefund },
  { weight: 3, arbitrary: aStatusChange },
  { weight: 2, arbitrary: anOpening },
  { weight: 9, arbitrary: aPlacement },
  { weight: 12, arbitrary: aCapture },
  { weight: 2, arbitrary: aVoid },
  { weight: 5, arbitrary: anExtension },
  { weight: 3, arbitrary: anExpiry },
  { weight: 6, arbitrary: aRepetition },
)
export type Action = typeof anyAction extends fc.Arbitrary<infer Value> ? Value : never

/** Actions that happen at once, some hours after those before. */
export interface Step {
  readonly hours: number
  readonly actions: readonly Action[]
}

const anyHours = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.constantFrom(1, 1, 2, 31) },
)

/** Histories of up to so many steps with up to so many actions each. */
export const anyHistory = (longest: { readonly steps: number; readonly actions: number }): fc.Arbitrary<Step[]> => {
  const actions = fc.array(anyAction, { minLength: 1, maxLength: longest.actions, size: 'max' })
  const steps = fc.record({ hours: anyHours, actions })
  return fc.array(steps, { minLength: 1, maxLength: longest.steps, size: 'max' })
}

/** What there is for actions to name. */
export interface Known {
  readonly now: number
  readonly wallets: readonly ModelWallet[]
  readonly rows: readonly ModelRow[]
  readonly holds: readonly ModelHold[]
  /** Requests that had a key, and those of them that were not refused. */
  readonly keyed: readonly Request[]
  readonly effective: readonly Request[]
  user(number: number): string
}

/** The request that an action means; `null` when it means nothing, as a refund with nothing to refund. */
export function requestOf(action: Action, known: Known): Request | null {
  const wallet = 'wallet' in action ? walletAt(known, action.wallet) : undefined
  const walletId = wallet?.walletId ?? NOBODY
  const spendable = wallet ? availableOf(wallet, known.now) : 0n
  switch (action.kind) {
    case 'create':
      return { ...action, userId: known.user(action.user) }
    case 'repeat':
      return repeated(pick(action.effective ? known.effective : known.keyed, action.earlier), action.change)
    case 'refund':
      return refundOf(action, known)
    case 'transfer': {
      const { kind, fee, key } = action
      const toWalletId = walletAt(known, action.to)?.walletId ?? NOBODY
      return { kind, walletId, toWalletId, amount: meant(action.amount, spendable), fee, key }
    }
    case 'freeze':
    case 'unfreeze':
    case 'close':
      return { kind: action.kind, walletId, key: null }
    case 'deposit':
    case 'reward':
    case 'withdraw':
    case 'consume': {
      const { kind, description, key } = action
      return { kind, walletId, amount: meant(action.amount, spendable), description, key }
    }
    case 'place_hold': {
      const { kind, seconds, description, referenceId, key } = action
      return { kind, walletId, amount: meant(action.amount, spendable), seconds, description, referenceId, key }
    }
    case 'capture_hold':
    case 'void_hold':
    case 'extend_hold':
      return onHold(action, known)
    case 'expire_holds': {
      const expiring = pick(known.wallets, action.wallet)
      return expiring ? { kind: action.kind, walletId: expiring.walletId, limit: action.limit, key: null } : null
    }
  }
}

type ActionOf<Kind extends Action['kind']> = Extract<Action, { kind: Kind }>

function refundOf(action: ActionOf<'refund'>, known: Known): Request | null {
  const refundable = known.rows.filter((row) => ['withdraw', 'consume', 'fee'].includes(row.type))
  const original = pick(action.refundable ? refundable : known.rows, action.original)
  if (!original) return null
  const amount = action.amount === null ? null : meant(action.amount, original.amount)
  return { kind: 'refund', original, amount, reason: action.reason, key: action.key }
}

/** One in 40 is about a hold that nobody knows. */
function onHold(action: ActionOf<'capture_hold' | 'void_hold' | 'extend_hold'>, known: Known): Request | null {
  const pending = known.holds.filter((hold) => statusOf(hold, known.now) === 'pending')
  const found = pick(action.pending ? pending : known.holds, action.hold)
  const hold = action.hold % 40 === 20 ? null : found
  if (hold === undefined) return null
  const { key } = action
  if (action.kind === 'void_hold') return { kind: action.kind, hold, key }
  if (action.kind === 'extend_hold') return { kind: action.kind, hold, seconds: action.seconds, key }
  const { kind, final, transactionType, description } = action
  const remaining = hold ? remainingOf(hold, known.now) : 0n
  const amount = action.amount === null ? null : meant(action.amount, remaining)
  return { kind, hold, amount, final, transactionType, description, key }
}

/** One in 50 is a wallet that nobody knows. */
const walletAt = (known: Known, number: number): ModelWallet | undefined =>
  number % 50 === 49 ? undefined : pick(known.wallets, number)

const pick = <Item>(items: readonly Item[], number: number): Item | undefined =>
  items[number % Math.max(items.length, 1)]

/** What an amount of an action is, given all that there is. */
function meant(amount: string, everything: bigint): string {
  if (amount === 'everything') return everything === 0n ? '1' : decimal(everything)
  if (amount !== 'too much') return amount
  const more = everything + units('0.00000001')
  return decimal(more < units('99999999999999999999') ? more : everything)
}

/** A request that was put before, or one that differs from it and has its key. */
function repeated(request: Request | undefined, change: boolean): Request | null {
  if (!request || !change) return request ?? null
  if ('amount' in request) return { ...request, amount: '4' }
  return 'seconds' in request ? { ...request, seconds: request.seconds + 7200 } : request
}
