// Open loops: requests that are due at a fixed rate whatever the answers do, so that a slow answer cannot hide the waiting of
// those behind it. The rate is half of the peak that the run has just measured.
import { type Histogram, merged, percentileMs } from './histogram.ts'
import { BenchFailure } from './programs.ts'
import type { OpenLoopResult, SuiteCell } from './results.ts'
import type { OpenLoop } from './suite-cells.ts'
import type { SuiteSides } from './suite-sides.ts'
import { median } from './table.ts'

const SHARE_OF_PEAK = 0.5
/** So many that one is always free: at half of the peak a handful is under way. */
const CONNECTIONS = 256
const LEAST_SECONDS = 5
/** Less than this share of the wanted rate is not the load that was meant. */
const LEAST_ACHIEVED = 0.95

/** Measures each loop once a round. */
export async function measureOpenLoops(options: {
  readonly openLoops: readonly OpenLoop[]
  readonly cells: readonly SuiteCell[]
  readonly sides: SuiteSides
  readonly rounds: number
  readonly seconds: number
  readonly tell: (line: string) => void
}): Promise<OpenLoopResult[]> {
  const { openLoops, cells, sides, rounds, tell } = options
  const seconds = Math.max(options.seconds, LEAST_SECONDS)
  const measured = openLoops.map((loop) => {
    const ratePerSecond = Math.floor(peakOf(loop, cells) * SHARE_OF_PEAK)
    return { loop, ratePerSecond, rates: [] as number[], histograms: [] as Histogram[] }
  })
  for (let round = 1; round <= rounds; round += 1) {
    for (const { loop, ratePerSecond, rates, histograms } of measured) {
      tell(`round ${round}: ${loop.name} at ${ratePerSecond} a second, ${seconds} s`)
      const { operation, wallets } = loop
      const turn = { operation, wallets, connections: CONNECTIONS, seconds, ratePerSecond }
      const { perSecond, fromDue } = await sides.measureService(turn)
      rates.push(perSecond)
      histograms.push(fromDue)
    }
  }
  return measured.map(({ loop, ratePerSecond, rates, histograms }) => ({
    name: loop.name,
    wantedPerSecond: ratePerSecond,
    achievedPerSecond: median(rates) ?? 0,
    ...latenciesOf(merged(histograms)),
  }))
}

/** Throws `BenchFailure` when a loop did not reach its rate: its latencies are then those of another load. */
export function requireRates(openLoops: readonly OpenLoopResult[]): void {
  const behind = openLoops.filter((loop) => loop.achievedPerSecond < loop.wantedPerSecond * LEAST_ACHIEVED)
  if (behind.length === 0) return
  const each = behind.map(
    ({ name, wantedPerSecond, achievedPerSecond }) =>
      `${name} reached ${Math.floor(achievedPerSecond)} requests a second of the ${wantedPerSecond} that were due`,
  )
  throw new BenchFailure(`${each.join('; ')}.`)
}

function latenciesOf(histogram: Histogram): Pick<OpenLoopResult, 'p50Ms' | 'p90Ms' | 'p99Ms' | 'p999Ms' | 'maxMs'> {
  const at = (percent: number): number | null => percentileMs(histogram, percent)
  return { p50Ms: at(50), p90Ms: at(90), p99Ms: at(99), p999Ms: at(99.9), maxMs: at(100) }
}

function peakOf({ name, peakOf: group }: OpenLoop, cells: readonly SuiteCell[]): number {
  const rates = cells
    .filter((cell) => cell.name === `${group}-${cell.connections}`)
    .map(({ turns }) => median(turns.map(({ perSecond }) => perSecond)) ?? 0)
  const peak = Math.max(0, ...rates)
  if (peak === 0) throw new BenchFailure(`${name} has no peak of ${group} to take half of.`)
  return peak
}
