// The chain that makes history tamper-evident: each row's hash covers the row before it and every column of its own.
// The audit recomputes it with this same function (DESIGN.md §3).
import { hash } from 'node:crypto'
import type { TransactionContent } from './transaction.ts'

/** What the first row of a wallet is chained to. */
export const GENESIS_HASH: Buffer = Buffer.alloc(32)

/** Names the layout below. A new layout gets a new name, so that old rows stay verifiable. */
const LAYOUT = 'wallet-transaction-1'

/** SHA-256 over the previous row's hash and the canonical content of this row; 32 bytes. */
export function chainHash(previousHash: Buffer, row: TransactionContent): Buffer {
  // By way of hexadecimal text, which `crypto.hash` answers faster than a buffer.
  return Buffer.from(hash('sha256', canonicalContent(previousHash, row), 'hex'), 'hex')
}

/** Every column in one fixed order as JSON text: strings are quoted, so no two contents share a text. */
function canonicalContent(previousHash: Buffer, row: TransactionContent): string {
  return JSON.stringify([
    LAYOUT,
    previousHash.toString('hex'),
    row.transactionId,
    row.walletId,
    row.userId,
    row.sequence,
    row.transactionType,
    row.direction,
    row.amount.toString(),
    row.balanceBefore.toString(),
    row.balanceAfter.toString(),
    row.lockedBalance.toString(),
    row.fee.toString(),
    row.currency,
    row.counterparty,
    row.description,
    row.referenceId,
    row.usageRecordId,
    row.fromWalletId,
    row.toWalletId,
    row.counterpartSequence,
    row.originalTransactionId,
    text(row.originalAmount),
    text(row.refundedTotal),
    row.blockchainTxHash,
    row.blockchainNetwork,
    row.blockchainStatus,
    row.blockchainConfirmations,
    text(row.gasFee),
    row.metadata,
    row.typeCount,
    row.typeTotalIn.toString(),
    row.typeTotalOut.toString(),
    row.totalIn.toString(),
    row.idempotencyKey,
    row.requestHash?.toString('hex') ?? null,
    row.createdAt.toString(),
  ])
}

function text(value: bigint | null): string | null {
  return value === null ? null : value.toString()
}
