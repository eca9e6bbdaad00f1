// Our array literals against the server that reads them: whatever goes in comes out.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type pg from 'pg'
import { arrayLiteral } from '../../src/db/array-literal.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { openClient } from '../support/sql.ts'

let database: TestDatabase
let client: pg.Client

beforeAll(async () => {
  database = await createTestDatabase()
  client = await openClient(database.url)
})
afterAll(async () => {
  await client.end()
  await database.drop()
})

async function readBack(type: string, literal: string): Promise<unknown> {
  const { rows } = await client.query<{ value: unknown }>(`SELECT $1::${type}[] AS value`, [literal])
  return rows[0]?.value
}

/** What the schemas let through: well-formed text without NUL. */
const text = fc.string({ unit: 'grapheme' }).filter((value) => value.isWellFormed() && !value.includes('\0'))

test('any text', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.option(text), { maxLength: 20 }), async (values) => {
      expect(await readBack('text', arrayLiteral(values, 'text'))).toEqual(values)
    }),
    { numRuns: 300 },
  )
})

test.each(['', ' ', 'NULL', 'null', '{', '}', '{}', ',', '"', '\\', '\\"', '\\x00', "'", '\n', '\t', '{"a":"\\"}"}'])(
  'the text %j',
  async (value) => {
    expect(await readBack('text', arrayLiteral([value, null, value], 'text'))).toEqual([value, null, value])
  },
)

test('bytes, numbers, decimals and JSON', async () => {
  const bytes = [Buffer.alloc(0), Buffer.from([0, 1, 0x22, 0x5c, 0xff]), null]
  expect(await readBack('bytea', arrayLiteral(bytes, 'bytea'))).toEqual(bytes)
  expect(await readBack('int4', arrayLiteral([1, -2, 2 ** 31 - 1, null], 'int4'))).toEqual([1, -2, 2 ** 31 - 1, null])
  expect(await readBack('numeric', arrayLiteral(['12.50', '0.000000000000000001'], 'numeric'))).toEqual([12.5, 1e-18])
  expect(await readBack('json', arrayLiteral(['{"a":"\\"\\\\"}', '{}'], 'json'))).toEqual([{ a: '"\\' }, {}])
})
