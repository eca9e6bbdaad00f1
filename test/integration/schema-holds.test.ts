// The database by itself refuses holds that reserve what they must not, and histories of holds that cannot be: for every CHECK
// and unique index one row that violates just it, and every way to change what happened.
import { describe, expect, test } from 'vitest'
import { eventColumns, holdColumns, insert } from '../support/raw-rows.ts'
import { type Case, describeTable, type TableRules, useScratchDatabase } from '../support/table-rules.ts'

const scratch = useScratchDatabase()

const [H1, W1] = ['0197f7d4-0000-7000-8000-00000000000c', '0197f7d4-0000-7000-8000-000000000001']
const BEFORE = '2026-01-31T11:59:59.999999Z'
const LATER = '2026-01-31T12:30:00Z'
const EXPIRY = '2026-01-31T13:00:00Z'
const AFTER = '2026-01-31T13:00:00.000001Z'

const captured = { status: 'captured', captured_amount: '10', updated_at: LATER, ends_at: LATER }
const voided = { status: 'voided', updated_at: LATER, ends_at: LATER }
const expired = { status: 'expired', updated_at: EXPIRY }

const BAD_HOLDS: readonly Case[] = [
  ['holds_pkey', { hold_id: H1, wallet_id: W1 }, [{ hold_id: H1, wallet_id: W1 }]],
  ['holds_description_check', { description: 'd'.repeat(1001) }],
  ['holds_reference_id_check', { reference_id: '' }],
  ['holds_reference_id_check', { reference_id: 'r'.repeat(256) }],
  ['holds_metadata_check', { metadata: '[]' }],
  ['holds_metadata_check', { metadata: 'null' }],
  ['holds_amount_check', { ...captured, captured_amount: '10.00000001' }],
  ['holds_amount_check', { captured_amount: '-0.00000001' }],
  ['holds_amount_check', { amount: '0', captured_amount: '-1' }],
  ['holds_numbers_check', { amount: 'NaN' }],
  ['holds_numbers_check', { ...captured, amount: 'NaN', captured_amount: 'NaN' }],
  ['holds_decimals_check', { amount: '0.000000001' }],
  ['holds_decimals_check', { captured_amount: '0.000000001' }],
  ['holds_times_check', { updated_at: BEFORE }],
  ['holds_times_check', { ...expired, created_at: EXPIRY }],
  ['holds_status_check', { status: 'gone' }],
  ['holds_status_check', { captured_amount: '10' }],
  ['holds_status_check', { ends_at: LATER }],
  ['holds_status_check', { updated_at: EXPIRY }],
  ['holds_status_check', { ...captured, captured_amount: '0' }],
  ['holds_status_check', { ...captured, ends_at: EXPIRY }],
  ['holds_status_check', { ...captured, updated_at: EXPIRY, ends_at: EXPIRY }],
  ['holds_status_check', { ...voided, captured_amount: '10' }],
  ['holds_status_check', { ...voided, ends_at: EXPIRY }],
  ['holds_status_check', { ...voided, updated_at: EXPIRY, ends_at: EXPIRY }],
  ['holds_status_check', { ...expired, captured_amount: '10' }],
  ['holds_status_check', { ...expired, ends_at: LATER }],
  ['holds_status_check', { ...expired, updated_at: AFTER }],
]

const GOOD_HOLDS: TableRules['good'] = [
  [{ hold_id: H1, wallet_id: W1 }, { wallet_id: W1 }],
  [
    { amount: '0.00000001' },
    { currency: 'ETH', amount: '0.000000000000000001' },
    { captured_amount: '9.99999999' },
    { amount: '99999999999999999999' },
  ],
  [captured, { ...captured, captured_amount: '0.00000001' }, voided, { ...voided, captured_amount: '3' }],
  [expired, { ...expired, captured_amount: '9.99999999' }],
  [{ description: 'd'.repeat(1000), reference_id: 'r'.repeat(255), metadata: '{"a": 1.10}' }],
]

