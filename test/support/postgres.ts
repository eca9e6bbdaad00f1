// The PostgreSQL of a test run: one throw-away embedded cluster (or the server of TEST_DATABASE_URL), one migrated template
// database, and a copy of it for whoever asks. `setup` runs once in vitest's main process, the `create...Database` functions
// in the tests.
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { inject } from 'vitest'
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres, stopAbandonedPostgres } from '../../src/db/embedded.ts'
import { migrateToLatest } from '../../src/db/migrator.ts'
import { databaseOf, withClient } from './sql.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where this run's databases are: a server's address with the right to create databases, and the names' common part. */
    testPostgres: { readonly serverUrl: string; readonly run: string }
  }
}

export type TestDatabase = { readonly url: string; drop(): Promise<void> }

const FOLDER_PREFIX = 'wallet-service-test-'
const NEW_FOLDER_MS = 60_000
const COPY_ATTEMPTS = 100
const OBJECT_IN_USE = '55006'

const silent = (): void => undefined

const templateOf = (run: string): string => `wallet_template_${run}`

/** Runs that were killed leave their server running and their folder behind. A living run's is in use, or a new one's. */
const sweepKilledRuns = async (): Promise<void> => {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(FOLDER_PREFIX))
  for (const name of names) {
    const folder = join(tmpdir(), name)
    try {
      if (Date.now() - (await stat(folder)).mtimeMs < NEW_FOLDER_MS) continue
      await stopAbandonedPostgres({ ...inRunFolder(folder), log: silent })
      await rm(folder, { recursive: true, force: true })
    } catch {
      // In use, or another user's: not ours to clear away.
    }
  }
}

/** As root in a closed checkout, the copies of data and programs go into the run's folder too, and away with it. */
const inRunFolder = (folder: string) => ({ dataDir: join(folder, 'data'), relocationRoot: join(folder, 'elsewhere') })

const startServer = async (): Promise<{ url: string; stop(): Promise<void> }> => {
  const given = process.env['TEST_DATABASE_URL']
  if (given !== undefined && given !== '') return { url: given, stop: async () => undefined }
  await sweepKilledRuns()
  const folder = await mkdtemp(join(tmpdir(), FOLDER_PREFIX))
  // Under root, PostgreSQL's user has to pass through it.
  await chmod(folder, 0o755)
  const server = await startEmbeddedPostgres({ ...inRunFolder(folder), log: silent, durable: false }).catch(
    async (error: unknown) => {
      await rm(folder, { recursive: true, force: true })
      throw error
    },
  )
  const stop = async (): Promise<void> => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  return { url: databaseOf(server.url, 'postgres'), stop }
}

const createTemplate = async (serverUrl: string, run: string): Promise<void> => {
  const name = templateOf(run)
  await withClient(serverUrl, (client) => client.query(`CREATE DATABASE ${name}`))
  await migrateToLatest(databaseOf(serverUrl, name))
  // Copying needs a template that nobody is connected to.
  await withClient(serverUrl, (client) => client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`))
}

/** Also what a test forgot: on a server of TEST_DATABASE_URL it would stay for ever. */
const dropAllOf = (serverUrl: string, run: string): Promise<void> =>
  withClient(serverUrl, async (client) => {
    const found = await client.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE datname = $1 OR starts_with(datname, $2)',
      [templateOf(run), `wallet_test_${run}_`],
    )
    for (const { datname } of found.rows) {
      await client.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(datname)} WITH (FORCE)`)
    }
  })

/** Vitest's global setup; what it returns is the teardown. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const server = await startServer()
  const run = randomBytes(5).toString('hex')
  try {
    await createTemplate(server.url, run)
  } catch (error) {
    await server.stop()
    throw error
  }
  project.provide('testPostgres', { serverUrl: server.url, run })
  return async () => {
    try {
      await dropAllOf(server.url, run)
    } finally {
      await server.stop()
    }
  }
}

const copyTemplate = async (client: pg.Client, name: string, template: string): Promise<void> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`)
      return
    } catch (error) {
      // Another worker is copying at this moment, or autovacuum is looking at the template.
      if (!(error instanceof pg.DatabaseError) || error.code !== OBJECT_IN_USE || attempt === COPY_ATTEMPTS) throw error
      await delay(50 + Math.random() * 50)
    }
  }
}

/** A copy of any database of the test server that nobody is connected to. Drop it when done, which ends open connections. */
export const createDatabaseFrom = async (template: string): Promise<TestDatabase> => {
  const { serverUrl, run } = inject('testPostgres')
  const name = `wallet_test_${run}_${randomBytes(4).toString('hex')}`
  await withClient(serverUrl, (client) => copyTemplate(client, name, template))
  return {
    url: databaseOf(serverUrl, name),
    drop: async () => {
      await withClient(serverUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
    },
  }
}

/** A migrated database of one's own without a row in it. */
export const createTestDatabase = (): Promise<TestDatabase> =>
  createDatabaseFrom(templateOf(inject('testPostgres').run))

/** A database of one's own with nothing in it, not even tables. */
export const createEmptyDatabase = (): Promise<TestDatabase> => createDatabaseFrom('template0')
