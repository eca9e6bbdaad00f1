// What the ledger should do, written a second time and as plainly as it goes: a wallet is a list of rows and a list of holds,
// everything else is added up from them each time. It shares no code with the service, only the names of things.
import { decimal, units } from './decimals.ts'
import { lockedOf, remainingOf, statusOf } from './ledger-model-holds.ts'
import { fingerprint, scopeOf } from './ledger-model-keys.ts'
import { refuse, Refused, requireActive, requireDecimals, requireMoney, requireRoom } from './ledger-model-refusals.ts'
import {
  balanceOf,
  COUNTERPARTIES,
  type HoldRequest,
  type ModelHold,
  type ModelRow,
  type ModelTerm,
  type ModelWallet,
  type MovementKind,
  NOBODY,
  type Prediction,
  type Request,
  rowOf,
  sum,
} from './ledger-model-rows.ts'

interface Effect extends ReturnType<typeof fingerprint> {
  readonly prediction: Prediction
}

/** A whole ledger in memory. */
export class LedgerModel {
  readonly wallets: ModelWallet[] = []
  readonly #effects = new Map<string, Effect>()

  /** All rows, in the order in which they were written. */
  readonly rows: ModelRow[] = []
  #now = 0

  /** Seconds since it began, as far as the model is concerned: what requests take does not count. */
  get now(): number {
    return this.#now
  }

  /** All holds, each wallet's in the order in which they were placed. */
  get holds(): ModelHold[] {
    return this.wallets.flatMap((wallet) => wallet.holds)
  }

  /** Lets time pass. */
  pass(hours: number): void {
    this.#now += hours * 3600
  }

  /** Applies a request and says what should be answered. */
  apply(request: Request): Prediction {
    try {
      return this.#replay(request) ?? this.#remember(request, this.#decide(request))
    } catch (error) {
      if (error instanceof Refused) return { kind: 'refused', refusal: error.refusal }
      throw error
    }
  }

  #replay(request: Request): Prediction | null {
    const scope = scopeOf(request)
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
    const scope = scopeOf(request)
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
      case 'place_hold':
        return this.#place(request)
      case 'capture_hold':
        return this.#capture(request)
      case 'void_hold':
        return this.#void(request)
      case 'extend_hold':
        return this.#extend(request)
      case 'expire_holds':
        this.#wallet(request.walletId)
        return { kind: 'unnoticed' }
    }
  }

  #wallet(walletId: string): ModelWallet {
    const wallet = this.wallets.find((candidate) => candidate.walletId === walletId)
    return wallet ?? refuse('wallet_not_found', () => ({ wallet_id: walletId }))
  }

  #usable(walletId: string): ModelWallet {
    const wallet = this.#wallet(walletId)
    requireActive(wallet)
    return wallet
  }

  #write(rows: readonly ModelRow[]): Prediction {
    for (const row of rows) {
      row.wallet.rows.push(row)
      row.locked = lockedOf(row.wallet, this.#now)
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
    const wallet: ModelWallet = { walletId: '', userId, walletType, currency, status: 'active', rows: [], holds: [] }
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
    if (direction === 'out') requireMoney(wallet, amount, this.#now)
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
    requireMoney(source, amount + fee, this.#now)
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
    const [balance, locked] = [decimal(balanceOf(wallet)), decimal(lockedOf(wallet, this.#now))]
    if (act === 'close' && balance !== '0') {
      refuse('wallet_not_empty', () => ({ ...named(), balance, locked_balance: locked, currency: wallet.currency }))
    }
    wallet.status = ({ freeze: 'frozen', unfreeze: 'active', close: 'closed' } as const)[act]
    return { kind: 'changed', status: wallet.status }
  }

  #place(request: Extract<Request, { kind: 'place_hold' }>): Prediction {
    const wallet = this.#usable(request.walletId)
    const amount = units(request.amount)
    requireDecimals(amount, wallet.currency, 'amount')
    requireMoney(wallet, amount, this.#now)
    const hold: ModelHold = {
      wallet,
      amount,
      description: request.description ?? null,
      referenceId: request.referenceId ?? null,
      captured: 0n,
      ended: null,
      term: this.#term(request.seconds),
      holdId: '',
      createdAt: 0n,
      updatedAt: 0n,
    }
    wallet.holds.push(hold)
    return this.#held(request, hold)
  }

  #capture(request: Extract<Request, { kind: 'capture_hold' }>): Prediction {
    const hold = this.#pending(request.hold)
    const { wallet } = hold
    requireActive(wallet)
    const remaining = remainingOf(hold, this.#now)
    const amount = request.amount === null ? remaining : units(request.amount)
    if (amount > remaining) {
      refuse('capture_exceeds_hold', () => ({
        hold_id: hold.holdId,
        remaining: decimal(remaining),
        required: decimal(amount),
        shortfall: decimal(amount - remaining),
        currency: wallet.currency,
      }))
    }
    requireDecimals(amount, wallet.currency, 'amount')
    hold.captured += amount
    if (request.final || amount === remaining) hold.ended = 'captured'
    const [direction, counterparty, label] = COUNTERPARTIES[request.transactionType]
    const row = rowOf(wallet, {
      type: request.transactionType,
      direction,
      amount,
      counterparty,
      description: request.description ?? `${label}: ${decimal(amount)}`,
      referenceId: hold.referenceId,
      metadata: () => ({ hold_id: hold.holdId }),
    })
    this.#write([row])
    return this.#held(request, hold, row)
  }

  #void(request: Extract<Request, { kind: 'void_hold' }>): Prediction {
    const hold = this.#pending(request.hold)
    hold.ended = 'voided'
    return this.#held(request, hold)
  }

  #extend(request: Extract<Request, { kind: 'extend_hold' }>): Prediction {
    const hold = this.#pending(request.hold)
    hold.term = this.#term(request.seconds)
    return this.#held(request, hold)
  }

  #term(seconds: number): ModelTerm {
    return { seconds, endsAt: this.#now + seconds, expiresAt: 0n }
  }

  #pending(hold: ModelHold | null): ModelHold {
    if (!hold) return refuse('hold_not_found', () => ({ hold_id: NOBODY }))
    const status = statusOf(hold, this.#now)
    const context = () => ({ hold_id: hold.holdId, hold_status: status })
    if (status !== 'pending') refuse(status === 'expired' ? 'hold_expired' : 'hold_not_pending', context)
    return hold
  }

  #held(request: HoldRequest, hold: ModelHold, row: ModelRow | null = null): Prediction {
    const [status, remaining] = [statusOf(hold, this.#now), remainingOf(hold, this.#now)]
    const picture = { hold, after: request.kind, captured: hold.captured, remaining, status, term: hold.term }
    return { kind: 'held', picture, balance: balanceOf(hold.wallet), row, replayed: false }
  }
}
