// Opening, looking up, changing and closing wallets (API.md §3 and §4). GET balance stands in balances.ts.
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type { UseCaseChoice } from '../../services/use-cases.ts'
import { ownerOf } from '../plugins/authentication.ts'
import { presentWalletAnswer } from '../presenters-answers.ts'
import { presentWallet } from '../presenters.ts'
import {
  errorResponses,
  idempotencyHeadersSchema,
  KEYED_ERRORS,
  mutationQuerySchema,
  OWNER_ERRORS,
  POSTING_ERRORS,
  READ_ERRORS,
} from '../schemas/common.ts'
import { walletSchema } from '../schemas/objects.ts'
import {
  createWalletBody,
  createWalletRequestOf,
  organizationParams,
  reasonBody,
  spareWalletParams,
  updateWalletBody,
  userParams,
  walletAnswer,
  walletListAnswer,
  walletParams,
  walletTypeQuery,
} from '../schemas/wallets.ts'
import { markReplayed, useCasesFor } from './mutations.ts'

const TAGS = ['Wallets']

/** Routes around wallets themselves. */
export function walletRoutes(useCases: UseCaseChoice): FastifyPluginAsyncZod {
  return async (app) => {
    await app.register(creationRoutes(useCases))
    await app.register(lookupRoutes(useCases))
    await app.register(changeRoutes(useCases))
    await app.register(statusRoutes(useCases))
  }
}

function creationRoutes(useCases: UseCaseChoice): FastifyPluginAsyncZod {
  return async (app) => {
    app.post(
      '/api/v1/wallets',
      {
        config: { scope: 'wallet:write' },
        schema: {
          operationId: 'createWallet',
          tags: TAGS,
          summary: 'Open a wallet',
          description:
            'A user has at most one open fiat wallet per currency: a second one is refused with `wallet_exists`, which names ' +
            'the one there is. An initial balance is written as the first deposit, in the same transaction. ' +
            'Where owners are checked (`VALIDATE_USERS`), the account service must know the user (`user_not_found`) as active, ' +
            'and the organization service the organization (`organization_not_found`) and the user as an active member of it ' +
            '(both else `forbidden`); a service that does not answer is passed over or, if its answer is required, is ' +
            "`peer_unavailable`. With a user's token, whoever names an organization must be known as its member, whatever " +
            '`VALIDATE_USERS` says: no answer is `peer_unavailable`, and `forbidden` where nobody is asked.',
          headers: idempotencyHeadersSchema,
          querystring: mutationQuerySchema,
          body: createWalletBody,
          response: {
            200: walletAnswer,
            ...errorResponses(...KEYED_ERRORS, ...OWNER_ERRORS, 'organization_not_found', 'wallet_exists'),
          },
        },
      },
      async (request, reply) => {
        const { wallets } = useCasesFor(useCases, request.query, reply)
        const opened = await wallets.createWallet(
          createWalletRequestOf(request.body),
          request.headers['idempotency-key'],
          { requestId: request.id, isUser: ownerOf(request) !== null },
        )
        markReplayed(reply, opened.replayed)
        return presentWalletAnswer(opened.wallet, 'Wallet created successfully')
      },
    )
  }
}

function lookupRoutes({ real: { wallets } }: UseCaseChoice): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      '/api/v1/wallets/:wallet_id',
      {
        config: { scope: 'wallet:read' },
        schema: {
          operationId: 'getWallet',
          tags: TAGS,
          summary: 'Look a wallet up',
          description: 'The wallet itself, without an envelope.',
          params: walletParams,
          response: { 200: walletSchema, ...errorResponses(...READ_ERRORS, 'wallet_not_found') },
        },
      },
      async (request) => presentWallet(await wallets.getWallet(request.params.wallet_id)),
    )
    app.get(
      '/api/v1/users/:user_id/wallets',
      {
        config: { scope: 'wallet:read' },
        schema: {
          operationId: 'listWalletsOfUser',
          tags: TAGS,
          summary: "List a user's wallets",
          description: 'Newest first; empty for a user nobody knows.',
          params: userParams,
          querystring: walletTypeQuery,
          response: { 200: walletListAnswer, ...errorResponses(...READ_ERRORS) },
        },
      },
      async (request) => {
        const found = await wallets.walletsOfUser(request.params.user_id, request.query.wallet_type)
        return { wallets: found.map(presentWallet), count: found.length }
      },
    )
    app.get(
      '/api/v1/organizations/:organization_id/wallets',
      {
        config: { scope: 'wallet:read', users: 'filtered' },
        schema: {
          operationId: 'listWalletsOfOrganization',
          tags: TAGS,
          summary: "List an organization's wallets",
          description:
            "Newest first, whosever they are (with a user's token: the user's own); empty for an organization nobody knows.",
          params: organizationParams,
          querystring: walletTypeQuery,
          response: { 200: walletListAnswer, ...errorResponses(...READ_ERRORS) },
        },
      },
      async (request) => {
        const { organization_id: organizationId } = request.params
        const { wallet_type: walletType } = request.query
        const found = await wallets.walletsOfOrganization(organizationId, { walletType, owner: ownerOf(request) })
        return { wallets: found.map(presentWallet), count: found.length }
      },
    )
  }
}

