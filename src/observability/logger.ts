// The service's log: JSON lines on stdout, read by people only where a terminal shows them. What must never be in a log is
// taken out here, once for everybody; what that is stands in redaction.ts.
import { pino, type DestinationStream, type LevelWithSilent, type LogFn, type Logger as PinoLogger } from 'pino'
import { censorFields, censorText } from './redaction.ts'

export type Logger = PinoLogger

/** A log at one level. `destination` defaults to stdout. Fields of child loggers would pass by the censor: nobody makes any. */
export function createLogger(options: {
  readonly level: LevelWithSilent
  readonly version: string
  /** Which of several workers writes. */
  readonly worker?: number
  readonly destination?: DestinationStream
}): Logger {
  const settings = {
    level: options.level,
    base: {
      service: 'wallet_service',
      version: options.version,
      ...(options.worker !== undefined && { worker: options.worker }),
    },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }), log: censorFields },
    // Errors arrive written out by then; pino's own serializer would do it once more, and its own way.
    serializers: { err: (writtenOut: unknown) => writtenOut },
    hooks: { logMethod: logCensored },
  }
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination)
}

/** Fields pass through `censorFields`; messages are arguments of their own, or taken from an error by pino. */
function logCensored(this: PinoLogger, args: Parameters<LogFn>, log: LogFn): void {
  const [first, message] = args
  if (typeof first === 'string') return log.call(this, censorText(first))
  const text = typeof message === 'string' ? message : errorOf(first)?.message
  return text === undefined ? log.call(this, first) : log.call(this, first, censorText(text))
}

function errorOf(fields: unknown): Error | undefined {
  if (fields instanceof Error) return fields
  const error: unknown = typeof fields === 'object' && fields !== null && 'err' in fields ? fields.err : undefined
  return error instanceof Error ? error : undefined
}

/** A destination that people can read, for terminals; `undefined` where `pino-pretty`, a tool of development, is missing. */
export async function prettyDestination(): Promise<DestinationStream | undefined> {
  try {
    const { build } = await import('pino-pretty')
    return build({ colorize: true, sync: true, ignore: 'service,version', translateTime: 'SYS:HH:MM:ss.l' })
  } catch {
    return undefined
  }
}
