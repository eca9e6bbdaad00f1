// What requests may say, value by value: amounts, ids, text, metadata, keys, dates and pages. Values arrive as
// `parseExactJson` gives them.
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { formatInstant } from '../../src/domain/instant.ts'
import { parseExactJson } from '../../src/domain/json.ts'
import { formatDecimal } from '../../src/domain/money.ts'
import {
  amountSchema,
  atSchema,
  currencySchema,
  cursorSchema,
  endDateSchema,
  idempotencyHeadersSchema,
  initialAmountSchema,
  limitSchema,
  metadataSchema,
  offsetSchema,
  startDateSchema,
  textSchema,
  transactionIdSchema,
  userIdSchema,
  walletIdSchema,
} from '../../src/http/schemas/common.ts'
import { faultsOf, type RequestPart } from '../../src/http/schemas/faults.ts'

/** The parsed value, or the type of the first fault. */
function outcomeOf(schema: z.ZodType, value: unknown, part: RequestPart = 'body'): unknown {
  const received = { field: value }
  const result = z.object({ field: schema }).safeParse(received)
  return result.success ? result.data.field : faultsOf(result.error, part, received)[0]?.type
}

function json(text: string): unknown {
  return parseExactJson(text)
}

describe('amounts', () => {
  test.each`
    sent                                  | outcome
    ${'10'}                               | ${'10'}
    ${'10.50'}                            | ${'10.5'}
    ${'"0.1"'}                            | ${'0.1'}
    ${'0.1'}                              | ${'0.1'}
    ${'1e1'}                              | ${'10'}
    ${'"1E-8"'}                           | ${'0.00000001'}
    ${'0.30000000000000004'}              | ${'0.30000000000000004'}
    ${'12345678901234567890.12345678'}    | ${'12345678901234567890.12345678'}
    ${'"99999999999999999999.99999999"'}  | ${'99999999999999999999.99999999'}
    ${'1.000000000000000000000000000000'} | ${'1'}
    ${'0'}                                | ${'not_positive'}
    ${'-0'}                               | ${'not_positive'}
    ${'"0.00"'}                           | ${'not_positive'}
    ${'-1'}                               | ${'negative'}
    ${'"-1"'}                             | ${'negative'}
    ${'100000000000000000000'}            | ${'too_many_integer_digits'}
    ${'1e400'}                            | ${'too_many_integer_digits'}
    ${'"1e400"'}                          | ${'too_many_integer_digits'}
    ${'1e-400'}                           | ${'too_many_decimals'}
    ${'"0.0000000000000000001"'}          | ${'too_many_decimals'}
    ${`"${'1'.repeat(200)}"`}             | ${'too_long'}
    ${'""'}                               | ${'not_a_decimal'}
    ${'" 1"'}                             | ${'not_a_decimal'}
    ${'"1 "'}                             | ${'not_a_decimal'}
    ${'"+1"'}                             | ${'not_a_decimal'}
    ${'"1,5"'}                            | ${'not_a_decimal'}
    ${'"0x10"'}                           | ${'not_a_decimal'}
    ${'"1_000"'}                          | ${'not_a_decimal'}
    ${'"NaN"'}                            | ${'not_a_decimal'}
    ${'"Infinity"'}                       | ${'not_a_decimal'}
    ${'"١"'}                              | ${'not_a_decimal'}
    ${'true'}                             | ${'not_a_decimal'}
    ${'null'}                             | ${'not_a_decimal'}
    ${'[1]'}                              | ${'not_a_decimal'}
    ${'{"rawJSON":"1"}'}                  | ${'not_a_decimal'}
  `('$sent is $outcome', ({ sent, outcome }) => {
    const found = outcomeOf(amountSchema, json(sent))
    expect(typeof found === 'bigint' ? formatDecimal(found) : found).toBe(outcome)
  })

  test('a missing amount is missing', () => {
    expect(outcomeOf(amountSchema, undefined)).toBe('missing')
  })

  test.each`
    sent       | outcome
    ${'0'}     | ${null}
    ${'"0.0"'} | ${null}
    ${'1e2'}   | ${'100'}
    ${'-1'}    | ${'negative'}
    ${'false'} | ${'not_a_decimal'}
  `('as an opening balance, $sent is $outcome', ({ sent, outcome }) => {
    const found = outcomeOf(initialAmountSchema, json(sent))
    expect(typeof found === 'bigint' ? formatDecimal(found) : found).toBe(outcome)
  })
})

