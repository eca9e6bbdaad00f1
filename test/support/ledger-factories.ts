// Wallets, commands and working sets for tests of the ledger's rules, each made in one line, and outcomes written out as
// lines of a statement of account. No database here.
import type {
  CreateCommand,
  IdempotencyClaim,
  MovementCommand,
  RefundCommand,
  StatusCommand,
  TransferCommand,
  UpdateCommand,
} from '../../src/domain/command.ts'
import { GENESIS_HASH } from '../../src/domain/hash-chain.ts'
import type { Hold, HoldHead, HoldId } from '../../src/domain/hold.ts'
import type { Instant } from '../../src/domain/instant.ts'
import type { LedgerState, OpenFiatWallet, Outcome, RecordedEffect } from '../../src/domain/ledger-state.ts'
import { type Amount, parseAmount } from '../../src/domain/money.ts'
import type { Transaction, TransactionId } from '../../src/domain/transaction.ts'
import type { WalletId, WalletState } from '../../src/domain/wallet.ts'
import { decimal, units } from './decimals.ts'

export { decimal, units } from './decimals.ts'

/** The clock of all these tests: some microseconds after 2026-01-31T12:00:00Z. */
export const NOW: Instant = 1_769_860_800_000_123n

const uuid = (kind: string, number: number): string =>
  `0197f7d4-${kind}-7000-8000-${number.toString(16).padStart(12, '0')}`

/** A wallet's id by a small number; equal numbers, equal ids. */
export const walletId = (number: number): WalletId => uuid('aaaa', number) as WalletId

/** A transaction's id by a small number. */
export const transactionId = (number: number): TransactionId => uuid('bbbb', number) as TransactionId

let lastId = 1_000_000

const newTransactionId = (): TransactionId => transactionId((lastId += 1))
const newWalletId = (): WalletId => walletId((lastId += 1))

/** An amount that a command may carry. */
export function amount(text: string): Amount {
  const parsed = parseAmount(text)
  if (typeof parsed === 'string') throw new Error(`${text} is no amount: ${parsed}`)
  return parsed
}

/** A wallet with money in it, as if one deposit had brought it. */
export function aWallet(
  overrides: Partial<Omit<WalletState, 'balance' | 'lockedBalance'>> & { balance?: string; locked?: string } = {},
): WalletState {
  const { balance = '0', locked = '0', ...others } = overrides
  return {
    walletId: walletId(1),
    userId: 'user-1',
    currency: 'CREDIT',
    status: 'active',
    balance: units(balance),
    lockedBalance: units(locked),
    nextHoldExpiry: units(locked) === 0n ? null : NOW + 3_600_000_000n,
    sequence: 0,
    hash: GENESIS_HASH,
    totalIn: units(balance),
    totals: {},
    updatedAt: NOW - 1_000_000n,
    ...others,
  }
}

/** What a flush locked: these wallets, and what else was looked up. */
export function ledgerOf(
  wallets: readonly WalletState[],
  found: Partial<Omit<LedgerState, 'wallets'>> = {},
): LedgerState {
  return {
    now: NOW,
    wallets: new Map(wallets.map((wallet) => [wallet.walletId, wallet])),
    details: new Map(
      wallets.map((wallet) => [
        wallet.walletId,
        {
          walletId: wallet.walletId,
          status: wallet.status,
          statusReason: null,
          blockchainAddress: null,
          blockchainNetwork: null,
          metadata: '{}',
        },
      ]),
    ),
    effects: new Map<string, RecordedEffect>(),
    refunded: new Map<TransactionId, bigint>(),
    fiatWallets: new Map<string, OpenFiatWallet>(),
    holds: new Map<HoldId, Hold>(),
    holdHeads: new Map<WalletId, HoldHead>(),
    dueHolds: new Map<WalletId, readonly HoldId[]>(),
    relockedWallets: new Set<WalletId>(),
    ...found,
  }
}

/** A deposit, reward, withdrawal or consumption of wallet 1. */
export function movement(
  kind: MovementCommand['kind'],
  value: string,
  overrides: Partial<MovementCommand> = {},
): MovementCommand {
  return {
    kind,
    walletId: walletId(1),
    transactionId: newTransactionId(),
    amount: amount(value),
    description: null,
    referenceId: null,
    usageRecordId: null,
    metadata: {},
    idempotency: null,
    ...overrides,
  }
}

