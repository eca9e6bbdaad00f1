// What the routes that move money take and give. Amounts become `bigint`s here; nothing behind this line parses one.
import { z } from 'zod'
import { isRawNumber } from '../../domain/json.ts'
import { DEMO } from '../../services/demo-data.ts'
import type {
  ConsumeRequest,
  DepositRequest,
  RefundRequest,
  TransferRequest,
  WithdrawRequest,
} from '../../services/requests.ts'
import {
  amountSchema,
  metadataSchema,
  optionalSchema,
  textSchema,
  transactionIdSchema,
  walletIdSchema,
  walletResponseSchema,
} from './common.ts'
import { refuse } from './faults.ts'
import { exactNumberOut, transactionSchema } from './objects.ts'
import { MAX_REASON_LENGTH } from './wallets.ts'

/** Longest description, in characters; the schema of the database repeats it. */
const MAX_DESCRIPTION_LENGTH = 1000
/** Longest reference, usage record id or destination, in characters. */
const MAX_REFERENCE_LENGTH = 255

/** What every movement takes. */
export const movementShape = {
  amount: amountSchema,
  description: optionalSchema(textSchema(MAX_DESCRIPTION_LENGTH)).meta({
    description: 'For people; has a default such as `Deposit: 10`',
    examples: ['Monthly top-up'],
  }),
  metadata: optionalSchema(metadataSchema),
}

/** A caller's own reference. */
export const referenceSchema = textSchema(MAX_REFERENCE_LENGTH, { min: 1 }).meta({
  description: "The caller's own reference",
  examples: ['invoice-7'],
})

export const depositBody = z
  .object({
    ...movementShape,
    reference_id: optionalSchema(referenceSchema),
  })
  .meta({ examples: [{ amount: '10', reference_id: 'invoice-7' }] })

/** What the service is asked by the body of a deposit or a reward. */
export function depositRequestOf(body: z.output<typeof depositBody>): DepositRequest {
  const { amount, description, reference_id: referenceId, metadata } = body
  return { amount, description, referenceId, metadata }
}

export const withdrawBody = z
  .object({
    ...movementShape,
    destination: optionalSchema(textSchema(MAX_REFERENCE_LENGTH, { min: 1 })).meta({
      description: 'Where the money goes; kept in metadata',
      examples: ['bank:DE02120300000000202051'],
    }),
  })
  .meta({ examples: [{ amount: '10', destination: 'bank:DE02120300000000202051' }] })

/** What the service is asked by the body of a withdrawal. */
export function withdrawRequestOf(body: z.output<typeof withdrawBody>): WithdrawRequest {
  const { amount, description, destination, metadata } = body
  return { amount, description, destination, metadata }
}

/** The digits of an integer, also of one beyond what a double holds: that is how other systems number their records. */
function integerText(value: unknown): string | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : null
  const digits = isRawNumber(value) ? value.rawJSON : ''
  return digits.length <= MAX_REFERENCE_LENGTH && /^-?[0-9]+$/.test(digits) ? digits : null
}

const integerTextSchema = z
  .unknown()
  .transform(
    (value, context): string => integerText(value) ?? refuse(context, 'invalid_type', 'Must be a whole number'),
  )
  .meta({ type: 'integer' })

/** The record of what was used. */
export const usageRecordIdSchema = z
  .union([integerTextSchema, textSchema(MAX_REFERENCE_LENGTH, { min: 1 })])
  .meta({ description: 'The usage record that this pays for: an integer or a string', examples: ['812'] })

export const consumeBody = z
  .object({ ...movementShape, usage_record_id: optionalSchema(usageRecordIdSchema) })
  .meta({ examples: [{ amount: '10', usage_record_id: '812' }] })

/** What the service is asked by the body of a consumption. */
export function consumeRequestOf(body: z.output<typeof consumeBody>): ConsumeRequest {
  const { amount, description, usage_record_id: usageRecordId, metadata } = body
  return { amount, description, usageRecordId, metadata }
}

export const transferBody = z
  .object({
    to_wallet_id: walletIdSchema,
    ...movementShape,
    fee: amountSchema.optional().meta({ description: 'Taken from the source on top of the amount', examples: ['0.5'] }),
  })
  .meta({ examples: [{ to_wallet_id: DEMO.otherWalletId, amount: '10' }] })

/** What the service is asked by the body of a transfer. */
export function transferRequestOf(body: z.output<typeof transferBody>): TransferRequest {
  const { to_wallet_id: toWalletId, amount, description, fee, metadata } = body
  return { toWalletId, amount, description, fee, metadata }
}

export const transactionParams = z.object({ transaction_id: transactionIdSchema })

export const refundBody = z
  .object({
    reason: textSchema(MAX_REASON_LENGTH, { min: 1 }).meta({
      description: 'Why, for people',
      examples: ['Service was down'],
    }),
    amount: amountSchema
      .optional()
      .meta({ description: 'Default: everything that is left to refund', examples: ['3'] }),
    metadata: optionalSchema(metadataSchema),
    original_transaction_id: optionalSchema(transactionIdSchema).meta({
      description: 'If sent, it must be the transaction of the path',
    }),
  })
  .meta({ examples: [{ reason: 'Service was down', amount: '3' }] })

/** What the service is asked by the body of a refund. */
export function refundRequestOf(body: z.output<typeof refundBody>): RefundRequest {
  const { reason, amount, metadata } = body
  return { reason, amount, metadata }
}

/** What is wrong with an `original_transaction_id` that names another transaction. */
export const NOT_THE_TRANSACTION = {
  type: 'not_the_path',
  msg: 'Must be the transaction of the path, or be left out',
} as const

export const movementAnswer = walletResponseSchema(z.object({ transaction: transactionSchema }))

export const consumeAnswer = walletResponseSchema(
  z.object({
    transaction: transactionSchema,
    remaining_balance: exactNumberOut('What can still be spent'),
  }),
)

export const transferAnswer = walletResponseSchema(
  z.object({
    from_transaction: transactionSchema,
    to_transaction: transactionSchema,
    fee_transaction: transactionSchema.optional().meta({ description: 'Only when a fee was taken' }),
  }),
)
