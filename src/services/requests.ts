// What callers may ask of the wallet service, validated and typed, and the claim that an Idempotency-Key makes for it.
import type { IdempotencyClaim } from '../domain/command.ts'
import type { CaptureType, HoldId } from '../domain/hold.ts'
import { type RequestFields, type RequestKind, requestHash } from '../domain/idempotency.ts'
import type { JsonObject } from '../domain/json.ts'
import { type Amount, formatDecimal } from '../domain/money.ts'
import type { TransactionId } from '../domain/transaction.ts'
import type { BlockchainNetwork, WalletId, WalletType } from '../domain/wallet.ts'

/** The caller's `Idempotency-Key`, unquoted; `undefined` when none was sent. */
export type IdempotencyKey = string | undefined

export interface CreateWalletRequest {
  readonly userId: string
  readonly walletType: WalletType
  readonly currency: string
  /** `null`: opened empty. */
  readonly initialBalance: Amount | null
  readonly organizationId?: string | undefined
  readonly blockchainNetwork?: BlockchainNetwork | undefined
  readonly blockchainAddress?: string | undefined
  readonly metadata?: JsonObject | undefined
}

interface MovementRequest {
  readonly amount: Amount
  readonly description?: string | undefined
  readonly metadata?: JsonObject | undefined
}

export interface DepositRequest extends MovementRequest {
  readonly referenceId?: string | undefined
}

export interface WithdrawRequest extends MovementRequest {
  readonly destination?: string | undefined
}

export interface ConsumeRequest extends MovementRequest {
  readonly usageRecordId?: string | undefined
}

export interface TransferRequest extends MovementRequest {
  readonly toWalletId: WalletId
  readonly fee?: Amount | undefined
}

export interface RefundRequest {
  readonly reason: string
  /** Absent: everything that is left to refund. */
  readonly amount?: Amount | undefined
  readonly metadata?: JsonObject | undefined
}

export interface PlaceHoldRequest extends MovementRequest {
  readonly expiresInSeconds: number
  readonly referenceId?: string | undefined
}

export interface CaptureHoldRequest {
  /** Absent: all that is left. */
  readonly amount?: Amount | undefined
  /** `false`: more captures may follow. */
  readonly final: boolean
  readonly transactionType: CaptureType
  readonly description?: string | undefined
  readonly usageRecordId?: string | undefined
  readonly metadata?: JsonObject | undefined
}

export interface UpdateWalletRequest {
  readonly metadata?: JsonObject | undefined
  readonly blockchainAddress?: string | null | undefined
  readonly blockchainNetwork?: BlockchainNetwork | null | undefined
}

/** The claim of a creation. */
export function claimCreation(key: IdempotencyKey, request: CreateWalletRequest): IdempotencyClaim | null {
  return claim(key, 'create', () => ({
    user_id: request.userId,
    wallet_type: request.walletType,
    initial_balance: formatDecimal(request.initialBalance ?? 0n),
    currency: request.currency,
    organization_id: request.organizationId,
    blockchain_network: request.blockchainNetwork,
    blockchain_address: request.blockchainAddress,
    metadata: request.metadata,
  }))
}

/** The claim of a deposit or a reward. */
export function claimDeposit(
  key: IdempotencyKey,
  kind: 'deposit' | 'reward',
  request: DepositRequest,
): IdempotencyClaim | null {
  return claim(key, kind, () => ({ ...movementFields(request), reference_id: request.referenceId }))
}

/** The claim of a withdrawal. */
export function claimWithdraw(key: IdempotencyKey, request: WithdrawRequest): IdempotencyClaim | null {
  return claim(key, 'withdraw', () => ({ ...movementFields(request), destination: request.destination }))
}

/** The claim of a consumption; the legacy route is a route of its own. */
export function claimConsume(
  key: IdempotencyKey,
  kind: 'consume' | 'consume_credits',
  request: ConsumeRequest,
): IdempotencyClaim | null {
  return claim(key, kind, () => ({ ...movementFields(request), usage_record_id: request.usageRecordId }))
}

/** The claim of a transfer. */
export function claimTransfer(key: IdempotencyKey, request: TransferRequest): IdempotencyClaim | null {
  return claim(key, 'transfer', () => ({
    ...movementFields(request),
    to_wallet_id: request.toWalletId,
    fee: request.fee === undefined ? undefined : formatDecimal(request.fee),
  }))
}

/** The claim of a refund. */
export function claimRefund(
  key: IdempotencyKey,
  transactionId: TransactionId,
  request: RefundRequest,
): IdempotencyClaim | null {
  return claim(key, 'refund', () => ({
    transaction_id: transactionId,
    reason: request.reason,
    amount: request.amount === undefined ? undefined : formatDecimal(request.amount),
    metadata: request.metadata,
  }))
}

/** The claim of a hold. */
export function claimHold(key: IdempotencyKey, request: PlaceHoldRequest): IdempotencyClaim | null {
  return claim(key, 'place_hold', () => ({
    ...movementFields(request),
    expires_in_seconds: request.expiresInSeconds,
    reference_id: request.referenceId,
  }))
}

/** The claim of a capture. */
export function claimCapture(
  key: IdempotencyKey,
  holdId: HoldId,
  request: CaptureHoldRequest,
): IdempotencyClaim | null {
  return claim(key, 'capture_hold', () => ({
    hold_id: holdId,
    amount: request.amount === undefined ? undefined : formatDecimal(request.amount),
    final: request.final,
    transaction_type: request.transactionType,
    description: request.description,
    usage_record_id: request.usageRecordId,
    metadata: request.metadata,
  }))
}

/** The claim of a void. */
export function claimVoid(key: IdempotencyKey, holdId: HoldId): IdempotencyClaim | null {
  return claim(key, 'void_hold', () => ({ hold_id: holdId }))
}

/** The claim of an extension. */
export function claimExtension(key: IdempotencyKey, holdId: HoldId, expiresInSeconds: number): IdempotencyClaim | null {
  return claim(key, 'extend_hold', () => ({ hold_id: holdId, expires_in_seconds: expiresInSeconds }))
}

function movementFields(request: MovementRequest) {
  return { amount: formatDecimal(request.amount), description: request.description, metadata: request.metadata }
}

function claim<Kind extends RequestKind>(
  key: IdempotencyKey,
  kind: Kind,
  fields: () => RequestFields<Kind>,
): IdempotencyClaim | null {
  return key === undefined ? null : { key, kind, requestHash: requestHash(kind, fields()) }
}
