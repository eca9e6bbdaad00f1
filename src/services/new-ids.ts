// Where new ids come from: UUIDv7, which sort by the time at which they were made.
import { uuidv7 } from 'uuidv7'
import type { HoldId } from '../domain/hold.ts'
import type { TransactionId } from '../domain/transaction.ts'
import type { WalletId } from '../domain/wallet.ts'

// The only places where an id that is made here becomes a branded one.

/** The id of a wallet that is about to be opened. */
export function newWalletId(): WalletId {
  return uuidv7() as WalletId
}

/** The id of a row that is about to be written. */
export function newTransactionId(): TransactionId {
  return uuidv7() as TransactionId
}

/** The id of a hold that is about to be placed. */
export function newHoldId(): HoldId {
  return uuidv7() as HoldId
}
