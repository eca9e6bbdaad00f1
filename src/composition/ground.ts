// What every group of parts is made from: the settings, where to report to, and where the database is.
import type { Config } from '../config.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { Tracing } from '../observability/tracing.ts'

/** What the parts stand on. */
export interface Ground {
  readonly config: Config
  readonly databaseUrl: string
  readonly version: string
  readonly logger: Logger
  readonly log: PartLog
  readonly metrics: Metrics
  /** `undefined`: traces go nowhere. */
  readonly tracing: Tracing | undefined
}

type LogLine = (message: string, fields: Readonly<Record<string, unknown>>) => void

/** How parts log that know no logger. */
export type PartLog = Readonly<Record<'info' | 'warn' | 'error', LogLine>>

/** The logger as parts see it. */
export function partLog(logger: Logger): PartLog {
  return {
    info: (message, fields) => logger.info(fields, message),
    warn: (message, fields) => logger.warn(fields, message),
    error: (message, fields) => logger.error(fields, message),
  }
}

/** Not even loaded where traces go nowhere. */
export async function createTracing(options: {
  readonly config: Pick<Config, 'traceEndpoint'>
  readonly version: string
  readonly log: PartLog
}): Promise<Tracing | undefined> {
  const { config, version, log } = options
  if (config.traceEndpoint === null) return undefined
  const { startTracing } = await import('../observability/trace-export.ts')
  return startTracing({ endpoint: config.traceEndpoint, version, log: log.warn })
}
