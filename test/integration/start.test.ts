// Starting, failing to start, and starting again: the process as an operator meets it, with the embedded database.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { stopAbandonedPostgres } from '../../src/db/embedded.ts'
import { Api } from '../support/api.ts'
import { createEmptyDatabase, createTestDatabase } from '../support/postgres.ts'
import { type ServiceProcess, startOneService, startService } from '../support/service.ts'
import { databaseOf, lockFromOutside, queryDatabase } from '../support/sql.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** Runs the process until it ends by itself. */
async function runToEnd(environment: Readonly<Record<string, string>>): Promise<{ code: number; stderr: string }> {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  // One that starts although it should not must not outlive the test.
  onTestFinished(() => void child.kill('SIGKILL'))
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  return { code, stderr: stderr.trim() }
}

/** A migrated database that goes away with the test. */
async function databaseOfTest(): Promise<string> {
  const database = await createTestDatabase()
  onTestFinished(() => database.drop())
  return database.url
}

describe('the embedded database', () => {
  let folder = ''
  let service: ServiceProcess | undefined

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wallet-service-start-'))
    // Under root, PostgreSQL's own user has to pass through it.
    await chmod(folder, 0o755)
  })
  afterEach(async () => {
    await service?.stop()
    service = undefined
  })
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  test('keeps the data over a stop, and over kill -9', async () => {
    const dataDir = join(folder, 'kept')
    onTestFinished(() => stopAbandonedPostgres({ dataDir, log: () => undefined }))
    service = await startService({ DATA_DIR: dataDir })
    const wallet = await new Api(service.url).openWallet({ user_id: 'keeper', initial_balance: '12.5' })
    expect(await service.stop()).toBe(0)

    service = await startService({ DATA_DIR: dataDir })
    const acknowledged = await new Api(service.url).deposit(wallet, '0.5')
    expect(acknowledged.body.balance).toBe('13')
    await service.kill()

    service = await startService({ DATA_DIR: dataDir })
    expect(await new Api(service.url).balanceOf(wallet)).toBe('13')
  })

  test('serves one service at a time; a second one is told who has it', async () => {
    const dataDir = join(folder, 'one')
    service = await startService({ DATA_DIR: dataDir })
    const second = await runToEnd({ DATA_DIR: dataDir, PORT: '0' })
    expect(second.code).toBe(1)
    expect(second.stderr).toContain(`(pid ${service.pid}) is already using ${dataDir}`)
  })
})

describe('what cannot start says why and what to do, in one sentence', () => {
  test('a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    onTestFinished(() => void other.close())
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? String(address.port) : ''
    const databaseUrl = await databaseOfTest()
    const ended = await runToEnd({ DATABASE_URL: databaseUrl, PORT: port, HOST: '127.0.0.1' })
    expect(ended).toEqual({
      code: 1,
      stderr: `Port ${port} on 127.0.0.1 is taken: stop what listens there, or set PORT to another one (0 takes any free one).`,
    })
  })

  test('a wrong password', async () => {
    const databaseUrl = await databaseOfTest()
    const url = new URL(databaseUrl)
    url.password = 'wrong'
    const ended = await runToEnd({ DATABASE_URL: url.href, PORT: '0' })
    expect(ended.code).toBe(1)
    expect(ended.stderr).toMatch(/refuses user .* check user and password in DATABASE_URL\.$/)
    expect(ended.stderr).not.toContain('wrong@')
  })

  test('a database that does not exist', async () => {
    const databaseUrl = await databaseOfTest()
    const ended = await runToEnd({ DATABASE_URL: databaseOf(databaseUrl, 'no_such_database'), PORT: '0' })
    expect(ended.code).toBe(1)
    expect(ended.stderr).toContain('no_such_database')
    expect(ended.stderr.split('\n')).toHaveLength(1)
  })

  test('production without a database', async () => {
    const ended = await runToEnd({ NODE_ENV: 'production' })
    expect(ended.code).toBe(1)
    expect(ended.stderr).toContain('DATABASE_URL is not set, and NODE_ENV is production')
  })
})

