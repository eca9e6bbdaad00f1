// Figures: statistics of a wallet and of a user, and a wallet's balance over time (API.md §3 and §4).
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type { StatisticsService } from '../../services/statistics-service.ts'
import { presentBalanceHistory, presentUserStatistics, presentWalletStatistics } from '../presenters-statistics.ts'
import { errorResponses, READ_ERRORS } from '../schemas/common.ts'
import {
  balanceHistoryAnswer,
  balanceHistoryQuery,
  statisticsQuery,
  userStatisticsAnswer,
  walletStatisticsAnswer,
} from '../schemas/statistics.ts'
import { userParams, walletParams } from '../schemas/wallets.ts'

const TAGS = ['Statistics']

/** Routes that add up. */
export function statisticsRoutes(statistics: StatisticsService): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      '/api/v1/wallets/:wallet_id/statistics',
      {
        config: { scope: 'wallet:read' },
        schema: {
          operationId: 'getWalletStatistics',
          tags: TAGS,
          summary: 'Figures of a wallet in a period',
          description:
            'From `start_date` (else when the wallet was opened) to `end_date` (else now), both inclusive, by any length of ' +
            'history equally fast. Every figure stands at the top and again under `statistics`.',
          params: walletParams,
          querystring: statisticsQuery,
          response: { 200: walletStatisticsAnswer, ...errorResponses(...READ_ERRORS, 'wallet_not_found') },
        },
      },
      async (request) =>
        presentWalletStatistics(await statistics.walletStatistics(request.params.wallet_id, periodOf(request.query))),
    )
    app.get(
      '/api/v1/users/:user_id/statistics',
      {
        config: { scope: 'wallet:read' },
        schema: {
          operationId: 'getUserStatistics',
          tags: TAGS,
          summary: "Figures of all of a user's wallets in a period",
          description:
            'The flat `total_*` are JSON numbers and cover the CREDIT wallets, else the only currency there is; with several ' +
            'others and no CREDIT they are 0. `by_currency` has every currency, as strings. All of one moment; all 0 for a ' +
            'user nobody knows.',
          params: userParams,
          querystring: statisticsQuery,
          response: { 200: userStatisticsAnswer, ...errorResponses(...READ_ERRORS) },
        },
      },
      async (request) =>
        presentUserStatistics(await statistics.userStatistics(request.params.user_id, periodOf(request.query))),
    )
    app.get(
      '/api/v1/wallets/:wallet_id/balance/history',
      {
        config: { scope: 'wallet:read' },
        schema: {
          operationId: 'getBalanceHistory',
          tags: TAGS,
          summary: "A wallet's balance over time",
          description:
            'Opening and closing balance, what came in, what went out and how often, for each hour, day, week or month of the ' +
            'period in UTC. At most 1,000 buckets: more are refused with the interval that would do.',
          params: walletParams,
          querystring: balanceHistoryQuery,
          response: { 200: balanceHistoryAnswer, ...errorResponses(...READ_ERRORS, 'wallet_not_found') },
        },
      },
      async (request) => {
        const { interval, ...period } = request.query
        const asked = { ...periodOf(period), interval }
        return presentBalanceHistory(await statistics.balanceHistory(request.params.wallet_id, asked))
      },
    )
  }
}

function periodOf(query: { readonly start_date?: bigint | undefined; readonly end_date?: bigint | undefined }) {
  return { startDate: query.start_date, endDate: query.end_date }
}