/** A transfer from wallet 1 to wallet 2. */
export function aTransfer(
  value: string,
  overrides: Partial<TransferCommand> & { fee?: Amount | null } = {},
): TransferCommand {
  return {
    kind: 'transfer',
    walletId: walletId(1),
    toWalletId: walletId(2),
    transactionId: newTransactionId(),
    toTransactionId: newTransactionId(),
    feeTransactionId: newTransactionId(),
    amount: amount(value),
    fee: null,
    description: null,
    metadata: {},
    idempotency: null,
    ...overrides,
  }
}

/** A refund of a consumption of 10 that wallet 1 made, unless told otherwise. `value` null: all that is left. */
export function aRefund(value: string | null, overrides: Partial<RefundCommand> = {}): RefundCommand {
  return {
    kind: 'refund',
    walletId: walletId(1),
    transactionId: newTransactionId(),
    original: {
      transactionId: transactionId(7),
      walletId: walletId(1),
      transactionType: 'consume',
      amount: amount('10'),
      counterparty: 'revenue:consume',
      currency: 'CREDIT',
    },
    amount: value === null ? null : amount(value),
    reason: 'Service was down',
    metadata: {},
    idempotency: null,
    ...overrides,
  }
}

/** The opening of a new fiat CREDIT wallet for user-1. */
export function aCreation(initialBalance: string | null, overrides: Partial<CreateCommand> = {}): CreateCommand {
  return {
    kind: 'create',
    walletId: newWalletId(),
    transactionId: newTransactionId(),
    userId: 'user-1',
    organizationId: null,
    walletType: 'fiat',
    currency: 'CREDIT',
    initialBalance: initialBalance === null ? null : amount(initialBalance),
    blockchainAddress: null,
    blockchainNetwork: null,
    metadata: {},
    idempotency: null,
    ...overrides,
  }
}

/** A freeze, unfreeze or close of wallet 1. */
export const aStatusChange = (kind: StatusCommand['kind'], reason: string | null = 'because'): StatusCommand => ({
  kind,
  walletId: walletId(1),
  reason,
})

/** An update of wallet 1. */
export const anUpdate = (changes: Omit<UpdateCommand, 'kind' | 'walletId'>): UpdateCommand => ({
  kind: 'update',
  walletId: walletId(1),
  ...changes,
})

/** A caller's key with a digest that stands for its request: equal text, equal request. */
export const aClaim = (key: string, request = 'the same request'): IdempotencyClaim => ({
  kind: 'deposit',
  key,
  requestHash: Buffer.from(request.padEnd(40).slice(0, 40)),
})

/** What a row says of other wallets, earlier rows and blockchains when it has to do with none of them. */
export const UNRELATED = {
  fromWalletId: null,
  toWalletId: null,
  counterpartSequence: null,
  originalTransactionId: null,
  originalAmount: null,
  refundedTotal: null,
  blockchainTxHash: null,
  blockchainNetwork: null,
  blockchainStatus: 'none',
  blockchainConfirmations: 0,
  gasFee: null,
} as const

/** One line of a statement of account: `#1 deposit in 10: 0 -> 10`. */
export const line = (row: Transaction): string =>
  `#${row.sequence} ${row.transactionType} ${row.direction} ${decimal(row.amount)}: ` +
  `${decimal(row.balanceBefore)} -> ${decimal(row.balanceAfter)}`

/** The rows of an outcome that must have been posted or created. */
export function rowsOf(outcome: Outcome): readonly Transaction[] {
  if (outcome.kind === 'posted' || outcome.kind === 'created') return outcome.rows
  throw new Error(`Not posted but ${summary(outcome).join(' ')}`)
}

/** The only row of an outcome. */
export function rowOf(outcome: Outcome): Transaction {
  const [row, ...others] = rowsOf(outcome)
  if (!row || others.length > 0) throw new Error(`Not one row but ${others.length + 1}`)
  return row
}

/** An outcome for the reader: its rows as lines, or the code of its refusal with what explains it. */
export function summary(outcome: Outcome): readonly string[] {
  switch (outcome.kind) {
    case 'posted':
    case 'created':
      return outcome.rows.map(line)
    case 'held':
      return [
        ...outcome.rows.map(line),
        ...outcome.holds.map(
          (hold) => `${hold.status} ${decimal(hold.capturedAmount)} of ${decimal(hold.amount)} captured`,
        ),
      ]
    case 'changed':
      return [`changed to ${outcome.details.status}`]
    case 'replayed':
      return [`replayed ${outcome.effectId}`]
    case 'not_applied':
      return ['not applied']
    case 'refused': {
      const { code, context, faults } = outcome.error
      const facts = Object.entries(context).map(
        ([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
      )
      return [[code, ...facts, ...faults.map((fault) => `${fault.loc.join('.')} ${fault.type}`)].join(', ')]
    }
  }
}
