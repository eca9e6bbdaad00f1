// Refusals that more than one rule makes, and the checks that make them.
import { AppError } from './errors.ts'
import type { LedgerState } from './ledger-state.ts'
import { currencyDecimals, decimalsOf, formatDecimal } from './money.ts'
import { availableBalance, type WalletId, type WalletState } from './wallet.ts'

/** The refusal for a wallet that does not exist. */
export function walletNotFound(walletId: string): AppError {
  return new AppError('wallet_not_found', `There is no wallet ${walletId}`, { context: { wallet_id: walletId } })
}

/** The refusal for a transaction that does not exist. */
export function transactionNotFound(transactionId: string): AppError {
  return new AppError('transaction_not_found', `There is no transaction ${transactionId}`, {
    context: { transaction_id: transactionId },
  })
}

/** The refusal for a hold that does not exist. */
export function holdNotFound(holdId: string): AppError {
  return new AppError('hold_not_found', `There is no hold ${holdId}`, { context: { hold_id: holdId } })
}

/** The refusal for a closed wallet, whose history stays readable. */
export function walletClosed(walletId: string): AppError {
  return new AppError('wallet_closed', 'The wallet is closed', { context: { wallet_id: walletId } })
}

/** The locked wallet. Throws `wallet_not_found`. */
export function requireWallet(state: LedgerState, walletId: WalletId): WalletState {
  const wallet = state.wallets.get(walletId)
  if (!wallet) throw walletNotFound(walletId)
  return wallet
}

/** The locked wallet, if money may move. Throws `wallet_not_found`, `wallet_frozen`, `wallet_closed`. */
export function requireUsableWallet(state: LedgerState, walletId: WalletId): WalletState {
  const wallet = requireWallet(state, walletId)
  if (wallet.status === 'frozen') {
    throw new AppError('wallet_frozen', 'The wallet is frozen: no money may move in or out of it', {
      context: { wallet_id: walletId },
    })
  }
  if (wallet.status === 'closed') throw walletClosed(walletId)
  return wallet
}

/** Refuses what a wallet cannot pay or set aside: what holds reserve is not available. Throws `insufficient_balance`. */
export function requireAvailable(wallet: WalletState, required: bigint): void {
  const available = availableBalance(wallet)
  if (available >= required) return
  throw new AppError(
    'insufficient_balance',
    `Insufficient balance: ${formatDecimal(available)} ${wallet.currency} available, ${formatDecimal(required)} required`,
    {
      context: {
        available: formatDecimal(available),
        required: formatDecimal(required),
        shortfall: formatDecimal(required - available),
        currency: wallet.currency,
      },
    },
  )
}

/** Refuses decimals that a currency does not have. The route cannot: it does not know the wallet's currency (API.md §1). */
export function requireDecimals(amount: bigint, currency: string, field: string): void {
  const allowed = currencyDecimals(currency)
  if (decimalsOf(amount) <= allowed) return
  const msg = `Must have at most ${allowed} decimals in ${currency}`
  throw new AppError('validation_failed', `body.${field}: ${msg}`, {
    faults: [{ loc: ['body', field], type: 'too_many_decimals', msg }],
  })
}
