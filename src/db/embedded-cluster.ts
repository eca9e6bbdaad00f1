// The data directory before the server runs: creating it, its password, its version, and the server a dead service left behind.
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { programPath } from './embedded-binaries.ts'
import { EmbeddedPostgresError, errorCode, inFolder } from './embedded-errors.ts'
import { type Placement, giveTo, holdsCluster, ownerOf } from './embedded-placement.ts'
import { type Account, ask, isAlive, isServerOf, run, spawnIdentity, waitForExit } from './embedded-process.ts'

type Log = (message: string, fields?: Record<string, unknown>) => void

export const SUPERUSER = 'postgres'

const FAST_SHUTDOWN_MS = 30_000
const IMMEDIATE_SHUTDOWN_MS = 10_000
const KILL_MS = 5_000

/** PostgreSQL's own words, without the time and process number before them. */
export const lastErrorLine = (output: string): string => {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  const telling = lines.findLast((line) => /\b(FATAL|PANIC|ERROR):|\berror:/.test(line)) ?? lines.at(-1) ?? ''
  return telling.replace(/^.*?\b((FATAL|PANIC|ERROR):)\s*/, '$1 ').trim()
}

/** Writes a small file so that a crash leaves the old one or the new one. */
const writeWhole = async (path: string, text: string, account: Account | undefined): Promise<void> => {
  const aside = `${path}.new`
  await rm(aside, { force: true })
  const file = await open(aside, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await giveTo(aside, account)
  await rename(aside, path)
}

export const passwordFile = (folder: string): string => join(folder, 'postgres.password')

/** The superuser's password; for a database that does not exist yet, a new one. */
export const readOrMakePassword = ({ folder, account }: Placement): Promise<string> =>
  inFolder(folder, async () => {
    const path = passwordFile(folder)
    const known = await readFile(path, 'utf8').catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return ''
      throw error
    })
    if (known.trim() !== '') return known.trim()
    if (await holdsCluster(folder)) {
      throw new EmbeddedPostgresError(
        'password_missing',
        `The database in ${folder} is there, but its password file ${path} is not: put that file back, or set DATA_DIR to another folder to start with an empty database.`,
      )
    }
    const password = randomBytes(24).toString('hex')
    await writeWhole(path, `${password}\n`, account)
    return password
  })

export const wrongPassword = (folder: string, cause: unknown): EmbeddedPostgresError =>
  new EmbeddedPostgresError(
    'wrong_password',
    `The database in ${folder} does not accept the password in ${passwordFile(folder)}: put the file that belongs to this database back, or set DATA_DIR to another folder.`,
    { cause },
  )

