// What the ledger's model refuses in more than one place, and how a refusal finds its way out. As ledger-model.ts.
import { decimal, units } from './decimals.ts'
import { availableOf } from './ledger-model-holds.ts'
import { balanceOf, type ModelWallet, type Refusal } from './ledger-model-rows.ts'

/** Thrown where a rule refuses, caught by the model. */
export class Refused extends Error {
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    super(refusal.code)
    this.refusal = refusal
  }
}

/** Refuses; the context is a function because ids may not be known yet. */
export const refuse = (code: string, context?: () => Record<string, unknown>, fault?: string): never => {
  throw new Refused({ code, ...(context && { context }), ...(fault !== undefined && { fault }) })
}

const LIMIT = units(`1${'0'.repeat(20)}`)

/** Refuses decimals that the currency does not have. */
export function requireDecimals(amount: bigint, currency: string, field: string): void {
  const smallest = currency === 'ETH' ? 1n : units('0.00000001')
  if (amount % smallest !== 0n) refuse('validation_failed', undefined, `body.${field} too_many_decimals`)
}

/** Refuses what the wallet cannot spare at this time of the model. */
export function requireMoney(wallet: ModelWallet, required: bigint, now: number): void {
  const available = availableOf(wallet, now)
  if (available >= required) return
  refuse('insufficient_balance', () => ({
    available: decimal(available),
    required: decimal(required),
    shortfall: decimal(required - available),
    currency: wallet.currency,
  }))
}

/** Refuses what would make the balance too large. */
export function requireRoom(wallet: ModelWallet, amount: bigint): void {
  if (balanceOf(wallet) + amount >= LIMIT) refuse('validation_failed', undefined, 'body.amount balance_too_large')
}

/** Refuses a wallet that is frozen or closed. */
export function requireActive(wallet: ModelWallet): void {
  if (wallet.status !== 'active') refuse(`wallet_${wallet.status}`, () => ({ wallet_id: wallet.walletId }))
}
