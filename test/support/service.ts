// The service as its users meet it: a process of its own, started by `node src/main.ts` and stopped by its id.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { Api } from './api.ts'
import { createTestDatabase } from './postgres.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const START_TIMEOUT_MS = 30_000

export interface ServiceProcess {
  readonly url: string
  readonly pid: number
  /** Everything it logged so far, as JSON lines. */
  readonly log: readonly string[]
  /** SIGTERM, and wait for the exit; gives its code. */
  stop(): Promise<number | null>
  /** SIGKILL, and wait for the exit. */
  kill(): Promise<void>
}

/** What to run instead of the sources: in which folder, which arguments of node, as whom. */
export interface ServiceProgram {
  readonly folder: string
  readonly words: readonly string[]
  readonly user: { readonly uid: number; readonly gid: number } | null
}

const FROM_SOURCE: ServiceProgram = { folder: process.cwd(), words: [MAIN], user: null }

/** Starts a service process on a port of the system's choosing and waits until it listens. */
export async function startService(
  environment: Readonly<Record<string, string>>,
  { folder, words, user }: ServiceProgram = FROM_SOURCE,
): Promise<ServiceProcess> {
  const child = spawn(process.execPath, words, {
    cwd: folder,
    ...user,
    env: { ...baseEnvironment(), PORT: '0', HOST: '127.0.0.1', LOG_LEVEL: 'info', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log: string[] = []
  const url = await listening(child, log)
  const exit = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
    child.kill(signal)
    await once(child, 'exit')
    return child.exitCode
  }
  return {
    url,
    pid: child.pid ?? 0,
    log,
    stop: () => exit('SIGTERM'),
    kill: async () => void (await exit('SIGKILL')),
  }
}

/** A service process on a database of its own. */
export interface OneService {
  readonly databaseUrl: string
  readonly service: ServiceProcess
  readonly api: Api
  /** Stops the process and drops the database. */
  close(): Promise<void>
}

/** Starts one on a fresh database; more than one are in two-services.ts. */
export async function startOneService(environment: Readonly<Record<string, string>> = {}): Promise<OneService> {
  const database = await createTestDatabase()
  const service = await startService({ DATABASE_URL: database.url, ...environment })
  const close = async (): Promise<void> => {
    await service.stop()
    await database.drop()
  }
  return { databaseUrl: database.url, service, api: new Api(service.url), close }
}

/** Ends it, and fails if it logged an error: that is a bug of the service's, whatever it was asked. */
export async function closeFaultless(one: OneService): Promise<void> {
  const faults = one.service.log.filter((line) => line.includes('"level":"error"'))
  await one.close()
  expect(faults).toEqual([])
}

/** What no test wants unless it says so: neighbours that happen to run on this machine, limits, and looks at a damaged ledger. */
const ALONE = {
  CONSUL_ENABLED: 'off',
  VALIDATE_USERS: 'off',
  RATE_LIMIT_ENABLED: 'false',
  LEDGER_AUDIT_INTERVAL_SECONDS: '0',
}

/** What any process needs, without the settings of the service that the machine may have. */
function baseEnvironment(): Record<string, string> {
  const { PATH = '', HOME = '', TMPDIR } = process.env
  return { PATH, HOME, ...ALONE, ...(TMPDIR !== undefined && { TMPDIR }) }
}

function listening(child: ChildProcess, log: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      child.kill('SIGKILL')
      reject(new Error(`The service did not start: ${why}\n${log.join('\n')}`))
    }
    const timer = setTimeout(() => fail(`no "listening" within ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS)
    child.once('exit', (code) => fail(`exit code ${code}`))
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue
      createInterface({ input: stream }).on('line', (line) => {
        log.push(line)
        const url = urlOf(line)
        if (url === null) return
        clearTimeout(timer)
        child.removeAllListeners('exit')
        resolve(url)
      })
    }
  })
}

function urlOf(line: string): string | null {
  if (!line.startsWith('{')) return null
  const entry: { msg?: string; port?: number } = JSON.parse(line)
  return entry.msg === 'listening' && entry.port !== undefined ? `http://127.0.0.1:${entry.port}` : null
}
