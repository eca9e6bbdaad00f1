// Brings a server program that tests need and npm does not have: from the PATH, else from Debian's packages, unpacked into
// node_modules/.cache without installing anything. Needs no root; needs apt and dpkg.
import { execFile } from 'node:child_process'
import { access, constants, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { promisify } from 'node:util'

/** A program, and where Debian has it. */
export interface WantedProgram {
  readonly program: string
  /** That hold the program itself. */
  readonly packages: readonly [string, ...string[]]
  /** Of libraries that a slim machine may lack; brought only where one is missing. */
  readonly libraries?: readonly string[]
  /** An older suite of Debian that still has it; else the machine's own. */
  readonly suite?: string
}

/** Where a program is, and what it must be started with. */
export interface FoundProgram {
  readonly path: string
  readonly environment: Readonly<Record<string, string>>
}

/** Neither on the PATH nor to be had from Debian; the message says why. */
export class ProgramNotFoundError extends Error {
  override readonly name = 'ProgramNotFoundError'
}

const run = promisify(execFile)
const SOURCES = '/etc/apt/sources.list.d/debian.sources'
const CACHE = resolve(import.meta.dirname, '..', 'node_modules', '.cache', 'debian')
/** An archive that cannot be reached must not hold up everybody's tests. */
const UPDATE_TIMEOUT_MS = 30_000
const DOWNLOAD_TIMEOUT_MS = 120_000
/** Debian 13 named libraries anew whose times have 64 bits. */
const LIBRARY_SUFFIXES = ['', 't64']

const searches = new Map<string, Promise<FoundProgram>>()

/** Finds the program or brings it; one search a process, also where it fails. Throws `ProgramNotFoundError`. */
export function findProgram(wanted: WantedProgram, sources = SOURCES): Promise<FoundProgram> {
  const search = searches.get(wanted.program) ?? searchFor(wanted, sources)
  searches.set(wanted.program, search)
  return search
}

async function searchFor(wanted: WantedProgram, sources: string): Promise<FoundProgram> {
  const installed = await onPath(wanted.program)
  if (installed !== null) return { path: installed, environment: {} }
  const folder = join(CACHE, wanted.program)
  try {
    if ((await programIn(folder, wanted.program)) === null) await bring(wanted, folder, sources)
    const path = await programIn(folder, wanted.program)
    if (path === null) throw new Error(`the packages ${wanted.packages.join(' and ')} do not hold it`)
    return { path, environment: await librariesIn(folder) }
  } catch (error) {
    if (error instanceof ProgramNotFoundError) throw error
    throw new ProgramNotFoundError(
      `There is no ${wanted.program} on the PATH, and Debian's package cannot be had: ${reasonOf(error)}`,
      { cause: error },
    )
  }
}

async function onPath(program: string): Promise<string | null> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, program)
    if (folder !== '' && (await isExecutable(path))) return path
  }
  return null
}

/** Where an unpacked package has its program: some are for administrators. */
async function programIn(root: string, program: string): Promise<string | null> {
  for (const folder of ['bin', 'sbin']) {
    const path = join(root, 'usr', folder, program)
    if (await isExecutable(path)) return path
  }
  return null
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

/** Downloads and unpacks beside the place and moves it there in one step: two test runs may do this at once. */
async function bring(wanted: WantedProgram, folder: string, sourcesPath: string): Promise<void> {
  const { program, packages, libraries = [], suite } = wanted
  const sources = await readSources(program, sourcesPath)
  console.error(`looking for ${program} in Debian's packages, for there is none on the PATH ...`)
  const work = `${folder}.${process.pid}.${Date.now()}`
  const root = join(work, 'root')
  try {
    const options = await aptFolders(work, suite === undefined ? sources : ofSuite(sources, suite))
    const apt = (timeout: number, ...words: string[]) =>
      run('apt-get', [...options, ...words], { cwd: work, timeout, killSignal: 'SIGKILL' })
    const unpack = async (...names: string[]): Promise<void> => {
      await apt(DOWNLOAD_TIMEOUT_MS, 'download', ...names)
      const files = (await readdir(work)).filter((name) => name.endsWith('.deb'))
      for (const file of files) await run('dpkg', ['-x', join(work, file), root])
      for (const file of files) await rm(join(work, file))
    }
    await apt(UPDATE_TIMEOUT_MS, 'update')
    await unpack(...packages)
    if ((await missingLibraries(root, program)) !== '') {
      for (const library of libraries) await firstOf(LIBRARY_SUFFIXES, (suffix) => unpack(`${library}${suffix}`))
      const missing = await missingLibraries(root, program)
      if (missing !== '') throw new Error(`it lacks ${missing}`)
    }
    await rm(folder, { recursive: true, force: true })
    await rename(root, folder)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function readSources(program: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const why = `only Debian's packages can be brought, and this machine does not say where they are (${path})`
    throw new ProgramNotFoundError(`There is no ${program} on the PATH; ${why}: put ${program} on the PATH.`, {
      cause: error,
    })
  }
}

/** Works with the first that there is; with none of them, that is seen by what is missing in the end. */
async function firstOf(suffixes: readonly string[], work: (suffix: string) => Promise<void>): Promise<void> {
  for (const suffix of suffixes) {
    const done = await work(suffix).then(
      () => true,
      () => false,
    )
    if (done) return
  }
}

/** The names of the libraries that it cannot be started without and that are nowhere; one linked statically needs none. */
async function missingLibraries(root: string, program: string): Promise<string> {
  const env = { ...process.env, ...(await librariesIn(root)) }
  const path = (await programIn(root, program)) ?? ''
  const said = await run('ldd', [path], { env }).catch(() => ({ stdout: '' }))
  return [...said.stdout.matchAll(/^\s*(\S+) => not found$/gm)].map(([, name = '']) => name).join(', ')
}

/** A source, lists and a cache of our own, so that the machine's stay as they are. */
async function aptFolders(work: string, sources: string): Promise<string[]> {
  for (const folder of ['sources', 'lists/partial', 'cache/archives/partial']) {
    await mkdir(join(work, folder), { recursive: true })
  }
  await writeFile(join(work, 'sources', 'debian.sources'), sources)
  return [
    '-o',
    'Dir::Etc::SourceList=/dev/null',
    '-o',
    `Dir::Etc::SourceParts=${join(work, 'sources')}`,
    '-o',
    `Dir::State::Lists=${join(work, 'lists')}`,
    '-o',
    `Dir::Cache=${join(work, 'cache')}`,
    '-o',
    'APT::Sandbox::User=',
  ]
}

/** The machine's main archive with another suite; its security archive has the suite under another name. */
function ofSuite(sources: string, suite: string): string {
  const [main = ''] = sources.split(/\n\s*\n/)
  return `${main.replace(/^Suites:.*$/m, `Suites: ${suite}`)}\n`
}

async function librariesIn(folder: string): Promise<Record<string, string>> {
  const folders = [join(folder, 'usr', 'lib'), join(folder, 'lib')]
  const paths: string[] = []
  for (const parent of folders) {
    const names = await readdir(parent).catch(() => [])
    paths.push(...names.filter((name) => name.endsWith('-linux-gnu')).map((name) => join(parent, name)))
  }
  return paths.length === 0 ? {} : { LD_LIBRARY_PATH: paths.join(delimiter) }
}

function reasonOf(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
  // A command that is not there has said nothing itself.
  const text = said === '' && error instanceof Error ? error.message : said || String(error)
  return text.trim().split('\n').at(-1) ?? 'no reason given'
}
