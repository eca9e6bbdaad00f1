// The settings of every database session of the service: limits that nest (lock 2 s < statement 5 s < handler 8 s),
// UTC, and our own type parsers. They stand on the server's side, because a timeout in Node does not stop SQL. Where a pooler
// gives each transaction another session, they are settings of the transaction instead (docs/adr/0019-poolers.md).
import type pg from 'pg'
import { typeParsers } from './numbers.ts'

/** Also what tells whether a session keeps what it was opened with. */
export const LOCK_TIMEOUT_MS = 2000
const STATEMENT_TIMEOUT_MS = 5000
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 5000
const CONNECT_TIMEOUT_MS = 1000
/** A peer that vanished without closing its socket answers nothing at all; then the connection is given up. */
export const QUERY_TIMEOUT_MS = 6000

/** What a session has beyond the server's defaults; values as PostgreSQL reads them. */
export type SessionSettings = Readonly<Record<string, string>>

/**
 * - `none`: a connection is a session, and keeps its settings and prepared statements.
 * - `transaction`: a pooler such as PgBouncer gives every transaction whatever session is free; nothing may be left in one.
 */
export type Pooler = 'none' | 'transaction'

const DEFAULTS: SessionSettings = {
  TimeZone: 'UTC',
  DateStyle: 'ISO',
  lock_timeout: String(LOCK_TIMEOUT_MS),
  statement_timeout: String(STATEMENT_TIMEOUT_MS),
  idle_in_transaction_session_timeout: String(IDLE_IN_TRANSACTION_TIMEOUT_MS),
}

/** What every connection of the service is opened with. Behind a pooler, `localSettings` must follow each BEGIN. */
export function sessionConfig(
  databaseUrl: string,
  settings: SessionSettings = {},
  pooler: Pooler = 'none',
): pg.ClientConfig {
  return {
    connectionString: databaseUrl,
    application_name: 'wallet_service',
    types: typeParsers,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    ...(pooler === 'none' && {
      options: Object.entries({ ...DEFAULTS, ...settings })
        .map(([name, value]) => `-c ${name}=${value}`)
        .join(' '),
    }),
  }
}

/** The same settings as statements that last until the transaction ends; to be sent in one text with its BEGIN. */
export function localSettings(settings: SessionSettings = {}): string {
  return Object.entries({ ...DEFAULTS, ...settings })
    .map(([name, value]) => `SET LOCAL ${name} = '${value}'`)
    .join('; ')
}

/**
 * As `localSettings`, as one statement: the extended protocol takes no more at a time. Not for a transaction that imports a
 * snapshot: unlike SET, a SELECT takes one.
 */
export function localSettingsStatement(settings: SessionSettings = {}): string {
  const each = Object.entries({ ...DEFAULTS, ...settings }).map(
    ([name, value]) => `set_config('${name}', '${value}', true)`,
  )
  return `SELECT ${each.join(', ')}`
}
