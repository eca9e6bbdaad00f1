// npm run bench:postings: postings a second over HTTP beside the same posting as a locked transaction under pgbench, in turns
// on one PostgreSQL. bench/README.md says how to read it.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EmbeddedPostgresError } from '../src/db/embedded-errors.ts'
import { type BenchDatabase, startBenchDatabase } from './support/bench-database.ts'
import { type BenchOptions, readOptions, type Scenario, USAGE } from './support/bench-options.ts'
import { type Conditions, readConditions } from './support/conditions.ts'
import { type SelfTime, summariseProfile } from './support/cpu-profile.ts'
import { BenchFailure, missingPrograms } from './support/programs.ts'
import { type RivalFigures, RivalSide } from './support/rival-side.ts'
import { type LedgerCheck, type ServiceFigures, ServiceSide, type Turn } from './support/service-side.ts'
import { figure, medianTurn, renderTable } from './support/table.ts'

/** Both sides' turns at one line of the table, a turn each round. */
interface Cell {
  readonly scenario: Scenario
  readonly connections: number
  readonly service: ServiceFigures[]
  readonly rival: RivalFigures[]
}

interface Run {
  readonly options: BenchOptions
  readonly database: BenchDatabase
  readonly signal: AbortSignal
  /** Where the profile goes, when one was asked for. */
  readonly profileName: string | null
}

const RESULTS = join(import.meta.dirname, 'results')
const MAX_WARM_UP_S = 3
const WARM_UP_CONNECTIONS = 64
const PROFILE_ROWS = 15

async function main(options: BenchOptions, signal: AbortSignal): Promise<void> {
  await requirePrograms(options)
  await mkdir(RESULTS, { recursive: true })
  const name = `postings-${new Date().toISOString().replace(/[:.]/g, '-')}`
  const database = await startBenchDatabase()
  try {
    const { client, dataDir } = database
    const conditions = { ...(await readConditions({ database: client, dataDir, signal })), ...plan(options) }
    printConditions(conditions)
    const profileName = options.cpuProfile ? `${name}.cpuprofile` : null
    const { cells, check } = await measureAll({ options, database, signal, profileName })
    console.log(`\n${renderCells(cells)}\n`)
    if (check) printCheck(check)
    if (profileName !== null) await printProfile(join(RESULTS, profileName))
    const file = join(RESULTS, `${name}.json`)
    await writeFile(file, `${JSON.stringify({ conditions, cells, check }, null, 2)}\n`)
    console.log(`Written to bench/results/${name}.json`)
  } finally {
    await database.stop()
  }
}

async function requirePrograms({ sides }: BenchOptions): Promise<void> {
  const needed = sides.map((side) => (side === 'service' ? 'wrk' : 'pgbench'))
  const missing = await missingPrograms(needed)
  if (missing.length === 0) return
  throw new BenchFailure(
    `${missing.join(' and ')} must be installed and on the PATH for this bench (Debian: apt-get install wrk postgresql; macOS: brew install wrk postgresql).`,
  )
}

function plan({ seconds, rounds, sides }: BenchOptions): Conditions {
  return {
    movement: 'consume 0.01, an Idempotency-Key on every request; initial balances by the creation of the wallets',
    turns: `${sides.join(' and ')} in turns of ${seconds} s, after a warm-up, a checkpoint before each; medians of ${rounds} rounds`,
  }
}

