// The two legacy endpoints that know a user instead of a wallet (API.md §3).
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type { UseCaseChoice } from '../../services/use-cases.ts'
import { presentConsumption, presentCreditsBalance } from '../presenters-answers.ts'
import {
  errorResponses,
  idempotencyHeadersSchema,
  KEYED_ERRORS,
  mutationQuerySchema,
  OWNER_ERRORS,
  READ_ERRORS,
} from '../schemas/common.ts'
import { consumeAnswer, consumeBody, consumeRequestOf } from '../schemas/movements.ts'
import { creditsBalanceAnswer, userParams } from '../schemas/wallets.ts'
import { markReplayed, useCasesFor } from './mutations.ts'

const TAGS = ['Credits (legacy)']
/** Of a route without a body that may open a wallet. */
const OPENING_ERRORS = [...READ_ERRORS, ...OWNER_ERRORS, 'overloaded', 'wallet_busy', 'outcome_unknown'] as const

/** Routes for callers of the credit system of old. */
export function creditRoutes(useCases: UseCaseChoice): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      '/api/v1/users/:user_id/credits/balance',
      {
        config: { scope: 'wallet:write' },
        schema: {
          operationId: 'getCreditsBalance',
          tags: TAGS,
          summary: "Balance of a user's credit wallet",
          description:
            "The user's CREDIT wallet, else the oldest open fiat wallet; an empty CREDIT wallet is opened if there is none, " +
            'if the user may have one (see createWallet).',
          params: userParams,
          querystring: mutationQuerySchema,
          response: { 200: creditsBalanceAnswer, ...errorResponses(...OPENING_ERRORS) },
        },
      },
      async (request, reply) => {
        const { wallets } = useCasesFor(useCases, request.query, reply)
        return presentCreditsBalance(await wallets.creditWallet(request.params.user_id, { requestId: request.id }))
      },
    )
    app.post(
      '/api/v1/users/:user_id/credits/consume',
      {
        config: { scope: 'wallet:write' },
        schema: {
          operationId: 'consumeCredits',
          tags: TAGS,
          summary: "Consume from a user's credit wallet",
          description: 'As consume, from the wallet that the balance above shows; opened as there, if there is none.',
          params: userParams,
          headers: idempotencyHeadersSchema,
          querystring: mutationQuerySchema,
          body: consumeBody,
          response: {
            200: consumeAnswer,
            ...errorResponses(
              ...KEYED_ERRORS,
              ...OWNER_ERRORS,
              'insufficient_balance',
              'wallet_frozen',
              'wallet_closed',
            ),
          },
        },
      },
      async (request, reply) => {
        const { wallets } = useCasesFor(useCases, request.query, reply)
        const posted = await wallets.consumeCredits(
          request.params.user_id,
          consumeRequestOf(request.body),
          request.headers['idempotency-key'],
          { requestId: request.id },
        )
        markReplayed(reply, posted.replayed)
        return presentConsumption(posted)
      },
    )
  }
}
