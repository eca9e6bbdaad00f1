// A service process and a real Consul agent: what is registered, what becomes of it, and how the process leaves.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { freePorts } from '../../scripts/free-ports.ts'
import { readVersion } from '../../src/observability/version.ts'
import { startServiceWithWorkers, workersOf } from '../support/clusters.ts'
import { ConsulProxy, type Fate, expectWallets, soon, TestConsul } from '../support/consul.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { type ServiceProcess, startService } from '../support/service.ts'
import { Api } from '../support/api.ts'

const TOKEN = 'b1a2c3d4-0000-4000-8000-5ec2e7000001'

let database: TestDatabase
/** For tests that neither stop it nor need settings of their own; every test ends its members. */
let shared: TestConsul

beforeAll(async () => {
  database = await createTestDatabase()
  shared = new TestConsul()
  await shared.start()
})
afterAll(async () => {
  await shared.stop()
  await database.drop()
})

async function startConsul(): Promise<TestConsul> {
  const consul = new TestConsul()
  await consul.start()
  onTestFinished(() => consul.stop())
  return consul
}

async function startProxy(consul: Pick<TestConsul, 'url'>): Promise<ConsulProxy> {
  const proxy = new ConsulProxy(consul)
  await proxy.start()
  onTestFinished(() => proxy.stop())
  return proxy
}

async function startMember(url: string, environment: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
  const service = await startService({
    DATABASE_URL: database.url,
    CONSUL_ENABLED: 'auto',
    CONSUL_HTTP_ADDR: url,
    CONSUL_SYNC_INTERVAL_MS: '200',
    CONSUL_CHECK_INTERVAL_MS: '500',
    ...environment,
  })
  onTestFinished(async () => void (await service.stop()))
  return service
}

const messages = (service: ServiceProcess): string[] =>
  service.log.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line).msg)

describe('a member', () => {
  test('is registered with all that others need, and passes once Consul has asked', async () => {
    const consul = shared
    const service = await startMember(consul.url, { CONSUL_ENABLED: 'on' })
    await expectWallets(consul, ['passing'])
    const port = Number(new URL(service.url).port)
    const [entry] = Object.values(await consul.get<Record<string, { readonly ID: string }>>('/v1/agent/services'))
    expect(entry).toMatchObject({
      ID: expect.stringMatching(new RegExp(`^wallet_service-127\\.0\\.0\\.1-${port}-[0-9a-f]{8}$`)),
      Service: 'wallet_service',
      Address: '127.0.0.1',
      Port: port,
      Tags: ['microservice', 'wallet', 'api'],
      Meta: { version: await readVersion() },
    })
    const [health] = await consul.get<readonly { readonly Checks: readonly unknown[] }[]>(
      '/v1/health/service/wallet_service',
    )
    expect(health?.Checks).toContainEqual(
      expect.objectContaining({
        Type: 'http',
        Output: expect.stringContaining(`HTTP GET http://127.0.0.1:${port}/health/ready: 200 OK`),
      }),
    )
    const [detail] = Object.values(await consul.get<Record<string, unknown>>('/v1/agent/checks'))
    expect(detail).toMatchObject({ ServiceID: entry?.ID, Name: 'ready' })
  })

  test('with two workers is one instance, also while one of them is replaced, and leaves before they stop', async () => {
    const consul = shared
    const service = await startServiceWithWorkers({
      DATABASE_URL: database.url,
      CONSUL_ENABLED: 'on',
      CONSUL_HTTP_ADDR: consul.url,
      CONSUL_SYNC_INTERVAL_MS: '200',
      CONSUL_CHECK_INTERVAL_MS: '500',
    })
    onTestFinished(async () => void (await service.stop()))
    await expectWallets(consul, ['passing'])
    const registered = (): Promise<Record<string, unknown>> => consul.get('/v1/agent/services')
    const before = Object.keys(await registered())
    expect(before).toHaveLength(1)
    process.kill((await workersOf(service.pid)).get(2) ?? 0, 'SIGKILL')
    const served = (): number => messages(service).filter((message) => message === 'A worker serves').length
    await expect.poll(served, { timeout: 30_000 }).toBe(3)
    expect(Object.keys(await registered())).toEqual(before)

    expect(await service.stop()).toBe(0)
    expect(await registered()).toEqual({})
    // The first "Stopping" is the primary's.
    const ends = messages(service).filter((message) => ['Stopping', 'Left Consul'].includes(message))
    expect(ends).toEqual(['Stopping', 'Left Consul', 'Stopping', 'Stopping'])
  })

  test('is told of under SERVICE_HOST, in brackets where that is an IPv6 address', async () => {
    const consul = shared
    const proxy = await startProxy(consul)
    const service = await startMember(proxy.url, { SERVICE_HOST: '::1' })
    const port = Number(new URL(service.url).port)
    const registrations = () => proxy.requests.filter(({ url }) => url === '/v1/agent/service/register')
    await expect.poll(registrations, soon).toHaveLength(1)
    expect(JSON.parse(registrations()[0]?.body ?? '')).toMatchObject({
      Address: '::1',
      Check: {
        HTTP: `http://[::1]:${port}/health/ready`,
        Interval: '500ms',
        Timeout: '3000ms',
        DeregisterCriticalServiceAfter: '10m',
      },
    })
  })

  test('is critical while it does not answer and passing when it does again, without being registered anew', async () => {
    const consul = shared
    const service = await startMember(consul.url)
    await expectWallets(consul, ['passing'])
    const [before] = await consul.wallets()
    process.kill(service.pid, 'SIGSTOP')
    try {
      await expectWallets(consul, ['critical'])
    } finally {
      process.kill(service.pid, 'SIGCONT')
    }
    await expectWallets(consul, ['passing'])
    expect(await consul.wallets()).toEqual([before])
    expect(messages(service).filter((message) => message === 'Registered with Consul')).toHaveLength(1)
  })

  test('registers again, under its id, when the agent has lost it', async () => {
    const consul = await startConsul()
    await startMember(consul.url)
    await expectWallets(consul, ['passing'])
    const before = await consul.wallets()
    await consul.put(`/v1/agent/service/deregister/${before[0]?.id ?? ''}`)
    await expect.poll(() => consul.wallets(), soon).toEqual(before)
    await consul.stop()
    await consul.start()
    await expect.poll(() => consul.wallets(), soon).toEqual(before)
  })

  test('of two on one agent, each has an entry of its own', async () => {
    const consul = shared
    await startMember(consul.url)
    const second = await startMember(consul.url)
    await expectWallets(consul, ['passing', 'passing'])
    await second.kill()
    await expect
      .poll(async () => (await consul.wallets()).map(({ status }) => status).toSorted(), soon)
      .toEqual(['critical', 'passing'])
    const killed = (await consul.wallets()).find(({ status }) => status === 'critical')
    await consul.put(`/v1/agent/service/deregister/${killed?.id ?? ''}`)
  })
})

