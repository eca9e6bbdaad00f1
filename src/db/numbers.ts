// How PostgreSQL's text becomes our values, on our own connections only: numeric and int8 without a double's loss,
// timestamptz with its microseconds, JSON as the text that was written.
import pg from 'pg'
import { assert } from '../domain/errors.ts'
import type { Instant } from '../domain/instant.ts'
import { SCALE } from '../domain/money.ts'

const { INT8, NUMERIC, TIMESTAMPTZ, JSON: JSON_TEXT, JSONB } = pg.types.builtins

/** Reads `numeric` text, scaled by 10^18. */
function parseNumeric(text: string): bigint {
  const point = text.indexOf('.')
  if (point === -1) return BigInt(text) * 10n ** BigInt(SCALE)
  const decimals = text.length - point - 1
  // What `numeric(38,18)` sends, always: no power to compute.
  if (decimals === SCALE) return BigInt(text.slice(0, point) + text.slice(point + 1))
  assert(decimals <= SCALE, `numeric with ${decimals} decimals`)
  return BigInt(text.slice(0, point) + text.slice(point + 1)) * 10n ** BigInt(SCALE - decimals)
}

/** Reads `int8` text; sequences and counts stay far below 2^53, and one that does not is a bug, not a rounding. */
function parseInt8(text: string): number {
  const value = Number(text)
  assert(Number.isSafeInteger(value), `int8 beyond 2^53: ${text}`)
  return value
}

const TIMESTAMPTZ_UTC = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?\+00$/

/** Reads `timestamptz` text of a session in UTC as microseconds. */
export function parseTimestamptz(text: string): Instant {
  const match = TIMESTAMPTZ_UTC.exec(text)
  assert(match, `timestamptz that is not in UTC: ${text}`)
  const [, year = '', month, day, hour, minute, second, fraction = ''] = match
  const millis = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second))
  const micros = millis * 1000 + Number(fraction.padEnd(6, '0'))
  // A double holds the microseconds of a present year, and is several times as fast. Date.UTC takes a year below 100 for another.
  if (year >= '1970' && Number.isSafeInteger(micros)) return BigInt(micros)
  return (
    BigInt(Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)) * 1000n + BigInt(fraction.padEnd(6, '0'))
  )
}

function asText(text: string): string {
  return text
}

const PARSERS: ReadonlyMap<number, (text: string) => unknown> = new Map<number, (text: string) => unknown>([
  [INT8, parseInt8],
  [NUMERIC, parseNumeric],
  [TIMESTAMPTZ, parseTimestamptz],
  [JSON_TEXT, asText],
  [JSONB, asText],
])

/** The type parsers of our connections; `pg.types` stays as it is for everybody else in the process. */
export const typeParsers: pg.CustomTypesConfig = {
  getTypeParser(oid, format) {
    return (format === 'binary' ? undefined : PARSERS.get(oid)) ?? pg.types.getTypeParser(oid, format)
  },
}
