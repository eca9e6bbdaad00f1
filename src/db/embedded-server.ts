// The running server: launching it, waiting until it takes connections, starting it again when it dies under a living service.
import { type ChildProcess, spawn } from 'node:child_process'
import { open, rename, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { cannotRun, lastErrorLine, readPostmasterFile, stopServer } from './embedded-cluster.ts'
import { programPath } from './embedded-binaries.ts'
import { EmbeddedPostgresError, errorCode, inFolder } from './embedded-errors.ts'
import { type Placement } from './embedded-placement.ts'
import { bareEnvironment, spawnIdentity } from './embedded-process.ts'

type Log = (message: string, fields?: Record<string, unknown>) => void

export const LOOPBACK = '127.0.0.1'

/** Crash recovery of a large log takes minutes, and interrupting it gains nothing. */
const READY_TIMEOUT_MS = 300_000
const PROGRESS_MS = 10_000
const LINGERING_BACKENDS_MS = 10_000
const LOG_FILE_BYTES = 5_000_000
const RESTARTS = 10
const RESTART_PAUSE_MS = 5_000
const HEALTHY_MS = 60_000

export type Launch = {
  readonly placement: Placement
  readonly native: string
  readonly port: number
  readonly settings: Readonly<Record<string, string>>
  readonly log: Log
  readonly signal: AbortSignal
}

export type Server = { readonly pid: number; readonly child: ChildProcess; readonly exited: Promise<string> }

/** A free port on loopback: `wanted` itself if it is free, otherwise undefined. 0 asks for any. */
export const probePort = (wanted: number): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', (error) => {
      const code = errorCode(error)
      if (code === 'EADDRINUSE' || code === 'EACCES') resolve(undefined)
      else reject(error)
    })
    probe.listen({ port: wanted, host: LOOPBACK, exclusive: true }, () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' ? address?.port : undefined))
    })
  })

export const portTaken = (port: number): EmbeddedPostgresError =>
  new EmbeddedPostgresError(
    'port_taken',
    `The port ${port} on ${LOOPBACK}, meant for the embedded PostgreSQL, is taken by another program or closed to this user: stop that program, choose another port, or set DATABASE_URL to a PostgreSQL of your own.`,
  )

const logFile = ({ folder }: Placement): string => join(folder, 'postgres.log')

/** A file and not a pipe: the server may outlive this process, and its words should, too. One older file is kept. */
const openLog = (placement: Placement) =>
  inFolder(placement.folder, async () => {
    const path = logFile(placement)
    const size = await stat(path).then(
      (found) => found.size,
      () => 0,
    )
    if (size > LOG_FILE_BYTES) await rename(path, `${path}.1`)
    const file = await open(path, 'a+', 0o600)
    if (placement.account !== undefined) await file.chown(placement.account.uid, placement.account.gid)
    return { file, from: (await file.stat()).size }
  })

const readSince = async (placement: Placement, from: number): Promise<string> => {
  const file = await open(logFile(placement), 'r')
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(64_000), position: from })
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}

const spawnServer = async ({
  placement,
  native,
  port,
  settings,
}: Launch): Promise<{ server: Server; from: number }> => {
  const { file, from } = await openLog(placement)
  const all = { ...settings, port: String(port), listen_addresses: LOOPBACK, unix_socket_directories: '' }
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  try {
    const child = spawn(programPath(native, 'postgres'), ['-D', placement.cluster, ...flags], {
      ...spawnIdentity(placement.account),
      cwd: native,
      ...bareEnvironment(),
      stdio: ['ignore', file.fd, file.fd],
      // A session of its own: Ctrl-C in the terminal must reach the service only, which still needs its database to drain.
      detached: true,
      windowsHide: true,
    })
    const started = new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject))
    const exited = new Promise<string>((resolve) => {
      child.once('exit', (code, killedBy) => resolve(killedBy ?? `exit ${code}`))
    })
    await started.catch(cannotRun(placement.account))
    child.unref()
    return { server: { pid: child.pid ?? 0, child, exited }, from }
  } finally {
    await file.close()
  }
}

const failure = (output: string, how: string, { placement, port }: Launch): EmbeddedPostgresError => {
  if (/could not bind|could not create any TCP/.test(output)) return portTaken(port)
  return new EmbeddedPostgresError(
    'start_failed',
    `PostgreSQL did not start on ${placement.folder} (${lastErrorLine(output) || how}; more in ${logFile(placement)}): mend that, or set DATABASE_URL to a PostgreSQL of your own.`,
  )
}

