// The rival's side of the table: its tables beside the service's own, and its turns under pgbench.
import type { BenchDatabase } from './bench-database.ts'
import { createRival, type PgbenchResult, type RivalLatencies, runPgbench } from './pgbench.ts'
import { BenchFailure } from './programs.ts'
import { difference } from './process-cpu.ts'

/** Numbers of the wallets in rival.sql. */
const WALLETS = { spread: [1, 10_000], hot: [0, 0] } as const

export interface RivalTurn {
  readonly wallets: keyof typeof WALLETS
  readonly connections: number
  readonly seconds: number
}

export interface RivalFigures extends PgbenchResult, RivalLatencies {
  /** Opening the connections included. */
  readonly postgresCpuSeconds: number | null
}

/** The rival, and the count of its transactions. */
export class RivalSide {
  readonly #database: BenchDatabase
  readonly #signal: AbortSignal
  #transactions = 0

  private constructor(database: BenchDatabase, signal: AbortSignal) {
    this.#database = database
    this.#signal = signal
  }

  /** Makes and fills the tables. */
  static async start(options: { readonly database: BenchDatabase; readonly signal: AbortSignal }): Promise<RivalSide> {
    await createRival(options.database.client)
    return new RivalSide(options.database, options.signal)
  }

  /** One turn under pgbench. Throws `BenchFailure` when a transaction fails. */
  async measure({ wallets, connections, seconds }: RivalTurn): Promise<RivalFigures> {
    await this.#database.settle()
    const before = await this.#database.cpuSeconds()
    const result = await runPgbench({
      databaseUrl: this.#database.url,
      folder: this.#database.folder,
      wallets: WALLETS[wallets],
      connections,
      seconds,
      signal: this.#signal,
    })
    this.#transactions += result.transactions
    return { ...result, postgresCpuSeconds: difference(before, await this.#database.cpuSeconds()) }
  }

  /** Every transaction must have left its row; then the tables go, so that the audit sees the service's only. */
  async finish(): Promise<void> {
    const { client } = this.#database
    const counted = await client.query<{ rows: string }>('SELECT count(*) AS rows FROM bench_wallet_transactions')
    const rows = Number(counted.rows[0]?.rows)
    if (rows !== this.#transactions) {
      throw new BenchFailure(`pgbench counted ${this.#transactions} transactions and left ${rows} rows.`)
    }
    await client.query('DROP TABLE bench_wallet_transactions, bench_wallets')
  }
}
