// The audit on holds of every kind: for each check of theirs, and each column of a hold and of what happened to it, one piece
// of damage that the audit must name together with its place. The sample's events are numbered in sample-holds.ts.
import { describe, expect, test } from 'vitest'
import type { HOLD_EVENT_COLUMNS } from '../../src/repositories/hold-statements.ts'
import { auditDatabase, CHECK_NAMES, type CheckName } from '../../src/services/audit-service.ts'
import {
  findingsOf,
  type HoldName,
  isAboutHolds,
  type Place,
  useDamagedLedger,
  wrongChecks,
} from '../support/audit-damage.ts'
import { queryDatabase } from '../support/sql.ts'

const ledger = useDamagedLedger()

const eventUpdate = (change: string, sequence: number): string =>
  `UPDATE hold_events SET ${change} WHERE wallet_id = :dora AND sequence = ${sequence}`
const eventDelete = (sequence: number): string =>
  `DELETE FROM hold_events WHERE wallet_id = :dora AND sequence = ${sequence}`
const holdUpdate = (change: string, hold: HoldName): string => `UPDATE holds SET ${change} WHERE hold_id = :${hold}`
const walletUpdate = (change: string, wallet = 'dora'): string =>
  `UPDATE wallets SET ${change} WHERE wallet_id = :${wallet}`
const rowUpdate = (change: string, sequence: number): string =>
  `UPDATE wallet_transactions SET ${change} WHERE wallet_id = :dora AND sequence = ${sequence}`
/** The same event once more, as the wallet's newest. */
const eventAgain = (sequence: number): string => `INSERT INTO hold_events
  SELECT wallet_id, 21, hold_id, event_type, amount, released_amount, status, captured_amount, remaining_amount, expires_at,
    reserved_total, expired_total, 11, NULL, NULL, hash, now()
  FROM hold_events WHERE wallet_id = :dora AND sequence = ${sequence}`
const STRAY_HOLD = `INSERT INTO holds SELECT gen_random_uuid(), wallet_id, currency, amount, captured_amount, status, expires_at,
  ends_at, description, reference_id, metadata, created_at, updated_at FROM holds WHERE hold_id = :voided`
const expiryOf = (hold: HoldName): string => `(SELECT expires_at FROM holds WHERE hold_id = :${hold})`
const KEY = `request_hash = '\\x${'00'.repeat(16)}', idempotency_key`

const event = (hold: HoldName, sequence: number): Place => ({ wallet: 'dora', hold, sequence })
const row = (sequence: number): Place => ({ wallet: 'dora', sequence })
const of = (hold: HoldName): Place => ({ wallet: 'dora', hold })

/** The check, the damage, and what the check must name: the place, and what is wrong with it. */
type Damage = readonly [check: CheckName, sql: string, place: Place, what: string]

