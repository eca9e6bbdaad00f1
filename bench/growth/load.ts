// Loads a generated ledger into a migrated database: several threads, each with wallets of its own, indexes, checks and
// triggers in place, so that what is on the disk afterwards is what a service would have left there.
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import pg from 'pg'
import type { LedgerShare } from './ledger-source.ts'
import type { LoaderProgress, LoaderTask } from './loader-thread.ts'

/** What a ledger is to look like. */
export interface LedgerShape {
  readonly rows: number
  readonly wallets: number
  /** Rows of the one wallet that has more than all others. */
  readonly hotRows: number
}

const YEAR_MICROS = 365n * 86_400n * 1_000_000n
const DAY_MICROS = 86_400n * 1_000_000n
const TELL_MS = 5000

/** The year that ended yesterday. */
function yearOf(now: bigint): { from: bigint; to: bigint } {
  const to = now - DAY_MICROS
  return { from: to - YEAR_MICROS, to }
}

function sharesOf(shape: LedgerShape, threads: number): LedgerShare[] {
  const year = yearOf(BigInt(Date.now()) * 1000n)
  const part = (total: number, index: number) =>
    Math.floor((total * (index + 1)) / threads) - Math.floor((total * index) / threads)
  let firstWallet = 1
  return Array.from({ length: threads }, (_, index) => {
    const wallets = part(shape.wallets, index)
    const share = {
      wallets,
      firstWallet,
      rows: part(shape.rows, index),
      hotRows: index === 0 ? shape.hotRows : 0,
      ...year,
    }
    firstWallet += wallets
    return share
  })
}

export interface Loaded {
  readonly seconds: number
}

/** Loads it and brings statistics and visibility up to date. `tell` gets a line of progress every few seconds. */
export async function loadLedger(options: {
  readonly databaseUrl: string
  readonly shape: LedgerShape
  readonly threads: number
  readonly signal: AbortSignal
  readonly tell: (line: string) => void
}): Promise<Loaded> {
  const { databaseUrl, shape, threads, signal, tell } = options
  const began = performance.now()
  const done = Array.from({ length: threads }, () => 0)
  const timer = setInterval(() => tell(progressLine(done, shape.rows, performance.now() - began)), TELL_MS)
  try {
    const shares = sharesOf(shape, threads)
    await Promise.all(
      shares.map((share, index) => runThread({ databaseUrl, share }, signal, ({ rows }) => (done[index] = rows))),
    )
  } finally {
    clearInterval(timer)
  }
  tell('vacuum and statistics')
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query('VACUUM (ANALYZE) wallet_transactions')
    await client.query('VACUUM (ANALYZE) wallets')
    await client.query('CHECKPOINT')
  } finally {
    await client.end()
  }
  return { seconds: (performance.now() - began) / 1000 }
}

function progressLine(done: readonly number[], total: number, elapsedMs: number): string {
  const rows = done.reduce((sum, count) => sum + count, 0)
  const perSecond = rows / (elapsedMs / 1000)
  const left = perSecond === 0 ? '?' : `${Math.ceil((total - rows) / perSecond)}`
  return `${rows.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} rows, ${Math.round(perSecond).toLocaleString('en-US')}/s, about ${left} s left`
}

async function runThread(
  task: LoaderTask,
  signal: AbortSignal,
  onProgress: (progress: LoaderProgress) => void,
): Promise<void> {
  const worker = new Worker(join(import.meta.dirname, 'loader-thread.ts'), { workerData: task })
  const stop = (): void => void worker.terminate()
  signal.addEventListener('abort', stop, { once: true })
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on('message', onProgress)
      worker.once('error', reject)
      worker.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`The loader ended with ${code}`))))
    })
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
