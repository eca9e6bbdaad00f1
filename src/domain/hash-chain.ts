// The chain that makes history tamper-evident: each row's hash covers the row before it and every column of its own.
// The audit recomputes it with this same function (DESIGN.md §3).
import { hash } from 'node:crypto'
import type { HoldEventContent, HoldTerms } from './hold.ts'
import type { TransactionContent } from './transaction.ts'

/** What the first row of a wallet is chained to. */
export const GENESIS_HASH: Buffer = Buffer.alloc(32)

/** Names the layout below. A new layout gets a new name, so that old rows stay verifiable. */
const LAYOUT = 'wallet-transaction-1'
const HOLD_EVENT_LAYOUT = 'hold-event-1'

/** SHA-256 over the previous row's hash and the canonical content of this row; 32 bytes. */
export function chainHash(previousHash: Buffer, row: TransactionContent): Buffer {
  return digestOf(canonicalContent(previousHash, row))
}

/**
 * SHA-256 over the hash of the wallet's hold event before it and the canonical content of this one; 32 bytes. The event that
 * places a hold covers its terms too, which stand in `holds` and never change.
 */
export function holdEventHash(previousHash: Buffer, event: HoldEventContent, terms: HoldTerms): Buffer {
  return digestOf(canonicalEvent(previousHash, event, terms))
}

/** By way of hexadecimal text, which `crypto.hash` answers faster than a buffer. */
function digestOf(content: string): Buffer {
  return Buffer.from(hash('sha256', content, 'hex'), 'hex')
}

function canonicalEvent(previousHash: Buffer, event: HoldEventContent, terms: HoldTerms): string {
  const placed =
    event.eventType === 'placed' ? [terms.currency, terms.description, terms.referenceId, terms.metadata] : []
  return JSON.stringify([
    HOLD_EVENT_LAYOUT,
    previousHash.toString('hex'),
    event.walletId,
    event.sequence,
    event.holdId,
    event.eventType,
    event.amount.toString(),
    event.releasedAmount.toString(),
    event.status,
    event.capturedAmount.toString(),
    event.remainingAmount.toString(),
    event.expiresAt.toString(),
    event.reservedTotal.toString(),
    event.expiredTotal.toString(),
    event.transactionSequence,
    event.idempotencyKey,
    event.requestHash?.toString('hex') ?? null,
    event.createdAt.toString(),
    ...placed,
  ])
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
