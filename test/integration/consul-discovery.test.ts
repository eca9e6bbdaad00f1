// The directory of peers against a real Consul agent, and a proxy before it for what an agent does not do when asked to.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { ConsulClient } from '../../src/peers/consul-client.ts'
import { ServiceDirectory } from '../../src/peers/discovery.ts'
import { ConsulProxy, type Fate, soon, TestConsul, type TestPeer } from '../support/consul.ts'

const FALLBACK = 'http://localhost:8202'

let consul: TestConsul
let proxy: ConsulProxy
const peers: TestPeer[] = []

beforeAll(async () => {
  consul = new TestConsul()
  await consul.start()
  proxy = new ConsulProxy(consul)
  await proxy.start()
})
afterAll(async () => {
  await proxy.stop()
  await consul.stop()
})
beforeEach(async () => {
  proxy.fate = () => 'pass'
  proxy.requests.length = 0
  await Promise.all(peers.splice(0).map((peer) => peer.remove()))
})

async function addPeer(port: number | null): Promise<TestPeer> {
  const peer = await consul.addPeer('account_service', port)
  peers.push(peer)
  return peer
}

function startDirectory(
  options: { readonly emptyGraceMs?: number; readonly waitMs?: number; readonly url?: string } = {},
) {
  const { emptyGraceMs = 60_000, waitMs = 30_000, url = proxy.url } = options
  const lines: string[] = []
  const reasons: unknown[] = []
  const log = (message: string, { peer, reason }: Readonly<Record<string, unknown>>): void => {
    if (peer !== 'account_service') return
    lines.push(message)
    if (reason !== undefined) reasons.push(reason)
  }
  const client = new ConsulClient({ url, token: null })
  const directory = new ServiceDirectory({
    client,
    fallbackUrls: { account_service: FALLBACK, organization_service: 'http://localhost:8210' },
    retryMaxMs: 200,
    waitMs,
    emptyGraceMs,
    log: { info: log, warn: log },
  })
  directory.start()
  onTestFinished(async () => {
    await directory.stop()
    await client.close()
  })
  /** The ports of as many calls. */
  const ports = (calls: number): string[] =>
    Array.from({ length: calls }, () => new URL(directory.urlOf('account_service')).port)
  /** The distinct ports that are called now. */
  const called = (): string[] => [...new Set(ports(8))].toSorted()
  return { directory, lines, reasons, ports, called }
}

const asksForAccounts = ({ url }: { readonly url: string }): boolean => url.includes('/account_service?')

test('instances are called in turn, and coming, failing and going ones are noticed', async () => {
  const first = await addPeer(9001)
  const second = await addPeer(9002)
  const { directory, ports, called, lines } = startDirectory()
  await expect.poll(called, soon).toEqual(['9001', '9002'])
  const inTurn = ports(6)
  expect(new Set([inTurn.slice(0, 2).join(), inTurn.slice(2, 4).join(), inTurn.slice(4).join()]).size).toBe(1)
  expect(directory.urlOf('account_service')).toMatch(/^http:\/\/127\.0\.0\.1:900[12]$/)
  await addPeer(9003)
  await expect.poll(called, soon).toEqual(['9001', '9002', '9003'])
  await first.fail()
  await expect.poll(called, soon).toEqual(['9002', '9003'])
  await first.pass()
  await second.remove()
  await expect.poll(called, soon).toEqual(['9001', '9003'])
  expect(directory.figures().account_service).toEqual({ instances: 2, ageSeconds: expect.any(Number) })
  // The other peer has nobody, and its own fallback.
  expect(directory.urlOf('organization_service')).toBe('http://localhost:8210')
  expect(lines).toEqual(['Consul knows the instances'])
})

test('an instance registered without a port is passed over and told of once; the others are called', async () => {
  await addPeer(null)
  await addPeer(9001)
  const { called, lines } = startDirectory({ waitMs: 100 })
  await expect.poll(called, soon).toEqual(['9001'])
  await addPeer(9002)
  await expect.poll(called, soon).toEqual(['9001', '9002'])
  proxy.requests.length = 0
  await expect.poll(() => proxy.requests.filter(asksForAccounts).length, soon).toBeGreaterThan(2)
  expect(lines).toEqual([
    'Consul knows instances without a usable address, which are passed over',
    'Consul knows the instances',
  ])
})

test('questions wait at the agent: an answer that does not change is asked for once', async () => {
  await addPeer(9001)
  const { called } = startDirectory()
  await expect.poll(called, soon).toEqual(['9001'])
  // The second question waits on the index of the first answer; nothing comes back, so there is no third.
  await expect.poll(() => proxy.requests.filter(asksForAccounts).length, soon).toBe(2)
  const [first, second] = proxy.requests.filter(asksForAccounts)
  expect(first?.url).toBe('/v1/health/service/account_service?passing=1&index=0&wait=30000ms')
  expect(second?.url).toMatch(/index=[1-9]\d*&wait=30000ms$/)
})

