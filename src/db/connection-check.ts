// Looks at the database before the service relies on it, and says in one sentence why it cannot be used and what to do.
import pg from 'pg'
import { LOCK_TIMEOUT_MS, type Pooler, sessionConfig } from './session.ts'
import { sqlstateOf } from './sqlstate.ts'

/** Ids and hashes come from the service, so nothing newer is needed. */
const OLDEST_VERSION = 150_000
const CONNECT_TIMEOUT_MS = 5000

/** The database cannot be used. The message is one complete sentence, fit to be shown as it is, and holds no password. */
export class DatabaseUnusableError extends Error {
  override readonly name = 'DatabaseUnusableError'
}

/** Connects once and looks at the server's version, and for a pooler that nobody has told of. Throws `DatabaseUnusableError`. */
export async function checkConnection(databaseUrl: string, pooler: Pooler = 'none'): Promise<void> {
  const session = sessionConfig(databaseUrl, {}, pooler)
  const client = new pg.Client({ ...session, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
  // Without a listener a lost connection would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ version: string; lock_timeout: string }>(
      `SELECT current_setting('server_version_num') AS version, setting AS lock_timeout
      FROM pg_settings WHERE name = 'lock_timeout'`,
    )
    requireVersion(Number(rows[0]?.version), client.host)
    if (pooler === 'none' && Number(rows[0]?.lock_timeout) !== LOCK_TIMEOUT_MS) throw poolerBetween(client.host)
  } catch (error) {
    if (error instanceof DatabaseUnusableError) throw error
    throw new DatabaseUnusableError(explain(error, client), { cause: error })
  } finally {
    await client.end().catch(() => undefined)
  }
}

function requireVersion(version: number, host: string): void {
  if (version >= OLDEST_VERSION) return
  const major = Math.floor(version / 10_000)
  throw new DatabaseUnusableError(`The server at ${host} is PostgreSQL ${major}: version 15 or later is needed.`)
}

function poolerBetween(host: string): DatabaseUnusableError {
  const sentence = `What answers at ${host} takes no settings for a session: if it is PgBouncer in transaction mode, or the like, set DATABASE_POOLER=transaction.`
  return new DatabaseUnusableError(sentence)
}

type Target = Pick<pg.Client, 'host' | 'port'> & {
  readonly user?: string | undefined
  readonly database?: string | undefined
}

function explain(error: unknown, { host, port, user, database }: Target): string {
  const server = `PostgreSQL at ${host}:${port}`
  switch (sqlstateOf(error)) {
    case '28P01':
    case '28000':
      return `${server} refuses user ${user} (${messageOf(error)}): check user and password in DATABASE_URL.`
    // PgBouncer knows no startup options, and says so with a protocol violation.
    case '08P01':
      return poolerBetween(host).message
    case '3D000':
      return `${server} has no database ${database}: create it, or name another in DATABASE_URL.`
    case '53300':
      return `${server} has no connection left: raise its max_connections, or stop what uses them.`
    case '57P03':
      return `${server} is starting up or shutting down: try again in a moment.`
    case null:
      return `${server} is out of reach (${messageOf(error)}): check that it runs, and host and port in DATABASE_URL.`
    default:
      return `${server} refuses the connection (${messageOf(error)}): check DATABASE_URL.`
  }
}

/** What a failed migration means to whoever starts the service; the failed one was rolled back. */
export function migrationFailed(error: unknown): DatabaseUnusableError {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const sentence = `The database could not be migrated (${messageOf(cause)}): the user of DATABASE_URL must be allowed to create tables in it.`
  return new DatabaseUnusableError(sentence, { cause: error })
}

/** Node reports a host with several addresses as one error with an empty message around one for each. */
function messageOf(error: unknown): string {
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error
  return inner instanceof Error ? inner.message : String(inner)
}
