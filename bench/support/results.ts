// What a run of `npm run bench` leaves in its JSON file: written by the run, read again by the chart.
import { z } from 'zod'

const Ms = z.number().nullable()

const Turn = z.object({
  perSecond: z.number(),
  meanMs: Ms,
  p50Ms: Ms,
  p99Ms: Ms,
  p999Ms: Ms,
  postingsPerFlush: z.number().nullable(),
  /** Of the process or processes under load; `null`: pgbench, which has none, or not known. */
  serviceCpuSeconds: z.number().nullable(),
  postgresCpuSeconds: z.number().nullable(),
  /** What was acknowledged: requests, operations of batches, pgbench's transactions. */
  acknowledged: z.number(),
  /** Of all processors' time, what was neither idle nor this run's; `null`: not known. */
  otherShare: z.number().nullable(),
})
export type SuiteTurn = z.infer<typeof Turn>

const Cell = z.object({
  name: z.string(),
  group: z.string(),
  wallets: z.string(),
  connections: z.number(),
  /** One a round, in their order. */
  turns: z.array(Turn),
})
export type SuiteCell = z.infer<typeof Cell>

const OpenLoop = z.object({
  name: z.string(),
  wantedPerSecond: z.number(),
  achievedPerSecond: z.number(),
  /** From when a request was due to its answer, over all rounds. */
  p50Ms: Ms,
  p90Ms: Ms,
  p99Ms: Ms,
  p999Ms: Ms,
  maxMs: Ms,
})
export type OpenLoopResult = z.infer<typeof OpenLoop>

const Verdict = z.object({
  promise: z.string(),
  /** How `wanted` and `measured` are written: `x` times, `%` of, or a plain count. */
  unit: z.enum(['x', '%', '']),
  bound: z.enum(['at least', 'at most']),
  wanted: z.number(),
  /** The median of the rounds; `null` where the run left out what it needs. */
  measured: z.number().nullable(),
  /** Of single rounds. */
  lowest: z.number().nullable(),
  highest: z.number().nullable(),
  met: z.boolean().nullable(),
})
export type Verdict = z.infer<typeof Verdict>

const Ledger = z.object({
  database: z.string(),
  rows: z.number(),
  acknowledged: z.number(),
  mayBeInFlight: z.number(),
  auditedChecks: z.number(),
  auditSeconds: z.number(),
})
export type Ledger = z.infer<typeof Ledger>

export const SuiteResults = z.object({
  conditions: z.record(z.string(), z.string()),
  cells: z.array(Cell),
  openLoops: z.array(OpenLoop),
  verdicts: z.array(Verdict),
  ledgers: z.array(Ledger),
})
export type SuiteResults = z.infer<typeof SuiteResults>
