// Points in time: written to the microsecond, compared, and never through a Date's milliseconds.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseTimestamptz } from '../../src/db/numbers.ts'
import { formatInstant, instantFromMillis, laterOf, millisOf } from '../../src/domain/instant.ts'

test.each([
  [0n, '1970-01-01T00:00:00.000000Z'],
  [1n, '1970-01-01T00:00:00.000001Z'],
  [999n, '1970-01-01T00:00:00.000999Z'],
  [1_000n, '1970-01-01T00:00:00.001000Z'],
  [1_769_860_800_000_123n, '2026-01-31T12:00:00.000123Z'],
  [1_769_860_800_123_456n, '2026-01-31T12:00:00.123456Z'],
  [253_402_300_799_999_999n, '9999-12-31T23:59:59.999999Z'],
  [-1n, '1969-12-31T23:59:59.999999Z'],
  [-1_000n, '1969-12-31T23:59:59.999000Z'],
  [-1_001n, '1969-12-31T23:59:59.998999Z'],
])('%s microseconds are %s', (instant, text) => {
  expect(formatInstant(instant)).toBe(text)
})

test('what is written for PostgreSQL comes back as it was', () => {
  // From the year 1 to 9999: what four digits of a year can say.
  fc.assert(
    fc.property(fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n }), (instant) => {
      const asPostgresAnswers = formatInstant(instant).replace('T', ' ').replace('Z', '+00')
      expect(parseTimestamptz(asPostgresAnswers)).toBe(instant)
    }),
  )
})

test('later instants are later texts', () => {
  const instants = fc.bigInt({ min: 0n, max: 253_402_300_799_999_999n })
  fc.assert(
    fc.property(instants, instants, (left, right) => {
      expect(formatInstant(left) < formatInstant(right)).toBe(left < right)
      expect(laterOf(left, right)).toBe(left < right ? right : left)
    }),
  )
})

test.each([
  [0, 0n],
  [1_769_860_800_123, 1_769_860_800_123_000n],
  [1.9, 1_000n],
])('%d ms are %s microseconds', (millis, instant) => {
  expect(instantFromMillis(millis)).toBe(instant)
})

test('milliseconds keep their fraction', () => {
  expect(millisOf(1_500n)).toBe(1.5)
})
