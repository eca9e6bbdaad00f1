// The settings of every database session of the service: limits that nest (lock 2 s < statement 5 s < handler 8 s),
// UTC, and our own type parsers. They stand on the server's side, because a timeout in Node does not stop SQL.
import type pg from 'pg'
import { typeParsers } from './numbers.ts'

const LOCK_TIMEOUT_MS = 2000
const STATEMENT_TIMEOUT_MS = 5000
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 5000
const CONNECT_TIMEOUT_MS = 1000
/** A peer that vanished without closing its socket answers nothing at all; then the connection is given up. */
const QUERY_TIMEOUT_MS = 6000

/** What every connection of the service is opened with. */
export function sessionConfig(databaseUrl: string, settings: Readonly<Record<string, string>> = {}): pg.ClientConfig {
  return {
    connectionString: databaseUrl,
    application_name: 'wallet_service',
    types: typeParsers,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    keepAlive: true,
    options: Object.entries({ TimeZone: 'UTC', DateStyle: 'ISO', ...settings })
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
  }
}
