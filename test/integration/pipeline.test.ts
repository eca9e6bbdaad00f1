// The connection behind all postings: what it does when it is lost in the middle of a transaction.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PipelineConnection } from '../../src/db/pipeline.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { queryDatabase } from '../support/sql.ts'

let database: TestDatabase
let connection: PipelineConnection

beforeAll(async () => {
  database = await createTestDatabase()
  await queryDatabase(database.url, 'CREATE TABLE written (value int)')
  connection = new PipelineConnection({ databaseUrl: database.url, onConnectionError: () => undefined })
})
afterAll(async () => {
  await connection.close()
  await database.drop()
})

const WRITE = { text: 'INSERT INTO written VALUES (1)' }
const COMMIT = { text: 'COMMIT' }

test('what belongs to a lost transaction is never sent on a new connection, where every statement would commit alone', async () => {
  const [backend] = await connection.begin([{ text: 'SELECT pg_backend_pid() AS pid' }])
  const [row] = (backend?.rows ?? []) as { pid: number }[]
  await queryDatabase(database.url, 'SELECT pg_terminate_backend($1)', [row?.pid])
  await expect.poll(() => connection.isOpen).toBe(false)

  await expect(connection.send([WRITE, COMMIT])).rejects.toThrow('Connection terminated')
  expect(await queryDatabase(database.url, 'SELECT * FROM written')).toEqual([])
})

test('the next transaction opens a new connection', async () => {
  expect(await connection.begin([WRITE])).toHaveLength(1)
  const answers = await connection.send([WRITE, COMMIT])
  expect(answers.map((answer) => answer.command)).toEqual(['INSERT', 'COMMIT'])
  expect(await queryDatabase(database.url, 'SELECT * FROM written')).toHaveLength(2)
})

test('a value that cannot be read fails its trip, and nothing else', async () => {
  await connection.open()
  await expect(connection.send([{ text: `SELECT 'infinity'::timestamptz AS never` }])).rejects.toThrow('not in UTC')
  const [answer] = await connection.send([{ text: 'SELECT 1 AS one' }])
  expect(answer?.rows).toEqual([{ one: 1 }])
})

test('a statement whose columns have changed since it was prepared is prepared anew', async () => {
  await connection.open()
  const statement = { name: 'all_written', text: 'SELECT * FROM written LIMIT 1' }
  await connection.send([statement])
  await queryDatabase(database.url, 'ALTER TABLE written ALTER value TYPE text')
  await expect(connection.send([statement])).rejects.toMatchObject({ code: '0A000' })
  expect(await connection.send([statement])).toHaveLength(1)
})
