// What the statistics of a wallet are: sums by transaction type over a window, and how a user's wallets add up.
import { CREDIT } from './money.ts'
import type { Period } from './period.ts'
import type { TransactionType, TypeTotals } from './transaction.ts'
import type { Wallet } from './wallet.ts'

/** Sums and counts of one wallet's rows in a window, by transaction type. A type without rows is absent. */
type WindowTotals = Readonly<Partial<Record<TransactionType, TypeTotals>>>

type MeasuredWallet = Pick<Wallet, 'walletId' | 'userId' | 'walletType' | 'currency' | 'balance' | 'createdAt'>

/** What the ledger says about a wallet's window. */
export interface WalletWindow {
  readonly wallet: MeasuredWallet
  readonly totals: WindowTotals
  /** Rows in the window. */
  readonly count: number
  readonly gasFees: bigint
}

/** The statistics of one wallet (API.md §3). `currentBalance` is of now, everything else of the period. */
export interface WalletStatistics {
  readonly wallet: MeasuredWallet
  readonly currentBalance: bigint
  readonly deposits: bigint
  readonly withdrawals: bigint
  readonly consumed: bigint
  readonly refunded: bigint
  readonly transfersIn: bigint
  readonly transfersOut: bigint
  readonly rewards: bigint
  readonly fees: bigint
  readonly transactionCount: number
  readonly blockchainTransactions: number
  readonly gasFees: bigint
  readonly period: Period
  readonly dailyAverage: bigint
  readonly monthlyAverage: bigint
}

/** The figures of several wallets of one currency. */
export interface CurrencyTotals {
  readonly balance: bigint
  readonly deposits: bigint
  readonly withdrawals: bigint
  readonly consumed: bigint
  readonly refunded: bigint
}

/** The statistics of a user: flat totals of the currency that stands for the user, and of each currency. */
export interface UserStatistics {
  readonly userId: string
  readonly totals: CurrencyTotals
  readonly byCurrency: ReadonlyMap<string, CurrencyTotals>
  readonly transactionCount: number
  readonly wallets: readonly WalletStatistics[]
}

/** One bucket of a balance history. `opening + in - out = closing`, always. */
export interface BalanceBucket {
  readonly period: Period
  readonly opening: bigint
  readonly closing: bigint
  readonly in: bigint
  readonly out: bigint
  readonly count: number
}

const NO_CURRENCY_TOTALS: CurrencyTotals = { balance: 0n, deposits: 0n, withdrawals: 0n, consumed: 0n, refunded: 0n }

/** Adds wallets up by currency; sums over different currencies mean nothing. */
export function totalsByCurrency(wallets: readonly WalletStatistics[]): ReadonlyMap<string, CurrencyTotals> {
  const totals = new Map<string, CurrencyTotals>()
  for (const statistics of wallets) {
    const sum = totals.get(statistics.wallet.currency) ?? NO_CURRENCY_TOTALS
    totals.set(statistics.wallet.currency, {
      balance: sum.balance + statistics.currentBalance,
      deposits: sum.deposits + statistics.deposits,
      withdrawals: sum.withdrawals + statistics.withdrawals,
      consumed: sum.consumed + statistics.consumed,
      refunded: sum.refunded + statistics.refunded,
    })
  }
  return totals
}

/** The flat totals: of CREDIT, else of the only currency there is, else nothing (API.md §3). */
export function flatTotals(byCurrency: ReadonlyMap<string, CurrencyTotals>): CurrencyTotals {
  const [only] = byCurrency.size === 1 ? byCurrency.values() : []
  return byCurrency.get(CREDIT) ?? only ?? NO_CURRENCY_TOTALS
}
