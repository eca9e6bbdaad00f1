// The database goes away and comes back: callers get 503 and a reason, the service gets well by itself, and no payment is lost.
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/db/embedded.ts'
import { Api } from '../support/api.ts'
import { type ServiceProcess, startService } from '../support/service.ts'

let folder: string
let postgres: EmbeddedPostgres
let service: ServiceProcess

const startPostgres = (port?: number): Promise<EmbeddedPostgres> =>
  startEmbeddedPostgres({
    dataDir: join(folder, 'data'),
    relocationRoot: join(folder, 'elsewhere'),
    log: () => undefined,
    ...(port !== undefined && { port }),
  })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wallet-service-outage-'))
  await chmod(folder, 0o755)
  postgres = await startPostgres()
  service = await startService({ DATABASE_URL: postgres.url })
})
afterAll(async () => {
  await service.stop()
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
})

test('without its database the service says so, and with it again it goes on', async () => {
  const api = new Api(service.url)
  const wallet = await api.openWallet({ user_id: 'outage', initial_balance: 1 })
  expect((await api.get('/health')).body.status).toBe('healthy')

  await postgres.stop()
  const deposit = await api.deposit(wallet, 1, 'during')
  expect({ status: deposit.status, code: deposit.body.code }).toEqual({ status: 503, code: 'database_unavailable' })
  expect(deposit.headers.get('retry-after')).toBe('1')
  const read = await api.get(`/api/v1/wallets/${wallet}`)
  expect({ status: read.status, code: read.body.code }).toEqual({ status: 503, code: 'database_unavailable' })
  for (const path of ['/', '/health']) {
    expect(await api.get(path)).toMatchObject({ status: 503, body: { status: 'unhealthy' } })
  }
  expect((await api.get('/health/ready')).status).toBe(503)
  expect((await api.get('/health/live')).status).toBe(200)

  postgres = await startPostgres(postgres.port)
  await expect.poll(async () => (await api.get('/health/ready')).status, { timeout: 10_000 }).toBe(200)
  expect((await api.deposit(wallet, 1, 'during')).body.balance).toBe('2')
})
