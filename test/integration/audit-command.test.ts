// `npm run audit` as an operator meets it: exit codes, the table, the sentence that names the row, and the embedded database
// of a data folder, running or not.
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrateToLatest } from '../../src/db/migrator.ts'
import { at, start, useEmbeddedFolder } from '../support/embedded.ts'
import { createSampleDatabase, createWorkbench, type SampleDatabase } from '../support/ledger-copies.ts'
import { databaseOf } from '../support/sql.ts'

useEmbeddedFolder()

let sample: SampleDatabase
beforeAll(async () => {
  sample = await createSampleDatabase()
})
afterAll(() => sample.drop())

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function audit(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const { DATABASE_URL: _, ...inherited } = process.env
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['scripts/audit.ts', ...args], { env: { ...inherited, ...environment } })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

test('a clean ledger: exit 0, a line for each check, nothing on the error output', async () => {
  const { code, stdout, stderr } = await audit(['--database-url', sample.url])
  expect(stdout).toMatch(/^check +result +rows +seconds\nguards +ok +7 +\d+\.\d\d\n/)
  expect(stdout).toMatch(
    /\nhash_chain +ok +42 .*\nhold_hash_chain +ok +21 .*\n\n7 wallets, 42 transactions, 11 holds, \d+\.\d s: clean\n$/,
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
})

test('a damaged one: exit 1, and the row with what was expected and found', async () => {
  const workbench = await createWorkbench(sample)
  await workbench.damage(`UPDATE wallet_transactions SET type_count = 7 WHERE wallet_id = :bob AND sequence = 2`)
  const { code, stdout } = await audit([], { DATABASE_URL: workbench.url })
  const json = await audit(['--json', '--database-url', workbench.url])
  await workbench.close()

  expect(code).toBe(1)
  expect(stdout).toMatch(/\nrunning_totals +WRONG +42 /)
  const id = '[0-9a-f]{8}-[0-9a-f-]{27}'
  const place = `wallet_id ${sample.wallets.bob.walletId}, sequence 2, transaction_id ${id}`
  expect(stdout).toMatch(new RegExp(`\\n {2}${place}, type_count: expected 1, found 7\\n`))
  expect(json.code).toBe(1)
  expect(JSON.parse(json.stdout)).toMatchObject({
    clean: false,
    wallets: 7,
    transactions: 42,
    holds: 11,
    holdEvents: 21,
  })
})

test('damage done to a hold: the sentence names the hold and the event', async () => {
  const workbench = await createWorkbench(sample)
  await workbench.damage(`UPDATE hold_events SET amount = 7 WHERE wallet_id = :dora AND sequence = 3`)
  const { code, stdout } = await audit(['--database-url', workbench.url])
  await workbench.close()

  const { holdId, walletId } = sample.holds.streaming
  const place = `wallet_id ${walletId}, hold_id ${holdId}, hold event 3`
  expect(stdout).toContain(`\n  ${place}, captured_amount: expected 7, found 5\n`)
  expect(code).toBe(1)
})

describe('what cannot be audited: exit 2 and one sentence', () => {
  test.each`
    what                             | args                                                   | said
    ${'no database in the folder'}   | ${[]}                                                  | ${/^There is no database in .*: start the service once, or name one with --database-url or DATABASE_URL\.\n$/}
    ${'nobody listening'}            | ${['--database-url', 'postgres://127.0.0.1:1/wallet']} | ${/^The database could not be audited: connect ECONNREFUSED 127\.0\.0\.1:1\.\n$/}
    ${'no address'}                  | ${['--database-url', 'wallet']}                        | ${/^The database URL must look like postgres:/}
    ${'an option that is not there'} | ${['--fast']}                                          | ${/^Unknown option '--fast'.*\n\nnpm run audit -- /}
  `('$what', async ({ args, said }) => {
    const dataDir = join(tmpdir(), 'wallet-service-no-such-folder')
    const { code, stdout, stderr } = await audit(args, { DATA_DIR: dataDir })
    expect(stderr).toMatch(said)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  test('a database without a ledger, and one that is not there', async () => {
    const other = await audit(['--database-url', databaseOf(sample.url, 'postgres')])
    expect(other.stderr).toMatch(
      /^This database holds no ledger \(it has no table hold_events, holds, wallet_transactions, wallets\): /,
    )
    const missing = await audit(['--database-url', databaseOf(sample.url, 'nowhere')])
    expect(missing.stderr).toBe('The database could not be audited: database "nowhere" does not exist.\n')
    expect([other.code, missing.code]).toEqual([2, 2])
  })
})

test('without an address: the embedded database of DATA_DIR, of a running service or started for the while', async () => {
  const server = await start('audited', { durable: false })
  await migrateToLatest(server.url)
  const environment = { DATA_DIR: at('audited') }
  const running = await audit([], environment)
  await server.stop()
  const stopped = await audit([], environment)

  expect({ running: running.code, stopped: stopped.code }).toEqual({ running: 0, stopped: 0 })
  expect(running.stdout).toContain('0 wallets, 0 transactions, 0 holds')
  expect(running.stderr).toBe('')
  expect(stopped.stderr).toContain('PostgreSQL is running')
})
