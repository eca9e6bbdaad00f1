// Points in time in the query string: a date, a datetime with or without a zone (UTC), Unix seconds or milliseconds. They
// become microseconds, and bounds are inclusive (API.md §3).
import { z } from 'zod'
import type { Instant } from '../../domain/instant.ts'
import { refuse } from './faults.ts'

/** Which way to go where the text leaves room: the first or the last microsecond that it covers. */
type Edge = 'first' | 'last'

const DATE = /^\d{4}-\d\d-\d\d$/
// A `+` that was not percent-encoded arrives as a space.
const DATETIME =
  /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?(?:[Zz]|([+\- ])(\d\d)(?::?(\d\d))?)?$/
const UNIX = /^(\d{1,15})(?:\.(\d{1,12}))?$/
/** Numbers of up to 11 digits are seconds (until the year 5138), longer ones milliseconds (from 1973 on). */
const MAX_SECONDS_DIGITS = 11

const MICROS_PER_MINUTE = 60_000_000n
const MICROS_PER_DAY = 86_400_000_000n
/** The first microsecond of the year 10000. */
const END_OF_TIME = 253_402_300_800_000_000n

const FAULT =
  'Must be a date (2026-01-31), a datetime (2026-01-31T12:00:00Z) or Unix time in seconds or milliseconds, from 1970 to 9999'

/** Reads a point in time; `null` when it is none, or before 1970 or after 9999. */
function parseInstant(text: string, edge: Edge): Instant | null {
  const instant = parseDate(text, edge) ?? parseDatetime(text, edge) ?? parseUnix(text, edge)
  return instant !== null && instant >= 0n && instant < END_OF_TIME ? instant : null
}

function parseDate(text: string, edge: Edge): Instant | null {
  if (!DATE.test(text)) return null
  const midnight = microsOf(text, '00:00:00')
  if (midnight === null || edge === 'first') return midnight
  return midnight + MICROS_PER_DAY - 1n
}

function parseDatetime(text: string, edge: Edge): Instant | null {
  const match = DATETIME.exec(text)
  if (!match) return null
  const [, date = '', time = '', seconds = '00', fraction = '', sign, hours = '00', minutes = '00'] = match
  const local = microsOf(date, `${time}:${seconds}`)
  if (local === null || Number(hours) > 23 || Number(minutes) > 59) return null
  const offset = BigInt(Number(hours) * 60 + Number(minutes)) * MICROS_PER_MINUTE
  const utc = sign === '-' ? local + offset : local - offset
  return utc + fractionMicros(fraction, 6, edge)
}

function parseUnix(text: string, edge: Edge): Instant | null {
  const match = UNIX.exec(text)
  if (!match) return null
  const [, whole = '', fraction = ''] = match
  // Trailing digits of the unit that are already microseconds.
  const decimals = whole.length <= MAX_SECONDS_DIGITS ? 6 : 3
  return BigInt(whole) * 10n ** BigInt(decimals) + fractionMicros(fraction, decimals, edge)
}

/** The first `decimals` digits of a fraction; what lies beyond them moves the first edge up, so that it excludes as meant. */
function fractionMicros(fraction: string, decimals: number, edge: Edge): bigint {
  const micros = BigInt(fraction.slice(0, decimals).padEnd(decimals, '0'))
  return edge === 'first' && /[1-9]/.test(fraction.slice(decimals)) ? micros + 1n : micros
}

/** `Date.parse` takes 30 February for 2 March; what is not written back alike does not exist. */
function microsOf(date: string, time: string): bigint | null {
  const millis = Date.parse(`${date}T${time}Z`)
  if (Number.isNaN(millis) || new Date(millis).toISOString().slice(0, 19) !== `${date}T${time}`) return null
  return BigInt(millis) * 1000n
}

function boundSchema(edge: Edge, description: string) {
  return z
    .string()
    .transform((text, context): Instant => parseInstant(text, edge) ?? refuse(context, 'invalid_date', FAULT))
    .meta({
      description: `${description} Without a zone it is UTC; numbers of up to 11 digits are seconds, longer ones milliseconds.`,
      examples: ['2026-01-31', '2026-01-31T12:00:00Z', '1769860800'],
    })
}

/** The beginning of a period, inclusive. A date means its first microsecond. */
export const startDateSchema = boundSchema(
  'first',
  'The beginning, inclusive: a date (from its beginning), a datetime, or Unix time.',
)

/** The end of a period, inclusive. A date means its last microsecond. */
export const endDateSchema = boundSchema(
  'last',
  'The end, inclusive: a date (to the end of that day), a datetime, or Unix time.',
)

/** A point in time to look back to. A date means the end of that day: what a statement calls its closing balance. */
export const atSchema = boundSchema('last', 'A point in time: a date (as the day closed), a datetime, or Unix time.')
