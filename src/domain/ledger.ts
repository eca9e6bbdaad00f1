// The money rules: a pure function of (locked state, command) to the rows to write and the new states, or a refusal.
// No SQL, no clock, no I/O: time and ids come in as arguments (DESIGN.md §1).
import { administer } from './administration.ts'
import { type Command, claimOf, type MovementCommand, type RefundCommand, type TransferCommand } from './command.ts'
import { createWallet } from './creation.ts'
import { AppError } from './errors.ts'
import { applyToHolds } from './hold-rules.ts'
import { differingFields } from './idempotency.ts'
import { laterOf } from './instant.ts'
import type { JsonObject } from './json.ts'
import { enter } from './entry.ts'
import { effectKey, type LedgerState, type Outcome, type WorkingSet } from './ledger-state.ts'
import { type Amount, formatDecimal, isAmount } from './money.ts'
import { MOVEMENTS } from './movement.ts'
import { requireAvailable, requireDecimals, requireUsableWallet } from './refusals.ts'
import { REFUNDABLE_TYPES } from './transaction.ts'
import type { WalletId, WalletState } from './wallet.ts'

/** Decides one command against the locked state. Never throws for what a caller can cause, never changes `state`. */
export function decide(state: LedgerState, command: Command): Outcome {
  try {
    return replayOf(state, command) ?? apply(state, command)
  } catch (error) {
    if (error instanceof AppError) return { kind: 'refused', error }
    throw error
  }
}

/** Decides one command and folds its outcome in, so that the next one finds what it left. */
export function advance(workingSet: WorkingSet, command: Command): Outcome {
  const outcome = decide(workingSet, command)
  workingSet.absorb(command, outcome)
  return outcome
}

const NOT_APPLIED: Outcome = { kind: 'not_applied' }

/**
 * Decides commands that belong together: in order, each finding what the ones before it left, and all of them or none. Where
 * one is refused, the others are not applied. What `refusalOf` says of a command comes before the rules.
 */
export function advanceTogether(
  workingSet: WorkingSet,
  commands: readonly Command[],
  refusalOf: (command: Command) => Outcome | null,
): readonly Outcome[] {
  const outcomes: Outcome[] = []
  workingSet.begin()
  for (const command of commands) {
    const outcome = refusalOf(command) ?? advance(workingSet, command)
    if (outcome.kind === 'refused') {
      workingSet.takeBack()
      return commands.map((_, index) => (index === outcomes.length ? outcome : NOT_APPLIED))
    }
    outcomes.push(outcome)
  }
  workingSet.keep()
  return outcomes
}

function apply(state: LedgerState, command: Command): Outcome {
  switch (command.kind) {
    case 'deposit':
    case 'reward':
    case 'withdraw':
    case 'consume':
      return move(state, command)
    case 'transfer':
      return transfer(state, command)
    case 'refund':
      return refund(state, command)
    case 'place_hold':
    case 'capture_hold':
    case 'void_hold':
    case 'extend_hold':
    case 'expire_holds':
      return applyToHolds(state, command)
    case 'create':
      return createWallet(state, command)
    case 'freeze':
    case 'unfreeze':
    case 'close':
    case 'update':
      return administer(state, command)
  }
}

/** The first effect of the command's key: replayed when the request is the same, refused when it is not. */
function replayOf(state: LedgerState, command: Command): Outcome | null {
  const claim = claimOf(command)
  if (!claim) return null
  const effect = state.effects.get(effectKey(command, claim.key))
  if (!effect) return null
  const fields = differingFields(claim.kind, claim.requestHash, effect.requestHash)
  if (fields.length === 0) return { kind: 'replayed', effectId: effect.effectId }
  throw new AppError(
    'idempotency_key_reused',
    `This Idempotency-Key was used for a different request; it differs in: ${fields.join(', ')}`,
    { context: { fields } },
  )
}

function move(state: LedgerState, command: MovementCommand): Outcome {
  const wallet = requireUsableWallet(state, command.walletId)
  const { direction, counterparty, label } = MOVEMENTS[command.kind]
  requireDecimals(command.amount, wallet.currency, 'amount')
  if (direction === 'out') requireAvailable(wallet, command.amount)
  const entry = enter(wallet, {
    transactionId: command.transactionId,
    transactionType: command.kind,
    direction,
    amount: command.amount,
    counterparty,
    description: command.description ?? `${label}: ${formatDecimal(command.amount)}`,
    referenceId: command.referenceId,
    usageRecordId: command.usageRecordId,
    metadata: command.metadata,
    idempotency: command.idempotency,
    createdAt: laterOf(state.now, wallet.updatedAt),
  })
  return { kind: 'posted', rows: [entry.row], wallets: [entry.wallet] }
}

