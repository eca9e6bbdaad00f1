// The database by itself refuses bad money: for every CHECK and unique index one row that violates just it, and every way to
// change history. What it refuses of holds is in schema-holds.test.ts.
import { describe, expect, test } from 'vitest'
import { insert, rowColumns, walletColumns } from '../support/raw-rows.ts'
import { type Case, describeTable, type TableRules, useScratchDatabase } from '../support/table-rules.ts'

const scratch = useScratchDatabase()

const [W1, W2, T1, T2] = [1, 2, 3, 4].map((number) => `0197f7d4-0000-7000-8000-00000000000${number}`) as [
  string,
  string,
  string,
  string,
]
const money = { balance: '10', total_in: '10', last_sequence: 1 }
const locking = { ...money, next_hold_expiry: '2026-02-01T12:00:00Z' }
const created = { creation_key: 'k', creation_request_hash: Buffer.alloc(16), creation_snapshot: '{}' }

const BAD_WALLETS: readonly Case[] = [
  ['wallets_pkey', { wallet_id: W1 }, [{ wallet_id: W1 }]],
  ['wallets_user_id_check', { user_id: '' }],
  ['wallets_user_id_check', { user_id: 'u'.repeat(256) }],
  ['wallets_organization_id_check', { organization_id: '' }],
  ['wallets_organization_id_check', { organization_id: 'o'.repeat(256) }],
  ['wallets_wallet_type_check', { wallet_type: 'gift' }],
  ['wallets_currency_check', { currency: 'credit' }],
  ['wallets_currency_check', { currency: '' }],
  ['wallets_currency_check', { currency: '1X' }],
  ['wallets_currency_check', { currency: 'CREDIT ' }],
  ['wallets_currency_check', { currency: 'C'.repeat(17) }],
  ['wallets_currency_check', { currency: 'CREDIT\nX' }],
  ['wallets_status_check', { status: 'gone' }],
  ['wallets_status_reason_check', { status_reason: 'r'.repeat(501) }],
  ['wallets_blockchain_address_check', { blockchain_address: '' }],
  ['wallets_blockchain_address_check', { blockchain_address: 'a'.repeat(256) }],
  ['wallets_blockchain_network_check', { blockchain_network: 'bitcoin' }],
  ['wallets_on_chain_balance_check', { on_chain_balance: '-0.00000001' }],
  ['wallets_sync_status_check', { sync_status: 'late' }],
  ['wallets_metadata_check', { metadata: '[]' }],
  ['wallets_metadata_check', { metadata: 'null' }],
  ['wallets_last_sequence_check', { last_sequence: -1, wallet_type: 'crypto' }],
  ['wallets_last_hash_check', { last_hash: Buffer.alloc(31) }],
  ['wallets_check', { ...money, total_in: '9.99999999' }],
  ['wallets_totals_check', { totals: '[]' }],
  ['wallets_creation_key_check', { ...created, creation_key: '' }],
  ['wallets_creation_key_check', { ...created, creation_key: 'k'.repeat(256) }],
  ['wallets_creation_request_hash_check', { ...created, creation_request_hash: Buffer.alloc(17) }],
  ['wallets_check1', { updated_at: '2026-01-31T11:59:59Z' }],
  ['wallets_money_check', { ...money, balance: '-0.00000001' }],
  ['wallets_money_check', { ...locking, locked_balance: '10.00000001' }],
  ['wallets_money_check', { ...locking, locked_balance: '-1' }],
  ['wallets_lock_expires_check', { ...locking, locked_balance: '0.00000001', next_hold_expiry: null }],
  ['wallets_numbers_check', { ...money, balance: 'NaN', total_in: 'NaN' }],
  ['wallets_numbers_check', { ...money, total_in: 'NaN' }],
  ['wallets_numbers_check', { ...money, total_in: 'Infinity' }],
  ['wallets_numbers_check', { on_chain_balance: 'NaN' }],
  ['wallets_decimals_check', { ...money, balance: '0.000000001' }],
  ['wallets_closed_is_empty_check', { ...money, status: 'closed' }],
  ['wallets_empty_history_check', { balance: '10', total_in: '10' }],
  ['wallets_empty_history_check', { total_in: '10' }],
  ['wallets_creation_check', { ...created, creation_snapshot: null }],
  ['wallets_creation_check', { ...created, creation_request_hash: null }],
  ['wallets_creation_check', { ...created, creation_key: null }],
  ['wallets_open_fiat_key', { user_id: 'u' }, [{ user_id: 'u' }]],
  ['wallets_open_fiat_key', { user_id: 'u', status: 'frozen' }, [{ user_id: 'u', status: 'frozen' }]],
  ['wallets_creation_key', { ...created, user_id: 'u', currency: 'USD' }, [{ ...created, user_id: 'u' }]],
]

