// What the route that explains a balance takes and gives.
import { z } from 'zod'
import { TRANSACTION_TYPES } from '../../domain/transaction.ts'
import { MAX_EXPLAINED_HOLDS } from '../../services/explanation-service.ts'
import { atSchema, startDateSchema } from './common.ts'
import { briefHoldSchema } from './holds.ts'
import { decimalText, idText, instantText } from './objects.ts'

export const explanationQuery = z
  .object({ at: atSchema.optional(), start_date: startDateSchema.optional() })
  .refine(({ start_date: start, at }) => start === undefined || at === undefined || start <= at, {
    path: ['at'],
    message: 'Must not be before start_date',
    params: { type: 'before_start' },
  })

const movementSchema = z.object({
  transaction_type: z.enum(TRANSACTION_TYPES).meta({ examples: ['consume'] }),
  count: z.int().meta({ description: 'Transactions of this type', examples: [2] }),
  total_in: decimalText('What they added', '0'),
  total_out: decimalText('What they took', '100.00000001'),
})

export const explanationAnswer = z
  .object({
    wallet_id: idText('The wallet'),
    currency: z.string().meta({ description: 'Its currency', examples: ['CREDIT'] }),
    period_start: instantText('`start_date`, or when the wallet was opened', '2026-01-01T08:00:00.000001Z'),
    at: instantText('The instant that is explained: `at`, or now'),
    opening_balance: decimalText('The balance before `period_start`', '0'),
    movements: z
      .array(movementSchema)
      .meta({ description: 'What moved, by type; types without a transaction are left out' }),
    transaction_count: z.int().meta({ description: 'Transactions of all types', examples: [6] }),
    total_in: decimalText('Sum of what came in', '1255.5'),
    total_out: decimalText('Sum of what went out', '120.00000001'),
    balance: decimalText('`opening_balance + total_in - total_out`', '1135.49999999'),
    open_holds: z.array(briefHoldSchema).meta({
      description:
        `Holds open at that instant, as they were then, the first to end first; at most ${MAX_EXPLAINED_HOLDS}, and fewer where ` +
        'one stayed open while 12,700 others ended',
    }),
    unlisted_holds_total: decimalText('What open holds beyond those reserve', '0'),
    locked_balance: decimalText('Sum of `remaining_amount` of all open holds', '35'),
    available_balance: decimalText('`balance - locked_balance`', '1100.49999999'),
    equations: z.object({
      balance: z.string().meta({ examples: ['0 + 1255.5 - 120.00000001 = 1135.49999999'] }),
      locked_balance: z.string().meta({ examples: ['2 open holds = 35'] }),
      available_balance: z.string().meta({ examples: ['1135.49999999 - 35 = 1100.49999999'] }),
    }),
    adds_up: z.boolean().meta({
      description:
        "The sums lead to the balance that the last transaction states and to the lock that the holds' history states. " +
        'If ever false, history was tampered with: `npm run audit` says where',
      examples: [true],
    }),
  })
  .meta({ id: 'Explanation', description: 'How a balance comes about, all of one moment' })

/** `presentExplanation`'s result. */
export type ExplanationBody = z.infer<typeof explanationAnswer>
