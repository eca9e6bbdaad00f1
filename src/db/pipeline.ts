// One connection in the driver's pipeline mode: statements issued together travel together, so a posting flush costs two
// round trips whatever its size. It reconnects by itself when the next transaction begins.
import { Socket } from 'node:net'
import pg from 'pg'
import { sessionConfig } from './session.ts'

export interface PipelineStatement {
  /** Name of the prepared statement; an unnamed one (BEGIN, COMMIT) is sent as simple text. */
  readonly name?: string
  readonly text: string
  readonly values?: unknown[]
}

/**
 * Point look-ups and set-wise writes only: on tables that were empty a minute ago, or with one row where 200 come next,
 * the planner must not settle on a scan that grows. Generic plans spare about 0.6 ms of planning a flush (TRAPS.md).
 */
const PLAN_SETTINGS = {
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_bitmapscan: 'off',
  enable_material: 'off',
  jit: 'off',
}

/** What a transaction sees: a row that it locks as it is by then, or everything as it was at one moment. */
export type TransactionMode = 'locking' | 'snapshot'

const BEGIN: Readonly<Record<TransactionMode, PipelineStatement>> = {
  locking: { text: 'BEGIN' },
  snapshot: { text: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY' },
}

/** A pipelined connection with one user at a time. */
export class PipelineConnection {
  readonly #databaseUrl: string
  readonly #onConnectionError: (error: Error) => void
  #client: pg.Client | null = null
  #socket = new Socket()

  constructor(options: { readonly databaseUrl: string; readonly onConnectionError: (error: Error) => void }) {
    this.#databaseUrl = options.databaseUrl
    this.#onConnectionError = options.onConnectionError
  }

  /** Opens the connection if there is none. Throws the driver's error when the database is out of reach. */
  async open(): Promise<void> {
    await this.#connected()
  }

  /** Tells whether there is a connection that may have a transaction open. */
  get isOpen(): boolean {
    return this.#client !== null
  }

  /** Opens a transaction, with a new connection if need be, and sends the first statements along. As `send`. */
  async begin(statements: readonly PipelineStatement[], mode: TransactionMode = 'locking'): Promise<pg.QueryResult[]> {
    await this.#connected()
    const [, ...answers] = await this.send([BEGIN[mode], ...statements])
    return answers
  }

  /**
   * Sends all statements at once and waits for all answers. Throws the first error, after the last answer.
   * It never reconnects: on a new connection there is no transaction, and the writes of half of one would be kept.
   */
  async send(statements: readonly PipelineStatement[]): Promise<pg.QueryResult[]> {
    const client = this.#client
    if (!client) throw new Error('Connection terminated before its transaction ended')
    // One write for the whole trip: the driver by itself writes each statement alone, and the server wakes up for each.
    this.#socket.cork()
    const sent = statements.map((statement) => client.query({ ...statement }))
    this.#socket.uncork()
    const answers = await Promise.allSettled(sent)
    return answers.map((answer) => {
      if (answer.status === 'rejected') throw answer.reason
      return answer.value
    })
  }

  /** Gives up the connection, whatever state it is in; the server rolls back what was open. */
  async close(): Promise<void> {
    const client = this.#client
    this.#client = null
    await client?.end().catch(this.#onConnectionError)
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client) return this.#client
    const socket = new Socket()
    const config = { ...sessionConfig(this.#databaseUrl, PLAN_SETTINGS), pipeline: true, stream: () => socket }
    const client = new pg.Client(config)
    client.on('error', this.#onConnectionError)
    client.on('end', () => {
      if (this.#client === client) this.#client = null
    })
    await client.connect()
    this.#client = client
    this.#socket = socket
    return client
  }
}