const out = {
  direction: 'out',
  balance_before: '10',
  balance_after: '0',
  type_total_in: '0',
  type_total_out: '10',
  sequence: 2,
}
const consume = { ...out, transaction_type: 'consume', counterparty: 'revenue:consume' }
const sent = {
  ...out,
  wallet_id: W1,
  transaction_type: 'transfer',
  counterparty: `wallet:${W2}`,
  from_wallet_id: W1,
  to_wallet_id: W2,
  counterpart_sequence: 1,
}
const refund = {
  wallet_id: W1,
  transaction_type: 'refund',
  counterparty: 'revenue:consume',
  original_transaction_id: T1,
  original_amount: '30',
  refunded_total: '10',
}
const keyed = { wallet_id: W1, idempotency_key: 'k', request_hash: Buffer.alloc(16) }

const BAD_ROWS: readonly Case[] = [
  ['wallet_transactions_pkey', { wallet_id: W1 }, [{ wallet_id: W1 }]],
  [
    'wallet_transactions_id_key',
    { ...consume, wallet_id: W1, transaction_id: T1 },
    [{ wallet_id: W1, transaction_id: T1 }],
  ],
  ['wallet_transactions_idempotency_key', { ...consume, ...keyed }, [keyed]],
  ['wallet_transactions_refund_key', { ...refund, sequence: 2 }, [refund]],
  ['wallet_transactions_sequence_check', { sequence: 0, type_count: 0 }],
  ['wallet_transactions_fee_check', { fee: '-1' }],
  ['wallet_transactions_description_check', { description: 'd'.repeat(1001) }],
  ['wallet_transactions_reference_id_check', { reference_id: '' }],
  ['wallet_transactions_reference_id_check', { reference_id: 'r'.repeat(256) }],
  ['wallet_transactions_usage_record_id_check', { usage_record_id: '' }],
  ['wallet_transactions_usage_record_id_check', { usage_record_id: 'r'.repeat(256) }],
  ['wallet_transactions_blockchain_confirmations_check', { blockchain_confirmations: -1 }],
  ['wallet_transactions_gas_fee_check', { gas_fee: '-1' }],
  ['wallet_transactions_metadata_check', { metadata: '[]' }],
  ['wallet_transactions_metadata_check', { metadata: '"{}"' }],
  ['wallet_transactions_check', { type_count: 0 }],
  ['wallet_transactions_check', { type_count: 2 }],
  ['wallet_transactions_type_total_in_check', { type_total_in: '-1' }],
  ['wallet_transactions_type_total_out_check', { type_total_out: '-1' }],
  ['wallet_transactions_check1', { total_in: '9' }],
  ['wallet_transactions_idempotency_key_check', { ...keyed, idempotency_key: '' }],
  ['wallet_transactions_idempotency_key_check', { ...keyed, idempotency_key: 'k'.repeat(256) }],
  ['wallet_transactions_request_hash_check', { ...keyed, request_hash: Buffer.alloc(8) }],
  ['wallet_transactions_hash_check', { hash: Buffer.alloc(33) }],
  ['wallet_transactions_amount_check', { amount: '0', balance_after: '0' }],
  ['wallet_transactions_amount_check', { amount: '-1', sequence: 2, balance_before: '10', balance_after: '9' }],
  ['wallet_transactions_numbers_check', { amount: 'NaN', balance_after: 'NaN', total_in: 'NaN' }],
  ['wallet_transactions_numbers_check', { type_total_in: 'Infinity' }],
  ['wallet_transactions_numbers_check', { type_total_out: 'NaN' }],
  ['wallet_transactions_numbers_check', { total_in: 'Infinity' }],
  ['wallet_transactions_numbers_check', { fee: 'NaN' }],
  ['wallet_transactions_numbers_check', { gas_fee: 'NaN' }],
  ['wallet_transactions_numbers_check', { ...refund, original_amount: 'NaN' }],
  ['wallet_transactions_balance_check', { balance_after: '9.99999999' }],
  ['wallet_transactions_balance_check', { ...consume, balance_after: '0.00000001' }],
  ['wallet_transactions_balance_check', { ...consume, balance_after: '20', total_in: '20' }],
  ['wallet_transactions_balance_check', { sequence: 2, balance_before: '-1', balance_after: '9' }],
  ['wallet_transactions_locked_check', { locked_balance: '10.00000001' }],
  ['wallet_transactions_locked_check', { locked_balance: '-1' }],
  ['wallet_transactions_first_check', { balance_before: '1', balance_after: '11', total_in: '11' }],
  ['wallet_transactions_decimals_check', { amount: '0.000000001', balance_after: '0.000000001' }],
  ['wallet_transactions_counterparty_check', { counterparty: 'promotion:reward' }],
  ['wallet_transactions_counterparty_check', { transaction_type: 'gift' }],
  [
    'wallet_transactions_counterparty_check',
    { ...consume, transaction_type: 'deposit', counterparty: 'external:deposit' },
  ],
  ['wallet_transactions_counterparty_check', { transaction_type: 'consume', counterparty: 'revenue:consume' }],
  ['wallet_transactions_counterparty_check', { ...consume, counterparty: 'fees' }],
  ['wallet_transactions_counterparty_check', { ...consume, transaction_type: 'withdraw' }],
  ['wallet_transactions_counterparty_check', { ...consume, transaction_type: 'fee' }],
  ['wallet_transactions_counterparty_check', { transaction_type: 'reward' }],
  ['wallet_transactions_counterparty_check', { ...refund, counterparty: 'external:deposit' }],
  ['wallet_transactions_counterparty_check', { transaction_type: 'blockchain_in', counterparty: 'external:deposit' }],
  ['wallet_transactions_counterparty_check', { ...consume, transaction_type: 'blockchain_out' }],
  ['wallet_transactions_counterparty_check', { ...consume, direction: 'sideways' }],
  ['wallet_transactions_transfer_check', { ...sent, from_wallet_id: null }],
  ['wallet_transactions_transfer_check', { ...sent, to_wallet_id: null }],
  ['wallet_transactions_transfer_check', { ...sent, counterpart_sequence: null }],
  ['wallet_transactions_transfer_check', { ...sent, to_wallet_id: W1, counterparty: `wallet:${W1}` }],
  ['wallet_transactions_transfer_check', { ...sent, wallet_id: W2 }],
  ['wallet_transactions_transfer_check', { ...sent, counterparty: `wallet:${W1}` }],
  ['wallet_transactions_refund_check', { ...refund, original_transaction_id: null }],
  ['wallet_transactions_refund_check', { ...refund, original_amount: null }],
  ['wallet_transactions_refund_check', { ...refund, refunded_total: null }],
  ['wallet_transactions_refund_check', { ...refund, refunded_total: '30.00000001' }],
  ['wallet_transactions_refund_check', { ...refund, refunded_total: '9.99999999' }],
  ['wallet_transactions_refund_check', { original_transaction_id: T1, original_amount: '30', refunded_total: '10' }],
  ['wallet_transactions_idempotency_check', { ...keyed, request_hash: null }],
  ['wallet_transactions_idempotency_check', { ...keyed, idempotency_key: null }],
]

