// The command line of the posting bench: what it may say and what it says by default.
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { BenchFailure } from './programs.ts'

const SCENARIOS = ['spread', 'hot'] as const
export type Scenario = (typeof SCENARIOS)[number]
const SIDES = ['service', 'pgbench'] as const
type Side = (typeof SIDES)[number]

export interface BenchOptions {
  readonly seconds: number
  /** Turns of each side at each line of the table; the median is shown. */
  readonly rounds: number
  readonly sides: readonly Side[]
  readonly scenarios: readonly Scenario[]
  readonly connections: readonly number[]
  readonly cpuProfile: boolean
  /** Another checkout, whose service takes pgbench's place. */
  readonly against: string | null
}

export const USAGE = `npm run bench:postings -- [options]

Postings a second over HTTP (wrk) beside the same posting as one locked transaction (pgbench), on one PostgreSQL.

  --seconds N          seconds of each turn (default 3)
  --rounds N           turns of each side at each line, of which the median is shown (default 3)
  --quick              one round of 2 seconds: does everything work?
  --only SIDE          service or pgbench
  --against DIR        instead of pgbench, the service of another checkout of this project (with its node_modules): an earlier
                       revision, on a database of its own, in the same rounds
  --scenario NAME      spread (10,000 wallets) or hot (one wallet); default both
  --connections LIST   default 1,64,256
  --cpu-prof           profile the service into bench/results and print where its time went
  --help`

const QUICK_SECONDS = 2
const DEFAULT_CONNECTIONS = '1,64,256'
/** Of pgbench's and of the server that the run starts. */
const MAX_CONNECTIONS = 300

/** Reads the arguments; `null` when help was asked for. Throws `BenchFailure` on anything it does not know. */
export function readOptions(args: readonly string[]): BenchOptions | null {
  const { values } = parsed(args)
  if (values.help) return null
  const options = {
    seconds: values.quick ? QUICK_SECONDS : count('--seconds', values.seconds, 3600),
    rounds: values.quick ? 1 : count('--rounds', values.rounds, 100),
    sides: values.against === undefined ? choice('--only', values.only, SIDES) : (['service'] as const),
    scenarios: choice('--scenario', values.scenario, SCENARIOS),
    connections: values.connections.split(',').map((text) => count('--connections', text, MAX_CONNECTIONS)),
    cpuProfile: values['cpu-prof'],
    against: values.against === undefined ? null : resolve(values.against),
  }
  if (options.against !== null && values.only !== undefined) {
    throw new BenchFailure('--against compares two services: --only has nothing to leave out.')
  }
  if (options.cpuProfile && !options.sides.includes('service')) {
    throw new BenchFailure('--cpu-prof profiles the service, which --only pgbench leaves out.')
  }
  return options
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string', default: '3' },
        rounds: { type: 'string', default: '3' },
        quick: { type: 'boolean', default: false },
        only: { type: 'string' },
        against: { type: 'string' },
        scenario: { type: 'string' },
        connections: { type: 'string', default: DEFAULT_CONNECTIONS },
        'cpu-prof': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    throw new BenchFailure(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
  }
}

export function count(option: string, text: string, max: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= max) return value
  throw new BenchFailure(`${option} wants a whole number from 1 to ${max}, not "${text}".`)
}

function choice<Choice extends string>(
  option: string,
  given: string | undefined,
  choices: readonly Choice[],
): readonly Choice[] {
  if (given === undefined) return choices
  const chosen = choices.filter((name) => name === given)
  if (chosen.length > 0) return chosen
  throw new BenchFailure(`${option} wants ${choices.join(' or ')}, not "${given}".`)
}
