// Whoever takes turns in `npm run bench`: started as far as the plan needs them, measured one cell at a time, and checked at
// the end. What is measured stands in suite-cells.ts.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BenchDatabase } from './bench-database.ts'
import { besideOtherWork } from './other-work.ts'
import { cpuSecondsOfFamily, difference } from './process-cpu.ts'
import type { Ledger, SuiteTurn } from './results.ts'
import { RivalSide } from './rival-side.ts'
import { ROOT, type Service, startService } from './service.ts'
import { type ServiceFigures, ServiceSide, type Turn } from './service-side.ts'
import { type CellPlan, SECOND_PROCESS, WORKERS_PROCESS } from './suite-cells.ts'
import { runWrk } from './wrk.ts'

const SINGLE_PROGRAM = [join('bench', 'single-service.ts')]
const EMPTY_PROGRAM = [join('bench', 'empty-service.ts')]
const WORKERS_PROGRAM = [join('src', 'main.ts'), '--workers', '2']
const WALLET_PAGE_SECONDS = 3
const WARM_UP_CONNECTIONS = 64

type Figures = Omit<SuiteTurn, 'otherShare'>

interface SidesOptions {
  readonly database: BenchDatabase
  readonly cells: readonly CellPlan[]
  readonly signal: AbortSignal
  readonly tell: (line: string) => void
}

/** All sides of a run. */
export class SuiteSides {
  readonly #options: SidesOptions
  #empty: Service | null = null
  #rival: RivalSide | null = null
  #single: { readonly side: ServiceSide; readonly database: BenchDatabase } | null = null
  #service: ServiceSide | null = null

  constructor(options: SidesOptions) {
    this.#options = options
  }

  /** Starts what the cells need. After a failure, too, `stop` ends what had been started. */
  async start(): Promise<void> {
    const { database, cells, signal, tell } = this.#options
    const needs = (side: CellPlan['side']): boolean => cells.some((cell) => cell.side === side)
    if (needs('empty')) {
      const logFile = join(database.folder, 'empty-service.log')
      this.#empty = await startService({ root: ROOT, program: EMPTY_PROGRAM, databaseUrl: database.url, logFile })
    }
    if (needs('pgbench')) this.#rival = await RivalSide.start({ database, signal })
    if (needs('single')) {
      tell('creating 10,002 wallets for the service with a transaction a request')
      const own = await database.another('single')
      this.#single = {
        side: await ServiceSide.start({ root: ROOT, program: SINGLE_PROGRAM, database: own, signal }),
        database: own,
      }
    }
    if (needs('service')) {
      tell('creating 10,002 wallets for the service')
      this.#service = await ServiceSide.start({ root: ROOT, database, signal })
      const processes = new Set(cells.flatMap((cell) => cell.processes ?? []))
      if (processes.has(SECOND_PROCESS)) await this.#service.startProcess(SECOND_PROCESS)
      if (processes.has(WORKERS_PROCESS))
        await this.#service.startProcess(WORKERS_PROCESS, { program: WORKERS_PROGRAM })
    }
  }

  /** Every kind of cell once, unmeasured; the pages of history; then statistics for the planner, as autovacuum would. */
  async warmUp(seconds: number): Promise<void> {
    const { cells, database } = this.#options
    const page = { operation: 'consume', wallets: 'page', connections: WARM_UP_CONNECTIONS } as const
    if (cells.some(({ wallets }) => wallets === 'page')) {
      await this.#service?.measure({ ...page, seconds: WALLET_PAGE_SECONDS })
    }
    const kinds = new Map(cells.map((cell) => [cell.name.replace(/-\d+$/, ''), cell]))
    for (const cell of kinds.values()) {
      await this.measure({ ...cell, connections: Math.min(cell.connections, WARM_UP_CONNECTIONS) }, seconds)
    }
    for (const { client } of [database, ...(this.#single ? [this.#single.database] : [])]) await client.query('ANALYZE')
  }

  /** One turn. Throws `BenchFailure` on anything but success. */
  async measure(cell: CellPlan, seconds: number): Promise<SuiteTurn> {
    const { result, otherShare } = await besideOtherWork(() => this.#turn(cell, seconds))
    return { ...result, otherShare }
  }

  async #turn(cell: CellPlan, seconds: number): Promise<Figures> {
    switch (cell.side) {
      case 'empty':
        return this.#measureEmpty(started(this.#empty), cell, seconds)
      case 'pgbench':
        return this.#measureRival(started(this.#rival), cell, seconds)
      case 'single':
        return turnOf(await started(this.#single).side.measure({ ...cell, seconds }))
      case 'service':
        return turnOf(await this.measureService({ ...cell, seconds }))
    }
  }

  /** One turn of the service, with all that wrk said. */
  measureService(turn: Turn): Promise<ServiceFigures> {
    return started(this.#service).measure(turn)
  }

  /** Ends all processes. May be called twice. */
  async stop(): Promise<void> {
    await Promise.all([this.#empty?.stop(), this.#single?.side.stop(), this.#service?.stop()])
  }

  /** Rows against what was acknowledged, and the audits, after `stop`. Throws `BenchFailure` when one finds a fault. */
  async check(): Promise<Ledger[]> {
    await this.#rival?.finish()
    return [
      ...(this.#service ? [{ database: 'service', ...(await this.#service.check()) }] : []),
      ...(this.#single ? [{ database: 'single', ...(await this.#single.side.check()) }] : []),
    ]
  }

  async #measureEmpty({ baseUrl, pid }: Service, { connections }: CellPlan, seconds: number): Promise<Figures> {
    const { signal } = this.#options
    const before = await cpuSecondsOfFamily(pid)
    const result = await runWrk({ baseUrl, operation: 'empty', walletFile: '-', connections, seconds, signal })
    const serviceCpuSeconds = difference(before, await cpuSecondsOfFamily(pid))
    return turnOf({ ...result, postingsPerFlush: null, serviceCpuSeconds, postgresCpuSeconds: null })
  }

  async #measureRival(rival: RivalSide, { wallets, connections }: CellPlan, seconds: number): Promise<Figures> {
    const set = wallets === 'hot' ? 'hot' : 'spread'
    const { transactions, ...figures } = await rival.measure({ wallets: set, connections, seconds })
    return { ...figures, acknowledged: transactions, postingsPerFlush: null, serviceCpuSeconds: null }
  }
}

/** The cells that this checkout has something to measure for, and a sentence for each group that it has not. */
export async function availableCells(
  cells: readonly CellPlan[],
): Promise<{ cells: readonly CellPlan[]; missing: string[] }> {
  const source = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8')
  const absent = new Set<string>()
  if (!(await source(join('src', 'main.ts'))).includes('--workers')) absent.add(WORKERS_PROCESS)
  const missing = [...absent].filter((group) => cells.some((cell) => cell.group === group))
  return {
    cells: cells.filter(({ group }) => !absent.has(group)),
    missing: missing.map((group) => `${group} is left out: this checkout has no such thing yet`),
  }
}

function turnOf(figures: Omit<ServiceFigures, 'fromDue'>): Figures {
  const { perSecond, meanMs, p50Ms, p99Ms, p999Ms, acknowledged } = figures
  const { postingsPerFlush, serviceCpuSeconds, postgresCpuSeconds } = figures
  const latencies = { meanMs, p50Ms, p99Ms, p999Ms }
  return { perSecond, ...latencies, acknowledged, postingsPerFlush, serviceCpuSeconds, postgresCpuSeconds }
}

function started<Part>(part: Part | null): Part {
  if (part === null) throw new Error('A cell is measured on a side that was not started')
  return part
}