const DAMAGE: readonly Damage[] = [
  ['readable_values', holdUpdate(`amount = 'NaN'`, 'voided'), of('voided'), 'a value'],
  ['readable_values', holdUpdate(`ends_at = 'infinity'`, 'voided'), of('voided'), 'a value'],
  ['readable_values', holdUpdate(`created_at = '-infinity'`, 'voided'), of('voided'), 'a value'],
  ['readable_values', eventUpdate(`released_amount = 'NaN'`, 8), event('partial', 8), 'a value'],
  ['readable_values', eventUpdate(`reserved_total = 'Infinity'`, 8), event('partial', 8), 'a value'],
  ['readable_values', eventUpdate('expired_total = expired_total + 1e-19', 17), event('expired', 17), 'a value'],
  ['readable_values', eventUpdate(`expires_at = 'infinity'`, 1), event('untouched', 1), 'a value'],
  ['readable_values', eventUpdate('transaction_sequence = 9007199254740993', 1), event('untouched', 1), 'a value'],
  ['readable_values', walletUpdate(`next_hold_expiry = 'infinity'`), row(11), 'a value'],
  ['row_rules', walletUpdate('locked_balance = 1', 'bob'), { wallet: 'bob' }, 'wallets_lock_expires_check'],
  ['row_rules', holdUpdate(`status = 'gone'`, 'voided'), of('voided'), 'holds_status_check'],
  ['row_rules', holdUpdate('amount = -1', 'whole'), of('whole'), 'holds_amount_check'],
  ['row_rules', eventUpdate(`event_type = 'gift'`, 8), event('partial', 8), 'hold_events_type_check'],
  ['row_rules', eventUpdate('remaining_amount = -1', 3), event('streaming', 3), 'hold_events_remaining_check'],
  ['locked_balance', walletUpdate('locked_balance = locked_balance + 1'), row(11), 'locked_balance'],
  ['locked_balance', walletUpdate('locked_balance = balance + 1'), row(11), 'available balance'],
  ['locked_balance', walletUpdate('next_hold_expiry = NULL'), row(11), 'locked_balance'],
  ['locked_balance', walletUpdate(`next_hold_expiry = ${expiryOf('due')}`), row(11), 'locked_balance'],
  ['locked_balance', walletUpdate('next_hold_expiry = now()'), row(11), 'locked_balance'],
  ['locked_balance', holdUpdate('captured_amount = 12', 'streaming'), row(11), 'locked_balance'],
  ['locked_balance', holdUpdate(`status = 'voided'`, 'untouched'), row(11), 'locked_balance'],
  ['locked_balance', eventUpdate('amount = 51', 2), row(2), 'locked_balance of the row'],
  ['locked_balance', eventUpdate('transaction_sequence = 5', 9), row(6), 'locked_balance of the row'],
  ['locked_balance', eventDelete(10), row(11), 'locked_balance of the row'],
  ['locked_balance', holdUpdate(`expires_at = expires_at + interval '1 day'`, 'lapsed'), row(9), 'locked_balance of'],
  ['idempotency', eventUpdate(`idempotency_key = 'hold-1'`, 10), event('voided', 10), 'idempotency_key'],
  ['idempotency', rowUpdate(`${KEY} = 'capture-1'`, 9), row(9), 'idempotency_key'],
  ['idempotency', rowUpdate(`${KEY} = 'void-1'`, 1), event('voided', 10), 'idempotency_key'],
  ['idempotency', eventUpdate('request_hash = NULL', 1), event('untouched', 1), 'request_hash'],
  ['idempotency', eventUpdate('idempotency_key = NULL', 1), event('untouched', 1), 'request_hash'],
  ['idempotency', eventUpdate(`request_hash = ''`, 1), event('untouched', 1), 'request_hash'],
  ['hold_continuity', eventDelete(4), event('whole', 5), 'sequence'],
  ['hold_continuity', eventUpdate('sequence = 99', 20), event('overdue', 99), 'sequence'],
  ['hold_continuity', eventUpdate('reserved_total = reserved_total + 1', 7), event('partial', 7), 'reserved_total'],
  ['hold_continuity', eventUpdate('expired_total = expired_total + 1', 17), event('expired', 17), 'expired_total'],
  ['hold_continuity', eventUpdate(`created_at = created_at + '1 day'`, 3), event('streaming', 4), 'created_at'],
  ['hold_continuity', eventUpdate('transaction_sequence = 1', 3), event('streaming', 3), 'transaction_sequence'],
  ['hold_continuity', eventUpdate('transaction_sequence = 7', 16), event('lapsed', 16), 'transaction_sequence'],
  ['hold_continuity', eventUpdate('transaction_sequence = 99', 20), event('overdue', 20), 'row before the event'],
  ['hold_continuity', eventUpdate('transaction_sequence = 11', 19), event('due', 19), 'row before the event'],
  ['hold_continuity', eventUpdate('transaction_sequence = 10', 20), event('overdue', 20), 'row after the event'],
  ['hold_history', eventUpdate(`event_type = 'extended'`, 9), event('voided', 9), 'event_type'],
  ['hold_history', eventUpdate(`event_type = 'placed'`, 12), event('extended', 12), 'event_type'],
  ['hold_history', eventUpdate(`status = 'voided'`, 3), event('streaming', 4), 'the end'],
  ['hold_history', eventAgain(10), event('voided', 21), 'the end'],
  ['hold_history', eventUpdate('captured_amount = captured_amount + 1', 3), event('streaming', 3), 'captured_amount'],
  ['hold_history', eventUpdate('amount = amount + 1', 4), event('streaming', 4), 'captured_amount'],
  ['hold_history', eventUpdate('released_amount = released_amount + 1', 8), event('partial', 8), 'released_amount'],
  [
    'hold_history',
    eventUpdate('remaining_amount = remaining_amount + 1', 3),
    event('streaming', 3),
    'remaining_amount',
  ],
  ['hold_history', eventUpdate(`expires_at = expires_at + '1 day'`, 3), event('streaming', 3), 'expires_at'],
  ['hold_history', eventUpdate(`expires_at = created_at`, 11), event('extended', 12), 'created_at'],
  ['hold_history', eventDelete(3), event('streaming', 4), 'captured_amount'],
  ['hold_history', eventDelete(5), event('whole', 6), 'event_type'],
  ['hold_state', eventDelete(20), of('overdue'), 'events of the hold'],
  ['hold_state', `DELETE FROM holds WHERE hold_id = :voided`, event('voided', 10), 'hold of the event'],
  ['hold_state', STRAY_HOLD, { wallet: 'dora' }, 'events of the hold'],
  ['hold_state', eventDelete(10), event('voided', 9), 'status'],
  ['hold_state', eventDelete(18), event('lapsed', 16), 'status'],
  ['hold_totals', holdUpdate('captured_amount = 20 - 1e-8', 'whole'), of('whole'), 'captured_amount'],
  ['hold_totals', holdUpdate('amount = 31', 'partial'), of('partial'), 'captured, released, expired and open'],
  ['hold_totals', eventUpdate('released_amount = 6', 17), of('expired'), 'captured, released, expired and open'],
  ['hold_totals', eventAgain(10), of('voided'), 'ends'],
  ['hold_totals', holdUpdate(`status = 'captured'`, 'streaming'), of('streaming'), 'ends'],
  [
    'hold_captures',
    `DELETE FROM wallet_transactions WHERE wallet_id = :dora AND sequence = 2`,
    event('streaming', 3),
    'row of the capture',
  ],
  ['hold_captures', rowUpdate(`transaction_type = 'reward'`, 2), event('streaming', 3), 'row of the capture'],
  ['hold_captures', rowUpdate('amount = 6', 2), event('streaming', 3), 'amount of the row'],
  ['hold_captures', eventUpdate('amount = 6', 3), event('streaming', 3), 'amount of the row'],
  ['hold_captures', rowUpdate(`metadata = '{}'`, 2), event('streaming', 3), 'hold_id of the row'],
  [
    'hold_captures',
    rowUpdate(`metadata = json_build_object('hold_id', :whole)`, 2),
    event('streaming', 3),
    'hold_id of the row',
  ],
  ['hold_captures', rowUpdate(`reference_id = 'stream-2'`, 2), event('streaming', 3), 'reference_id of the row'],
  ['hold_captures', holdUpdate('reference_id = NULL', 'streaming'), event('streaming', 4), 'reference_id of the row'],
  ['hold_captures', holdUpdate(`reference_id = 'x'`, 'partial'), event('partial', 8), 'reference_id of the row'],
  [
    'hold_captures',
    rowUpdate(`created_at = created_at - interval '1 us'`, 2),
    event('streaming', 3),
    'created_at of the row',
  ],
  ['hold_captures', eventUpdate('transaction_sequence = 3', 3), event('streaming', 3), 'amount of the row'],
  ['hold_expiries', eventUpdate(`expires_at = expires_at + '1 day'`, 17), event('lapsed', 18), 'expires_at'],
  [
    'hold_expiries',
    holdUpdate(`expires_at = ${expiryOf('lapsed')} - interval '1 us'`, 'due'),
    of('due'),
    'expires_at of a pending',
  ],
  ['hold_owner', `DELETE FROM wallets WHERE wallet_id = :dora`, of('voided'), 'wallet_id'],
  ['hold_owner', holdUpdate(`currency = 'EUR'`, 'voided'), of('voided'), 'currency'],
  ['hold_owner', walletUpdate(`currency = 'EUR'`), of('voided'), 'currency'],
  ['hold_owner', walletUpdate(`updated_at = created_at + '1 us'`), event('overdue', 20), 'created_at'],
  ['hold_owner', eventUpdate(`created_at = created_at - interval '1 day'`, 1), event('untouched', 1), 'created_at'],
  ['hold_ids', holdUpdate('hold_id = :untouched', 'wei'), of('untouched'), 'hold_id'],
  ['hold_hash_chain', holdUpdate(`description = 'Seat 13'`, 'untouched'), event('untouched', 1), 'hash'],
  ['hold_hash_chain', holdUpdate(`metadata = '{"rate":1.1,"seats":[12]}'`, 'untouched'), event('untouched', 1), 'hash'],
  ['hold_hash_chain', holdUpdate(`reference_id = 'order-3'`, 'untouched'), event('untouched', 1), 'hash'],
  ['hold_hash_chain', `DELETE FROM holds WHERE hold_id = :voided`, event('voided', 9), 'hash'],
  ['hold_hash_chain', eventUpdate('hash = sha256(hash)', 5), event('whole', 6), 'hash'],
  ['hold_hash_chain', eventDelete(5), event('whole', 6), 'hash'],
  ['hold_hash_chain', eventAgain(10), event('voided', 21), 'hash'],
  ['hold_hash_chain', eventUpdate(`amount = 'NaN'`, 5), {}, 'the check itself'],
]