describe('ids', () => {
  const id = '01970c9e-9f4b-7cc0-8a3e-5b1f6c2d7e80'

  test.each([walletIdSchema, transactionIdSchema])('any UUID, in lower case from here on', (schema) => {
    expect(outcomeOf(schema, id.toUpperCase())).toBe(id)
    expect(outcomeOf(schema, '00000000-0000-0000-0000-000000000000')).toBe('00000000-0000-0000-0000-000000000000')
    for (const text of ['', 'abc', `{${id}}`, `${id} `, id.replaceAll('-', ''), `${id}0`, 'g'.repeat(36)]) {
      expect(outcomeOf(schema, text)).toBe('invalid_uuid')
    }
    expect(outcomeOf(schema, 12)).toBe('invalid_type')
  })
})

describe('text', () => {
  test.each`
    text               | outcome
    ${'abc'}           | ${'abc'}
    ${''}              | ${''}
    ${'👍👍👍'}        | ${'👍👍👍'}
    ${'👍👍👍👍'}      | ${'too_long'}
    ${'abcd'}          | ${'too_long'}
    ${'a'.repeat(999)} | ${'too_long'}
    ${'a\0'}           | ${'invalid_text'}
    ${'\ud800'}        | ${'invalid_text'}
    ${'a\udc00'}       | ${'invalid_text'}
    ${5}               | ${'invalid_type'}
  `('of at most 3 characters: $text is $outcome', ({ text, outcome }) => {
    expect(outcomeOf(textSchema(3), text)).toBe(outcome)
  })

  test('user ids have 1 to 255 characters', () => {
    expect(outcomeOf(userIdSchema, '')).toBe('too_short')
    expect(outcomeOf(userIdSchema, 'u'.repeat(255))).toBe('u'.repeat(255))
    expect(outcomeOf(userIdSchema, 'u'.repeat(256))).toBe('too_long')
    expect(outcomeOf(userIdSchema, '🦊'.repeat(255))).toBe('🦊'.repeat(255))
  })

  test.each`
    code              | valid
    ${'CREDIT'}       | ${true}
    ${'A'}            | ${true}
    ${'USD.2-x_'}     | ${false}
    ${'A0._-'}        | ${true}
    ${'A'.repeat(16)} | ${true}
    ${'A'.repeat(17)} | ${false}
    ${'usd'}          | ${false}
    ${'1A'}           | ${false}
    ${''}             | ${false}
    ${'USD\n'}        | ${false}
  `('currency $code: $valid', ({ code, valid }) => {
    expect(outcomeOf(currencySchema, code) === code).toBe(valid)
  })
})

describe('metadata', () => {
  const nested = (depth: number): string => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth)

  test.each`
    sent                                 | outcome
    ${'{}'}                              | ${'{}'}
    ${'{"a":[1,{"b":null}],"c":true}'}   | ${'{"a":[1,{"b":null}],"c":true}'}
    ${'{"n":1.10000000000000000000001}'} | ${'{"n":1.10000000000000000000001}'}
    ${'{"n":12345678901234567890}'}      | ${'{"n":12345678901234567890}'}
    ${'{"n":1e10}'}                      | ${'{"n":10000000000}'}
    ${'{"n":0e999}'}                     | ${'{"n":0e999}'}
    ${'{"n":1e400}'}                     | ${'invalid_metadata'}
    ${'{"n":[1e-400]}'}                  | ${'invalid_metadata'}
    ${`{"n":1.${'1'.repeat(70)}}`}       | ${'invalid_metadata'}
    ${'{"a":"\\u0000"}'}                 | ${'invalid_metadata'}
    ${'{"a\\u0000":1}'}                  | ${'invalid_metadata'}
    ${'{"a":{"b":["\\ud800"]}}'}         | ${'invalid_metadata'}
    ${'{"\\udc00":1}'}                   | ${'invalid_metadata'}
    ${nested(32)}                        | ${nested(32)}
    ${nested(33)}                        | ${'invalid_metadata'}
    ${'[]'}                              | ${'invalid_type'}
    ${'null'}                            | ${'invalid_type'}
    ${'"a"'}                             | ${'invalid_type'}
    ${'12345678901234567890'}            | ${'invalid_type'}
  `('$sent is $outcome', ({ sent, outcome }) => {
    const found = outcomeOf(metadataSchema, json(sent))
    expect(typeof found === 'object' ? JSON.stringify(found) : found).toBe(outcome)
  })

  test('has at most 10 KiB as JSON in UTF-8', () => {
    const overhead = Buffer.byteLength('{"a":""}')
    expect(outcomeOf(metadataSchema, { a: 'é'.repeat((10_240 - overhead) / 2) })).toBeTypeOf('object')
    expect(outcomeOf(metadataSchema, { a: `${'é'.repeat((10_240 - overhead) / 2)}x` })).toBe('too_big')
  })
})