function changeRoutes(useCases: UseCaseChoice): FastifyPluginAsyncZod {
  return async (app) => {
    app.patch(
      '/api/v1/wallets/:wallet_id',
      {
        config: { scope: 'wallet:write' },
        schema: {
          operationId: 'updateWallet',
          tags: TAGS,
          summary: "Change a wallet's particulars",
          description:
            '`metadata` is merged (RFC 7396: objects merge, `null` removes); the blockchain address and network replace what is ' +
            'there, `null` removes them. Currency and balance never change here.',
          params: walletParams,
          querystring: mutationQuerySchema,
          body: updateWalletBody,
          response: { 200: walletAnswer, ...errorResponses(...POSTING_ERRORS, 'wallet_not_found', 'wallet_closed') },
        },
      },
      async (request, reply) => {
        const { wallets } = useCasesFor(useCases, request.query, reply)
        const { metadata, blockchain_address: blockchainAddress, blockchain_network: blockchainNetwork } = request.body
        const update = { metadata, blockchainAddress, blockchainNetwork }
        const wallet = await wallets.updateWallet(request.params.wallet_id, update)
        return presentWalletAnswer(wallet, 'Wallet updated successfully')
      },
    )
    app.delete(
      '/api/v1/wallets/:wallet_id',
      {
        config: { scope: 'wallet:admin' },
        schema: {
          operationId: 'closeWallet',
          tags: TAGS,
          summary: 'Close a wallet for good',
          description: 'Balance and holds must be zero. History, balance and statistics stay readable.',
          params: spareWalletParams,
          querystring: mutationQuerySchema,
          response: {
            200: walletAnswer,
            ...errorResponses(
              ...POSTING_ERRORS,
              'wallet_not_found',
              'wallet_not_empty',
              'wallet_frozen',
              'wallet_closed',
            ),
          },
        },
      },
      async (request, reply) => {
        const { wallets } = useCasesFor(useCases, request.query, reply)
        const wallet = await wallets.closeWallet(request.params.wallet_id)
        return presentWalletAnswer(wallet, 'Wallet closed successfully')
      },
    )
  }
}

function statusRoutes(useCases: UseCaseChoice): FastifyPluginAsyncZod {
  const response = { 200: walletAnswer, ...errorResponses(...POSTING_ERRORS, 'wallet_not_found', 'wallet_closed') }
  return async (app) => {
    app.post(
      '/api/v1/wallets/:wallet_id/freeze',
      {
        config: { scope: 'wallet:admin' },
        schema: {
          operationId: 'freezeWallet',
          tags: TAGS,
          summary: 'Freeze a wallet',
          description: 'No money moves in or out until it is unfrozen. Freezing a frozen wallet renews the reason.',
          params: spareWalletParams,
          querystring: mutationQuerySchema,
          body: reasonBody,
          response,
        },
      },
      async (request, reply) => {
        const { wallets } = useCasesFor(useCases, request.query, reply)
        const wallet = await wallets.freezeWallet(request.params.wallet_id, request.body.reason)
        return presentWalletAnswer(wallet, 'Wallet frozen successfully')
      },
    )
    app.post(
      '/api/v1/wallets/:wallet_id/unfreeze',
      {
        config: { scope: 'wallet:admin' },
        schema: {
          operationId: 'unfreezeWallet',
          tags: TAGS,
          summary: 'Unfreeze a wallet',
          description: 'Lets money move again. An active wallet stays active.',
          params: spareWalletParams,
          querystring: mutationQuerySchema,
          body: reasonBody,
          response,
        },
      },
      async (request, reply) => {
        const { wallets } = useCasesFor(useCases, request.query, reply)
        const wallet = await wallets.unfreezeWallet(request.params.wallet_id, request.body.reason)
        return presentWalletAnswer(wallet, 'Wallet unfrozen successfully')
      },
    )
  }
}