describe('damage done to holds behind the service’s back is named with its place', () => {
  test.each(DAMAGE)('%s: %s', async (check, sql, place, what) => {
    const report = await ledger.auditAfter(sql)
    expect(report.clean).toBe(false)
    expect(findingsOf(report, check)).toContainEqual(ledger.findingAt(place, what))
  })

  test('and after it is made good, everything but the missing guards is clean again', async () => {
    await ledger.auditAfter(eventDelete(1))
    const report = await auditDatabase({ databaseUrl: ledger.workbench.url })
    expect(wrongChecks(report)).toEqual(['guards'])
  })

  test('every check of holds has its damage', () => {
    const damaged = new Set(DAMAGE.map(([check]) => check).filter(isAboutHolds))
    expect([...damaged].toSorted()).toEqual(CHECK_NAMES.filter(isAboutHolds).toSorted())
  })
})

test.each([
  { first: 'hold event 3', again: row(9), key: 'capture-1', sequence: 9 },
  { first: 'sequence 1', again: event('voided', 10), key: 'void-1', sequence: 1 },
])('a key with two effects is named at the second, $first being the first', async ({ first, again, key, sequence }) => {
  const report = await ledger.auditAfter(rowUpdate(`${KEY} = '${key}'`, sequence))
  expect(findingsOf(report, 'idempotency')).toEqual([
    expect.objectContaining({ expected: `one effect, which is ${first}`, found: `again: ${key}` }),
  ])
  expect(findingsOf(report, 'idempotency')).toEqual([ledger.findingAt(again, 'idempotency_key')])
})

