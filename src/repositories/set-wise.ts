// The form of the posting path's statements: set-wise, with fixed texts whose parameters are arrays, built with Kysely once and
// run on the pipelined connection. What they say stands in ledger-statements.ts and hold-statements.ts.
import {
  type CompiledQuery,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
  sql,
} from 'kysely'
import { type ArrayElement, arrayLiteral } from '../db/array-literal.ts'
import type { PipelineStatement } from '../db/trip.ts'
import type { Database } from '../db/schema.ts'

/** Compiles only; the statements run on the pipelined connection, which Kysely cannot drive (TRAPS.md). */
const compiler = new Kysely<Database>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

/** A statement whose text is fixed and whose parameters are arrays: `$1`, `$2`, ... in the order of their first mention. */
export interface Statement {
  readonly name: string
  readonly text: string
  with(...arrays: readonly (readonly ArrayElement[])[]): PipelineStatement
}

/** Compiles a statement, once. */
export function statement(name: string, query: RawBuilder<unknown>): Statement {
  const { sql: text }: CompiledQuery = query.compile(compiler)
  const types = arrayTypesOf(text)
  return {
    name,
    text,
    with: (...arrays) => ({
      name,
      text,
      values: arrays.map((array, index) => arrayLiteral(array, types[index] ?? 'text')),
    }),
  }
}

/** The element types of a statement's parameters, in their order. */
function arrayTypesOf(text: string): readonly string[] {
  const types: string[] = []
  for (const [, position, type] of text.matchAll(/\$(\d+)::(\w+)\[\]/g)) types[Number(position) - 1] = type ?? 'text'
  return types
}

/** The n-th parameter as an array of a PostgreSQL type. */
export const array = (position: number, type: string): RawBuilder<unknown> => sql.raw(`$${position}::${type}[]`)

/** `unnest($1::uuid[], $2::text[], ...)`: the shape that keeps its index plans with one row and with 200 (TRAPS.md). */
export function unnest(types: readonly string[]): RawBuilder<unknown> {
  return sql`unnest(${sql.join(types.map((type, index) => array(index + 1, type)))})`
}

/** One array per column, as the set-wise statements take them. */
export function columns<Item>(
  items: readonly Item[],
  fields: readonly ((item: Item) => ArrayElement)[],
): ArrayElement[][] {
  return fields.map((field) => items.map(field))
}

/** `INSERT INTO table (columns) SELECT * FROM unnest(...)`; `constants` are columns that are the same, as SQL, in every row. */
export function insert(
  name: string,
  table: string,
  columns: readonly (readonly [string, string])[],
  constants: Readonly<Record<string, string>> = {},
): Statement {
  const names = sql.join(
    [...columns.map(([column]) => column), ...Object.keys(constants)].map((column) => sql.ref(column)),
  )
  const values = sql.join([sql`*`, ...Object.values(constants).map((value) => sql.raw(value))])
  return statement(
    name,
    sql`INSERT INTO ${sql.table(table)} (${names}) SELECT ${values} FROM ${unnest(columns.map(([, type]) => type))}`,
  )
}

/** That a row of the ledger has this key, as the index on the hashes of keys finds it. */
export function sameKey(stored: RawBuilder<unknown>, wanted: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`hashtextextended(${stored}, 0) = hashtextextended(${wanted}, 0)
        AND hashtextextended(${stored}, 8208) = hashtextextended(${wanted}, 8208) AND ${stored} = ${wanted}`
}
