// Reads behind a pooler that gives every transaction another session: each statement becomes a transaction of its own, with the
// settings that a session would have had, in one round trip. Kysely's own transactions get the settings with their BEGIN.
import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import type pg from 'pg'
import { localSettings, type SessionSettings } from './session.ts'

const BEGINS = /^(?:begin|start transaction)\b/i
const ENDS = /^(?:commit|rollback)$/i

/** A pool as Kysely takes it. Its clients must be in the driver's pipeline mode. */
export function pooledTransactions(pool: pg.Pool, settings: SessionSettings): PostgresPool {
  const local = localSettings(settings)
  return {
    connect: async () => new TransactionClient(await pool.connect(), local),
    end: () => pool.end(),
    options: pool.options,
  }
}

class TransactionClient implements PostgresPoolClient {
  readonly #client: pg.PoolClient
  readonly #local: string
  #isInTransaction = false

  constructor(client: pg.PoolClient, local: string) {
    this.#client = client
    this.#local = local
  }

  /** A statement of Kysely's, which sends one after another and uses no cursors. */
  query<Row>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>>
  query<Row>(cursor: PostgresCursor<Row>): PostgresCursor<Row>
  query<Row>(
    text: string | PostgresCursor<Row>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<Row>> | PostgresCursor<Row> {
    if (typeof text !== 'string') throw new Error('A cursor needs a session of its own')
    if (BEGINS.test(text)) return this.#begin(text)
    if (ENDS.test(text)) return this.#end(text)
    return this.#isInTransaction ? this.#send(text, parameters) : this.#alone(text, parameters)
  }

  release(isBroken?: boolean): void {
    this.#client.release(isBroken)
  }

  async #begin<Row>(text: string): Promise<PostgresQueryResult<Row>> {
    this.#isInTransaction = true
    await this.#client.query(`${text}; ${this.#local}`)
    return { command: 'SELECT', rowCount: 0, rows: [] }
  }

  async #end<Row>(text: string): Promise<PostgresQueryResult<Row>> {
    this.#isInTransaction = false
    const { command } = await this.#client.query(text)
    return { command: command === 'ROLLBACK' ? command : 'COMMIT', rowCount: 0, rows: [] }
  }

  async #alone<Row>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>> {
    const began = this.#client.query(`BEGIN READ ONLY; ${this.#local}`)
    const answer = this.#send<Row>(text, parameters)
    // After a failure of the statement this is a rollback.
    const ended = this.#client.query('COMMIT')
    await Promise.allSettled([began, answer, ended])
    await began
    const answered = await answer
    await ended
    return answered
  }

  async #send<Row>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>> {
    const { rowCount, rows } = await this.#client.query(text, [...parameters])
    return { command: 'SELECT', rowCount: rowCount ?? 0, rows }
  }
}
