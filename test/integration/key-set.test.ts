// The identity provider's key set over real HTTP: fetched seldom, fetched anew for new keys, and kept while it is out of reach.
import { createServer } from 'node:http'
import { once } from 'node:events'
import { jwtVerify } from 'jose'
import { afterAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createKeySet, type KeySetOptions } from '../../src/peers/key-set.ts'
import { type IdentityProvider, secondsFromNow, startIdentityProvider } from '../support/identity-provider.ts'

let provider: IdentityProvider
const open: IdentityProvider[] = []
let logged: string[] = []

beforeEach(async () => {
  provider = await startIdentityProvider()
  open.push(provider)
  logged = []
})
afterAll(async () => {
  await Promise.all(open.map((each) => each.close()))
})

/** Verifies by one key set; gives the subject or the code of the failure. */
function verifier(options: Partial<KeySetOptions> = {}): (token: string) => Promise<unknown> {
  const keySet = createKeySet({ url: provider.url, log: (message) => void logged.push(message), ...options })
  return (token) =>
    jwtVerify(token, keySet).then(
      ({ payload }) => payload.sub,
      ({ code }: { code: string }) => code,
    )
}

const OUT_OF_REACH = 'The key set is out of reach; keys known so far go on being used'
const NO_KEY = 'ERR_JWKS_NO_MATCHING_KEY'

test('a hundred tokens at once are one fetch, and later ones none', async () => {
  const verify = verifier()
  const tokens = await Promise.all(Array.from({ length: 100 }, (_, index) => provider.token(`user-${index}`)))
  expect(await Promise.all(tokens.map(verify))).toEqual(tokens.map((_, index) => `user-${index}`))
  expect(await verify(await provider.token('later'))).toBe('later')
  expect(provider.asked()).toBe(1)
})

test('a new key is fetched when a token names it, and the one it replaced is known no longer', async () => {
  const verify = verifier({ cooldownMs: 0 })
  const before = await provider.token('before')
  expect(await verify(before)).toBe('before')
  await provider.rotate()
  expect(await verify(await provider.token('after'))).toBe('after')
  expect(await verify(before)).toBe(NO_KEY)
})

test('keys that are due are fetched although a token names one of them: what was taken back is noticed', async () => {
  const verify = verifier({ maxAgeMs: 0 })
  const before = await provider.token('before')
  expect(await verify(before)).toBe('before')
  await provider.rotate()
  await expect.poll(() => verify(before)).toBe(NO_KEY)
  expect(await verify(await provider.token('after'))).toBe('after')
})

test('tokens with invented keys do not become a flood of fetches', async () => {
  const verify = verifier({ cooldownMs: 60_000 })
  await verify(await provider.token('real'))
  await provider.rotate()
  const invented = await provider.token('x')
  expect(await Promise.all(Array.from({ length: 50 }, () => verify(invented)))).toEqual(
    Array.from({ length: 50 }, () => NO_KEY),
  )
  expect(provider.asked()).toBe(1)
})

describe('while the provider is out of reach', () => {
  test.each(['failing', 'garbled', 'endless', 'silent'] as const)(
    '%s: without keys nobody can be known yet, but soon',
    async (how) => {
      provider.behave(how)
      const verify = verifier()
      const token = await provider.token('user-1')
      expect(await verify(token)).toBe('peer_unavailable')
      expect(logged).toEqual([OUT_OF_REACH])
      provider.behave('up')
      await expect.poll(() => verify(token), { timeout: 10_000 }).toBe('user-1')
      expect(logged).toEqual([OUT_OF_REACH, 'The key set is within reach again'])
    },
  )

  test('keys that are known go on being used although they are due, and a key that is not may be a new one', async () => {
    const verify = verifier({ maxAgeMs: 0, cooldownMs: 0 })
    const known = await provider.token('known')
    expect(await verify(known)).toBe('known')
    provider.behave('failing')
    await provider.rotate()
    expect(await verify(known)).toBe('known')
    expect(await verify(await provider.token('unknown'))).toBe('peer_unavailable')
    expect(logged).toEqual([OUT_OF_REACH])
  })

  test('keys that are due let nobody wait: the provider is asked once, in the background', async () => {
    const verify = verifier({ maxAgeMs: 0, cooldownMs: 0 })
    const tokens = await Promise.all(Array.from({ length: 50 }, (_, index) => provider.token(`user-${index}`)))
    expect(await verify(await provider.token('first'))).toBe('first')
    provider.behave('silent')
    expect(await Promise.all(tokens.map(verify))).toEqual(tokens.map((_, index) => `user-${index}`))
    for (const [index, token] of tokens.entries()) expect(await verify(token)).toBe(`user-${index}`)
    // Whoever had waited for the provider would have heard that it did not answer.
    expect(logged).toEqual([])
    await expect.poll(() => logged, { timeout: 10_000 }).toEqual([OUT_OF_REACH])
    expect(provider.asked()).toBe(2)
  })

  test('keys are not believed for ever', async () => {
    const verify = verifier()
    const token = await provider.token('user-1', { exp: secondsFromNow(7200) })
    expect(await verify(token)).toBe('user-1')
    provider.behave('failing')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 59 * 60_000 })
    onTestFinished(() => void vi.useRealTimers())
    expect(await verify(token)).toBe('user-1')
    vi.setSystemTime(Date.now() + 2 * 60_000)
    expect(await verify(token)).toBe('peer_unavailable')
  })

  test('no more of an answer is read than a key set can have', async () => {
    provider.behave('endless')
    expect(await verifier()(await provider.token('user-1'))).toBe('peer_unavailable')
    // What was taken, and what the buffers on the way held.
    expect(provider.endlessBytes()).toBeLessThan(32 * 1024 * 1024)
  })

  test('not every request asks it again', async () => {
    provider.behave('failing')
    const verify = verifier()
    const token = await provider.token('user-1')
    for (let index = 0; index < 20; index += 1) expect(await verify(token)).toBe('peer_unavailable')
    // A failure stands for a second, and 20 tries take longer than that only on a very busy machine.
    expect(provider.asked()).toBeLessThan(20)
  })

  test('nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    server.close()
    await once(server, 'close')
    expect(await verifier({ url: `http://127.0.0.1:${port}/jwks` })(await provider.token('u'))).toBe('peer_unavailable')
  })
})

test('a user and a password in its address are sent as Basic', async () => {
  const seen: (string | undefined)[] = []
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization, request.url)
    response.end('{"keys":[]}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  expect(await verifier({ url: `http://me:p%40ss@127.0.0.1:${port}/k?a=1` })(await provider.token('u'))).toBe(NO_KEY)
  expect(seen.slice(0, 2)).toEqual([`Basic ${Buffer.from('me:p@ss').toString('base64')}`, '/k?a=1'])
})
