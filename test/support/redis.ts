// A Redis of a test's own: Debian's redis-server on the loopback, which keeps nothing and can be held still.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import { findProgram } from '../../scripts/debian-program.ts'
import { freePorts } from '../../scripts/free-ports.ts'

/** In Debian the server is another name of a program that belongs to its tools. */
export const REDIS = {
  program: 'redis-server',
  packages: ['redis-server', 'redis-tools'],
  libraries: ['libatomic1', 'libjemalloc2', 'liblzf1', 'libssl3', 'libsystemd0'],
} as const

const READY = 'Ready to accept connections'

export interface RedisServer {
  readonly url: string
  readonly port: number
  /** Holds it still: it goes on accepting connections (the kernel does), but answers nothing. */
  pause(): void
  resume(): void
  /** SIGKILL, and wait for the exit. */
  kill(): Promise<void>
}

/** Starts one, on a port of the system's choosing or on one that was in use before. */
export async function startRedis(
  options: { readonly port?: number; readonly password?: string } = {},
): Promise<RedisServer> {
  const { path, environment } = await findProgram(REDIS)
  const [free = 0] = options.port === undefined ? await freePorts(1) : []
  const { port = free, password } = options
  const settings = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    tmpdir(),
  ]
  const child = spawn(path, [...settings, ...(password === undefined ? [] : ['--requirepass', password])], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await ready(child)
  return {
    url: `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`,
    port,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

function ready(child: ChildProcess): Promise<void> {
  const lines: string[] = []
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`redis-server ended with code ${code}\n${lines.join('\n')}`)))
    if (!child.stdout) return
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line)
      if (line.includes(READY)) resolve()
    })
  })
}
