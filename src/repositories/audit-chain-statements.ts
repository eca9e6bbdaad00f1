// The SQL behind the audit's walks along the chains of hashes: every row in the order of its chain, under the names that the
// hash functions of domain/hash-chain.ts take.
import { HOLD_EVENT_COLUMNS } from './hold-statements.ts'
import { TRANSACTION_COLUMNS } from './ledger-statements.ts'

/** A statement that gives the rows of all chains of one kind, each chain's together and in order. */
export interface ChainStatement {
  /** Names the cursor; no two chains share one. */
  readonly name: string
  readonly text: string
}

/** Rows of the ledger, as `Transaction`s. */
export const transactionChain: ChainStatement = {
  name: 'transaction_chain',
  text: `SELECT ${named('t', TRANSACTION_COLUMNS)} FROM wallet_transactions t ORDER BY t.wallet_id, t.sequence`,
}

/** What happened to holds, as `HoldEvent`s, with the terms of the hold; an event without a hold has none. */
export const holdEventChain: ChainStatement = {
  name: 'hold_event_chain',
  text: `SELECT ${named('e', HOLD_EVENT_COLUMNS)}, coalesce(h.currency, '') AS currency, h.description,
      h.reference_id AS "referenceId", coalesce(h.metadata::text, '') AS metadata
    FROM hold_events e LEFT JOIN holds h ON h.wallet_id = e.wallet_id AND h.hold_id = e.hold_id
    ORDER BY e.wallet_id, e.sequence`,
}

function named(table: string, columns: readonly (readonly [name: string, type: string])[]): string {
  return columns.map(([column]) => `${table}.${column} AS "${camelCase(column)}"`).join(', ')
}

function camelCase(column: string): string {
  return column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
