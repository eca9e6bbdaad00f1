// Amounts as text: what is read and exactly as what, what is refused and why, and what is written (API.md §1). The oracles
// here move decimal points in strings; none of them shares code with domain/money.ts.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  AMOUNT_FAULT_MESSAGES,
  AMOUNT_LIMIT,
  currencyDecimals,
  decimalsOf,
  formatDecimal,
  isAmount,
  parseAmount,
  parseDecimal,
} from '../../src/domain/money.ts'
import { decimal, units } from '../support/ledger-factories.ts'

const LARGEST = `${'9'.repeat(20)}.${'9'.repeat(18)}`

describe('amounts that are read', () => {
  test.each([
    ['1', '1'],
    ['10', '10'],
    ['0.1', '0.1'],
    ['12.5', '12.5'],
    ['0.00000001', '0.00000001'],
    ['1000', '1000'],
    ['1e1', '10'],
    ['1E1', '10'],
    ['1e+1', '10'],
    ['1e-8', '0.00000001'],
    ['1e-18', '0.000000000000000001'],
    ['1e0000000000000000000000001', '10'],
    ['15e-1', '1.5'],
    ['1.5e1', '15'],
    ['0.015e3', '15'],
    ['1.0', '1'],
    ['1.50', '1.5'],
    ['10.000000000', '10'],
    [`1.${'0'.repeat(60)}`, '1'],
    [`0.5${'0'.repeat(60)}`, '0.5'],
    ['100000000000000000000e-20', '1'],
    [`1${'0'.repeat(60)}e-60`, '1'],
    [`0.${'0'.repeat(60)}1e61`, '1'],
    ['12345678901234567890.12345678', '12345678901234567890.12345678'],
    ['0.30000000000000004', '0.30000000000000004'],
    ['9007199254740993', '9007199254740993'],
    ['1e19', '10000000000000000000'],
    ['99999999999999999999', '99999999999999999999'],
    [LARGEST, LARGEST],
    ['0.000000000000000001', '0.000000000000000001'],
  ])('%s is %s', (text, meaning) => {
    expect(parseAmount(text)).toBe(units(meaning))
    expect(parseDecimal(text)).toBe(units(meaning))
  })

  test.each(['0', '0.0', '-0', '-0.00', '0e0', '0E-5', '0e99999999', `0e${'9'.repeat(100)}`, '0.000e-400'])(
    '%s is zero: an initial balance, but no amount',
    (text) => {
      expect(parseDecimal(text)).toBe(0n)
      expect(parseAmount(text)).toBe('not_positive')
    },
  )
})

describe('amounts that are refused', () => {
  test.each([
    ['not_a_decimal', ['', ' ', '.', '-', '+', 'e', 'e5', '1e', '1e+', '1e1.5', '1e1e1', 'abc', 'null', 'true']],
    ['not_a_decimal', ['NaN', 'nan', 'Infinity', '-Infinity', 'inf', '١', '١٢٣', '１', '१', '½', '∞', '1٫5']],
    ['not_a_decimal', ['+1', '+0', '--1', '01', '00', '007', '-01', '.5', '-.5', '5.', '5.e1', '.', '1..2', '1.2.3']],
    ['not_a_decimal', [' 1', '1 ', '\t1', '1\n', '\n1', '1\r\n', '\u00a01', '1\u2009', '\ufeff1', '1\0', '1 000']],
    ['not_a_decimal', ['0x10', '0b1', '0o7', '1n', '1f', '1_000', '1,5', '1,000', '$1', '1%', '1€', '[1]', '"1"']],
    ['too_long', ['1'.repeat(129), `1${'0'.repeat(128)}`, `0.${'0'.repeat(127)}`, ' '.repeat(129)]],
    ['too_long', [`1e${'9'.repeat(1_000_000)}`, `${'0'.repeat(200)}`]],
    ['negative', ['-1', '-0.00000001', '-1e400', '-1e-400', '-99999999999999999999']],
    ['too_many_integer_digits', ['1'.repeat(21), '1'.repeat(40), '1'.repeat(128), '100000000000000000000']],
    ['too_many_integer_digits', ['1e20', '1e21', '1e400', '1e99999999999999999999', `1e${'9'.repeat(120)}`, '0.1e21']],
    ['too_many_decimals', [`0.${'1'.repeat(19)}`, `0.${'1'.repeat(40)}`, '1e-19', '1e-400', `1e-${'9'.repeat(120)}`]],
    ['too_many_decimals', ['12.5e-18', '1.0000000000000000001']],
  ])('%s: %j', (fault, texts) => {
    expect(texts.map((text) => [text, parseAmount(text)])).toEqual(texts.map((text) => [text, fault]))
    expect(texts.map((text) => [text, parseDecimal(text)])).toEqual(texts.map((text) => [text, fault]))
  })

  test('a literal of 128 characters is still read, one more is not', () => {
    expect(parseAmount(`1.${'0'.repeat(126)}`)).toBe(units('1'))
    expect(parseAmount(`1.${'0'.repeat(127)}`)).toBe('too_long')
  })

  test('every fault has words for people', () => {
    for (const message of Object.values(AMOUNT_FAULT_MESSAGES)) expect(message).toMatch(/^Must /)
  })
})

