// Does what a Dockerfile says without a container engine: each stage is a folder, COPY copies, RUN runs there. Knows just the
// instructions that ours uses and refuses every other, so that what the image would run is what is tested.
import { execFile } from 'node:child_process'
import { cp, mkdir, readFile } from 'node:fs/promises'
import { basename, join, matchesGlob, relative, sep } from 'node:path'
import { promisify } from 'node:util'
import { VARIABLES } from '../../src/environment.ts'

/** What the last stage is: where its files are, and how its process is started. */
export interface BuiltImage {
  /** The working directory. */
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  readonly user: string
  readonly command: readonly string[]
  readonly healthCheck: readonly string[]
}

interface Stage {
  readonly folder: string
  readonly environment: Record<string, string>
  user: string
  command: readonly string[]
  healthCheck: readonly string[]
}

const run = promisify(execFile)

/** Whether a path below the context is sent to the build. */
type IsSent = (path: string) => boolean

/** Builds into folders below `target` from the files of `context` that its .dockerignore lets through. */
export async function buildImage(options: { readonly context: string; readonly target: string }): Promise<BuiltImage> {
  const { context, target } = options
  const stages = new Map<string, Stage>()
  const isSent = await readIgnored(join(context, '.dockerignore'))
  let stage: Stage | null = null
  for (const [name, rest] of await instructionsOf(join(context, 'Dockerfile'))) {
    if (name === 'FROM') {
      const alias = / AS (\S+)$/.exec(rest)?.[1] ?? 'image'
      stage = { folder: join(target, alias), environment: {}, user: 'root', command: [], healthCheck: [] }
      stages.set(alias, stage)
      await mkdir(stage.folder, { recursive: true })
      continue
    }
    if (stage === null) throw new Error(`${name} stands before the first FROM`)
    await follow({ name, rest, stage, stages, context, isSent })
  }
  if (stage === null) throw new Error('The Dockerfile has no stage')
  return stage
}

/** Instructions with their continuation lines joined, without comments. */
async function instructionsOf(path: string): Promise<readonly [name: string, rest: string][]> {
  const text = await readFile(path, 'utf8')
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
  const joined = lines
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
  return joined.map((line) => {
    const [, name = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
    return [name, rest]
  })
}

/** The last line that matches a path, or a folder that it is in, decides. */
async function readIgnored(path: string): Promise<IsSent> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const rules = lines.map((line) => ({ sends: line.startsWith('!'), pattern: line.replace(/^!/, '') }))
  return (file) => {
    const parts = file.split(sep)
    const folders = parts.map((_, index) => parts.slice(0, index + 1).join('/'))
    const rule = rules.findLast(({ pattern }) => folders.some((folder) => matchesGlob(folder, pattern)))
    return rule?.sends ?? true
  }
}

async function follow(step: {
  readonly name: string
  readonly rest: string
  readonly stage: Stage
  readonly stages: ReadonlyMap<string, Stage>
  readonly context: string
  readonly isSent: IsSent
}): Promise<void> {
  const { name, rest, stage } = step
  switch (name) {
    case 'WORKDIR':
    case 'EXPOSE':
      return
    case 'ENV': {
      const [key = '', value = ''] = rest.split('=', 2)
      stage.environment[key] = value
      return
    }
    case 'COPY':
      return copy(step)
    case 'RUN':
      await run('sh', ['-c', rest], { cwd: stage.folder, env: { ...buildEnvironment(), ...stage.environment } })
      return
    case 'USER':
      stage.user = rest
      return
    case 'CMD':
      stage.command = JSON.parse(rest)
      return
    case 'HEALTHCHECK':
      stage.healthCheck = JSON.parse(rest.slice(rest.indexOf('[')))
      return
    default:
      throw new Error(`Nobody has taught test/support/dockerfile.ts about ${name}`)
  }
}

/** The last word is the place: a folder for files, or the copy's own name for a folder. */
async function copy({ rest, stage, stages, context, isSent }: Parameters<typeof follow>[0]): Promise<void> {
  const words = rest.split(/\s+/)
  const from = words[0]?.startsWith('--from=') === true ? words.shift()?.slice('--from='.length) : undefined
  const place = words.pop() ?? ''
  const origin = from === undefined ? context : (stages.get(from)?.folder ?? '')
  const filter = (path: string): boolean => from !== undefined || isSent(relative(context, path))
  for (const word of words) {
    // The working directory of every stage is /app, which here is the stage's folder.
    const source = join(origin, word.replace(/^\/app\//, ''))
    const target = place === './' ? join(stage.folder, basename(word)) : join(stage.folder, place)
    if (!filter(source)) throw new Error(`COPY ${word}: .dockerignore does not send it`)
    await cp(source, target, { recursive: true, verbatimSymlinks: true, filter })
  }
}

/** All that npm may need to reach its registry, but none of the service's settings. */
function buildEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(([name]) => !(name in VARIABLES))
  return Object.fromEntries(entries.map(([name, value = '']) => [name, value]))
}
