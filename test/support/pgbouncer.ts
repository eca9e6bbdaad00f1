// A PgBouncer of a test's own: Debian's, in transaction mode on the loopback, before one PostgreSQL server.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { findProgram } from '../../scripts/debian-program.ts'
import { freePorts } from '../../scripts/free-ports.ts'

export const PGBOUNCER = {
  program: 'pgbouncer',
  packages: ['pgbouncer'],
  libraries: ['libc-ares2', 'libevent-2.1-7', 'libssl3', 'libpam0g', 'libsystemd0'],
} as const

const READY = 'process up'

export interface PgBouncer {
  /** The same database, through it. */
  through(databaseUrl: string): string
  /** Everything that it said. */
  readonly log: readonly string[]
  stop(): Promise<void>
}

/** Starts one before the server of this address, with so few sessions that they must be shared. */
export async function startPgBouncer(
  serverUrl: string,
  options: { readonly sessions: number; /** Startup parameters to pass over. */ readonly ignored?: string },
): Promise<PgBouncer> {
  const { path, environment } = await findProgram(PGBOUNCER)
  const [port = 0] = await freePorts(1)
  const folder = await mkdtemp(join(tmpdir(), 'wallet-service-pgbouncer-'))
  // Under root it becomes another user, who must get in.
  await chmod(folder, 0o755)
  const file = join(folder, 'pgbouncer.ini')
  await writeFile(file, configuration(new URL(serverUrl), { ...options, port }), { mode: 0o644 })
  const child = spawn(path, [file], { env: environment, stdio: ['ignore', 'ignore', 'pipe'] })
  const log: string[] = []
  const stop = async (): Promise<void> => {
    await end(child)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await ready(child, log)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    through: (databaseUrl) => `postgres://anybody@127.0.0.1:${port}${new URL(databaseUrl).pathname}`,
    log,
    stop,
  }
}

function configuration(
  server: URL,
  { port, sessions, ignored = '' }: { readonly port: number; readonly sessions: number; readonly ignored?: string },
): string {
  const user = process.geteuid?.() === 0 ? 'user = nobody\n' : ''
  return `[databases]
* = host=${server.hostname} port=${server.port} user=${server.username} password=${decodeURIComponent(server.password)}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${sessions}
max_client_conn = 500
server_reset_query =
ignore_startup_parameters = ${ignored}
${user}`
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

function ready(child: ChildProcess, log: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`pgbouncer ended with code ${code}\n${log.join('\n')}`)))
    if (!child.stderr) return
    createInterface({ input: child.stderr }).on('line', (line) => {
      log.push(line)
      if (line.includes(READY)) resolve()
    })
  })
}
