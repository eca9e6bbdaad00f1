// The Consul agent goes away for many of its periods while callers are served, and comes back with nothing in it.
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { expectWallets, soon, TestConsul } from '../support/consul.ts'
import { startOneService } from '../support/service.ts'

const SYNC_MS = 200
/** Thirty looks at the registration, as there are in ten minutes with the usual settings. */
const OUTAGE_MS = 6000
const CALLERS = 8

test('no caller notices that the agent is away, and afterwards the instance is registered and found again', async () => {
  const consul = new TestConsul()
  await consul.start()
  const { service, api, close } = await startOneService({
    CONSUL_ENABLED: 'auto',
    CONSUL_HTTP_ADDR: consul.url,
    CONSUL_SYNC_INTERVAL_MS: `${SYNC_MS}`,
    CONSUL_CHECK_INTERVAL_MS: '500',
  })
  try {
    await expectWallets(consul, ['passing'])
    const before = await consul.wallets()
    const wallet = await api.openWallet({ user_id: 'outage', initial_balance: 1_000_000 })
    const calling = new AbortController()
    const statuses = new Map<number, number>()
    const call = async (): Promise<void> => {
      while (!calling.signal.aborted) {
        const { status } = await api.consume(wallet, 1)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        await delay(10)
      }
    }
    const callers = Array.from({ length: CALLERS }, call)
    await consul.stop()
    await delay(OUTAGE_MS)
    expect((await api.get('/health/ready')).status).toBe(200)
    await consul.start()
    await expect.poll(() => consul.wallets(), soon).toEqual(before)
    calling.abort()
    await Promise.all(callers)
    expect([...statuses.keys()]).toEqual([200])
    expect(statuses.get(200)).toBeGreaterThan(CALLERS)
    const lines = service.log.filter((line) => line.includes('Not registered with Consul for now'))
    expect(lines).toHaveLength(1)
  } finally {
    await close()
    await consul.stop()
  }
})
