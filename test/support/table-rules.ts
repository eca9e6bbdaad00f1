// What a table by itself accepts and refuses, as cases: rows that violate one rule each, and rows that come close. Which rule a
// row violates is proved by dropping it: then the same row goes in.
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from './postgres.ts'
import { type Columns, insert } from './raw-rows.ts'
import { openClient } from './sql.ts'
import { rulesOf, withoutRule } from './rules.ts'

/** What must be violated, and by what, beside rows that are fine. */
export type Case = readonly [constraint: string, columns: Columns, besides?: readonly Columns[]]

export interface TableRules {
  readonly table: string
  /** A valid row but for what is given. */
  readonly columnsOf: (overrides: Columns) => Columns
  readonly bad: readonly Case[]
  /** Rows that are fine beside each other. */
  readonly good: readonly (readonly Columns[])[]
  /** More than 20 integer digits. */
  readonly huge: Columns
  /** A CHECK that another one implies is seen alone only without that one. */
  readonly impliedBy?: ReadonlyMap<string, string>
}

/** A connection to an empty database; what is done on it is undone. */
export interface ScratchDatabase {
  readonly client: pg.Client
  rolledBack<Result>(work: () => Promise<Result>): Promise<Result>
  /** The error of `work`, which leaves the transaction as it was before. */
  errorOf(work: () => Promise<unknown>): Promise<pg.DatabaseError | null>
}

/** Opens one before all tests of a file and drops it after them. */
export function useScratchDatabase(): ScratchDatabase {
  let database: TestDatabase | undefined
  let opened: pg.Client | undefined
  beforeAll(async () => {
    database = await createTestDatabase()
    opened = await openClient(database.url)
  })
  afterAll(async () => {
    await opened?.end()
    await database?.drop()
  })
  const client = (): pg.Client => {
    if (!opened) throw new Error('The database is opened before the tests, not before the file')
    return opened
  }
  return {
    get client() {
      return client()
    },
    rolledBack: async (work) => {
      await client().query('BEGIN')
      try {
        return await work()
      } finally {
        await client().query('ROLLBACK')
      }
    },
    errorOf: async (work) => {
      await client().query('SAVEPOINT before')
      try {
        await work()
        return null
      } catch (error) {
        if (!(error instanceof pg.DatabaseError)) throw error
        await client().query('ROLLBACK TO SAVEPOINT before')
        return error
      }
    },
  }
}

/** Registers the tests of a table. */
export function describeTable(scratch: ScratchDatabase, rules: TableRules): void {
  describe.each([rules])('$table', ({ table, columnsOf, bad, good, huge, impliedBy }) => {
    const refusalOf = (columns: Columns) => scratch.errorOf(() => insert(scratch.client, table, columns))

    test.each(bad.map((each) => [each] as const))('%j', async ([constraint, columns, besides = []]) => {
      await scratch.rolledBack(async () => {
        const implying = impliedBy?.get(constraint)
        if (implying !== undefined) await scratch.client.query(withoutRule(table, implying))
        for (const other of besides) await insert(scratch.client, table, columnsOf(other))
        const row = columnsOf(columns)
        const refusal = await refusalOf(row)
        expect(refusal?.constraint).toBe(constraint)
        await drop(scratch.client, table, constraint)
        await insert(scratch.client, table, row)
      })
    })

    test.each(good.map((rows) => [rows]))('%j are fine', async (rows) => {
      await scratch.rolledBack(async () => {
        for (const columns of rows) {
          await expect(insert(scratch.client, table, columnsOf(columns))).resolves.toBeUndefined()
        }
      })
    })

    test('every CHECK and every unique index has its case', async () => {
      const { rows: indexes } = await scratch.client.query<{ name: string }>(
        `SELECT relname AS name FROM pg_index JOIN pg_class ON oid = indexrelid WHERE indrelid = $1::regclass AND indisunique`,
        [table],
      )
      const names = [...(await rulesOf(scratch.client, table)), ...indexes].map(({ name }) => name)
      expect([...new Set(bad.map(([constraint]) => constraint))].toSorted()).toEqual(names.toSorted())
    })

    test('money beyond 20 integer digits does not fit', async () => {
      await scratch.rolledBack(async () => {
        const refusal = await refusalOf(columnsOf(huge))
        expect(refusal?.code).toBe('22003')
      })
    })
  })
}

async function drop(client: pg.Client, table: string, constraint: string): Promise<void> {
  const { rows } = await client.query<{ kind: string | null }>(
    `SELECT (SELECT contype::text FROM pg_constraint WHERE conname = relname) AS kind FROM pg_class WHERE relname = $1`,
    [constraint],
  )
  const [index] = rows
  if (index === undefined) await client.query(withoutRule(table, constraint))
  else if (index.kind === null) await client.query(`DROP INDEX ${constraint}`)
  else await client.query(`ALTER TABLE ${table} DROP CONSTRAINT ${constraint}`)
}
