// What the batch route takes and gives: the bodies of the single routes with the ids of their paths and their keys beside
// them, and their answers in order.
import { z } from 'zod'
import { DEMO } from '../../services/demo-data.ts'
import type { Operation } from '../../services/operations.ts'
import { idempotencyKeySchema, optionalSchema, transactionIdSchema, walletIdSchema } from './common.ts'
import { errorBodySchema } from './errors.ts'
import { refuse } from './faults.ts'
import {
  captureAnswer,
  captureHoldBody,
  captureHoldRequestOf,
  extendHoldBody,
  holdAnswer,
  holdIdSchema,
  placeHoldBody,
  placeHoldRequestOf,
} from './holds.ts'
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
  transferAnswer,
  transferBody,
  transferRequestOf,
  withdrawBody,
  withdrawRequestOf,
} from './movements.ts'
import { createWalletBody, createWalletRequestOf, walletAnswer } from './wallets.ts'

/** Operations of one batch. */
export const MAX_OPERATIONS = 1000

/** Every kind of operation. */
const KINDS = [
  'consume',
  'deposit',
  'reward',
  'withdraw',
  'transfer',
  'refund',
  'place_hold',
  'capture_hold',
  'void_hold',
  'extend_hold',
  'create_wallet',
] as const satisfies readonly Operation['kind'][]

const key = optionalSchema(idempotencyKeySchema).meta({
  description: 'As the header `Idempotency-Key` of the single route; the same key there and here is the same key',
  examples: ['order-1042-consume'],
})
const onWallet = { wallet_id: walletIdSchema, idempotency_key: key }
const onHold = { hold_id: holdIdSchema(DEMO.holdId), idempotency_key: key }

// All are strict: an operation whose `idempotency_key` is misspelt would be done twice by whoever sends it again.

const refundOperation = z
  .strictObject({
    operation: z.literal('refund'),
    transaction_id: transactionIdSchema,
    idempotency_key: key,
    ...refundBody.shape,
  })
  .check(({ value, issues }) => {
    const { original_transaction_id: repeated, transaction_id: id } = value
    if (repeated === undefined || repeated === id) return
    const path = ['original_transaction_id']
    const { type, msg: message } = NOT_THE_TRANSACTION
    issues.push({ code: 'custom', input: repeated, path, message, params: { type } })
  })

const UNKNOWN_KIND = `Must be one of: ${KINDS.join(', ')}`

const operationSchema = z
  .discriminatedUnion(
    'operation',
    [
      z.strictObject({ operation: z.literal('consume'), ...onWallet, ...consumeBody.shape }),
      z.strictObject({ operation: z.literal(['deposit', 'reward']), ...onWallet, ...depositBody.shape }),
      z.strictObject({ operation: z.literal('withdraw'), ...onWallet, ...withdrawBody.shape }),
      z.strictObject({ operation: z.literal('transfer'), ...onWallet, ...transferBody.shape }),
      refundOperation,
      z.strictObject({ operation: z.literal('place_hold'), ...onWallet, ...placeHoldBody.shape }),
      z.strictObject({ operation: z.literal('capture_hold'), ...onHold, ...captureHoldBody.unwrap().shape }),
      z.strictObject({ operation: z.literal('void_hold'), ...onHold }),
      z.strictObject({ operation: z.literal('extend_hold'), ...onHold, ...extendHoldBody.shape }),
      z.strictObject({ operation: z.literal('create_wallet'), idempotency_key: key, ...createWalletBody.shape }),
    ],
    { error: ({ code }) => (code === 'invalid_union' ? UNKNOWN_KIND : undefined) },
  )
  .meta({ id: 'BatchOperation', description: 'What a single route takes: ids of its path, its body, and its key' })

/** Looked at before what is in it: the faults of a million operations would fill the memory. */
function fewEnough(value: unknown, context: z.core.$RefinementCtx): unknown {
  if (!Array.isArray(value) || (value.length > 0 && value.length <= MAX_OPERATIONS)) return value
  return refuse(context, 'out_of_range', `Must have 1 to ${MAX_OPERATIONS} elements`)
}

const EXAMPLE = {
  atomic: false,
  operations: [
    { operation: 'consume', wallet_id: DEMO.walletId, amount: '0.5', usage_record_id: '815' },
    { operation: 'transfer', wallet_id: DEMO.walletId, to_wallet_id: DEMO.otherWalletId, amount: '1' },
  ],
}

export const batchBody = z
  .strictObject({
    atomic: z
      .boolean()
      .default(false)
      .meta({
        description: 'Whether all of it is done or nothing',
        examples: [false],
      }),
    operations: z
      .preprocess(fewEnough, z.array(operationSchema))
      .meta({ description: 'In the order in which they are to be done', minItems: 1, maxItems: MAX_OPERATIONS }),
  })
  .meta({ examples: [EXAMPLE] })

