// What can be asked of the ledger. Everything a rule needs travels in the command, ids included, so that a retried flush
// writes the same rows and can be found again by them.
import type { CaptureType, HoldId } from './hold.ts'
import type { RequestKind } from './idempotency.ts'
import type { JsonObject } from './json.ts'
import type { Amount } from './money.ts'
import type { IdempotencyRecord, Transaction, TransactionId } from './transaction.ts'
import type { BlockchainNetwork, WalletId, WalletType } from './wallet.ts'

/** A caller's key with the digest of its request; `kind` names the fields of the digest. */
export interface IdempotencyClaim extends IdempotencyRecord {
  readonly kind: RequestKind
}

interface Claimable {
  readonly idempotency: IdempotencyClaim | null
}

/** Moves money between one wallet and the outside. */
export interface MovementCommand extends Claimable {
  readonly kind: 'deposit' | 'reward' | 'withdraw' | 'consume'
  readonly walletId: WalletId
  readonly transactionId: TransactionId
  readonly amount: Amount
  readonly description: string | null
  readonly referenceId: string | null
  readonly usageRecordId: string | null
  readonly metadata: JsonObject
}

/** Moves money between two wallets, and optionally a fee out of the source. */
export interface TransferCommand extends Claimable {
  readonly kind: 'transfer'
  readonly walletId: WalletId
  readonly toWalletId: WalletId
  readonly transactionId: TransactionId
  readonly toTransactionId: TransactionId
  readonly feeTransactionId: TransactionId
  readonly amount: Amount
  readonly fee: Amount | null
  readonly description: string | null
  readonly metadata: JsonObject
}

/** The facts of a refundable row. A row never changes, so they may be read before the lock. */
type RefundOriginal = Pick<
  Transaction,
  'transactionId' | 'walletId' | 'transactionType' | 'amount' | 'counterparty' | 'currency'
>

/** Gives back all or part of an earlier debit. */
export interface RefundCommand extends Claimable {
  readonly kind: 'refund'
  readonly walletId: WalletId
  readonly transactionId: TransactionId
  readonly original: RefundOriginal
  /** `null`: everything that is left to refund. */
  readonly amount: Amount | null
  readonly reason: string
  readonly metadata: JsonObject
}

/** Sets money aside until it is captured, voided or expires. */
export interface PlaceHoldCommand extends Claimable {
  readonly kind: 'place_hold'
  readonly walletId: WalletId
  readonly holdId: HoldId
  readonly amount: Amount
  /** Microseconds from placement to expiry. */
  readonly lifetime: bigint
  readonly description: string | null
  readonly referenceId: string | null
  readonly metadata: JsonObject
}

/** Takes all or part of what a hold reserves; the last capture gives back the rest. */
export interface CaptureHoldCommand extends Claimable {
  readonly kind: 'capture_hold'
  readonly walletId: WalletId
  readonly holdId: HoldId
  readonly transactionId: TransactionId
  /** `null`: all that is left. */
  readonly amount: Amount | null
  /** `false`: more captures may follow, as long as something is left. */
  readonly final: boolean
  readonly transactionType: CaptureType
  readonly description: string | null
  readonly usageRecordId: string | null
  readonly metadata: JsonObject
}

/** Gives back what a hold reserves. */
export interface VoidHoldCommand extends Claimable {
  readonly kind: 'void_hold'
  readonly walletId: WalletId
  readonly holdId: HoldId
}

/** Sets a hold's time anew. */
export interface ExtendHoldCommand extends Claimable {
  readonly kind: 'extend_hold'
  readonly walletId: WalletId
  readonly holdId: HoldId
  /** Microseconds from now to expiry. */
  readonly lifetime: bigint
}

/** Writes down which holds of a wallet have expired: of the first to expire, as many as the flush looked up, at least `limit`. */
export interface ExpireHoldsCommand {
  readonly kind: 'expire_holds'
  readonly walletId: WalletId
  readonly limit: number
}

export type HoldCommand =
  | PlaceHoldCommand
  | CaptureHoldCommand
  | VoidHoldCommand
  | ExtendHoldCommand
  | ExpireHoldsCommand

/** Opens a wallet; with an initial balance, its first deposit is part of the same transaction. */
export interface CreateCommand extends Claimable {
  readonly kind: 'create'
  readonly walletId: WalletId
  readonly transactionId: TransactionId
  readonly userId: string
  readonly organizationId: string | null
  readonly walletType: WalletType
  readonly currency: string
  readonly initialBalance: Amount | null
  readonly blockchainAddress: string | null
  readonly blockchainNetwork: BlockchainNetwork | null
  readonly metadata: JsonObject
}

/** Changes what a wallet may do. Moves no money and writes no row. */
export interface StatusCommand {
  readonly kind: 'freeze' | 'unfreeze' | 'close'
  readonly walletId: WalletId
  readonly reason: string | null
}

/** Changes a wallet's particulars. An absent member stays as it is; `metadata` is merged (RFC 7396). */
export interface UpdateCommand {
  readonly kind: 'update'
  readonly walletId: WalletId
  readonly metadata?: JsonObject
  readonly blockchainAddress?: string | null
  readonly blockchainNetwork?: BlockchainNetwork | null
}

export type PostingCommand = MovementCommand | TransferCommand | RefundCommand
export type AdministrationCommand = StatusCommand | UpdateCommand
export type Command = PostingCommand | HoldCommand | CreateCommand | AdministrationCommand

/** The wallets that a command touches and that must be locked for it. */
export function walletsOf(command: Command): readonly WalletId[] {
  if (command.kind === 'create') return []
  return command.kind === 'transfer' ? [command.walletId, command.toWalletId] : [command.walletId]
}

/** The wallets that any of these commands touches, each once. */
export function allWalletsOf(commands: readonly Command[]): readonly WalletId[] {
  return [...new Set(commands.flatMap(walletsOf))]
}

/** The caller's key, if the command carries one. */
export function claimOf(command: Command): IdempotencyClaim | null {
  return 'idempotency' in command ? command.idempotency : null
}

/** Tells whether a command is about holds. */
export function isAboutHolds(command: Command): command is HoldCommand {
  return (
    command.kind === 'place_hold' ||
    command.kind === 'capture_hold' ||
    command.kind === 'void_hold' ||
    command.kind === 'extend_hold' ||
    command.kind === 'expire_holds'
  )
}

/** Tells whether a command changes a wallet without moving money. */
export function isAdministration(command: Command): command is AdministrationCommand {
  return (
    command.kind === 'freeze' || command.kind === 'unfreeze' || command.kind === 'close' || command.kind === 'update'
  )
}
