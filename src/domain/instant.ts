// Points in time as `bigint` microseconds since 1970 UTC: the precision of PostgreSQL, which a JavaScript Date lacks.
// No clock is read here.

/** Microseconds since 1970-01-01T00:00:00Z. */
export type Instant = bigint

const MICROS_PER_MILLI = 1000n

/** All rows of a flush have one time, and each is written three times or more. */
let latest = { instant: 0n, text: '1970-01-01T00:00:00.000000Z' }

/** Writes an instant as ISO 8601 UTC with microseconds: `2026-01-31T12:00:00.123456Z`. */
export function formatInstant(instant: Instant): string {
  if (instant !== latest.instant) latest = { instant, text: textOf(instant) }
  return latest.text
}

function textOf(instant: Instant): string {
  // `%` keeps the sign, so an instant before 1970 needs the second step.
  const micros = ((instant % MICROS_PER_MILLI) + MICROS_PER_MILLI) % MICROS_PER_MILLI
  const millis = Number((instant - micros) / MICROS_PER_MILLI)
  return `${new Date(millis).toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}Z`
}

/** The instant of a time in milliseconds since 1970, as `Date.now()` gives it. */
export function instantFromMillis(millis: number): Instant {
  return BigInt(Math.trunc(millis)) * MICROS_PER_MILLI
}

/** Whole and fractional milliseconds of an instant; for differences and Dates, never for identity. */
export function millisOf(instant: Instant): number {
  return Number(instant) / 1000
}

/** The earlier of two instants. */
export function earlierOf(left: Instant, right: Instant): Instant {
  return left < right ? left : right
}

/** The later of two instants. */
export function laterOf(left: Instant, right: Instant): Instant {
  return left > right ? left : right
}
