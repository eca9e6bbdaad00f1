// Commands made of requests: fresh ids, what was left out as null, and the claim of the key. Whatever a command needs that has to
// be looked up first comes as an argument.
import type {
  CaptureHoldCommand,
  CreateCommand,
  ExtendHoldCommand,
  MovementCommand,
  PlaceHoldCommand,
  RefundCommand,
  TransferCommand,
  VoidHoldCommand,
} from '../domain/command.ts'
import type { HoldId } from '../domain/hold.ts'
import type { WalletId } from '../domain/wallet.ts'
import { newHoldId, newTransactionId, newWalletId } from './new-ids.ts'
import {
  type CaptureHoldRequest,
  claimCapture,
  claimConsume,
  claimCreation,
  claimDeposit,
  claimExtension,
  claimHold,
  claimRefund,
  claimTransfer,
  claimVoid,
  claimWithdraw,
  type ConsumeRequest,
  type CreateWalletRequest,
  type DepositRequest,
  type IdempotencyKey,
  type PlaceHoldRequest,
  type RefundRequest,
  type TransferRequest,
  type WithdrawRequest,
} from './requests.ts'

const MICROS_PER_SECOND = 1_000_000n

/** A hold and the wallet it is in. */
interface PlacedHold {
  readonly holdId: HoldId
  readonly walletId: WalletId
}

/** Opens a wallet. */
export function creationCommand(request: CreateWalletRequest, key: IdempotencyKey): CreateCommand {
  return {
    kind: 'create',
    walletId: newWalletId(),
    transactionId: newTransactionId(),
    userId: request.userId,
    organizationId: request.organizationId ?? null,
    walletType: request.walletType,
    currency: request.currency,
    initialBalance: request.initialBalance,
    blockchainAddress: request.blockchainAddress ?? null,
    blockchainNetwork: request.blockchainNetwork ?? null,
    metadata: request.metadata ?? {},
    idempotency: claimCreation(key, request),
  }
}

/** Deposits or rewards. */
export function creditCommand(
  kind: 'deposit' | 'reward',
  walletId: WalletId,
  request: DepositRequest,
  key: IdempotencyKey,
): MovementCommand {
  return {
    kind,
    walletId,
    transactionId: newTransactionId(),
    amount: request.amount,
    description: request.description ?? null,
    referenceId: request.referenceId ?? null,
    usageRecordId: null,
    metadata: request.metadata ?? {},
    idempotency: claimDeposit(key, kind, request),
  }
}

/** Withdraws; where the money goes is kept in the metadata. */
export function withdrawalCommand(walletId: WalletId, request: WithdrawRequest, key: IdempotencyKey): MovementCommand {
  const { destination } = request
  return {
    kind: 'withdraw',
    walletId,
    transactionId: newTransactionId(),
    amount: request.amount,
    description: request.description ?? null,
    referenceId: null,
    usageRecordId: null,
    metadata: { ...request.metadata, ...(destination !== undefined && { destination }) },
    idempotency: claimWithdraw(key, request),
  }
}

/** Consumes; the legacy route's keys are its own. */
export function consumptionCommand(
  route: 'consume' | 'consume_credits',
  walletId: WalletId,
  request: ConsumeRequest,
  key: IdempotencyKey,
): MovementCommand {
  return {
    kind: 'consume',
    walletId,
    transactionId: newTransactionId(),
    amount: request.amount,
    description: request.description ?? null,
    referenceId: null,
    usageRecordId: request.usageRecordId ?? null,
    metadata: request.metadata ?? {},
    idempotency: claimConsume(key, route, request),
  }
}

/** Transfers, with or without a fee. */
export function transferCommand(walletId: WalletId, request: TransferRequest, key: IdempotencyKey): TransferCommand {
  return {
    kind: 'transfer',
    walletId,
    toWalletId: request.toWalletId,
    transactionId: newTransactionId(),
    toTransactionId: newTransactionId(),
    feeTransactionId: newTransactionId(),
    amount: request.amount,
    fee: request.fee ?? null,
    description: request.description ?? null,
    metadata: request.metadata ?? {},
    idempotency: claimTransfer(key, request),
  }
}

/** Refunds a row, which never changes. */
export function refundCommand(
  original: RefundCommand['original'],
  request: RefundRequest,
  key: IdempotencyKey,
): RefundCommand {
  return {
    kind: 'refund',
    walletId: original.walletId,
    transactionId: newTransactionId(),
    original,
    amount: request.amount ?? null,
    reason: request.reason,
    metadata: request.metadata ?? {},
    idempotency: claimRefund(key, original.transactionId, request),
  }
}

/** Sets money aside. */
export function placementCommand(walletId: WalletId, request: PlaceHoldRequest, key: IdempotencyKey): PlaceHoldCommand {
  return {
    kind: 'place_hold',
    walletId,
    holdId: newHoldId(),
    amount: request.amount,
    lifetime: lifetimeOf(request.expiresInSeconds),
    description: request.description ?? null,
    referenceId: request.referenceId ?? null,
    metadata: request.metadata ?? {},
    idempotency: claimHold(key, request),
  }
}

/** Takes all or part of what a hold reserves. */
export function captureCommand(
  { holdId, walletId }: PlacedHold,
  request: CaptureHoldRequest,
  key: IdempotencyKey,
): CaptureHoldCommand {
  return {
    kind: 'capture_hold',
    walletId,
    holdId,
    transactionId: newTransactionId(),
    amount: request.amount ?? null,
    final: request.final,
    transactionType: request.transactionType,
    description: request.description ?? null,
    usageRecordId: request.usageRecordId ?? null,
    metadata: request.metadata ?? {},
    idempotency: claimCapture(key, holdId, request),
  }
}

/** Gives back what a hold reserves. */
export function voidCommand({ holdId, walletId }: PlacedHold, key: IdempotencyKey): VoidHoldCommand {
  return { kind: 'void_hold', walletId, holdId, idempotency: claimVoid(key, holdId) }
}

/** Sets a hold's time anew, counted from now. */
export function extensionCommand(
  { holdId, walletId }: PlacedHold,
  expiresInSeconds: number,
  key: IdempotencyKey,
): ExtendHoldCommand {
  return {
    kind: 'extend_hold',
    walletId,
    holdId,
    lifetime: lifetimeOf(expiresInSeconds),
    idempotency: claimExtension(key, holdId, expiresInSeconds),
  }
}

function lifetimeOf(seconds: number): bigint {
  return BigInt(seconds) * MICROS_PER_SECOND
}