const next = { sequence: 2, created_at: LATER }
const capture = {
  ...next,
  event_type: 'captured',
  amount: '4',
  captured_amount: '4',
  remaining_amount: '6',
  reserved_total: '6',
}
const last = { ...capture, status: 'captured', remaining_amount: '0', released_amount: '6', reserved_total: '0' }
const extension = { ...next, event_type: 'extended', amount: '0' }
const giving = {
  ...next,
  event_type: 'voided',
  status: 'voided',
  amount: '0',
  released_amount: '10',
  remaining_amount: '0',
  reserved_total: '0',
}
const expiry = {
  ...giving,
  event_type: 'expired',
  status: 'expired',
  reserved_total: '10',
  expired_total: '10',
  created_at: EXPIRY,
}
const keyed = { wallet_id: W1, idempotency_key: 'k', request_hash: Buffer.alloc(16) }
const held = { wallet_id: W1, hold_id: H1 }

const BAD_EVENTS: readonly Case[] = [
  ['hold_events_pkey', { wallet_id: W1 }, [{ wallet_id: W1 }]],
  ['hold_events_end_key', { ...giving, ...held }, [{ ...last, ...held, sequence: 1 }]],
  ['hold_events_end_key', { ...expiry, ...held }, [{ ...giving, ...held, sequence: 1 }]],
  ['hold_events_end_key', { ...last, ...held }, [{ ...expiry, ...held, sequence: 1 }]],
  ['hold_events_idempotency_key', { ...extension, ...keyed }, [keyed]],
  ['hold_events_sequence_check', { sequence: 0 }],
  ['hold_events_transaction_sequence_check', { transaction_sequence: -1 }],
  ['hold_events_idempotency_key_check', { ...keyed, idempotency_key: '' }],
  ['hold_events_idempotency_key_check', { ...keyed, idempotency_key: 'k'.repeat(256) }],
  ['hold_events_request_hash_check', { ...keyed, request_hash: Buffer.alloc(8) }],
  ['hold_events_request_hash_check', { ...keyed, request_hash: Buffer.alloc(17) }],
  ['hold_events_hash_check', { hash: Buffer.alloc(31) }],
  ['hold_events_type_check', { event_type: 'gift' }],
  ['hold_events_type_check', { amount: '0' }],
  ['hold_events_type_check', { released_amount: '1' }],
  ['hold_events_type_check', { status: 'voided', remaining_amount: '0' }],
  ['hold_events_type_check', { captured_amount: '1' }],
  ['hold_events_type_check', { remaining_amount: '9' }],
  ['hold_events_type_check', { ...capture, amount: '0' }],
  ['hold_events_type_check', { ...capture, released_amount: '1' }],
  ['hold_events_type_check', { ...last, released_amount: '-1' }],
  ['hold_events_type_check', { ...last, status: 'voided' }],
  ['hold_events_type_check', { ...capture, captured_amount: '3' }],
  ['hold_events_type_check', { ...capture, transaction_sequence: 0 }],
  ['hold_events_type_check', { ...extension, amount: '1' }],
  ['hold_events_type_check', { ...extension, released_amount: '1' }],
  ['hold_events_type_check', { ...extension, status: 'captured', remaining_amount: '0' }],
  ['hold_events_type_check', { ...giving, amount: '1' }],
  ['hold_events_type_check', { ...giving, released_amount: '0' }],
  ['hold_events_type_check', { ...giving, status: 'captured' }],
  ['hold_events_type_check', { ...expiry, amount: '1' }],
  ['hold_events_type_check', { ...expiry, released_amount: '0' }],
  ['hold_events_type_check', { ...expiry, status: 'voided' }],
  ['hold_events_remaining_check', { ...capture, remaining_amount: '0' }],
  ['hold_events_remaining_check', { ...last, remaining_amount: '6' }],
  ['hold_events_remaining_check', { ...giving, captured_amount: '-1' }],
  ['hold_events_remaining_check', { ...giving, remaining_amount: '-1' }],
  ['hold_events_times_check', { created_at: EXPIRY }],
  ['hold_events_times_check', { ...giving, created_at: EXPIRY }],
  ['hold_events_times_check', { ...expiry, created_at: LATER }],
  ['hold_events_totals_check', { expired_total: '-1' }],
  ['hold_events_totals_check', { expired_total: '10.00000001' }],
  ['hold_events_numbers_check', { amount: 'NaN', remaining_amount: 'NaN' }],
  ['hold_events_numbers_check', { ...giving, released_amount: 'NaN' }],
  ['hold_events_numbers_check', { ...extension, captured_amount: 'NaN' }],
  ['hold_events_numbers_check', { ...extension, remaining_amount: 'NaN' }],
  ['hold_events_numbers_check', { reserved_total: 'Infinity' }],
  ['hold_events_numbers_check', { reserved_total: 'NaN', expired_total: 'NaN' }],
  ['hold_events_idempotency_check', { ...keyed, request_hash: null }],
  ['hold_events_idempotency_check', { ...keyed, idempotency_key: null }],
]

