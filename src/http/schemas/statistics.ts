// What the routes that add up take and give.
import { z } from 'zod'
import { INTERVALS, MAX_BUCKETS } from '../../domain/period.ts'
import { WALLET_TYPES } from '../../domain/wallet.ts'
import { DEMO } from '../../services/demo-data.ts'
import { isInOrder, OUT_OF_ORDER, periodShape } from './history.ts'
import { decimalText, exactNumberOut, idText, instantText } from './objects.ts'

export const statisticsQuery = z.object(periodShape).refine(isInOrder, OUT_OF_ORDER)

export const balanceHistoryQuery = z
  .object({
    ...periodShape,
    interval: z
      .enum(INTERVALS)
      .default('day')
      .meta({
        description: `Length of a bucket, in UTC; weeks begin on Monday. At most ${MAX_BUCKETS} buckets`,
        examples: ['day'],
      }),
  })
  .refine(isInOrder, OUT_OF_ORDER)

const figureShape = {
  wallet_id: idText('The wallet'),
  user_id: z.string().meta({ description: 'Its owner', examples: [DEMO.userId] }),
  current_balance: decimalText('Its balance now, whatever the period'),
  total_deposits: decimalText('Sum of deposits'),
  total_withdrawals: decimalText('Sum of withdrawals', '200'),
  total_consumed: decimalText('Sum of consumption', '310'),
  total_refunded: decimalText('Sum of refunds', '10'),
  total_transfers_in: decimalText('Sum of incoming transfers', '50'),
  total_transfers_out: decimalText('Sum of outgoing transfers, without their fees', '20'),
  total_rewards: decimalText('Sum of rewards', '5'),
  total_fees: decimalText('Sum of fees', '0.5'),
  transaction_count: z.int().meta({ description: 'Transactions of every type', examples: [37] }),
  blockchain_transactions: z
    .int()
    .meta({ description: 'Transactions that came from or went to a chain', examples: [0] }),
  total_gas_fees: decimalText('Sum of what chains charged', '0'),
  period_start: instantText('`start_date`, or when the wallet was opened', '2026-01-01T00:00:00.000000Z'),
  period_end: instantText('`end_date`, or now', '2026-01-31T23:59:59.999999Z'),
  daily_average: decimalText('`total_consumed` / days of the period (exact, at least one); truncated', '10'),
  monthly_average: decimalText('30 x `daily_average`', '300'),
}

const figuresSchema = z
  .object(figureShape)
  .meta({ id: 'WalletStatistics', description: 'Figures of one wallet in a period; both of its bounds are inclusive' })

/** `presentFigures`' result. */
export type FiguresBody = z.infer<typeof figuresSchema>

export const walletStatisticsAnswer = z
  .object({ ...figureShape, statistics: figuresSchema.meta({ description: 'The same figures again' }) })
  .meta({ description: 'Figures of one wallet in a period' })

const currencyTotalsSchema = z
  .object({
    total_balance: decimalText('Sum of balances now'),
    total_deposits: decimalText('Sum of deposits'),
    total_withdrawals: decimalText('Sum of withdrawals', '200'),
    total_consumed: decimalText('Sum of consumption', '310'),
    total_refunded: decimalText('Sum of refunds', '10'),
  })
  .meta({ id: 'CurrencyTotals', description: "What a user's wallets of one currency add up to" })

const userFigureShape = {
  total_balance: exactNumberOut('Sum of balances now'),
  total_deposits: exactNumberOut('Sum of deposits'),
  total_withdrawals: exactNumberOut('Sum of withdrawals', 200),
  total_consumed: exactNumberOut('Sum of consumption', 310),
  total_refunded: exactNumberOut('Sum of refunds', 10),
  by_currency: z.record(z.string(), currencyTotalsSchema).meta({
    description: 'The same sums for each currency, as decimal strings',
    examples: [
      {
        CREDIT: {
          total_balance: '1000.5',
          total_deposits: '1500.5',
          total_withdrawals: '200',
          total_consumed: '310',
          total_refunded: '10',
        },
      },
    ],
  }),
  transaction_count: z.int().meta({ description: 'Transactions of all wallets', examples: [37] }),
}

const userFiguresSchema = z.object(userFigureShape).meta({
  id: 'UserStatistics',
  description:
    'The `total_*` cover the CREDIT wallets, else the only currency there is; with several others they are 0',
})

/** `presentUserFigures`' result. */
export type UserFiguresBody = z.infer<typeof userFiguresSchema>

export const userStatisticsAnswer = z
  .object({
    user_id: z.string().meta({ description: 'The user', examples: [DEMO.userId] }),
    ...userFigureShape,
    wallets: z.array(
      z.object({
        wallet_id: idText('The wallet'),
        wallet_type: z.enum(WALLET_TYPES).meta({ examples: ['fiat'] }),
        currency: z.string().meta({ examples: ['CREDIT'] }),
        balance: decimalText('Its balance now'),
        statistics: figuresSchema,
      }),
    ),
    statistics: userFiguresSchema.meta({ description: 'The same figures again' }),
  })
  .meta({ description: "Figures of all of a user's wallets in a period, closed ones included" })

/** `presentUserStatistics`' result. */
export type UserStatisticsBody = z.infer<typeof userStatisticsAnswer>

const bucketSchema = z
  .object({
    start: instantText('Its first microsecond', '2026-01-31T00:00:00.000000Z'),
    end: instantText('Its last microsecond', '2026-01-31T23:59:59.999999Z'),
    opening_balance: decimalText('Balance before it', '100'),
    closing_balance: decimalText('Balance after it', '90'),
    total_in: decimalText('All that came in', '0'),
    total_out: decimalText('All that went out', '10'),
    transaction_count: z.int().meta({ description: 'Transactions in it', examples: [1] }),
  })
  .meta({
    id: 'BalanceBucket',
    description: 'One hour, day, week or month: `opening_balance + total_in - total_out = closing_balance`',
  })

export const balanceHistoryAnswer = z
  .object({
    wallet_id: idText('The wallet'),
    currency: z.string().meta({ description: "The wallet's currency", examples: ['CREDIT'] }),
    interval: z.enum(INTERVALS).meta({ examples: ['day'] }),
    period_start: instantText('`start_date`, or when the wallet was opened', '2026-01-01T00:00:00.000000Z'),
    period_end: instantText('`end_date`, or now', '2026-01-31T23:59:59.999999Z'),
    buckets: z.array(bucketSchema),
    count: z.int().meta({ description: 'How many buckets there are', examples: [31] }),
  })
  .meta({ description: 'The balance over time, oldest bucket first; the outer ones are cut to the period' })

/** `presentBalanceHistory`'s result. */
export type BalanceHistoryBody = z.infer<typeof balanceHistoryAnswer>
