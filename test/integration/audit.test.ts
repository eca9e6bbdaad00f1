// The audit on a ledger with every kind of movement: clean as the service writes it, and for each check, and each column of
// a row, one piece of damage that the audit must name together with its row. Damage done to holds is in audit-holds.test.ts.
import { describe, expect, test } from 'vitest'
import type { TRANSACTION_COLUMNS } from '../../src/repositories/ledger-statements.ts'
import { auditDatabase, CHECK_NAMES, type CheckName } from '../../src/services/audit-service.ts'
import { findingsOf, isAboutHolds, useDamagedLedger, type WalletName, wrongChecks } from '../support/audit-damage.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { captureHold, expireHolds, placeHold, voidHold } from '../support/sample-holds.ts'
import { consume, deposit, openQueue, openWallet, transfer } from '../support/sample-ledger.ts'
import { queryDatabase } from '../support/sql.ts'

const ledger = useDamagedLedger()

describe('a ledger as the service writes it', () => {
  test('is clean', async () => {
    const report = await auditDatabase({ databaseUrl: ledger.sample.url })
    expect(report.checks.flatMap((check) => check.findings)).toEqual([])
    expect(report).toMatchObject({ clean: true, wallets: 7, transactions: 42, holds: 11, holdEvents: 21 })
    expect(report.checks.map((check) => check.name).toSorted()).toEqual([...CHECK_NAMES].toSorted())
  })

  test('has every kind of row that the service writes, so that every check has something to look at', async () => {
    const rows = await queryDatabase<{ kind: string; count: number }>(
      ledger.sample.url,
      `SELECT transaction_type || ' ' || direction AS kind, count(*)::int FROM wallet_transactions GROUP BY 1 ORDER BY 1`,
    )
    expect(Object.fromEntries(rows.map(({ kind, count }) => [kind, count]))).toEqual({
      'consume out': 13,
      'deposit in': 9,
      'fee out': 2,
      'refund in': 7,
      'reward in': 1,
      'transfer in': 3,
      'transfer out': 3,
      'withdraw out': 4,
    })
  })

  test('is clean on an empty database', async () => {
    const database = await createTestDatabase()
    const report = await auditDatabase({ databaseUrl: database.url })
    await database.drop()
    expect(wrongChecks(report)).toEqual([])
    expect(report).toMatchObject({ clean: true, wallets: 0, transactions: 0, holds: 0, holdEvents: 0 })
  })

  test('is clean while it is being written, because the audit sees one instant', async () => {
    const database = await ledger.sample.copy()
    const { queue, close } = openQueue(database.url, { lanes: 2 })
    const wallets = await Promise.all(Array.from({ length: 8 }, () => openWallet(queue, { with: '1000' })))
    let writing = true
    let written = 0
    const write = async (index: number): Promise<void> => {
      const [wallet, other] = [wallets[index], wallets[(index + 1) % wallets.length]]
      if (!wallet || !other) throw new Error('There are eight wallets')
      while (writing) {
        await Promise.all([
          deposit(queue, wallet, '1'),
          consume(queue, wallet, '0.5', { key: `${index}-${written}` }),
          transfer(queue, { from: wallet, to: other }, '0.1', { fee: '0.01' }),
          placeHold(queue, wallet, '0.2').then((hold) => captureHold(queue, hold, { amount: '0.1' })),
          placeHold(queue, wallet, '0.3').then((hold) => voidHold(queue, hold)),
          placeHold(queue, wallet, '0.4', { brief: true }).then(() => expireHolds(queue, wallet, written % 4)),
        ])
        written += 6
      }
    }
    const writers = Promise.all(wallets.map((_, index) => write(index)))
    const seen: number[] = []
    for (let round = 0; round < 5; round += 1) {
      const report = await auditDatabase({ databaseUrl: database.url })
      expect(wrongChecks(report)).toEqual([])
      seen.push(report.transactions)
    }
    writing = false
    await writers
    await close()
    await database.drop()
    expect(new Set(seen).size).toBeGreaterThan(1)
    expect(written).toBeGreaterThan(0)
  })
})

const rowUpdate = (change: string, wallet: string, sequence: number): string =>
  `UPDATE wallet_transactions SET ${change} WHERE wallet_id = :${wallet} AND sequence = ${sequence}`
const walletUpdate = (change: string, wallet: string): string =>
  `UPDATE wallets SET ${change} WHERE wallet_id = :${wallet}`
