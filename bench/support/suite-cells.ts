// What `npm run bench` measures: every cell of its table, in an order that puts next to each other what is compared.
import type { Turn } from './service-side.ts'
import { BenchFailure } from './programs.ts'

/** Who is under load: a bare Fastify, pgbench, the service with a transaction a request, the service as it is. */
type Side = 'empty' | 'pgbench' | 'single' | 'service'

/** One line of the table. Its name is the group, the wallets and the connections. */
export interface CellPlan extends Omit<Turn, 'seconds' | 'ratePerSecond'> {
  readonly name: string
  readonly group: string
  readonly side: Side
  /** Its turns are so many times as long: what is under way when wrk ends is not counted, and of a batch that is much. */
  readonly stretch: number
}

/** The second process of `two-instances`, and the one with workers. */
export const SECOND_PROCESS = 'second'
export const WORKERS_PROCESS = 'workers-2'

const CONNECTIONS = [1, 64, 256]
const RIVAL_CONNECTIONS = [1, 16, 64]
const BATCH_CONNECTIONS = [1, 4, 16]
/** With one connection there is nothing to share. */
const SHARED_CONNECTIONS = [64, 256]

/** All cells there are. */
export const ALL_CELLS: readonly CellPlan[] = [
  ...cells({ group: 'empty', side: 'empty', operation: 'empty', wallets: ['spread'], connections: CONNECTIONS }),
  ...reads('balance', ['spread', 'hot']),
  ...reads('history', ['page', 'hot']),
  ...reads('statistics', ['spread', 'hot']),
  ...(['spread', 'hot'] as const).flatMap((wallets) => [
    ...cells({ group: 'pgbench', side: 'pgbench', wallets: [wallets], connections: RIVAL_CONNECTIONS }),
    ...cells({ group: 'single', side: 'single', wallets: [wallets], connections: CONNECTIONS }),
    ...cells({ group: 'consume', wallets: [wallets], connections: CONNECTIONS }),
    ...cells({ group: 'deposit', operation: 'deposit', wallets: [wallets], connections: CONNECTIONS }),
    ...cells({
      group: 'transfer',
      operation: 'transfer',
      wallets: [wallets === 'hot' ? 'hot-pair' : wallets],
      connections: CONNECTIONS,
    }),
  ]),
  ...cells({ group: 'batch', operation: 'batch', wallets: ['spread'], connections: BATCH_CONNECTIONS, stretch: 3 }),
  ...cells({
    group: 'two-instances',
    wallets: ['spread'],
    connections: SHARED_CONNECTIONS,
    processes: ['main', SECOND_PROCESS],
  }),
  ...cells({
    group: WORKERS_PROCESS,
    wallets: ['spread'],
    connections: SHARED_CONNECTIONS,
    processes: [WORKERS_PROCESS],
  }),
]

interface CellsOfGroup {
  readonly group: string
  readonly side?: Side
  readonly operation?: Turn['operation']
  readonly wallets: readonly Turn['wallets'][]
  readonly connections: readonly number[]
  readonly processes?: readonly string[]
  readonly stretch?: number
}

function cells(of: CellsOfGroup): CellPlan[] {
  const { group, side = 'service', operation = 'consume', stretch = 1, processes } = of
  return of.wallets.flatMap((wallets) =>
    of.connections.map((connections) => {
      const name = operation === 'empty' ? `${group}-${connections}` : `${group}-${wallets}-${connections}`
      return { name, group, side, operation, wallets, connections, stretch, ...(processes && { processes }) }
    }),
  )
}

function reads(operation: 'balance' | 'history' | 'statistics', wallets: readonly Turn['wallets'][]): CellPlan[] {
  return cells({ group: operation, operation, wallets, connections: CONNECTIONS })
}

/** The open loops, and the cells whose best rate each takes a half of. */
const OPEN_LOOPS = [
  { name: 'open-loop-consume', operation: 'consume', wallets: 'spread', peakOf: 'consume-spread' },
  { name: 'open-loop-balance', operation: 'balance', wallets: 'spread', peakOf: 'balance-spread' },
] as const
export type OpenLoop = (typeof OPEN_LOOPS)[number]

/** What is to be measured. */
export interface Plan {
  readonly cells: readonly CellPlan[]
  readonly openLoops: readonly OpenLoop[]
}

/**
 * All of it, or what the names begin with: `consume`, `consume-hot`, `consume-hot-64`. An open loop brings the cells along that
 * it takes its rate from. Throws `BenchFailure` for a name that nothing has.
 */
export function planOf(names: readonly string[]): Plan {
  if (names.length === 0) return { cells: ALL_CELLS, openLoops: OPEN_LOOPS }
  const begins = (name: string, wanted: string): boolean => name === wanted || name.startsWith(`${wanted}-`)
  for (const wanted of names) {
    if ([...ALL_CELLS, ...OPEN_LOOPS].some(({ name }) => begins(name, wanted))) continue
    const groups = [...new Set(ALL_CELLS.map(({ group }) => group)), 'open-loop']
    throw new BenchFailure(`--only knows no ${wanted}: there are ${groups.join(', ')}, each with -WALLETS-CONNECTIONS.`)
  }
  const openLoops = OPEN_LOOPS.filter(({ name }) => names.some((wanted) => begins(name, wanted)))
  const wantedCells = [...names, ...openLoops.map(({ peakOf }) => peakOf)]
  return { cells: ALL_CELLS.filter(({ name }) => wantedCells.some((wanted) => begins(name, wanted))), openLoops }
}
