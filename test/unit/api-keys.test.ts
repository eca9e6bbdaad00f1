// Keys of services: how one is found, what stands in their file, and what a broken file does.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ApiKeysFile, parseApiKeys } from '../../src/api-keys-file.ts'
import { ApiKeys, apiKeyDigest, newApiKey } from '../../src/services/api-keys.ts'
import { keysText, newKey, type ServiceEntry, writeKeysFile } from '../support/service-keys.ts'

const billing = (...keys: string[]): ServiceEntry => ({ name: 'billing', scopes: ['wallet:write'], keys })

test('keys are long, and no two are the same', () => {
  const keys = Array.from({ length: 100 }, newApiKey)
  expect(new Set(keys).size).toBe(100)
  for (const key of keys) expect(key).toMatch(/^wallet_[\w-]{43}$/)
})

test('a service is found by either of its keys, and by nothing else', () => {
  const [old, next, other] = [newKey(), newKey(), newKey()]
  const text = keysText(billing(old.entry, next.entry), {
    name: 'support',
    scopes: ['wallet:read', 'wallet:admin'],
    keys: [other.entry],
  })
  const keys = new ApiKeys(parseApiKeys(text, 'keys.json'))
  const service = { kind: 'service', name: 'billing', scope: 'wallet:write' }
  expect([old, next].map(({ key }) => keys.find(key))).toEqual([service, service])
  expect(keys.find(other.key)).toEqual({ kind: 'service', name: 'support', scope: 'wallet:admin' })
  for (const wrong of ['', 'x', newApiKey(), old.key.slice(1), `${old.key} `, old.entry, old.entry.slice(7)]) {
    expect(keys.find(wrong), wrong).toBeNull()
  }
})

test('what is kept of a key is its SHA-256', () => {
  expect(apiKeyDigest('abc').toString('hex')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})

describe('a file that cannot be used says all that is wrong with it, and shows nothing of a key', () => {
  const { entry } = newKey()
  const good = { name: 'a', scopes: ['wallet:read'], keys: [entry] }
  test.each([
    ['no JSON', '{', /^AUTH_API_KEYS_FILE \(keys\.json\) is not JSON: /],
    ['something else', '[]', /the whole: /],
    ['no services', '{}', /services: /],
    ['what nobody knows', JSON.stringify({ services: [], more: 1 }), /more/],
    [
      'a key itself instead of its digest',
      keysText({ ...good, keys: ['wallet_secret'] }),
      /services\.0\.keys\.0: must be sha256:/,
    ],
    ['capital letters in a digest', keysText({ ...good, keys: [entry.toUpperCase()] }), /services\.0\.keys\.0: /],
    ['no key', keysText({ ...good, keys: [] }), /services\.0\.keys: /],
    [
      'three keys',
      keysText({ ...good, keys: [newKey(), newKey(), newKey()].map((key) => key.entry) }),
      /services\.0\.keys: /,
    ],
    ['no scope', keysText({ ...good, scopes: [] }), /services\.0\.scopes: /],
    ['an unknown scope', keysText({ ...good, scopes: ['wallet:own'] }), /services\.0\.scopes\.0: /],
    ['a name that is none', keysText({ ...good, name: 'A b' }), /services\.0\.name: must be/],
    ['one name twice', keysText(good, { ...good, keys: [newKey().entry] }), /services: two have the same name/],
    ['one key twice', keysText(good, { ...good, name: 'b' }), /services: two have the same key/],
  ])('%s', (_, text, message) => {
    const failure = failureOf(() => parseApiKeys(text, 'keys.json'))
    expect(failure).toMatchObject({ name: 'ConfigError', message: expect.stringMatching(message) })
    expect(String(failure)).not.toContain('wallet_secret')
  })

  test('all of it at once', () => {
    const text = keysText({ name: '', scopes: [], keys: [] })
    expect(String(failureOf(() => parseApiKeys(text, 'keys.json'))).split('\n')).toHaveLength(4)
  })
})

function failureOf(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return null
}

describe('reading a file again', () => {
  test('takes up what has changed, and only then', async () => {
    const [old, next] = [newKey(), newKey()]
    const file = await writeKeysFile(keysText(billing(old.entry)))
    onTestFinished(() => file.remove())
    const read = await ApiKeysFile.open(file.path)
    expect(await read.reload()).toBe(false)
    await file.write(keysText(billing(next.entry)))
    expect(await read.reload()).toBe(true)
    expect([read.keys.find(old.key)?.kind, read.keys.find(next.key)?.kind]).toEqual([undefined, 'service'])
    expect(await read.reload()).toBe(false)
  })

  test('keeps the keys of before while the file is broken or gone, and says so each time', async () => {
    const [old, next] = [newKey(), newKey()]
    const file = await writeKeysFile(keysText(billing(old.entry)))
    onTestFinished(() => file.remove())
    const read = await ApiKeysFile.open(file.path)
    await file.write('{ half of')
    await expect(read.reload()).rejects.toThrow('is not JSON')
    await expect(read.reload()).rejects.toThrow('is not JSON')
    await file.remove()
    await expect(read.reload()).rejects.toThrow('cannot be read (ENOENT)')
    expect(read.keys.find(old.key)?.kind).toBe('service')

    const again = await writeKeysFile(keysText(billing(next.entry)))
    onTestFinished(() => again.remove())
    const fresh = await ApiKeysFile.open(again.path)
    expect([fresh.keys.find(old.key)?.kind, fresh.keys.find(next.key)?.kind]).toEqual([undefined, 'service'])
  })

  test('a file that is not there is one sentence', async () => {
    await expect(ApiKeysFile.open('no-such-file.json')).rejects.toMatchObject({
      name: 'ConfigError',
      message:
        'AUTH_API_KEYS_FILE (no-such-file.json) cannot be read (ENOENT): it must be a file that this user may read.',
    })
  })
})

describe('npm run api-key', () => {
  const script = fileURLToPath(new URL('../../scripts/api-key.ts', import.meta.url))
  const run = (...words: string[]) => promisify(execFile)(process.execPath, [script, ...words])

  test('makes a key, and the entry by which it is known', async () => {
    const { stdout } = await run('billing', '--scope', 'wallet:read')
    const [, key = ''] = /^key, shown only now: +(\S+)$/m.exec(stdout) ?? []
    const [, entry = ''] = /^entry of the file: +(.+)$/m.exec(stdout) ?? []
    const keys = new ApiKeys(parseApiKeys(`{"services":[${entry}]}`, 'keys.json'))
    expect(keys.find(key)).toEqual({ kind: 'service', name: 'billing', scope: 'wallet:read' })
  })

  test('refuses what the service would refuse', async () => {
    await expect(run('Billing')).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('name: must be') })
    await expect(run('billing', '--scope', 'all')).rejects.toMatchObject({ code: 2 })
    await expect(run()).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('Name one service') })
  })
})
