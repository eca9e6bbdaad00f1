// Several processes on one port (`--workers 2`): money is as exact as with one, one scrape is about all, and whoever is killed,
// nobody is left behind and nothing happens twice.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { Agent, get } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { stopAbandonedPostgres } from '../../src/db/embedded.ts'
import { DEMO } from '../../src/services/demo-data.ts'
import { type Answer, Api } from '../support/api.ts'
import { type Cluster, expectGone, startCluster, startServiceWithWorkers, workersOf } from '../support/clusters.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { Scrape, scrape } from '../support/prometheus.ts'
import { databaseOf, lockFromOutside, queryDatabase } from '../support/sql.ts'

const RESTARTED = '"msg":"A worker ended; another one is started"'

async function clusterOfTest(environment: Readonly<Record<string, string>> = {}): Promise<Cluster> {
  const cluster = await startCluster(environment)
  onTestFinished(() => cluster.close())
  return cluster
}

async function pidOf(cluster: Cluster, number: number): Promise<number> {
  const pid = (await cluster.workers()).get(number)
  if (pid === undefined) throw new Error(`There is no worker ${number}`)
  return pid
}

/** Until as many workers of this number have begun to serve as are named. */
async function expectServed(cluster: Cluster, number: number, times: number): Promise<void> {
  const served = (): number =>
    cluster.service.log.filter((line) => line.includes(`"worker":${number},"msg":"A worker serves"`)).length
  await expect.poll(served, { timeout: 30_000 }).toBe(times)
}

test('money over two workers is exact: 120 operations at once, and each key has one effect', async () => {
  const cluster = await clusterOfTest({ LOG_LEVEL: 'debug' })
  const { api } = cluster
  const [left, right] = await Promise.all([
    api.openWallet({ user_id: 'left', initial_balance: 20 }),
    api.openWallet({ user_id: 'right', initial_balance: 20 }),
  ])
  const rounds = Array.from({ length: 30 }, (_, index) => index)
  const [deposits, consumed, moved, keyed] = await Promise.all([
    Promise.all(rounds.map(() => api.deposit(left, 1))),
    Promise.all(rounds.map(() => api.consume(right, 1))),
    Promise.all(rounds.map(() => api.transfer(left, right, 1))),
    Promise.all(rounds.map((index) => api.transfer(right, left, 1, `same-${index % 5}`))),
  ])
  const outcomes = [...deposits, ...consumed, ...moved, ...keyed].map(({ status, body }) =>
    status === 200 ? 'done' : body.code,
  )
  expect(outcomes.filter((outcome) => outcome !== 'done' && outcome !== 'insufficient_balance')).toEqual([])
  expect(deposits.map(({ status }) => status)).toEqual(rounds.map(() => 200))
  const count = (answers: readonly Answer[]): number => answers.filter(({ status }) => status === 200).length
  const effects = new Set(keyed.filter(({ status }) => status === 200).map(({ body }) => body.transaction_id)).size
  const [leftAfter, rightAfter] = await Promise.all([api.balanceOf(left), api.balanceOf(right)])
  expect(effects).toBeLessThanOrEqual(5)
  expect(Number(leftAfter)).toBe(20 + 30 - count(moved) + effects)
  expect(Number(rightAfter)).toBe(20 + count(moved) - effects - count(consumed))
  const same = await Promise.all(Array.from({ length: 40 }, () => api.deposit(left, 1, 'the-key')))
  expect(new Set(same.map(({ status, body }) => `${status} ${body.transaction_id}`)).size).toBe(1)
  expect(await api.balanceOf(left)).toBe(String(Number(leftAfter) + 1))
  expect(cluster.answering()).toEqual([1, 2])
  await cluster.audit()
})

test('a worker that is killed under load costs connections, never money, and another one comes', async () => {
  const cluster = await clusterOfTest()
  const wallet = await cluster.api.openWallet({ user_id: 'killed' })
  const before = await scrape(cluster.service.url)
  const killed = await pidOf(cluster, 2)
  let acknowledged = 0
  const refusals = new Set<string>()
  /** Until the key has its answer. */
  const depositOnce = async (key: string): Promise<void> => {
    for (;;) {
      const answer = await cluster.api.deposit(wallet, 1, key).catch((error: unknown) => {
        if (error instanceof TypeError) return null
        throw error
      })
      if (answer?.status === 200) break
      refusals.add(answer === null ? 'cut' : answer.body.code)
    }
    acknowledged += 1
    if (acknowledged === 100) process.kill(killed, 'SIGKILL')
  }
  const caller = async (index: number): Promise<void> => {
    for (let round = 0; round < 25; round += 1) await depositOnce(`${index}-${round}`)
  }
  await Promise.all(Array.from({ length: 16 }, (_, index) => caller(index)))
  // The kill met connections in use, or this was no test.
  expect(refusals.delete('cut')).toBe(true)
  expect([...refusals].filter((code) => code !== 'outcome_unknown')).toEqual([])
  expect(await cluster.api.balanceOf(wallet)).toBe('400')
  await cluster.audit()

  await expectServed(cluster, 2, 2)
  expect(await pidOf(cluster, 2)).not.toBe(killed)
  expect(cluster.service.log.filter((line) => line.includes(RESTARTED))).toHaveLength(1)
  const after = await scrape(cluster.service.url)
  expect(after.value('wallet_worker_restarts_total')).toBe(1)
  const opened = { method: 'POST', route: '/api/v1/wallets', status: '200' }
  expect(before.value('http_requests_total', opened)).toBe(1)
  expect(after.value('http_requests_total', opened), 'a total never falls').toBe(1)
})