const rowDelete = (wallet: string, sequence: number): string =>
  `DELETE FROM wallet_transactions WHERE wallet_id = :${wallet} AND sequence = ${sequence}`

/** The check, the damage, and the row that the check must name: wallet, sequence, and what is wrong with it. */
type Damage = readonly [check: CheckName, sql: string, wallet: WalletName | null, sequence: number | null, what: string]

const DAMAGE: readonly Damage[] = [
  ['readable_values', rowUpdate(`gas_fee = 'NaN'`, 'alice', 2), 'alice', 2, 'a value'],
  ['readable_values', rowUpdate(`total_in = 'Infinity'`, 'alice', 2), 'alice', 2, 'a value'],
  ['readable_values', rowUpdate(`created_at = 'infinity'`, 'alice', 2), 'alice', 2, 'a value'],
  ['readable_values', rowUpdate(`counterpart_sequence = 9007199254740993`, 'alice', 5), 'alice', 5, 'a value'],
  ['readable_values', walletUpdate(`balance = 'NaN'`, 'bob'), 'bob', 11, 'a value'],
  ['row_rules', rowUpdate('fee = -1', 'alice', 3), 'alice', 3, 'wallet_transactions_fee_check'],
  ['row_rules', rowUpdate(`transaction_type = 'gift'`, 'bob', 2), 'bob', 2, 'wallet_transactions_counterparty_check'],
  ['row_rules', walletUpdate('locked_balance = -1', 'bob'), 'bob', 11, 'wallets_money_check'],
  ['trial_balance', walletUpdate('balance = balance + 1', 'alice'), null, null, 'total of the wallets in CREDIT'],
  ['trial_balance', rowUpdate('amount = amount + 1', 'euros', 2), null, null, 'total of the wallets in EUR'],
  ['trial_balance', rowUpdate(`currency = 'USD'`, 'bob', 2), null, null, 'total of the wallets in USD'],
  ['balance_is_sum', walletUpdate('balance = balance + 0.000000000000000001', 'ether'), 'ether', 2, 'balance'],
  ['balance_is_sum', rowDelete('alice', 14), 'alice', 14, 'balance'],
  ['balance_is_sum', walletUpdate('balance = 1', 'empty'), 'empty', 0, 'balance'],
  ['continuity', rowDelete('alice', 3), 'alice', 4, 'sequence'],
  ['continuity', rowUpdate('sequence = 15', 'alice', 14), 'alice', 15, 'sequence'],
  ['continuity', rowUpdate('sequence = 2', 'ether', 1), 'ether', 2, 'sequence'],
  ['continuity', rowUpdate('balance_before = balance_before + 1', 'alice', 5), 'alice', 5, 'balance_before'],
  ['continuity', rowUpdate('balance_after = balance_after + 1', 'alice', 5), 'alice', 5, 'balance_after'],
  [
    'continuity',
    rowUpdate('balance_before = 1, balance_after = balance_after + 1', 'euros', 1),
    'euros',
    1,
    'balance_before',
  ],
  ['continuity', rowUpdate('total_in = total_in + 1', 'bob', 4), 'bob', 4, 'total_in'],
  ['continuity', rowUpdate(`created_at = created_at + '1 day'`, 'bob', 4), 'bob', 5, 'created_at'],
  ['wallet_head', rowDelete('alice', 14), 'alice', 14, 'last_sequence'],
  ['wallet_head', walletUpdate('last_sequence = last_sequence + 1', 'bob'), 'bob', 12, 'last_sequence'],
  ['wallet_head', walletUpdate('balance = balance + 1', 'bob'), 'bob', 11, 'balance'],
  ['wallet_head', walletUpdate(`last_hash = sha256(last_hash)`, 'bob'), 'bob', 11, 'last_hash'],
  ['wallet_head', walletUpdate(`last_hash = sha256(last_hash)`, 'empty'), 'empty', 0, 'last_hash'],
  ['wallet_head', walletUpdate(`updated_at = updated_at - interval '1 day'`, 'bob'), 'bob', 11, 'updated_at'],
  ['locked_balance', walletUpdate('locked_balance = 1', 'alice'), 'alice', 14, 'locked_balance'],
  ['locked_balance', walletUpdate('locked_balance = balance + 1', 'alice'), 'alice', 14, 'available balance'],
  ['locked_balance', rowUpdate('locked_balance = 1', 'alice', 8), 'alice', 8, 'locked_balance of the row'],
  [
    'idempotency',
    rowUpdate(`idempotency_key = 'consume-1', request_hash = '\\x${'00'.repeat(16)}'`, 'alice', 3),
    'alice',
    3,
    'idempotency_key',
  ],
  ['idempotency', rowUpdate('request_hash = NULL', 'alice', 2), 'alice', 2, 'request_hash'],
  ['idempotency', rowUpdate('idempotency_key = NULL', 'alice', 2), 'alice', 2, 'request_hash'],
  ['idempotency', rowUpdate(`request_hash = ''`, 'alice', 2), 'alice', 2, 'request_hash'],
  ['idempotency', walletUpdate('creation_request_hash = NULL', 'bob'), 'bob', null, 'creation_request_hash'],
  [
    'idempotency',
    `UPDATE wallets e SET creation_key = a.creation_key, creation_request_hash = a.creation_request_hash,
    creation_snapshot = a.creation_snapshot FROM wallets a WHERE a.wallet_id = :alice AND e.wallet_id = :euros`,
    'euros',
    null,
    'creation_key',
  ],
  [
    'refunds',
    rowUpdate('original_transaction_id = gen_random_uuid()', 'alice', 9),
    'alice',
    9,
    'original_transaction_id',
  ],
  [
    'refunds',
    rowUpdate(
      'original_transaction_id = (SELECT transaction_id FROM wallet_transactions WHERE wallet_id = :bob AND sequence = 7)',
      'alice',
      12,
    ),
    'alice',
    12,
    'original_transaction_id',
  ],
  [
    'refunds',
    rowUpdate('original_transaction_id = transaction_id', 'alice', 13),
    'alice',
    13,
    'original_transaction_id',
  ],
  [
    'refunds',
    rowUpdate(
      'original_transaction_id = (SELECT transaction_id FROM wallet_transactions WHERE wallet_id = :alice AND sequence = 1)',
      'alice',
      13,
    ),
    'alice',
    13,
    'type of the original',
  ],
  ['refunds', rowUpdate('original_amount = original_amount + 1', 'alice', 10), 'alice', 10, 'original_amount'],
  ['refunds', rowUpdate(`counterparty = 'external:withdrawal'`, 'alice', 9), 'alice', 9, 'counterparty'],
  ['refunds', rowUpdate('refunded_total = refunded_total + 1', 'alice', 10), 'alice', 10, 'refunded_total'],
  ['refunds', rowUpdate('refunded_total = NULL', 'alice', 10), 'alice', 10, 'refunded_total'],
  ['refunds', rowUpdate('amount = 4', 'alice', 9), 'alice', 11, 'all refunds'],
  ['refunds', rowUpdate(`transaction_type = 'deposit'`, 'alice', 12), 'alice', 12, 'transaction_type'],
  ['transfer_legs', rowDelete('bob', 3), 'alice', 5, 'the twin'],
  ['transfer_legs', rowUpdate('amount = 51', 'bob', 3), 'alice', 5, 'the twin'],
  ['transfer_legs', rowUpdate(`direction = 'in'`, 'alice', 5), 'alice', 5, 'the twin'],
  ['transfer_legs', rowUpdate(`currency = 'EUR'`, 'bob', 3), 'bob', 3, 'the twin'],
  ['transfer_legs', rowUpdate('counterpart_sequence = 4', 'alice', 5), 'alice', 5, 'counterpart_sequence of the twin'],
  ['transfer_legs', rowUpdate('counterpart_sequence = NULL', 'alice', 5), 'alice', 5, 'the twin'],
  ['transfer_legs', rowUpdate('from_wallet_id = :euros', 'alice', 5), 'bob', 3, 'from_wallet_id of the twin'],
  ['transfer_legs', rowUpdate('to_wallet_id = :euros', 'bob', 3), 'alice', 5, 'to_wallet_id of the twin'],
  ['transfer_legs', rowUpdate(`counterparty = 'wallet:' || :euros`, 'alice', 5), 'alice', 5, 'counterparty'],
  [
    'transfer_legs',
    rowUpdate(`created_at = created_at - interval '1 microsecond'`, 'bob', 3),
    'alice',
    5,
    'created_at of the twin',
  ],
  ['transfer_legs', rowUpdate(`transaction_type = 'reward'`, 'bob', 3), 'alice', 5, 'transaction_type of the twin'],
  ['transfers_net_to_zero', rowUpdate('amount = 51', 'bob', 3), null, null, 'net of the transfers'],
  ['transfer_fees', rowUpdate('fee = 0', 'alice', 6), 'alice', 7, 'fee row'],
  ['transfer_fees', rowUpdate('fee = 0.4', 'alice', 6), 'alice', 6, 'fee row'],
  ['transfer_fees', rowUpdate('amount = 0.4', 'alice', 7), 'alice', 6, 'fee row'],
  ['transfer_fees', rowDelete('alice', 7), 'alice', 6, 'fee row'],
  ['transfer_fees', rowUpdate('fee = 1', 'alice', 1), 'alice', 1, 'row with a fee'],
  ['transfer_fees', rowUpdate('to_wallet_id = :euros', 'alice', 7), 'alice', 6, 'wallets of the fee row'],
  ['transfer_fees', rowUpdate(`metadata = '{}'`, 'alice', 7), 'alice', 6, 'transfer_transaction_id of the fee row'],
  ['running_totals', rowUpdate('type_count = type_count + 1', 'bob', 5), 'bob', 5, 'type_count'],
  ['running_totals', rowUpdate('type_total_in = type_total_in + 1', 'bob', 5), 'bob', 5, 'type_total_in'],
  ['running_totals', rowUpdate('type_total_out = type_total_out - 1', 'bob', 5), 'bob', 5, 'type_total_out'],
  ['running_totals', rowUpdate(`transaction_type = 'reward'`, 'bob', 1), 'bob', 2, 'type_count'],
  ['wallet_totals', walletUpdate('total_in = total_in + 1', 'bob'), 'bob', 11, 'total_in'],
  ['wallet_totals', walletUpdate(`totals = jsonb_set(totals::jsonb, '{consume,0}', '6')`, 'bob'), 'bob', 11, 'totals'],
  [
    'wallet_totals',
    walletUpdate(`totals = jsonb_set(totals::jsonb, '{consume,2}', '"1"')`, 'bob'),
    'bob',
    11,
    'totals',
  ],
  ['wallet_totals', walletUpdate(`totals = totals::jsonb - 'fee'`, 'bob'), 'bob', 11, 'totals'],
  ['wallet_totals', walletUpdate(`totals = '{"deposit": [0, "0", "0"]}'`, 'empty'), 'empty', 0, 'totals'],
  ['row_owner', rowUpdate(`user_id = 'mallory'`, 'bob', 3), 'bob', 3, 'user_id'],
  ['row_owner', rowUpdate(`currency = 'USD'`, 'bob', 3), 'bob', 3, 'currency'],
  ['row_owner', rowUpdate(`created_at = created_at - interval '1 day'`, 'bob', 1), 'bob', 1, 'created_at'],
  ['row_owner', walletUpdate(`user_id = 'mallory'`, 'ether'), 'ether', 1, 'user_id'],
  ['row_owner', `DELETE FROM wallets WHERE wallet_id = :bob`, 'bob', 1, 'wallet_id'],
  [
    'transaction_ids',
    rowUpdate(
      'transaction_id = (SELECT transaction_id FROM wallet_transactions WHERE wallet_id = :alice AND sequence = 1)',
      'bob',
      2,
    ),
    'bob',
    2,
    'transaction_id',
  ],
  [
    'open_fiat_wallets',
    walletUpdate(`wallet_type = 'fiat', currency = 'CREDIT'`, 'empty'),
    'empty',
    null,
    'open fiat wallet',
  ],
  ['hash_chain', rowUpdate(`description = 'Deposit'`, 'bob', 1), 'bob', 1, 'hash'],
  ['hash_chain', rowUpdate(`metadata = '{"rate":1.1,"campaign":"spring"}'`, 'bob', 2), 'bob', 2, 'hash'],
  ['hash_chain', rowUpdate('hash = sha256(hash)', 'alice', 5), 'alice', 6, 'hash'],
  ['hash_chain', rowDelete('alice', 4), 'alice', 5, 'hash'],
  ['hash_chain', rowUpdate(`balance_before = 'NaN'`, 'alice', 5), null, null, 'the check itself'],
]

