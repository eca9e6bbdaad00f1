// What the routes of holds take and give.
import { z } from 'zod'
import {
  CAPTURE_TYPES,
  DEFAULT_HOLD_SECONDS,
  HOLD_STATUSES,
  isHoldId,
  type HoldId,
  MAX_HOLD_SECONDS,
} from '../../domain/hold.ts'
import { DEMO } from '../../services/demo-data.ts'
import type { CaptureHoldRequest, PlaceHoldRequest } from '../../services/requests.ts'
import {
  amountSchema,
  cursorSchema,
  limitSchema,
  OPTIONAL_BODY,
  optionalSchema,
  UUID_FAULT,
  walletResponseSchema,
} from './common.ts'
import { refuse } from './faults.ts'
import { movementShape, referenceSchema, usageRecordIdSchema } from './movements.ts'
import { decimalText, idText, instantText, metadataSchema, transactionSchema } from './objects.ts'

/** A hold's id: any UUID, in lower case from here on. */
export const holdIdSchema = (example: string) =>
  z
    .string()
    .transform((text, context): HoldId => {
      const id = text.toLowerCase()
      return isHoldId(id) ? id : refuse(context, 'invalid_uuid', UUID_FAULT)
    })
    .meta({ description: 'The id of a hold', format: 'uuid', examples: [example] })

export const holdParams = z.object({ hold_id: holdIdSchema(DEMO.holdId) })
/** As `holdParams`, with the demo hold that may be voided as the example. */
export const spareHoldParams = z.object({ hold_id: holdIdSchema(DEMO.spareHoldId) })

const secondsSchema = z
  .int(`Must be a whole number from 1 to ${MAX_HOLD_SECONDS}`)
  .min(1, `Must be from 1 to ${MAX_HOLD_SECONDS}`)
  .max(MAX_HOLD_SECONDS, `Must be from 1 to ${MAX_HOLD_SECONDS}`)

// Bodies are strict: a capture whose `amount` is misspelt would take everything.

export const placeHoldBody = z
  .strictObject({
    ...movementShape,
    expires_in_seconds: optionalSchema(secondsSchema).meta({
      description: `When the money is free again by itself, at most 90 days from now. Default ${DEFAULT_HOLD_SECONDS}: 7 days`,
      examples: [3600],
    }),
    reference_id: optionalSchema(referenceSchema),
  })
  .meta({ examples: [{ amount: '25', expires_in_seconds: 3600, reference_id: 'job-7' }] })

/** What the service is asked by the body of a hold. */
export function placeHoldRequestOf(body: z.output<typeof placeHoldBody>): PlaceHoldRequest {
  const { amount, description, metadata, reference_id: referenceId } = body
  return {
    amount,
    description,
    metadata,
    referenceId,
    expiresInSeconds: body.expires_in_seconds ?? DEFAULT_HOLD_SECONDS,
  }
}

export const captureHoldBody = z
  .strictObject({
    amount: amountSchema.optional().meta({ description: 'Default: all that is left', examples: ['10'] }),
    final: optionalSchema(z.boolean()).meta({
      description: 'Default true: the rest is free again. `false`: more captures may follow, until nothing is left',
      examples: [false],
    }),
    transaction_type: optionalSchema(z.enum(CAPTURE_TYPES)).meta({
      description: 'What the money goes for. Default `consume`',
      examples: ['consume'],
    }),
    description: movementShape.description.meta({
      description: 'For people; has a default such as `Consumed: 10`',
      examples: ['Scene 12, frames 1 to 40'],
    }),
    usage_record_id: optionalSchema(usageRecordIdSchema),
    metadata: movementShape.metadata,
  })
  .optional()
  .meta({ [OPTIONAL_BODY]: true, examples: [{ amount: '3', final: false, usage_record_id: '814' }] })

/** What the service is asked by the body of a capture; none at all captures everything. */
export function captureHoldRequestOf(body: z.output<typeof captureHoldBody>): CaptureHoldRequest {
  return {
    amount: body?.amount,
    final: body?.final ?? true,
    transactionType: body?.transaction_type ?? 'consume',
    description: body?.description,
    usageRecordId: body?.usage_record_id,
    metadata: body?.metadata,
  }
}

export const voidHoldBody = z
  .strictObject({})
  .optional()
  .meta({ [OPTIONAL_BODY]: true, examples: [{}] })

export const extendHoldBody = z
  .strictObject({
    expires_in_seconds: secondsSchema.meta({
      description: 'Counted from now, whatever was left: it may also end earlier than it would have',
      examples: [7200],
    }),
  })
  .meta({ examples: [{ expires_in_seconds: 7200 }] })

export const holdListQuery = z.object({
  status: z
    .enum(HOLD_STATUSES)
    .optional()
    .meta({ description: 'Only holds of this status', examples: ['pending'] }),
  limit: limitSchema,
  cursor: cursorSchema.optional().meta({
    description: 'The `next_cursor` of an earlier page of the same list, with the same status',
  }),
})

/** A hold as callers see it (API.md §4). */
export const holdSchema = z
  .object({
    hold_id: idText('The hold', DEMO.holdId),
    wallet_id: idText('The wallet whose money it sets aside'),
    amount: decimalText('What was set aside', '25'),
    captured_amount: decimalText('What has been captured of it', '10'),
    remaining_amount: decimalText('What it still reserves: nothing once it has ended', '15'),
    status: z.enum(HOLD_STATUSES).meta({
      description: 'Only `pending` reserves money. The others are final',
      examples: ['pending'],
    }),
    expires_at: instantText('When it stops reserving money by itself', '2026-02-07T12:00:00.123456Z'),
    description: z
      .string()
      .nullable()
      .meta({ description: 'For people', examples: ['Rendering of scene 12'] }),
    reference_id: z
      .string()
      .nullable()
      .meta({ description: "The caller's reference", examples: ['job-7'] }),
    metadata: metadataSchema,
    created_at: instantText('When it was placed'),
    updated_at: instantText('When it last changed; of an expired one, when it expired'),
  })
  .meta({ id: 'Hold', description: 'Money set aside in a wallet until it is captured, voided or expires' })

/** A hold in a list of a thousand: without what a caller may have made long. */
export const briefHoldSchema = holdSchema
  .omit({ description: true, metadata: true })
  .meta({ id: 'BriefHold', description: 'A hold without its description and metadata' })

/** `presentBriefHold`'s result. */
export type BriefHoldBody = z.infer<typeof briefHoldSchema>

/** `presentHold`'s result. */
export type HoldBody = z.infer<typeof holdSchema>

export const holdAnswer = walletResponseSchema(z.object({ hold: holdSchema }))
export const captureAnswer = walletResponseSchema(z.object({ transaction: transactionSchema, hold: holdSchema }))

export const holdListAnswer = z
  .object({
    holds: z.array(holdSchema),
    count: z.int().meta({ description: 'Holds on this page', examples: [1] }),
    limit: z.int().meta({ description: 'As asked for, or the default', examples: [50] }),
    next_cursor: z
      .string()
      .nullable()
      .meta({ description: '`cursor` of the next page; null on the last one', examples: [null] }),
  })
  .meta({ description: 'Holds, newest first' })

/** `presentHoldList`'s result. */
export type HoldListBody = z.infer<typeof holdListAnswer>
