// npm run bench:postings: postings a second over HTTP beside the same posting as a locked transaction under pgbench, in turns
// on one PostgreSQL. bench/README.md says how to read it.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type BenchDatabase, startBenchDatabase } from './support/bench-database.ts'
import { type BenchOptions, readOptions, type Scenario, USAGE } from './support/bench-options.ts'
import { commitOf, type Conditions, printConditions, readConditions } from './support/conditions.ts'
import { type SelfTime, summariseProfile } from './support/cpu-profile.ts'
import { runBench } from './support/interruption.ts'
import { type Cell, renderCells, renderComparison } from './support/postings-tables.ts'
import { requirePrograms } from './support/programs.ts'
import { RivalSide } from './support/rival-side.ts'
import { ROOT } from './support/service.ts'
import { type LedgerCheck, ServiceSide } from './support/service-side.ts'
import { figure, renderTable } from './support/table.ts'

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
  await requirePrograms(options.sides.map((side) => (side === 'service' ? 'wrk' : 'pgbench')))
  await mkdir(RESULTS, { recursive: true })
  const name = `postings-${new Date().toISOString().replace(/[:.]/g, '-')}`
  const database = await startBenchDatabase()
  try {
    const { client, dataDir } = database
    const { against } = options
    const conditions = {
      ...(await readConditions({ database: client, dataDir, signal })),
      ...(against !== null && { against: await commitOf(against, signal) }),
      ...plan(options),
    }
    printConditions(conditions)
    const profileName = options.cpuProfile ? `${name}.cpuprofile` : null
    const { cells, checks } = await measureAll({ options, database, signal, profileName })
    console.log(`\n${against === null ? renderCells(cells) : renderComparison(cells)}\n`)
    checks.forEach(printCheck)
    if (profileName !== null) await printProfile(join(RESULTS, profileName))
    const file = join(RESULTS, `${name}.json`)
    await writeFile(file, `${JSON.stringify({ conditions, cells, checks }, null, 2)}\n`)
    console.log(`Written to bench/results/${name}.json`)
  } finally {
    await database.stop()
  }
}

function plan({ seconds, rounds, sides, against }: BenchOptions): Conditions {
  const turns = against === null ? sides : ['service', 'service of the other checkout']
  return {
    movement: 'consume 0.01, an Idempotency-Key on every request; initial balances by the creation of the wallets',
    turns: `${turns.join(' and ')} in turns of ${seconds} s, after a warm-up, a checkpoint before each; medians of ${rounds} rounds`,
  }
}

/** Whoever takes turns. */
interface Sides {
  readonly service: ServiceSide | null
  readonly rival: RivalSide | null
  readonly against: ServiceSide | null
}

/** All sides in turns; then the counts of rows, and the audits. */
async function measureAll(run: Run): Promise<{ cells: Cell[]; checks: LedgerCheck[] }> {
  const services: ServiceSide[] = []
  try {
    const sides = await startSides(run, services)
    const cells = await measureRounds(run.options, sides)
    for (const service of services) await service.stop()
    await sides.rival?.finish()
    const checks: LedgerCheck[] = []
    for (const service of services) checks.push(await service.check())
    return { cells, checks }
  } finally {
    for (const service of services) await service.stop()
  }
}

/** Starts what takes turns; adds every service to `started`, whose owner stops them. */
async function startSides({ options, database, signal, profileName }: Run, started: ServiceSide[]): Promise<Sides> {
  const start = async (side: Pick<Parameters<typeof ServiceSide.start>[0], 'root' | 'database' | 'nodeOptions'>) => {
    const service = await ServiceSide.start({ ...side, signal })
    started.push(service)
    return service
  }
  const nodeOptions =
    profileName === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${RESULTS}`, `--cpu-prof-name=${profileName}`]
  const other = options.against
  return {
    service: options.sides.includes('service') ? await start({ root: ROOT, database, nodeOptions }) : null,
    rival: options.sides.includes('pgbench') && other === null ? await RivalSide.start({ database, signal }) : null,
    against:
      other === null ? null : await start({ root: other, database: await database.another('other'), nodeOptions: [] }),
  }
}

async function measureRounds(options: BenchOptions, sides: Sides): Promise<Cell[]> {
  const warmUp = { connections: WARM_UP_CONNECTIONS, seconds: Math.min(options.seconds, MAX_WARM_UP_S) }
  for (const cell of cellsOf(options.scenarios, [warmUp.connections])) {
    await measure({ cell, seconds: warmUp.seconds, round: 0 }, sides)
  }
  const cells = cellsOf(options.scenarios, options.connections)
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const cell of cells) await measure({ cell, seconds: options.seconds, round }, sides)
  }
  return cells
}

function cellsOf(scenarios: readonly Scenario[], connections: readonly number[]): Cell[] {
  return scenarios.flatMap((scenario) =>
    connections.map((count) => ({ scenario, connections: count, service: [], rival: [], against: [] })),
  )
}

/** A turn of each side, added to the cell. Two services change places from round to round. */
async function measure(
  { cell, seconds, round }: { readonly cell: Cell; readonly seconds: number; readonly round: number },
  { service, rival, against }: Sides,
): Promise<void> {
  const { scenario, connections } = cell
  const name = round === 0 ? 'warm-up' : `round ${round}`
  process.stderr.write(`${name}: ${scenario}, ${connections} connections, ${seconds} s\n`)
  const turn = { operation: 'consume', wallets: scenario, connections, seconds } as const
  if (against && round % 2 === 0) cell.against.push(await against.measure(turn))
  if (service) cell.service.push(await service.measure(turn))
  if (against && round % 2 === 1) cell.against.push(await against.measure(turn))
  if (rival) cell.rival.push(await rival.measure(turn))
}

function printCheck(check: LedgerCheck, index: number): void {
  const { rows, acknowledged, mayBeInFlight, auditedChecks, auditSeconds } = check
  console.log(
    `Ledger${index === 0 ? '' : ' of the other checkout'}: ${figure(rows)} rows, ${figure(acknowledged)} acknowledged (first deposits included), ${rows - acknowledged} written without an answer when wrk ended (${mayBeInFlight} possible).`,
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

await runBench(async (signal) => {
  const options = readOptions(process.argv.slice(2))
  if (options === null) console.log(USAGE)
  else await main(options, signal)
})
