// Statistics and balance histories on the wire: exact keys and order of API.md §3. Nothing is computed here.
import { formatInstant } from '../domain/instant.ts'
import { formatDecimal } from '../domain/money.ts'
import type { BalanceBucket, CurrencyTotals, UserStatistics, WalletStatistics } from '../domain/statistics.ts'
import type { BalanceHistory } from '../services/statistics-service.ts'
import { exactNumber } from './presenters.ts'
import type { BalanceHistoryBody, FiguresBody, UserFiguresBody, UserStatisticsBody } from './schemas/statistics.ts'

/** Statistics of one wallet: flat, and the same figures again under `statistics`. */
export function presentWalletStatistics(statistics: WalletStatistics): FiguresBody & { statistics: FiguresBody } {
  const figures = presentFigures(statistics)
  return { ...figures, statistics: figures }
}

function presentFigures(statistics: WalletStatistics): FiguresBody {
  return {
    wallet_id: statistics.wallet.walletId,
    user_id: statistics.wallet.userId,
    current_balance: formatDecimal(statistics.currentBalance),
    total_deposits: formatDecimal(statistics.deposits),
    total_withdrawals: formatDecimal(statistics.withdrawals),
    total_consumed: formatDecimal(statistics.consumed),
    total_refunded: formatDecimal(statistics.refunded),
    total_transfers_in: formatDecimal(statistics.transfersIn),
    total_transfers_out: formatDecimal(statistics.transfersOut),
    total_rewards: formatDecimal(statistics.rewards),
    total_fees: formatDecimal(statistics.fees),
    transaction_count: statistics.transactionCount,
    blockchain_transactions: statistics.blockchainTransactions,
    total_gas_fees: formatDecimal(statistics.gasFees),
    period_start: formatInstant(statistics.period.start),
    period_end: formatInstant(statistics.period.end),
    daily_average: formatDecimal(statistics.dailyAverage),
    monthly_average: formatDecimal(statistics.monthlyAverage),
  }
}

/** Statistics of a user: flat totals as JSON numbers, each currency's as strings, each wallet's figures. */
export function presentUserStatistics(user: UserStatistics): UserStatisticsBody {
  const figures = presentUserFigures(user)
  return {
    user_id: user.userId,
    ...figures,
    wallets: user.wallets.map((statistics) => ({
      wallet_id: statistics.wallet.walletId,
      wallet_type: statistics.wallet.walletType,
      currency: statistics.wallet.currency,
      balance: formatDecimal(statistics.currentBalance),
      statistics: presentFigures(statistics),
    })),
    statistics: figures,
  }
}

function presentUserFigures({ totals, byCurrency, transactionCount }: UserStatistics): UserFiguresBody {
  return {
    total_balance: exactNumber(totals.balance),
    total_deposits: exactNumber(totals.deposits),
    total_withdrawals: exactNumber(totals.withdrawals),
    total_consumed: exactNumber(totals.consumed),
    total_refunded: exactNumber(totals.refunded),
    by_currency: Object.fromEntries([...byCurrency].map(([currency, sums]) => [currency, presentSums(sums)])),
    transaction_count: transactionCount,
  }
}

function presentSums(totals: CurrencyTotals) {
  return {
    total_balance: formatDecimal(totals.balance),
    total_deposits: formatDecimal(totals.deposits),
    total_withdrawals: formatDecimal(totals.withdrawals),
    total_consumed: formatDecimal(totals.consumed),
    total_refunded: formatDecimal(totals.refunded),
  }
}

/** A wallet's balance over time. */
export function presentBalanceHistory(history: BalanceHistory): BalanceHistoryBody {
  return {
    wallet_id: history.walletId,
    currency: history.currency,
    interval: history.interval,
    period_start: formatInstant(history.period.start),
    period_end: formatInstant(history.period.end),
    buckets: history.buckets.map(presentBucket),
    count: history.buckets.length,
  }
}

function presentBucket(bucket: BalanceBucket): BalanceHistoryBody['buckets'][number] {
  return {
    start: formatInstant(bucket.period.start),
    end: formatInstant(bucket.period.end),
    opening_balance: formatDecimal(bucket.opening),
    closing_balance: formatDecimal(bucket.closing),
    total_in: formatDecimal(bucket.in),
    total_out: formatDecimal(bucket.out),
    transaction_count: bucket.count,
  }
}
