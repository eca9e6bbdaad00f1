// The command line of `npm run bench`: what it may say and what it says by default.
import { parseArgs } from 'node:util'
import { count } from './bench-options.ts'
import { BenchFailure } from './programs.ts'
import { type Plan, planOf } from './suite-cells.ts'

export interface SuiteOptions {
  readonly seconds: number
  readonly rounds: number
  readonly plan: Plan
  /** Whether a promise that was measured and not kept fails the run. */
  readonly require: boolean
}

export const SUITE_USAGE = `npm run bench -- [options]

Everything beside everything, on one PostgreSQL of the run's own, in turns: an empty route, pgbench, a transaction a request,
the service; then open loops, the rows against what was acknowledged, the audits, and the promises.

  --seconds N   seconds of each turn (default 2)
  --rounds N    rounds, each through all cells; medians are shown (default 3)
  --quick       one round of 1 second: does everything work?
  --only NAMES  some cells: groups (empty, pgbench, single, consume, deposit, transfer, balance, history, statistics, batch,
                two-instances, workers-2, open-loop) or the start of a cell's name (consume-hot, consume-hot-64), with commas
  --require     exit 1 when a promise is not kept; otherwise the table says so, since a figure depends on the machine
  --help`

/** Reads the arguments; `null` when help was asked for. Throws `BenchFailure` on anything it does not know. */
export function readSuiteOptions(args: readonly string[]): SuiteOptions | null {
  const { values } = parsed(args)
  if (values.help) return null
  return {
    seconds: values.quick ? 1 : count('--seconds', values.seconds, 3600),
    rounds: values.quick ? 1 : count('--rounds', values.rounds, 100),
    plan: planOf(values.only === undefined ? [] : values.only.split(',')),
    require: values.require,
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string', default: '2' },
        rounds: { type: 'string', default: '3' },
        quick: { type: 'boolean', default: false },
        only: { type: 'string' },
        require: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    throw new BenchFailure(`${error instanceof Error ? error.message : String(error)}\n\n${SUITE_USAGE}`)
  }
}
