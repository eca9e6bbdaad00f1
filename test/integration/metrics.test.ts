// What operators see at /metrics: figures that move exactly as calls are made, labels that stay bounded, retries by what the
// database said, and a ledger that somebody has tampered with.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config.ts'
import { createContainer } from '../../src/container.ts'
import { createLogger } from '../../src/observability/logger.ts'
import { type Scrape, scrape, Scrape as ScrapedText } from '../support/prometheus.ts'
import { type OneService, startOneService } from '../support/service.ts'
import { lockFromOutside, queryDatabase, withClient } from '../support/sql.ts'

const CONSUME = '/api/v1/wallets/:wallet_id/consume'

let one: OneService

beforeAll(async () => {
  one = await startOneService({ LEDGER_AUDIT_INTERVAL_SECONDS: '1', HOLD_EXPIRY_INTERVAL_MS: '0' })
})
afterAll(() => one.close())

/** By how much a sample grows while `work` runs; one that is not there yet counts as 0. */
async function growth(
  work: () => Promise<unknown>,
): Promise<(name: string, labels?: Readonly<Record<string, string>>) => number> {
  const before = await scrape(one.service.url)
  await work()
  const after = await scrape(one.service.url)
  return (name, labels) => (after.value(name, labels) ?? 0) - (before.value(name, labels) ?? 0)
}

describe('the text', () => {
  test('is Prometheus’ own, with a HELP and a TYPE for everything', async () => {
    const response = await fetch(`${one.service.url}/metrics`)
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    const { families } = new ScrapedText(await response.text())
    for (const { help, name } of families.values()) expect(help, name).toMatch(/\.$|[a-z]$/)
    expect([...families.keys()]).toEqual(
      expect.arrayContaining([
        'http_requests_total',
        'http_request_duration_seconds',
        'wallet_postings_total',
        'wallet_posting_flush_size',
        'wallet_posting_queue_waiting',
        'wallet_database_pool_connections',
        'nodejs_eventloop_lag_p99_seconds',
        'process_resident_memory_bytes',
      ]),
    )
  })

  test('says what runs', async () => {
    const metrics = await scrape(one.service.url)
    expect(metrics.value('wallet_build_info', { version: '0.1.0' })).toBe(1)
    expect(metrics.value('wallet_posting_queue_limit', { queue: 'callers' })).toBeGreaterThan(0)
    expect(metrics.value('wallet_posting_queue_waiting', { queue: 'callers' })).toBe(0)
  })
})

describe('requests', () => {
  test('are counted by route template, method and status, exactly', async () => {
    const wallet = await one.api.openWallet({ user_id: 'counted', initial_balance: 10 })
    const by = await growth(async () => {
      for (let call = 0; call < 5; call += 1) expect((await one.api.consume(wallet, 1)).status).toBe(200)
      for (let call = 0; call < 3; call += 1) expect((await one.api.consume(wallet, 100)).status).toBe(400)
      expect((await one.api.consume(wallet, 'much')).status).toBe(422)
      await fetch(`${one.service.url}/health/live`, { method: 'HEAD' })
    })
    const consume = { method: 'POST', route: CONSUME }
    expect(by('http_requests_total', { ...consume, status: '200' })).toBe(5)
    expect(by('http_requests_total', { ...consume, status: '400' })).toBe(3)
    expect(by('http_requests_total', { ...consume, status: '422' })).toBe(1)
    expect(by('http_request_duration_seconds_count', consume)).toBe(9)
    expect(by('http_request_duration_seconds_sum', consume)).toBeGreaterThan(0)
    expect(by('http_requests_total', { method: 'HEAD', route: '/health/live', status: '200' })).toBe(1)
  })

  test('that no route takes are one label, whatever they ask for', async () => {
    const by = await growth(async () => {
      for (const path of ['/nowhere', '/api/v1/wallets/x/y/z', '/%zz', '/metrics/secret?token=abc']) {
        expect((await fetch(`${one.service.url}${path}`)).status).toBeGreaterThanOrEqual(400)
      }
      await fetch(`${one.service.url}/api/v1/wallets`, { method: 'PROPFIND' })
      await fetch(`${one.service.url}/api/v1/wallets`, { method: 'DELETE' })
    })
    expect(by('http_requests_total', { route: 'unknown', method: 'GET', status: '404' })).toBe(4)
    expect(by('http_requests_total', { route: 'unknown', method: 'other', status: '405' })).toBe(1)
    expect(by('http_requests_total', { route: 'unknown', method: 'DELETE', status: '405' })).toBe(1)
    const routes = (await scrape(one.service.url)).labelValues('http_requests_total', 'route')
    expect(routes).toContain('unknown')
    expect(routes.filter((route) => /nowhere|secret|%|\?/.test(route))).toEqual([])
  })
})

