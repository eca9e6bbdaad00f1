// npm run bench:growth: what postings and reads cost on ten million rows beside what they cost on a hundred thousand, over
// HTTP, in turns on one PostgreSQL. docs/adr/0017-growth.md says what was chosen because of it.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { EmbeddedPostgresError } from '../src/db/embedded-errors.ts'
import { ALLOWED_BYTES, type Comparison, renderComparisons, verdictOf } from './growth/comparison.ts'
import { type GrowthOptions, readGrowthOptions, USAGE } from './growth/growth-options.ts'
import { growthFolder, type GrowthServer, provideLedgers, startGrowthServer } from './growth/growth-server.ts'
import { GrowthLedger } from './growth/ledger.ts'
import { measurePostings, type PostingFigures, renderPostingCosts } from './growth/postings.ts'
import { measureReads } from './growth/read-turns.ts'
import { type LedgerSizes, readSizes } from './growth/sizes.ts'
import { readConditions } from './support/conditions.ts'
import { BenchFailure, missingPrograms, runProgram } from './support/programs.ts'
import { ROOT } from './support/service.ts'
import { figure, renderTable } from './support/table.ts'

const RESULTS = join(import.meta.dirname, 'results')
const SMALL_ROWS = 100_000
const ROWS_PER_WALLET = 100
/** One row in ten is the hot wallet's. */
const HOT_SHARE = 10

const shapeOf = (rows: number) => ({ rows, wallets: rows / ROWS_PER_WALLET, hotRows: rows / HOT_SHARE })
const tell = (line: string): void => void process.stderr.write(`${line}\n`)

interface Measured {
  readonly sizes: LedgerSizes
  readonly postings: PostingFigures
  readonly reads: readonly Comparison[]
}

async function main(options: GrowthOptions, signal: AbortSignal): Promise<void> {
  const missing = await missingPrograms(['wrk', 'psql'])
  if (missing.length > 0)
    throw new BenchFailure(`${missing.join(' and ')} must be installed and on the PATH for this bench.`)
  await mkdir(RESULTS, { recursive: true })
  const folder = await growthFolder(options.keep)
  try {
    const wanted = [SMALL_ROWS, options.rows].map((rows) => ({ name: `growth_${rows}`, shape: shapeOf(rows) }))
    const ledgers = await provideLedgers({ folder: folder.path, wanted, signal, tell })
    const server = await startGrowthServer(folder.path)
    try {
      const [small = '', large = ''] = ledgers.map(({ name }) => server.urlOf(name))
      const conditions = await connected(large, (client) =>
        readConditions({ database: client, dataDir: server.dataDir, signal }),
      )
      for (const [name, value] of Object.entries(conditions)) console.log(`${name.padEnd(10)}  ${value}`)
      printLedgers(ledgers)
      const measured = await measureBoth({ options, server, small, large, signal })
      printMeasured(measured)
      const audit = options.audit ? await auditOf(large, signal) : 'left out'
      console.log(`\nAudit of the large ledger: ${audit}`)
      const file = `growth-${new Date().toISOString().replace(/[:.]/g, '-')}.json`
      const json = JSON.stringify({ conditions, ledgers, ...measured, audit }, null, 2)
      await writeFile(join(RESULTS, file), `${json}\n`)
      console.log(`Written to bench/results/${file}`)
    } finally {
      await server.stop()
    }
  } finally {
    await folder.remove()
  }
}

interface Both {
  readonly options: GrowthOptions
  readonly server: GrowthServer
  /** Where the databases are. */
  readonly small: string
  readonly large: string
  readonly signal: AbortSignal
}

async function measureBoth({ options, server, signal, ...urls }: Both): Promise<Measured> {
  return connected(urls.small, (smallClient) =>
    connected(urls.large, async (largeClient) => {
      const sizes = await readSizes(largeClient)
      const started: GrowthLedger[] = []
      const start = async (name: string, databaseUrl: string, client: pg.Client): Promise<GrowthLedger> => {
        const ledger = await GrowthLedger.start({ name, databaseUrl, client, server, signal })
        started.push(ledger)
        return ledger
      }
      try {
        const small = await start('small', urls.small, smallClient)
        const large = await start('large', urls.large, largeClient)
        const reads = await measureReads({ small, large, options, tell })
        const postings = await measurePostings({ small, large, options, tell })
        return { sizes, postings, reads }
      } finally {
        for (const ledger of started) await ledger.stop()
      }
    }),
  )
}

function printLedgers(ledgers: Awaited<ReturnType<typeof provideLedgers>>): void {
  for (const { name, shape, loadSeconds } of ledgers) {
    const how =
      loadSeconds === null ? 'loaded earlier' : `loaded in ${figure(loadSeconds)} s, all indexes and checks in place`
    console.log(
      `${name}: ${figure(shape.rows)} transactions, ${figure(shape.wallets)} wallets, one with ${figure(shape.hotRows)}; ${how}`,
    )
  }
}

function printMeasured({ sizes, postings, reads }: Measured): void {
  console.log(`\n${renderComparisons([...postings.comparisons, ...reads])}\n`)
  console.log(`${renderPostingCosts(postings)}\n`)
  const lines = sizes.relations.map(({ name, bytesPerRow }) => [name, figure(bytesPerRow, 1)])
  console.log(renderTable(['bytes a transaction', 'bytes'], [...lines, ['all', figure(sizes.totalBytesPerRow, 1)]]))
  const named = (verdict: ReturnType<typeof verdictOf>): string[] =>
    [...postings.comparisons, ...reads].filter((line) => verdictOf(line) === verdict).map(({ name }) => name)
  const [missed, slower] = [named('no'), named('processor')]
  if (sizes.totalBytesPerRow >= ALLOWED_BYTES) missed.push(`bytes a transaction under ${ALLOWED_BYTES}`)
  if (missed.length > 0) console.log(`\nNot kept: ${missed.join('; ')}.`)
  if (slower.length > 0) console.log(`\nNot kept by rate, only by processor time: ${slower.join('; ')}.`)
  if (missed.length + slower.length === 0) console.log('\nEvery promise is kept.')
}

async function auditOf(databaseUrl: string, signal: AbortSignal): Promise<string> {
  tell('audit of the large ledger')
  const args = [join(ROOT, 'scripts', 'audit.ts')]
  const output = await runProgram({ file: process.execPath, args, env: { DATABASE_URL: databaseUrl }, signal })
  return output.trim().split('\n').at(-1) ?? ''
}

async function connected<Answer>(url: string, ask: (client: pg.Client) => Promise<Answer>): Promise<Answer> {
  const client = new pg.Client({ connectionString: url, application_name: 'wallet_service bench' })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await ask(client)
  } finally {
    await client.end()
  }
}

/** Ctrl-C ends the load and wrk; what was started is then cleared away as after a failure. */
function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort())
  return controller.signal
}

const signal = interruption()
try {
  const options = readGrowthOptions(process.argv.slice(2))
  if (options === null) console.log(USAGE)
  else await main(options, signal)
} catch (error) {
  if (signal.aborted) console.error('Interrupted.')
  else console.error(error instanceof BenchFailure || error instanceof EmbeddedPostgresError ? error.message : error)
  process.exitCode = 1
}