describe('CONSUL_ENABLED', () => {
  test('auto: without an agent the service works at once, says so once, and joins when there is one', async () => {
    const [httpPort = 0] = await freePorts(1)
    const consul = new TestConsul({ httpPort })
    onTestFinished(() => consul.stop())
    const service = await startMember(consul.url)
    expect((await new Api(service.url).get('/health/ready')).status).toBe(200)
    await expect.poll(() => messages(service), soon).toContain('Not registered with Consul for now; trying again')
    expect(messages(service).filter((message) => message.startsWith('A peer service is called'))).toHaveLength(2)
    await consul.start()
    await expectWallets(consul, ['passing'])
    expect(messages(service).filter((message) => message.startsWith('Not registered'))).toHaveLength(1)
  })

  test('off: nothing is asked and nothing is said', async () => {
    const proxy = await startProxy({ url: 'http://127.0.0.1:1' })
    const service = await startMember(proxy.url, { CONSUL_ENABLED: 'off' })
    expect(await service.stop()).toBe(0)
    expect(proxy.requests).toEqual([])
    expect(service.log.filter((line) => /Consul|peer/.test(JSON.parse(line).msg))).toEqual([])
  })
})

describe('the token', () => {
  let guarded: TestConsul
  beforeAll(async () => {
    guarded = new TestConsul({ aclToken: TOKEN })
    await guarded.start()
  })
  afterAll(() => guarded.stop())

  test('travels in a header of every request, and in no URL and no line of the log', async () => {
    const consul = guarded
    const proxy = await startProxy(consul)
    const service = await startMember(proxy.url, { CONSUL_HTTP_TOKEN: TOKEN })
    await expectWallets(consul, ['passing'])
    proxy.fate = ({ method }) => (method === 'GET' ? 500 : 'pass')
    await expect.poll(() => messages(service), soon).toContain('Not registered with Consul for now; trying again')
    expect(await service.stop()).toBe(0)
    expect(proxy.requests.length).toBeGreaterThan(4)
    for (const { url, headers } of proxy.requests) {
      expect(url).not.toContain(TOKEN)
      expect(url).not.toContain('token')
      expect(headers['x-consul-token']).toBe(TOKEN)
    }
    expect(service.log.filter((line) => line.includes(TOKEN))).toEqual([])
    expect(await consul.wallets()).toEqual([])
  })

  test('where it is refused, the service works, and the log says what is missing', async () => {
    const consul = guarded
    const service = await startMember(consul.url)
    const refusals = (): string[] => service.log.filter((line) => line.includes('Not registered with Consul for now'))
    await expect.poll(refusals, soon).toEqual([expect.stringContaining('answered with 403: Permission denied')])
    expect((await new Api(service.url).get('/health/ready')).status).toBe(200)
    expect(await consul.wallets()).toEqual([])
  })
})

