// How much the ledger holds, counted exactly without reading it: sequences have no gaps, so the last ones add up to all rows.
import { sql } from 'kysely'
import type { ReadDatabase } from '../db/pool.ts'
import { reading } from './read-failures.ts'

export interface LedgerFigures {
  readonly wallets: number
  readonly transactions: number
}

/** Counts wallets and transactions in one pass over `wallets`. */
export class FiguresRepository {
  readonly #db: ReadDatabase

  constructor(db: ReadDatabase) {
    this.#db = db
  }

  /** Both counts, of one moment. Throws `database_unavailable`. */
  async ledgerFigures(): Promise<LedgerFigures> {
    return reading(
      this.#db
        .selectFrom('wallets')
        .select((eb) => [
          eb.fn.countAll<number>().as('wallets'),
          sql<number>`coalesce(sum(last_sequence), 0)::int8`.as('transactions'),
        ])
        .executeTakeFirstOrThrow(),
    )
  }
}
