// The two legacy endpoints that know a user instead of a wallet (API.md §3).
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type { UseCaseChoice } from '../../services/use-cases.ts'
import { presentConsumption, presentCreditsBalance } from '../presenters-answers.ts'
import {
  errorResponses,
  idempotencyHeadersSchema,
  KEYED_ERRORS,
  mutationQuerySchema,
  READ_ERRORS,
} from '../schemas/common.ts'
import { consumeAnswer, consumeBody, consumeRequestOf } from '../schemas/movements.ts'
import { creditsBalanceAnswer, userParams } from '../schemas/wallets.ts'
import { markReplayed, useCasesFor } from './mutations.ts'

const TAGS = ['Credits (legacy)']
/** Of a route without a body that may open a wallet. */
const OPENING_ERRORS = [...READ_ERRORS, 'overloaded', 'wallet_busy', 'outcome_unknown'] as const

/** Routes for callers of the credit system of old. */
export function creditRoutes(useCases: UseCaseChoice): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      '/api/v1/users/:user_id/credits/balance',
      {
        schema: {
          operationId: 'getCreditsBalance',
          tags: TAGS,
          summary: "Balance of a user's credit wallet",
          description:
            "The user's CREDIT wallet, else the oldest open fiat wallet; an empty CREDIT wallet is opened if there is none.",
          params: userParams,
          querystring: mutationQuerySchema,
          response: { 200: creditsBalanceAnswer, ...errorResponses(...OPENING_ERRORS) },
        },
      },
      async (request, reply) => {
        const { wallets } = useCasesFor(useCases, request.query, reply)
        return presentCreditsBalance(await wallets.creditWallet(request.params.user_id))
      },
    )
    app.post(
      '/api/v1/users/:user_id/credits/consume',
      {
        schema: {
          operationId: 'consumeCredits',
          tags: TAGS,
          summary: "Consume from a user's credit wallet",
          description: 'As consume, from the wallet that the balance above shows.',
          params: userParams,
          headers: idempotencyHeadersSchema,
          querystring: mutationQuerySchema,
          body: consumeBody,
          response: {
            200: consumeAnswer,
            ...errorResponses(...KEYED_ERRORS, 'insufficient_balance', 'wallet_frozen', 'wallet_closed'),
          },
        },
      },
      async (request, reply) => {
        const { wallets } = useCasesFor(useCases, request.query, reply)
        const posted = await wallets.consumeCredits(
          request.params.user_id,
          consumeRequestOf(request.body),
          request.headers['idempotency-key'],
        )
        markReplayed(reply, posted.replayed)
        return presentConsumption(posted)
      },
    )
  }
}
