// Reading a .cpuprofile of V8's: where the samples were taken, summed by function and by package.
import { readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

const ROOT = join(import.meta.dirname, '..', '..')

const Profile = z.object({
  nodes: z.array(
    z.object({
      id: z.int(),
      callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.int() }),
    }),
  ),
  samples: z.array(z.int()),
  timeDeltas: z.array(z.number()),
})
export type CpuProfile = z.infer<typeof Profile>

export interface SelfTime {
  readonly where: string
  readonly ms: number
  /** Of the time in which the thread was not idle. */
  readonly share: number
}

export interface ProfileSummary {
  readonly busyMs: number
  readonly idleMs: number
  readonly byFunction: readonly SelfTime[]
  readonly byPackage: readonly SelfTime[]
}

/** Reads and sums up a profile file. */
export async function summariseProfile(file: string): Promise<ProfileSummary> {
  return selfTimes(Profile.parse(JSON.parse(await readFile(file, 'utf8'))))
}

/** Self time by function and by package, the largest first. */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): ProfileSummary {
  const microsByNode = new Map<number, number>()
  samples.forEach((node, index) => {
    microsByNode.set(node, (microsByNode.get(node) ?? 0) + Math.max(0, timeDeltas[index] ?? 0))
  })
  const functions = new Map<string, number>()
  const packages = new Map<string, number>()
  let idle = 0
  for (const { id, callFrame } of nodes) {
    const micros = microsByNode.get(id) ?? 0
    if (callFrame.functionName === '(idle)') idle += micros
    else {
      const file = fileOf(callFrame.url)
      const name = callFrame.functionName || '(anonymous)'
      add(functions, file === '' ? name : `${name} ${file}:${callFrame.lineNumber + 1}`, micros)
      add(packages, packageOf(file) || name, micros)
    }
  }
  const busy = [...functions.values()].reduce((sum, micros) => sum + micros, 0)
  const ranked = (sums: ReadonlyMap<string, number>): SelfTime[] =>
    [...sums]
      .map(([where, micros]) => ({ where, ms: micros / 1000, share: busy === 0 ? 0 : micros / busy }))
      .toSorted((left, right) => right.ms - left.ms)
  return { busyMs: busy / 1000, idleMs: idle / 1000, byFunction: ranked(functions), byPackage: ranked(packages) }
}

function add(sums: Map<string, number>, key: string, micros: number): void {
  sums.set(key, (sums.get(key) ?? 0) + micros)
}

/** `src/...`, `node_modules/...`, `node:...`, or '' for V8's own. */
function fileOf(url: string): string {
  return url.startsWith('file:') ? relative(ROOT, fileURLToPath(url)).split(sep).join('/') : url
}

/** The package of a file, our own folder under src/, or `node:` for Node's library. */
function packageOf(file: string): string {
  if (file.startsWith('node:')) return 'node:'
  const installed = /node_modules\/((?:@[^/]+\/)?[^/]+)(?!.*node_modules)/.exec(file)
  if (installed?.[1] !== undefined) return installed[1]
  return file.split('/').slice(0, -1).join('/')
}