/** What each row of dora's says was locked after it: all that was placed and neither captured, released nor expired by then. */
test.each`
  sequence | locked
  ${1}     | ${'0'}
  ${2}     | ${'55'}
  ${3}     | ${'55'}
  ${4}     | ${'48.5'}
  ${5}     | ${'48.5'}
  ${6}     | ${'48.5'}
  ${7}     | ${'48.5'}
  ${8}     | ${'63.5'}
  ${9}     | ${'56.5'}
  ${10}    | ${'56.5'}
  ${11}    | ${'56.5'}
`('row $sequence with a lock other than $locked is named', async ({ sequence, locked }) => {
  const report = await ledger.auditAfter(rowUpdate('locked_balance = locked_balance + 0.00000001', sequence))
  expect(findingsOf(report, 'locked_balance')).toEqual([
    {
      walletId: ledger.sample.wallets.dora.walletId,
      sequence: String(sequence),
      transactionId: expect.any(String),
      holdId: null,
      what: 'locked_balance of the row',
      expected: locked,
      found: locked.includes('.') ? `${locked}0000001` : `${locked}.00000001`,
    },
  ])
})

/** One change of each column of the first capture, or of the event that has such a column filled. */
const EVENT_EDITS: Readonly<Record<(typeof HOLD_EVENT_COLUMNS)[number][0], string>> = {
  wallet_id: eventUpdate('wallet_id = :empty', 3),
  sequence: eventUpdate('sequence = 99', 3),
  hold_id: eventUpdate('hold_id = :whole', 3),
  event_type: eventUpdate(`event_type = 'extended'`, 3),
  amount: eventUpdate('amount = amount + 0.00000001', 3),
  released_amount: eventUpdate('released_amount = 0.00000001', 3),
  status: eventUpdate(`status = 'captured'`, 3),
  captured_amount: eventUpdate('captured_amount = captured_amount + 0.00000001', 3),
  remaining_amount: eventUpdate('remaining_amount = remaining_amount + 0.00000001', 3),
  expires_at: eventUpdate(`expires_at = expires_at + '1 us'`, 3),
  reserved_total: eventUpdate('reserved_total = reserved_total + 0.00000001', 3),
  expired_total: eventUpdate('expired_total = 0.00000001', 3),
  transaction_sequence: eventUpdate('transaction_sequence = 3', 3),
  idempotency_key: eventUpdate(`idempotency_key = 'capture-2'`, 3),
  request_hash: eventUpdate('request_hash = sha256(request_hash)', 3),
  hash: eventUpdate('hash = sha256(hash)', 3),
  created_at: eventUpdate(`created_at = created_at + '1 us'`, 20),
}

