// The routes that move money (API.md §3 and §4): validate, one service call, present.
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type { AppError } from '../../domain/errors.ts'
import type { UseCaseChoice } from '../../services/use-cases.ts'
import { presentConsumption, presentMovement, presentTransfer } from '../presenters-answers.ts'
import { validationFailed } from '../problem.ts'
import { errorResponses, idempotencyHeadersSchema, mutationQuerySchema, KEYED_ERRORS } from '../schemas/common.ts'
import {
  consumeAnswer,
  consumeBody,
  consumeRequestOf,
  depositBody,
  depositRequestOf,
  movementAnswer,
  NOT_THE_TRANSACTION,
  refundBody,
  refundRequestOf,
  transactionParams,
  transferAnswer,
  transferBody,
  transferRequestOf,
  withdrawBody,
  withdrawRequestOf,
} from '../schemas/movements.ts'
import { walletParams } from '../schemas/wallets.ts'
import { markReplayed, useCasesFor } from './mutations.ts'

const TAGS = ['Movements']
const CREDIT_ERRORS = [...KEYED_ERRORS, 'wallet_not_found', 'wallet_frozen', 'wallet_closed'] as const
const DEBIT_ERRORS = [...CREDIT_ERRORS, 'insufficient_balance'] as const

const toWallet = {
  tags: TAGS,
  params: walletParams,
  headers: idempotencyHeadersSchema,
  querystring: mutationQuerySchema,
}

/** Routes that move money. */
export function movementRoutes(useCases: UseCaseChoice): FastifyPluginAsyncZod {
  return async (app) => {
    await app.register(creditRoutes(useCases))
    await app.register(debitRoutes(useCases))
    await app.register(transferRoute(useCases))
    await app.register(refundRoute(useCases))
  }
}

function creditRoutes(useCases: UseCaseChoice): FastifyPluginAsyncZod {
  const response = { 200: movementAnswer, ...errorResponses(...CREDIT_ERRORS) }
  return async (app) => {
    app.post(
      '/api/v1/wallets/:wallet_id/deposit',
      {
        config: { scope: 'wallet:write' },
        schema: {
          ...toWallet,
          operationId: 'deposit',
          summary: 'Deposit money',
          description: 'Adds money from outside.',
          body: depositBody,
          response,
        },
      },
      async (request, reply) => {
        const { wallets } = useCasesFor(useCases, request.query, reply)
        const deposit = depositRequestOf(request.body)
        const posted = await wallets.deposit(request.params.wallet_id, deposit, request.headers['idempotency-key'])
        markReplayed(reply, posted.replayed)
        return presentMovement(posted, 'Deposited')
      },
    )
    app.post(
      '/api/v1/wallets/:wallet_id/reward',
      {
        config: { scope: 'wallet:admin' },
        schema: {
          ...toWallet,
          operationId: 'reward',
          summary: 'Reward with money',
          description: 'Adds money as a promotion: as a deposit, with `transaction_type` `reward`.',
          body: depositBody,
          response,
        },
      },
      async (request, reply) => {
        const { wallets } = useCasesFor(useCases, request.query, reply)
        const reward = depositRequestOf(request.body)
        const posted = await wallets.reward(request.params.wallet_id, reward, request.headers['idempotency-key'])
        markReplayed(reply, posted.replayed)
        return presentMovement(posted, 'Rewarded')
      },
    )
  }
}

function debitRoutes(useCases: UseCaseChoice): FastifyPluginAsyncZod {
  const errors = errorResponses(...DEBIT_ERRORS)
  return async (app) => {
    app.post(
      '/api/v1/wallets/:wallet_id/withdraw',
      {
        config: { scope: 'wallet:write' },
        schema: {
          ...toWallet,
          operationId: 'withdraw',
          summary: 'Withdraw money',
          description: "Pays money out; `destination` is kept in the transaction's metadata.",
          body: withdrawBody,
          response: { 200: movementAnswer, ...errors },
        },
      },
      async (request, reply) => {
        const { wallets } = useCasesFor(useCases, request.query, reply)
        const withdrawal = withdrawRequestOf(request.body)
        const posted = await wallets.withdraw(request.params.wallet_id, withdrawal, request.headers['idempotency-key'])
        markReplayed(reply, posted.replayed)
        return presentMovement(posted, 'Withdrew')
      },
    )
    app.post(
      '/api/v1/wallets/:wallet_id/consume',
      {
        config: { scope: 'wallet:write' },
        schema: {
          ...toWallet,
          operationId: 'consume',
          summary: 'Consume money',
          description: 'Takes money for metered use. `remaining_balance` is a JSON number with exact digits.',
          body: consumeBody,
          response: { 200: consumeAnswer, ...errors },
        },
      },
      async (request, reply) => {
        const { wallets } = useCasesFor(useCases, request.query, reply)
        const consumption = consumeRequestOf(request.body)
        const posted = await wallets.consume(request.params.wallet_id, consumption, request.headers['idempotency-key'])
        markReplayed(reply, posted.replayed)
        return presentConsumption(posted)
      },
    )
  }
}

function transferRoute(useCases: UseCaseChoice): FastifyPluginAsyncZod {
  return async (app) => {
    app.post(
      '/api/v1/wallets/:wallet_id/transfer',
      {
        config: { scope: 'wallet:write' },
        schema: {
          ...toWallet,
          operationId: 'transfer',
          summary: 'Transfer money to another wallet',
          description:
            'Both legs are written or neither. The wallets must differ and have one currency. A `fee` is a third row, on the source.',
          body: transferBody,
          response: { 200: transferAnswer, ...errorResponses(...DEBIT_ERRORS, 'same_wallet', 'currency_mismatch') },
        },
      },
      async (request, reply) => {
        const { wallets } = useCasesFor(useCases, request.query, reply)
        const transfer = transferRequestOf(request.body)
        const posted = await wallets.transfer(request.params.wallet_id, transfer, request.headers['idempotency-key'])
        markReplayed(reply, posted.replayed)
        return presentTransfer(posted)
      },
    )
  }
}

function refundRoute(useCases: UseCaseChoice): FastifyPluginAsyncZod {
  return async (app) => {
    app.post(
      '/api/v1/transactions/:transaction_id/refund',
      {
        config: { scope: 'wallet:write' },
        schema: {
          tags: TAGS,
          operationId: 'refund',
          summary: 'Refund a transaction',
          description:
            'Only `withdraw`, `consume` and `fee` can be refunded, in full or in parts; all refunds of a transaction together ' +
            'never exceed it.',
          params: transactionParams,
          headers: idempotencyHeadersSchema,
          querystring: mutationQuerySchema,
          body: refundBody,
          response: {
            200: movementAnswer,
            ...errorResponses(...CREDIT_ERRORS, 'transaction_not_found', 'not_refundable', 'refund_exceeds_original'),
          },
        },
      },
      async (request, reply) => {
        const { wallets } = useCasesFor(useCases, request.query, reply)
        const { transaction_id: transactionId } = request.params
        const { original_transaction_id: repeated } = request.body
        if (repeated !== undefined && repeated !== transactionId) throw notTheTransactionOfThePath()
        const refund = refundRequestOf(request.body)
        const posted = await wallets.refund(transactionId, refund, request.headers['idempotency-key'])
        markReplayed(reply, posted.replayed)
        return presentMovement(posted, 'Refunded')
      },
    )
  }
}

function notTheTransactionOfThePath(): AppError {
  return validationFailed([{ loc: ['body', 'original_transaction_id'], ...NOT_THE_TRANSACTION }])
}
