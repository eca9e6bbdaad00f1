// What the routes that look back at rows take and give.
import { z } from 'zod'
import { TRANSACTION_TYPES } from '../../domain/transaction.ts'
import { cursorSchema, endDateSchema, limitSchema, offsetSchema, startDateSchema } from './common.ts'
import { transactionSchema } from './objects.ts'

/** Bounds of a period; both are inclusive, and either may be left out. */
export const periodShape = {
  start_date: startDateSchema.optional(),
  end_date: endDateSchema.optional(),
}

/** A period that ends before it begins is a mistake of the caller's, not an empty answer. */
export function isInOrder(query: { readonly start_date?: unknown; readonly end_date?: unknown }): boolean {
  const { start_date: start, end_date: end } = query
  return typeof start !== 'bigint' || typeof end !== 'bigint' || start <= end
}

/** The fault of a query that is not in order; reported beside faults of other members, hence `when`. */
export const OUT_OF_ORDER = {
  path: ['end_date'],
  message: 'Must not be before start_date',
  params: { type: 'before_start' },
  when: () => true,
}

export const historyQuery = z
  .object({
    transaction_type: z
      .enum(TRANSACTION_TYPES)
      .optional()
      .meta({ description: 'Only transactions of this type', examples: ['consume'] }),
    ...periodShape,
    limit: limitSchema,
    offset: offsetSchema,
    cursor: cursorSchema.optional().meta({
      description:
        'The `next_cursor` of an earlier page of the same list, with the same filters; not together with `offset`',
    }),
  })
  .refine(isInOrder, OUT_OF_ORDER)

/** `historyQuery`, parsed. */
export type HistoryQuery = z.infer<typeof historyQuery>

export const historyAnswer = z
  .object({
    transactions: z.array(transactionSchema),
    count: z.int().meta({ description: 'Transactions on this page', examples: [50] }),
    limit: z.int().meta({ description: 'As asked for, or the default', examples: [50] }),
    offset: z.int().meta({ description: 'As asked for, or the default', examples: [0] }),
    next_cursor: z
      .string()
      .nullable()
      .meta({
        description: '`cursor` of the next page; null on the last one',
        examples: ['WzEsNDEsInE3Wl9rM0ZyMkxZIl0'],
      }),
  })
  .meta({ description: 'Transactions, newest first' })

/** `presentHistory`'s result. */
export type HistoryBody = z.infer<typeof historyAnswer>
