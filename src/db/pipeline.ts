// The connection of postings: statements given together travel together, so a flush costs one round trip or two, whatever its
// size. It reconnects by itself when the next transaction begins.
import pg from 'pg'
import { localSettingsStatement, type Pooler, QUERY_TIMEOUT_MS, sessionConfig } from './session.ts'
import { isStaleStatement } from './sqlstate.ts'
import { type PipelineStatement, type PreparedStatements, type StatementAnswer, Trip } from './trip.ts'

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

/** Behind a pooler they come with each BEGIN: no trip more, and some 0.05 ms of the server's time. */
const LOCAL_SETTINGS: PipelineStatement = { text: localSettingsStatement(PLAN_SETTINGS) }

/** What a transaction sees: a row that it locks as it is by then, or everything as it was at one moment. */
export type TransactionMode = 'locking' | 'snapshot'

const BEGIN: Readonly<Record<TransactionMode, PipelineStatement>> = {
  locking: { name: 'begin', text: 'BEGIN' },
  snapshot: { name: 'begin_snapshot', text: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY' },
}

/** A pipelined connection with one user at a time. */
export class PipelineConnection {
  readonly #databaseUrl: string
  readonly #onConnectionError: (error: Error) => void
  readonly #pooler: Pooler
  #client: pg.Client | null = null
  #prepared: PreparedStatements = new Map()

  constructor(options: {
    readonly databaseUrl: string
    readonly onConnectionError: (error: Error) => void
    readonly pooler?: Pooler
  }) {
    this.#databaseUrl = options.databaseUrl
    this.#pooler = options.pooler ?? 'none'
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
  async begin(
    statements: readonly PipelineStatement[],
    mode: TransactionMode = 'locking',
  ): Promise<readonly StatementAnswer[]> {
    await this.#connected()
    const opening = this.#pooler === 'none' ? [BEGIN[mode]] : [BEGIN[mode], LOCAL_SETTINGS]
    const answers = await this.send([...opening, ...statements])
    return answers.slice(opening.length)
  }

  /** Statements that only look, outside of any transaction of the caller's; with a new connection if need be. As `send`. */
  async look(statements: readonly PipelineStatement[]): Promise<readonly StatementAnswer[]> {
    await this.#connected()
    if (this.#pooler === 'none') return this.send(statements)
    return (await this.begin([...statements, { text: 'COMMIT' }])).slice(0, -1)
  }

  /**
   * Sends all statements at once and waits for all answers. Throws the first error, after which the server has passed over the
   * statements that followed. It never reconnects: on a new connection there is no transaction, and the writes of half of one
   * would be kept.
   */
  async send(statements: readonly PipelineStatement[]): Promise<readonly StatementAnswer[]> {
    const client = this.#client
    if (!client) throw new Error('Connection terminated before its transaction ended')
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        // What comes later would be taken for the answer to something else.
        void this.close()
        reject(new Error('Query read timeout'))
      }, QUERY_TIMEOUT_MS)
      const settled = (error: Error | null, answers: readonly StatementAnswer[]): void => {
        clearTimeout(timer)
        if (isStaleStatement(error)) this.#prepared = new Map()
        if (error === null) resolve(answers)
        else reject(error)
      }
      // A name would stay in a session that belongs to others as soon as the transaction ends.
      const sent = this.#pooler === 'none' ? statements : statements.map(({ text, values = [] }) => ({ text, values }))
      client.query(new Trip(sent, this.#prepared, settled))
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
    // A trip has a limit of its own: the driver's would leave the connection with an answer still to come.
    const client = new pg.Client({ ...sessionConfig(this.#databaseUrl, PLAN_SETTINGS, this.#pooler), query_timeout: 0 })
    client.on('error', this.#onConnectionError)
    client.on('end', () => {
      if (this.#client === client) this.#client = null
    })
    await client.connect()
    this.#client = client
    this.#prepared = new Map()
    return client
  }
}
