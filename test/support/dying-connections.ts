// Database connections that are killed under work, and what callers may be told meanwhile.
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import { queryDatabase } from './sql.ts'

const PAUSE_MS = 40
const KILL_ALL = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'wallet_service'`

/** Codes after which the same request may be sent again. */
export const RETRYABLE = new Set(['database_unavailable', 'outcome_unknown', 'wallet_busy', 'overloaded'])

/** Does some work while every connection of the service is killed, again and again; more than ten of them, or it fails. */
export async function whileConnectionsDie<Result>(databaseUrl: string, work: () => Promise<Result>): Promise<Result> {
  let isDone = false
  let killed = 0
  const killer = async (): Promise<void> => {
    while (!isDone) {
      killed += (await queryDatabase(databaseUrl, KILL_ALL)).length
      await delay(PAUSE_MS)
    }
  }
  const killing = killer()
  const result = await work().finally(() => (isDone = true))
  await killing
  expect(killed).toBeGreaterThan(10)
  return result
}
