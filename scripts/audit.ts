// Checks everything that must always be true of a ledger, on any database, and says which row is wrong. Exit 0: clean,
// 1: something is wrong, 2: it could not be checked. The checks stand in src/services/audit-service.ts.
import { parseArgs } from 'node:util'
import { EmbeddedPostgresError, startEmbeddedPostgres } from '../src/db/embedded.ts'
import { locateEmbeddedPostgres } from '../src/db/embedded-locate.ts'
import {
  auditDatabase,
  AuditImpossible,
  type AuditProgress,
  type AuditReport,
  type CheckReport,
  type Finding,
} from '../src/services/audit-service.ts'

const HELP = `npm run audit -- [--database-url URL] [--json]

  --database-url URL  the database to audit; default: DATABASE_URL, else the embedded one in DATA_DIR (./data)
  --json              the whole report as JSON on the standard output
  --help              this page

Changes nothing, and may run beside a service. Exit 0: clean, 1: something is wrong, 2: it could not be checked.`

const PROGRESS_MS = 2000

interface Target {
  readonly databaseUrl: string
  stop(): Promise<void>
}

/** The database to audit: the one given, or the embedded one, which is started for the while when no service runs it. */
async function findTarget(given: string | undefined): Promise<Target> {
  const databaseUrl = given || process.env['DATABASE_URL']
  const stop = (): Promise<void> => Promise.resolve()
  if (databaseUrl) return { databaseUrl, stop }
  const dataDir = process.env['DATA_DIR'] || './data'
  const located = await locateEmbeddedPostgres({ dataDir })
  if (!located) {
    throw new AuditImpossible(
      `There is no database in ${dataDir}: start the service once, or name one with --database-url or DATABASE_URL.`,
    )
  }
  if (located.url) return { databaseUrl: located.url, stop }
  const started = await startEmbeddedPostgres({ dataDir, log: (message) => console.error(message) })
  return { databaseUrl: started.url, stop: () => started.stop() }
}

/** Speaks up only for what takes long. */
function progressTeller(): (progress: AuditProgress) => void {
  let told = performance.now()
  return ({ check, rows, of }) => {
    if (performance.now() - told < PROGRESS_MS) return
    told = performance.now()
    const share = rows > 0 && of > 0 ? `: ${rows} of ${of} rows (${Math.floor((rows / of) * 100)} %)` : ''
    console.error(`${check}${share}`)
  }
}

function tableOf({ checks }: AuditReport): string {
  const lines = checks.map(({ name, clean, rows, seconds }) => [
    name,
    clean ? 'ok' : 'WRONG',
    `${rows}`,
    seconds.toFixed(2),
  ])
  const table = [['check', 'result', 'rows', 'seconds'], ...lines]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((line) => line[column]?.length ?? 0)))
  const pad = (text: string, column: number): string =>
    column < 2 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0)
  return table.map((line) => line.map(pad).join('  ')).join('\n')
}

function sentenceOf({ walletId, sequence, transactionId, holdId, what, expected, found }: Finding): string {
  const place = [
    walletId === null ? '' : `wallet_id ${walletId}`,
    holdId === null ? '' : `hold_id ${holdId}`,
    sequence === null ? '' : `${holdId === null ? 'sequence' : 'hold event'} ${sequence}`,
    transactionId === null ? '' : `transaction_id ${transactionId}`,
  ].filter((part) => part !== '')
  return `${[...place, what].join(', ')}: expected ${expected}, found ${found}`
}

function complaintOf({ name, invariant, findings }: CheckReport): string {
  return [`${name}: not so: ${invariant}`, ...findings.map((finding) => `  ${sentenceOf(finding)}`)].join('\n')
}

function show(report: AuditReport): void {
  const wrong = report.checks.filter((check) => !check.clean)
  console.log(tableOf(report))
  for (const check of wrong) console.log(`\n${complaintOf(check)}`)
  const verdict =
    wrong.length === 0 ? 'clean' : `${wrong.length} of ${report.checks.length} checks found something wrong`
  const counted = `${report.wallets} wallets, ${report.transactions} transactions, ${report.holds} holds`
  console.log(`\n${counted}, ${report.seconds.toFixed(1)} s: ${verdict}`)
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      'database-url': { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    console.log(HELP)
    return 0
  }
  const target = await findTarget(values['database-url'])
  try {
    const report = await auditDatabase({ databaseUrl: target.databaseUrl, onProgress: progressTeller() })
    if (values.json) console.log(JSON.stringify(report, null, 2))
    else show(report)
    return report.clean ? 0 : 1
  } finally {
    await target.stop()
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  const expected = error instanceof AuditImpossible || error instanceof EmbeddedPostgresError
  const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
  if (isUsage) console.error(`${error.message}\n\n${HELP}`)
  else console.error(expected ? error.message : error)
  process.exitCode = 2
}
