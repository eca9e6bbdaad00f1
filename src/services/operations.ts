// The operations of a batch: what the single routes ask of the wallet and hold services, as data, and the commands that they
// mean.
import type { Command } from '../domain/command.ts'
import type { HoldId } from '../domain/hold.ts'
import type { TransactionId } from '../domain/transaction.ts'
import type { WalletId } from '../domain/wallet.ts'
import { consumptionCommand, creditCommand, placementCommand, transferCommand, withdrawalCommand } from './commands.ts'
import type {
  CaptureHoldRequest,
  ConsumeRequest,
  CreateWalletRequest,
  DepositRequest,
  IdempotencyKey,
  PlaceHoldRequest,
  RefundRequest,
  TransferRequest,
  WithdrawRequest,
} from './requests.ts'

interface Keyed {
  readonly key: IdempotencyKey
}

interface OnWallet<Kind extends string, Request> extends Keyed {
  readonly kind: Kind
  readonly walletId: WalletId
  readonly request: Request
}

interface OnHold<Kind extends string> extends Keyed {
  readonly kind: Kind
  readonly holdId: HoldId
}

/** An operation whose command needs nothing that has to be looked up. */
type PlainOperation =
  | OnWallet<'deposit' | 'reward', DepositRequest>
  | OnWallet<'withdraw', WithdrawRequest>
  | OnWallet<'consume', ConsumeRequest>
  | OnWallet<'transfer', TransferRequest>
  | OnWallet<'place_hold', PlaceHoldRequest>

/** An operation about something that has to be looked up, or an owner who has to be asked after. */
export type LookingOperation =
  | (Keyed & { readonly kind: 'refund'; readonly transactionId: TransactionId; readonly request: RefundRequest })
  | (OnHold<'capture_hold'> & { readonly request: CaptureHoldRequest })
  | OnHold<'void_hold'>
  | (OnHold<'extend_hold'> & { readonly expiresInSeconds: number })
  | (Keyed & { readonly kind: 'create_wallet'; readonly request: CreateWalletRequest })

/** One operation of a batch. */
export type Operation = PlainOperation | LookingOperation

/** Tells whether something must be looked up before there can be a command. */
export function needsLookUp(operation: Operation): operation is LookingOperation {
  return 'holdId' in operation || 'transactionId' in operation || operation.kind === 'create_wallet'
}

/** The command of an operation that needs no look-up. */
export function commandOf(operation: PlainOperation): Command {
  switch (operation.kind) {
    case 'deposit':
    case 'reward':
      return creditCommand(operation.kind, operation.walletId, operation.request, operation.key)
    case 'withdraw':
      return withdrawalCommand(operation.walletId, operation.request, operation.key)
    case 'consume':
      return consumptionCommand('consume', operation.walletId, operation.request, operation.key)
    case 'transfer':
      return transferCommand(operation.walletId, operation.request, operation.key)
    case 'place_hold':
      return placementCommand(operation.walletId, operation.request, operation.key)
  }
}
