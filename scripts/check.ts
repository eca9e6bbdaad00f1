// Runs every `check:*` script of package.json, two at a time, and prints a table of what passed, how long it took, and
// the whole output of what failed. `npm run check` is the gate before a commit and must stay under a minute.
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'

type Step = { name: string; command: string }
type Outcome = Step & { code: number; seconds: number; output: string }

const CONCURRENCY = 2
/** A step that hangs must not hang the gate. */
const STEP_TIMEOUT_MS = 120_000
const PREFIX = 'check:'
const root = resolve(import.meta.dirname, '..')

const Manifest = z.object({ scripts: z.record(z.string(), z.string()) })

async function allSteps(): Promise<Step[]> {
  const { scripts } = Manifest.parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')))
  return Object.entries(scripts)
    .filter(([name]) => name.startsWith(PREFIX))
    .map(([name, command]) => ({ name: name.slice(PREFIX.length), command }))
}

function run(step: Step): Promise<Outcome> {
  const start = performance.now()
  // The script's text, run as npm would but without npm: half a second less for each step.
  const bin = join(root, 'node_modules', '.bin')
  const path = `${bin}${process.platform === 'win32' ? ';' : ':'}${process.env['PATH'] ?? ''}`
  return new Promise((done) => {
    const child = spawn(step.command, {
      cwd: root,
      env: { ...process.env, PATH: path },
      shell: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')))
    // Without the streams' end, a grandchild that outlives the shell would keep `close` from coming.
    const timer = setTimeout(() => {
      output += `ended after ${STEP_TIMEOUT_MS / 1000} s\n`
      child.kill()
      child.stdout.destroy()
      child.stderr.destroy()
    }, STEP_TIMEOUT_MS)
    const finish = (code: number): void => {
      clearTimeout(timer)
      done({ ...step, code, seconds: (performance.now() - start) / 1000, output })
    }
    child.on('error', (error) => {
      output += `${error.message}\n`
      finish(1)
    })
    child.on('close', (code) => finish(code ?? 1))
  })
}

/** Starts the steps in their order, `CONCURRENCY` at a time; the outcomes come in the same order. */
async function runAll(steps: readonly Step[]): Promise<Outcome[]> {
  const waiting = [...steps.entries()]
  const outcomes: Outcome[] = []
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, step] = next
      outcomes[index] = await run(step)
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, lane))
  return outcomes
}

function report(outcomes: readonly Outcome[], seconds: number): void {
  const failed = outcomes.filter((outcome) => outcome.code !== 0)
  for (const { name, command, output } of failed) console.log(`── ${name}: ${command}\n${output.trimEnd()}\n`)
  const width = Math.max(...outcomes.map(({ name }) => name.length))
  for (const outcome of outcomes) {
    const verdict = outcome.code === 0 ? 'ok    ' : 'FAILED'
    console.log(`${outcome.name.padEnd(width)}  ${verdict}  ${outcome.seconds.toFixed(1).padStart(5)} s`)
  }
  console.log(`${outcomes.length - failed.length} of ${outcomes.length} steps ok in ${seconds.toFixed(1)} s`)
}

const { values, positionals } = parseArgs({
  options: { help: { type: 'boolean', short: 'h', default: false } },
  allowPositionals: true,
})
const steps = await allSteps()
const known = steps.map(({ name }) => name)
const unknown = positionals.filter((name) => !known.includes(name))

if (values.help) {
  console.log(`npm run check [-- step ...]\n\nsteps: ${known.join(', ')}`)
} else if (unknown.length > 0) {
  console.error(`No step ${unknown.join(', ')}. There are: ${known.join(', ')}`)
  process.exitCode = 1
} else {
  const start = performance.now()
  const chosen = steps.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  const outcomes = await runAll(chosen)
  report(outcomes, (performance.now() - start) / 1000)
  process.exitCode = outcomes.length > 0 && outcomes.every((outcome) => outcome.code === 0) ? 0 : 1
}
