// The chart of the committed bench run. Measuring is for `npm run bench`, choosing the run to commit for `npm run bench:chart`.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { renderChart } from '../../bench/support/chart.ts'
import { SuiteResults } from '../../bench/support/results.ts'

const BASELINE = join(import.meta.dirname, '..', '..', 'bench', 'baseline.json')

/** docs/bench.svg, as bench/baseline.json has the figures. */
export async function renderBenchChart(): Promise<string> {
  return renderChart(SuiteResults.parse(JSON.parse(await readFile(BASELINE, 'utf8'))))
}
