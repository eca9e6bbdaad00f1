// The durable PostgreSQL of the growth bench, with one database for each ledger: in a temporary folder, or in one that is kept,
// since loading ten million rows is what takes long.
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import pg from 'pg'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/db/embedded.ts'
import { migrateToLatest } from '../../src/db/migrator.ts'
import { cpuSecondsOfFamily } from '../support/process-cpu.ts'
import { type LedgerShape, loadLedger } from './load.ts'

/** Only while loading: fewer checkpoints. Durability stays as it is. */
const LOADING_SETTINGS = { max_wal_size: '16GB', checkpoint_timeout: '30min', shared_buffers: '1GB' }
const MAX_CONNECTIONS = '200'
/** In step with each other, several loaders would write a row's id out of order; one does not, as one service does not. */
const LOADERS = 1

/** A ledger that the bench needs. */
export interface WantedLedger {
  readonly name: string
  readonly shape: LedgerShape
}

/** How a ledger came to be there. */
export interface LoadedLedger extends WantedLedger {
  /** `null`: it was there already. */
  readonly loadSeconds: number | null
}

/** A running server. */
export interface GrowthServer {
  readonly dataDir: string
  /** A folder for the run's other files. */
  readonly folder: string
  urlOf(name: string): string
  cpuSeconds(): Promise<number | null>
  stop(): Promise<void>
}

/** The folder of a run; without `kept`, one that `remove` takes away. */
export async function growthFolder(kept: string | null): Promise<{ path: string; remove: () => Promise<void> }> {
  if (kept !== null) {
    await mkdir(kept, { recursive: true })
    return { path: resolve(kept), remove: async () => undefined }
  }
  const path = await mkdtemp(join(tmpdir(), 'wallet-growth-'))
  // mkdtemp's 0700 would shut out the user that PostgreSQL runs as under root.
  await chmod(path, 0o755)
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** Starts the server, as `npm start` would but for the settings given. */
export async function startGrowthServer(
  folder: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<GrowthServer> {
  const server: EmbeddedPostgres = await startEmbeddedPostgres({
    dataDir: join(folder, 'data'),
    relocationRoot: join(folder, 'elsewhere'),
    settings: { max_connections: MAX_CONNECTIONS, ...settings },
    log: () => undefined,
  })
  const files = join(folder, 'files')
  await mkdir(files, { recursive: true })
  const pidFile = await readFile(join(server.dataDir, 'postgres', 'postmaster.pid'), 'utf8')
  const postmaster = Number(pidFile.split('\n')[0])
  return {
    dataDir: server.dataDir,
    folder: files,
    urlOf: (name) => Object.assign(new URL(server.url), { pathname: `/${name}` }).href,
    cpuSeconds: () => cpuSecondsOfFamily(postmaster),
    stop: () => server.stop(),
  }
}

/** Loads the ledgers that are not there yet, on a server of its own that has ended when this returns. */
export async function provideLedgers(options: {
  readonly folder: string
  readonly wanted: readonly WantedLedger[]
  readonly signal: AbortSignal
  readonly tell: (line: string) => void
}): Promise<LoadedLedger[]> {
  const { folder, wanted, signal, tell } = options
  const server = await startGrowthServer(folder, LOADING_SETTINGS)
  try {
    const loaded: LoadedLedger[] = []
    for (const ledger of wanted) {
      const databaseUrl = server.urlOf(ledger.name)
      await createDatabase(server.urlOf('postgres'), ledger.name)
      await migrateToLatest(databaseUrl)
      if (await isLoaded(databaseUrl, ledger.shape)) {
        loaded.push({ ...ledger, loadSeconds: null })
        continue
      }
      const line = (text: string) => tell(`loading ${ledger.name}: ${text}`)
      const { seconds } = await loadLedger({ databaseUrl, shape: ledger.shape, threads: LOADERS, signal, tell: line })
      loaded.push({ ...ledger, loadSeconds: seconds })
    }
    return loaded
  } finally {
    await server.stop()
  }
}

async function createDatabase(url: string, name: string): Promise<void> {
  await asking(url, async (client) => {
    const found = await client.query('SELECT FROM pg_database WHERE datname = $1', [name])
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)} TEMPLATE template0`)
  })
}

/** Wallets are written last, all of them in one transaction; a load that was cut short is begun anew. */
async function isLoaded(url: string, { wallets }: LedgerShape): Promise<boolean> {
  return asking(url, async (client) => {
    const { rows } = await client.query<{ count: string }>('SELECT count(*) FROM wallets')
    if (Number(rows[0]?.count) >= wallets) return true
    await client.query('ALTER TABLE wallet_transactions DISABLE TRIGGER wallet_transactions_no_truncate')
    await client.query('TRUNCATE wallet_transactions')
    await client.query('ALTER TABLE wallet_transactions ENABLE TRIGGER wallet_transactions_no_truncate')
    return false
  })
}

async function asking<Answer>(url: string, ask: (client: pg.Client) => Promise<Answer>): Promise<Answer> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await ask(client)
  } finally {
    await client.end()
  }
}
