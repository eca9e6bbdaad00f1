// What `npm run bench` prints: the table of all cells, the open loops, the promises.
import type { Ledger, OpenLoopResult, SuiteCell, Verdict } from './results.ts'
import { figure, median, medianTurn, renderTable } from './table.ts'

/** Groups that post, so that pgbench's best is their measure. */
const POSTING_GROUPS = new Set(['pgbench', 'single', 'consume', 'deposit', 'batch', 'two-instances', 'workers-2'])

/** More than this of the processors for other work, and ratios are no longer those of the sides. */
const QUIET_SHARE = 0.1

/** One line a cell: the turn in the middle, the rates of the slowest and the fastest, and the ratio to pgbench's best. */
export function renderCellTable(cells: readonly SuiteCell[]): string {
  const heads = [
    'what',
    'wallets',
    'connections',
    'per s',
    'lowest',
    'highest',
    'mean ms',
    'p50 ms',
    'p99 ms',
    'p99.9 ms',
  ]
  const more = ['per flush', 'service CPU s', 'PostgreSQL CPU s', 'x pgbench']
  const rows = cells.map((cell) => {
    const turn = medianTurn(cell.turns)
    const rates = cell.turns.map(({ perSecond }) => perSecond)
    return [
      cell.group,
      cell.group === 'empty' ? '-' : cell.wallets,
      String(cell.connections),
      figure(turn?.perSecond),
      figure(Math.min(...rates)),
      figure(Math.max(...rates)),
      figure(turn?.meanMs, 2),
      figure(turn?.p50Ms, 2),
      figure(turn?.p99Ms, 2),
      figure(turn?.p999Ms, 2),
      figure(turn?.postingsPerFlush, 1),
      figure(turn?.serviceCpuSeconds, 2),
      figure(turn?.postgresCpuSeconds, 2),
      ratioText(timesRival(cell, cells)),
    ]
  })
  return renderTable([...heads, ...more], rows)
}

/** A posting cell's rate over the best of pgbench on the same wallets, both in the median; `null` where one is missing. */
export function timesRival(cell: SuiteCell, cells: readonly SuiteCell[]): number | null {
  if (!POSTING_GROUPS.has(cell.group)) return null
  const rivals = cells.filter(({ group, wallets }) => group === 'pgbench' && wallets === cell.wallets)
  const best = Math.max(...rivals.map((rival) => rateOf(rival) ?? 0))
  const rate = rateOf(cell)
  return rate === null || !(best > 0) ? null : rate / best
}

function rateOf({ turns }: SuiteCell): number | null {
  return median(turns.map(({ perSecond }) => perSecond))
}

function ratioText(ratio: number | null): string {
  return ratio === null ? '-' : `${figure(ratio, 2)}x`
}

/** How undisturbed the run was; empty where the machine does not tell. */
export function otherWorkSentence(cells: readonly SuiteCell[]): string {
  const shares = cells.flatMap(({ turns }) => turns.flatMap(({ otherShare }) => otherShare ?? []))
  const middle = median(shares)
  if (middle === null) return ''
  const percent = (share: number): string => quantity(share * 100, '%')
  const sentence = `Other work took ${percent(middle)} of the processors in the middle turn, ${percent(Math.max(...shares))} in the worst.`
  return middle <= QUIET_SHARE ? sentence : `${sentence} THE MACHINE WAS BUSY: run it again, these figures mean little.`
}

/** Latencies at half of the peak, each counted from when its request was due. */
export function renderOpenLoops(openLoops: readonly OpenLoopResult[]): string {
  const heads = [
    'at half of the peak',
    'wanted per s',
    'achieved',
    'p50 ms',
    'p90 ms',
    'p99 ms',
    'p99.9 ms',
    'longest ms',
  ]
  const rows = openLoops.map((loop) => [
    loop.name,
    figure(loop.wantedPerSecond),
    figure(loop.achievedPerSecond),
    ...[loop.p50Ms, loop.p90Ms, loop.p99Ms, loop.p999Ms, loop.maxMs].map((ms) => figure(ms, 2)),
  ])
  return renderTable(heads, rows)
}

/** Promise, wanted, measured, met. */
export function renderVerdicts(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map((verdict) => {
    const { unit, measured, lowest, highest, met } = verdict
    return [
      verdict.promise,
      `${verdict.bound} ${quantity(verdict.wanted, unit)}`,
      measured === null ? '-' : quantity(measured, unit),
      lowest === null || highest === null ? '-' : `${quantity(lowest, unit)} to ${quantity(highest, unit)}`,
      met === null ? 'not measured' : met ? 'yes' : 'NO',
    ]
  })
  return renderTable(['promise', 'wanted', 'measured', 'rounds', 'met'], rows)
}

/** A quantity with its unit: `2.41x`, `63%`, `0`. */
export function quantity(value: number, unit: Verdict['unit']): string {
  return `${figure(value, unit === 'x' ? 2 : unit === '%' ? 1 : 0)}${unit}`
}

/** What became of a database. */
export function ledgerSentence(ledger: Ledger): string {
  const { database, rows, acknowledged, mayBeInFlight, auditedChecks, auditSeconds } = ledger
  return (
    `Ledger of ${database}: ${figure(rows)} rows, ${figure(acknowledged)} acknowledged (first deposits included), ` +
    `${figure(rows - acknowledged)} written without an answer when wrk ended (${figure(mayBeInFlight)} possible). ` +
    `Audit: ${auditedChecks} checks, no fault, in ${figure(auditSeconds, 1)} s.`
  )
}
