// What the wallet routes take and give: opening, looking up, changing and closing wallets.
import { z } from 'zod'
import { CREDIT } from '../../domain/money.ts'
import { BLOCKCHAIN_NETWORKS, WALLET_TYPES } from '../../domain/wallet.ts'
import { DEMO } from '../../services/demo-data.ts'
import type { CreateWalletRequest } from '../../services/requests.ts'
import {
  atSchema,
  currencySchema,
  initialAmountSchema,
  metadataSchema,
  optionalSchema,
  organizationIdSchema,
  textSchema,
  userIdSchema,
  walletIdSchema,
  walletResponseSchema,
} from './common.ts'
import { exactNumberOut, walletSchema } from './objects.ts'

/** Longest reason of a freeze, an unfreeze or a refund, in characters. */
export const MAX_REASON_LENGTH = 500
/** Longest blockchain address, in characters; the longest in use today has 106. */
const MAX_ADDRESS_LENGTH = 255

const addressSchema = textSchema(MAX_ADDRESS_LENGTH, { min: 1 }).meta({
  description: 'Address of the wallet on its chain',
  examples: ['0x52908400098527886E0F7030069857D2E4169EE7'],
})

const networkSchema = z.enum(BLOCKCHAIN_NETWORKS).meta({ description: 'Chain of the wallet', examples: ['polygon'] })

export const walletParams = z.object({ wallet_id: walletIdSchema })
/** As `walletParams`, with the demo wallet that may be frozen and closed as the example. */
export const spareWalletParams = z.object({ wallet_id: walletIdSchema.meta({ examples: [DEMO.spareWalletId] }) })
export const userParams = z.object({ user_id: userIdSchema })
export const organizationParams = z.object({ organization_id: organizationIdSchema })

export const createWalletBody = z
  .object({
    user_id: userIdSchema,
    wallet_type: z
      .enum(WALLET_TYPES)
      .default('fiat')
      .meta({ description: 'What the wallet holds', examples: ['fiat'] }),
    initial_balance: initialAmountSchema.optional(),
    currency: currencySchema.default(CREDIT),
    organization_id: optionalSchema(organizationIdSchema),
    blockchain_network: optionalSchema(networkSchema),
    blockchain_address: optionalSchema(addressSchema),
    metadata: optionalSchema(metadataSchema),
  })
  .meta({ examples: [{ user_id: 'user-42', wallet_type: 'fiat', initial_balance: '1000', currency: 'CREDIT' }] })

/** What the service is asked by the body of a creation. */
export function createWalletRequestOf(body: z.output<typeof createWalletBody>): CreateWalletRequest {
  return {
    userId: body.user_id,
    walletType: body.wallet_type,
    currency: body.currency,
    initialBalance: body.initial_balance ?? null,
    organizationId: body.organization_id,
    blockchainNetwork: body.blockchain_network,
    blockchainAddress: body.blockchain_address,
    metadata: body.metadata,
  }
}

export const updateWalletBody = z
  .object({
    metadata: optionalSchema(metadataSchema),
    blockchain_address: addressSchema.nullable().optional(),
    blockchain_network: networkSchema.nullable().optional(),
  })
  .meta({ examples: [{ metadata: { tier: 'gold' } }] })

export const reasonBody = z
  .object({
    reason: textSchema(MAX_REASON_LENGTH, { min: 1 }).meta({
      description: 'Why, for people',
      examples: ['Chargeback investigation'],
    }),
  })
  .meta({ examples: [{ reason: 'Chargeback investigation' }] })

export const walletTypeQuery = z.object({
  wallet_type: z.enum(WALLET_TYPES).optional().meta({ description: 'Only wallets of this type' }),
})

export const walletAnswer = walletResponseSchema(z.object({ wallet: walletSchema }))

export const walletListAnswer = z
  .object({ wallets: z.array(walletSchema), count: z.int().meta({ description: 'How many there are', examples: [1] }) })
  .meta({ description: 'Wallets, newest first' })

export const balanceQuery = z.object({ at: atSchema.optional() })

/** Balance fields that today's callers read as JSON numbers (API.md §1). */
export const balanceAnswer = walletResponseSchema(
  z.object({
    balance: exactNumberOut('What can be spent'),
    locked_balance: exactNumberOut('What open holds reserve', 0),
    available_balance: exactNumberOut('What can be spent'),
    currency: z.string().meta({ examples: ['CREDIT'] }),
    on_chain_balance: exactNumberOut('What the chain says it holds').nullable(),
  }),
).extend({ currency: z.string().meta({ description: "The wallet's currency", examples: ['CREDIT'] }) })

export const creditsBalanceAnswer = z.object({
  success: z.literal(true),
  balance: exactNumberOut('Everything in the wallet'),
  available_balance: exactNumberOut('What can be spent'),
  locked_balance: exactNumberOut('What open holds reserve', 0),
  currency: z.string().meta({ examples: ['CREDIT'] }),
  wallet_id: z.string().meta({ format: 'uuid' }),
})
