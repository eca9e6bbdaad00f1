// JSON that keeps the digits it was sent with, refuses what would reach a prototype or the end of the stack, and has one
// canonical form (API.md §1, §5).
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson, isRawNumber, type JsonValue, parseExactJson } from '../../src/domain/json.ts'

/** Numbers that a double takes and gives back unchanged, or at least as the same value. */
const PLAIN: readonly [string, number][] = [
  ['0', 0],
  ['1', 1],
  ['-1', -1],
  ['0.1', 0.1],
  ['12.50', 12.5],
  ['1e5', 100_000],
  ['1E+5', 100_000],
  ['9007199254740991', 9_007_199_254_740_991],
  ['123456789012345', 123_456_789_012_345],
  ['0.30000000000000004', 0.30000000000000004],
]

/** Numbers that a double would change. */
const RAW = [
  '9007199254740993',
  '12345678901234567890',
  '12345678901234567890.12345678',
  '0.1000000000000000055511151231257827',
  '1.0000000000000000001',
  '1e400',
  '-1e400',
  '1e-400',
  '1e99999999999999999999',
  '0e99999999',
  '1e21',
  '1.5e0',
  '100000000000000000000000',
]

describe('numbers', () => {
  test.each(PLAIN)('%s is a number', (literal, value) => {
    expect(parseExactJson(literal)).toBe(value)
    expect(parseExactJson(`[{"deep":[${literal}]}]`)).toEqual([{ deep: [value] }])
  })

  test.each(RAW)('%s is kept as text, wherever it stands, and written back as it was', (literal) => {
    const alone = parseExactJson(literal)
    expect(isRawNumber(alone)).toBe(true)
    expect(JSON.stringify(alone)).toBe(literal)
    const text = `{"amount":${literal},"list":[1,${literal},"${literal}"],"deep":{"amount":${literal}}}`
    expect(JSON.stringify(parseExactJson(text))).toBe(text)
  })

  test('a string that looks like a number, or like a raw one, is a string or an object', () => {
    expect(parseExactJson('"12345678901234567890"')).toBe('12345678901234567890')
    const imitation = parseExactJson('{"rawJSON":"1"}')
    expect(isRawNumber(imitation)).toBe(false)
    expect(imitation).toEqual({ rawJSON: '1' })
  })

  test('every decimal up to 30 digits keeps its value: as a double that is written alike, or as it was sent', () => {
    const digits = (max: number) =>
      fc.string({ unit: fc.constantFrom(...Array.from('0123456789')), minLength: 1, maxLength: max })
    const decimals = fc
      .tuple(digits(20), fc.option(digits(20)))
      .map(([integer, rest]) => `${BigInt(integer)}${rest === null ? '' : `.${rest}`}`)
    fc.assert(
      fc.property(decimals, (literal) => {
        const written = JSON.stringify(parseExactJson(literal))
        expect(plain(written)).toBe(plain(literal))
      }),
      { numRuns: 2000 },
    )
  })
})

/** A decimal without an exponent and superfluous zeros. */
function plain(literal: string): string {
  const [mantissa = '', exponent = '0'] = literal.split('e')
  const [integer = '', rest = ''] = mantissa.split('.')
  const shift = -Number(exponent)
  const digits = integer.padStart(shift + 1, '0')
  const whole = shift > 0 ? `${digits.slice(0, -shift)}.${digits.slice(-shift)}${rest}` : `${integer}.${rest}`
  return whole.replace(/0+$/, '').replace(/\.$/, '')
}

