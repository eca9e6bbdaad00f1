// Which user the embedded PostgreSQL runs as, and where its programs and data are. What only root or only an ordinary user can
// meet stands in a block for each: one of the two runs, the other shows as skipped.
import { chmod, cp, lstat, mkdir, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type InstalledBinaries, locateBinaries } from '../../src/db/embedded-binaries.ts'
import { NOTE, at, log, postmasterOf, readNote, start, useEmbeddedFolder, writeNote } from '../support/embedded.ts'

const isRoot = process.geteuid?.() === 0
let installed: InstalledBinaries

useEmbeddedFolder()
beforeAll(async () => {
  installed = await locateBinaries(process.platform, process.arch)
})

/** The package as `npm ci --ignore-scripts` leaves it: without the links between library versions. */
const copyWithoutLinks = async (folder: string): Promise<InstalledBinaries> => {
  const native = join(folder, 'native')
  const filter = async (path: string): Promise<boolean> => !(await lstat(path)).isSymbolicLink()
  await cp(installed.native, native, { recursive: true, filter })
  return { native, version: installed.version }
}

const linksIn = async (native: string): Promise<string[]> => {
  const entries = await readdir(join(native, 'lib'), { withFileTypes: true })
  return entries.filter((entry) => entry.isSymbolicLink()).map(({ name }) => name)
}

describe('programs without the links their install script makes', () => {
  test('are mended in place', async () => {
    const broken = await copyWithoutLinks(at('broken'))
    expect(await linksIn(broken.native)).toEqual([])
    const server = await start('mended', { installed: broken, durable: false })
    expect(server.binariesDir).toBe(broken.native)
    expect((await linksIn(broken.native)).length).toBeGreaterThan(0)
  })
})

/** What only root meets, and what only an ordinary user meets; a run registers the half that its user can run. */
const ofRoot = (): void => {
  test('PostgreSQL runs as another user, who owns its data', async () => {
    const server = await start('as-root', { durable: false })
    const { uid } = await stat(join(server.dataDir, 'postgres'))
    expect(uid).not.toBe(0)
    expect((await stat(`/proc/${await postmasterOf(server.dataDir)}`)).uid).toBe(uid)
  })

  test('data restored by root, with root as their owner and open to all, are given back', async () => {
    const first = await start('restored')
    await writeNote(first.url)
    await first.stop()
    const cluster = join(first.dataDir, 'postgres')
    await cp(cluster, `${cluster}.copy`, { recursive: true })
    await rm(cluster, { recursive: true })
    await rename(`${cluster}.copy`, cluster)
    await chmod(cluster, 0o755)
    expect((await stat(cluster)).uid).toBe(0)
    expect(await readNote((await start('restored')).url)).toEqual(NOTE)
  })

  test('in a checkout that only root may enter, data and programs go where PostgreSQL’s user can reach them', async () => {
    const closed = at('closed')
    await mkdir(closed, { mode: 0o700 })
    const wanted = join('closed', 'checkout', 'data')
    const native = join(closed, 'checkout', 'native')
    await cp(installed.native, native, { recursive: true, verbatimSymlinks: true })
    const checkout = { installed: { native, version: installed.version } }

    const first = await start(wanted, checkout)
    expect(first.dataDir).toMatch(new RegExp(`^${at()}/elsewhere/data/checkout-[0-9a-f]{16}$`))
    expect(first.binariesDir).toMatch(new RegExp(`^${at()}/elsewhere/binaries/${installed.version}-`))
    expect(log()).toContain(`the database's data are in ${first.dataDir}: the user `)
    expect(await readFile(at(wanted, 'DATA_IS_ELSEWHERE.txt'), 'utf8')).toContain(first.dataDir)
    await writeNote(first.url)
    await first.stop()

    // Found again, also when the folder has become reachable: the data are where they are.
    await chmod(closed, 0o755)
    const second = await start(wanted, checkout)
    expect(second.dataDir).toBe(first.dataDir)
    expect(await readNote(second.url)).toEqual(NOTE)
  })

  test('a database that has become unreachable is an error, and never an empty database elsewhere', async () => {
    const outer = at('outer')
    const first = await start(join('outer', 'data'), { durable: false })
    await first.stop()
    await chmod(outer, 0o700)
    await expect(start(join('outer', 'data'))).rejects.toMatchObject({
      fault: 'folder_not_passable',
      message: expect.stringContaining(
        'make every folder above it passable (chmod o+x), or start the service as the user',
      ),
    })
  })
}

const ofOrdinaryUser = (): void => {
  test('PostgreSQL runs as this user', async () => {
    const server = await start('as-user', { durable: false })
    expect((await stat(join(server.dataDir, 'postgres'))).uid).toBe(process.geteuid?.())
  })

  test('a folder that cannot be written in has its sentence', async () => {
    const closed = at('closed')
    await mkdir(closed, { mode: 0o555 })
    await expect(start(join('closed', 'data'))).rejects.toMatchObject({
      fault: 'folder_not_writable',
      message: `The data folder ${join(closed, 'data')} cannot be used (EACCES): make it a folder this user may write in, or set DATA_DIR to another one, or DATABASE_URL to a PostgreSQL of your own.`,
    })
  })

  test('programs that can be mended only in a copy are copied beside the data', async () => {
    const broken = await copyWithoutLinks(at('read-only'))
    await chmod(join(broken.native, 'lib'), 0o555)
    onTestFinished(() => chmod(join(broken.native, 'lib'), 0o755))
    const server = await start('copied', { installed: broken, durable: false })
    expect(server.binariesDir).toBe(
      at('copied', 'binaries', `${installed.version}-${process.platform}-${process.arch}`),
    )
  })
}

const mine = isRoot ? { user: 'root', tests: ofRoot } : { user: 'an ordinary user', tests: ofOrdinaryUser }

describe(`as ${mine.user}`, () => {
  mine.tests()
})
