// What the ledger should do, written a second time and as plainly as it goes: a wallet is a list of rows, everything else is
// added up from it each time. It shares no code with the service, only the names of things.
import { decimal, units } from './decimals.ts'
import {
  balanceOf,
  type ModelRow,
  type ModelWallet,
  type MovementKind,
  type Prediction,
  type Refusal,
  type Request,
  rowOf,
  sum,
} from './ledger-model-rows.ts'

class Refused extends Error {
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    super(refusal.code)
    this.refusal = refusal
  }
}

const refuse = (code: string, context?: () => Record<string, unknown>, fault?: string): never => {
  throw new Refused({ code, ...(context && { context }), ...(fault !== undefined && { fault }) })
}

const LIMIT = units(`1${'0'.repeat(20)}`)
const COUNTERPARTIES = {
  deposit: ['in', 'external:deposit', 'Deposit'],
  reward: ['in', 'promotion:reward', 'Reward'],
  withdraw: ['out', 'external:withdrawal', 'Withdrawal'],
  consume: ['out', 'revenue:consume', 'Consumed'],
} as const

/** The request as API.md §5 compares it: its route, and its fields by their names on the wire, in their order. */
function fingerprint(request: Request): { readonly route: string; readonly fields: readonly [string, unknown][] } {
  switch (request.kind) {
    case 'create':
      return {
        route: 'create',
        fields: [
          ['user_id', request.userId],
          ['wallet_type', request.walletType],
          ['initial_balance', units(request.initialBalance)],
          ['currency', request.currency],
        ],
      }
    case 'transfer':
      return {
        route: 'transfer',
        fields: [
          ['to_wallet_id', request.toWalletId],
          ['amount', units(request.amount)],
          ['description', request.description],
          ['fee', request.fee === null ? null : units(request.fee)],
        ],
      }
    case 'refund':
      return {
        route: 'refund',
        fields: [
          ['transaction_id', request.original.transactionId],
          ['reason', request.reason],
          ['amount', request.amount === null ? null : units(request.amount)],
        ],
      }
    case 'freeze':
    case 'unfreeze':
    case 'close':
      return { route: request.kind, fields: [] }
    case 'deposit':
    case 'reward':
    case 'withdraw':
    case 'consume':
      return {
        route: request.kind,
        fields: [
          ['amount', units(request.amount)],
          ['description', request.description],
        ],
      }
  }
}

interface Effect extends ReturnType<typeof fingerprint> {
  readonly prediction: Prediction
}

/** A whole ledger in memory. */
export class LedgerModel {
  readonly wallets: ModelWallet[] = []
  readonly #effects = new Map<string, Effect>()

  /** All rows, in the order in which they were written. */
  readonly rows: ModelRow[] = []

  /** Applies a request and says what should be answered. */
  apply(request: Request): Prediction {
    try {
      return this.#replay(request) ?? this.#remember(request, this.#decide(request))
    } catch (error) {
      if (error instanceof Refused) return { kind: 'refused', refusal: error.refusal }
      throw error
    }
  }

