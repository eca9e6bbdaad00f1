// `wallet-service/client` as another project gets it: packed, installed by npm into an empty project, type-checked and run by
// plain Node against the real service.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { closeFaultless, type OneService, startOneService } from '../support/service.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')
const TYPES = ['@types/node', 'undici-types']
const run = promisify(execFile)

let one: OneService
let folder: string

beforeAll(async () => {
  one = await startOneService()
  folder = await mkdtemp(join(tmpdir(), 'wallet-client-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await closeFaultless(one)
})

const CONSUMER = `
import { isWalletServiceError, type DecimalString, WalletClient } from 'wallet-service/client'

const client = new WalletClient({ baseUrl: process.argv[2] ?? '' })
const opened = await client.createWallet({ user_id: 'consumer', initial_balance: '12345678901234567890.5' })
const available: DecimalString = (await client.getBalance(opened.wallet_id)).data.available_balance
try {
  await client.transfer(opened.wallet_id, { to_wallet_id: opened.wallet_id, amount: '1' })
} catch (error) {
  if (!isWalletServiceError(error)) throw error
  // @ts-expect-error: only a refusal for want of money has a shortfall
  error.context.shortfall
  console.log(available, error.code === 'insufficient_balance' ? error.context.shortfall : error.code)
}
// @ts-expect-error: an amount is a string
await client.deposit(opened.wallet_id, { amount: 10 }).catch((error: Error) => console.log(error.name))
// @ts-expect-error: one or the other
new WalletClient({ baseUrl: '', consul: { address: '' } })
// @ts-expect-error: what moves no money has no key
void (() => client.freezeWallet(opened.wallet_id, { reason: 'x' }, { idempotencyKey: 'x' }))
await client.close()
`

const COMPILER_OPTIONS = {
  module: 'nodenext',
  target: 'es2023',
  strict: true,
  noEmit: true,
  // The client's declarations are checked, too.
  skipLibCheck: false,
  types: ['node'],
}

test('is installed alone, has types, and runs', async () => {
  const consumer = join(folder, 'consumer')
  const modules = join(consumer, 'node_modules')
  await mkdir(consumer)
  await writeFile(join(consumer, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
  const { stdout: tarball } = await run(process.execPath, [join(ROOT, 'scripts/pack-client.ts'), '--out', folder])
  const flags = ['--prefix', consumer, '--prefer-offline', '--no-audit', '--no-fund']
  await run('npm', ['install', ...flags, tarball.trim()], { cwd: consumer })
  // Nothing of the server, and no Node in place of the consumer's.
  const installed = (await readdir(modules)).filter((name) => !name.startsWith('.'))
  expect(installed.toSorted()).toEqual(['undici', 'uuidv7', 'wallet-service'])
  expect(await readdir(join(modules, '.bin'))).toEqual(['uuidv7'])
  const manifest = JSON.parse(await readFile(join(modules, 'wallet-service/package.json'), 'utf8'))
  const ours = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  const { undici, uuidv7 } = ours.dependencies
  expect(manifest).toMatchObject({ name: 'wallet-service', version: ours.version })
  expect(manifest.dependencies).toEqual({ undici, uuidv7 })
  const files = await readdir(join(modules, 'wallet-service'))
  expect(files.toSorted()).toEqual(['README.md', 'lib', 'package.json'])

  // What a consumer's compiler needs is the consumer's own.
  await mkdir(join(modules, '@types'))
  for (const name of TYPES) await symlink(join(ROOT, 'node_modules', name), join(modules, name))
  await writeFile(join(consumer, 'tsconfig.json'), JSON.stringify({ compilerOptions: COMPILER_OPTIONS }))
  await writeFile(join(consumer, 'main.ts'), CONSUMER)
  await run(process.execPath, [TSC, '-p', consumer]).catch((error: { stdout: string }) => {
    throw new Error(`The consumer does not compile: ${error.stdout}`)
  })
  const { stdout } = await run(process.execPath, [join(consumer, 'main.ts'), one.service.url])
  expect(stdout).toBe('12345678901234567890.5 same_wallet\nTypeError\n')
})
