// npm run bench: an empty route, pgbench, a transaction a request and the service beside one another on one PostgreSQL, in
// turns; open loops; rows, audits, promises. bench/README.md says how to read it.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type BenchDatabase, startBenchDatabase } from './support/bench-database.ts'
import { type Conditions, printConditions, readConditions } from './support/conditions.ts'
import { runBench } from './support/interruption.ts'
import { measureOpenLoops, requireRates } from './support/open-loops.ts'
import { type DatabaseCounts, verdictsOf } from './support/promises.ts'
import { BenchFailure, requirePrograms } from './support/programs.ts'
import type { SuiteCell, SuiteResults } from './support/results.ts'
import type { CellPlan } from './support/suite-cells.ts'
import { readSuiteOptions, SUITE_USAGE, type SuiteOptions } from './support/suite-options.ts'
import { availableCells, SuiteSides } from './support/suite-sides.ts'
import {
  ledgerSentence,
  otherWorkSentence,
  renderCellTable,
  renderOpenLoops,
  renderVerdicts,
} from './support/suite-tables.ts'

const RESULTS = join(import.meta.dirname, 'results')
const WARM_UP_SECONDS = 1

interface Run {
  readonly options: SuiteOptions
  readonly cells: readonly CellPlan[]
  readonly database: BenchDatabase
  readonly signal: AbortSignal
}

async function main(options: SuiteOptions, signal: AbortSignal): Promise<void> {
  const { cells, missing } = await availableCells(options.plan.cells)
  missing.forEach(tell)
  await requirePrograms(['wrk', ...(cells.some(({ side }) => side === 'pgbench') ? ['pgbench'] : [])])
  await mkdir(RESULTS, { recursive: true })
  const database = await startBenchDatabase()
  try {
    const { client, dataDir } = database
    const conditions = { ...(await readConditions({ database: client, dataDir, signal })), ...planned(options) }
    printConditions(conditions)
    const results = { conditions, ...(await measureAll({ options, cells, database, signal })) }
    print(results)
    const file = `bench-${conditions.date.replace(/[:.]/g, '-')}.json`
    await writeFile(join(RESULTS, file), `${JSON.stringify(results, null, 2)}\n`)
    console.log(`Written to bench/results/${file}`)
    requireRates(results.openLoops)
    if (options.require) requireKept(results)
  } finally {
    await database.stop()
  }
}

function planned({ seconds, rounds }: SuiteOptions): Conditions {
  return {
    movement: '0.01, an Idempotency-Key on every movement; initial balances by the creation of the wallets',
    turns: `${rounds} rounds through all cells in turns of ${seconds} s, every other round backwards, a checkpoint before each`,
  }
}

/** All cells in rounds, then the open loops; then the processes stop, and everything is counted and audited. */
async function measureAll(run: Run): Promise<Omit<SuiteResults, 'conditions'>> {
  const { options, cells, database, signal } = run
  const sides = new SuiteSides({ database, cells, signal, tell })
  try {
    await sides.start()
    tell('warming up')
    await sides.warmUp(WARM_UP_SECONDS)
    const measured = await measureRounds(run, sides)
    const { openLoops: planned } = options.plan
    const openLoops = await measureOpenLoops({ ...options, openLoops: planned, cells: measured, sides, tell })
    await sides.stop()
    tell('counting rows and auditing')
    const counts = await databaseCounts(database)
    const ledgers = await sides.check()
    return { cells: measured, openLoops, verdicts: verdictsOf(measured, counts), ledgers }
  } finally {
    await sides.stop()
  }
}

async function measureRounds({ options, cells }: Run, sides: SuiteSides): Promise<SuiteCell[]> {
  const { seconds, rounds } = options
  const measured = cells.map((plan) => {
    const { name, group, wallets, connections } = plan
    const cell: SuiteCell = { name, group, wallets, connections, turns: [] }
    return { plan, cell }
  })
  for (let round = 1; round <= rounds; round += 1) {
    // Backwards every other time, so that nobody always comes after the same neighbour, or always later in a growing ledger.
    for (const { plan, cell } of round % 2 === 1 ? measured : measured.toReversed()) {
      const duration = seconds * plan.stretch
      tell(`round ${round} of ${rounds}: ${plan.name}, ${duration} s`)
      cell.turns.push(await sides.measure(plan, duration))
    }
  }
  return measured.map(({ cell }) => cell)
}

/** What PostgreSQL itself counted since the start. */
async function databaseCounts({ client }: BenchDatabase): Promise<DatabaseCounts> {
  const { rows } = await client.query<{ deadlocks: number; hot: number | null }>(
    `SELECT (SELECT sum(deadlocks)::int FROM pg_stat_database) AS deadlocks,
       (SELECT n_tup_hot_upd::float8 / NULLIF(n_tup_upd, 0) FROM pg_stat_user_tables WHERE relname = 'wallets') AS hot`,
  )
  return { deadlocks: rows[0]?.deadlocks ?? 0, hotUpdates: rows[0]?.hot ?? null }
}

function print({ cells, openLoops, verdicts, ledgers }: Omit<SuiteResults, 'conditions'>): void {
  console.log(`\n${renderCellTable(cells)}\n`)
  console.log(`${otherWorkSentence(cells)}\n`)
  if (openLoops.length > 0) console.log(`${renderOpenLoops(openLoops)}\n`)
  console.log(`${renderVerdicts(verdicts)}\n`)
  for (const ledger of ledgers) console.log(ledgerSentence(ledger))
}

function requireKept({ verdicts }: Pick<SuiteResults, 'verdicts'>): void {
  const broken = verdicts.filter(({ met }) => met === false).map(({ promise }) => promise)
  if (broken.length > 0) throw new BenchFailure(`Not kept: ${broken.join('; ')}.`)
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`)
}

await runBench(async (signal) => {
  const options = readSuiteOptions(process.argv.slice(2))
  if (options === null) console.log(SUITE_USAGE)
  else await main(options, signal)
})
