// Everything that we hand to callers against a service that checks who they are: the smoke test, the Postman collection and the
// typed client pass with a service's key, and say what is wrong without one.
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WalletClient } from '../../src/sdk/index.ts'
import { closeFaultless, type OneService, startOneService } from '../support/service.ts'
import { type KeysFile, keysText, newKey, writeKeysFile } from '../support/service-keys.ts'
import { smokeEnvironment } from '../support/smoke-tools.ts'

/** Newman says much about each of a hundred requests that fail. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024
const scripts = resolve(import.meta.dirname, '..', '..', 'scripts')
const { key, entry } = newKey()

let file: KeysFile
let one: OneService
let tools: Record<string, string>

beforeAll(async () => {
  tools = await smokeEnvironment()
  file = await writeKeysFile(keysText({ name: 'operations', scopes: ['wallet:admin'], keys: [entry] }))
  one = await startOneService({ AUTH_API_KEYS_FILE: file.path })
})
afterAll(async () => {
  await closeFaultless(one)
  await file.remove()
})

interface Ended {
  readonly code: number
  readonly output: string
}

function run(program: string, words: readonly string[], environment: Readonly<Record<string, string>>): Promise<Ended> {
  const env = { ...tools, BASE_URL: one.service.url, ...environment }
  return new Promise((done) => {
    execFile(program, [...words], { env, maxBuffer: MAX_OUTPUT_BYTES }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), output: stdout + stderr }),
    )
  })
}

const smoke = (environment: Readonly<Record<string, string>>): Promise<Ended> =>
  run('bash', [resolve(scripts, 'smoke.sh')], environment)
const postman = (environment: Readonly<Record<string, string>>): Promise<Ended> =>
  run(process.execPath, ['--disable-warning=DEP0176', resolve(scripts, 'postman.ts')], environment)

test('the smoke test', async () => {
  const passed = await smoke({ API_KEY: key })
  expect(passed.output).toMatch(/^smoke: [0-9]{2} checks, 0 failed$/m)
  expect(passed.code).toBe(0)
  expect(await smoke({})).toMatchObject({ code: 1, output: expect.stringContaining('unauthenticated') })
})

test('the Postman collection', async () => {
  const passed = await postman({ API_KEY: key })
  expect(passed.code, passed.output).toBe(0)
  expect((await postman({})).code).toBe(1)
})

test('the typed client', async () => {
  const known = new WalletClient({ baseUrl: one.service.url, apiKey: key })
  const unknown = new WalletClient({ baseUrl: one.service.url })
  const wallet = await known.createWallet({ user_id: 'checked', initial_balance: '1' })
  expect((await known.consume(wallet.wallet_id, { amount: '0.1' })).balance).toBe('0.9')
  await expect(unknown.getWallet(wallet.wallet_id)).rejects.toMatchObject({ code: 'unauthenticated', status: 401 })
  await Promise.all([known.close(), unknown.close()])
})
