// Writes every generated file of the repository. With --check writes nothing and fails when a committed file differs
// from what its source now says, with the first lines that differ and the command that mends it.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { renderBenchChart } from './generators/bench-chart.ts'
import { renderOpenapi } from './generators/openapi.ts'
import { renderPostmanCollection, renderPostmanEnvironment } from './generators/postman-collection.ts'
import { renderReadme } from './generators/readme-session.ts'
import { renderSchema } from './generators/schema.ts'
import { renderApiTypes, renderOperations } from './generators/sdk.ts'

type Generator = { path: string; render(): Promise<string>; mend: string }

const MEND = 'npm run generate'

const GENERATORS: readonly Generator[] = [
  { path: 'openapi.yaml', render: renderOpenapi, mend: MEND },
  // What follows is made from the specification.
  { path: 'postman/wallet-service.postman_collection.json', render: renderPostmanCollection, mend: MEND },
  { path: 'postman/local.postman_environment.json', render: renderPostmanEnvironment, mend: MEND },
  { path: 'src/sdk/api-types.ts', render: renderApiTypes, mend: MEND },
  { path: 'src/sdk/operations.ts', render: renderOperations, mend: MEND },
  { path: 'docs/schema.sql', render: renderSchema, mend: MEND },
  { path: 'docs/bench.svg', render: renderBenchChart, mend: MEND },
  { path: 'README.md', render: renderReadme, mend: MEND },
]

const DIFF_LINES = 10
const root = resolve(import.meta.dirname, '..')

async function committedText(path: string): Promise<string | undefined> {
  try {
    return await readFile(join(root, path), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** The first lines that differ, `-` as committed and `+` as rendered. */
function differenceOf(committed: string, rendered: string): string {
  const [before, after] = [committed.split('\n'), rendered.split('\n')]
  const start = after.findIndex((line, index) => line !== before[index])
  const first = start === -1 ? after.length : start
  const show = (sign: string, lines: string[]): string[] =>
    lines.slice(first, first + DIFF_LINES).map((line) => `  ${sign} ${line}`)
  return [`  line ${first + 1}`, ...show('-', before), ...show('+', after)].join('\n')
}

/** Renders one file; true when the committed file is as rendered, or has been made so. */
async function run(generator: Generator, check: boolean): Promise<boolean> {
  const [rendered, committed] = await Promise.all([generator.render(), committedText(generator.path)])
  if (rendered === committed) {
    console.log(`${generator.path}: unchanged`)
    return true
  }
  if (check) {
    const difference = committed === undefined ? '  does not exist' : differenceOf(committed, rendered)
    console.log(`${generator.path}: differs from its source\n${difference}\n  mend with: ${generator.mend}`)
    return false
  }
  await mkdir(dirname(join(root, generator.path)), { recursive: true })
  await writeFile(join(root, generator.path), rendered)
  console.log(`${generator.path}: written`)
  return true
}

const { values, positionals } = parseArgs({
  options: { check: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  allowPositionals: true,
})

if (values.help) {
  console.log(
    `node scripts/generate.ts [--check] [path ...]\n\n${GENERATORS.map(({ path }) => `  ${path}`).join('\n')}`,
  )
} else {
  const chosen = GENERATORS.filter(({ path }) => positionals.length === 0 || positionals.includes(path))
  if (chosen.length === 0) throw new Error(`No generator writes ${positionals.join(', ')}`)
  const results: boolean[] = []
  for (const generator of chosen) results.push(await run(generator, values.check))
  process.exitCode = results.every(Boolean) ? 0 : 1
}
