// Instants as answers write them, moved by single microseconds: what was so just before.
import { formatInstant, type Instant, instantFromMillis } from '../../src/domain/instant.ts'

/** The instant of ISO 8601 text with microseconds. */
export function instantOf(text: string): Instant {
  return instantFromMillis(Date.parse(text)) + BigInt(text.slice(-4, -1))
}

/** One microsecond earlier. */
export function justBefore(text: string): string {
  return formatInstant(instantOf(text) - 1n)
}

/** Seconds from one instant to another; exact, since it compares microseconds. */
export function secondsBetween(from: string, to: string): number {
  return Number(instantOf(to) - instantOf(from)) / 1_000_000
}
