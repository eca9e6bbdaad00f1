// The service's log: JSON lines on stdout, read by people only where a terminal shows them. What must never be in a log is
// taken out here, once for everybody.
import { pino, type DestinationStream, type LevelWithSilent, type Logger as PinoLogger } from 'pino'

export type Logger = PinoLogger

const SECRETS = ['authorization', 'cookie', 'set-cookie', 'password', 'token', 'connectionString', 'databaseUrl']

/** Wherever they stand in a line: at its top, or one or two levels down. */
const REDACTED_PATHS = ['', '*.', '*.*.'].flatMap((prefix) => SECRETS.map((name) => pathOf(prefix, name)))

function pathOf(prefix: string, name: string): string {
  return name.includes('-') ? `${prefix.slice(0, -1)}["${name}"]` : `${prefix}${name}`
}

/** A log at one level. `destination` defaults to stdout. */
export function createLogger(options: {
  readonly level: LevelWithSilent
  readonly version: string
  readonly destination?: DestinationStream
}): Logger {
  const settings = {
    level: options.level,
    base: { service: 'wallet_service', version: options.version },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: REDACTED_PATHS, censor: '[redacted]' },
  }
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination)
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