describe('postings', () => {
  test('are counted by kind and outcome, exactly', async () => {
    const wallet = await one.api.openWallet({ user_id: 'outcomes' })
    const by = await growth(async () => {
      await one.api.deposit(wallet, 5, 'once')
      await one.api.deposit(wallet, 5, 'once')
      await one.api.deposit(wallet, 6, 'once')
      await one.api.consume(wallet, 1)
      await one.api.consume(wallet, 100)
      // Decides, but posts nothing.
      await one.api.post(`/api/v1/wallets/${wallet}/consume?dry_run=true`, { amount: 1 })
      await one.api.held(wallet, 1)
    })
    const postings = (type: string, outcome: string): number => by('wallet_postings_total', { type, outcome })
    expect(postings('deposit', 'posted')).toBe(1)
    expect(postings('deposit', 'replayed')).toBe(1)
    expect(postings('deposit', 'idempotency_key_reused')).toBe(1)
    expect(postings('consume', 'posted')).toBe(1)
    expect(postings('consume', 'insufficient_balance')).toBe(1)
    expect(postings('place_hold', 'posted')).toBe(1)
    expect(by('wallet_posting_flush_size_sum', { queue: 'callers' })).toBe(6)
    expect(by('wallet_posting_flush_size_count', { queue: 'callers' })).toBe(6)
    expect(by('wallet_posting_flush_duration_seconds_count', { queue: 'callers' })).toBe(6)
  })

  test('share flushes, and each of them counts', async () => {
    const wallet = await one.api.openWallet({ user_id: 'crowd' })
    const by = await growth(() => Promise.all(Array.from({ length: 40 }, () => one.api.deposit(wallet, 1))))
    expect(by('wallet_postings_total', { type: 'deposit', outcome: 'posted' })).toBe(40)
    expect(by('wallet_posting_flush_size_sum', { queue: 'callers' })).toBe(40)
    expect(by('wallet_posting_flush_size_count', { queue: 'callers' })).toBeLessThanOrEqual(40)
  })

  test('that meet a lock of somebody else’s are tried again, under its SQLSTATE', async () => {
    const wallet = await one.api.openWallet({ user_id: 'locked' })
    const by = await growth(async () => {
      const text = 'SELECT FROM wallets WHERE wallet_id = $1 FOR UPDATE'
      const release = await lockFromOutside(one.databaseUrl, text, [wallet])
      expect((await one.api.deposit(wallet, 1)).body.code).toBe('wallet_busy')
      await release()
    })
    expect(by('wallet_posting_retries_total', { queue: 'callers', sqlstate: '55P03' })).toBe(1)
    expect(by('wallet_postings_total', { type: 'deposit', outcome: 'wallet_busy' })).toBe(1)
  })

  test('that the database makes a victim of are tried again, under its SQLSTATE', async () => {
    const wallet = await one.api.openWallet({ user_id: 'victim' })
    // Sequences count on through rollbacks: the first two tries fail as in a deadlock, the third does not.
    await queryDatabase(
      one.databaseUrl,
      `CREATE SEQUENCE tries;
       CREATE FUNCTION victim() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF NEW.description = 'victim' AND nextval('tries') <= 2 THEN
           RAISE EXCEPTION 'deadlock detected' USING ERRCODE = 'deadlock_detected';
         END IF;
         RETURN NEW;
       END $$;
       CREATE TRIGGER victim BEFORE INSERT ON wallet_transactions FOR EACH ROW EXECUTE FUNCTION victim()`,
    )
    const by = await growth(async () => {
      const body = { amount: 1, description: 'victim' }
      expect((await one.api.post(`/api/v1/wallets/${wallet}/deposit`, body)).status).toBe(200)
    })
    expect(by('wallet_posting_retries_total', { queue: 'callers', sqlstate: '40P01' })).toBe(2)
    expect(by('wallet_postings_total', { type: 'deposit', outcome: 'posted' })).toBe(1)
    expect(by('wallet_posting_flush_duration_seconds_count', { queue: 'callers' })).toBe(1)
  })

  test('whose connection is lost are tried again, without one', async () => {
    const wallet = await one.api.openWallet({ user_id: 'cut off' })
    const by = await growth(async () => {
      const text = 'SELECT FROM wallets WHERE wallet_id = $1 FOR UPDATE'
      const release = await lockFromOutside(one.databaseUrl, text, [wallet])
      const deposit = one.api.deposit(wallet, 1)
      await expect.poll(waitingBackends, { timeout: 5000 }).toBe(1)
      await queryDatabase(one.databaseUrl, `SELECT pg_terminate_backend(pid) ${WAITING}`)
      await release()
      expect((await deposit).status).toBe(200)
    })
    // The server says so where it has the time to.
    const [said, silent] = ['57P01', 'none'].map((sqlstate) =>
      by('wallet_posting_retries_total', { queue: 'callers', sqlstate }),
    )
    expect((said ?? 0) + (silent ?? 0)).toBe(1)
  })
})