function transfer(state: LedgerState, command: TransferCommand): Outcome {
  if (command.walletId === command.toWalletId) {
    throw new AppError('same_wallet', 'A transfer needs two different wallets')
  }
  const source = requireUsableWallet(state, command.walletId)
  const target = requireUsableWallet(state, command.toWalletId)
  requireSameCurrency(source, target)
  requireDecimals(command.amount, source.currency, 'amount')
  if (command.fee) requireDecimals(command.fee, source.currency, 'fee')
  requireAvailable(source, command.amount + (command.fee ?? 0n))

  const createdAt = laterOf(state.now, laterOf(source.updatedAt, target.updatedAt))
  const shared = {
    transactionType: 'transfer',
    amount: command.amount,
    description: command.description ?? `Transfer: ${formatDecimal(command.amount)}`,
    fromWalletId: source.walletId,
    toWalletId: target.walletId,
    createdAt,
  } as const
  const outgoing = enter(source, {
    ...shared,
    transactionId: command.transactionId,
    direction: 'out',
    fee: command.fee ?? 0n,
    counterparty: walletCounterparty(target.walletId),
    counterpartSequence: target.sequence + 1,
    metadata: { ...command.metadata, direction: 'out' },
    idempotency: command.idempotency,
  })
  const incoming = enter(target, {
    ...shared,
    transactionId: command.toTransactionId,
    direction: 'in',
    counterparty: walletCounterparty(source.walletId),
    counterpartSequence: source.sequence + 1,
    metadata: { ...command.metadata, direction: 'in' },
    idempotency: null,
  })
  if (!command.fee) {
    return { kind: 'posted', rows: [outgoing.row, incoming.row], wallets: [outgoing.wallet, incoming.wallet] }
  }
  const charged = enter(outgoing.wallet, {
    transactionId: command.feeTransactionId,
    transactionType: 'fee',
    direction: 'out',
    amount: command.fee,
    counterparty: 'fees',
    description: `Fee: ${formatDecimal(command.fee)}`,
    fromWalletId: source.walletId,
    toWalletId: target.walletId,
    metadata: { transfer_transaction_id: command.transactionId },
    idempotency: null,
    createdAt,
  })
  return {
    kind: 'posted',
    rows: [outgoing.row, incoming.row, charged.row],
    wallets: [charged.wallet, incoming.wallet],
  }
}

function refund(state: LedgerState, command: RefundCommand): Outcome {
  const { original } = command
  if (!REFUNDABLE_TYPES.has(original.transactionType)) {
    throw new AppError('not_refundable', `A transaction of type ${original.transactionType} cannot be refunded`, {
      context: { transaction_type: original.transactionType },
    })
  }
  const wallet = requireUsableWallet(state, command.walletId)
  const refunded = state.refunded.get(original.transactionId) ?? 0n
  const amount = refundAmount(wallet, command, refunded)
  const entry = enter(wallet, {
    transactionId: command.transactionId,
    transactionType: 'refund',
    direction: 'in',
    amount,
    counterparty: original.counterparty,
    description: `Refund: ${command.reason}`,
    refund: {
      originalTransactionId: original.transactionId,
      originalAmount: original.amount,
      refundedTotal: refunded + amount,
    },
    metadata: refundMetadata(command),
    idempotency: command.idempotency,
    createdAt: laterOf(state.now, wallet.updatedAt),
  })
  return { kind: 'posted', rows: [entry.row], wallets: [entry.wallet] }
}

function refundMetadata(command: RefundCommand): JsonObject {
  return {
    ...command.metadata,
    original_transaction_id: command.original.transactionId,
    refund_reason: command.reason,
  }
}

function refundAmount(wallet: WalletState, command: RefundCommand, refunded: bigint): Amount {
  const refundable = command.original.amount - refunded
  const amount = command.amount ?? refundable
  if (!isAmount(amount) || amount > refundable) {
    throw new AppError(
      'refund_exceeds_original',
      refundable === 0n
        ? 'The transaction has already been refunded in full'
        : `Only ${formatDecimal(refundable)} of ${formatDecimal(command.original.amount)} is left to refund`,
      {
        context: {
          original_amount: formatDecimal(command.original.amount),
          refunded: formatDecimal(refunded),
          refundable: formatDecimal(refundable),
          currency: wallet.currency,
        },
      },
    )
  }
  requireDecimals(amount, wallet.currency, 'amount')
  return amount
}

function requireSameCurrency(source: WalletState, target: WalletState): void {
  if (source.currency === target.currency) return
  throw new AppError('currency_mismatch', `Cannot transfer ${source.currency} into a ${target.currency} wallet`, {
    context: { from_currency: source.currency, to_currency: target.currency },
  })
}

function walletCounterparty(walletId: WalletId): string {
  return `wallet:${walletId}`
}