describe('the end', () => {
  test('SIGTERM with 40 requests in flight: all are answered, and no process is left', async () => {
    const cluster = await clusterOfTest()
    const { api, databaseUrl, service } = cluster
    const pids = [...(await cluster.workers()).values()]
    expect(pids).toHaveLength(2)
    const wallet = await api.openWallet({ user_id: 'in-flight' })
    const release = await lockFromOutside(databaseUrl, 'SELECT FROM wallets WHERE wallet_id = $1 FOR UPDATE', [wallet])
    const inFlight = Array.from({ length: 40 }, () => api.deposit(wallet, 1))
    const waiting = async (): Promise<number | undefined> =>
      (await scrape(service.url)).value('wallet_posting_queue_waiting', { queue: 'callers' })
    await expect.poll(waiting, { interval: 20, timeout: 1800 }).toBe(40)
    const ended = service.stop()
    await release()

    expect((await Promise.all(inFlight)).map(({ status }) => status)).toEqual(Array.from({ length: 40 }, () => 200))
    expect(await ended, service.log.join('\n')).toBe(0)
    await expectGone([service.pid, ...pids])
    const [row] = await queryDatabase<{ count: string }>(databaseUrl, 'SELECT count(*) FROM wallet_transactions')
    expect(row?.count).toBe('40')
  })

  test('a signal to all of them, like Ctrl-C, is one order to stop and no second one', async () => {
    const cluster = await clusterOfTest()
    for (const pid of (await cluster.workers()).values()) process.kill(pid, 'SIGINT')
    expect((await cluster.api.get('/health/ready')).status).toBe(200)
    expect(await cluster.service.stop()).toBe(0)
    expect(cluster.service.log.filter((line) => line.includes('"msg":"Stopped"'))).toHaveLength(3)
    expect(cluster.service.log.filter((line) => line.includes('"clean":true'))).toHaveLength(3)
  })

  test('a second signal ends all at once, whoever still waits', async () => {
    const cluster = await clusterOfTest()
    const { api, databaseUrl, service } = cluster
    const pids = [...(await cluster.workers()).values()]
    const wallet = await api.openWallet({ user_id: 'impatient' })
    const release = await lockFromOutside(databaseUrl, 'SELECT FROM wallets WHERE wallet_id = $1 FOR UPDATE', [wallet])
    const deposit = api.deposit(wallet, 1).catch(() => null)
    process.kill(service.pid, 'SIGTERM')
    await expect.poll(() => service.log.join('\n')).toContain('"msg":"Stopping"')
    expect(await service.stop()).toBe(1)
    await expectGone(pids)
    await release()
    await deposit
  })

  test('a primary that is killed leaves no worker, and the next one takes over its database', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'wallet-service-cluster-'))
    await chmod(folder, 0o755)
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const dataDir = join(folder, 'data')
    onTestFinished(() => stopAbandonedPostgres({ dataDir, log: () => undefined }))
    const first = await startServiceWithWorkers({ DATA_DIR: dataDir })
    const wallet = await new Api(first.url).openWallet({ user_id: 'left-alone', initial_balance: 5 })
    const pids = [...(await workersOf(first.pid)).values()]
    expect(pids).toHaveLength(2)
    await first.kill()
    await expectGone([first.pid, ...pids])

    const second = await startServiceWithWorkers({ DATA_DIR: dataDir })
    onTestFinished(async () => void (await second.stop()))
    const api = new Api(second.url)
    expect(await api.balanceOf(wallet)).toBe('5')
    expect((await api.get(`/api/v1/wallets/${DEMO.walletId}`)).status).toBe(200)
    expect(await second.stop()).toBe(0)
  })
})

