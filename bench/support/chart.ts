// The chart of a run for the README, as SVG: ratios to pgbench and within the service as bars with what is promised marked on
// them, and latencies beside. Readable on light and dark pages. It reads results and measures nothing.
import type { OpenLoopResult, SuiteCell, SuiteResults, Verdict } from './results.ts'
import { bar, document, type Shape, text } from './chart-shapes.ts'
import { quantity, timesRival } from './suite-tables.ts'
import { figure, median } from './table.ts'

const WIDTH = 930
const LABEL_WIDTH = 270
const BARS_WIDTH = 250
const LATENCIES_LEFT = 620
const ROW_HEIGHT = 22
const FIRST_ROW_TOP = 92
const SECTION_GAP = 46

/** A bar: what it stands for, how long it is, and the length that is promised. */
interface Row {
  readonly label: string
  readonly value: number
  readonly target: number | null
  readonly unit: Verdict['unit']
  /** Not the service as it is, but something to compare it with. */
  readonly isRival?: boolean
}

/** Draws the chart. What the run has not measured is left out. */
export function renderChart(results: SuiteResults): string {
  const multiples = multiplesOf(results)
  const shares = sharesOf(results)
  const sharesTop = FIRST_ROW_TOP + multiples.length * ROW_HEIGHT + SECTION_GAP
  const height = sharesTop + shares.length * ROW_HEIGHT + 44
  const { conditions } = results
  const machine = `${conditions['processor'] ?? 'unknown processor'}, PostgreSQL ${conditions['postgresql'] ?? '?'}, Node ${conditions['node'] ?? '?'}`
  return document({ width: WIDTH, height, title: 'Wallet service beside pgbench: ratios within one run' }, [
    text({
      x: 0,
      y: 20,
      words: 'Postings beside pgbench, on one PostgreSQL in turns: the ratios count',
      look: 'title',
    }),
    text({ x: 0, y: 40, words: `${(conditions['date'] ?? '').slice(0, 10)} · ${machine}`, look: 'muted' }),
    ...section('Postings a second, in multiples of pgbench at its best on the same wallets', multiples, FIRST_ROW_TOP),
    ...section('Shares (the number is that of connections)', shares, sharesTop),
    ...latencies(results),
    ...legend(height - 8),
  ])
}

/** Rates over pgbench's: as promised, where there is a promise; the others in the medians of all rounds. */
function multiplesOf({ cells, verdicts }: SuiteResults): Row[] {
  const promised = (label: string, promise: string): Row[] => {
    const verdict = verdicts.find((one) => one.promise.startsWith(promise))
    if (verdict === undefined || verdict.measured === null) return []
    return [{ label, value: verdict.measured, target: verdict.wanted, unit: 'x' }]
  }
  const measured = (label: string, name: string): Row[] => {
    const cell = cells.find((candidate) => candidate.name === name)
    const value = cell ? timesRival(cell, cells) : null
    return value === null ? [] : [{ label, value, target: null, unit: 'x', isRival: name.startsWith('single') }]
  }
  return [
    ...promised('10,000 wallets, 64 connections', 'postings spread, 64 '),
    ...promised('10,000 wallets, 256 connections', 'postings spread, 256 '),
    ...promised('one wallet, 64 connections', 'postings on one wallet, 64 connections / pgbench at'),
    ...promised('the same / pgbench at 64 clients', 'postings on one wallet, 64 connections / pgbench, 64'),
    ...measured('one wallet, 256 connections', 'consume-hot-256'),
    ...batchRow(cells),
    ...measured('a transaction a request, 10,000 wallets', 'single-spread-64'),
    ...measured('a transaction a request, one wallet', 'single-hot-64'),
  ]
}

function batchRow(cells: readonly SuiteCell[]): Row[] {
  const ratios = cells
    .filter(({ group }) => group === 'batch')
    .map((cell) => timesRival(cell, cells))
    .filter((ratio) => ratio !== null)
  if (ratios.length === 0) return []
  return [{ label: 'in batches of 1,000', value: Math.max(...ratios), target: null, unit: 'x' }]
}

/** The promises that are shares. */
function sharesOf({ verdicts }: SuiteResults): Row[] {
  return verdicts.flatMap(({ promise, unit, measured, wanted }) =>
    unit !== '%' || measured === null ? [] : [{ label: shortened(promise), value: measured, target: wanted, unit }],
  )
}

/** Promises are sentences for a table; here they have half of the room. */
function shortened(promise: string): string {
  return promise
    .replace('balance reads, 64 connections / empty route', 'balance reads / empty route')
    .replace('transfers between random wallets / postings', 'random transfers / postings')
    .replace('transfers both ways between two wallets / postings on one', 'transfers both ways / hot')
    .replace('operations of batches / 8 x pgbench at its best, or 25,000 a second', 'batches / their promise')
    .replace(' connections', '')
}

