// Looking back at rows of the ledger: of a wallet, of a user, and one by its id (API.md §3 and §4).
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type { HistoryService } from '../../services/history-service.ts'
import { presentHistory, presentTransaction } from '../presenters.ts'
import { errorResponses, READ_ERRORS } from '../schemas/common.ts'
import { historyAnswer, type HistoryQuery, historyQuery } from '../schemas/history.ts'
import { transactionParams } from '../schemas/movements.ts'
import { transactionSchema } from '../schemas/objects.ts'
import { userParams, walletParams } from '../schemas/wallets.ts'

const TAGS = ['History']
const PAGING =
  'Newest first. Follow `next_cursor` to visit every transaction exactly once, whatever is written meanwhile; with `offset`, ' +
  'new transactions push the later pages down. Both dates are inclusive.'

/** Routes that look back at transactions. */
export function historyRoutes(history: HistoryService): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      '/api/v1/wallets/:wallet_id/transactions',
      {
        config: { scope: 'wallet:read' },
        schema: {
          operationId: 'listTransactionsOfWallet',
          tags: TAGS,
          summary: "List a wallet's transactions",
          description: PAGING,
          params: walletParams,
          querystring: historyQuery,
          response: { 200: historyAnswer, ...errorResponses(...READ_ERRORS, 'wallet_not_found') },
        },
      },
      async (request) =>
        presentHistory(await history.walletHistory(request.params.wallet_id, requestOf(request.query))),
    )
    app.get(
      '/api/v1/users/:user_id/transactions',
      {
        config: { scope: 'wallet:read' },
        schema: {
          operationId: 'listTransactionsOfUser',
          tags: TAGS,
          summary: "List the transactions of all of a user's wallets",
          description: `${PAGING} Empty for a user nobody knows.`,
          params: userParams,
          querystring: historyQuery,
          response: { 200: historyAnswer, ...errorResponses(...READ_ERRORS) },
        },
      },
      async (request) => presentHistory(await history.userHistory(request.params.user_id, requestOf(request.query))),
    )
    app.get(
      '/api/v1/transactions/:transaction_id',
      {
        config: { scope: 'wallet:read' },
        schema: {
          operationId: 'getTransaction',
          tags: TAGS,
          summary: 'Look a transaction up',
          description: 'The transaction itself, without an envelope. It never changes.',
          params: transactionParams,
          response: { 200: transactionSchema, ...errorResponses(...READ_ERRORS, 'transaction_not_found') },
        },
      },
      async (request) => presentTransaction(await history.getTransaction(request.params.transaction_id)),
    )
  }
}

function requestOf(query: HistoryQuery) {
  return {
    transactionType: query.transaction_type,
    startDate: query.start_date,
    endDate: query.end_date,
    limit: query.limit,
    offset: query.offset,
    cursor: query.cursor,
  }
}
