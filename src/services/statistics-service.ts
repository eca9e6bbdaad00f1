// The use cases that add up: statistics of a wallet and of a user, and a wallet's balance over time.
import { AppError, assert } from '../domain/errors.ts'
import type { Instant } from '../domain/instant.ts'
import {
  averagesOf,
  bucketsOf,
  effectivePeriod,
  fittingInterval,
  type Interval,
  MAX_BUCKETS,
  type Period,
  type RequestedPeriod,
} from '../domain/period.ts'
import { walletNotFound } from '../domain/refusals.ts'
import {
  type BalanceBucket,
  flatTotals,
  totalsByCurrency,
  type UserStatistics,
  type WalletStatistics,
  type WalletWindow,
} from '../domain/statistics.ts'
import { NO_TOTALS, type TransactionType } from '../domain/transaction.ts'
import type { WalletId } from '../domain/wallet.ts'
import type { StatisticsRepository } from '../repositories/statistics-repository.ts'

/** Bounds of a window, both inclusive; an absent one leaves that side open. */
export interface PeriodRequest {
  readonly startDate?: Instant | undefined
  readonly endDate?: Instant | undefined
}

export interface BalanceHistoryRequest extends PeriodRequest {
  readonly interval: Interval
}

/** A wallet's balance over time. */
export interface BalanceHistory {
  readonly walletId: WalletId
  readonly currency: string
  readonly interval: Interval
  readonly period: Period
  readonly buckets: readonly BalanceBucket[]
}

/** Figures of wallets. Every method throws `database_unavailable` when the database does not answer. */
export class StatisticsService {
  readonly #statistics: StatisticsRepository

  constructor(options: { readonly statistics: StatisticsRepository }) {
    this.#statistics = options.statistics
  }

  /**
   * The figures of a wallet in a window. The period goes from `startDate` (else the wallet's creation) to `endDate` (else
   * now). The daily average is what was consumed in it / its days, at least one; the monthly one is 30 times that; both
   * are truncated, never rounded up, to the currency's decimals. Throws `wallet_not_found`.
   */
  async walletStatistics(walletId: WalletId, request: PeriodRequest): Promise<WalletStatistics> {
    const requested = requestedPeriod(request)
    const { windows, now } = await this.#statistics.windowOfWallet(walletId, requested)
    const [window] = windows
    if (!window || now === null) throw walletNotFound(walletId)
    return statisticsOf(window, requested, now)
  }

  /** The figures of all wallets of a user, of one moment; all zero for an unknown user. */
  async userStatistics(userId: string, request: PeriodRequest): Promise<UserStatistics> {
    const requested = requestedPeriod(request)
    const { windows, now } = await this.#statistics.windowsOfUser(userId, requested)
    const wallets = windows.map((window) => {
      assert(now !== null, 'windows come with the clock that they were read by')
      return statisticsOf(window, requested, now)
    })
    const byCurrency = totalsByCurrency(wallets)
    return {
      userId,
      totals: flatTotals(byCurrency),
      byCurrency,
      transactionCount: wallets.reduce((count, wallet) => count + wallet.transactionCount, 0),
      wallets,
    }
  }

  /**
   * Opening, closing, in, out and count of each hour, day, week or month of a period.
   * Throws `wallet_not_found`, and `validation_failed` for more than 1,000 buckets.
   */
  async balanceHistory(walletId: WalletId, request: BalanceHistoryRequest): Promise<BalanceHistory> {
    const lifetime = await this.#statistics.findLifetime(walletId)
    if (!lifetime) throw walletNotFound(walletId)
    const { interval } = request
    const period = effectivePeriod(requestedPeriod(request), lifetime)
    const periods = bucketsOf(period, interval)
    if (periods.length > MAX_BUCKETS) throw tooManyBuckets(period, interval)
    const buckets = await this.#statistics.bucketsOfWallet(walletId, periods)
    return { walletId, currency: lifetime.currency, interval, period, buckets }
  }
}

function requestedPeriod({ startDate, endDate }: PeriodRequest): RequestedPeriod {
  return { start: startDate ?? null, end: endDate ?? null }
}

function statisticsOf(window: WalletWindow, requested: RequestedPeriod, now: Instant): WalletStatistics {
  const { wallet } = window
  const period = effectivePeriod(requested, { createdAt: wallet.createdAt, now })
  const of = (type: TransactionType) => window.totals[type] ?? NO_TOTALS
  const consumed = of('consume').out
  const averages = averagesOf(consumed, period, wallet.currency)
  return {
    wallet,
    currentBalance: wallet.balance,
    deposits: of('deposit').in,
    withdrawals: of('withdraw').out,
    consumed,
    refunded: of('refund').in,
    transfersIn: of('transfer').in,
    transfersOut: of('transfer').out,
    rewards: of('reward').in,
    fees: of('fee').out,
    transactionCount: window.count,
    blockchainTransactions: of('blockchain_in').count + of('blockchain_out').count,
    gasFees: window.gasFees,
    period,
    dailyAverage: averages.daily,
    monthlyAverage: averages.monthly,
  }
}

function tooManyBuckets(period: Period, interval: Interval): AppError {
  const fitting = fittingInterval(period)
  const remedy = fitting ? `use interval=${fitting}, or a shorter period` : 'use a shorter period'
  const msg = `The period has more than ${MAX_BUCKETS} buckets of one ${interval}: ${remedy}`
  return new AppError('validation_failed', `query.interval: ${msg}`, {
    faults: [{ loc: ['query', 'interval'], type: 'too_many_buckets', msg }],
  })
}
