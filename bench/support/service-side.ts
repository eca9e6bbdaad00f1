// A service's side of the table: its wallets, its turns under wrk, and afterwards the ledger against what was acknowledged.
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { BenchDatabase } from './bench-database.ts'
import { merged } from './histogram.ts'
import { cpuSecondsOfFamily, difference } from './process-cpu.ts'
import { BenchFailure, runProgram } from './programs.ts'
import { createWallets, readPostings, type Service, startService } from './service.ts'
import { BATCH_SIZE, type Operation, ROWS_OF, runWrk, type WrkResult } from './wrk.ts'

/** Wallets of each set: the hot ones are no others' neighbours, those with pages of history are some of the spread ones. */
const SPREAD_WALLETS = 10_000
const HOT_WALLETS = 2
const PAGE_WALLETS = 200
/** More than a run can consume, at 0.01 a posting. */
const INITIAL_BALANCE = '1000000'

/** 10,000 wallets; one; two; 200 that get a page of history before anything is measured. */
type WalletSet = 'spread' | 'hot' | 'hot-pair' | 'page'
type WalletFiles = Readonly<Record<WalletSet, string>>

export interface Turn {
  readonly operation: Operation
  readonly wallets: WalletSet
  readonly connections: number
  readonly seconds: number
  /** As `Load.ratePerSecond`. */
  readonly ratePerSecond?: number
  /** Who answers: the process that is always there, unless others are named. Several share the connections. */
  readonly processes?: readonly string[]
}

export interface ServiceFigures extends Omit<WrkResult, 'unexpected'> {
  /** Mean number of postings that shared a database transaction; `null` without a posting queue. */
  readonly postingsPerFlush: number | null
  readonly serviceCpuSeconds: number | null
  readonly postgresCpuSeconds: number | null
}

export interface LedgerCheck {
  readonly rows: number
  /** The wallets' first deposits and the rows of every movement that was answered with success. */
  readonly acknowledged: number
  /** Rows under way whenever wrk ended, one movement (or batch) a connection: written or not, nobody was told. */
  readonly mayBeInFlight: number
  readonly auditedChecks: number
  readonly auditSeconds: number
}

const AuditReport = z.object({ seconds: z.number(), checks: z.array(z.unknown()) })

export interface ServiceSideOptions {
  /** The checkout whose service it is; its own code brings the database to its schema and audits it. */
  readonly root: string
  /** As `ServiceOptions.program`. */
  readonly program?: readonly string[]
  readonly database: BenchDatabase
  /** Node's own options for the process under load, such as `--cpu-prof`. */
  readonly nodeOptions?: readonly string[]
  readonly signal: AbortSignal
}

const MAIN_PROCESS = 'main'

/** A service under load, as one process or several on one database, and the book of what they acknowledged. */
export class ServiceSide {
  readonly #options: ServiceSideOptions
  readonly #services = new Map<string, Service>()
  readonly #walletFiles: WalletFiles
  #acknowledged = SPREAD_WALLETS + HOT_WALLETS
  #mayBeInFlight = 0

  private constructor(options: ServiceSideOptions, walletFiles: WalletFiles) {
    this.#options = options
    this.#walletFiles = walletFiles
  }

  /** Creates the wallets with one process and starts another for the load, so that a profile shows that only. */
  static async start(options: ServiceSideOptions): Promise<ServiceSide> {
    const { root, database, program, nodeOptions = [] } = options
    const logFile = join(database.folder, `service-${randomUUID()}.log`)
    const creating = await startService({ root, databaseUrl: database.url, logFile })
    try {
      const wallets = await createWallets(creating.baseUrl, SPREAD_WALLETS + HOT_WALLETS, INITIAL_BALANCE)
      const side = new ServiceSide(options, await writeWalletFiles(database, wallets))
      await creating.stop()
      await side.startProcess(MAIN_PROCESS, { ...(program && { program }), nodeOptions })
      return side
    } finally {
      await creating.stop()
    }
  }

  /** Starts one more process on the same database; turns may then name it. */
  async startProcess(
    name: string,
    options: { readonly program?: readonly string[]; readonly nodeOptions?: readonly string[] } = {},
  ): Promise<void> {
    const { root, database } = this.#options
    const logFile = join(database.folder, `service-${randomUUID()}.log`)
    this.#services.set(name, await startService({ root, databaseUrl: database.url, logFile, ...options }))
  }