type OperationBody = z.output<typeof operationSchema>

/** What the service is asked by one operation. */
export function operationOf(body: OperationBody): Operation {
  const { idempotency_key: keySent } = body
  switch (body.operation) {
    case 'consume':
      return { kind: 'consume', walletId: body.wallet_id, key: keySent, request: consumeRequestOf(body) }
    case 'deposit':
    case 'reward':
      return { kind: body.operation, walletId: body.wallet_id, key: keySent, request: depositRequestOf(body) }
    case 'withdraw':
      return { kind: 'withdraw', walletId: body.wallet_id, key: keySent, request: withdrawRequestOf(body) }
    case 'transfer':
      return { kind: 'transfer', walletId: body.wallet_id, key: keySent, request: transferRequestOf(body) }
    case 'refund':
      return { kind: 'refund', transactionId: body.transaction_id, key: keySent, request: refundRequestOf(body) }
    case 'place_hold':
      return { kind: 'place_hold', walletId: body.wallet_id, key: keySent, request: placeHoldRequestOf(body) }
    case 'capture_hold':
      return { kind: 'capture_hold', holdId: body.hold_id, key: keySent, request: captureHoldRequestOf(body) }
    case 'void_hold':
      return { kind: 'void_hold', holdId: body.hold_id, key: keySent }
    case 'extend_hold':
      return {
        kind: 'extend_hold',
        holdId: body.hold_id,
        key: keySent,
        expiresInSeconds: body.expires_in_seconds,
      }
    case 'create_wallet':
      return { kind: 'create_wallet', key: keySent, request: createWalletRequestOf(body) }
  }
}

const index = z.int().meta({ description: 'Its place among the operations, from 0', examples: [0] })
const replayed = z.boolean().meta({ description: 'Answered as when its key was first used; nothing was done again' })

const kindOf = <const Kinds extends readonly Operation['kind'][]>(kinds: Kinds) =>
  z.enum(kinds).meta({ description: 'What it was', examples: [kinds[0]] })

const done = z.literal(200).meta({ description: 'What the single route would answer with' })

const successSchemas = [
  z
    .object({ index, operation: kindOf(['consume']), status: done, replayed, ...consumeAnswer.shape })
    .meta({ id: 'BatchConsumption' }),
  z
    .object({
      index,
      operation: kindOf(['deposit', 'reward', 'withdraw', 'refund']),
      status: done,
      replayed,
      ...movementAnswer.shape,
    })
    .meta({ id: 'BatchMovement' }),
  z
    .object({ index, operation: kindOf(['transfer']), status: done, replayed, ...transferAnswer.shape })
    .meta({ id: 'BatchTransfer' }),
  z
    .object({ index, operation: kindOf(['place_hold']), status: z.literal(201), replayed, ...holdAnswer.shape })
    .meta({ id: 'BatchPlacedHold' }),
  z
    .object({ index, operation: kindOf(['void_hold', 'extend_hold']), status: done, replayed, ...holdAnswer.shape })
    .meta({ id: 'BatchHoldChange' }),
  z
    .object({ index, operation: kindOf(['capture_hold']), status: done, replayed, ...captureAnswer.shape })
    .meta({ id: 'BatchCapture' }),
  z
    .object({ index, operation: kindOf(['create_wallet']), status: done, replayed, ...walletAnswer.shape })
    .meta({ id: 'BatchCreation' }),
] as const

const refusalSchema = z
  .looseObject({ index, operation: kindOf(KINDS), replayed: z.literal(false), ...errorBodySchema.shape })
  .meta({ id: 'BatchRefusal', description: 'What the single route would answer with, and which operation it is' })

export const batchAnswer = z
  .object({
    success: z.boolean().meta({ description: 'Whether every operation succeeded' }),
    message: z.string().meta({ description: 'What was done, for people', examples: ['2 of 2 operations succeeded'] }),
    atomic: z.boolean().meta({ description: 'As it was sent' }),
    count: z.int().meta({ description: 'Operations', examples: [2] }),
    succeeded: z.int().meta({ description: 'Of them, those that succeeded, replayed ones included', examples: [2] }),
    failed: z.int().meta({ description: 'Of them, those that were refused', examples: [0] }),
    results: z
      .array(z.union([...successSchemas, refusalSchema]))
      .meta({ description: 'What became of each operation, in order' }),
  })
  .meta({ description: 'What became of the operations' })

/** `presentBatch`'s result. */
export type BatchBody = z.infer<typeof batchAnswer>
/** One of its results. */
export type BatchResultBody = BatchBody['results'][number]
