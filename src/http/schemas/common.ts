// The building blocks of every route's schemas: money, ids, text, keys, pages, and the envelope of `API.md` §2. What needs
// more room stands beside it: metadata.ts, date-bounds.ts, errors.ts. Routes may import all of them from here.
import { z } from 'zod'
import { isRawNumber } from '../../domain/json.ts'
import { type Amount, AMOUNT_FAULT_MESSAGES, isAmount, parseAmount, parseDecimal } from '../../domain/money.ts'
import { isTransactionId, type TransactionId } from '../../domain/transaction.ts'
import { isWalletId, type WalletId } from '../../domain/wallet.ts'
import { DEMO } from '../../services/demo-data.ts'
import { refuse } from './faults.ts'
import { storageFault } from './metadata.ts'

export { atSchema, endDateSchema, startDateSchema } from './date-bounds.ts'
export { errorResponses, KEYED_ERRORS, OWNER_ERRORS, POSTING_ERRORS, READ_ERRORS } from './errors.ts'
export { metadataSchema } from './metadata.ts'

/** The decimal text of a JSON number or string; anything else is no amount. */
function decimalText(value: unknown): string | null {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  return isRawNumber(value) ? value.rawJSON : null
}

const amountForms = (bound: { minimum: number } | { exclusiveMinimum: number }) => [
  { type: 'number', format: 'decimal', ...bound },
  { type: 'string', format: 'decimal', pattern: '^[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?$' },
]

/** An amount that moves: greater than 0, read exactly from a JSON number or string (API.md §1). */
export const amountSchema = z
  .unknown()
  .transform((value, context): Amount => {
    const text = decimalText(value)
    const amount = text === null ? 'not_a_decimal' : parseAmount(text)
    return typeof amount === 'string' ? refuse(context, amount, AMOUNT_FAULT_MESSAGES[amount]) : amount
  })
  .meta({
    description:
      'An exact decimal, as a JSON number or a string; never rounded. Greater than 0, at most 20 integer digits and the decimals of the currency (8 unless it says otherwise).',
    oneOf: amountForms({ exclusiveMinimum: 0 }),
    examples: ['10.50', 10.5],
  })

/** An opening balance: as an amount, but may be 0, which is `null`. */
export const initialAmountSchema = z
  .unknown()
  .transform((value, context): Amount | null => {
    const text = decimalText(value)
    const amount = text === null ? 'not_a_decimal' : parseDecimal(text)
    if (typeof amount === 'string') return refuse(context, amount, AMOUNT_FAULT_MESSAGES[amount])
    return isAmount(amount) ? amount : null
  })
  .meta({
    description:
      'An exact decimal, as a JSON number or a string; 0 or greater. Written as the first deposit when greater.',
    oneOf: amountForms({ minimum: 0 }),
    examples: ['100'],
  })

/** What is wrong with an id that is none. */
export const UUID_FAULT = `Must be a UUID such as ${DEMO.walletId}`

/** A wallet's id: any UUID, in lower case from here on. */
export const walletIdSchema = z
  .string()
  .transform((text, context): WalletId => {
    const id = text.toLowerCase()
    return isWalletId(id) ? id : refuse(context, 'invalid_uuid', UUID_FAULT)
  })
  .meta({
    description: 'The id of a wallet',
    format: 'uuid',
    examples: [DEMO.walletId],
  })

/** A transaction's id: any UUID, in lower case from here on. */
export const transactionIdSchema = z
  .string()
  .transform((text, context): TransactionId => {
    const id = text.toLowerCase()
    return isTransactionId(id) ? id : refuse(context, 'invalid_uuid', UUID_FAULT)
  })
  .meta({
    description: 'The id of a transaction',
    format: 'uuid',
    examples: [DEMO.transactionId],
  })

/**
 * Text that PostgreSQL can store: `min` (default 0) to `max` characters (code points, as PostgreSQL counts them), no NUL, no
 * half of a surrogate pair. One such value would fail a whole posting flush.
 */
export function textSchema(max: number, options: { readonly min?: number } = {}) {
  const { min = 0 } = options
  return z
    .string()
    .check((payload) => {
      const fault = textFault(payload.value, min, max)
      if (fault === null) return
      payload.issues.push({ code: 'custom', input: payload.value, message: fault.msg, params: { type: fault.type } })
    })
    .meta({ ...(min > 0 && { minLength: min }), maxLength: max })
}

function textFault(text: string, min: number, max: number): { type: string; msg: string } | null {
  if (text.length < min) {
    return { type: 'too_short', msg: min === 1 ? 'Must not be empty' : `Must have at least ${min} characters` }
  }
  // A character takes one or two units of UTF-16; only in between must they be counted.
  if (text.length > max && (text.length > 2 * max || charactersOf(text) > max)) {
    return { type: 'too_long', msg: `Must have at most ${max} characters` }
  }
  const msg = storageFault(text)
  return msg === null ? null : { type: 'invalid_text', msg }
}

/** Code points: what PostgreSQL counts as characters. */
function charactersOf(text: string): number {
  let count = 0
  for (const _ of text) count += 1
  return count
}

/** A user's id, as the account service gives it. */
export const userIdSchema = textSchema(255, { min: 1 }).meta({
  description: 'The id of a user, as the account service knows it',
  examples: [DEMO.userId],
})

/** An organization's id, as the organization service gives it. */
export const organizationIdSchema = textSchema(255, { min: 1 }).meta({
  description: 'The id of an organization, as the organization service knows it',
  examples: ['acme'],
})