function section(heading: string, rows: readonly Row[], top: number): Shape[] {
  if (rows.length === 0) return []
  const longest = Math.max(...rows.flatMap(({ value, target }) => [value, target ?? 0]))
  const scale = BARS_WIDTH / longest
  return [
    text({ x: 0, y: top - 12, words: heading, look: 'heading' }),
    ...rows.flatMap(({ label, value, target, unit, isRival = false }, index) => {
      const y = top + index * ROW_HEIGHT
      const marks =
        target === null
          ? []
          : [bar({ x: LABEL_WIDTH + target * scale - 1, y: y - 1, width: 2, height: 18, look: 'target' })]
      return [
        text({ x: LABEL_WIDTH - 8, y: y + 12, words: label, anchor: 'end' }),
        bar({ x: LABEL_WIDTH, y: y + 1, width: value * scale, height: 14, look: isRival ? 'rival' : 'own' }),
        ...marks,
        text({ x: LABEL_WIDTH + Math.max(value, target ?? 0) * scale + 6, y: y + 12, words: quantity(value, unit) }),
      ]
    }),
  ]
}

/** One caller beside pgbench with one client, and the open loops. */
function latencies({ cells, openLoops, verdicts }: SuiteResults): Shape[] {
  const columns = [LATENCIES_LEFT + 194, LATENCIES_LEFT + 252, WIDTH]
  const line = (y: number, label: string, figures: readonly string[], look?: 'muted'): Shape[] => [
    text({ x: LATENCIES_LEFT, y, words: label, ...(look && { look }) }),
    ...figures.map((words, index) =>
      text({ x: columns[index] ?? WIDTH, y, words, anchor: 'end', ...(look && { look }) }),
    ),
  ]
  const rows = [
    ...callerRow('posting, one caller', cells, 'consume-spread-1'),
    ...callerRow('pgbench, one client', cells, 'pgbench-spread-1'),
    ...openLoops.map(loopRow),
  ]
  const oneCaller = verdicts.find(({ promise }) => promise.startsWith('one caller: mean'))
  const lineY = (index: number): number => FIRST_ROW_TOP + 12 + index * ROW_HEIGHT
  return [
    text({ x: LATENCIES_LEFT, y: FIRST_ROW_TOP - 34, words: 'Latency, ms', look: 'heading' }),
    ...line(FIRST_ROW_TOP - 12, '', ['p50', 'p99', 'p99.9'], 'muted'),
    ...rows.flatMap(({ label, figures }, index) => line(lineY(index), label, figures)),
    ...(oneCaller ? callerNote(oneCaller, lineY(rows.length)) : []),
  ]
}

function callerNote({ measured, wanted, unit }: Verdict, y: number): Shape[] {
  if (measured === null) return []
  const words = `one caller's mean: ${quantity(measured, unit)} pgbench's (promised ${quantity(wanted, unit)})`
  return [text({ x: LATENCIES_LEFT, y: y + 4, words, look: 'muted' })]
}

interface LatencyRow {
  readonly label: string
  readonly figures: readonly string[]
}

function callerRow(label: string, cells: readonly SuiteCell[], name: string): LatencyRow[] {
  const turns = cells.find((cell) => cell.name === name)?.turns ?? []
  if (turns.length === 0) return []
  const middle = (of: 'p50Ms' | 'p99Ms' | 'p999Ms'): string =>
    figure(median(turns.map((turn) => turn[of]).filter((ms) => ms !== null)), 1)
  return [{ label, figures: [middle('p50Ms'), middle('p99Ms'), middle('p999Ms')] }]
}

function loopRow({ name, wantedPerSecond, p50Ms, p99Ms, p999Ms }: OpenLoopResult): LatencyRow {
  const what = name === 'open-loop-consume' ? 'postings' : 'balances'
  const figures = [p50Ms, p99Ms, p999Ms].map((ms) => figure(ms, 1))
  return { label: `${what}, ${figure(wantedPerSecond)}/s due`, figures }
}

function legend(y: number): Shape[] {
  return [
    bar({ x: 0, y: y - 10, width: 12, height: 10, look: 'own' }),
    text({ x: 18, y, words: 'this service', look: 'muted' }),
    bar({ x: 110, y: y - 10, width: 12, height: 10, look: 'rival' }),
    text({ x: 128, y, words: 'the same without its posting queue', look: 'muted' }),
    bar({ x: 358, y: y - 13, width: 2, height: 16, look: 'target' }),
    text({ x: 367, y, words: 'promised', look: 'muted' }),
  ]
}