describe('Idempotency-Key', () => {
  test.each`
    sent                      | key
    ${'abc'}                  | ${'abc'}
    ${'"abc"'}                | ${'abc'}
    ${'"a\\"b\\\\c"'}         | ${'a"b\\c'}
    ${'a"b'}                  | ${'a"b'}
    ${'~!'}                   | ${'~!'}
    ${'k'.repeat(255)}        | ${'k'.repeat(255)}
    ${`"${'k'.repeat(255)}"`} | ${'k'.repeat(255)}
    ${'k'.repeat(256)}        | ${undefined}
    ${''}                     | ${undefined}
    ${'""'}                   | ${undefined}
    ${'"'}                    | ${undefined}
    ${'"abc'}                 | ${undefined}
    ${'"a"b"'}                | ${undefined}
    ${'"a\\b"'}               | ${undefined}
    ${'a b'}                  | ${undefined}
    ${'"a b"'}                | ${undefined}
    ${'first, second'}        | ${undefined}
    ${'"first", "second"'}    | ${undefined}
    ${'ключ'}                 | ${undefined}
  `('$sent is $key', ({ sent, key }) => {
    const result = idempotencyHeadersSchema.safeParse({ 'idempotency-key': sent })
    expect(result.data?.['idempotency-key']).toBe(key)
    expect(result.success).toBe(key !== undefined)
  })

  test('may be left out', () => {
    expect(idempotencyHeadersSchema.safeParse({ host: 'x' })).toEqual({ success: true, data: {} })
  })
})

describe('dates', () => {
  test.each`
    sent                              | start                            | end
    ${'2026-01-31'}                   | ${'2026-01-31T00:00:00.000000Z'} | ${'2026-01-31T23:59:59.999999Z'}
    ${'2026-01-31T12:00'}             | ${'2026-01-31T12:00:00.000000Z'} | ${'2026-01-31T12:00:00.000000Z'}
    ${'2026-01-31T12:00:05'}          | ${'2026-01-31T12:00:05.000000Z'} | ${'2026-01-31T12:00:05.000000Z'}
    ${'2026-01-31 12:00:05'}          | ${'2026-01-31T12:00:05.000000Z'} | ${'2026-01-31T12:00:05.000000Z'}
    ${'2026-01-31T12:00:05.123456Z'}  | ${'2026-01-31T12:00:05.123456Z'} | ${'2026-01-31T12:00:05.123456Z'}
    ${'2026-01-31T12:00:05.1234567Z'} | ${'2026-01-31T12:00:05.123457Z'} | ${'2026-01-31T12:00:05.123456Z'}
    ${'2026-01-31T12:00:05.5+02:00'}  | ${'2026-01-31T10:00:05.500000Z'} | ${'2026-01-31T10:00:05.500000Z'}
    ${'2026-01-31T12:00:05 02:00'}    | ${'2026-01-31T10:00:05.000000Z'} | ${'2026-01-31T10:00:05.000000Z'}
    ${'2026-01-31T12:00:05-0530'}     | ${'2026-01-31T17:30:05.000000Z'} | ${'2026-01-31T17:30:05.000000Z'}
    ${'2024-02-29T00:00:00Z'}         | ${'2024-02-29T00:00:00.000000Z'} | ${'2024-02-29T00:00:00.000000Z'}
    ${'0'}                            | ${'1970-01-01T00:00:00.000000Z'} | ${'1970-01-01T00:00:00.000000Z'}
    ${'1769860800'}                   | ${'2026-01-31T12:00:00.000000Z'} | ${'2026-01-31T12:00:00.000000Z'}
    ${'1769860800.000001'}            | ${'2026-01-31T12:00:00.000001Z'} | ${'2026-01-31T12:00:00.000001Z'}
    ${'1769860800123'}                | ${'2026-01-31T12:00:00.123000Z'} | ${'2026-01-31T12:00:00.123000Z'}
    ${'1769860800123.456'}            | ${'2026-01-31T12:00:00.123456Z'} | ${'2026-01-31T12:00:00.123456Z'}
    ${'9999-12-31'}                   | ${'9999-12-31T00:00:00.000000Z'} | ${'9999-12-31T23:59:59.999999Z'}
    ${'2026-02-30'}                   | ${'invalid_date'}                | ${'invalid_date'}
    ${'2025-02-29T00:00:00Z'}         | ${'invalid_date'}                | ${'invalid_date'}
    ${'2026-13-01'}                   | ${'invalid_date'}                | ${'invalid_date'}
    ${'2026-01-31T24:00:00Z'}         | ${'invalid_date'}                | ${'invalid_date'}
    ${'2026-01-31T12:60:00Z'}         | ${'invalid_date'}                | ${'invalid_date'}
    ${'2026-01-31T12:00:00+24:00'}    | ${'invalid_date'}                | ${'invalid_date'}
    ${'1969-12-31'}                   | ${'invalid_date'}                | ${'invalid_date'}
    ${'1970-01-01T00:00:00+01:00'}    | ${'invalid_date'}                | ${'invalid_date'}
    ${'10000-01-01'}                  | ${'invalid_date'}                | ${'invalid_date'}
    ${'9999-12-31T23:59:59-01:00'}    | ${'invalid_date'}                | ${'invalid_date'}
    ${'999999999999999'}              | ${'invalid_date'}                | ${'invalid_date'}
    ${'-1'}                           | ${'invalid_date'}                | ${'invalid_date'}
    ${'1e9'}                          | ${'invalid_date'}                | ${'invalid_date'}
    ${'yesterday'}                    | ${'invalid_date'}                | ${'invalid_date'}
    ${''}                             | ${'invalid_date'}                | ${'invalid_date'}
    ${['2026-01-31', '2026-02-01']}   | ${'repeated'}                    | ${'repeated'}
  `('$sent: from $start, to $end', ({ sent, start, end }) => {
    const read = (schema: z.ZodType): unknown => {
      const found = outcomeOf(schema, sent, 'query')
      return typeof found === 'bigint' ? formatInstant(found) : found
    }
    expect([read(startDateSchema), read(endDateSchema)]).toEqual([start, end])
    expect(read(atSchema)).toEqual(end)
  })
})

