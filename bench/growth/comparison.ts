// Turns of the large and the small ledger side by side, and what the large one costs as a multiple of the small one.
import { figure, median, renderTable } from '../support/table.ts'

/** What anything may cost at most, as a multiple of what it costs in the small ledger. */
const ALLOWED_RATIO = 1.3
export const ALLOWED_BYTES = 600

/** One turn's rate, and the processor time of service and PostgreSQL for one answer where it is known. */
interface Rate {
  readonly perSecond: number
  readonly microsEach: number | null
}

/** One line of the table: turns of both ledgers, in the same rounds. */
export interface Comparison {
  readonly name: string
  readonly judged: boolean
  readonly small: Rate[]
  readonly large: Rate[]
}

/** How many times the small ledger's cost the large one's is, by rate and by processor time: ratios of medians. */
export function costRatios({ small, large }: Comparison): { byRate: number | null; byProcessor: number | null } {
  return {
    byRate: quotient(medianOf(small, 'perSecond'), medianOf(large, 'perSecond')),
    byProcessor: quotient(medianOf(large, 'microsEach'), medianOf(small, 'microsEach')),
  }
}

/**
 * Whether a line keeps its promise. `processor`: by processor time alone, which other work on the machine hardly disturbs; the
 * rate needs a quieter machine, or another look at what is waited for. `null`: nothing was promised.
 */
export function verdictOf(comparison: Comparison): 'yes' | 'processor' | 'no' | null {
  if (!comparison.judged) return null
  const { byRate, byProcessor } = costRatios(comparison)
  if (byRate !== null && byRate <= ALLOWED_RATIO) return 'yes'
  return byProcessor !== null && byProcessor <= ALLOWED_RATIO ? 'processor' : 'no'
}

const VERDICTS = { yes: 'yes', processor: 'by processor', no: 'NO' } as const

/** The table of all lines. */
export function renderComparisons(comparisons: readonly Comparison[]): string {
  const heads = ['operation', 'small/s', 'large/s', 'small us', 'large us', 'cost', 'cost, processor', 'within 1.3']
  return renderTable(
    heads,
    comparisons.map((comparison) => {
      const { byRate, byProcessor } = costRatios(comparison)
      const verdict = verdictOf(comparison)
      return [
        comparison.name,
        figure(medianOf(comparison.small, 'perSecond')),
        figure(medianOf(comparison.large, 'perSecond')),
        figure(medianOf(comparison.small, 'microsEach')),
        figure(medianOf(comparison.large, 'microsEach')),
        `${figure(byRate, 2)}x`,
        `${figure(byProcessor, 2)}x`,
        verdict === null ? 'not judged' : VERDICTS[verdict],
      ]
    }),
  )
}

function medianOf(rates: readonly Rate[], what: keyof Rate): number | null {
  return median(rates.flatMap((rate) => rate[what] ?? []))
}

function quotient(dividend: number | null, divisor: number | null): number | null {
  return dividend === null || divisor === null || divisor === 0 ? null : dividend / divisor
}