describe('damage done behind the service’s back is named with its row', () => {
  test.each(DAMAGE)('%s: %s', async (check, sql, wallet, sequence, what) => {
    const report = await ledger.auditAfter(sql)
    expect(report.clean).toBe(false)
    expect(findingsOf(report, check)).toContainEqual(ledger.findingAt({ wallet, sequence }, what))
  })

  test('and after it is made good, everything but the missing guards is clean again', async () => {
    const report = await auditDatabase({ databaseUrl: ledger.workbench.url })
    expect(wrongChecks(report)).toEqual(['guards'])
  })

  test('every check but those of holds has its damage', () => {
    const damaged = new Set<CheckName>(['guards', ...DAMAGE.map(([check]) => check)])
    const wanted = CHECK_NAMES.filter((name) => !isAboutHolds(name))
    expect([...damaged].toSorted()).toEqual(wanted.toSorted())
  })
})

/** One change of each column of bob's fifth row, an outgoing transfer, or of the row that has such a column filled. */
const EDITS: Readonly<Record<(typeof TRANSACTION_COLUMNS)[number][0], string>> = {
  wallet_id: rowUpdate('wallet_id = :empty', 'bob', 5),
  sequence: rowUpdate('sequence = 99', 'bob', 5),
  transaction_id: rowUpdate('transaction_id = gen_random_uuid()', 'bob', 5),
  user_id: rowUpdate(`user_id = 'mallory'`, 'bob', 5),
  transaction_type: rowUpdate(`transaction_type = 'withdraw'`, 'bob', 5),
  direction: rowUpdate(`direction = 'in'`, 'bob', 5),
  amount: rowUpdate('amount = amount + 0.00000001', 'bob', 5),
  balance_before: rowUpdate('balance_before = balance_before + 0.00000001', 'bob', 5),
  balance_after: rowUpdate('balance_after = balance_after + 0.00000001', 'bob', 5),
  locked_balance: rowUpdate('locked_balance = 0.00000001', 'bob', 5),
  fee: rowUpdate('fee = 0.02', 'bob', 5),
  currency: rowUpdate(`currency = 'EUR'`, 'bob', 5),
  counterparty: rowUpdate(`counterparty = 'wallet:' || :euros`, 'bob', 5),
  description: rowUpdate(`description = description || ' '`, 'bob', 5),
  reference_id: rowUpdate(`reference_id = 'bank-78'`, 'bob', 1),
  usage_record_id: rowUpdate('usage_record_id = NULL', 'alice', 2),
  from_wallet_id: rowUpdate('from_wallet_id = :euros', 'bob', 6),
  to_wallet_id: rowUpdate('to_wallet_id = :euros', 'bob', 6),
  counterpart_sequence: rowUpdate('counterpart_sequence = 9', 'bob', 5),
  original_transaction_id: rowUpdate('original_transaction_id = gen_random_uuid()', 'alice', 9),
  original_amount: rowUpdate('original_amount = 11', 'alice', 9),
  refunded_total: rowUpdate('refunded_total = 2', 'alice', 9),
  blockchain_tx_hash: rowUpdate(`blockchain_tx_hash = '0x1'`, 'ether', 2),
  blockchain_network: rowUpdate(`blockchain_network = 'bsc'`, 'ether', 2),
  blockchain_status: rowUpdate(`blockchain_status = 'confirmed'`, 'ether', 2),
  blockchain_confirmations: rowUpdate('blockchain_confirmations = 1', 'ether', 2),
  gas_fee: rowUpdate('gas_fee = 0', 'ether', 2),
  metadata: rowUpdate(`metadata = '{ "direction":"out","invoice":12}'`, 'bob', 5),
  type_count: rowUpdate('type_count = 2', 'bob', 5),
  type_total_in: rowUpdate('type_total_in = 0', 'bob', 5),
  type_total_out: rowUpdate('type_total_out = 0', 'bob', 5),
  total_in: rowUpdate('total_in = total_in + 1', 'bob', 5),
  idempotency_key: rowUpdate(`idempotency_key = 'other'`, 'alice', 2),
  request_hash: rowUpdate('request_hash = sha256(request_hash)', 'alice', 2),
  hash: rowUpdate('hash = sha256(hash)', 'bob', 5),
  created_at: rowUpdate(`created_at = created_at + interval '1 microsecond'`, 'bob', 11),
}

describe('no column of a row can be changed unseen', () => {
  test.each(Object.entries(EDITS))('%s', async (_, sql) => {
    const report = await ledger.auditAfter(sql)
    expect(wrongChecks(report)).toContain('hash_chain')
  })

  test('the table has no column that is not tried here', async () => {
    const rows = await queryDatabase<{ column_name: string }>(
      ledger.sample.url,
      `SELECT column_name FROM information_schema.columns WHERE table_name = 'wallet_transactions'`,
    )
    expect(new Set(rows.map((row) => row.column_name))).toEqual(new Set(Object.keys(EDITS)))
  })
})
