// What the service promises to be, as ratios within one run: each with how it is computed from the turns of one round.
import type { SuiteCell, SuiteTurn, Verdict } from './results.ts'
import { ALL_CELLS } from './suite-cells.ts'
import { median } from './table.ts'

/** A batch need not be faster than this, however slow pgbench is. */
const BATCH_ENOUGH_PER_SECOND = 25_000
const BATCH_RATIO = 8

/** The turns of one round, by the names of their cells; `null` for a cell that was left out. */
interface Round {
  turn(name: string): SuiteTurn | null
  rate(name: string): number | null
  /** The best rate of a group, such as `pgbench-spread`, whatever the number of its connections. */
  best(group: string): number | null
}

interface Pledge {
  readonly promise: string
  readonly unit: Verdict['unit']
  readonly bound: Verdict['bound']
  readonly wanted: number
  readonly measure: (round: Round) => number | null
}

const PROMISES: readonly Pledge[] = [
  times('postings spread, 256 connections / pgbench at its best', 3, (round) =>
    ratio(round.rate('consume-spread-256'), round.best('pgbench-spread')),
  ),
  times('postings spread, 64 connections / pgbench at its best', 2, (round) =>
    ratio(round.rate('consume-spread-64'), round.best('pgbench-spread')),
  ),
  times('postings on one wallet, 64 connections / pgbench, 64 clients', 12, (round) =>
    ratio(round.rate('consume-hot-64'), round.rate('pgbench-hot-64')),
  ),
  times('postings on one wallet, 64 connections / pgbench at its best', 8, (round) =>
    ratio(round.rate('consume-hot-64'), round.best('pgbench-hot')),
  ),
  share('balance reads, 64 connections / empty route', 50, (round) =>
    ratio(round.rate('balance-spread-64'), round.rate('empty-64')),
  ),
  {
    ...times('one caller: median latency / mean of pgbench with one client', 2.5, (round) =>
      ratio(round.turn('consume-spread-1')?.p50Ms ?? null, round.turn('pgbench-spread-1')?.meanMs ?? null),
    ),
    bound: 'at most',
  },
  {
    ...times('one caller: mean latency / mean of pgbench with one client', 2.5, (round) =>
      ratio(round.turn('consume-spread-1')?.meanMs ?? null, round.turn('pgbench-spread-1')?.meanMs ?? null),
    ),
    bound: 'at most',
  },
  ...[64, 256].flatMap((connections) => [
    share(`transfers between random wallets / postings, ${connections} connections`, 60, (round) =>
      ratio(round.rate(`transfer-spread-${connections}`), round.rate(`consume-spread-${connections}`)),
    ),
    share(`transfers both ways between two wallets / postings on one, ${connections} connections`, 40, (round) =>
      ratio(round.rate(`transfer-hot-pair-${connections}`), round.rate(`consume-hot-${connections}`)),
    ),
  ]),
  share('operations of batches / 8 x pgbench at its best, or 25,000 a second', 100, (round) =>
    ratio(round.best('batch-spread'), batchTarget(round.best('pgbench-spread'))),
  ),
  ...[64, 256].map((connections) =>
    share(`two instances / one, ${connections} connections`, 100, (round) =>
      ratio(round.rate(`two-instances-spread-${connections}`), round.rate(`consume-spread-${connections}`)),
    ),
  ),
]

/** What the database counted over the whole run; `null`: nothing that it could have counted. */
export interface DatabaseCounts {
  readonly deadlocks: number
  /** Of the updates of `wallets`, those that wrote to no index. */
  readonly hotUpdates: number | null
}

/** Every promise beside what was measured: the median of the rounds' own ratios. */
export function verdictsOf(cells: readonly SuiteCell[], { deadlocks, hotUpdates }: DatabaseCounts): Verdict[] {
  const rounds = roundsOf(cells)
  const ratios = PROMISES.map(({ measure, ...promise }) => {
    const measured = rounds.map(measure).filter((value) => value !== null)
    return verdict(promise, measured)
  })
  const counted = { unit: '', bound: 'at most', wanted: 0, promise: 'deadlocks, all scenarios' } as const
  const updates = { unit: '%', bound: 'at least', wanted: 95, promise: 'updates of wallets that are HOT' } as const
  const hot = hotUpdates === null ? [] : [hotUpdates * 100]
  return [...ratios, verdict(counted, [deadlocks]), verdict(updates, hot)]
}

function verdict(promise: Omit<Pledge, 'measure'>, values: readonly number[]): Verdict {
  const measured = median(values)
  const { bound, wanted } = promise
  return {
    ...promise,
    measured,
    lowest: measured === null ? null : Math.min(...values),
    highest: measured === null ? null : Math.max(...values),
    met: measured === null ? null : bound === 'at least' ? measured >= wanted : measured <= wanted,
  }
}

function roundsOf(cells: readonly SuiteCell[]): Round[] {
  const count = Math.max(0, ...cells.map((cell) => cell.turns.length))
  return Array.from({ length: count }, (_, index) => {
    const turn = (name: string): SuiteTurn | null => cells.find((cell) => cell.name === name)?.turns[index] ?? null
    const best = (group: string): number | null => {
      const names = ALL_CELLS.map(({ name, connections }) => ({
        name,
        group: name.slice(0, -`-${connections}`.length),
      }))
      const rates = names.filter((cell) => cell.group === group).map(({ name }) => turn(name)?.perSecond ?? null)
      // The best of some would flatter whoever is measured by it.
      return rates.reduce((most, rate) => (most === null || rate === null ? null : Math.max(most, rate)), 0)
    }
    return { turn, best, rate: (name) => turn(name)?.perSecond ?? null }
  })
}

function times(promise: string, wanted: number, measure: Pledge['measure']): Pledge {
  return { promise, unit: 'x', bound: 'at least', wanted, measure }
}

function share(promise: string, wanted: number, measure: Pledge['measure']): Pledge {
  const percent = (value: number | null): number | null => value && value * 100
  return { promise, unit: '%', bound: 'at least', wanted, measure: (round) => percent(measure(round)) }
}

function ratio(value: number | null, base: number | null): number | null {
  return value === null || base === null || base === 0 ? null : value / base
}

function batchTarget(rival: number | null): number | null {
  return rival && Math.min(BATCH_ENOUGH_PER_SECOND, BATCH_RATIO * rival)
}
