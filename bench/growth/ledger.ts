// A loaded ledger under its service: which wallets it has, and turns of requests over HTTP with what they cost the database.
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import { z } from 'zod'
import { cpuSecondsOfFamily } from '../support/process-cpu.ts'
import { BenchFailure } from '../support/programs.ts'
import { ROOT, type Service, startService } from '../support/service.ts'
import { type Operation, runWrk, type WrkResult } from '../support/wrk.ts'
import type { GrowthServer } from './growth-server.ts'

const Page = z.object({ next_cursor: z.string().nullable() })

/** What the requests are made from. */
export interface LedgerFacts {
  readonly walletIds: readonly string[]
  readonly hotWalletId: string
  readonly hotRows: number
  readonly rows: number
  readonly firstAt: Date
  readonly lastAt: Date
}

/** What some seconds of postings did to the database. */
export interface PostingCost {
  readonly walBytes: number
  readonly fullPages: number
  readonly updates: number
  readonly hotUpdates: number
}

/** What a turn came to; `microsEach` is the processor time of service and PostgreSQL for one answer. */
export type ReadTurn = WrkResult & { readonly microsEach: number | null }
export type PostingTurn = ReadTurn & { readonly cost: PostingCost }

/** A service over a loaded database. */
export class GrowthLedger {
  readonly name: string
  readonly facts: LedgerFacts
  readonly #client: pg.Client
  readonly #service: Service
  readonly #server: GrowthServer
  readonly #signal: AbortSignal

  private constructor(options: GrowthLedgerOptions, facts: LedgerFacts, service: Service) {
    this.name = options.name
    this.facts = facts
    this.#client = options.client
    this.#service = service
    this.#server = options.server
    this.#signal = options.signal
  }

  static async start(options: GrowthLedgerOptions): Promise<GrowthLedger> {
    const facts = await readFacts(options.client)
    const logFile = join(options.server.folder, `service-${options.name}.log`)
    const service = await startService({ root: ROOT, databaseUrl: options.databaseUrl, logFile })
    return new GrowthLedger(options, facts, service)
  }

  get client(): pg.Client {
    return this.#client
  }

  async stop(): Promise<void> {
    await this.#service.stop()
  }

  /** GETs of paths picked at random. */
  async read(paths: readonly string[], load: { connections: number; seconds: number }): Promise<ReadTurn> {
    const walletFile = await this.#write(paths)
    return this.#timed(() => this.#wrk('paths', walletFile, load))
  }

  /** Consumptions of wallets picked at random. */
  async post(walletIds: readonly string[], load: { connections: number; seconds: number }): Promise<PostingTurn> {
    const walletFile = await this.#write(walletIds)
    const before = await this.#cost()
    const result = await this.#timed(() => this.#wrk('consume', walletFile, load))
    const after = await this.#cost()
    const cost = {
      walBytes: after.walBytes - before.walBytes,
      fullPages: after.fullPages - before.fullPages,
      updates: after.updates - before.updates,
      hotUpdates: after.hotUpdates - before.hotUpdates,
    }
    return { ...result, cost }
  }

  /** The cursor behind the page at an offset of the hot wallet. */
  async cursorAt(offset: number): Promise<string> {
    const path = `/api/v1/wallets/${this.facts.hotWalletId}/transactions?limit=1&offset=${offset}`
    const response = await fetch(this.#service.baseUrl + path)
    const { next_cursor } = Page.parse(await response.json())
    if (next_cursor === null) throw new BenchFailure(`There is nothing behind offset ${offset}`)
    return next_cursor
  }

  #wrk(operation: Operation, walletFile: string, load: { connections: number; seconds: number }): Promise<WrkResult> {
    const { baseUrl } = this.#service
    return runWrk({ baseUrl, operation, walletFile, ...load, signal: this.#signal })
  }

  async #timed(run: () => Promise<WrkResult>): Promise<ReadTurn> {
    const before = await this.#cpuSeconds()
    const result = await run()
    const after = await this.#cpuSeconds()
    const known = before !== null && after !== null && result.acknowledged > 0
    return { ...result, microsEach: known ? ((after - before) * 1_000_000) / result.acknowledged : null }
  }

  async #cpuSeconds(): Promise<number | null> {
    const [service, postgres] = [await cpuSecondsOfFamily(this.#service.pid), await this.#server.cpuSeconds()]
    return service === null || postgres === null ? null : service + postgres
  }

  async #write(lines: readonly string[]): Promise<string> {
    const file = join(this.#server.folder, `lines-${randomUUID()}.txt`)
    await writeFile(file, `${lines.join('\n')}\n`)
    return file
  }

  async #cost(): Promise<PostingCost> {
    // What other sessions have counted becomes visible a moment late; asked for by function, it is flushed first.
    const { rows } = await this.#client.query<Record<keyof PostingCost, string>>(`
      SELECT pg_current_wal_insert_lsn() - '0/0' AS "walBytes", (SELECT wal_fpi FROM pg_stat_wal) AS "fullPages",
        pg_stat_get_tuples_updated('wallets'::regclass) AS updates,
        pg_stat_get_tuples_hot_updated('wallets'::regclass) AS "hotUpdates"`)
    const [row] = rows
    if (!row) throw new BenchFailure('The database did not tell its counters')
    const { walBytes, fullPages, updates, hotUpdates } = row
    return {
      walBytes: Number(walBytes),
      fullPages: Number(fullPages),
      updates: Number(updates),
      hotUpdates: Number(hotUpdates),
    }
  }
}

export interface GrowthLedgerOptions {
  readonly name: string
  readonly databaseUrl: string
  readonly client: pg.Client
  readonly server: GrowthServer
  readonly signal: AbortSignal
}

async function readFacts(client: pg.Client): Promise<LedgerFacts> {
  const wallets = await client.query<{ wallet_id: string; last_sequence: string; updated_at: Date; created_at: Date }>(
    'SELECT wallet_id, last_sequence, updated_at, created_at FROM wallets ORDER BY last_sequence DESC',
  )
  const [hot] = wallets.rows
  if (!hot) throw new BenchFailure('The ledger has no wallets')
  return {
    walletIds: wallets.rows.map((row) => row.wallet_id),
    hotWalletId: hot.wallet_id,
    hotRows: Number(hot.last_sequence),
    rows: wallets.rows.reduce((sum, row) => sum + Number(row.last_sequence), 0),
    firstAt: hot.created_at,
    lastAt: hot.updated_at,
  }
}
