// Rows for the tables as SQL sees them, to try what the database itself accepts. By default each is valid; what the service
// would write is none of its business.
import { randomUUID } from 'node:crypto'
import type pg from 'pg'

export type Columns = Readonly<Record<string, unknown>>

/** An empty open fiat wallet of a user of its own. */
export const walletColumns = (overrides: Columns = {}): Columns => ({
  wallet_id: randomUUID(),
  user_id: `user-${randomUUID()}`,
  wallet_type: 'fiat',
  currency: 'CREDIT',
  last_hash: Buffer.alloc(32),
  created_at: '2026-01-31T12:00:00Z',
  updated_at: '2026-01-31T12:00:00Z',
  ...overrides,
})

/** The first row of a wallet: a deposit of 10. */
export const rowColumns = (overrides: Columns = {}): Columns => ({
  wallet_id: randomUUID(),
  sequence: 1,
  transaction_id: randomUUID(),
  user_id: 'user-1',
  transaction_type: 'deposit',
  direction: 'in',
  amount: '10',
  balance_before: '0',
  balance_after: '10',
  locked_balance: '0',
  fee: '0',
  currency: 'CREDIT',
  counterparty: 'external:deposit',
  description: 'Deposit: 10',
  blockchain_status: 'none',
  blockchain_confirmations: 0,
  metadata: '{}',
  type_count: 1,
  type_total_in: '10',
  type_total_out: '0',
  total_in: '10',
  hash: Buffer.alloc(32),
  created_at: '2026-01-31T12:00:00Z',
  ...overrides,
})

/** An open hold of 10, for an hour. */
export const holdColumns = (overrides: Columns = {}): Columns => ({
  hold_id: randomUUID(),
  wallet_id: randomUUID(),
  currency: 'CREDIT',
  amount: '10',
  captured_amount: '0',
  status: 'pending',
  expires_at: '2026-01-31T13:00:00Z',
  ends_at: '2026-01-31T13:00:00Z',
  metadata: '{}',
  created_at: '2026-01-31T12:00:00Z',
  updated_at: '2026-01-31T12:00:00Z',
  ...overrides,
})

/** A wallet's first hold event: a hold of 10 is placed. */
export const eventColumns = (overrides: Columns = {}): Columns => ({
  wallet_id: randomUUID(),
  sequence: 1,
  hold_id: randomUUID(),
  event_type: 'placed',
  amount: '10',
  released_amount: '0',
  status: 'pending',
  captured_amount: '0',
  remaining_amount: '10',
  expires_at: '2026-01-31T13:00:00Z',
  reserved_total: '10',
  expired_total: '0',
  transaction_sequence: 1,
  hash: Buffer.alloc(32),
  created_at: '2026-01-31T12:00:00Z',
  ...overrides,
})

/** Inserts one row. Throws the driver's error. */
export async function insert(client: pg.Client, table: string, columns: Columns): Promise<void> {
  const names = Object.keys(columns)
  const places = names.map((_, index) => `$${index + 1}`)
  await client.query(`INSERT INTO ${table} (${names.join()}) VALUES (${places.join()})`, Object.values(columns))
}