test('"nobody" is not believed at once; then the fallback is used, with one line, and one when somebody is back', async () => {
  const only = await addPeer(9001)
  const { called, lines } = startDirectory({ emptyGraceMs: 1500, waitMs: 200 })
  await expect.poll(called, soon).toEqual(['9001'])
  await only.fail()
  await expect.poll(() => lines.length, soon).toBe(2)
  expect(called()).toEqual(['9001'])
  await expect.poll(called, soon).toEqual(['8202'])
  const asked = proxy.requests.length
  await expect.poll(() => proxy.requests.length - asked, soon).toBeGreaterThan(4)
  await only.pass()
  await expect.poll(called, soon).toEqual(['9001'])
  expect(lines).toEqual([
    'Consul knows the instances',
    'Consul knows no passing instance any more; those known last are used for now',
    'A peer service is called at its fallback address',
    'Consul knows the instances',
  ])
})

test('where there never was anybody, the fallback is used at once', async () => {
  const { directory, called, lines } = startDirectory()
  expect(called()).toEqual(['8202'])
  await expect.poll(() => lines, soon).toEqual(['A peer service is called at its fallback address'])
  expect(directory.figures().account_service.instances).toBe(0)
  await addPeer(9001)
  await expect.poll(called, soon).toEqual(['9001'])
})

test.each([400, 403, 429, 500, 503, 200])(
  'HTTP %i: the last good answer stays, and the next one is asked for',
  async (status) => {
    await addPeer(9001)
    const { called, lines } = startDirectory({ waitMs: 100, emptyGraceMs: 0 })
    await expect.poll(called, soon).toEqual(['9001'])
    proxy.fate = (): Fate => status
    proxy.requests.length = 0
    await expect.poll(() => proxy.requests.filter(asksForAccounts).length, soon).toBeGreaterThan(3)
    expect(called()).toEqual(['9001'])
    expect(lines).toHaveLength(2)
    await addPeer(9002)
    proxy.fate = () => 'pass'
    await expect.poll(called, soon).toEqual(['9001', '9002'])
    expect(lines).toEqual([
      'Consul knows the instances',
      'Consul gives no usable answer; the instances known last are used',
      'Consul knows the instances',
    ])
  },
)

test('an agent that never answers is given up after the wait, and asked again', async () => {
  await addPeer(9001)
  const { called, directory } = startDirectory({ waitMs: 200 })
  await expect.poll(called, soon).toEqual(['9001'])
  proxy.fate = () => 'hang'
  proxy.requests.length = 0
  await expect.poll(() => proxy.requests.filter(asksForAccounts).length, soon).toBeGreaterThan(1)
  expect(called()).toEqual(['9001'])
  expect(directory.figures().account_service.ageSeconds).toBeGreaterThan(1)
  proxy.fate = () => 'pass'
  await expect.poll(() => directory.figures().account_service.ageSeconds, soon).toBeLessThan(1)
})

test('an answer far too large is not taken in: it is a failure', async () => {
  await addPeer(9001)
  const { called, reasons } = startDirectory()
  await expect.poll(called, soon).toEqual(['9001'])
  proxy.fate = () => 'enormous'
  await addPeer(9002)
  await expect.poll(() => reasons, soon).toEqual(['Response content exceeded max size'])
  expect(called()).toEqual(['9001'])
  proxy.fate = () => 'pass'
  await expect.poll(called, soon).toEqual(['9001', '9002'])
})

test('an agent that comes back with its data, or with none and a lower index, is followed again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wallet-service-consul-test-'))
  const lasting = new TestConsul({ dataDir: folder })
  const forgetful = new TestConsul()
  onTestFinished(async () => {
    await lasting.stop()
    await forgetful.stop()
    await rm(folder, { recursive: true, force: true })
  })
  await Promise.all([lasting.start(), forgetful.start()])
  for (const agent of [lasting, forgetful]) {
    const peer = await agent.addPeer('account_service', 9001)
    // Consul keeps the state of such a check only when it was told of one.
    await peer.pass()
  }
  // Many states later: a new agent counts from the beginning.
  for (let index = 0; index < 30; index += 1) await forgetful.put(`/v1/kv/${index}`, index)
  const watches = [startDirectory({ url: lasting.url }), startDirectory({ url: forgetful.url })] as const
  for (const { called } of watches) await expect.poll(called, soon).toEqual(['9001'])
  await Promise.all([lasting.stop(), forgetful.stop()])
  for (const { lines } of watches) await expect.poll(() => lines.length, soon).toBe(2)
  await Promise.all([lasting.start(), forgetful.start()])
  for (const { called } of watches) expect(called()).toEqual(['9001'])
  await Promise.all([lasting.addPeer('account_service', 9002), forgetful.addPeer('account_service', 9003)])
  await expect.poll(watches[0].called, soon).toEqual(['9001', '9002'])
  await expect.poll(watches[1].called, soon).toEqual(['9003'])
})

test('stopping ends the questions under way, and what is known stays', async () => {
  await addPeer(9001)
  const { directory, called } = startDirectory()
  await expect.poll(called, soon).toEqual(['9001'])
  await directory.stop()
  const asked = proxy.requests.length
  expect(called()).toEqual(['9001'])
  await addPeer(9002)
  await expect
    .poll(async () => (await consul.get<unknown[]>('/v1/health/service/account_service')).length, soon)
    .toBe(2)
  expect(proxy.requests).toHaveLength(asked)
})
