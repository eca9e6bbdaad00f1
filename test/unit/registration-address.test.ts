// Whether others can reach the address that Consul is told, as far as one can see from here. The rest of registering is tested
// with an agent.
import { expect, test } from 'vitest'
import { ConsulRegistration } from '../../src/peers/consul-registration.ts'

const WARNING = 'Consul is on another machine, and is told an address that only this one reaches: set SERVICE_HOST'

/** The warnings of two registrations: the agent loses the first one. */
async function warningsOf(host: string, consulUrl: string): Promise<string[]> {
  const warnings: string[] = []
  const registration = new ConsulRegistration({
    client: {
      register: () => Promise.resolve(),
      isRegistered: () => Promise.resolve(false),
      deregister: () => Promise.resolve(),
    },
    consulUrl,
    instance: { host, port: 8208, version: '1.0.0' },
    checkIntervalMs: 10_000,
    log: { info: () => undefined, warn: (message) => void warnings.push(message) },
  })
  await registration.sync()
  await registration.sync()
  return warnings
}

test.each([
  ['127.0.0.1', 'http://consul:8500'],
  ['localhost', 'https://10.0.0.7:8501'],
  ['::1', 'http://[fd00::7]:8500'],
])('%s, told to %s, is warned of once', async (host, consulUrl) => {
  expect(await warningsOf(host, consulUrl)).toEqual([WARNING])
})

test.each([
  ['127.0.0.1', 'http://127.0.0.1:8500'],
  ['127.0.0.1', 'http://localhost:8500'],
  ['127.0.0.1', 'http://[::1]:8500'],
  ['wallet-1', 'http://consul:8500'],
  ['10.0.0.8', 'http://127.0.0.1:8500'],
])('%s, told to %s, is not', async (host, consulUrl) => {
  expect(await warningsOf(host, consulUrl)).toEqual([])
})
