// A durable PostgreSQL of the run's own in a temporary folder, with the newest schema; removed when the run is over.
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { startEmbeddedPostgres } from '../../src/db/embedded.ts'
import { migrateToLatest } from '../../src/db/migrator.ts'
import { cpuSecondsOfFamily } from './process-cpu.ts'

/** pgbench opens 256 connections; the service and the run's own come on top. */
const MAX_CONNECTIONS = '400'

const QUIET_LOOKS = 5
const QUIET_POLL_MS = 20
const QUIET_TIMEOUT_MS = 10_000

export interface BenchDatabase {
  readonly url: string
  readonly dataDir: string
  /** A folder for the run's other files. */
  readonly folder: string
  readonly client: pg.Client
  /** Processor seconds of the server and all its back ends; `null` where /proc does not tell. */
  cpuSeconds(): Promise<number | null>
  /** A database beside it on the same server, with nothing in it. It goes with the server; `stop` ends its connection. */
  another(name: string): Promise<BenchDatabase>
  /**
   * Waits until nothing runs any more, since wrk leaves without its last answers, and empties the dirty pages: no cell of the
   * table shall pay for the one before it.
   */
  settle(): Promise<void>
  stop(): Promise<void>
}

/** Starts and migrates it. `stop` ends it and removes its folder. */
export async function startBenchDatabase(): Promise<BenchDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'wallet-bench-'))
  try {
    // mkdtemp's 0700 would shut out the user that PostgreSQL runs as under root.
    await chmod(folder, 0o755)
    const server = await startEmbeddedPostgres({
      dataDir: join(folder, 'data'),
      relocationRoot: join(folder, 'elsewhere'),
      settings: { max_connections: MAX_CONNECTIONS },
      log: () => undefined,
    })
    const stop = async (): Promise<void> => {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    }
    try {
      await migrateToLatest(server.url)
      const postmaster = await postmasterOf(server.dataDir)
      return await open({ url: server.url, dataDir: server.dataDir, folder, postmaster, stop })
    } catch (error) {
      await stop()
      throw error
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

interface Opening {
  readonly url: string
  readonly dataDir: string
  readonly folder: string
  readonly postmaster: number
  /** What is left to do once the connection has ended. */
  readonly stop: () => Promise<void>
}

async function open({ stop, postmaster, ...place }: Opening): Promise<BenchDatabase> {
  const client = new pg.Client({ connectionString: place.url, application_name: 'wallet_service bench' })
  client.on('error', () => undefined)
  await client.connect()
  return {
    ...place,
    client,
    cpuSeconds: () => cpuSecondsOfFamily(postmaster),
    another: async (name) => {
      await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)} TEMPLATE template0`)
      const url = new URL(place.url)
      url.pathname = `/${name}`
      return open({ ...place, url: url.href, postmaster, stop: async () => undefined })
    },
    settle: async () => {
      await untilQuiet(client)
      await client.query('CHECKPOINT')
    },
    stop: async () => {
      await client.end().catch(() => undefined)
      await stop()
    },
  }
}

/** Several looks in a row, because between two transactions there is a moment for the service to think. */
async function untilQuiet(client: pg.Client): Promise<void> {
  const deadline = performance.now() + QUIET_TIMEOUT_MS
  for (let quietLooks = 0; quietLooks < QUIET_LOOKS && performance.now() < deadline;) {
    await delay(QUIET_POLL_MS)
    const { rowCount } = await client.query(
      `SELECT FROM pg_stat_activity WHERE backend_type = 'client backend' AND state <> 'idle' AND pid <> pg_backend_pid()`,
    )
    quietLooks = rowCount === 0 ? quietLooks + 1 : 0
  }
}

async function postmasterOf(dataDir: string): Promise<number> {
  return Number((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0])
}
