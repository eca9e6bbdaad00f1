// Makes the typed client a package of its own: `wallet-service` with `wallet-service/client` in it and none of the server, which
// would bring its dependencies and a Node of its own along. Publishes nothing.
import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { z } from 'zod'

const HELP = `npm run pack:client [-- --out FOLDER]

  --out FOLDER  where to (dist): FOLDER/client becomes the package, FOLDER/wallet-service-client.tgz the same, packed
  --help        this page

Another project gets it with: npm install .../wallet-service-client.tgz`

const root = resolve(import.meta.dirname, '..')
const run = promisify(execFile)
/** All that the client imports. */
const DEPENDENCIES = ['undici', 'uuidv7'] as const
/** The first with `JSON.rawJSON` and `Promise.withResolvers` that is maintained; undici asks for less. */
const OLDEST_NODE = '>=22'
/** Some systems' command lines find no `npm` without a shell. */
const isWindows = process.platform === 'win32'

const Manifest = z.object({
  name: z.string(),
  version: z.string(),
  license: z.string(),
  dependencies: z.record(z.string(), z.string()),
})
const Packed = z.tuple([z.object({ filename: z.string() })])

async function manifestOfClient(): Promise<object> {
  const { name, version, license, dependencies } = Manifest.parse(
    JSON.parse(await readFile(join(root, 'package.json'), 'utf8')),
  )
  const entry = { types: './lib/index.d.ts', default: './lib/index.js' }
  return {
    name,
    version,
    // Whoever publishes it decides where to.
    private: true,
    description: 'The typed client of the wallet service',
    license,
    type: 'module',
    engines: { node: OLDEST_NODE },
    exports: { '.': entry, './client': entry },
    files: ['lib'],
    dependencies: Object.fromEntries(DEPENDENCIES.map((dependency) => [dependency, dependencies[dependency]])),
  }
}

/** Says where the tarball is. */
async function pack(out: string): Promise<string> {
  const folder = join(out, 'client')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  await run(process.execPath, [compiler, '-p', join(root, 'tsconfig.client.json'), '--outDir', join(folder, 'lib')])
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(await manifestOfClient(), null, 2)}\n`)
  await cp(join(root, 'src', 'sdk', 'README.md'), join(folder, 'README.md'))
  const options = { cwd: folder, shell: isWindows }
  const { stdout } = await run('npm', ['pack', '--offline', '--ignore-scripts', '--json'], options)
  const [{ filename }] = Packed.parse(JSON.parse(stdout))
  const tarball = join(out, 'wallet-service-client.tgz')
  await rename(join(folder, filename), tarball)
  return tarball
}

try {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: join(root, 'dist') },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  console.log(values.help ? HELP : await pack(resolve(values.out)))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  // The compiler says on its standard output what is wrong.
  if (error instanceof Error && 'stdout' in error) console.error(error.stdout)
  process.exitCode = 2
}
