// Server programs that npm does not have, and the tests that need them: brought once, before any test runs. Where one is not to
// be had its tests are left out, which is said; with CI set, that is a failure. A new program is a line in the table.
import { CONSUL } from '../../scripts/consul-agent.ts'
import { findProgram, ProgramNotFoundError, type WantedProgram } from '../../scripts/debian-program.ts'
import { PGBOUNCER } from './pgbouncer.ts'
import { REDIS } from './redis.ts'
import { CURL, JQ } from './smoke-tools.ts'

interface Need {
  readonly wanted: WantedProgram
  /** As vitest takes them. */
  readonly tests: readonly string[]
}

const SMOKE = ['smoke', 'image', 'checked-callers'].map((name) => `test/contract/${name}.test.ts`)

const NEEDS: readonly Need[] = [
  { wanted: CONSUL, tests: ['test/*/consul-*.test.ts', 'test/integration/client-consul.test.ts'] },
  { wanted: PGBOUNCER, tests: ['test/integration/pooler.test.ts'] },
  { wanted: REDIS, tests: ['test/faults/rate-limit-redis.test.ts'] },
  { wanted: CURL, tests: SMOKE },
  { wanted: JQ, tests: SMOKE },
]

export interface ProgramSearch {
  readonly needs?: readonly Need[]
  readonly find?: (wanted: WantedProgram) => Promise<unknown>
  /** Whether a missing program is an error. */
  readonly strict?: boolean
  readonly tell?: (sentence: string) => void
}

/** The tests that cannot run here, told with the reason. Throws `ProgramNotFoundError` where all must run. */
export async function testsWithoutProgram(search: ProgramSearch = {}): Promise<string[]> {
  const {
    needs = NEEDS,
    find = (wanted) => findProgram(wanted),
    strict = isContinuousIntegration(),
    tell = console.error,
  } = search
  const searches = needs.map(async ({ wanted, tests }) => {
    try {
      await find(wanted)
      return []
    } catch (error) {
      if (strict || !(error instanceof ProgramNotFoundError)) throw error
      tell(`NOT RUN: ${tests.join(', ')}. ${error.message}`)
      return tests
    }
  })
  // All at once: each may have to wait for an archive.
  return (await Promise.all(searches)).flat()
}

function isContinuousIntegration(): boolean {
  return !['', '0', 'false'].includes(process.env['CI'] ?? '')
}
