// docs/scaling.md says of every unique key and of every statement what would become of it on more than one database. Here the
// lists are held against the schema and the code: what is new needs a line, and a line needs something that it is about.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPool, createReadDatabase, type ReadDatabase } from '../../src/db/pool.ts'
import { ExplanationRepository } from '../../src/repositories/explanation-repository.ts'
import { FiguresRepository } from '../../src/repositories/figures-repository.ts'
import { HistoryRepository } from '../../src/repositories/history-repository.ts'
import { HoldRepository } from '../../src/repositories/hold-repository.ts'
import { LEDGER_STATEMENTS } from '../../src/repositories/ledger-statements.ts'
import { LedgerWatchRepository } from '../../src/repositories/ledger-watch-repository.ts'
import { OwnershipRepository } from '../../src/repositories/ownership-repository.ts'
import { StatisticsRepository } from '../../src/repositories/statistics-repository.ts'
import { WalletRepository } from '../../src/repositories/wallet-repository.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { queryDatabase } from '../support/sql.ts'

const PAGE = readFileSync(new URL('../../docs/scaling.md', import.meta.url), 'utf8')

/** The rows of the table below a heading: the cells of each, without the marks of code. */
function tableBelow(heading: string): string[][] {
  const [, section = ''] = PAGE.split(`### ${heading}\n`)
  const [table = ''] = section.trim().split(/\n\n/)
  return table
    .split('\n')
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.replaceAll('`', '').trim()),
    )
}

describe('every unique key', () => {
  let database: TestDatabase

  beforeAll(async () => {
    database = await createTestDatabase()
  })
  afterAll(() => database.drop())

  test('has its line, with its columns, and whether wallet_id is one of them', async () => {
    const keys = await queryDatabase<{ name: string; columns: string[] }>(
      database.url,
      `SELECT i.indexrelid::regclass::text AS name, array_agg(pg_get_indexdef(i.indexrelid, key.place, true) ORDER BY key.place) AS columns
      FROM pg_index i
      CROSS JOIN LATERAL generate_series(1, i.indnkeyatts::int) AS key (place)
      WHERE i.indisunique AND i.indrelid::regclass::text NOT LIKE 'kysely%' AND i.indrelid IN (
        SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p'))
      GROUP BY i.indexrelid ORDER BY name`,
    )
    expect(keys.length).toBeGreaterThan(8)
    const inSchema = keys.map(({ name, columns }) => [
      name,
      columns.join(', '),
      columns.includes('wallet_id') ? 'yes' : 'no',
    ])
    expect(tableBelow('Every unique key').map((cells) => cells.slice(0, 3))).toEqual(inSchema)
  })
})

test('every statement of the posting path has its line, which says how it finds its rows', () => {
  const lines = tableBelow('Every statement of the posting path')
  expect(lines.map(([name]) => name)).toEqual(LEDGER_STATEMENTS.map(({ name }) => name))
  for (const [name = '', by = ''] of lines) {
    const text = LEDGER_STATEMENTS.find((statement) => statement.name === name)?.text ?? ''
    expect(['wallet_id', 'user_id', 'transaction_id, wallet_id', 'nothing'], name).toContain(by)
    for (const column of by.split(', ').filter((word) => word !== 'nothing')) {
      expect(text.replaceAll('"', ''), name).toMatch(new RegExp(`\\b${column} = |\\([a-z_, ]*\\b${column}\\b`))
    }
    expect(text.includes('FROM ') || text.includes('INTO ') || text.startsWith('UPDATE'), name).toBe(by !== 'nothing')
  }
})

describe('every read', () => {
  let db: ReadDatabase

  beforeAll(() => {
    // Nothing is asked of it.
    db = createReadDatabase(createPool({ databaseUrl: 'postgres://127.0.0.1:1/none', max: 1, onConnectionError: fail }))
  })
  afterAll(() => db.destroy())

  test('has its line', () => {
    const repositories = [
      new WalletRepository(db),
      new HistoryRepository(db),
      new HoldRepository(db),
      new StatisticsRepository(db),
      new ExplanationRepository(db),
      new FiguresRepository(db),
      new LedgerWatchRepository(db),
      new OwnershipRepository(db),
    ]
    const reads = repositories.flatMap((repository) => {
      const { name } = repository.constructor
      const own = Object.keys(repository)
      const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(repository)).filter(
        (each) => each !== 'constructor',
      )
      return [...own, ...methods].map((method) => `${name}.${method}`)
    })
    expect(reads.length).toBeGreaterThan(20)
    const lines = tableBelow('Every read').map(([name]) => name)
    expect(new Set(lines)).toEqual(new Set(reads))
    expect(lines).toHaveLength(reads.length)
  })
})

function fail(error: Error): never {
  throw error
}
