// The pool behind all reads, and Kysely over it. Writes of money do not come through here: see pipeline.ts.
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { pooledTransactions } from './pooled-transactions.ts'
import type { Database } from './schema.ts'
import { type Pooler, sessionConfig, type SessionSettings } from './session.ts'

export type ReadDatabase = Kysely<Database>

/** Reads are look-ups by the thousand in one statement at most: compiling such a plan takes longer than running it. */
const READ_SETTINGS = { jit: 'off' }

/**
 * A replica that hangs must leave the primary time to answer: 0.5 s + 1.8 s + 5 s are less than a handler's 8 s. That it is read
 * only is the replica's own rule; here it is for an address that is none's.
 */
const REPLICA_SETTINGS = { ...READ_SETTINGS, statement_timeout: '1500', default_transaction_read_only: 'on' }
const REPLICA_LIMITS = { connectionTimeoutMillis: 500, query_timeout: 1800 }

type Role = 'primary' | 'replica'
const SETTINGS: Readonly<Record<Role, SessionSettings>> = { primary: READ_SETTINGS, replica: REPLICA_SETTINGS }

/** A pool whose lost connections are logged instead of ending the process. */
export function createPool(options: {
  readonly databaseUrl: string
  readonly max: number
  readonly onConnectionError: (error: Error) => void
  readonly pooler?: Pooler
  readonly role?: Role
}): pg.Pool {
  const { pooler = 'none', role = 'primary' } = options
  const session = sessionConfig(options.databaseUrl, SETTINGS[role], pooler)
  const limits = role === 'replica' && REPLICA_LIMITS
  const pool = new pg.Pool({ ...session, ...limits, max: options.max, pipeline: pooler === 'transaction' })
  pool.on('error', options.onConnectionError)
  // A checked-out client that loses its connection emits `error` on itself; without a listener Node would exit.
  pool.on('connect', (client) => client.on('error', options.onConnectionError))
  return pool
}

/** Kysely over a pool; with the pooler and the role that the pool was made for. */
export function createReadDatabase(pool: pg.Pool, pooler: Pooler = 'none', role: Role = 'primary'): ReadDatabase {
  const given = pooler === 'none' ? pool : pooledTransactions(pool, SETTINGS[role])
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool: given }) })
}
