// The command line of the growth bench: what it may say and what it says by default.
import { parseArgs } from 'node:util'
import { BenchFailure } from '../support/programs.ts'

export interface GrowthOptions {
  readonly rows: number
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
  /** A folder that is kept, with the ledgers loaded into it. */
  readonly keep: string | null
  readonly audit: boolean
}

export const USAGE = `npm run bench:growth -- [options]

Loads a large ledger and a small one of the same shape beside it, and compares what postings and reads cost over HTTP.

  --rows N       transactions of the large ledger (default 10,000,000); it has a wallet for each hundred, one of them with a tenth
  --keep DIR     keep the loaded ledgers in this folder, and use those that are there: loading takes minutes
  --rounds N     turns of each ledger at each line (default 3)
  --seconds N    seconds of each turn (default 2)
  --warm-up N    seconds of postings after the checkpoint, before those that are judged (default 60)
  --no-audit     leave out the audit of the large ledger, which takes about 25 s a million rows
  --help`

const LEAST_ROWS = 200_000

/** Reads the arguments; `null` when help was asked for. Throws `BenchFailure` on anything it does not know. */
export function readGrowthOptions(args: readonly string[]): GrowthOptions | null {
  const { values } = parsed(args)
  if (values.help) return null
  return {
    rows: count('--rows', values.rows, LEAST_ROWS, 100_000_000),
    rounds: count('--rounds', values.rounds, 1, 100),
    seconds: count('--seconds', values.seconds, 1, 3600),
    warmUpSeconds: count('--warm-up', values['warm-up'], 0, 3600),
    keep: values.keep ?? null,
    audit: !values['no-audit'],
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rows: { type: 'string', default: '10000000' },
        keep: { type: 'string' },
        rounds: { type: 'string', default: '3' },
        seconds: { type: 'string', default: '2' },
        'warm-up': { type: 'string', default: '60' },
        'no-audit': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    throw new BenchFailure(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
  }
}

function count(name: string, text: string, least: number, most: number): number {
  const value = Number(text.replaceAll(',', ''))
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new BenchFailure(`${name} takes a whole number from ${least} to ${most}, not ${text}.`)
}
