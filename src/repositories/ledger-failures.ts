// How a write to the ledger can fail, in terms that its callers may act on without knowing a SQLSTATE.
import { type DatabaseFailure, duplicateKeyOf, sqlstateOf } from '../db/sqlstate.ts'
import type { HoldEvent } from '../domain/hold.ts'
import type { TransactionId } from '../domain/transaction.ts'
import type { WalletId, WalletState } from '../domain/wallet.ts'

export type { DatabaseFailure } from '../db/sqlstate.ts'

/** Nothing was written, and `failure` says whether trying again may help. */
export class LedgerFailure extends Error {
  readonly failure: DatabaseFailure
  /** What the server called it; `null` where it said nothing. */
  readonly sqlstate: string | null
  /** The unique key by which a row was refused, because another is there; `null` where that is not what happened. */
  readonly duplicateOf: string | null
  constructor(failure: DatabaseFailure, cause: unknown) {
    super(`The ledger was not written: ${failure}`, { cause })
    this.name = 'LedgerFailure'
    this.failure = failure
    this.sqlstate = sqlstateOf(cause)
    this.duplicateOf = duplicateKeyOf(cause)
  }
}

/** Ids by which a transaction can be found again. */
export interface WrittenIds {
  readonly transactionIds: readonly TransactionId[]
  /** Wallets that it opened. */
  readonly walletIds: readonly WalletId[]
  /** Wallets whose status or particulars it changed, with the time that it gave them. */
  readonly changes: readonly Pick<WalletState, 'walletId' | 'updatedAt'>[]
  /** What it recorded about holds: the hash tells an event from another writer's with the same sequence. */
  readonly holdEvents: readonly Pick<HoldEvent, 'walletId' | 'sequence' | 'hash'>[]
}

/** The connection was lost after COMMIT had been sent: the rows may or may not be there. */
export class CommitOutcomeUnknown extends Error {
  readonly written: WrittenIds
  /** As in `LedgerFailure`. */
  readonly sqlstate: string | null
  constructor(written: WrittenIds, cause: unknown) {
    super('The answer to COMMIT was lost', { cause })
    this.name = 'CommitOutcomeUnknown'
    this.written = written
    this.sqlstate = sqlstateOf(cause)
  }
}
