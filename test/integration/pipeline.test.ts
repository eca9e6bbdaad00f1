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
  await queryDatabase(database.url, 'SELECT pg_terminate_backend($1)', [backend?.rows[0].pid])
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
