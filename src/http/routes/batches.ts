// Many operations in one request (API.md §4): validate, one service call, present.
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { BatchRefusal, type OperationAnswer } from '../../services/batch-service.ts'
import type { Operation } from '../../services/operations.ts'
import type { UseCaseChoice, UseCases } from '../../services/use-cases.ts'
import { ownerOf } from '../plugins/authentication.ts'
import { requireScope } from '../plugins/authorization.ts'
import { batchError, presentBatch } from '../presenters-batch.ts'
import { batchAnswer, batchBody, MAX_OPERATIONS, operationOf } from '../schemas/batch.ts'
import { errorResponses, KEYED_ERRORS, mutationQuerySchema, OWNER_ERRORS } from '../schemas/common.ts'
import { markReplayed, useCasesFor } from './mutations.ts'

/**
 * A thousand operations of 250 bytes, as most are, are an eighth of it; the rest is for metadata. Reading all of it takes about
 * 20 ms, during which everybody else waits. What would take longer, a list of a million numbers, `parseExactJson` refuses.
 */
const BODY_LIMIT_BYTES = 2 * 1024 * 1024

const DESCRIPTION = [
  `Up to ${MAX_OPERATIONS} operations of any kind, done in the order in which they stand. Each is what its single route takes: the ids ` +
    'of the path, the body, and as `idempotency_key` the header; the same key there and here is the same request. Validation ' +
    'reports the faults of all operations at once, and nothing is done.',
  'Without `atomic` each is for itself: `results` says in order what its single route would have answered, a refusal as its problem, ' +
    'and the status is 200 whatever became of them. `success` is true where all of them succeeded.',
  'With `atomic` all is done or nothing, in one database transaction; each operation finds what the ones before it left. When one is ' +
    'refused the answer is its error, with its `index`, and `results` with an `outcome` for each: `refused`, and `not_applied` for all ' +
    'others. What can be refused before wallets are locked (an unknown transaction or hold, an owner) is refused first.',
  'Give every operation a key: then a batch whose answer was lost is settled by sending it again. What was done is answered as before ' +
    '(`replayed`), also in an atomic batch. `Idempotency-Replayed: true` says that all of it was.',
  'A reward needs the scope `wallet:admin`. For the limit of requests a batch counts as one.',
].join('\n\n')

const REFUSALS = [
  ...OWNER_ERRORS,
  'organization_not_found',
  'wallet_exists',
  'wallet_not_found',
  'wallet_frozen',
  'wallet_closed',
  'insufficient_balance',
  'same_wallet',
  'currency_mismatch',
  'transaction_not_found',
  'not_refundable',
  'refund_exceeds_original',
  'hold_not_found',
  'hold_not_pending',
  'hold_expired',
  'capture_exceeds_hold',
] as const

/** The route of batches. */
export function batchRoutes(useCases: UseCaseChoice): FastifyPluginAsyncZod {
  return async (app) => {
    app.post(
      '/api/v1/batch',
      {
        // Whose the ids within a body are is not looked at.
        config: { scope: 'wallet:write', users: 'refused' },
        bodyLimit: BODY_LIMIT_BYTES,
        schema: {
          tags: ['Batches'],
          operationId: 'batch',
          summary: 'Do many operations at once',
          description: DESCRIPTION,
          querystring: mutationQuerySchema,
          body: batchBody,
          response: { 200: batchAnswer, ...errorResponses(...KEYED_ERRORS, ...REFUSALS) },
        },
      },
      async (request, reply) => {
        const { atomic } = request.body
        const operations = request.body.operations.map(operationOf)
        requireRewarding(operations, request, reply)
        const { batches } = useCasesFor(useCases, request.query, reply)
        const asker = { requestId: request.id, isUser: ownerOf(request) !== null }
        const outcomes = atomic ? await together(batches, operations, asker) : await batches.runEach(operations, asker)
        markReplayed(
          reply,
          outcomes.every((outcome) => !(outcome instanceof Error) && outcome.replayed),
        )
        return presentBatch(operations, outcomes, { atomic, requestId: request.id })
      },
    )
  }
}

async function together(
  batches: UseCases['batches'],
  operations: readonly Operation[],
  asker: Parameters<UseCases['batches']['runTogether']>[1],
): Promise<readonly OperationAnswer[]> {
  try {
    return await batches.runTogether(operations, asker)
  } catch (error) {
    throw error instanceof BatchRefusal ? batchError(operations, error) : error
  }
}

/** As the single route does, before anything is done. */
function requireRewarding(operations: readonly Operation[], request: FastifyRequest, reply: FastifyReply): void {
  const rewards = operations.flatMap(({ kind }, index) => (kind === 'reward' ? [index] : []))
  if (rewards.length > 0) requireScope(request, reply, 'wallet:admin', { operations: rewards })
}