describe('amounts as they are written', () => {
  test.each([
    [0n, '0'],
    [1n, '0.000000000000000001'],
    [10n ** 10n, '0.00000001'],
    [10n ** 18n, '1'],
    [10n ** 18n * 1000n, '1000'],
    [125n * 10n ** 17n, '12.5'],
    [10n ** 38n - 1n, LARGEST],
    [-1n, '-0.000000000000000001'],
    [-125n * 10n ** 17n, '-12.5'],
    [10n ** 40n, '10000000000000000000000'],
  ])('%s units are %s', (value, text) => {
    expect(formatDecimal(value)).toBe(text)
  })
})

test.each([
  [0n, 0],
  [10n ** 18n, 0],
  [10n ** 20n, 0],
  [125n * 10n ** 17n, 1],
  [10n ** 10n, 8],
  [10n ** 9n, 9],
  [1n, 18],
  [-1n, 18],
  [-125n * 10n ** 17n, 1],
])('%s units need %i decimals', (value, decimals) => {
  expect(decimalsOf(value)).toBe(decimals)
})

test.each([
  ['CREDIT', 8],
  ['USD', 8],
  ['BTC', 8],
  ['ETH', 18],
  ['ETHX', 8],
])('%s has %i decimals', (currency, decimals) => {
  expect(currencyDecimals(currency)).toBe(decimals)
})

test.each([
  [0n, false],
  [1n, true],
  [-1n, false],
  [10n ** 38n - 1n, true],
  [10n ** 38n, false],
])('%s units are an amount: %s', (value, verdict) => {
  expect(isAmount(value)).toBe(verdict)
  expect(AMOUNT_LIMIT).toBe(10n ** 38n)
})

/** Any value that `numeric(38,18)` holds, small and large ones alike. */
const anyUnits = fc
  .tuple(fc.integer({ min: 1, max: 38 }), fc.bigInt({ min: 1n, max: 10n ** 38n - 1n }))
  .map(([digits, value]) => value % 10n ** BigInt(digits))

/** The same value as `digits` x 10^`exponent`: the decimal point is moved in the text. */
function spelled(value: bigint, exponent: number): string {
  const digits = value.toString()
  const point = digits.length - 18 - exponent
  if (point >= digits.length)
    return `${digits}${'0'.repeat(point - digits.length)}e${exponent}`.replace(/^0+(?=\d)/, '')
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}e${exponent}`
  return `${digits.slice(0, point)}.${digits.slice(point)}e${exponent}`
}

describe('for all amounts', () => {
  test('what is written is canonical and read back as it was', () => {
    fc.assert(
      fc.property(anyUnits, (value) => {
        const text = formatDecimal(value)
        expect(text).toBe(decimal(value))
        expect(text).toMatch(/^(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$/)
        expect(parseDecimal(text)).toBe(value)
        expect(decimalsOf(value)).toBe(text.split('.')[1]?.length ?? 0)
      }),
      { numRuns: 2000 },
    )
  })

  test('every spelling with an exponent means the same', () => {
    fc.assert(
      fc.property(anyUnits, fc.integer({ min: -40, max: 40 }), (value, exponent) => {
        expect(parseDecimal(spelled(value, exponent))).toBe(value)
      }),
      { numRuns: 2000 },
    )
  })

  test('text is read exactly when it is a JSON number that fits, and then as the fraction that it is', () => {
    const characters = fc.constantFrom(...Array.from('0123456789.eE+-'))
    fc.assert(
      fc.property(fc.string({ unit: characters, minLength: 1, maxLength: 9 }), (text) => {
        const expected = verdict(text)
        expect([text, parseDecimal(text)]).toEqual([text, expected === 'read' ? fraction(text).over(18) : expected])
      }),
      { numRuns: 5000 },
    )
  })
})

function isJsonNumber(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'number'
  } catch {
    return false
  }
}

/** A JSON number as an integer over a power of ten. */
function fraction(text: string): { readonly isZero: boolean; over(decimals: number): bigint | null } {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().replace(/^-/, '').split('e')
  const [integer = '', rest = ''] = mantissa.split('.')
  const numerator = BigInt(integer + rest)
  const power = BigInt(exponent) - BigInt(rest.length)
  return {
    isZero: numerator === 0n,
    over: (decimals) => {
      if (numerator === 0n) return 0n
      const shift = power + BigInt(decimals)
      if (shift > 100n) return 10n ** 100n
      if (shift >= 0n) return numerator * 10n ** shift
      if (shift < -100n) return null
      return numerator % 10n ** -shift === 0n ? numerator / 10n ** -shift : null
    },
  }
}

function verdict(text: string): string {
  if (!isJsonNumber(text)) return 'not_a_decimal'
  const { isZero, over } = fraction(text)
  if (isZero) return 'read'
  if (text.startsWith('-')) return 'negative'
  const value = over(18)
  if (value === null) return 'too_many_decimals'
  return value < 10n ** 38n ? 'read' : 'too_many_integer_digits'
}
