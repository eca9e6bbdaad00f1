// Looks up what of a few named things belongs to a user. Not coalesced: what one user owns must not answer for another.
import { sql } from 'kysely'
import type { ReadDatabase } from '../db/pool.ts'
import { reading } from './read-failures.ts'

/** Something that a request names by its id, a UUID in lower case. */
export interface NamedThing {
  readonly kind: 'wallet' | 'transaction' | 'hold'
  readonly id: string
}

/** Look-ups of owners. Every method throws `database_unavailable` when the database does not answer. */
export class OwnershipRepository {
  readonly #db: ReadDatabase

  constructor(db: ReadDatabase) {
    this.#db = db
  }

  /** The ids of those things that are in wallets of the user. */
  async ownedBy(userId: string, named: readonly NamedThing[]): Promise<ReadonlySet<string>> {
    const idsOf = (kind: NamedThing['kind']) => named.flatMap((thing) => (thing.kind === kind ? [thing.id] : []))
    const { rows } = await reading(
      sql<{ id: string }>`
        SELECT w.wallet_id AS id FROM wallets w
          WHERE w.user_id = ${userId} AND w.wallet_id = ANY(${idsOf('wallet')}::uuid[])
        UNION ALL
        SELECT t.transaction_id FROM wallet_transactions t JOIN wallets w USING (wallet_id)
          WHERE w.user_id = ${userId} AND t.transaction_id = ANY(${idsOf('transaction')}::uuid[])
        UNION ALL
        SELECT h.hold_id FROM holds h JOIN wallets w USING (wallet_id)
          WHERE w.user_id = ${userId} AND h.hold_id = ANY(${idsOf('hold')}::uuid[])`.execute(this.#db),
    )
    return new Set(rows.map(({ id }) => id))
  }
}
