// The typed client finds the service through a real Consul agent, with a token, and goes on when an instance or Consul goes.
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ConnectionError, WalletClient } from '../../src/sdk/index.ts'
import { soon, TestConsul, type TestPeer } from '../support/consul.ts'
import { startTwoServices, type TwoServices } from '../support/two-services.ts'

const TOKEN = randomUUID()
const REFRESH_MS = 100

let two: TwoServices
let consul: TestConsul
let instances: readonly TestPeer[]

beforeAll(async () => {
  two = await startTwoServices()
  consul = new TestConsul({ aclToken: TOKEN })
  await consul.start()
  const ports = two.services.map(({ url }) => Number(new URL(url).port))
  instances = await Promise.all(ports.map((port) => consul.addPeer('wallet_service', port)))
})
afterAll(async () => {
  await consul.stop()
  await two.stop()
})

test('without its token there is no instance to be found', async () => {
  const client = new WalletClient({ consul: { address: consul.url, service: 'wallet_service' }, maxAttempts: 2 })
  await expect(client.getHealth()).rejects.toThrow(ConnectionError)
  expect(client.metrics()).toMatchObject({ requests: 0, errors: { connection_failed: 1 } })
  await client.close()
})

test('instances that cannot be called are passed over', async () => {
  const portless = await consul.addPeer('wallet_service', 0)
  const nowhere = await consul.addPeer('wallet_service', 1, 'not a host')
  const seen = new Set<string>()
  const client = new WalletClient({
    consul: { address: consul.url, token: TOKEN },
    onAttempt: ({ address }) => void seen.add(address),
  })
  // Twice around all four.
  for (let index = 0; index < 8; index += 1) await client.getHealth()
  expect([...seen].toSorted()).toEqual(two.services.map(({ url }) => url).toSorted())
  expect(client.metrics()).toMatchObject({ retries: 0, errors: {} })
  await client.close()
  await Promise.all([portless.remove(), nowhere.remove()])

  // Where there are no others, there is nobody to ask.
  const useless = await consul.addPeer('portless_service', 0)
  const lonely = new WalletClient({
    consul: { address: consul.url, token: TOKEN, service: 'portless_service' },
    maxAttempts: 1,
  })
  await expect(lonely.getHealth()).rejects.toMatchObject({
    cause: { message: 'Consul knows no healthy instance of portless_service' },
  })
  expect(lonely.metrics().requests).toBe(0)
  await lonely.close()
  await useless.remove()
})

test('by turns, around an instance that is gone, and without Consul', async () => {
  const seen: string[] = []
  const client = new WalletClient({
    consul: { address: consul.url, token: TOKEN, refreshMs: REFRESH_MS },
    firstPauseMs: 5,
    onAttempt: ({ address }) => void seen.push(address),
  })
  const { wallet_id: walletId } = await client.createWallet({ user_id: 'consul-user', initial_balance: '100' })
  for (let index = 0; index < 4; index += 1) await client.consume(walletId, { amount: '1' })
  const [first, second] = two.services
  expect([...new Set(seen)].toSorted()).toEqual([first.url, second.url].toSorted())

  // Killed, and Consul has not noticed: the other one answers.
  await first.kill()
  for (let index = 0; index < 4; index += 1) await client.consume(walletId, { amount: '1' })
  expect((await client.getWallet(walletId)).balance).toBe('92')
  expect(client.metrics().retries).toBeGreaterThan(0)

  // Consul has noticed: no more requests go there.
  await instances[0]?.fail()
  const addressesOfThree = async (): Promise<string[]> => {
    seen.length = 0
    for (let index = 0; index < 3; index += 1) await client.getWallet(walletId)
    return [...new Set(seen)]
  }
  await expect.poll(addressesOfThree, soon).toEqual([second.url])

  await consul.stop()
  // What it knows is old by now, and cannot be renewed.
  await delay(2 * REFRESH_MS)
  expect((await client.consume(walletId, { amount: '1' })).balance).toBe('91')
  expect(client.metrics().errors).toEqual({})

  // Who never had an answer has nowhere to go, and says so.
  const late = new WalletClient({ consul: { address: consul.url, token: TOKEN }, maxAttempts: 2 })
  await expect(late.getWallet(walletId)).rejects.toThrow(ConnectionError)
  await Promise.all([client.close(), late.close()])
})
