// The load generator wrk: running it with load.lua, and reading the line of JSON that the script prints at the end.
import { randomBytes, randomInt } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { type Histogram, histogramOf } from './histogram.ts'
import { BenchFailure, runProgram } from './programs.ts'

/** wrk counts a slower answer as an error; callers give up at 10 s as well. */
const ANSWER_TIMEOUT_S = 10

/** What load.lua can send, and how many rows of the ledger one acknowledged item of it is. */
export const ROWS_OF = {
  empty: 0,
  balance: 0,
  history: 0,
  statistics: 0,
  paths: 0,
  consume: 1,
  deposit: 1,
  transfer: 2,
  batch: 1,
} as const
export type Operation = keyof typeof ROWS_OF

/** Operations in one request of `batch`; load.lua has the same number. */
export const BATCH_SIZE = 1000

const Counts = z.record(z.string(), z.int().nonnegative())
const Result = z.object({
  requests: z.int().nonnegative(),
  duration_us: z.number().positive(),
  mean_us: z.number().nonnegative(),
  p50_us: z.number().nonnegative(),
  p99_us: z.number().nonnegative(),
  p999_us: z.number().nonnegative(),
  statuses: Counts,
  items: z.int().nonnegative(),
  latencies_us: Counts,
  errors: Counts,
})

export interface WrkResult {
  /** What the service has acknowledged: answers with status 200, or operations of batches that succeeded. */
  readonly acknowledged: number
  readonly perSecond: number
  readonly meanMs: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  /** Latencies from when each request was due; empty unless a rate was given. */
  readonly fromDue: Histogram
  /** Everything else that happened, by status (`status 503`) or kind of socket error (`timeout`), with its count. */
  readonly unexpected: Readonly<Record<string, number>>
}

/** Reads what wrk printed. Throws when the script's line is not there or does not add up. */
export function parseWrkOutput(output: string, itemsEach = 1): WrkResult {
  const [, json] = /^result (\{.*\})$/m.exec(output) ?? []
  if (json === undefined) throw new BenchFailure(`wrk printed no result line: ${output.trim()}`)
  const result = Result.parse(JSON.parse(json))
  const answers = Object.values(result.statuses).reduce((sum, count) => sum + count, 0)
  if (answers !== result.requests) {
    throw new BenchFailure(`wrk counted ${result.requests} requests, its script ${answers} answers`)
  }
  const { 200: succeeded = 0, ...otherStatuses } = result.statuses
  const acknowledged = itemsEach === 1 ? succeeded : result.items
  const errors = Object.entries(result.errors).filter(([, count]) => count > 0)
  const refusals = Object.entries(otherStatuses).map(([status, count]): [string, number] => [`status ${status}`, count])
  const failedItems = succeeded * itemsEach - acknowledged
  return {
    acknowledged,
    perSecond: acknowledged / (result.duration_us / 1_000_000),
    meanMs: result.mean_us / 1000,
    p50Ms: result.p50_us / 1000,
    p99Ms: result.p99_us / 1000,
    p999Ms: result.p999_us / 1000,
    fromDue: histogramOf(result.latencies_us),
    unexpected: Object.fromEntries([
      ...refusals,
      ...errors,
      ...(failedItems === 0 ? [] : [['operation without success', failedItems]]),
    ]),
  }
}

export interface Load {
  readonly baseUrl: string
  readonly operation: Operation
  /** File with one wallet id a line; for `paths`, one path. */
  readonly walletFile: string
  readonly connections: number
  readonly seconds: number
  /** Requests that are due each second, whatever the answers do; without it each connection sends when it is answered. */
  readonly ratePerSecond?: number
  readonly signal: AbortSignal
}

/** Loads the service for some seconds. Throws `BenchFailure` on any answer but 200. */
export async function runWrk(load: Load): Promise<WrkResult> {
  const { baseUrl, operation, walletFile, connections, seconds, ratePerSecond, signal } = load
  const script = join(import.meta.dirname, '..', 'load.lua')
  // One thread makes 25,000 requests a second; a second one would only take turns with the service.
  const options = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', `${ANSWER_TIMEOUT_S}s`, '-s', script]
  const keyPrefix = randomBytes(6).toString('hex')
  const words = [operation, walletFile, keyPrefix, String(randomInt(2 ** 31))]
  const args = [...options, baseUrl, '--', ...words, ...(ratePerSecond === undefined ? [] : [String(ratePerSecond)])]
  const output = await runProgram({ file: 'wrk', args, signal })
  const result = parseWrkOutput(output, operation === 'batch' ? BATCH_SIZE : 1)
  const unexpected = Object.entries(result.unexpected).map(([what, count]) => `${count} x ${what}`)
  if (unexpected.length === 0) return result
  throw new BenchFailure(
    `${operation} at ${connections} connections: unexpected answers: ${unexpected.join(', ')} (beside ${result.acknowledged} that succeeded).`,
  )
}
