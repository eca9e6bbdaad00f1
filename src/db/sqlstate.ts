// The only place that reads SQLSTATEs: what kind of failure a database error is, and so what may be done about it.

/**
 * - `conflict`: serialization failure or deadlock; the transaction is gone and may be tried again.
 * - `lock_timeout`: somebody holds a row for longer than `lock_timeout`.
 * - `unavailable`: no connection, a lost one, a server that is starting, stopping, full, slow, or does not let us in.
 * - `rejected`: the database refused the statement itself (a constraint, bad data), or the fault is ours (a bug).
 */
export type DatabaseFailure = 'conflict' | 'lock_timeout' | 'unavailable' | 'rejected'

const CONFLICTS = new Set(['40001', '40P01'])
/** "cached plan must not change result type", and a name that the session does not know. Parsed anew, they work. */
const STALE_STATEMENTS = new Set(['0A000', '26000'])
const LOCK_TIMEOUT = '55P03'
const UNIQUE_VIOLATION = '23505'
const UNDEFINED_TABLE = '42P01'
/**
 * Classes: 08 connection, 28 and 3D login refused (a password or a database that has just been changed), 53 insufficient
 * resources, 57 operator intervention and timeouts, 58 system error.
 */
const UNAVAILABLE_CLASSES = new Set(['08', '28', '3D', '53', '57', '58'])
/** Idle-in-transaction timeout, and a server that has become read-only after a failover. */
const UNAVAILABLE_STATES = new Set(['25P03', '25006'])
/** Node's `EPIPE` looks like one; no class of SQLSTATEs begins with E. */
const SQLSTATE = /^[0-9A-DF-Z][0-9A-Z]{4}$/

/** Classifies what `pg` rejected with. A dropped connection and an exhausted pool carry no SQLSTATE at all. */
export function classifyDatabaseError(error: unknown): DatabaseFailure {
  const state = sqlstateOf(error)
  if (state === null) return isConnectionError(error) ? 'unavailable' : 'rejected'
  if (CONFLICTS.has(state) || STALE_STATEMENTS.has(state)) return 'conflict'
  if (state === LOCK_TIMEOUT) return 'lock_timeout'
  if (UNAVAILABLE_STATES.has(state) || UNAVAILABLE_CLASSES.has(state.slice(0, 2))) return 'unavailable'
  return 'rejected'
}

/** What Node says when a host is gone, unknown for now, or not to be reached from here; and of a socket that is no more. */
const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
])
const CONNECTION_MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|Client was closed|Cannot use a pool after|Query read timeout)/

function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return (
    ('code' in error && typeof error.code === 'string' && CONNECTION_CODES.has(error.code)) ||
    CONNECTION_MESSAGES.test(error.message)
  )
}

/**
 * Tells whether the server answered a statement with an ERROR: the transaction is gone, and nothing of it was written. What
 * ends the connection (FATAL, PANIC, a lost socket) leaves a COMMIT that was under way in doubt.
 */
export function isServerRefusal(error: unknown): boolean {
  return error instanceof Error && 'severity' in error && error.severity === 'ERROR'
}

/** The unique key by which a row was refused because another is there; `null` for any other error. */
export function duplicateKeyOf(error: unknown): string | null {
  if (sqlstateOf(error) !== UNIQUE_VIOLATION || !(error instanceof Error)) return null
  return 'constraint' in error && typeof error.constraint === 'string' ? error.constraint : 'unknown'
}

/** Tells whether a statement named a table that is not there. */
export function isUndefinedTable(error: unknown): boolean {
  return sqlstateOf(error) === UNDEFINED_TABLE
}

/** Tells whether a prepared statement is no longer what it was: a migration has changed what it gives, or it is gone. */
export function isStaleStatement(error: unknown): boolean {
  return STALE_STATEMENTS.has(sqlstateOf(error) ?? '')
}

/** The SQLSTATE of what `pg` rejected with; `null` where the server never spoke. */
export function sqlstateOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null
  return SQLSTATE.test(error.code) ? error.code : null
}
