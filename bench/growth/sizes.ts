// How many bytes a transaction takes: the table with its overflow, and each of its indexes.
import type pg from 'pg'

interface RelationSize {
  readonly name: string
  readonly bytesPerRow: number
}

export interface LedgerSizes {
  readonly rows: number
  readonly totalBytesPerRow: number
  readonly relations: readonly RelationSize[]
}

/** Sizes as they are on the disk. Counts the rows. */
export async function readSizes(client: pg.ClientBase): Promise<LedgerSizes> {
  const { rows } = await client.query<{ name: string; bytes: string; count: string }>(`
    WITH counted AS (SELECT count(*) AS count FROM wallet_transactions)
    SELECT 'table, overflow and maps' AS name, pg_table_size('wallet_transactions') AS bytes, count FROM counted
    UNION ALL
    SELECT indexrelid::regclass::text, pg_relation_size(indexrelid), count FROM pg_index, counted
    WHERE indrelid = 'wallet_transactions'::regclass
    ORDER BY bytes DESC`)
  const relations = rows.map(({ name, bytes, count }) => ({ name, bytesPerRow: Number(bytes) / Number(count) }))
  return {
    rows: Number(rows[0]?.count ?? 0),
    totalBytesPerRow: relations.reduce((sum, { bytesPerRow }) => sum + bytesPerRow, 0),
    relations,
  }
}
