// Commands as the wallet service makes them of requests: fresh ids, what was left out as null, and the claim of the key. For
// tests that post into the queue themselves.
import { uuidv7 } from 'uuidv7'
import type {
  CaptureHoldCommand,
  CreateCommand,
  ExtendHoldCommand,
  MovementCommand,
  PlaceHoldCommand,
  RefundCommand,
  TransferCommand,
  VoidHoldCommand,
} from '../../src/domain/command.ts'
import type { HoldId } from '../../src/domain/hold.ts'
import type { TransactionId } from '../../src/domain/transaction.ts'
import type { WalletId } from '../../src/domain/wallet.ts'
import * as requests from '../../src/services/requests.ts'

// Ids that come as plain text, out of the service's answers or newly made.
export const walletIdOf = (id: string): WalletId => id as WalletId
export const transactionIdOf = (id: string): TransactionId => id as TransactionId
export const holdIdOf = (id: string): HoldId => id as HoldId
const newTransactionId = (): TransactionId => transactionIdOf(uuidv7())

interface Caller {
  readonly walletId: WalletId
  readonly key: requests.IdempotencyKey
}

/** Opens a wallet. */
export const creationCommand = (
  key: requests.IdempotencyKey,
  request: requests.CreateWalletRequest,
): CreateCommand => ({
  kind: 'create',
  walletId: walletIdOf(uuidv7()),
  transactionId: newTransactionId(),
  userId: request.userId,
  walletType: request.walletType,
  currency: request.currency,
  initialBalance: request.initialBalance,
  organizationId: request.organizationId ?? null,
  blockchainAddress: request.blockchainAddress ?? null,
  blockchainNetwork: request.blockchainNetwork ?? null,
  metadata: request.metadata ?? {},
  idempotency: requests.claimCreation(key, request),
})

/** Deposits, rewards, withdraws or consumes. */
export function movementCommand(
  kind: MovementCommand['kind'],
  { walletId, key }: Caller,
  request: requests.DepositRequest & requests.ConsumeRequest,
): MovementCommand {
  const claims = {
    deposit: () => requests.claimDeposit(key, 'deposit', request),
    reward: () => requests.claimDeposit(key, 'reward', request),
    withdraw: () => requests.claimWithdraw(key, request),
    consume: () => requests.claimConsume(key, 'consume', request),
  }
  return {
    kind,
    walletId,
    transactionId: newTransactionId(),
    amount: request.amount,
    description: request.description ?? null,
    referenceId: request.referenceId ?? null,
    usageRecordId: request.usageRecordId ?? null,
    metadata: request.metadata ?? {},
    idempotency: claims[kind](),
  }
}

/** Moves money to another wallet. */
export const transferCommand = ({ walletId, key }: Caller, request: requests.TransferRequest): TransferCommand => ({
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
  idempotency: requests.claimTransfer(key, request),
})

/** Gives back an earlier row, or a part of it. */
export const refundCommand = (
  key: requests.IdempotencyKey,
  original: RefundCommand['original'],
  request: requests.RefundRequest,
): RefundCommand => ({
  kind: 'refund',
  walletId: original.walletId,
  transactionId: newTransactionId(),
  original,
  amount: request.amount ?? null,
  reason: request.reason,
  metadata: request.metadata ?? {},
  idempotency: requests.claimRefund(key, original.transactionId, request),
})

const SECOND = 1_000_000n

/** Sets money aside. */
export const placementCommand = ({ walletId, key }: Caller, request: requests.PlaceHoldRequest): PlaceHoldCommand => ({
  kind: 'place_hold',
  walletId,
  holdId: holdIdOf(uuidv7()),
  amount: request.amount,
  lifetime: BigInt(request.expiresInSeconds) * SECOND,
  description: request.description ?? null,
  referenceId: request.referenceId ?? null,
  metadata: request.metadata ?? {},
  idempotency: requests.claimHold(key, request),
})

interface HoldCaller extends Caller {
  readonly holdId: HoldId
}

/** Takes what is set aside, or a part of it. */
export const captureCommand = (
  { walletId, holdId, key }: HoldCaller,
  request: requests.CaptureHoldRequest,
): CaptureHoldCommand => ({
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
  idempotency: requests.claimCapture(key, holdId, request),
})

/** Gives back what is set aside. */
export const voidCommand = ({ walletId, holdId, key }: HoldCaller): VoidHoldCommand => ({
  kind: 'void_hold',
  walletId,
  holdId,
  idempotency: requests.claimVoid(key, holdId),
})

/** Sets a hold's time anew. */
export const extensionCommand = ({ walletId, holdId, key }: HoldCaller, seconds: number): ExtendHoldCommand => ({
  kind: 'extend_hold',
  walletId,
  holdId,
  lifetime: BigInt(seconds) * SECOND,
  idempotency: requests.claimExtension(key, holdId, seconds),
})
