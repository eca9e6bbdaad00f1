// Rows into a table by COPY, through psql, which is installed where pgbench is. The text format of COPY stands here.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { ArrayElement } from '../../src/db/array-literal.ts'
import { BenchFailure } from '../support/programs.ts'

const PROGRAM = 'psql'
const NEEDS_ESCAPE = /[\\\n\r\t]/
const ESCAPED = /[\\\n\r\t]/g
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Lines in COPY's text format, out of one array per column. */
export function copyText(columns: readonly (readonly ArrayElement[])[]): string {
  const count = columns[0]?.length ?? 0
  let text = ''
  for (let row = 0; row < count; row += 1) {
    text += columns.map((column) => field(column[row] ?? null)).join('\t')
    text += '\n'
  }
  return text
}

function field(value: ArrayElement): string {
  if (value === null) return '\\N'
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'string') return `\\\\x${value.toString('hex')}`
  return NEEDS_ESCAPE.test(value) ? value.replace(ESCAPED, (character) => ESCAPES[character] ?? character) : value
}

/** How psql and pgbench are told where a database is without putting the password on the command line. */
function connectionVariables(databaseUrl: string): Readonly<Record<string, string>> {
  const url = new URL(databaseUrl)
  return {
    PGHOST: url.hostname,
    PGPORT: url.port,
    PGUSER: url.username,
    PGPASSWORD: decodeURIComponent(url.password),
    PGDATABASE: url.pathname.slice(1),
  }
}

export interface CopyTarget {
  readonly databaseUrl: string
  readonly table: string
  readonly columns: readonly string[]
}

/** Writes all texts into a table, as one transaction. Throws `BenchFailure` with psql's own words. */
export async function copyInto(target: CopyTarget, texts: AsyncIterable<string> | Iterable<string>): Promise<void> {
  const { databaseUrl, table, columns } = target
  const command = `COPY ${table} (${columns.join(', ')}) FROM STDIN`
  const child = spawn(PROGRAM, ['--no-psqlrc', '--quiet', '-v', 'ON_ERROR_STOP=1', '-c', command], {
    env: { ...process.env, ...connectionVariables(databaseUrl) },
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (words: string) => (complaints += words))
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  // A psql that ended early says why on its error output; the broken pipe adds nothing to that.
  child.stdin.on('error', () => undefined)
  for await (const text of texts) {
    if (child.exitCode !== null) break
    if (!child.stdin.write(text)) await Promise.race([once(child.stdin, 'drain'), closed])
  }
  child.stdin.end()
  const code = await closed
  if (code !== 0) throw new BenchFailure(`psql could not COPY into ${table}: ${complaints.trim()}`)
}