test('five processes may start at once on an empty database', async () => {
  const database = await createEmptyDatabase()
  onTestFinished(() => database.drop())
  const services = await Promise.all(Array.from({ length: 5 }, () => startService({ DATABASE_URL: database.url })))
  onTestFinished(async () => {
    await Promise.all(services.map((started) => started.stop()))
  })
  const wallet = await new Api(services[0]?.url ?? '').openWallet({ user_id: 'first', initial_balance: 1 })
  expect(await new Api(services[4]?.url ?? '').balanceOf(wallet)).toBe('1')
})

test('`kill` of an `npm start` stops the service too, although npm’s shell passes no signal on', async () => {
  const databaseUrl = await databaseOfTest()
  const environment = { npm_lifecycle_event: 'start', DATABASE_URL: databaseUrl, PORT: '0' }
  const shell = spawn('sh', ['-c', `"${process.execPath}" "${MAIN}"; true`], {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  shell.stdout.on('data', (chunk: Buffer) => lines.push(chunk.toString()))
  await expect.poll(() => lines.join(''), { timeout: 20_000 }).toContain('"msg":"listening"')
  shell.kill('SIGTERM')
  // The pipe closes when the last process that writes to it has ended.
  await once(shell.stdout, 'close')
  expect(lines.join('')).toContain('"reason":"npm, which started this, is gone"')
  expect(lines.join('')).toContain('"clean":true')
})

test('SIGTERM answers what is in flight before it ends', async () => {
  const { databaseUrl, service, api, close } = await startOneService()
  onTestFinished(close)
  const wallet = await api.openWallet({ user_id: 'in-flight' })
  // The wallet is held from outside until the service has all 60 and has been told to stop.
  const release = await lockFromOutside(databaseUrl, 'SELECT FROM wallets WHERE wallet_id = $1 FOR UPDATE', [wallet])
  const inFlight = Array.from({ length: 60 }, () => api.deposit(wallet, 1))
  // Below the lock timeout of 2 s, after which the service would stop waiting for the wallet.
  await expect.poll(() => waitingPostings(service.url), { interval: 20, timeout: 1800 }).toBe(60)
  const ended = service.stop()
  await release()

  const answers = await Promise.all(inFlight)
  expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 60 }, () => 200))
  expect(await ended).toBe(0)
  const [row] = await queryDatabase<{ count: string }>(databaseUrl, 'SELECT count(*) FROM wallet_transactions')
  expect(row?.count).toBe('60')
})

test('SIGTERM cuts no connection that is in use: nobody is left in doubt about a request on it', async () => {
  const { databaseUrl, service, api, close } = await startOneService()
  onTestFinished(close)
  const wallet = await api.openWallet({ user_id: 'in-use' })
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  onTestFinished(() => agent.destroy())
  const deposit = (): Promise<Sent> => depositOver(agent, `${service.url}/api/v1/wallets/${wallet}/deposit`)
  let acknowledged = 0
  const caller = async (): Promise<Sent> => {
    for (;;) {
      const sent = await deposit()
      if (sent.status !== 200) return sent
      acknowledged += 1
    }
  }
  const callers = Array.from({ length: 16 }, caller)
  await expect.poll(() => acknowledged).toBeGreaterThan(200)
  expect(await service.stop()).toBe(0)
  const last = await Promise.all(callers)
  // A connection that was just opened may be refused in any way; on one in use, every request is answered.
  expect(last.filter(({ status, isReused }) => status !== null || isReused)).toEqual([])
  const [row] = await queryDatabase<{ count: string }>(databaseUrl, 'SELECT count(*) FROM wallet_transactions')
  expect(row?.count).toBe(String(acknowledged))
})

/** `status`: `null` where there was no answer. */
interface Sent {
  readonly status: number | null
  readonly isReused: boolean
}

function depositOver(agent: Agent, url: string): Promise<Sent> {
  return new Promise((done) => {
    const sending = request(url, { agent, method: 'POST', headers: { 'content-type': 'application/json' } })
    const end = (status: number | null): void => done({ status, isReused: sending.reusedSocket })
    sending.once('error', () => end(null))
    sending.once('response', (answer) => {
      answer.resume()
      answer.once('close', () => end(answer.complete ? (answer.statusCode ?? null) : null))
    })
    sending.end('{"amount":1}')
  })
}

async function waitingPostings(url: string): Promise<number> {
  const response = await fetch(`${url}/api/v1/wallet/stats`)
  const { postings }: { postings: { waiting: number } } = JSON.parse(await response.text())
  return postings.waiting
}
