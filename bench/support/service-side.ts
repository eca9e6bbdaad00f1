// The service's side of the table: its wallets, its turns under wrk, and afterwards the ledger against what was acknowledged.
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { BenchDatabase } from './bench-database.ts'
import type { Scenario } from './bench-options.ts'
import { cpuSecondsOf } from './process-cpu.ts'
import { BenchFailure, runProgram } from './programs.ts'
import { createWallets, readPostings, type Service, startService } from './service.ts'
import { runWrk, type WrkResult } from './wrk.ts'

/** Wallets of the spread scenario; the hot wallet is one more. */
const SPREAD_WALLETS = 10_000
/** More than a run can consume, at 0.01 a posting. */
const INITIAL_BALANCE = '1000000'

export interface Turn {
  readonly scenario: Scenario
  readonly connections: number
  readonly seconds: number
}

export interface ServiceFigures extends WrkResult {
  /** Mean number of postings that shared a database transaction. */
  readonly postingsPerFlush: number
  readonly serviceCpuSeconds: number | null
  readonly postgresCpuSeconds: number | null
}

export interface LedgerCheck {
  readonly rows: number
  /** The wallets' first deposits and every posting answered with 200. */
  readonly acknowledged: number
  /** Postings under way whenever wrk ended, at most one a connection: written or not, nobody was told. */
  readonly mayBeInFlight: number
  readonly auditedChecks: number
  readonly auditSeconds: number
}

/** What scripts/audit.ts reports of a clean ledger, in every revision that has one. */
const AuditReport = z.object({ seconds: z.number(), checks: z.array(z.unknown()) })

export interface ServiceSideOptions {
  /** The checkout whose service it is; its own code brings the database to its schema and audits it. */
  readonly root: string
  readonly database: BenchDatabase
  /** Node's own options for the process under load, such as `--cpu-prof`. */
  readonly nodeOptions: readonly string[]
  readonly signal: AbortSignal
}

/** The service under load, and the book of what it acknowledged. */
export class ServiceSide {
  readonly #options: ServiceSideOptions
  readonly #service: Service
  readonly #walletFiles: Readonly<Record<Scenario, string>>
  #acknowledged = SPREAD_WALLETS + 1
  #mayBeInFlight = 0

  private constructor(options: ServiceSideOptions, service: Service, walletFiles: Readonly<Record<Scenario, string>>) {
    this.#options = options
    this.#service = service
    this.#walletFiles = walletFiles
  }

  /** Creates the wallets with one process and starts another for the load, so that a profile shows postings only. */
  static async start(options: ServiceSideOptions): Promise<ServiceSide> {
    const { root, database, nodeOptions } = options
    const logFile = join(database.folder, `service-${randomUUID()}.log`)
    const creating = await startService({ root, databaseUrl: database.url, logFile })
    try {
      const wallets = await createWallets(creating.baseUrl, SPREAD_WALLETS + 1, INITIAL_BALANCE)
      const spread = await writeWallets(database, 'spread', wallets.slice(1))
      const hot = await writeWallets(database, 'hot', wallets.slice(0, 1))
      await creating.stop()
      const service = await startService({ root, databaseUrl: database.url, logFile, nodeOptions })
      return new ServiceSide(options, service, { spread, hot })
    } finally {
      await creating.stop()
    }
  }

  /** One turn under wrk. Throws `BenchFailure` on any answer but 200. */
  async measure({ scenario, connections, seconds }: Turn): Promise<ServiceFigures> {
    const { database, signal } = this.#options
    await database.settle()
    const before = await this.#readings()
    const result = await runWrk({
      baseUrl: this.#service.baseUrl,
      walletFile: this.#walletFiles[scenario],
      connections,
      seconds,
      signal,
    })
    const after = await this.#readings()
    this.#acknowledged += result.acknowledged
    this.#mayBeInFlight += connections
    return {
      ...result,
      postingsPerFlush: (after.operations - before.operations) / Math.max(1, after.flushes - before.flushes),
      serviceCpuSeconds: difference(before.service, after.service),
      postgresCpuSeconds: difference(before.postgres, after.postgres),
    }
  }

  /** Ends the process. May be called twice. */
  async stop(): Promise<void> {
    await this.#service.stop()
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

  async #readings() {
    const { operations, flushes } = await readPostings(this.#service.baseUrl)
    const [service, postgres] = await Promise.all([
      cpuSecondsOf(this.#service.pid),
      this.#options.database.cpuSeconds(),
    ])
    return { operations, flushes, service, postgres }
  }
}

/** What passed between two readings, if both could be made. */
export function difference(before: number | null, after: number | null): number | null {
  return before === null || after === null ? null : after - before
}

async function writeWallets(
  database: BenchDatabase,
  scenario: Scenario,
  walletIds: readonly string[],
): Promise<string> {
  const path = join(database.folder, `wallets-${scenario}-${randomUUID()}.txt`)
  await writeFile(path, `${walletIds.join('\n')}\n`)
  return path
}
