// Money set aside (API.md §4): place, list, look up, capture, void, extend.
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type { UseCaseChoice } from '../../services/use-cases.ts'
import { HOLD_CHANGE_MESSAGES, presentCapture, presentHoldChange, presentPlacedHold } from '../presenters-answers.ts'
import { presentHold, presentHoldList } from '../presenters.ts'
import {
  errorResponses,
  idempotencyHeadersSchema,
  mutationQuerySchema,
  KEYED_ERRORS,
  READ_ERRORS,
} from '../schemas/common.ts'
import {
  captureAnswer,
  captureHoldBody,
  captureHoldRequestOf,
  extendHoldBody,
  holdAnswer,
  holdListAnswer,
  holdListQuery,
  holdParams,
  holdSchema,
  placeHoldBody,
  placeHoldRequestOf,
  spareHoldParams,
  voidHoldBody,
} from '../schemas/holds.ts'
import { walletParams } from '../schemas/wallets.ts'
import { markReplayed, useCasesFor } from './mutations.ts'

const TAGS = ['Holds']
const HOLD_ERRORS = [...KEYED_ERRORS, 'hold_not_found', 'hold_not_pending', 'hold_expired'] as const

const mutation = { tags: TAGS, headers: idempotencyHeadersSchema, querystring: mutationQuerySchema }

/** Routes of holds. */
export function holdRoutes(useCases: UseCaseChoice): FastifyPluginAsyncZod {
  return async (app) => {
    await app.register(placingRoute(useCases))
    await app.register(lookupRoutes(useCases))
    await app.register(captureRoute(useCases))
    await app.register(endAndExtendRoutes(useCases))
  }
}

function placingRoute(useCases: UseCaseChoice): FastifyPluginAsyncZod {
  const errors = ['wallet_not_found', 'wallet_frozen', 'wallet_closed', 'insufficient_balance'] as const
  return async (app) => {
    app.post(
      '/api/v1/wallets/:wallet_id/holds',
      {
        config: { scope: 'wallet:write' },
        schema: {
          ...mutation,
          operationId: 'placeHold',
          summary: 'Set money aside',
          description:
            'The money stays in the balance and cannot be spent otherwise until the hold is captured, voided or expires. It is ' +
            'free the instant it expires.',
          params: walletParams,
          body: placeHoldBody,
          response: { 201: holdAnswer, ...errorResponses(...KEYED_ERRORS, ...errors) },
        },
      },
      async (request, reply) => {
        const { holds } = useCasesFor(useCases, request.query, reply)
        const asked = placeHoldRequestOf(request.body)
        const placed = await holds.placeHold(request.params.wallet_id, asked, request.headers['idempotency-key'])
        markReplayed(reply, placed.replayed)
        return reply.code(201).send(presentPlacedHold(placed))
      },
    )
  }
}

function lookupRoutes({ real: { holds } }: UseCaseChoice): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      '/api/v1/wallets/:wallet_id/holds',
      {
        config: { scope: 'wallet:read' },
        schema: {
          operationId: 'listHoldsOfWallet',
          tags: TAGS,
          summary: "List a wallet's holds",
          description:
            'Newest first. Follow `next_cursor` to visit every hold exactly once, whatever is placed meanwhile.',
          params: walletParams,
          querystring: holdListQuery,
          response: { 200: holdListAnswer, ...errorResponses(...READ_ERRORS, 'wallet_not_found') },
        },
      },
      async (request) => presentHoldList(await holds.holdsOfWallet(request.params.wallet_id, request.query)),
    )
    app.get(
      '/api/v1/holds/:hold_id',
      {
        config: { scope: 'wallet:read' },
        schema: {
          operationId: 'getHold',
          tags: TAGS,
          summary: 'Look a hold up',
          description: 'The hold itself, without an envelope, as it is at this moment.',
          params: holdParams,
          response: { 200: holdSchema, ...errorResponses(...READ_ERRORS, 'hold_not_found') },
        },
      },
      async (request) => presentHold(await holds.getHold(request.params.hold_id)),
    )
  }
}

function captureRoute(useCases: UseCaseChoice): FastifyPluginAsyncZod {
  return async (app) => {
    app.post(
      '/api/v1/holds/:hold_id/capture',
      {
        config: { scope: 'wallet:write' },
        schema: {
          ...mutation,
          operationId: 'captureHold',
          summary: 'Take all or part of what a hold reserves',
          description:
            'Writes an ordinary `consume` or `withdraw`, which names the hold in its metadata and can be refunded like any ' +
            'other. With `final` false the rest stays reserved and more captures may follow; otherwise it is free again.',
          params: holdParams,
          body: captureHoldBody,
          response: {
            200: captureAnswer,
            ...errorResponses(...HOLD_ERRORS, 'capture_exceeds_hold', 'wallet_frozen'),
          },
        },
      },
      async (request, reply) => {
        const { holds } = useCasesFor(useCases, request.query, reply)
        const asked = captureHoldRequestOf(request.body)
        const capture = await holds.captureHold(request.params.hold_id, asked, request.headers['idempotency-key'])
        markReplayed(reply, capture.replayed)
        return presentCapture(capture)
      },
    )
  }
}

function endAndExtendRoutes(useCases: UseCaseChoice): FastifyPluginAsyncZod {
  const response = { 200: holdAnswer, ...errorResponses(...HOLD_ERRORS) }
  return async (app) => {
    app.post(
      '/api/v1/holds/:hold_id/void',
      {
        config: { scope: 'wallet:write' },
        schema: {
          ...mutation,
          operationId: 'voidHold',
          summary: 'Give back what a hold reserves',
          description: 'What has been captured stays captured. Works on a frozen wallet too: no money moves.',
          params: spareHoldParams,
          body: voidHoldBody,
          response,
        },
      },
      async (request, reply) => {
        const { holds } = useCasesFor(useCases, request.query, reply)
        const voided = await holds.voidHold(request.params.hold_id, request.headers['idempotency-key'])
        markReplayed(reply, voided.replayed)
        return presentHoldChange(voided, HOLD_CHANGE_MESSAGES.void_hold)
      },
    )
    app.post(
      '/api/v1/holds/:hold_id/extend',
      {
        config: { scope: 'wallet:write' },
        schema: {
          ...mutation,
          operationId: 'extendHold',
          summary: "Set a hold's time anew",
          description: 'It expires so many seconds from now, whatever was left.',
          params: holdParams,
          body: extendHoldBody,
          response,
        },
      },
      async (request, reply) => {
        const { holds } = useCasesFor(useCases, request.query, reply)
        const { expires_in_seconds: seconds } = request.body
        const extended = await holds.extendHold(request.params.hold_id, seconds, request.headers['idempotency-key'])
        markReplayed(reply, extended.replayed)
        return presentHoldChange(extended, HOLD_CHANGE_MESSAGES.extend_hold)
      },
    )
  }
}