/** A currency's code. */
export const currencySchema = z
  .string()
  .regex(/^[A-Z][A-Z0-9._-]{0,15}$/, 'Must be 1 to 16 characters of A-Z, 0-9, ".", "_", "-", beginning with a letter')
  .meta({ description: 'The code of a currency', examples: ['CREDIT'] })

const KEY_FAULT = 'Must be 1 to 255 visible ASCII characters, bare or in double quotes, and sent only once'
const BARE_KEY = /^[\x21-\x7e]{1,255}$/
/** RFC 9651 §3.3.3: only the quote and the backslash are escaped. */
const QUOTED_KEY = /^"(?:[\x21\x23-\x5b\x5d-\x7e]|\\["\\])+"$/

/**
 * An `Idempotency-Key` (API.md §5), as a header or beside an operation of a batch. A repeated header arrives joined by a comma
 * and a space, and a space is not visible, so it is refused.
 */
export const idempotencyKeySchema = z
  .string()
  .transform((text, context): string => {
    const quoted = text.length > 1 && text.startsWith('"') && QUOTED_KEY.test(text)
    const key = quoted ? text.slice(1, -1).replace(/\\(["\\])/g, '$1') : text
    const wellFormed = quoted || !text.startsWith('"')
    return wellFormed && BARE_KEY.test(key) ? key : refuse(context, 'invalid_idempotency_key', KEY_FAULT)
  })
  .meta({
    description:
      'Makes a retry safe: the same key with the same request gets the first answer again, and nothing happens twice. 1 to 255 visible ASCII characters, bare or quoted, such as `order-1042-deposit`.',
  })

/** Headers of every route that honours a key. */
export const idempotencyHeadersSchema = z.object({ 'idempotency-key': idempotencyKeySchema.optional() })

/** The mark of a body that can be left out, for the specification to go by; it does not stand there itself. */
export const OPTIONAL_BODY = 'x-optional-body'

/** An optional member that callers may also send as `null`, as clients in other languages do for what they leave out. */
export function optionalSchema<Schema extends z.ZodType>(schema: Schema) {
  return schema.nullish().transform((value) => value ?? undefined)
}

/** What looks like `dry_run` and is not: a name that was passed over here would move money that somebody meant to ask about. */
const ALMOST_DRY_RUN = /^[^a-z]*dry|dry[^a-z]*run/i

/** The query of every mutation (API.md §4). Names that mean nothing to us are passed over, as they always were. */
export const mutationQuerySchema = z
  .looseObject({
    dry_run: z
      .string()
      .transform((text, context): boolean =>
        text === 'true' || text === 'false'
          ? text === 'true'
          : refuse(context, 'invalid_value', 'Must be true or false'),
      )
      .default(false)
      .meta({
        type: 'boolean',
        default: false,
        description:
          'Answer as the real call would at this moment, write nothing, leave the Idempotency-Key unused. The answer carries ' +
          '`Dry-Run: true`; the ids in it will never exist',
      }),
  })
  .check(({ value, issues }) => {
    for (const name of Object.keys(value)) {
      if (name === 'dry_run' || !ALMOST_DRY_RUN.test(name)) continue
      issues.push({
        code: 'custom',
        input: value,
        path: [name],
        message: 'Is not known here; did you mean dry_run?',
        params: { type: 'unknown' },
      })
    }
  })

const WHOLE_NUMBER = /^[0-9]{1,15}$/

/** A whole number in the query string. */
function wholeNumberSchema(bounds: { readonly min: number; readonly max: number; readonly default: number }) {
  const { min, max } = bounds
  return z
    .string()
    .transform((text, context): number => {
      const value = WHOLE_NUMBER.test(text) ? Number(text) : Number.NaN
      if (value >= min && value <= max) return value
      return refuse(context, 'out_of_range', `Must be a whole number from ${min} to ${max}`)
    })
    .default(bounds.default)
    .meta({ type: 'integer', minimum: min, maximum: max, default: bounds.default })
}

/** Entries of a page. */
export const limitSchema = wholeNumberSchema({ min: 1, max: 100, default: 50 }).meta({
  description: 'Entries of a page',
})

/** Entries to pass over; a cursor is faster and misses nothing while new entries arrive. */
export const offsetSchema = wholeNumberSchema({ min: 0, max: 1_000_000, default: 0 }).meta({
  description:
    'Entries to pass over. Go on with `cursor` instead: every entry that arrives meanwhile moves what an offset means, so a page ' +
    'shows entries again; and where entries of one type or of several wallets are counted, all that are passed over are read, ' +
    'which makes a page at offset 100,000 many times as dear as the same page by its cursor',
})

/** The `next_cursor` of an earlier page; its meaning is the route's. */
export const cursorSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,512}$/, 'Must be the next_cursor of an earlier page')
  .meta({ description: 'The `next_cursor` of an earlier page' })

/** Response: a balance as a canonical decimal string. */
const decimalStringSchema = z.string().meta({
  format: 'decimal',
  description: 'An exact decimal in canonical form',
  pattern: '^-?(0|[1-9][0-9]*)(\\.[0-9]*[1-9])?$',
  examples: ['12.5'],
})

/** The envelope of every mutation and of GET balance (API.md §2). */
export function walletResponseSchema<Data extends z.ZodType>(data: Data) {
  return z.object({
    success: z.literal(true),
    message: z.string().meta({ description: 'What was done, for people' }),
    wallet_id: z.string().meta({ format: 'uuid', description: 'The wallet that was asked for' }),
    balance: decimalStringSchema.nullable().meta({ description: "The wallet's balance after it" }),
    transaction_id: z.string().nullable().meta({ format: 'uuid', description: 'The row that was written, if one was' }),
    data,
  })
}
