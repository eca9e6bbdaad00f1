// GET balance: what can be spent, now or at an instant (API.md §3).
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type { HistoryService } from '../../services/history-service.ts'
import { presentBalance } from '../presenters-answers.ts'
import { errorResponses, READ_ERRORS } from '../schemas/common.ts'
import { balanceAnswer, balanceQuery, walletParams } from '../schemas/wallets.ts'

/** The route of a wallet's balance. */
export function balanceRoutes(history: HistoryService): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      '/api/v1/wallets/:wallet_id/balance',
      {
        config: { scope: 'wallet:read' },
        schema: {
          operationId: 'getBalance',
          tags: ['Wallets'],
          summary: "A wallet's balance, now or at an instant",
          description:
            'The top-level `balance` is the AVAILABLE balance. With `at`, the balance as the last transaction up to and including ' +
            'that instant left it. Always fresh: a read that starts after an acknowledged write sees it.',
          params: walletParams,
          querystring: balanceQuery,
          response: { 200: balanceAnswer, ...errorResponses(...READ_ERRORS, 'wallet_not_found') },
        },
      },
      async (request) => presentBalance(await history.balance(request.params.wallet_id, request.query.at)),
    )
  }
}
