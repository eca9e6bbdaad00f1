// One round trip of the extended query protocol: statements that travel together and end with one Sync, so that the server
// answers once. The driver writes a Sync for every statement: at one posting a flush, that was a third of the service's time.
import type pg from 'pg'
import { typeParsers } from './numbers.ts'

export interface PipelineStatement {
  /** Name under which it is prepared; one without is parsed each time. */
  readonly name?: string
  readonly text: string
  /** As text. */
  readonly values?: readonly string[]
}

/** What a statement gave: its rows, and the word of its command tag (`INSERT`, `COMMIT`). */
export interface StatementAnswer {
  readonly rows: readonly unknown[]
  readonly command: string
}

interface Column {
  readonly name: string
  readonly parse: (text: string) => unknown
}

/** The statements that a connection has prepared, with the columns of their rows. */
export type PreparedStatements = Map<string, readonly Column[]>

interface RowDescription {
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[]
}

const NO_COLUMNS: readonly Column[] = []

/**
 * The driver's own hook for queries of another shape (`pg` calls it a submittable): it hands over its connection, then every
 * message of the server until the one that ends the trip.
 */
export class Trip implements pg.Submittable {
  readonly #statements: readonly PipelineStatement[]
  readonly #prepared: PreparedStatements
  readonly #settled: (error: Error | null, answers: readonly StatementAnswer[]) => void
  readonly #answers: StatementAnswer[] = []
  /** Columns of the statements that this trip prepares. */
  readonly #described = new Map<string, readonly Column[]>()
  #columns: readonly Column[] = NO_COLUMNS
  #rows: unknown[] = []
  #fault: Error | null = null

  constructor(
    statements: readonly PipelineStatement[],
    prepared: PreparedStatements,
    settled: (error: Error | null, answers: readonly StatementAnswer[]) => void,
  ) {
    this.#statements = statements
    this.#prepared = prepared
    this.#settled = settled
  }

  /** Writes all statements at once. */
  submit(connection: pg.Connection): void {
    connection.stream.cork()
    for (const { name = '', text, values = [] } of this.#statements) {
      const isNew = name === '' || !(this.#prepared.has(name) || this.#described.has(name))
      if (isNew) {
        // Whatever an earlier trip that failed half-way has left under the name; closing nothing is no error.
        if (name !== '') connection.close({ type: 'S', name }, true)
        connection.parse({ name, text, types: [] }, true)
        if (name !== '') this.#described.set(name, NO_COLUMNS)
      }
      connection.bind({ statement: name, values: [...values] }, true)
      if (isNew) connection.describe({ type: 'P', name: '' }, true)
      connection.execute(null, true)
    }
    connection.sync()
    connection.stream.uncork()
    this.#begin()
  }

  handleRowDescription({ fields }: RowDescription): void {
    this.#columns = fields.map(({ name, dataTypeID }) => ({
      name,
      parse: typeParsers.getTypeParser(dataTypeID, 'text'),
    }))
    const { name } = this.#current()
    if (name !== undefined) this.#described.set(name, this.#columns)
  }

  /** A value that cannot be read fails the trip at its end: what is thrown here would end the process. */
  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    try {
      this.#rows.push(rowOf(this.#columns, fields))
    } catch (error) {
      this.#fault ??= error instanceof Error ? error : new Error('A value could not be read', { cause: error })
    }
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    const [command = ''] = text.split(' ', 1)
    this.#answers.push({ rows: this.#rows, command })
    this.#begin()
  }

  /**
   * The server says no, and passes over the rest, up to the Sync; or the connection is gone. Nothing more of this trip is told
   * after it. What is sent next waits in the driver until the server is ready.
   */
  handleError(error: Error): void {
    this.#settled(error, this.#answers)
  }

  handleReadyForQuery(): void {
    for (const [name, columns] of this.#described) this.#prepared.set(name, columns)
    this.#settled(this.#fault, this.#answers)
  }

  handleEmptyQuery(): void {
    this.handleCommandComplete({ text: '' })
  }

  /** COPY would need a stream beside the statements. */
  handleCopyInResponse(connection: { sendCopyFail(message: string): void }): void {
    connection.sendCopyFail('COPY cannot be part of a trip')
  }

  handleCopyData(): void {}

  handlePortalSuspended(): void {}

  #current(): PipelineStatement {
    return this.#statements[this.#answers.length] ?? { text: '' }
  }

  #begin(): void {
    const { name = '' } = this.#current()
    this.#columns = this.#prepared.get(name) ?? this.#described.get(name) ?? NO_COLUMNS
    this.#rows = []
  }
}

function rowOf(columns: readonly Column[], fields: readonly (string | null)[]): Record<string, unknown> {
  const row: Record<string, unknown> = {}
  for (const [index, { name, parse }] of columns.entries()) {
    const text = fields[index]
    row[name] = text === null || text === undefined ? null : parse(text)
  }
  return row
}