  /** One turn under wrk. Throws `BenchFailure` on any answer but success. */
  async measure(turn: Turn): Promise<ServiceFigures> {
    const { operation, connections, processes = [MAIN_PROCESS] } = turn
    await this.#options.database.settle()
    const services = processes.map((name) => this.#serviceNamed(name))
    const postingsBefore = await postingsOf(services)
    const cpuBefore = await this.#cpuSeconds(services)
    const { unexpected: _, ...result } = together(await this.#load(services, turn))
    // Processor time first: asking for the postings costs some.
    const cpuAfter = await this.#cpuSeconds(services)
    const postingsAfter = await postingsOf(services)
    this.#acknowledged += result.acknowledged * ROWS_OF[operation]
    this.#mayBeInFlight += connections * ROWS_OF[operation] * (operation === 'batch' ? BATCH_SIZE : 1)
    const flushes = postingsAfter.flushes - postingsBefore.flushes
    return {
      ...result,
      postingsPerFlush: flushes > 0 ? (postingsAfter.operations - postingsBefore.operations) / flushes : null,
      serviceCpuSeconds: difference(cpuBefore.service, cpuAfter.service),
      postgresCpuSeconds: difference(cpuBefore.postgres, cpuAfter.postgres),
    }
  }

  /** One wrk a service, with its share of the connections. */
  #load(services: readonly Service[], turn: Turn): Promise<WrkResult[]> {
    const { operation, wallets, connections, seconds, ratePerSecond } = turn
    return Promise.all(
      services.map(({ baseUrl }) =>
        runWrk({
          baseUrl,
          operation,
          walletFile: this.#walletFiles[wallets],
          connections: Math.floor(connections / services.length),
          seconds,
          ...(ratePerSecond !== undefined && { ratePerSecond }),
          signal: this.#options.signal,
        }),
      ),
    )
  }

  /** Ends the processes. May be called twice. */
  async stop(): Promise<void> {
    for (const service of this.#services.values()) await service.stop()
  }

  /** Counts the rows and runs the audit; the service has been stopped. Throws `BenchFailure` when either finds a fault. */
  async check(): Promise<LedgerCheck> {
    const { root, database, signal } = this.#options
    const { url, client } = database
    const counted = await client.query<{ rows: string }>('SELECT count(*) AS rows FROM wallet_transactions')
    const rows = Number(counted.rows[0]?.rows)
    const most = this.#acknowledged + this.#mayBeInFlight
    if (!(rows >= this.#acknowledged && rows <= most)) {
      throw new BenchFailure(
        `The ledger has ${rows} rows; acknowledged were ${this.#acknowledged}, and at most ${most} can have been written.`,
      )
    }
    const args = [join(root, 'scripts', 'audit.ts'), '--database-url', url, '--json']
    const audit = AuditReport.parse(JSON.parse(await runProgram({ file: process.execPath, args, signal })))
    return {
      rows,
      acknowledged: this.#acknowledged,
      mayBeInFlight: this.#mayBeInFlight,
      auditedChecks: audit.checks.length,
      auditSeconds: audit.seconds,
    }
  }

  #serviceNamed(name: string): Service {
    const service = this.#services.get(name)
    if (!service) throw new Error(`There is no process ${name}`)
    return service
  }

  async #cpuSeconds(services: readonly Service[]) {
    const each = await Promise.all(services.map(({ pid }) => cpuSecondsOfFamily(pid)))
    return {
      service: each.reduce((sum, seconds) => (sum === null || seconds === null ? null : sum + seconds), 0),
      postgres: await this.#options.database.cpuSeconds(),
    }
  }
}

async function postingsOf(services: readonly Service[]) {
  const each = await Promise.all(services.map(({ baseUrl }) => readPostings(baseUrl)))
  return {
    operations: each.reduce((sum, { operations }) => sum + operations, 0),
    flushes: each.reduce((sum, { flushes }) => sum + flushes, 0),
  }
}

/** Several loads at once as one: rates add up; of the latencies the worse one stands, since percentiles cannot be added. */
function together(results: readonly WrkResult[]): WrkResult {
  const sum = (of: (result: WrkResult) => number): number => results.reduce((total, result) => total + of(result), 0)
  const worst = (of: (result: WrkResult) => number): number => Math.max(...results.map(of))
  return {
    acknowledged: sum((result) => result.acknowledged),
    perSecond: sum((result) => result.perSecond),
    meanMs: worst((result) => result.meanMs),
    p50Ms: worst((result) => result.p50Ms),
    p99Ms: worst((result) => result.p99Ms),
    p999Ms: worst((result) => result.p999Ms),
    fromDue: merged(results.map((result) => result.fromDue)),
    unexpected: {},
  }
}

async function writeWalletFiles({ folder }: BenchDatabase, walletIds: readonly string[]): Promise<WalletFiles> {
  const write = async (name: WalletSet, ids: readonly string[]): Promise<string> => {
    const path = join(folder, `wallets-${name}-${randomUUID()}.txt`)
    await writeFile(path, `${ids.join('\n')}\n`)
    return path
  }
  const [hot, spread] = [walletIds.slice(0, HOT_WALLETS), walletIds.slice(HOT_WALLETS)]
  return {
    spread: await write('spread', spread),
    hot: await write('hot', hot.slice(0, 1)),
    'hot-pair': await write('hot-pair', hot),
    page: await write('page', spread.slice(0, PAGE_WALLETS)),
  }
}