/** Starts the server and waits until it takes connections. */
const launchOnce = async (launch: Launch): Promise<Server | 'backends linger'> => {
  const { placement, native, log, signal } = launch
  const { server, from } = await spawnServer(launch)
  let exit: string | undefined
  void server.exited.then((how) => (exit = how))
  const began = Date.now()
  for (let reported = began; ; await delay(20)) {
    if (exit !== undefined) {
      const output = await readSince(placement, from)
      // The backends of a killed server need a moment to notice, and share its memory until then.
      if (/pre-existing shared memory block|lock file "postmaster.pid" already exists/.test(output))
        return 'backends linger'
      throw failure(output, exit, launch)
    }
    const said = await readPostmasterFile(placement.cluster)
    if (said?.pid === server.pid && said.status.startsWith('ready')) return server
    if (signal.aborted || Date.now() - began > READY_TIMEOUT_MS) {
      await stopServer({ pid: server.pid, cluster: placement.cluster, native, account: placement.account })
      throw failure('', signal.aborted ? 'stopped while starting' : 'not ready within 5 minutes', launch)
    }
    if (Date.now() - reported > PROGRESS_MS) {
      reported = Date.now()
      log('PostgreSQL is still starting, probably recovering from a crash', { log: logFile(placement) })
    }
  }
}

/** Starts the server; throws `port_taken`, `binaries_unusable` or `start_failed`. */
export const launchServer = async (launch: Launch): Promise<Server> => {
  const deadline = Date.now() + LINGERING_BACKENDS_MS
  for (;;) {
    const server = await launchOnce(launch)
    if (server !== 'backends linger') return server
    if (Date.now() > deadline || launch.signal.aborted) {
      throw failure('', 'processes of the earlier server still hold its memory', launch)
    }
    await delay(250)
  }
}

export type Supervisor = { stop(): Promise<void> }

/**
 * Watches over the server and starts it again on the same port when it dies (killed, out of memory): the service keeps its
 * database without being restarted itself. Gives up after 10 failures in a row; readiness then says so.
 */
export const superviseServer = (first: Server, launch: Omit<Launch, 'signal'>): Supervisor => {
  const { log, placement, native } = launch
  const stopping = new AbortController()
  let current: Server | undefined = first

  const stopThis = ({ pid }: Server): Promise<void> =>
    stopServer({ pid, cluster: placement.cluster, native, account: placement.account })

  const relaunch = async (): Promise<Server | undefined> => {
    for (let attempt = 1; attempt <= RESTARTS && !stopping.signal.aborted; attempt += 1) {
      try {
        return await launchServer({ ...launch, signal: stopping.signal })
      } catch (error) {
        if (stopping.signal.aborted) return undefined
        log('PostgreSQL could not be started again', { attempt, of: RESTARTS, reason: String(error) })
        await delay(RESTART_PAUSE_MS, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined)
      }
    }
    return undefined
  }

  const watch = async (): Promise<void> => {
    while (current !== undefined) {
      const since = Date.now()
      const how = await current.exited
      if (stopping.signal.aborted) return
      log('PostgreSQL ended unexpectedly; starting it again', { how, log: logFile(placement) })
      // One that dies soon after every start must not be started in a tight loop.
      if (Date.now() - since < HEALTHY_MS) await delay(200, undefined, { ref: false })
      current = await relaunch()
      // Ready at the very moment of stop(), which still saw the dead one.
      if (current !== undefined && stopping.signal.aborted) await stopThis(current)
      if (current !== undefined) log('PostgreSQL is running again', { pid: current.pid })
      else if (!stopping.signal.aborted) log('PostgreSQL cannot be kept running; restart the service')
    }
  }

  // Without it, process.exit() would leave the server behind. (After kill -9 the next start stops it.)
  const onExit = (): void => void current?.child.kill('SIGINT')
  process.once('exit', onExit)
  const watching = watch()

  const stop = async (): Promise<void> => {
    stopping.abort()
    process.off('exit', onExit)
    if (current !== undefined && current.child.exitCode === null && current.child.signalCode === null) {
      await stopThis(current)
    }
    await watching
  }
  return { stop }
}
