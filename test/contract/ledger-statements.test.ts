// What the posting path says to PostgreSQL, for reviewers: the rendered statements are committed, so that a change of SQL is
// seen as one. And the table of decimals in the domain against its repetition in the schema.
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CURRENCY_DECIMALS, currencyDecimals, DEFAULT_CURRENCY_DECIMALS, SCALE } from '../../src/domain/money.ts'
import { LEDGER_STATEMENTS } from '../../src/repositories/ledger-statements.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { insert, rowColumns, walletColumns } from '../support/raw-rows.ts'
import { openClient } from '../support/sql.ts'
import { rulesOf } from '../support/rules.ts'

const MEND = 'The SQL of the posting path has changed. If it was meant to: npx vitest run test/contract --update'

test('the statements of the posting path are the committed ones', async () => {
  const rendered = LEDGER_STATEMENTS.map(({ name, text }) => `-- ${name}\n${text.replace(/\n {4}/g, '\n')};\n`)
  await expect(rendered.join('\n'), MEND).toMatchFileSnapshot('./ledger-statements.sql')
})

test('no two statements share the name under which they are prepared', () => {
  expect(new Set(LEDGER_STATEMENTS.map(({ name }) => name)).size).toBe(LEDGER_STATEMENTS.length)
})

describe('on a database', () => {
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

  test('every statement can be prepared', async () => {
    for (const { name, text } of LEDGER_STATEMENTS) {
      await expect(client.query(`PREPARE ${name} AS ${text}`), name).resolves.toBeDefined()
    }
  })

  test('the CHECKs on decimals repeat the table of the domain', async () => {
    const tables = ['holds', 'wallet_transactions', 'wallets']
    const rules = (await Promise.all(tables.map((table) => rulesOf(client, table)))).flat()
    const decimals = rules.filter(({ name }) => name.endsWith('_decimals_check'))
    expect(decimals.map(({ name }) => name)).toEqual(tables.map((table) => `${table}_decimals_check`))
    for (const { definition } of decimals) {
      const cases = [...definition.matchAll(/WHEN '([^']+)'::text THEN (\d+)/g)].map((match) => [
        match[1],
        Number(match[2]),
      ])
      expect(new Map(cases as [string, number][])).toEqual(CURRENCY_DECIMALS)
      expect(Number(/ELSE (\d+)/.exec(definition)?.[1])).toBe(DEFAULT_CURRENCY_DECIMALS)
    }
  })

  test.each([...CURRENCY_DECIMALS.keys(), 'CREDIT', 'BTC', 'ETHX'])(
    '%s: as many decimals as the domain says',
    async (currency) => {
      const attempt = async (decimals: number): Promise<string> => {
        const amount = `0.${'0'.repeat(decimals - 1)}1`
        const money = { currency, amount, balance_after: amount, type_total_in: amount, total_in: amount }
        const held = { currency, balance: amount, total_in: amount, last_sequence: 1 }
        await client.query('BEGIN')
        try {
          await insert(client, 'wallet_transactions', rowColumns(money))
          await insert(client, 'wallets', walletColumns(held))
          const { rows } = await client.query<{ amount: string }>('SELECT amount FROM wallet_transactions')
          return rows.map((row) => row.amount).join()
        } catch (error) {
          return error instanceof pg.DatabaseError ? (error.constraint ?? error.message) : String(error)
        } finally {
          await client.query('ROLLBACK')
        }
      }
      const decimals = currencyDecimals(currency)
      expect(await attempt(decimals)).toBe(`0.${'0'.repeat(decimals - 1)}1`.padEnd(2 + SCALE, '0'))
      // PostgreSQL rounds what goes beyond its own scale before a CHECK sees it; 0 is no amount.
      const beyond = decimals < SCALE ? 'wallet_transactions_decimals_check' : 'wallet_transactions_amount_check'
      expect(await attempt(decimals + 1)).toBe(beyond)
    },
  )
})
