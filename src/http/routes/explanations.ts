// GET explain: how a wallet's balance comes about (API.md §4).
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type { ExplanationService } from '../../services/explanation-service.ts'
import { presentExplanation } from '../presenters-explanations.ts'
import { errorResponses, READ_ERRORS } from '../schemas/common.ts'
import { explanationAnswer, explanationQuery } from '../schemas/explanations.ts'
import { walletParams } from '../schemas/wallets.ts'

/** The route that explains. */
export function explanationRoutes(explanations: ExplanationService): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      '/api/v1/wallets/:wallet_id/explain',
      {
        config: { scope: 'wallet:read' },
        schema: {
          operationId: 'explainBalance',
          tags: ['Statistics'],
          summary: 'How a balance comes about, now or at an instant',
          description:
            'What the wallet held at the beginning, what moved since by type, and which open holds lock how much of it, all of ' +
            'one moment: `opening_balance + total_in - total_out = balance`, `remaining_amount` of the open holds sum up to ' +
            '`locked_balance`, and `balance - locked_balance = available_balance`. An `at` in the future means now.',
          params: walletParams,
          querystring: explanationQuery,
          response: { 200: explanationAnswer, ...errorResponses(...READ_ERRORS, 'wallet_not_found') },
        },
      },
      async (request) => {
        const { at, start_date: startDate } = request.query
        return presentExplanation(await explanations.explain(request.params.wallet_id, { at, startDate }))
      },
    )
  }
}