const GOOD_EVENTS: TableRules['good'] = [
  [held, { ...capture, ...held }, { ...extension, ...held, sequence: 3 }, { ...last, ...held, sequence: 4 }],
  [{ transaction_sequence: 0 }, giving, expiry, { ...expiry, created_at: AFTER }],
  [keyed, { ...keyed, wallet_id: H1 }, { ...extension, ...keyed, idempotency_key: 'l' }],
  [{ amount: '99999999999999999999', remaining_amount: '99999999999999999999', reserved_total: '1e30' }],
]

describeTable(scratch, {
  table: 'holds',
  columnsOf: holdColumns,
  bad: BAD_HOLDS,
  good: GOOD_HOLDS,
  huge: { amount: '1e20' },
})
describeTable(scratch, {
  table: 'hold_events',
  columnsOf: eventColumns,
  bad: BAD_EVENTS,
  good: GOOD_EVENTS,
  huge: { amount: '1e20', remaining_amount: '1e20', reserved_total: '1e20' },
})

describe('what happened to holds', () => {
  const APPEND_ONLY = /hold_events is not allowed: what happened to a hold is append-only/
  const NEVER_DELETED = /holds is not allowed: holds end, they are never deleted/
  const TERMS = /holds is not allowed: a hold keeps what it was placed with/
  const ONCE = /holds is not allowed: a hold ends once, and a capture is never taken back/
  const AGAIN = `status = 'pending', captured_amount = 0, ends_at = expires_at`

  test.each([
    ['UPDATE hold_events SET amount = 11', {}, APPEND_ONLY],
    ['UPDATE hold_events SET hash = hash', {}, APPEND_ONLY],
    ['DELETE FROM hold_events', {}, APPEND_ONLY],
    ['TRUNCATE hold_events', {}, APPEND_ONLY],
    ['DELETE FROM holds', {}, NEVER_DELETED],
    ['TRUNCATE holds', {}, NEVER_DELETED],
    [`UPDATE holds SET hold_id = wallet_id`, {}, TERMS],
    [`UPDATE holds SET wallet_id = hold_id`, {}, TERMS],
    [`UPDATE holds SET currency = 'EUR'`, {}, TERMS],
    [`UPDATE holds SET amount = 11`, {}, TERMS],
    [`UPDATE holds SET description = 'another'`, {}, TERMS],
    [`UPDATE holds SET reference_id = 'another'`, {}, TERMS],
    [`UPDATE holds SET metadata = '{}'`, {}, TERMS],
    [`UPDATE holds SET created_at = created_at`, {}, TERMS],
    [`UPDATE holds SET captured_amount = 1`, { captured_amount: '2' }, ONCE],
    [`UPDATE holds SET ${AGAIN}`, captured, ONCE],
    [`UPDATE holds SET ${AGAIN}`, voided, ONCE],
    [`UPDATE holds SET ${AGAIN}, updated_at = created_at`, expired, ONCE],
    [`UPDATE holds SET status = 'captured', captured_amount = 1`, voided, ONCE],
  ])('%s of a hold with %j', async (statement, columns, message) => {
    await scratch.rolledBack(async () => {
      await insert(scratch.client, 'holds', holdColumns(columns))
      await insert(scratch.client, 'hold_events', eventColumns())
      const refusal = await scratch.errorOf(() => scratch.client.query(statement))
      expect(refusal?.message).toMatch(message)
      expect(refusal?.code).toBe('23001')
    })
  })

  test.each([
    [`captured_amount = 9.5, updated_at = '${LATER}'`],
    [`expires_at = '${AFTER}', ends_at = '${AFTER}', updated_at = '${LATER}'`],
    [`status = 'captured', captured_amount = 1, ends_at = '${LATER}', updated_at = '${LATER}'`],
    [`status = 'voided', ends_at = '${LATER}', updated_at = '${LATER}'`],
    [`status = 'expired', updated_at = expires_at`],
  ])('what may happen to an open hold may be written: %s', async (change) => {
    await scratch.rolledBack(async () => {
      await insert(scratch.client, 'holds', holdColumns())
      await expect(scratch.client.query(`UPDATE holds SET ${change}`)).resolves.toMatchObject({ rowCount: 1 })
    })
  })
})