/** One change of each column of an open hold, and the checks that must see it. */
const HOLD_EDITS: Readonly<Record<string, readonly [change: string, ...checks: CheckName[]]>> = {
  hold_id: ['hold_id = gen_random_uuid()', 'hold_state', 'hold_hash_chain'],
  wallet_id: ['wallet_id = :bob', 'hold_state', 'hold_hash_chain', 'locked_balance'],
  currency: [`currency = 'EUR'`, 'hold_owner', 'hold_hash_chain'],
  amount: ['amount = amount + 0.00000001', 'hold_state', 'hold_totals', 'locked_balance'],
  captured_amount: ['captured_amount = captured_amount + 0.00000001', 'hold_state', 'hold_totals', 'locked_balance'],
  status: [`status = 'voided'`, 'hold_state', 'hold_totals', 'locked_balance'],
  expires_at: [`expires_at = expires_at + '1 us'`, 'hold_state'],
  ends_at: [`ends_at = ends_at - interval '1 us'`, 'hold_state', 'row_rules'],
  description: [`description = 'Seat 13'`, 'hold_hash_chain'],
  reference_id: [`reference_id = 'order-3'`, 'hold_hash_chain', 'hold_captures'],
  metadata: [`metadata = '{ }'`, 'hold_hash_chain'],
  created_at: [`created_at = created_at - interval '1 us'`, 'hold_state'],
  updated_at: [`updated_at = updated_at + '1 us'`, 'hold_state'],
}

describe('no column of a hold, or of what happened to it, can be changed unseen', () => {
  test.each(Object.entries(EVENT_EDITS))('hold_events.%s', async (_, sql) => {
    const report = await ledger.auditAfter(sql)
    expect(wrongChecks(report)).toContain('hold_hash_chain')
  })

  test.each(Object.entries(HOLD_EDITS))('holds.%s', async (_, [change, ...checks]) => {
    const report = await ledger.auditAfter(holdUpdate(change, 'streaming'))
    expect(wrongChecks(report)).toEqual(expect.arrayContaining(checks))
  })

  test.each`
    table            | tried
    ${'hold_events'} | ${Object.keys(EVENT_EDITS)}
    ${'holds'}       | ${Object.keys(HOLD_EDITS)}
  `('the table $table has no column that is not tried here', async ({ table, tried }) => {
    const columns = await queryDatabase<{ column_name: string }>(
      ledger.sample.url,
      `SELECT column_name FROM information_schema.columns WHERE table_name = $1`,
      [table],
    )
    expect(columns.map((column) => column.column_name).toSorted()).toEqual(tried.toSorted())
  })
})
