// Services on embedded clusters in a temporary folder, for the tests of the embedded database itself: started in this process
// or in one of their own that can be killed. `useEmbeddedFolder` clears everything away.
import { type ChildProcess, spawn } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { type Server, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll } from 'vitest'
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
  stopAbandonedPostgres,
} from '../../src/db/embedded.ts'
import { queryDatabase } from './sql.ts'

const STAYING = 'setInterval(() => 0, 1000)'
const MODULE = new URL('../../src/db/embedded.ts', import.meta.url).href

let home = ''
let logged: string[] = []
const running = new Set<EmbeddedPostgres>()
const children = new Set<ChildProcess>()
/** Folders of the services that were killed: their servers would live on. */
const abandoned = new Set<string>()
const listeners = new Set<Server>()

/** Makes the tests of a file work in a temporary folder, which any user may pass, and ends what they started. */
export const useEmbeddedFolder = (): void => {
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'wallet-service-embedded-'))
    await chmod(home, 0o755)
  })
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL')
    await until(async () => [...children].every(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null))
    for (const listener of listeners) listener.close()
    await Promise.all([...running].map((server) => server.stop()))
    await Promise.all([...abandoned].map((name) => stopAbandonedPostgres(optionsFor(name))))
    for (const set of [children, listeners, running, abandoned]) set.clear()
    logged = []
  })
  afterAll(() => rm(home, { recursive: true, force: true }))
}

/** A path in the file's temporary folder. */
export const at = (...names: string[]): string => join(home, ...names)

/** Everything logged by the servers of this process since the test began. */
export const log = (): string => logged.join('\n')

export const optionsFor = (name: string): EmbeddedPostgresOptions => ({
  dataDir: join(home, name),
  relocationRoot: join(home, 'elsewhere'),
  log: (message, fields) => void logged.push(`${message} ${JSON.stringify(fields ?? {})}`),
})

export const start = async (name: string, more: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> => {
  const server = await startEmbeddedPostgres({ ...optionsFor(name), ...more })
  running.add(server)
  return server
}

export const ask = async (url: string, sql: string): Promise<unknown[]> =>
  (await queryDatabase<Record<string, unknown>>(url, sql)).flatMap((row) => Object.values(row))

export const writeNote = (url: string): Promise<unknown[]> =>
  ask(url, `CREATE TABLE note AS SELECT unnest(ARRAY['kept', 'to the letter']) AS word`)
export const readNote = (url: string): Promise<unknown[]> => ask(url, 'SELECT word FROM note')
export const NOTE = ['kept', 'to the letter']

export const postmasterOf = async (dataDir: string): Promise<number> =>
  Number((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0])

/** Repeats until it holds; the test's own timeout is the bound. */
export const until = async (holds: () => Promise<boolean>): Promise<void> => {
  while (!(await holds())) await delay(25)
}

/** A service in a process of its own: starts the database, prints one line (its URL or its error), and lives on as told. */
export const spawnService = async (name: string, living = STAYING) => {
  const { dataDir, relocationRoot } = optionsFor(name)
  const script = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(MODULE)})
    try {
      const server = await startEmbeddedPostgres({ ...${JSON.stringify({ dataDir, relocationRoot })}, log: () => {} })
      ${living}
      console.log(server.url)
    } catch (error) {
      console.log(error.message)
    }`
  // A group of its own, so that a test can do to it what Ctrl-C does in a terminal.
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  children.add(child)
  abandoned.add(name)
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const said = await new Promise<string>((resolve) => child.stdout.once('data', (line) => resolve(String(line).trim())))
  return { child, exited, said }
}

export const listen = async (): Promise<number> => {
  const listener = createServer()
  listeners.add(listener)
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