/** Rows that come close to what is refused. */
const GOOD_WALLETS: TableRules['good'] = [
  [
    { ...locking, locked_balance: '10' },
    locking,
    { currency: 'ETH', balance: '0.000000000000000001', total_in: '1', last_sequence: 1 },
  ],
  [{ user_id: 'u' }, { user_id: 'u', currency: 'USD' }, { user_id: 'u', wallet_type: 'crypto' }, { user_id: 'v' }],
  [{ user_id: 'u', status: 'closed' }, { user_id: 'u', status: 'closed' }, { user_id: 'u' }],
  [
    { ...created, user_id: 'u' },
    { ...created, user_id: 'v' },
    { ...created, user_id: 'u', creation_key: 'l', currency: 'USD' },
  ],
  [
    { currency: 'A' },
    { currency: 'A1._-BCDEFGHIJKL' },
    { ...money, balance: '99999999999999999999', total_in: '99999999999999999999' },
  ],
]
const GOOD_ROWS: TableRules['good'] = [
  [{ wallet_id: W1 }, { wallet_id: W2 }, { ...consume, wallet_id: W1 }],
  [
    { wallet_id: W1, transaction_id: T1 },
    { wallet_id: W2, transaction_id: T1 },
  ],
  [keyed, { ...keyed, wallet_id: W2 }, { ...consume, ...keyed, idempotency_key: 'l' }],
  [refund, { ...refund, sequence: 2, refunded_total: '20' }, { ...refund, sequence: 3, original_transaction_id: T2 }],
  [
    sent,
    {
      ...sent,
      wallet_id: W2,
      direction: 'in',
      sequence: 1,
      balance_before: '0',
      balance_after: '10',
      counterparty: `wallet:${W1}`,
    },
  ],
  [{ currency: 'ETH', amount: '0.000000000000000001', balance_after: '0.000000000000000001' }],
]