/** Creates the data directory with initdb, aside and renamed: one cut short by a crash is never taken for a database. */
export const initialise = (placement: Placement, native: string, durable: boolean): Promise<void> =>
  inFolder(placement.folder, async () => {
    const { folder, cluster, account } = placement
    const aside = `${cluster}.initdb`
    await rm(aside, { recursive: true, force: true })
    await mkdir(aside, { mode: 0o700 })
    await giveTo(aside, account)
    const args = [
      `--pgdata=${aside}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile(folder)}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // PostgreSQL's own C.UTF-8, and libc's C for the rest: a slim machine has no other locale.
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
      ...(durable ? [] : ['--no-sync']),
    ]
    const made = await run({ file: programPath(native, 'initdb'), args, account, cwd: native }).catch(
      cannotRun(account),
    )
    if (made.code !== 0) {
      await rm(aside, { recursive: true, force: true })
      throw new EmbeddedPostgresError(
        'initdb_failed',
        `The database could not be created in ${folder} (initdb: ${lastErrorLine(made.stderr) || `exit ${made.code}`}): mend that, or set DATABASE_URL to a PostgreSQL of your own.`,
      )
    }
    await rename(aside, cluster)
    if (durable) await syncFolder(folder)
  })

/** A rename is safe from a power failure when its folder is on the disk: or the next start would find no database. */
const syncFolder = async (folder: string): Promise<void> => {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** For `catch`: a program of PostgreSQL's that could not even be started. */
export const cannotRun =
  (account: Account | undefined) =>
  (error: unknown): never => {
    const who = account === undefined ? '' : ` as the user ${account.name}`
    throw new EmbeddedPostgresError(
      'binaries_unusable',
      `PostgreSQL cannot be started${who} (${errorCode(error) || String(error)}): start the service as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own.`,
      { cause: error },
    )
  }

/** Refuses data of another user or another major version, each with its sentence, before the server does with a worse one. */
export const checkCluster = async ({ folder, cluster, account }: Placement, major: string): Promise<void> => {
  const owner = await ownerOf(cluster)
  const wanted = account?.uid ?? process.geteuid?.()
  if (wanted !== undefined && owner !== undefined && owner.uid !== wanted) {
    throw new EmbeddedPostgresError(
      'wrong_owner',
      `The database in ${folder} belongs to the user with uid ${owner.uid}, and this is uid ${wanted}: start the service as that user or as root, or set DATA_DIR to another folder.`,
    )
  }
  const found = (await inFolder(folder, () => readFile(join(cluster, 'PG_VERSION'), 'utf8'))).trim()
  if (found !== major) {
    throw new EmbeddedPostgresError(
      'wrong_version',
      `The database in ${folder} was made by PostgreSQL ${found}, this service brings PostgreSQL ${major}: move the data over with pg_dump and pg_restore, or set DATA_DIR to another folder.`,
    )
  }
  // A copy made with other tools often loosens this, and the server would refuse it.
  if (process.platform !== 'win32' && ((await stat(cluster)).mode & 0o027) !== 0) await chmod(cluster, 0o700)
}

export type PostmasterFile = { readonly pid: number; readonly status: string }

/** What a running (or killed) server says of itself in its data directory. */
export const readPostmasterFile = async (cluster: string): Promise<PostmasterFile | undefined> => {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')
  const lines = text.split('\n')
  const pid = Number(lines[0])
  return Number.isInteger(pid) && pid > 1 ? { pid, status: lines[7]?.trim() ?? '' } : undefined
}

type Stopping = {
  readonly pid: number
  readonly cluster: string
  readonly native: string
  readonly account: Account | undefined
}

const signal = async (
  kind: 'fast' | 'immediate' | 'kill',
  { pid, cluster, native, account }: Stopping,
): Promise<void> => {
  try {
    if (kind === 'kill') process.kill(pid, 'SIGKILL')
    else if (process.platform !== 'win32') process.kill(pid, kind === 'fast' ? 'SIGINT' : 'SIGQUIT')
    else {
      // Windows has no signals; pg_ctl speaks to the server over a pipe.
      const args = ['stop', '-W', '-m', kind, '-D', cluster]
      await ask({ file: programPath(native, 'pg_ctl'), args, cwd: native, ...spawnIdentity(account) })
    }
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error
  }
}

/** Stops a server: fast shutdown, then harder means (the next start recovers from the log). Bounded to 45 s in all. */
export const stopServer = async (server: Stopping): Promise<void> => {
  const steps = [
    ['fast', FAST_SHUTDOWN_MS],
    ['immediate', IMMEDIATE_SHUTDOWN_MS],
    ['kill', KILL_MS],
  ] as const
  for (const [kind, timeoutMs] of steps) {
    await signal(kind, server).catch((error: unknown) => {
      throw notStopping(server, error)
    })
    if (await waitForExit(server.pid, timeoutMs)) return
  }
  throw notStopping(server)
}

const notStopping = ({ pid, cluster }: Stopping, cause?: unknown): EmbeddedPostgresError =>
  new EmbeddedPostgresError(
    'server_not_stopping',
    `The PostgreSQL server (pid ${pid}) of ${cluster} cannot be stopped${cause === undefined ? '' : ` (${errorCode(cause)})`}: stop it yourself and start again.`,
    { cause },
  )

/**
 * Clears away what an earlier service left: its server, when it is still running (stopped, not adopted: one way to start,
 * always our settings and a child whose end we notice), or a pid file whose number now belongs to another program.
 * The caller owns the folder.
 */
export const clearLeftovers = async (placement: Placement, native: string, log: Log): Promise<void> => {
  const { cluster, account } = placement
  const left = await readPostmasterFile(cluster)
  if (left === undefined) return
  if (await isServerOf(left.pid, cluster)) {
    log('stopping the PostgreSQL server that an earlier service left running', { pid: left.pid })
    await stopServer({ pid: left.pid, cluster, native, account })
    return
  }
  // A dead process's file is left to the server, which also looks for backends that outlived theirs. But it takes any
  // process with that number, and a zombie, for a living server.
  if (await numberInUse(left.pid)) {
    log('removing a stale postmaster.pid: its process number belongs to another program now', { pid: left.pid })
    await rm(join(cluster, 'postmaster.pid'), { force: true })
  }
}

const numberInUse = async (pid: number): Promise<boolean> => {
  if (await isAlive(pid)) return true
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** The port of last time, when there is one. */
export const rememberedPort = async (folder: string): Promise<number | undefined> => {
  const port = Number(await readFile(join(folder, 'postgres.port'), 'utf8').catch(() => ''))
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined
}

export const rememberPort = async ({ folder, account }: Placement, port: number): Promise<void> => {
  if ((await rememberedPort(folder)) !== port) await writeWhole(join(folder, 'postgres.port'), `${port}\n`, account)
}