describe('one scrape', () => {
  test('is about all workers, whichever answers it', async () => {
    const cluster = await clusterOfTest({ LOG_LEVEL: 'debug', LEDGER_AUDIT_INTERVAL_SECONDS: '1' })
    const { api, service } = cluster
    const wallet = await api.openWallet({ user_id: 'scraped' })
    await Promise.all(Array.from({ length: 30 }, () => api.deposit(wallet, 1)))
    expect(cluster.answering()).toEqual([1, 2])
    const scrapes = await Promise.all(Array.from({ length: 8 }, () => scrape(service.url)))
    for (const metrics of scrapes) {
      const deposits = { method: 'POST', route: '/api/v1/wallets/:wallet_id/deposit' }
      expect(metrics.value('http_requests_total', { ...deposits, status: '200' })).toBe(30)
      expect(metrics.value('http_request_duration_seconds_count', deposits)).toBe(30)
      expect(metrics.value('wallet_posting_queue_limit', { queue: 'callers' })).toBe(20_000)
      expect(metrics.value('wallet_build_info')).toBe(1)
      expect(metrics.labelValues('wallet_worker_up', 'worker')).toEqual(['1', '2'])
    }
    await expect.poll(async () => (await scrape(service.url)).value('wallet_ready'), { timeout: 10_000 }).toBe(1)
    const balanced = async (): Promise<number | undefined> =>
      (await scrape(service.url)).value('wallet_ledger_audit_failed_checks')
    await expect.poll(balanced, { timeout: 20_000 }).toBe(0)
  })

  test('says who is silent, and does not wait for it', async () => {
    const cluster = await clusterOfTest()
    await cluster.api.openWallet({ user_id: 'silent' })
    const opened = { method: 'POST', route: '/api/v1/wallets', status: '200' }
    expect((await scrape(cluster.service.url)).value('http_requests_total', opened)).toBe(1)
    const silent = await pidOf(cluster, 2)
    process.kill(silent, 'SIGSTOP')
    // One connection may still be given to it.
    const metrics = await Promise.any([0, 1, 2].map(() => scrapeAlone(cluster.service.url))).finally(() =>
      process.kill(silent, 'SIGCONT'),
    )
    expect(metrics.value('wallet_worker_up', { worker: '1' })).toBe(1)
    expect(metrics.value('wallet_worker_up', { worker: '2' })).toBe(0)
    expect(metrics.value('http_requests_total', opened)).toBe(1)
    const isUp = async (): Promise<number | undefined> =>
      (await scrape(cluster.service.url)).value('wallet_worker_up', { worker: '2' })
    await expect.poll(isUp, { timeout: 10_000 }).toBe(1)
  })
})

/** On a connection of its own. */
async function scrapeAlone(url: string): Promise<Scrape> {
  const agent = new Agent()
  const sending = get(`${url}/metrics`, { agent })
  const [answer] = await once(sending, 'response')
  const body = await text(answer)
  agent.destroy()
  return new Scrape(body)
}

test('workers that cannot come back, with nobody left who serves, end the service with the reason', async () => {
  const cluster = await clusterOfTest()
  await queryDatabase(
    databaseOf(cluster.databaseUrl, 'postgres'),
    `DROP DATABASE ${new URL(cluster.databaseUrl).pathname.slice(1)} WITH (FORCE)`,
  )
  const pids = [...(await cluster.workers()).values()]
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  await expectGone([cluster.service.pid])
  expect(await cluster.service.stop()).toBe(1)
  const said = cluster.service.log.filter((line) => !line.startsWith('{'))
  expect(said).toEqual([expect.stringContaining('has no database')])
})

describe('what cannot start says why, once', () => {
  const end = async (
    words: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<{ code: number; stdout: string; stderr: string }> => {
    const child = spawn(process.execPath, ['src/main.ts', ...words], {
      env: { PATH: process.env['PATH'] ?? '', CONSUL_ENABLED: 'off', LOG_LEVEL: 'silent', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
    return { code, stdout, stderr: stderr.trim() }
  }

  test('a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    onTestFinished(() => void other.close())
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? String(address.port) : ''
    const database = await createTestDatabase()
    onTestFinished(() => database.drop())
    const ended = await end(['--workers', '2'], { DATABASE_URL: database.url, PORT: port, HOST: '127.0.0.1' })
    const taken = `Port ${port} on 127.0.0.1 is taken: stop what listens there, or set PORT to another one (0 takes any free one).`
    expect(ended).toEqual({ code: 1, stdout: '', stderr: taken })
  })

  test.each([
    [['--workers'], {}, '--workers needs a number after it: see --help.'],
    [['--workers', '65'], {}, 'WORKERS is "65"; expected a whole number from 1 to 64 (`--workers N` wins over it).'],
    [['--workers=two'], { WORKERS: '2' }, 'WORKERS is "two"; expected a whole number'],
    [['--loud', '--workers', '2', 'now'], {}, 'There is no option --loud now: see --help.'],
    [['--worker', '1'], {}, 'There is no option --worker: see --help.'],
    [[], { WORKERS: '0' }, 'WORKERS is "0"; expected a whole number from 1 to 64'],
  ])('%j with %j', async (words, environment, sentence) => {
    const ended = await end(words, environment)
    expect({ ...ended, stderr: '' }).toEqual({ code: 1, stdout: '', stderr: '' })
    expect(ended.stderr).toContain(sentence)
  })

  test('--help names the option', async () => {
    const { code, stdout } = await end(['--help'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/--workers 4 /)
    expect(stdout).toMatch(/ {2}WORKERS {2}/)
  })
})