describe('the ledger', () => {
  const until = async (condition: (metrics: Scrape) => boolean): Promise<Scrape> => {
    let latest: Scrape | undefined
    await expect
      .poll(
        async () => {
          latest = await scrape(one.service.url)
          return condition(latest)
        },
        { timeout: 20_000, interval: 100 },
      )
      .toBe(true)
    if (latest === undefined) throw new Error('Nothing was scraped')
    return latest
  }
  const lookedAt = (metrics: Scrape): number => metrics.value('wallet_ledger_audit_timestamp_seconds') ?? 0
  const nextLook = async (): Promise<Scrape> => {
    // The look that is under way may have begun before what it is to see.
    const [now] = [lookedAt(await scrape(one.service.url))]
    const next = lookedAt(await until((metrics) => lookedAt(metrics) > now))
    return until((metrics) => lookedAt(metrics) > next)
  }
  const asSuperuser = (text: string, values: readonly unknown[] = []): Promise<void> =>
    withClient(one.databaseUrl, async (client) => {
      await client.query('SET session_replication_role = replica')
      expect((await client.query(text, [...values])).rowCount).toBe(1)
    })

  test('balances, until somebody edits a balance behind our back', async () => {
    const wallet = await one.api.openWallet({ user_id: 'tampered', currency: 'USD', initial_balance: 10 })
    const peer = await one.api.openWallet({ user_id: 'peer', currency: 'USD' })
    await one.api.transfer(wallet, peer, '2.5')
    const clean = await nextLook()
    expect(clean.value('wallet_ledger_imbalance', { currency: 'USD' })).toBe(0)
    expect(clean.value('wallet_ledger_audit_failed_checks')).toBe(0)
    expect(clean.value('wallet_ledger_audit_wallets')).toBeGreaterThanOrEqual(2)
    expect(lookedAt(clean)).toBeLessThanOrEqual(Date.now() / 1000)

    await asSuperuser('UPDATE wallets SET balance = balance - 0.25 WHERE wallet_id = $1', [peer])
    const short = await nextLook()
    expect(short.value('wallet_ledger_imbalance', { currency: 'USD' })).toBe(-0.25)
    // The trial balance, and the wallet that is not where its newest row left it.
    expect(short.value('wallet_ledger_audit_failed_checks')).toBe(2)
    const alarm = one.service.log.find((line) => line.includes('"level":"error"') && line.includes(peer))
    expect(alarm).toContain('The ledger is not what it should be')

    await asSuperuser('UPDATE wallets SET balance = balance + 0.25 WHERE wallet_id = $1', [peer])
    const mended = await nextLook()
    expect(mended.value('wallet_ledger_imbalance', { currency: 'USD' })).toBe(0)
    expect(mended.value('wallet_ledger_audit_failed_checks')).toBe(0)
  })

  test('does not balance when a row says more than came in', async () => {
    const wallet = await one.api.openWallet({ user_id: 'inflated', currency: 'EUR', initial_balance: 10 })
    await one.api.deposit(wallet, 1)
    const change = `UPDATE wallet_transactions SET amount = amount + $2, balance_after = balance_after + $2,
      total_in = total_in + $2, type_total_in = type_total_in + $2 WHERE wallet_id = $1 AND sequence = 2`
    await asSuperuser(change, [wallet, 1])
    const wrong = await nextLook()
    expect(wrong.value('wallet_ledger_imbalance', { currency: 'EUR' })).toBe(-1)
    expect(wrong.value('wallet_ledger_audit_failed_checks')).toBe(3)
    await asSuperuser(change, [wallet, -1])
    expect((await nextLook()).value('wallet_ledger_audit_failed_checks')).toBe(0)
  })
})

test('a scrape works while the database is away', async () => {
  const config = parseConfig({ HOST: '127.0.0.1', PORT: '0' })
  const logger = createLogger({ level: 'silent', version: '0' })
  const away = await createContainer({ config, databaseUrl: 'postgres://127.0.0.1:1/none', logger, version: '0' })
  try {
    expect((await away.app.inject({ method: 'GET', url: '/api/v1/wallet/stats' })).statusCode).toBe(503)
    const answer = await away.app.inject({ method: 'GET', url: '/metrics' })
    expect(answer.statusCode).toBe(200)
    const metrics = new ScrapedText(answer.body)
    expect(metrics.value('http_requests_total', { route: '/api/v1/wallet/stats', status: '503' })).toBe(1)
    // Nobody has looked: silence must not pass for balance.
    expect(metrics.value('wallet_ledger_audit_timestamp_seconds')).toBeUndefined()
    expect(metrics.value('wallet_ledger_imbalance')).toBeUndefined()
  } finally {
    await away.stop()
  }
})

const WAITING = `FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'wallet_service'
  AND wait_event_type = 'Lock'`

async function waitingBackends(): Promise<number> {
  const rows = await queryDatabase<{ count: string }>(one.databaseUrl, `SELECT count(*) ${WAITING}`)
  return Number(rows[0]?.count)
}
