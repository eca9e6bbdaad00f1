// The look that a running service takes at its ledger: does it balance, and does every wallet stand where its newest rows left
// it? It reads wallets and the newest row of each type, never whole histories; those are for `npm run audit`.
import { sql } from 'kysely'
import type { ReadDatabase } from '../db/pool.ts'
import type { WalletId } from '../domain/wallet.ts'
import { reading } from './read-failures.ts'

/** What some wallets of one currency come to. */
export interface WatchedWallets {
  readonly currency: string
  readonly wallets: number
  /** What they hold beyond what came in from outside, by the running totals of their newest rows; scaled by 10^18. */
  readonly imbalance: bigint
  /** Wallets whose balance, sequence or hash is not that of their newest row. */
  readonly wrongHeads: number
  /** Wallets whose totals by type are not those of the newest row of each type. */
  readonly wrongTotals: number
  /** Some wallets that are counted in the two figures before. */
  readonly examples: readonly WalletId[]
}

interface Batch {
  readonly groups: readonly WatchedWallets[]
  readonly last: WalletId | null
}

type Transaction = Parameters<Parameters<ReturnType<ReadDatabase['transaction']>['execute']>[0]>[0]

/** About 50 ms of work, so that a statement is far from its timeout and a core is given back in between. */
const BATCH_SIZE = 2000
/** Sessions of all instances that look at the same database share it. Any number that nobody else uses. */
const LOCK_KEY = 8_208_004
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000'

/** Looks at all wallets as they are at one moment. */
export class LedgerWatchRepository {
  readonly #db: ReadDatabase

  constructor(db: ReadDatabase) {
    this.#db = db
  }

  /**
   * Hands every batch of wallets to `onGroups`, all of one snapshot, until it returns false. Resolves to false when another
   * process is looking at this moment, and nothing was looked at. Throws `database_unavailable`.
   */
  look(onGroups: (groups: readonly WatchedWallets[]) => boolean): Promise<boolean> {
    return reading(
      this.#db
        .transaction()
        .setIsolationLevel('repeatable read')
        .setAccessMode('read only')
        .execute(async (transaction) => {
          const { rows } = await sql<{
            locked: boolean
          }>`SELECT pg_try_advisory_xact_lock(${LOCK_KEY}) AS locked`.execute(transaction)
          if (rows[0]?.locked !== true) return false
          let after: string | null = BEFORE_ALL
          while (after !== null) {
            const batch: Batch = await lookAfter(transaction, after)
            after = onGroups(batch.groups) ? batch.last : null
          }
          return true
        }),
    )
  }
}

async function lookAfter(transaction: Transaction, after: string): Promise<Batch> {
  const { rows } = await watchedWallets(after).execute(transaction)
  const last = rows.reduce<WalletId | null>((most, { last: id }) => (most === null || id > most ? id : most), null)
  return { groups: rows, last }
}

/**
 * One look-up for the newest row of a wallet and one for each type that it has rows of. Row comparisons for the reason given
 * at `newestOfType` in history-statements.ts. A type that `totals` does not know leaves a count that is too small.
 */
const watchedWallets = (after: string) => sql<WatchedWallets & { readonly last: WalletId }>`
  SELECT currency, count(*)::int8 AS wallets, sum(balance - from_outside) AS imbalance,
    count(*) FILTER (WHERE wrong_head)::int8 AS "wrongHeads", count(*) FILTER (WHERE wrong_totals)::int8 AS "wrongTotals",
    coalesce((array_agg(wallet_id) FILTER (WHERE wrong_head OR wrong_totals))[1:5], '{}') AS examples,
    max(wallet_id::text) AS last
  FROM (
    SELECT w.wallet_id, w.currency, w.balance, coalesce(moved.from_outside, 0) AS from_outside,
      (coalesce(newest.sequence, 0), coalesce(newest.balance_after, 0)) <> (w.last_sequence, w.balance)
        OR (newest.hash IS NOT NULL AND newest.hash <> w.last_hash) AS wrong_head,
      coalesce(moved.counted, 0) <> w.last_sequence OR coalesce(moved.wrong, false) AS wrong_totals
    FROM (
      SELECT * FROM wallets WHERE wallet_id > ${after}::uuid ORDER BY wallet_id LIMIT ${BATCH_SIZE}
    ) AS w
    LEFT JOIN LATERAL (
      SELECT t.sequence, t.balance_after, t.hash FROM wallet_transactions t
      WHERE t.wallet_id = w.wallet_id ORDER BY t.sequence DESC LIMIT 1
    ) AS newest ON true
    CROSS JOIN LATERAL (
      SELECT sum(typed.type_total_in - typed.type_total_out) FILTER (WHERE kind.name <> 'transfer') AS from_outside,
        sum(typed.type_count) AS counted,
        bool_or(kind.totals IS DISTINCT FROM jsonb_build_array(typed.type_count,
          round(typed.type_total_in * 1e18)::text, round(typed.type_total_out * 1e18)::text)) AS wrong
      FROM jsonb_each(w.totals::jsonb) AS kind (name, totals)
      LEFT JOIN LATERAL (
        SELECT t.type_count, t.type_total_in, t.type_total_out FROM wallet_transactions t
        WHERE t.wallet_id = w.wallet_id
          AND (t.transaction_type, t.sequence) >= (kind.name, 0)
          AND (t.transaction_type, t.sequence) <= (kind.name, 9223372036854775807)
        ORDER BY t.transaction_type DESC, t.sequence DESC LIMIT 1
      ) AS typed ON true
    ) AS moved
  ) AS watched
  GROUP BY currency`
