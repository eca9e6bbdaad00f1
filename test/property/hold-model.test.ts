// The histories of ledger-model.test.ts over HTTP, on two service processes that share one database: each request goes to the
// one that did not have the last, and time passes for both. With and without the workers that write expiries down.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { auditDatabase } from '../../src/services/audit-service.ts'
import { Api } from '../support/api.ts'
import { anyHistory } from '../support/ledger-actions.ts'
import { writeDownAll } from '../support/ledger-drivers.ts'
import { compare } from '../support/ledger-history.ts'
import { httpDriver } from '../support/ledger-http-driver.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { openLedger, type TestLedger } from '../support/read-services.ts'
import { type ServiceProcess, startService } from '../support/service.ts'
import { shiftClock, type ShiftedClock } from '../support/shifted-clock.ts'

const HISTORIES = 40
const LONGEST_HISTORY = 40
// An interrupted run fails, and says which seed it had come to.
const LIMITS = { interruptAfterTimeLimit: 100_000, markInterruptAsFailure: true }
const TIMEOUT_MS = 110_000

describe.each`
  workers                     | interval
  ${'no worker'}              | ${'0'}
  ${'a worker in each, busy'} | ${'50'}
`('two processes, $workers', ({ interval }: { readonly interval: string }) => {
  let ledger: TestLedger
  let clock: ShiftedClock
  let services: readonly [ServiceProcess, ServiceProcess]
  let apis: readonly [Api, Api]

  beforeAll(async () => {
    const database = await createTestDatabase()
    clock = await shiftClock(database.url)
    ledger = await openLedger({ database })
    const environment = { DATABASE_URL: database.url, HOLD_EXPIRY_INTERVAL_MS: interval }
    services = await Promise.all([startService(environment), startService(environment)])
    apis = [new Api(services[0].url), new Api(services[1].url)]
  })
  afterAll(async () => {
    await Promise.all(services.map((service) => service.stop()))
    await clock.close()
    await ledger.close()
  })

  test('a hold is free once its time has passed by the clock of the database', async () => {
    const walletId = await apis[0].openWallet({ user_id: 'clock', initial_balance: 10 })
    const { hold_id: holdId } = await apis[0].held(walletId, 4, { expires_in_seconds: 5400 })

    await clock.pass(1)
    expect(await apis[1].moneyOf(walletId)).toEqual({ balance: 10, locked: 4, available: 6 })
    expect(await apis[1].holdOf(holdId)).toMatchObject({ status: 'pending', remaining_amount: '4' })

    await clock.pass(1)
    expect(await apis[1].moneyOf(walletId)).toEqual({ balance: 10, locked: 0, available: 10 })
    expect(await apis[1].holdOf(holdId)).toMatchObject({ status: 'expired', remaining_amount: '0' })
    expect(await apis[0].capture(holdId)).toMatchObject({ status: 400, body: { code: 'hold_expired' } })
  })

  test('every answer, balance, lock and hold is the one the model foretells', { timeout: TIMEOUT_MS }, async () => {
    const driver = httpDriver(apis, () => writeDownAll(ledger))
    const oneByOne = fc.asyncProperty(anyHistory({ steps: LONGEST_HISTORY, actions: 1 }), (steps) =>
      compare({ driver, reads: ledger.reads, clock }, steps),
    )
    await fc.assert(oneByOne, { ...LIMITS, numRuns: HISTORIES })
    // A flush that the database refuses is tried again, which would hide why.
    expect(services.flatMap((service) => service.log.filter(isComplaint))).toEqual([])
  })

  test('after all these histories the audit finds nothing', async () => {
    const { clean, checks } = await auditDatabase({ databaseUrl: ledger.databaseUrl })
    expect(checks.flatMap((check) => check.findings.map((finding) => ({ check: check.name, ...finding })))).toEqual([])
    expect(clean).toBe(true)
  })
})

/** Tells whether a line of a process's log is anything but information. */
function isComplaint(line: string): boolean {
  return !line.includes('"level":"info"')
}
