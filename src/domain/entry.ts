// One entry into one wallet's ledger: the row with its balances, sequence, running totals and hash, and the wallet after.
import { AppError } from './errors.ts'
import { chainHash } from './hash-chain.ts'
import type { Instant } from './instant.ts'
import type { JsonObject } from './json.ts'
import { type Amount, AMOUNT_LIMIT, MAX_INTEGER_DIGITS } from './money.ts'
import {
  type Direction,
  type IdempotencyRecord,
  NO_TOTALS,
  type Transaction,
  type TransactionContent,
  type TransactionId,
  type TransactionType,
} from './transaction.ts'
import type { WalletId, WalletState } from './wallet.ts'

/** What a rule decides about a row; everything else follows from the wallet's state. */
export interface EntryDraft {
  readonly transactionId: TransactionId
  readonly transactionType: TransactionType
  readonly direction: Direction
  readonly amount: Amount
  readonly counterparty: string
  readonly description: string
  readonly metadata: JsonObject
  readonly idempotency: IdempotencyRecord | null
  readonly createdAt: Instant
  readonly fee?: bigint
  readonly referenceId?: string | null
  readonly usageRecordId?: string | null
  readonly fromWalletId?: WalletId
  readonly toWalletId?: WalletId
  readonly counterpartSequence?: number
  readonly refund?: RefundPart
}

interface RefundPart {
  readonly originalTransactionId: TransactionId
  readonly originalAmount: bigint
  readonly refundedTotal: bigint
}

/** Enters a draft into a wallet. The caller has checked that the money is there. */
export function enter(wallet: WalletState, draft: EntryDraft): { row: Transaction; wallet: WalletState } {
  const incoming = draft.direction === 'in' ? draft.amount : 0n
  const outgoing = draft.amount - incoming
  const balance = wallet.balance + incoming - outgoing
  if (balance >= AMOUNT_LIMIT) throw balanceTooLarge()
  const before = wallet.totals[draft.transactionType] ?? NO_TOTALS
  const totals = { count: before.count + 1, in: before.in + incoming, out: before.out + outgoing }
  const content: TransactionContent = {
    transactionId: draft.transactionId,
    walletId: wallet.walletId,
    userId: wallet.userId,
    sequence: wallet.sequence + 1,
    transactionType: draft.transactionType,
    direction: draft.direction,
    amount: draft.amount,
    balanceBefore: wallet.balance,
    balanceAfter: balance,
    lockedBalance: wallet.lockedBalance,
    fee: draft.fee ?? 0n,
    currency: wallet.currency,
    counterparty: draft.counterparty,
    description: draft.description,
    referenceId: draft.referenceId ?? null,
    usageRecordId: draft.usageRecordId ?? null,
    fromWalletId: draft.fromWalletId ?? null,
    toWalletId: draft.toWalletId ?? null,
    counterpartSequence: draft.counterpartSequence ?? null,
    originalTransactionId: draft.refund?.originalTransactionId ?? null,
    originalAmount: draft.refund?.originalAmount ?? null,
    refundedTotal: draft.refund?.refundedTotal ?? null,
    blockchainTxHash: null,
    blockchainNetwork: null,
    blockchainStatus: 'none',
    blockchainConfirmations: 0,
    gasFee: null,
    metadata: JSON.stringify(draft.metadata),
    typeCount: totals.count,
    typeTotalIn: totals.in,
    typeTotalOut: totals.out,
    totalIn: wallet.totalIn + incoming,
    idempotencyKey: draft.idempotency?.key ?? null,
    requestHash: draft.idempotency?.requestHash ?? null,
    createdAt: draft.createdAt,
  }
  const hash = chainHash(wallet.hash, content)
  return {
    row: { ...content, hash },
    wallet: {
      ...wallet,
      balance,
      sequence: content.sequence,
      hash,
      totalIn: content.totalIn,
      totals: { ...wallet.totals, [draft.transactionType]: totals },
      updatedAt: draft.createdAt,
    },
  }
}

function balanceTooLarge(): AppError {
  const msg = `Would take the balance beyond ${MAX_INTEGER_DIGITS} integer digits`
  return new AppError('validation_failed', `body.amount: ${msg}`, {
    faults: [{ loc: ['body', 'amount'], type: 'balance_too_large', msg }],
  })
}
