// The pool behind all reads, and Kysely over it. Writes of money do not come through here: see pipeline.ts.
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Database } from './schema.ts'
import { sessionConfig } from './session.ts'

export type ReadDatabase = Kysely<Database>

/** Reads are look-ups by the thousand in one statement at most: compiling such a plan takes longer than running it. */
const READ_SETTINGS = { jit: 'off' }

/** A pool whose lost connections are logged instead of ending the process. */
export function createPool(options: {
  readonly databaseUrl: string
  readonly max: number
  readonly onConnectionError: (error: Error) => void
}): pg.Pool {
  const pool = new pg.Pool({ ...sessionConfig(options.databaseUrl, READ_SETTINGS), max: options.max })
  pool.on('error', options.onConnectionError)
  // A checked-out client that loses its connection emits `error` on itself; without a listener Node would exit.
  pool.on('connect', (client) => client.on('error', options.onConnectionError))
  return pool
}

/** Kysely over a pool. */
export function createReadDatabase(pool: pg.Pool): ReadDatabase {
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })
}
