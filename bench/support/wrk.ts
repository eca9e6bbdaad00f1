// The load generator wrk: running it with postings.lua, and reading the line of JSON that the script prints at the end.
import { randomBytes, randomInt } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { BenchFailure, runProgram } from './programs.ts'

/** wrk counts a slower answer as an error; callers give up at 10 s as well. */
const ANSWER_TIMEOUT_S = 10

const Counts = z.record(z.string(), z.int().nonnegative())
const Result = z.object({
  requests: z.int().nonnegative(),
  duration_us: z.number().positive(),
  p50_us: z.number().nonnegative(),
  p99_us: z.number().nonnegative(),
  statuses: Counts,
  errors: Counts,
})

export interface WrkResult {
  /** Answers with status 200: what the service has acknowledged. */
  readonly acknowledged: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Everything else that happened, by status (`status 503`) or kind of socket error (`timeout`), with its count. */
  readonly unexpected: Readonly<Record<string, number>>
}

/** Reads what wrk printed. Throws when the script's line is not there or does not add up. */
export function parseWrkOutput(output: string): WrkResult {
  const [, json] = /^result (\{.*\})$/m.exec(output) ?? []
  if (json === undefined) throw new BenchFailure(`wrk printed no result line: ${output.trim()}`)
  const result = Result.parse(JSON.parse(json))
  const answers = Object.values(result.statuses).reduce((sum, count) => sum + count, 0)
  if (answers !== result.requests) {
    throw new BenchFailure(`wrk counted ${result.requests} requests, its script ${answers} answers`)
  }
  const { 200: acknowledged = 0, ...otherStatuses } = result.statuses
  const errors = Object.entries(result.errors).filter(([, count]) => count > 0)
  const refusals = Object.entries(otherStatuses).map(([status, count]): [string, number] => [`status ${status}`, count])
  return {
    acknowledged,
    perSecond: acknowledged / (result.duration_us / 1_000_000),
    p50Ms: result.p50_us / 1000,
    p99Ms: result.p99_us / 1000,
    unexpected: Object.fromEntries([...refusals, ...errors]),
  }
}

export interface Load {
  readonly baseUrl: string
  /** File with one wallet id a line. */
  readonly walletFile: string
  readonly connections: number
  readonly seconds: number
  readonly signal: AbortSignal
}

/** Posts consumptions for some seconds. Throws `BenchFailure` on any answer but 200. */
export async function runWrk({ baseUrl, walletFile, connections, seconds, signal }: Load): Promise<WrkResult> {
  const script = join(import.meta.dirname, '..', 'postings.lua')
  // One thread makes 25,000 requests a second; a second one would only take turns with the service.
  const options = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', `${ANSWER_TIMEOUT_S}s`, '-s', script]
  const keyPrefix = randomBytes(6).toString('hex')
  const args = [...options, baseUrl, '--', walletFile, keyPrefix, String(randomInt(2 ** 31))]
  const result = parseWrkOutput(await runProgram({ file: 'wrk', args, signal }))
  const unexpected = Object.entries(result.unexpected).map(([what, count]) => `${count} x ${what}`)
  if (unexpected.length === 0) return result
  throw new BenchFailure(
    `At ${connections} connections the service gave unexpected answers: ${unexpected.join(', ')} (beside ${result.acknowledged} x 200).`,
  )
}
