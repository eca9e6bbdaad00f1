// Exact amounts of money: `bigint`s scaled by 10^18, read from and written as decimal text. Nothing here rounds, and
// nothing here passes through a double (API.md §1, DESIGN.md §3).

declare const amountBrand: unique symbol

/** A validated amount of a movement, in units of 10^-18. Balances are plain `bigint`s of the same scale. */
export type Amount = bigint & { readonly [amountBrand]: true }

/** Decimals that a stored amount carries: `numeric(38,18)` in PostgreSQL. */
export const SCALE = 18
const UNIT = 10n ** BigInt(SCALE)
const ZERO = '0'.charCodeAt(0)

/** Integer digits that an amount or a balance may have; with `SCALE` they fill `numeric(38,18)`. */
export const MAX_INTEGER_DIGITS = 20
/** The first value that no longer fits: 10^20, scaled. */
export const AMOUNT_LIMIT = 10n ** BigInt(MAX_INTEGER_DIGITS + SCALE)
/** A literal longer than this is refused unread; 40 digits, a point and an exponent need less than a third. */
const MAX_LITERAL_LENGTH = 128

/** Decimals a currency allows. The schema repeats this table in its CHECKs; `test/contract` compares the two. */
export const CURRENCY_DECIMALS: ReadonlyMap<string, number> = new Map([['ETH', 18]])
export const DEFAULT_CURRENCY_DECIMALS = 8

/** The currency of a wallet that says nothing else, and the one that the legacy credit endpoints mean (API.md §3). */
export const CREDIT = 'CREDIT'

/** Decimals that amounts of `currency` may have. */
export function currencyDecimals(currency: string): number {
  return CURRENCY_DECIMALS.get(currency) ?? DEFAULT_CURRENCY_DECIMALS
}

const DECIMAL = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/

export type AmountFault =
  | 'not_a_decimal'
  | 'too_long'
  | 'negative'
  | 'not_positive'
  | 'too_many_integer_digits'
  | 'too_many_decimals'

/** What is wrong with an amount, for people. */
export const AMOUNT_FAULT_MESSAGES: Readonly<Record<AmountFault, string>> = {
  not_a_decimal: 'Must be a decimal number such as 10, "10.5" or 1e3',
  too_long: `Must be written in at most ${MAX_LITERAL_LENGTH} characters`,
  negative: 'Must not be negative',
  not_positive: 'Must be greater than 0',
  too_many_integer_digits: `Must have at most ${MAX_INTEGER_DIGITS} integer digits`,
  too_many_decimals: `Must have at most ${SCALE} decimals`,
}

/**
 * Reads decimal text (JSON's number grammar) exactly, scaled by 10^18.
 * Returns the fault instead where the text is no decimal or does not fit `numeric(38,18)`.
 */
export function parseDecimal(text: string): bigint | AmountFault {
  if (text.length > MAX_LITERAL_LENGTH) return 'too_long'
  const match = DECIMAL.exec(text)
  if (!match) return 'not_a_decimal'
  const [, sign = '', integer = '', fraction = '', exponentText = '0'] = match
  const significant = (integer + fraction).replace(/^0+/, '')
  const digits = significant.replace(/0+$/, '')
  if (digits === '') return 0n
  if (sign === '-') return 'negative'
  // The value is digits x 10^power. Number() of a 100-digit exponent is merely a large number, so both bounds hold.
  const power = Number(exponentText) - fraction.length + (significant.length - digits.length)
  if (digits.length + power > MAX_INTEGER_DIGITS) return 'too_many_integer_digits'
  if (-power > SCALE) return 'too_many_decimals'
  return BigInt(digits) * 10n ** BigInt(SCALE + power)
}

/** Reads an amount of money that moves: as `parseDecimal`, and greater than 0. */
export function parseAmount(text: string): Amount | AmountFault {
  const value = parseDecimal(text)
  if (typeof value === 'string') return value
  return isAmount(value) ? value : 'not_positive'
}

/** Tells whether a scaled value can be an amount: greater than 0 and within `numeric(38,18)`. */
export function isAmount(value: bigint): value is Amount {
  return value > 0n && value < AMOUNT_LIMIT
}

/** Writes a scaled value canonically: no exponent, no superfluous zeros (`"1000"`, `"12.5"`, `"0.00000001"`, `"0"`). */
export function formatDecimal(value: bigint): string {
  if (value < 0n) return `-${formatDecimal(-value)}`
  // On the digits: dividing twice and writing both parts took twice as long, ten times a posting.
  const digits = value.toString().padStart(SCALE + 1, '0')
  const point = digits.length - SCALE
  let end = digits.length
  while (end > point && digits.charCodeAt(end - 1) === ZERO) end -= 1
  return end === point ? digits.slice(0, point) : `${digits.slice(0, point)}.${digits.slice(point, end)}`
}

/** Decimals that a scaled value needs: 12.5 needs 1, 1000 needs 0. */
export function decimalsOf(value: bigint): number {
  let rest = value < 0n ? -value % UNIT : value % UNIT
  if (rest === 0n) return 0
  let decimals = SCALE
  while (rest % 10n === 0n) {
    rest /= 10n
    decimals -= 1
  }
  return decimals
}