describe('hostile text', () => {
  test.each([
    '{"__proto__":1}',
    '{"__proto__":{"isAdmin":true}}',
    '[{"a":{"__proto__":[]}}]',
    '{"\\u005f_proto__":1}',
    '{"__proto__":1,"__proto__":2}',
  ])('%s would reach a prototype', (text) => {
    expect(() => parseExactJson(text)).toThrow(SyntaxError)
    expect(Object.hasOwn(Object.prototype, 'isAdmin')).toBe(false)
  })

  test('keys that only sound dangerous are data', () => {
    const text = '{"constructor":{"prototype":1},"toString":2,"hasOwnProperty":3,"":4,"length":5}'
    expect(JSON.stringify(parseExactJson(text))).toBe(text)
  })

  test.each(['[', '{"a":', '[{"a":'])('a million of %s is refused, closed or not', (opening) => {
    const closing = Array.from(opening).toReversed().join('').replace(/[":a]/g, '').replace('[', ']').replace('{', '}')
    const open = opening.repeat(1_000_000)
    expect(() => parseExactJson(open)).toThrow(SyntaxError)
    expect(() => parseExactJson(`${open}1${closing.repeat(1_000_000)}`)).toThrow(SyntaxError)
  })

  test.each([
    '',
    ' ',
    '{',
    '{a:1}',
    "{'a':1}",
    '[1,]',
    '01',
    '+1',
    '.5',
    '5.',
    'NaN',
    'Infinity',
    '0x10',
    '1 2',
    '\ufeff1',
  ])('%j is not JSON', (text) => {
    expect(() => parseExactJson(text)).toThrow(SyntaxError)
  })

  test('of a key that is sent twice the last value counts, with its own digits', () => {
    expect(parseExactJson('{"amount":1,"amount":2}')).toEqual({ amount: 2 })
    const cases = [
      ['{"amount":1.0000000000000000001,"amount":2}', '{"amount":2}'],
      ['{"amount":2,"amount":1.0000000000000000001}', '{"amount":1.0000000000000000001}'],
      ['{"a":[12345678901234567890],"a":[98765432109876543210]}', '{"a":[98765432109876543210]}'],
      ['{"a":{"b":12345678901234567890},"a":{"b":1}}', '{"a":{"b":1}}'],
      ['{"a":1.0000000000000000001,"a":"text"}', '{"a":"text"}'],
    ] as const
    for (const [sent, kept] of cases) expect(JSON.stringify(parseExactJson(sent))).toBe(kept)
  })
})

describe('canonical text', () => {
  test.each([
    ['{"b":1,"a":2}', '{"a":2,"b":1}'],
    ['{"b":{"d":1,"c":[{"z":1,"y":2}]},"a":null}', '{"a":null,"b":{"c":[{"y":2,"z":1}],"d":1}}'],
    ['[3,1,2]', '[3,1,2]'],
    ['{"10":1,"9":2,"a":3}', '{"10":1,"9":2,"a":3}'],
    ['{"a":12345678901234567890.5}', '{"a":12345678901234567890.5}'],
    ['"quote \\" and \\u00e9"', '"quote \\" and é"'],
    ['true', 'true'],
    ['null', 'null'],
    ['{"":{}}', '{"":{}}'],
  ])('%s becomes %s', (text, canonical) => {
    expect(canonicalJson(parseExactJson(text) as JsonValue)).toBe(canonical)
  })

  test('what is absent is empty', () => {
    expect(canonicalJson(undefined)).toBe('')
  })

  test('does not depend on the order of keys, and says the same as JSON.stringify otherwise', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const sent = JSON.stringify(value)
        const canonical = canonicalJson(JSON.parse(sent, reverseKeys) as JsonValue)
        expect(canonical).toBe(canonicalJson(JSON.parse(sent) as JsonValue))
        expect(JSON.parse(canonical)).toEqual(JSON.parse(sent))
      }),
    )
  })
})

function reverseKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toReversed())
}

describe('long text', () => {
  const many = (value: string, count: number): string => `[${Array.from({ length: count }, () => value).join(',')}]`

  test('digits, brackets and exponents within quotes are no reason for care, and change nothing', () => {
    const ids = {
      id: '019c1234-7e12-7e5a-9c73-2f6b4e8d0a03',
      number: '12345678901234567890',
      brackets: '[[[[{{{{',
      e: '1e400',
    }
    const text = many(JSON.stringify(ids), 1000)
    expect(parseExactJson(text)).toEqual(JSON.parse(text))
  })

  test('a number that a double would change keeps its digits wherever it stands', () => {
    const plain = '{"id":"a1e5","amount":0.25,"list":[1,-2.5,true,null,"x"]}'
    for (const exact of ['12345678901234567890', '1e400', '0.1000000000000000055511151231257827']) {
      const text = `[${many(plain, 500)},{"amount":${exact}}]`
      expect(JSON.stringify(parseExactJson(text))).toBe(text)
    }
  })

  test('the forbidden key is found in it, however it is spelt', () => {
    for (const key of ['__proto__', '\\u005f_proto__']) {
      expect(() => parseExactJson(`[${many('{"a":1}', 1000)},{"${key}":1}]`)).toThrow(SyntaxError)
    }
  })

  test('values that need care are bounded in number, others are not', () => {
    expect(parseExactJson(many('1', 150_000))).toHaveLength(150_000)
    expect(parseExactJson(many('1e1', 99_000))).toHaveLength(99_000)
    expect(() => parseExactJson(many('1e1', 150_000))).toThrow('too many values')
  })

  test('text that ends within quotes is refused', () => {
    expect(() => parseExactJson('{"a":"b')).toThrow(SyntaxError)
  })
})
