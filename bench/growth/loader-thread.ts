// A worker thread that makes one share of a generated ledger and writes it by COPY. It tells its owner how far it is.
import { parentPort, workerData } from 'node:worker_threads'
import type { Transaction } from '../../src/domain/transaction.ts'
import { newWalletParameters, transactionParameters } from '../../src/repositories/ledger-rows.ts'
import { NEW_WALLET_COLUMNS, TRANSACTION_COLUMNS } from '../../src/repositories/ledger-statements.ts'
import { copyInto, copyText } from './copy.ts'
import { type LedgerShare, LedgerSource } from './ledger-source.ts'

/** What the thread is started with. */
export interface LoaderTask {
  readonly databaseUrl: string
  readonly share: LedgerShare
}

/** What it tells: the rows that it has made so far. */
export interface LoaderProgress {
  readonly rows: number
}

/** Rows of one write to psql. */
const CHUNK_ROWS = 500
/** Rows of one COPY, which is one transaction. */
const COPY_ROWS = 100_000

function* chunks(source: LedgerSource, make: () => readonly Transaction[] | null): Generator<string> {
  const end = source.rows + COPY_ROWS
  while (source.rows < end) {
    const rows: Transaction[] = []
    while (rows.length < CHUNK_ROWS) {
      const made = make()
      if (made === null) break
      rows.push(...made)
    }
    if (rows.length === 0) return
    yield copyText(transactionParameters(rows))
    parentPort?.postMessage({ rows: source.rows } satisfies LoaderProgress)
  }
}

function* walletChunks(source: LedgerSource): Generator<string> {
  for (const wallet of source.wallets()) yield copyText(newWalletParameters([wallet]))
}

async function load({ databaseUrl, share }: LoaderTask): Promise<void> {
  const source = new LedgerSource(share)
  const namesOf = (columns: readonly (readonly [string, string])[]) => columns.map(([name]) => name)
  const transactions = { databaseUrl, table: 'wallet_transactions', columns: namesOf(TRANSACTION_COLUMNS) }
  for (let opened = -1; opened < source.rows;) {
    opened = source.rows
    await copyInto(
      transactions,
      chunks(source, () => source.open()),
    )
  }
  while (!source.isComplete) {
    await copyInto(
      transactions,
      chunks(source, () => (source.isComplete ? null : source.next())),
    )
  }
  await copyInto({ databaseUrl, table: 'wallets', columns: namesOf(NEW_WALLET_COLUMNS) }, walletChunks(source))
}

// The owner started this thread with a LoaderTask and nothing else.
await load(workerData as LoaderTask)
