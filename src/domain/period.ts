// Stretches of time: what a window of a wallet's history is when a bound is left out, its averages, and its buckets.
// Pure: no clock is read here.
import type { Instant } from './instant.ts'
import { currencyDecimals, SCALE } from './money.ts'

/** A stretch of time; both bounds are inclusive. */
export interface Period {
  readonly start: Instant
  readonly end: Instant
}

/** Bounds as a caller gave them; `null` leaves that side open. */
export interface RequestedPeriod {
  readonly start: Instant | null
  readonly end: Instant | null
}

export const INTERVALS = ['hour', 'day', 'week', 'month'] as const
/** The length of a bucket; days, ISO weeks (from Monday) and months are those of UTC. */
export type Interval = (typeof INTERVALS)[number]

/** Buckets that one answer may have. */
export const MAX_BUCKETS = 1000

const HOUR = 3_600_000_000n
const DAY = 24n * HOUR
const WEEK = 7n * DAY
/** 1970-01-01 was a Thursday: the Monday of its week is three days earlier. */
const FIRST_MONDAY = -3n * DAY
const DAYS_PER_MONTH = 30n

/** What a window amounts to: from its start or the wallet's creation, to its end or now; never negative. */
export function effectivePeriod(
  requested: RequestedPeriod,
  facts: { readonly createdAt: Instant; readonly now: Instant },
): Period {
  const end = requested.end ?? later(facts.now, requested.start)
  const start = requested.start ?? (facts.createdAt < end ? facts.createdAt : end)
  return { start, end }
}

function later(left: Instant, right: Instant | null): Instant {
  return right !== null && right > left ? right : left
}

/** What is consumed a day and a month. */
export interface Averages {
  readonly daily: bigint
  readonly monthly: bigint
}

/**
 * Consumption a day = `consumed` / days of the period, where days are exact (36 hours are 1.5) and at least one;
 * truncated to the currency's decimals, never rounded up. Consumption a month = 30 x that.
 */
export function averagesOf(consumed: bigint, period: Period, currency: string): Averages {
  // Both bounds belong to the period, and the clock counts microseconds: January has 31 days, not a microsecond less.
  const length = period.end - period.start + 1n
  const exact = (consumed * DAY) / (length > DAY ? length : DAY)
  const step = 10n ** BigInt(SCALE - currencyDecimals(currency))
  const daily = exact - (exact % step)
  return { daily, monthly: daily * DAYS_PER_MONTH }
}

/**
 * The buckets of a period, oldest first: aligned to the interval in UTC, the first and the last cut to the period, so
 * that they add up to it. At most `MAX_BUCKETS + 1`: who gets that many knows that there are too many.
 */
export function bucketsOf(period: Period, interval: Interval): Period[] {
  const buckets: Period[] = []
  let start = period.start
  while (start <= period.end && buckets.length <= MAX_BUCKETS) {
    const next = nextBoundary(start, interval)
    buckets.push({ start, end: next <= period.end ? next - 1n : period.end })
    start = next
  }
  return buckets
}

/** The shortest interval with which a period keeps within `MAX_BUCKETS`, if there is one. */
export function fittingInterval(period: Period): Interval | undefined {
  return INTERVALS.find((interval) => bucketsOf(period, interval).length <= MAX_BUCKETS)
}

/** The first boundary of an interval after an instant. */
function nextBoundary(instant: Instant, interval: Interval): Instant {
  switch (interval) {
    case 'hour':
      return floor(instant, HOUR, 0n) + HOUR
    case 'day':
      return floor(instant, DAY, 0n) + DAY
    case 'week':
      return floor(instant, WEEK, FIRST_MONDAY) + WEEK
    case 'month': {
      const date = new Date(Number(instant / 1000n))
      return BigInt(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)) * 1000n
    }
  }
}

/** The last of `origin + n x step` up to an instant that is not before the origin. */
function floor(instant: Instant, step: bigint, origin: Instant): Instant {
  return instant - ((instant - origin) % step)
}
