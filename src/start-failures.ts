// Why the service did not start and what to do about it, in one sentence, for whoever reads stderr.
import { type Config, ConfigError } from './config.ts'
import { DatabaseUnusableError } from './db/connection-check.ts'
import { EmbeddedPostgresError } from './db/embedded.ts'

/** The sentence for a failure to start; where it is none that we expect, everything there is to know about it. */
export function explainStartFailure(error: unknown, config: Pick<Config, 'host' | 'port'> | null): string {
  if (
    error instanceof ConfigError ||
    error instanceof DatabaseUnusableError ||
    error instanceof EmbeddedPostgresError
  ) {
    return error.message
  }
  const listening = config === null ? undefined : listeningFailure(codeOf(error), config)
  if (listening !== undefined) return listening
  return error instanceof Error
    ? `The service did not start: ${describe(error)}`
    : `The service did not start: ${String(error)}`
}

function listeningFailure(code: unknown, { host, port }: Pick<Config, 'host' | 'port'>): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is taken: stop what listens there, or set PORT to another one (0 takes any free one).`
    case 'EACCES':
      return `Port ${port} on ${host} is not allowed to this user: set PORT to one above 1023.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `HOST is ${host}, which is no address of this machine: set it to one that is, or to 0.0.0.0.`
    default:
      return undefined
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

/** The stack, and those of its causes: what is not expected must be found. */
function describe(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by: ${describe(error.cause)}` : ''
  return (error.stack ?? error.message) + cause
}