describeTable(scratch, {
  table: 'wallets',
  columnsOf: walletColumns,
  bad: BAD_WALLETS,
  good: GOOD_WALLETS,
  huge: { ...money, balance: '1e20', total_in: '1e20' },
})
describeTable(scratch, {
  table: 'wallet_transactions',
  columnsOf: rowColumns,
  bad: BAD_ROWS,
  good: GOOD_ROWS,
  huge: { amount: '1e20', balance_after: '1e20' },
  impliedBy: new Map([['wallet_transactions_sequence_check', 'wallet_transactions_check']]),
})

describe('history', () => {
  const APPEND_ONLY = /wallet_transactions is not allowed: the ledger is append-only/
  const NEVER_DELETED = /wallets is not allowed: wallets are closed, never deleted/
  const IDENTITY = /wallets is not allowed: a wallet keeps its identity/

  test.each([
    ['UPDATE wallet_transactions SET amount = 11, balance_after = 11, total_in = 11', APPEND_ONLY],
    ["UPDATE wallet_transactions SET description = 'x'", APPEND_ONLY],
    ['UPDATE wallet_transactions SET hash = hash', APPEND_ONLY],
    ['DELETE FROM wallet_transactions', APPEND_ONLY],
    ['TRUNCATE wallet_transactions', APPEND_ONLY],
    ['TRUNCATE wallet_transactions, wallets CASCADE', APPEND_ONLY],
    ['DELETE FROM wallets', NEVER_DELETED],
    ['TRUNCATE wallets', NEVER_DELETED],
    [`UPDATE wallets SET wallet_id = '${W2}'`, IDENTITY],
    ["UPDATE wallets SET user_id = 'another'", IDENTITY],
    ["UPDATE wallets SET wallet_type = 'crypto'", IDENTITY],
    ["UPDATE wallets SET currency = 'USD'", IDENTITY],
    [`UPDATE wallets SET created_at = created_at - interval '1 day'`, IDENTITY],
    ["INSERT INTO wallets SELECT * FROM wallets ON CONFLICT (wallet_id) DO UPDATE SET currency = 'USD'", IDENTITY],
    [
      `MERGE INTO wallet_transactions t USING wallets w ON t.wallet_id = w.wallet_id WHEN MATCHED THEN DELETE`,
      APPEND_ONLY,
    ],
  ])('%s', async (statement, message) => {
    await scratch.rolledBack(async () => {
      await insert(scratch.client, 'wallets', walletColumns({ ...money, wallet_id: W1 }))
      await insert(scratch.client, 'wallet_transactions', rowColumns({ wallet_id: W1 }))
      const refusal = await scratch.errorOf(() => scratch.client.query(statement))
      expect(refusal?.message).toMatch(message)
      expect(refusal?.code).toBe('23001')
    })
  })

  test('what a posting and administration change may be changed', async () => {
    await scratch.rolledBack(async () => {
      await insert(scratch.client, 'wallets', walletColumns({ ...money, wallet_id: W1 }))
      const change =
        "UPDATE wallets SET balance = 0, last_sequence = 2, status = 'closed', metadata = '{}', updated_at = now()"
      await expect(scratch.client.query(change)).resolves.toMatchObject({ rowCount: 1 })
    })
  })
})

test('the rules mean PostgreSQL’s own operators, whatever a session finds first', async () => {
  await scratch.rolledBack(async () => {
    const { client } = scratch
    await insert(client, 'wallets', walletColumns({ balance: '10', total_in: '10', last_sequence: 1 }))
    await client.query(`CREATE SCHEMA shadow;
      CREATE FUNCTION shadow.yes(numeric, numeric) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
      CREATE OPERATOR shadow.<= (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = shadow.yes);
      CREATE OPERATOR shadow.>= (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = shadow.yes);
      SET LOCAL search_path = shadow, pg_catalog, public`)
    const refusal = await scratch.errorOf(() => client.query('UPDATE wallets SET balance = -1'))
    expect(refusal).toMatchObject({ constraint: 'wallets_money_check' })
  })
})
