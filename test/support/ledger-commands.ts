// Commands as the services make them of requests, for tests that post into the queue themselves: the caller comes first, and a
// movement may carry what only another kind of movement has in a request.
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
import * as commands from '../../src/services/commands.ts'
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
export const creationCommand = (key: requests.IdempotencyKey, request: requests.CreateWalletRequest): CreateCommand =>
  commands.creationCommand(request, key)

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
export const transferCommand = ({ walletId, key }: Caller, request: requests.TransferRequest): TransferCommand =>
  commands.transferCommand(walletId, request, key)

/** Gives back an earlier row, or a part of it. */
export const refundCommand = (
  key: requests.IdempotencyKey,
  original: RefundCommand['original'],
  request: requests.RefundRequest,
): RefundCommand => commands.refundCommand(original, request, key)

/** Sets money aside. */
export const placementCommand = ({ walletId, key }: Caller, request: requests.PlaceHoldRequest): PlaceHoldCommand =>
  commands.placementCommand(walletId, request, key)

interface HoldCaller extends Caller {
  readonly holdId: HoldId
}

/** Takes what is set aside, or a part of it. */
export const captureCommand = (caller: HoldCaller, request: requests.CaptureHoldRequest): CaptureHoldCommand =>
  commands.captureCommand(caller, request, caller.key)

/** Gives back what is set aside. */
export const voidCommand = (caller: HoldCaller): VoidHoldCommand => commands.voidCommand(caller, caller.key)

/** Sets a hold's time anew. */
export const extensionCommand = (caller: HoldCaller, seconds: number): ExtendHoldCommand =>
  commands.extensionCommand(caller, seconds, caller.key)