/** Service and rival in turns; then the counts of rows, and the audit. */
async function measureAll(run: Run): Promise<{ cells: Cell[]; check: LedgerCheck | null }> {
  const { options, database, signal, profileName } = run
  const profiling =
    profileName === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${RESULTS}`, `--cpu-prof-name=${profileName}`]
  const service = options.sides.includes('service')
    ? await ServiceSide.start({ database, nodeOptions: profiling, signal })
    : null
  try {
    const rival = options.sides.includes('pgbench') ? await RivalSide.start({ database, signal }) : null
    const warmUp = { connections: WARM_UP_CONNECTIONS, seconds: Math.min(options.seconds, MAX_WARM_UP_S) }
    for (const cell of cellsOf(options.scenarios, [warmUp.connections])) {
      await measure({ cell, seconds: warmUp.seconds, round: 'warm-up' }, service, rival)
    }
    const cells = cellsOf(options.scenarios, options.connections)
    for (let round = 1; round <= options.rounds; round += 1) {
      for (const cell of cells)
        await measure({ cell, seconds: options.seconds, round: `round ${round}` }, service, rival)
    }
    await service?.stop()
    await rival?.finish()
    return { cells, check: service && (await service.check()) }
  } finally {
    await service?.stop()
  }
}

function cellsOf(scenarios: readonly Scenario[], connections: readonly number[]): Cell[] {
  return scenarios.flatMap((scenario) =>
    connections.map((count) => ({ scenario, connections: count, service: [], rival: [] })),
  )
}

/** A turn of each side, added to the cell. */
async function measure(
  { cell, seconds, round }: { readonly cell: Cell; readonly seconds: number; readonly round: string },
  service: ServiceSide | null,
  rival: RivalSide | null,
): Promise<void> {
  const { scenario, connections } = cell
  process.stderr.write(`${round}: ${scenario}, ${connections} connections, ${seconds} s\n`)
  const turn: Turn = { scenario, connections, seconds }
  if (service) cell.service.push(await service.measure(turn))
  if (rival) cell.rival.push(await rival.measure(turn))
}

function printConditions(conditions: Conditions): void {
  const width = Math.max(...Object.keys(conditions).map((name) => name.length))
  for (const [name, value] of Object.entries(conditions)) console.log(`${name.padEnd(width)}  ${value}`)
}

function renderCells(cells: readonly Cell[]): string {
  const heads = [
    'scenario',
    'connections',
    'service/s',
    'p50 ms',
    'p99 ms',
    'per flush',
    'service CPU s',
    'PostgreSQL CPU s',
    'us each',
  ]
  const rivalHeads = ['pgbench/s', 'mean ms', 'PostgreSQL CPU s', 'us each', 'ratio']
  const rows = cells.map(({ scenario, connections, ...turns }) => {
    const service = medianTurn(turns.service)
    const rival = medianTurn(turns.rival)
    return [
      scenario,
      String(connections),
      figure(service?.perSecond),
      figure(service?.p50Ms, 2),
      figure(service?.p99Ms, 2),
      figure(service?.postingsPerFlush, 1),
      figure(service?.serviceCpuSeconds, 2),
      figure(service?.postgresCpuSeconds, 2),
      figure(service && microsEach([service.serviceCpuSeconds, service.postgresCpuSeconds], service.acknowledged)),
      figure(rival?.perSecond),
      figure(rival?.meanMs, 2),
      figure(rival?.postgresCpuSeconds, 2),
      figure(rival && microsEach([rival.postgresCpuSeconds], rival.transactions)),
      service && rival && rival.perSecond > 0 ? `${figure(service.perSecond / rival.perSecond, 2)}x` : '-',
    ]
  })
  return renderTable([...heads, ...rivalHeads], rows)
}

/** Processor time a posting, where all of it is known. */
function microsEach(cpuSeconds: readonly (number | null)[], postings: number): number | null {
  const known = cpuSeconds.filter((seconds) => seconds !== null)
  if (known.length < cpuSeconds.length || postings === 0) return null
  return (known.reduce((sum, seconds) => sum + seconds, 0) * 1_000_000) / postings
}

function printCheck({ rows, acknowledged, mayBeInFlight, auditedChecks, auditSeconds }: LedgerCheck): void {
  console.log(
    `Ledger: ${figure(rows)} rows, ${figure(acknowledged)} acknowledged (first deposits included), ${rows - acknowledged} written without an answer when wrk ended (${mayBeInFlight} possible).`,
  )
  console.log(`Audit: ${auditedChecks} checks, no fault, in ${figure(auditSeconds, 1)} s.`)
}

async function printProfile(file: string): Promise<void> {
  const { busyMs, idleMs, byFunction, byPackage } = await summariseProfile(file)
  console.log(`\nProfile of the service: ${figure(busyMs)} ms busy, ${figure(idleMs)} ms idle. Self time:`)
  const rows = (times: readonly SelfTime[]): string[][] =>
    times.slice(0, PROFILE_ROWS).map(({ where, ms, share }) => [where, figure(ms), `${figure(share * 100, 1)}%`])
  console.log(`${renderTable(['function', 'ms', 'share'], rows(byFunction))}\n`)
  console.log(`${renderTable(['package', 'ms', 'share'], rows(byPackage))}\n`)
}

/** Ctrl-C ends wrk and pgbench; what was started is then cleared away as after a failure. */
function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort())
  return controller.signal
}

const signal = interruption()
try {
  const options = readOptions(process.argv.slice(2))
  if (options === null) console.log(USAGE)
  else await main(options, signal)
} catch (error) {
  if (signal.aborted) console.error('Interrupted; nothing was left behind.')
  else console.error(error instanceof BenchFailure || error instanceof EmbeddedPostgresError ? error.message : error)
  process.exitCode = 1
}