describe('pages', () => {
  test.each`
    sent          | limit             | offset
    ${undefined}  | ${50}             | ${0}
    ${'1'}        | ${1}              | ${1}
    ${'100'}      | ${100}            | ${100}
    ${'007'}      | ${7}              | ${7}
    ${'0'}        | ${'out_of_range'} | ${0}
    ${'101'}      | ${'out_of_range'} | ${101}
    ${'1000000'}  | ${'out_of_range'} | ${1_000_000}
    ${'1000001'}  | ${'out_of_range'} | ${'out_of_range'}
    ${'-1'}       | ${'out_of_range'} | ${'out_of_range'}
    ${'1.0'}      | ${'out_of_range'} | ${'out_of_range'}
    ${'1e1'}      | ${'out_of_range'} | ${'out_of_range'}
    ${''}         | ${'out_of_range'} | ${'out_of_range'}
    ${'ten'}      | ${'out_of_range'} | ${'out_of_range'}
    ${['1', '2']} | ${'repeated'}     | ${'repeated'}
  `('$sent: limit $limit, offset $offset', ({ sent, limit, offset }) => {
    expect([outcomeOf(limitSchema, sent, 'query'), outcomeOf(offsetSchema, sent, 'query')]).toEqual([limit, offset])
  })

  test('cursors are base64url', () => {
    expect(outcomeOf(cursorSchema, 'WzEsNDEs-_')).toBe('WzEsNDEs-_')
    for (const text of ['', 'a b', 'a=', 'a'.repeat(513)]) expect(outcomeOf(cursorSchema, text)).not.toBe(text)
  })
})

describe('faults in words', () => {
  const body = z.object({
    kind: z.enum(['fiat', 'crypto']),
    count: z.int(),
    list: z.array(z.string()).max(1),
    either: z.union([z.int().transform(String), textSchema(3)]),
  })

  test.each`
    value                    | loc                    | msg
    ${{ kind: 'x' }}         | ${['body', 'kind']}    | ${'Must be one of: fiat, crypto'}
    ${{ count: 'x' }}        | ${['body', 'count']}   | ${'Must be a number'}
    ${{ count: 1.5 }}        | ${['body', 'count']}   | ${'Must be a whole number'}
    ${{ list: ['a', 'b'] }}  | ${['body', 'list']}    | ${'Must have at most 1 elements'}
    ${{ list: [1] }}         | ${['body', 'list', 0]} | ${'Must be a string'}
    ${{ list: {} }}          | ${['body', 'list']}    | ${'Must be a list'}
    ${{ either: true }}      | ${['body', 'either']}  | ${'Must be a number, or must be a string'}
    ${{ either: undefined }} | ${['body', 'either']}  | ${'Is required'}
  `('$value', ({ value, loc, msg }) => {
    const received = { kind: 'fiat', count: 1, list: [], either: 1, ...value }
    const result = body.safeParse(received)
    expect(result.success ? [] : faultsOf(result.error, 'body', received)).toMatchObject([{ loc, msg }])
  })

  test.each([undefined, null, [], 1, 'x'])('a body that is %s is refused as a whole', (received) => {
    const result = body.safeParse(received)
    expect(result.success ? [] : faultsOf(result.error, 'body', received)).toMatchObject([{ loc: ['body'] }])
  })
})
