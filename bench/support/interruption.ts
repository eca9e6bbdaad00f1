// How a run ends early, and how any run of a bench tells that it failed.
import { EmbeddedPostgresError } from '../../src/db/embedded-errors.ts'
import { BenchFailure } from './programs.ts'

/**
 * Runs a bench to its end. Ctrl-C ends wrk and pgbench through the signal; what was started is then cleared away as after a
 * failure. An expected failure is one sentence on stderr; exit code 1.
 */
export async function runBench(main: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController()
  const { signal } = controller
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort())
  try {
    await main(signal)
  } catch (error) {
    if (signal.aborted) console.error('Interrupted; nothing was left behind.')
    else console.error(error instanceof BenchFailure || error instanceof EmbeddedPostgresError ? error.message : error)
    process.exitCode = 1
  }
}
