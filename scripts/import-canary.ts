// Proves that the lint rules fire. Writes offending files into a temporary mirror of src/, lints them with our own
// configuration and flags, and fails unless every forbidden import and every other offence is reported.
// A gate that has never been seen to fail is no gate: dependency-cruiser under TypeScript 7 read 0 modules and was green.
import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { type Fixture, MAY_IMPORT, PACKAGE_PLACES, RULE_FIXTURES } from './import-canary-fixtures.ts'

type Fault = { path: string; line: number; rule: string }

const root = resolve(import.meta.dirname, '..')
const BOUNDARY_RULE = 'eslint(no-restricted-imports)'

/** An import that stands on one line of a boundary fixture, and whether the rule must refuse it. */
type Expectation = { path: string; line: number; specifier: string; refused: boolean }

/** One file that imports every place and every restricted package, a line each. */
function boundaryFixture(from: string, path: string): { fixture: Fixture; expectations: Expectation[] } {
  const up = path.split('/').length === 2 ? './' : '../'.repeat(path.split('/').length - 2)
  const places = Object.keys(MAY_IMPORT).filter((place) => place !== from)
  const imports = [
    ...places.map((to) => ({
      specifier: up + (to.endsWith('/') ? `${to}clean.ts` : to),
      refused: !(MAY_IMPORT[from] ?? []).includes(to),
    })),
    ...Object.entries(PACKAGE_PLACES).map(([specifier, allowed]) => ({ specifier, refused: !allowed.includes(from) })),
  ]
  return {
    fixture: { path, lines: imports.map(({ specifier }) => `import '${specifier}'`) },
    expectations: imports.map((entry, index) => ({ path, line: index + 1, ...entry })),
  }
}

/** The matrix of places: folders are tried from their own level and from one folder deeper. */
function boundaryFixtures(): { fixture: Fixture; expectations: Expectation[] }[] {
  return Object.keys(MAY_IMPORT).flatMap((from) => {
    const paths = from.endsWith('/') ? [`src/${from}canary.ts`, `src/${from}deeper/canary.ts`] : [`src/${from}`]
    return paths.map((path) => boundaryFixture(from, path))
  })
}

/** The flags of `npm run check:lint`, so that dropping one of them there (`--type-aware`) fails here. */
async function lintFlags(): Promise<string[]> {
  const manifest: unknown = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const [, script] = /"check:lint":"oxlint ([^"]*)"/.exec(JSON.stringify(manifest)) ?? []
  if (script === undefined) throw new Error('package.json has no script "check:lint" that starts with "oxlint "')
  return script.split(' ')
}

async function lint(folder: string): Promise<Fault[]> {
  const arguments_ = [...(await lintFlags()), '--format', 'unix', 'src', 'scripts', 'test']
  const output = await new Promise<string>((done) => {
    execFile(
      process.execPath,
      [join(root, 'node_modules/oxlint/bin/oxlint'), ...arguments_],
      { cwd: folder, maxBuffer: 2 ** 24 },
      (_, stdout, stderr) => done(stdout + stderr),
    )
  })
  const faults = output.split('\n').flatMap((text): Fault[] => {
    const [, path, line, rule] = /^(\S+?):(\d+):\d+: .*\[\w+\/(.+)\]$/.exec(text) ?? []
    return path === undefined || line === undefined || rule === undefined ? [] : [{ path, line: Number(line), rule }]
  })
  if (faults.length === 0) throw new Error(`the linter reported nothing:\n${output}`)
  return faults
}

async function writeMirror(folder: string, fixtures: Fixture[]): Promise<void> {
  await copyFile(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'))
  const compilerOptions = {
    target: 'es2024',
    module: 'nodenext',
    strict: true,
    noEmit: true,
    types: [],
    allowImportingTsExtensions: true,
  }
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include: ['src', 'scripts', 'test'] }),
  )
  for (const { path, lines } of fixtures) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), `${lines.join('\n')}\n`)
  }
}

function judge(faults: Fault[], expectations: Expectation[]): string[] {
  const misses: string[] = []
  for (const { path, line, specifier, refused } of expectations) {
    const fired = faults.some((fault) => fault.path === path && fault.line === line && fault.rule === BOUNDARY_RULE)
    if (fired !== refused)
      misses.push(`${path}: import '${specifier}' is ${fired ? 'refused, but allowed' : 'let through'}`)
  }
  for (const { path, rule } of RULE_FIXTURES) {
    const fired = faults.filter((fault) => fault.path === path).map((fault) => fault.rule)
    if (rule !== undefined && !fired.includes(rule)) misses.push(`${path}: ${rule} did not fire`)
    if (rule === undefined && fired.length > 0) misses.push(`${path}: is clean, but fired ${fired.join(', ')}`)
  }
  return misses
}

/** A folder or file under src/ that the table does not know would have no rule at all. */
async function unknownPlaces(): Promise<string[]> {
  const entries = await readdir(join(root, 'src'), { withFileTypes: true })
  const places = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
  return places
    .filter((place) => /\/$|\.ts$/.test(place) && !(place in MAY_IMPORT))
    .map((place) => `src/${place}: no import rule; add it to scripts/import-canary-fixtures.ts and .oxlintrc.json`)
}

const folder = await mkdtemp(join(tmpdir(), 'import-canary-'))
try {
  const boundaries = boundaryFixtures()
  await writeMirror(folder, [...boundaries.map(({ fixture }) => fixture), ...RULE_FIXTURES])
  const expectations = boundaries.flatMap((boundary) => boundary.expectations)
  const misses = [...judge(await lint(folder), expectations), ...(await unknownPlaces())]
  for (const miss of misses) console.error(miss)
  const refused = expectations.filter((expectation) => expectation.refused).length
  console.log(
    `import canary: ${refused} forbidden and ${expectations.length - refused} allowed imports, ${RULE_FIXTURES.length} rule fixtures, ${misses.length} misses`,
  )
  process.exitCode = misses.length > 0 ? 1 : 0
} finally {
  await rm(folder, { recursive: true })
}
