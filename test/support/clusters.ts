// A service of several processes on one port, and a look at each of them from outside.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { isAlive } from '../../src/db/embedded-process.ts'
import { Api } from './api.ts'
import { createTestDatabase } from './postgres.ts'
import { type ServiceProcess, startService } from './service.ts'
import { expectCleanAudit } from './two-services.ts'

const run = promisify(execFile)

export interface Cluster {
  readonly databaseUrl: string
  /** Its process id is the primary's. */
  readonly service: ServiceProcess
  readonly api: Api
  /** Process ids of the workers, by their numbers. */
  workers(): Promise<ReadonlyMap<number, number>>
  /** Which workers have answered requests; only where they log them (LOG_LEVEL is debug). */
  answering(): readonly number[]
  audit(): Promise<void>
  /** Stops it and drops the database. */
  close(): Promise<void>
}

/** Starts a service with two workers on a fresh database. */
export async function startCluster(environment: Readonly<Record<string, string>> = {}): Promise<Cluster> {
  const database = await createTestDatabase()
  const service = await startServiceWithWorkers({ DATABASE_URL: database.url, ...environment })
  return {
    databaseUrl: database.url,
    service,
    api: new Api(service.url),
    workers: () => workersOf(service.pid),
    answering: () => answeringIn(service.log),
    audit: () => expectCleanAudit(database.url),
    close: async () => {
      await service.stop()
      await database.drop()
    },
  }
}

/** Starts one with two workers on a database of the caller's. */
export function startServiceWithWorkers(environment: Readonly<Record<string, string>>): Promise<ServiceProcess> {
  return startService(environment, { folder: process.cwd(), words: ['src/main.ts', '--workers', '2'], user: null })
}

/** Process ids of the workers of a primary, by their numbers. */
export async function workersOf(primary: number): Promise<ReadonlyMap<number, number>> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,args='])
  const rows = stdout.split('\n').flatMap((line): [number, number][] => {
    const [, pid = '', parent = '', number] = /^ *(\d+) +(\d+) .*--worker (\d+)$/.exec(line.trimEnd()) ?? []
    return number !== undefined && Number(parent) === primary ? [[Number(number), Number(pid)]] : []
  })
  return new Map(rows)
}

/** Waits until none of these processes is left. */
export async function expectGone(pids: Iterable<number>): Promise<void> {
  const all = [...pids]
  expect(all.length).toBeGreaterThan(0)
  const living = async (): Promise<number[]> => {
    const states = await Promise.all(all.map(async (pid) => ((await isAlive(pid)) ? [pid] : [])))
    return states.flat()
  }
  await expect.poll(living, { timeout: 20_000 }).toEqual([])
}

function answeringIn(log: readonly string[]): readonly number[] {
  const numbers = log.flatMap((line): number[] => {
    if (!line.startsWith('{')) return []
    const entry: { worker?: number; request_id?: string } = JSON.parse(line)
    return entry.worker !== undefined && entry.request_id !== undefined ? [entry.worker] : []
  })
  return [...new Set(numbers)].toSorted((left, right) => left - right)
}
