// The rival: its tables, and pgbench running posting.pgbench.sql on them, and reading what pgbench prints.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import { type Histogram, histogramOfEach, percentileMs } from './histogram.ts'
import { BenchFailure, runProgram } from './programs.ts'

/** Where a consumption goes (DESIGN.md §3). */
const COUNTERPARTY = 'revenue:consume'
const CONNECTIONS_PER_SECOND = 128
const BENCH_FOLDER = join(import.meta.dirname, '..')

export interface PgbenchResult {
  readonly transactions: number
  readonly perSecond: number
  /** `null` when no transaction came to its end in time. */
  readonly meanMs: number | null
}

/** Reads what pgbench printed. Throws when a figure is missing or a transaction failed. */
export function parsePgbenchOutput(output: string): PgbenchResult {
  const figure = (pattern: RegExp): number => {
    const [, digits] = pattern.exec(output) ?? []
    if (digits === undefined) throw new BenchFailure(`pgbench printed no ${pattern.source}: ${output.trim()}`)
    return Number(digits)
  }
  const failed = figure(/^number of failed transactions: (\d+)/m)
  if (failed > 0) throw new BenchFailure(`${failed} transactions of pgbench failed`)
  const transactions = figure(/^number of transactions actually processed: (\d+)/m)
  // One second on a hot row of a busy machine may pass without a commit; pgbench then prints no averages.
  if (transactions === 0) return { transactions, perSecond: 0, meanMs: null }
  return {
    transactions,
    perSecond: figure(/^tps = ([\d.]+)/m),
    meanMs: figure(/^latency average = ([\d.]+) ms/m),
  }
}

/** Makes and fills the rival's tables. The service's tables must be there: they are the model. */
export async function createRival(database: pg.ClientBase): Promise<void> {
  await database.query(await readFile(join(BENCH_FOLDER, 'rival.sql'), 'utf8'))
  await database.query('VACUUM (ANALYZE) bench_wallets')
}

/** The latencies in a log of pgbench's, which has a line a transaction and the microseconds in the third place. */
export function parsePgbenchLog(text: string): Histogram {
  const lines = text.split('\n').filter((line) => line !== '')
  return histogramOfEach(
    lines.map((line) => {
      const micros = Number(line.split(' ')[2])
      if (Number.isInteger(micros)) return micros
      throw new BenchFailure(`pgbench logged a line without a latency: ${line}`)
    }),
  )
}

export interface RivalLatencies {
  /** `null` where no transaction came to its end in time. */
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  readonly p999Ms: number | null
}

export interface RivalLoad {
  readonly databaseUrl: string
  /** Where its log may stand meanwhile. */
  readonly folder: string
  /** Numbers of the first and the last wallet to pick from. */
  readonly wallets: readonly [first: number, last: number]
  readonly connections: number
  readonly seconds: number
  readonly signal: AbortSignal
}

/** Posts consumptions for some seconds. Throws `BenchFailure` when a transaction fails. */
export async function runPgbench({
  databaseUrl,
  folder,
  wallets,
  ...load
}: RivalLoad): Promise<PgbenchResult & RivalLatencies> {
  const url = new URL(databaseUrl)
  const [first, last] = wallets
  const { connections, seconds } = load
  const jobs = Math.min(connections, 2)
  // Its clock starts before it connects, although its rate leaves that out: 256 connections once took all of 2 s.
  const duration = seconds + Math.round(connections / CONNECTIONS_PER_SECOND)
  const run = ['--no-vacuum', '-M', 'prepared', '-c', connections, '-j', jobs, '-T', duration].map(String)
  const variables = [`first=${first}`, `last=${last}`, `counterparty=${COUNTERPARTY}`].flatMap((value) => ['-D', value])
  const script = ['-f', join(BENCH_FOLDER, 'posting.pgbench.sql')]
  const env = {
    PGHOST: url.hostname,
    PGPORT: url.port,
    PGUSER: url.username,
    PGPASSWORD: decodeURIComponent(url.password),
    PGDATABASE: url.pathname.slice(1),
  }
  const logs = await mkdtemp(join(folder, 'pgbench-'))
  try {
    const args = [...run, '--log', '--log-prefix', join(logs, 'log'), ...variables, ...script]
    const result = parsePgbenchOutput(await runProgram({ file: 'pgbench', args, env, signal: load.signal }))
    const texts = await Promise.all((await readdir(logs)).map((name) => readFile(join(logs, name), 'utf8')))
    const latencies = parsePgbenchLog(texts.join(''))
    const [p50Ms, p99Ms, p999Ms] = [50, 99, 99.9].map((percent) => percentileMs(latencies, percent))
    return { ...result, p50Ms: p50Ms ?? null, p99Ms: p99Ms ?? null, p999Ms: p999Ms ?? null }
  } finally {
    await rm(logs, { recursive: true, force: true })
  }
}