describe('leaving', () => {
  test('comes after "not ready", before the end of listening, and before what is in flight is answered', async () => {
    const consul = shared
    const proxy = await startProxy(consul)
    const service = await startMember(proxy.url)
    await expectWallets(consul, ['passing'])
    const api = new Api(service.url)
    const wallet = await api.openWallet({ user_id: 'leaver', initial_balance: 1 })
    const statuses: number[] = []
    proxy.fate = async ({ url }): Promise<Fate> => {
      // A connection of its own, made while the service leaves: it still listens.
      if (url.includes('/deregister/')) statuses.push(statusOf(await answerOn(await askForReadiness(service.url))))
      return 'pass'
    }
    const inFlight = await beginDeposit(service.url, wallet)
    const stopped = service.stop()
    await expect.poll(() => consul.wallets(), soon).toEqual([])
    expect(inFlight.bytesRead).toBe(0)
    inFlight.write('1}')
    const answer = await answerOn(inFlight)
    expect({ status: statusOf(answer), code: await stopped, statuses }).toEqual({
      status: 200,
      code: 0,
      statuses: [503],
    })
    expect(answer).toContain('"balance":"2"')
  })

  test('an agent that does not answer keeps nobody from stopping well', async () => {
    const consul = shared
    const service = await startMember(consul.url)
    await expectWallets(consul, ['passing'])
    const [left] = await consul.wallets()
    consul.signal('SIGSTOP')
    try {
      expect(await service.stop()).toBe(0)
      // The process has ended: nothing was said when the connection was given up, either.
      expect(messages(service).filter((message) => message.includes('this instance leaves'))).toEqual([
        'Consul did not answer in time that this instance leaves',
      ])
    } finally {
      consul.signal('SIGCONT')
    }
    // Whether the agent reads what it was sent before it hung is its affair; the check would tell in the end.
    await consul.put(`/v1/agent/service/deregister/${left?.id ?? ''}`).catch(() => undefined)
    await expectWallets(consul, [])
  })

  test('a registration under way is not overtaken: it does not stay', async () => {
    const consul = shared
    const proxy = await startProxy(consul)
    const held = Promise.withResolvers<void>()
    const arrived = Promise.withResolvers<void>()
    proxy.fate = async ({ url }): Promise<Fate> => {
      if (!url.includes('/register')) return 'pass'
      arrived.resolve()
      await held.promise
      return 'pass'
    }
    const service = await startMember(proxy.url)
    await arrived.promise
    const stopped = service.stop()
    await expect.poll(() => messages(service), soon).toContain('Stopping')
    held.resolve()
    expect(await stopped).toBe(0)
    const calls = proxy.requests.map(({ url }) => url.split('/')[4]).filter((call) => call?.includes('register'))
    expect(calls).toEqual(['register', 'deregister'])
    expect(await consul.wallets()).toEqual([])
  })
})

/** A connection of its own. */
async function connectTo(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  return socket
}

async function askForReadiness(url: string): Promise<Socket> {
  const socket = await connectTo(url)
  socket.write('GET /health/ready HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n')
  return socket
}

/** A deposit of 1 whose last two bytes are still to be written. */
async function beginDeposit(url: string, wallet: string): Promise<Socket> {
  const socket = await connectTo(url)
  const headers = [
    `POST /api/v1/wallets/${wallet}/deposit HTTP/1.1`,
    'Host: test',
    'Content-Type: application/json',
    'Content-Length: 12',
    'Connection: close',
  ]
  socket.write(`${headers.join('\r\n')}\r\n\r\n{"amount":`)
  // One thread: whoever is answered after this was written is answered after it was read.
  await fetch(`${url}/health/live`)
  return socket
}

async function answerOn(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const statusOf = (answer: string): number => Number(answer.split(' ')[1])