  #scope(request: Request): string | null {
    if (request.key === null) return null
    if (request.kind === 'create') return `user ${request.userId} ${request.key}`
    const walletId = request.kind === 'refund' ? request.original.wallet.walletId : request.walletId
    return `wallet ${walletId} ${request.key}`
  }

  #replay(request: Request): Prediction | null {
    const scope = this.#scope(request)
    const effect = scope === null ? undefined : this.#effects.get(scope)
    if (!effect) return null
    const { route, fields } = fingerprint(request)
    if (route !== effect.route) return refuse('idempotency_key_reused', () => ({ fields: ['route'] }))
    const differing = fields.flatMap(([name, value], index) => (value === effect.fields[index]?.[1] ? [] : [name]))
    if (differing.length > 0) return refuse('idempotency_key_reused', () => ({ fields: differing }))
    const { prediction } = effect
    return 'replayed' in prediction ? { ...prediction, replayed: true } : prediction
  }

  #remember(request: Request, prediction: Prediction): Prediction {
    const scope = this.#scope(request)
    if (scope !== null) this.#effects.set(scope, { ...fingerprint(request), prediction })
    return prediction
  }

  #decide(request: Request): Prediction {
    switch (request.kind) {
      case 'create':
        return this.#create(request)
      case 'transfer':
        return this.#transfer(request)
      case 'refund':
        return this.#refund(request)
      case 'freeze':
      case 'unfreeze':
      case 'close':
        return this.#setStatus(request.kind, this.#wallet(request.walletId))
      case 'deposit':
      case 'reward':
      case 'withdraw':
      case 'consume':
        return this.#move(request)
    }
  }

  #wallet(walletId: string): ModelWallet {
    const wallet = this.wallets.find((candidate) => candidate.walletId === walletId)
    return wallet ?? refuse('wallet_not_found', () => ({ wallet_id: walletId }))
  }

  #usable(walletId: string): ModelWallet {
    const wallet = this.#wallet(walletId)
    if (wallet.status !== 'active') refuse(`wallet_${wallet.status}`, () => ({ wallet_id: walletId }))
    return wallet
  }

  #write(rows: readonly ModelRow[]): Prediction {
    for (const row of rows) {
      row.wallet.rows.push(row)
      this.rows.push(row)
    }
    return { kind: 'posted', rows, replayed: false }
  }

  #create(request: Extract<Request, { kind: 'create' }>): Prediction {
    const { userId, walletType, currency } = request
    const initialBalance = units(request.initialBalance)
    requireDecimals(initialBalance, currency, 'initial_balance')
    const existing = this.wallets.find(
      (other) =>
        other.userId === userId &&
        other.currency === currency &&
        other.walletType === 'fiat' &&
        other.status !== 'closed',
    )
    if (walletType === 'fiat' && existing) {
      const balance = decimal(balanceOf(existing))
      refuse('wallet_exists', () => ({ wallet_id: existing.walletId, balance }))
    }
    const wallet: ModelWallet = { walletId: '', userId, walletType, currency, status: 'active', rows: [] }
    this.wallets.push(wallet)
    if (initialBalance > 0n) {
      const [direction, counterparty] = COUNTERPARTIES.deposit
      const description = 'Initial wallet funding'
      this.#write([rowOf(wallet, { type: 'deposit', direction, amount: initialBalance, counterparty, description })])
    }
    return { kind: 'created', wallet, initialBalance, replayed: false }
  }

  #move(request: Extract<Request, { kind: MovementKind }>): Prediction {
    const wallet = this.#usable(request.walletId)
    const amount = units(request.amount)
    const [direction, counterparty, label] = COUNTERPARTIES[request.kind]
    requireDecimals(amount, wallet.currency, 'amount')
    if (direction === 'out') requireMoney(wallet, amount)
    else requireRoom(wallet, amount)
    const description = request.description ?? `${label}: ${decimal(amount)}`
    return this.#write([
      rowOf(wallet, { type: request.kind, direction, amount, counterparty, description, key: request.key }),
    ])
  }

  #transfer(request: Extract<Request, { kind: 'transfer' }>): Prediction {
    if (request.walletId === request.toWalletId) refuse('same_wallet')
    const source = this.#usable(request.walletId)
    const target = this.#usable(request.toWalletId)
    if (source.currency !== target.currency) {
      refuse('currency_mismatch', () => ({ from_currency: source.currency, to_currency: target.currency }))
    }
    const amount = units(request.amount)
    const fee = units(request.fee ?? '0')
    requireDecimals(amount, source.currency, 'amount')
    requireDecimals(fee, source.currency, 'fee')
    requireMoney(source, amount + fee)
    requireRoom(target, amount)
    const transfer = { from: source.walletId, to: target.walletId, out: () => out }
    const description = request.description ?? `Transfer: ${decimal(amount)}`
    const leg = { type: 'transfer', amount, description, transfer } as const
    const out: ModelRow = rowOf(source, {
      ...leg,
      direction: 'out',
      counterparty: `wallet:${target.walletId}`,
      fee,
      key: request.key,
      metadata: () => ({ direction: 'out' }),
    })
    const into = rowOf(target, {
      ...leg,
      direction: 'in',
      counterparty: `wallet:${source.walletId}`,
      metadata: () => ({ direction: 'in' }),
    })
    out.twin = into
    into.twin = out
    if (fee === 0n) return this.#write([out, into])
    const charge = rowOf(source, {
      type: 'fee',
      direction: 'out',
      amount: fee,
      counterparty: 'fees',
      description: `Fee: ${decimal(fee)}`,
      transfer,
      metadata: () => ({ transfer_transaction_id: out.transactionId }),
    })
    return this.#write([out, into, charge])
  }

  #refund({ original, ...request }: Extract<Request, { kind: 'refund' }>): Prediction {
    if (!['withdraw', 'consume', 'fee'].includes(original.type)) {
      refuse('not_refundable', () => ({ transaction_type: original.type }))
    }
    const wallet = this.#usable(original.wallet.walletId)
    const refunded = sum(wallet.rows.filter((row) => row.original === original).map((row) => row.amount))
    const left = original.amount - refunded
    const amount = request.amount === null ? left : units(request.amount)
    if (amount > left || left === 0n) {
      refuse('refund_exceeds_original', () => ({
        original_amount: decimal(original.amount),
        refunded: decimal(refunded),
        refundable: decimal(left),
        currency: wallet.currency,
      }))
    }
    requireDecimals(amount, wallet.currency, 'amount')
    requireRoom(wallet, amount)
    return this.#write([
      rowOf(wallet, {
        type: 'refund',
        direction: 'in',
        amount,
        counterparty: original.counterparty,
        description: `Refund: ${request.reason}`,
        original,
        key: request.key,
        metadata: () => ({ original_transaction_id: original.transactionId, refund_reason: request.reason }),
      }),
    ])
  }

  #setStatus(act: 'freeze' | 'unfreeze' | 'close', wallet: ModelWallet): Prediction {
    const named = () => ({ wallet_id: wallet.walletId })
    if (wallet.status === 'closed') refuse('wallet_closed', named)
    if (act === 'close' && wallet.status === 'frozen') refuse('wallet_frozen', named)
    const balance = decimal(balanceOf(wallet))
    if (act === 'close' && balance !== '0') {
      refuse('wallet_not_empty', () => ({ ...named(), balance, locked_balance: '0', currency: wallet.currency }))
    }
    wallet.status = ({ freeze: 'frozen', unfreeze: 'active', close: 'closed' } as const)[act]
    return { kind: 'changed', status: wallet.status }
  }
}

function requireDecimals(amount: bigint, currency: string, field: string): void {
  const smallest = currency === 'ETH' ? 1n : units('0.00000001')
  if (amount % smallest !== 0n) refuse('validation_failed', undefined, `body.${field} too_many_decimals`)
}

function requireMoney(wallet: ModelWallet, required: bigint): void {
  const available = balanceOf(wallet)
  if (available >= required) return
  refuse('insufficient_balance', () => ({
    available: decimal(available),
    required: decimal(required),
    shortfall: decimal(required - available),
    currency: wallet.currency,
  }))
}

function requireRoom(wallet: ModelWallet, amount: bigint): void {
  if (balanceOf(wallet) + amount >= LIMIT) refuse('validation_failed', undefined, 'body.amount balance_too_large')
}
