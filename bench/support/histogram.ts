// Latencies as counts by value, and the percentiles of them.

/** How often each latency was seen, in microseconds, the shortest first. */
export type Histogram = readonly (readonly [micros: number, count: number])[]

/** From counts by microseconds as text, as JSON has them. */
export function histogramOf(counts: Readonly<Record<string, number>>): Histogram {
  return sorted(Object.entries(counts).map(([micros, count]) => [Number(micros), count]))
}

/** From single latencies. */
export function histogramOfEach(micros: Iterable<number>): Histogram {
  const counts = new Map<number, number>()
  for (const value of micros) counts.set(value, (counts.get(value) ?? 0) + 1)
  return sorted([...counts])
}

/** One histogram of several. */
export function merged(histograms: readonly Histogram[]): Histogram {
  const counts = new Map<number, number>()
  for (const [micros, count] of histograms.flat()) counts.set(micros, (counts.get(micros) ?? 0) + count)
  return sorted([...counts])
}

/** The latency that `percent` of all stay at or below, in ms; `null` of none. */
export function percentileMs(histogram: Histogram, percent: number): number | null {
  const total = histogram.reduce((sum, [, count]) => sum + count, 0)
  // The last value stands where rounding would leave the end out of reach.
  let left = Math.min(total, Math.ceil((total * percent) / 100))
  for (const [micros, count] of histogram) {
    left -= count
    if (left <= 0) return micros / 1000
  }
  return null
}

function sorted(counts: [number, number][]): Histogram {
  return counts.toSorted(([left], [right]) => left - right)
}
