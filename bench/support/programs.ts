// Other programs: whether they are installed, and running one of them to its end.
import { spawn } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

/** Fails the run with one sentence for the person who started it; no stack is worth showing. */
export class BenchFailure extends Error {
  override readonly name = 'BenchFailure'
}

/** pgbench says the same for each of its 256 connections. */
const COMPLAINT_LINES = 5

export interface Program {
  readonly file: string
  readonly args: readonly string[]
  /** Added to this process's own environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** Runs a program and gives what it printed. Throws `BenchFailure` with its own words when it fails. */
export async function runProgram({ file, args, env, signal }: Program): Promise<string> {
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], signal })
  let output = ''
  let complaints = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code === 0) return output
  const words = (complaints || output).trim().split('\n')
  throw new BenchFailure(`${file} ended with ${code ?? 'a signal'}: ${words.slice(0, COMPLAINT_LINES).join('\n')}`)
}

/** Those of the programs that are not on the PATH. */
export async function missingPrograms(names: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(names.map(isOnPath))
  return names.filter((_, index) => found[index] !== true)
}

async function isOnPath(name: string): Promise<boolean> {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const hits = await Promise.all(
    folders.map((folder) =>
      access(join(folder, name), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  )
  return hits.includes(true)
}

/** Throws `BenchFailure`, and says how to get them, when one of the programs is not on the PATH. */
export async function requirePrograms(names: readonly string[]): Promise<void> {
  const missing = await missingPrograms(names)
  if (missing.length === 0) return
  throw new BenchFailure(
    `${missing.join(' and ')} must be installed and on the PATH for this bench (Debian: apt-get install wrk postgresql; macOS: brew install wrk postgresql).`,
  )
}
