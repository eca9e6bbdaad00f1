// The database's connections die under load, again and again. Callers retry with the same key until they get an answer, and
// every acknowledged payment is in the ledger exactly once.
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { queryDatabase } from '../support/sql.ts'
import { startTwoServices, type TwoServices } from '../support/two-services.ts'

const WRITERS = 16
const PAYMENTS = 60
const RETRYABLE = new Set(['database_unavailable', 'outcome_unknown', 'wallet_busy', 'overloaded'])

let two: TwoServices

beforeAll(async () => {
  two = await startTwoServices()
})
afterAll(async () => {
  await two.stop()
})

test('connections are killed under 16 writers: no 500, nothing lost, nothing doubled', async () => {
  const wallet = await two.apis[0].openWallet({ user_id: 'killed' })
  let done = false
  let killed = 0
  const killer = async (): Promise<void> => {
    while (!done) {
      const rows = await queryDatabase<{ killed: boolean }>(
        two.databaseUrl,
        `SELECT pg_terminate_backend(pid) AS killed FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'wallet_service'`,
      )
      killed += rows.length
      await delay(40)
    }
  }
  const pay = async (writer: number, payment: number): Promise<string> => {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await two.any(writer + attempt).deposit(wallet, 1, `payment-${writer}-${payment}`)
      if (answer.status === 200) return answer.body.transaction_id
      expect(RETRYABLE, answer.text).toContain(answer.body.code)
      expect(attempt).toBeLessThan(100)
      await delay(20)
    }
  }
  const writer = async (index: number): Promise<string[]> => {
    const acknowledged: string[] = []
    for (let payment = 0; payment < PAYMENTS; payment += 1) acknowledged.push(await pay(index, payment))
    return acknowledged
  }
  const killing = killer()
  const acknowledged = (await Promise.all(Array.from({ length: WRITERS }, (_, index) => writer(index)))).flat()
  done = true
  await killing

  expect(killed).toBeGreaterThan(10)
  const rows = await queryDatabase<{ transaction_id: string }>(
    two.databaseUrl,
    'SELECT transaction_id FROM wallet_transactions WHERE wallet_id = $1',
    [wallet],
  )
  expect(rows.map((row) => row.transaction_id).toSorted()).toEqual(acknowledged.toSorted())
  expect(rows).toHaveLength(WRITERS * PAYMENTS)
  await two.audit()
})
