// The tables of the posting bench: the service beside pgbench, or beside the service of another checkout.
import type { Scenario } from './bench-options.ts'
import type { RivalFigures } from './rival-side.ts'
import type { ServiceFigures } from './service-side.ts'
import { figure, median, medianTurn, renderTable } from './table.ts'

/** All sides' turns at one line of the table, a turn each round. */
export interface Cell {
  readonly scenario: Scenario
  readonly connections: number
  readonly service: ServiceFigures[]
  readonly rival: RivalFigures[]
  readonly against: ServiceFigures[]
}

/** Service and pgbench. */
export function renderCells(cells: readonly Cell[]): string {
  const heads = [
    'scenario',
    'connections',
    'service/s',
    'p50 ms',
    'p99 ms',
    'per flush',
    'service CPU s',
    'PostgreSQL CPU s',
    'us each',
  ]
  const rivalHeads = ['pgbench/s', 'mean ms', 'PostgreSQL CPU s', 'us each', 'ratio']
  const rows = cells.map(({ scenario, connections, ...turns }) => {
    const service = medianTurn(turns.service)
    const rival = medianTurn(turns.rival)
    return [
      scenario,
      String(connections),
      figure(service?.perSecond),
      figure(service?.p50Ms, 2),
      figure(service?.p99Ms, 2),
      figure(service?.postingsPerFlush, 1),
      figure(service?.serviceCpuSeconds, 2),
      figure(service?.postgresCpuSeconds, 2),
      figure(service && microsEach([service.serviceCpuSeconds, service.postgresCpuSeconds], service.acknowledged)),
      figure(rival?.perSecond),
      figure(rival?.meanMs, 2),
      figure(rival?.postgresCpuSeconds, 2),
      figure(rival && microsEach([rival.postgresCpuSeconds], rival.transactions)),
      service && rival && rival.perSecond > 0 ? `${figure(service.perSecond / rival.perSecond, 2)}x` : '-',
    ]
  })
  return renderTable([...heads, ...rivalHeads], rows)
}

/** Processor time a posting, where all of it is known. */
function microsEach(cpuSeconds: readonly (number | null)[], postings: number): number | null {
  const known = cpuSeconds.filter((seconds) => seconds !== null)
  if (known.length < cpuSeconds.length || postings === 0) return null
  return (known.reduce((sum, seconds) => sum + seconds, 0) * 1_000_000) / postings
}

/** This service and the other checkout's; the ratios are of the same round, and the one in the middle is shown. */
export function renderComparison(cells: readonly Cell[]): string {
  const sideHeads = (name: string): string[] => [`${name}/s`, 'p50 ms', 'p99 ms', 'us each']
  const heads = [
    'scenario',
    'connections',
    ...sideHeads('this'),
    ...sideHeads('other'),
    'ratio',
    'ratio of us',
    'all ratios',
  ]
  const rows = cells.map(({ scenario, connections, service, against }) => {
    const ratios = ratiosOf(service, against, (turn) => turn.perSecond)
    return [
      scenario,
      String(connections),
      ...sideFigures(service),
      ...sideFigures(against),
      `${figure(median(ratios), 3)}x`,
      `${figure(median(ratiosOf(service, against, microsOf)), 3)}x`,
      ratios.map((ratio) => figure(ratio, 2)).join(' '),
    ]
  })
  return renderTable(heads, rows)
}

function sideFigures(turns: readonly ServiceFigures[]): string[] {
  const turn = medianTurn(turns)
  return [figure(turn?.perSecond), figure(turn?.p50Ms, 2), figure(turn?.p99Ms, 2), figure(turn && microsOf(turn))]
}

const microsOf = (turn: ServiceFigures): number | null =>
  microsEach([turn.serviceCpuSeconds, turn.postgresCpuSeconds], turn.acknowledged)

/** This over other, round by round, where both are known. */
function ratiosOf(
  these: readonly ServiceFigures[],
  others: readonly ServiceFigures[],
  figureOf: (turn: ServiceFigures) => number | null,
): number[] {
  return these.flatMap((turn, round) => {
    const other = others[round]
    const [mine, its] = [figureOf(turn), other ? figureOf(other) : null]
    return mine === null || its === null || its === 0 ? [] : [mine / its]
  })
}
