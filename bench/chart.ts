// npm run bench:chart -- FILE: makes FILE, a result of npm run bench, the committed bench/baseline.json, and draws docs/bench.svg
// from it. `npm run generate` draws the same again.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runBench } from './support/interruption.ts'
import { BenchFailure } from './support/programs.ts'
import { renderChart } from './support/chart.ts'
import { SuiteResults } from './support/results.ts'
import { ROOT } from './support/service.ts'

const USAGE = 'npm run bench:chart -- bench/results/bench-TIME.json'

async function main(file: string): Promise<void> {
  const parsed = SuiteResults.safeParse(JSON.parse(await readFile(file, 'utf8')))
  if (!parsed.success) throw new BenchFailure(`${file} is no result of npm run bench: ${parsed.error.message}`)
  await writeFile(join(ROOT, 'bench', 'baseline.json'), `${JSON.stringify(parsed.data, null, 2)}\n`)
  await writeFile(join(ROOT, 'docs', 'bench.svg'), renderChart(parsed.data))
  console.log('Written: bench/baseline.json and docs/bench.svg')
}

await runBench(async () => {
  const [file, ...more] = process.argv.slice(2)
  if (file === '--help') console.log(USAGE)
  else if (file === undefined || more.length > 0) throw new BenchFailure(USAGE)
  else await main(file)
})
