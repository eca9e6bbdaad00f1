// The money rules as statements of account: a wallet, a command, and every line that it writes or the refusal that it gets.
// What commands of one flush do to each other stands in working-set.test.ts.
import { describe, expect, test } from 'vitest'
import { chainHash } from '../../src/domain/hash-chain.ts'
import { decide } from '../../src/domain/ledger.ts'
import { TRANSACTION_TYPES } from '../../src/domain/transaction.ts'
import {
  aClaim,
  aCreation,
  amount,
  aRefund,
  aTransfer,
  aWallet,
  decimal,
  ledgerOf,
  movement,
  NOW,
  rowOf,
  rowsOf,
  summary,
  transactionId,
  units,
  UNRELATED,
  walletId,
} from '../support/ledger-factories.ts'

const MOVEMENTS = ['deposit', 'reward', 'withdraw', 'consume'] as const
const second = (balance: string, overrides: Parameters<typeof aWallet>[0] = {}) =>
  aWallet({ walletId: walletId(2), userId: 'user-2', balance, ...overrides })

describe('movements', () => {
  test.each`
    balance                            | locked   | kind          | value                              | outcome
    ${'0'}                             | ${'0'}   | ${'deposit'}  | ${'10'}                            | ${'#1 deposit in 10: 0 -> 10'}
    ${'10'}                            | ${'10'}  | ${'deposit'}  | ${'0.00000001'}                    | ${'#1 deposit in 0.00000001: 10 -> 10.00000001'}
    ${'1000000000'}                    | ${'0'}   | ${'reward'}   | ${'0.00000001'}                    | ${'#1 reward in 0.00000001: 1000000000 -> 1000000000.00000001'}
    ${'10'}                            | ${'0'}   | ${'consume'}  | ${'10'}                            | ${'#1 consume out 10: 10 -> 0'}
    ${'10'}                            | ${'4'}   | ${'withdraw'} | ${'6'}                             | ${'#1 withdraw out 6: 10 -> 4'}
    ${'10'}                            | ${'4'}   | ${'consume'}  | ${'7'}                             | ${'insufficient_balance, available 6, required 7, shortfall 1, currency CREDIT'}
    ${'10'}                            | ${'10'}  | ${'withdraw'} | ${'0.00000001'}                    | ${'insufficient_balance, available 0, required 0.00000001, shortfall 0.00000001, currency CREDIT'}
    ${'0.3'}                           | ${'0'}   | ${'consume'}  | ${'0.30000001'}                    | ${'insufficient_balance, available 0.3, required 0.30000001, shortfall 0.00000001, currency CREDIT'}
    ${'0.3'}                           | ${'0.1'} | ${'consume'}  | ${'0.2'}                           | ${'#1 consume out 0.2: 0.3 -> 0.1'}
    ${'0'}                             | ${'0'}   | ${'withdraw'} | ${'1'}                             | ${'insufficient_balance, available 0, required 1, shortfall 1, currency CREDIT'}
    ${'12345678901234567890.12345678'} | ${'0'}   | ${'consume'}  | ${'12345678901234567890.12345678'} | ${'#1 consume out 12345678901234567890.12345678: 12345678901234567890.12345678 -> 0'}
    ${'99999999999999999999'}          | ${'0'}   | ${'deposit'}  | ${'0.99999999'}                    | ${'#1 deposit in 0.99999999: 99999999999999999999 -> 99999999999999999999.99999999'}
    ${'99999999999999999999'}          | ${'0'}   | ${'deposit'}  | ${'1'}                             | ${'validation_failed, body.amount balance_too_large'}
    ${'99999999999999999999.99999999'} | ${'0'}   | ${'reward'}   | ${'0.00000001'}                    | ${'validation_failed, body.amount balance_too_large'}
    ${'1'}                             | ${'0'}   | ${'deposit'}  | ${'99999999999999999999'}          | ${'validation_failed, body.amount balance_too_large'}
  `('$kind $value with $balance of which $locked locked: $outcome', ({ balance, locked, kind, value, outcome }) => {
    expect(summary(decide(ledgerOf([aWallet({ balance, locked })]), movement(kind, value)))).toEqual([outcome])
  })

  test.each`
    kind          | status      | outcome
    ${'deposit'}  | ${'frozen'} | ${'wallet_frozen'}
    ${'reward'}   | ${'frozen'} | ${'wallet_frozen'}
    ${'withdraw'} | ${'frozen'} | ${'wallet_frozen'}
    ${'consume'}  | ${'frozen'} | ${'wallet_frozen'}
    ${'deposit'}  | ${'closed'} | ${'wallet_closed'}
    ${'reward'}   | ${'closed'} | ${'wallet_closed'}
    ${'withdraw'} | ${'closed'} | ${'wallet_closed'}
    ${'consume'}  | ${'closed'} | ${'wallet_closed'}
  `('$kind with a $status wallet: $outcome, even if the money is missing too', ({ kind, status, outcome }) => {
    const refused = `${outcome}, wallet_id ${walletId(1)}`
    expect(summary(decide(ledgerOf([aWallet({ status })]), movement(kind, '5')))).toEqual([refused])
  })

  test.each(MOVEMENTS)('%s with a wallet that does not exist', (kind) => {
    const refused = `wallet_not_found, wallet_id ${walletId(1)}`
    expect(summary(decide(ledgerOf([second('10')]), movement(kind, '5')))).toEqual([refused])
  })

  test.each`
    currency    | value                     | outcome
    ${'CREDIT'} | ${'0.12345678'}           | ${'#1 deposit in 0.12345678: 100 -> 100.12345678'}
    ${'CREDIT'} | ${'0.123456789'}          | ${'validation_failed, body.amount too_many_decimals'}
    ${'USD'}    | ${'0.000000001'}          | ${'validation_failed, body.amount too_many_decimals'}
    ${'BTC'}    | ${'0.00000001'}           | ${'#1 deposit in 0.00000001: 100 -> 100.00000001'}
    ${'ETH'}    | ${'0.000000000000000001'} | ${'#1 deposit in 0.000000000000000001: 100 -> 100.000000000000000001'}
    ${'ETH'}    | ${'0.1'}                  | ${'#1 deposit in 0.1: 100 -> 100.1'}
  `('a deposit of $value $currency: $outcome', ({ currency, value, outcome }) => {
    const wallet = aWallet({ balance: '100', currency })
    expect(summary(decide(ledgerOf([wallet]), movement('deposit', value)))).toEqual([outcome])
  })

  test.each`
    kind          | counterparty             | description
    ${'deposit'}  | ${'external:deposit'}    | ${'Deposit: 10'}
    ${'reward'}   | ${'promotion:reward'}    | ${'Reward: 10'}
    ${'withdraw'} | ${'external:withdrawal'} | ${'Withdrawal: 10'}
    ${'consume'}  | ${'revenue:consume'}     | ${'Consumed: 10'}
  `('$kind: the counterparty is $counterparty, the default description "$description"', (expected) => {
    const { kind, counterparty, description } = expected
    const row = rowOf(decide(ledgerOf([aWallet({ balance: '50' })]), movement(kind, '10.000')))
    expect(row).toMatchObject({ transactionType: kind, counterparty, description })
    expect(
      rowOf(decide(ledgerOf([aWallet({ balance: '50' })]), movement(kind, '1', { description: '' }))).description,
    ).toBe('')
  })

  test('the whole row, and the wallet after it', () => {
    const wallet = aWallet({
      balance: '10',
      locked: '3',
      sequence: 4,
      totals: { deposit: { count: 4, in: units('12'), out: 0n } },
    })
    const idempotency = aClaim('key-1')
    const command = movement('consume', '2.5', {
      usageRecordId: '812',
      referenceId: 'r',
      metadata: { b: 1, a: [2] },
      idempotency,
    })
    const before = structuredClone(wallet)
    const outcome = decide(ledgerOf([wallet]), command)
    const { hash, ...content } = rowOf(outcome)
    expect(content).toEqual({
      transactionId: command.transactionId,
      walletId: walletId(1),
      userId: 'user-1',
      sequence: 5,
      transactionType: 'consume',
      direction: 'out',
      amount: units('2.5'),
      balanceBefore: units('10'),
      balanceAfter: units('7.5'),
      lockedBalance: units('3'),
      fee: 0n,
      currency: 'CREDIT',
      counterparty: 'revenue:consume',
      description: 'Consumed: 2.5',
      referenceId: 'r',
      usageRecordId: '812',
      ...UNRELATED,
      metadata: '{"b":1,"a":[2]}',
      typeCount: 1,
      typeTotalIn: 0n,
      typeTotalOut: units('2.5'),
      totalIn: units('10'),
      idempotencyKey: 'key-1',
      requestHash: idempotency.requestHash,
      createdAt: NOW,
    })
    expect(hash).toEqual(chainHash(wallet.hash, content))
    expect(outcome).toMatchObject({
      kind: 'posted',
      wallets: [
        {
          ...wallet,
          balance: units('7.5'),
          sequence: 5,
          hash,
          totals: { deposit: { count: 4, in: units('12'), out: 0n }, consume: { count: 1, in: 0n, out: units('2.5') } },
          updatedAt: NOW,
        },
      ],
    })
    expect(structuredClone(wallet)).toEqual(before)
  })

  test.each(MOVEMENTS)('%s: a clock that runs backwards does not take the row with it', (kind) => {
    const later = NOW + 5_000_000n
    const outcome = decide(ledgerOf([aWallet({ balance: '9', updatedAt: later })]), movement(kind, '1'))
    expect(rowOf(outcome).createdAt).toBe(later)
    expect(outcome).toMatchObject({ wallets: [{ updatedAt: later }] })
  })
})

describe('transfers', () => {
  test.each`
    source  | locked | target | value   | fee     | outcome
    ${'10'} | ${'0'} | ${'1'} | ${'10'} | ${null} | ${['#1 transfer out 10: 10 -> 0', '#1 transfer in 10: 1 -> 11']}
    ${'10'} | ${'2'} | ${'0'} | ${'6'}  | ${'2'}  | ${['#1 transfer out 6: 10 -> 4', '#1 transfer in 6: 0 -> 6', '#2 fee out 2: 4 -> 2']}
    ${'10'} | ${'0'} | ${'0'} | ${'10'} | ${'1'}  | ${['insufficient_balance, available 10, required 11, shortfall 1, currency CREDIT']}
    ${'10'} | ${'3'} | ${'0'} | ${'8'}  | ${null} | ${['insufficient_balance, available 7, required 8, shortfall 1, currency CREDIT']}
    ${'10'} | ${'0'} | ${'0'} | ${'9'}  | ${'1'}  | ${['#1 transfer out 9: 10 -> 1', '#1 transfer in 9: 0 -> 9', '#2 fee out 1: 1 -> 0']}
  `('$value with a fee of $fee out of $source: $outcome', ({ source, locked, target, value, fee, outcome }) => {
    const state = ledgerOf([aWallet({ balance: source, locked }), second(target)])
    const command = aTransfer(value, { fee: fee === null ? null : amount(fee) })
    expect(summary(decide(state, command))).toEqual(outcome)
  })

  test.each`
    why                                      | source                                 | target                         | command                                                               | outcome
    ${'to itself'}                           | ${{ balance: '10' }}                   | ${{}}                          | ${aTransfer('1', { toWalletId: walletId(1) })}                        | ${'same_wallet'}
    ${'to itself, which does not exist'}     | ${{ balance: '10' }}                   | ${{}}                          | ${aTransfer('1', { walletId: walletId(9), toWalletId: walletId(9) })} | ${'same_wallet'}
    ${'into another currency'}               | ${{ balance: '10' }}                   | ${{ currency: 'ETH' }}         | ${aTransfer('1')}                                                     | ${'currency_mismatch, from_currency CREDIT, to_currency ETH'}
    ${'out of a frozen wallet'}              | ${{ balance: '10', status: 'frozen' }} | ${{}}                          | ${aTransfer('1')}                                                     | ${`wallet_frozen, wallet_id ${walletId(1)}`}
    ${'into a frozen wallet'}                | ${{ balance: '10' }}                   | ${{ status: 'frozen' }}        | ${aTransfer('1')}                                                     | ${`wallet_frozen, wallet_id ${walletId(2)}`}
    ${'out of a closed wallet'}              | ${{ status: 'closed' }}                | ${{}}                          | ${aTransfer('1')}                                                     | ${`wallet_closed, wallet_id ${walletId(1)}`}
    ${'into a closed wallet'}                | ${{ balance: '10' }}                   | ${{ status: 'closed' }}        | ${aTransfer('1')}                                                     | ${`wallet_closed, wallet_id ${walletId(2)}`}
    ${'out of a wallet that does not exist'} | ${{ balance: '10' }}                   | ${{}}                          | ${aTransfer('1', { walletId: walletId(9) })}                          | ${`wallet_not_found, wallet_id ${walletId(9)}`}
    ${'into a wallet that does not exist'}   | ${{ balance: '10' }}                   | ${{}}                          | ${aTransfer('1', { toWalletId: walletId(9) })}                        | ${`wallet_not_found, wallet_id ${walletId(9)}`}
    ${'of too many decimals'}                | ${{ balance: '10' }}                   | ${{}}                          | ${aTransfer('0.123456789')}                                           | ${'validation_failed, body.amount too_many_decimals'}
    ${'with a fee of too many decimals'}     | ${{ balance: '10' }}                   | ${{}}                          | ${aTransfer('1', { fee: amount('0.123456789') })}                     | ${'validation_failed, body.fee too_many_decimals'}
    ${'beyond what the target can hold'}     | ${{ balance: '10' }}                   | ${{ balance: '9'.repeat(20) }} | ${aTransfer('1')}                                                     | ${'validation_failed, body.amount balance_too_large'}
    ${'of more than everything there is'}    | ${{ balance: '9'.repeat(20) }}         | ${{}}                          | ${aTransfer('9'.repeat(20), { fee: amount('9'.repeat(20)) })}         | ${`insufficient_balance, available ${'9'.repeat(20)}, required 1${'9'.repeat(19)}8, shortfall ${'9'.repeat(20)}, currency CREDIT`}
  `('$why: $outcome', ({ source, target, command, outcome }) => {
    expect(summary(decide(ledgerOf([aWallet(source), second('0', target)]), command))).toEqual([outcome])
  })

  test('both legs name both wallets and each other, and only the first carries the key', () => {
    const state = ledgerOf([aWallet({ balance: '10', sequence: 7 }), second('0', { sequence: 2 })])
    const command = aTransfer('4', {
      fee: amount('1'),
      metadata: { note: 'x', direction: 'up' },
      idempotency: aClaim('key'),
    })
    const [out, into, fee] = rowsOf(decide(state, command))
    const shared = { fromWalletId: walletId(1), toWalletId: walletId(2), createdAt: NOW, currency: 'CREDIT' }
    expect(out).toMatchObject({
      ...shared,
      transactionId: command.transactionId,
      walletId: walletId(1),
      userId: 'user-1',
      fee: units('1'),
      counterparty: `wallet:${walletId(2)}`,
      counterpartSequence: 3,
      description: 'Transfer: 4',
      metadata: '{"note":"x","direction":"out"}',
      idempotencyKey: 'key',
    })
    expect(into).toMatchObject({
      ...shared,
      transactionId: command.toTransactionId,
      walletId: walletId(2),
      userId: 'user-2',
      fee: 0n,
      counterparty: `wallet:${walletId(1)}`,
      counterpartSequence: 8,
      description: 'Transfer: 4',
      metadata: '{"note":"x","direction":"in"}',
      idempotencyKey: null,
      requestHash: null,
    })
    expect(fee).toMatchObject({
      ...shared,
      transactionId: command.feeTransactionId,
      walletId: walletId(1),
      sequence: 9,
      counterparty: 'fees',
      description: 'Fee: 1',
      idempotencyKey: null,
    })
  })

  test('all rows are as late as the later of both wallets', () => {
    const later = NOW + 1n
    const rows = rowsOf(
      decide(
        ledgerOf([aWallet({ balance: '10' }), second('0', { updatedAt: later })]),
        aTransfer('1', { fee: amount('1') }),
      ),
    )
    expect(rows.map((row) => row.createdAt)).toEqual([later, later, later])
  })
})

describe('refunds', () => {
  const refundable = (type: string, value = '10') => ({
    ...aRefund(null).original,
    transactionType: type as (typeof TRANSACTION_TYPES)[number],
    amount: amount(value),
  })
  const exhausted = (refunded: string, left: string) =>
    `refund_exceeds_original, original_amount 10, refunded ${refunded}, refundable ${left}, currency CREDIT`

  test.each`
    refunded        | value             | outcome
    ${'0'}          | ${null}           | ${'#1 refund in 10: 5 -> 15'}
    ${'0'}          | ${'10'}           | ${'#1 refund in 10: 5 -> 15'}
    ${'0'}          | ${'3'}            | ${'#1 refund in 3: 5 -> 8'}
    ${'3'}          | ${null}           | ${'#1 refund in 7: 5 -> 12'}
    ${'9.99999999'} | ${'0.00000001'}   | ${'#1 refund in 0.00000001: 5 -> 5.00000001'}
    ${'0'}          | ${'10.5'}         | ${exhausted('0', '10')}
    ${'3'}          | ${'8'}            | ${exhausted('3', '7')}
    ${'9'}          | ${'3'}            | ${exhausted('9', '1')}
    ${'10'}         | ${null}           | ${exhausted('10', '0')}
    ${'10'}         | ${'0.00000001'}   | ${exhausted('10', '0')}
    ${'0'}          | ${'0.1234567890'} | ${'validation_failed, body.amount too_many_decimals'}
  `('$value of 10 with $refunded refunded: $outcome', ({ refunded, value, outcome }) => {
    const found = { refunded: new Map([[transactionId(7), units(refunded)]]) }
    expect(summary(decide(ledgerOf([aWallet({ balance: '5' })], found), aRefund(value)))).toEqual([outcome])
  })

  test.each(TRANSACTION_TYPES)('of a %s', (type) => {
    const outcome = decide(ledgerOf([aWallet()]), aRefund(null, { original: refundable(type) }))
    const allowed = ['withdraw', 'consume', 'fee'].includes(type)
    expect(summary(outcome)).toEqual([
      allowed ? '#1 refund in 10: 0 -> 10' : `not_refundable, transaction_type ${type}`,
    ])
  })

  test.each`
    status      | outcome
    ${'frozen'} | ${'wallet_frozen'}
    ${'closed'} | ${'wallet_closed'}
  `('into a $status wallet: $outcome', ({ status, outcome }) => {
    expect(summary(decide(ledgerOf([aWallet({ status })]), aRefund(null)))).toEqual([
      `${outcome}, wallet_id ${walletId(1)}`,
    ])
  })

  test('into a wallet that is full', () => {
    const wallet = aWallet({ balance: '9'.repeat(20) })
    expect(summary(decide(ledgerOf([wallet]), aRefund(null)))).toEqual([
      'validation_failed, body.amount balance_too_large',
    ])
  })

  test('the row knows what it refunds, and gives back what the counterparty got', () => {
    const command = aRefund('2', {
      original: { ...refundable('withdraw'), counterparty: 'external:withdrawal' },
      metadata: { note: 'x', refund_reason: 'forged', original_transaction_id: 'forged' },
      idempotency: aClaim('key'),
    })
    const found = {
      refunded: new Map([
        [transactionId(7), units('3')],
        [transactionId(8), units('9')],
      ]),
    }
    expect(rowOf(decide(ledgerOf([aWallet()], found), command))).toMatchObject({
      counterparty: 'external:withdrawal',
      description: 'Refund: Service was down',
      originalTransactionId: transactionId(7),
      originalAmount: units('10'),
      refundedTotal: units('5'),
      metadata: `{"note":"x","refund_reason":"Service was down","original_transaction_id":"${transactionId(7)}"}`,
      idempotencyKey: 'key',
    })
  })
})

describe('openings', () => {
  test.each`
    initial          | currency    | outcome
    ${null}          | ${'CREDIT'} | ${[]}
    ${'25'}          | ${'CREDIT'} | ${['#1 deposit in 25: 0 -> 25']}
    ${'0.123456789'} | ${'CREDIT'} | ${['validation_failed, body.initial_balance too_many_decimals']}
    ${'0.123456789'} | ${'ETH'}    | ${['#1 deposit in 0.123456789: 0 -> 0.123456789']}
  `('with $initial $currency: $outcome', ({ initial, currency, outcome }) => {
    expect(summary(decide(ledgerOf([]), aCreation(initial, { currency })))).toEqual(outcome)
  })

  test('the first deposit says so, carries no key, and is as old as the wallet', () => {
    const command = aCreation('25', { idempotency: aClaim('key') })
    const outcome = decide(ledgerOf([]), command)
    expect(rowOf(outcome)).toMatchObject({
      transactionId: command.transactionId,
      description: 'Initial wallet funding',
      counterparty: 'external:deposit',
      idempotencyKey: null,
      createdAt: NOW,
      typeCount: 1,
      totalIn: units('25'),
    })
    expect(outcome).toMatchObject({
      created: {
        wallet: { balance: units('25'), lockedBalance: 0n, status: 'active', createdAt: NOW, updatedAt: NOW },
      },
    })
  })

  const exists = [`wallet_exists, wallet_id ${walletId(1)}, balance 12.5`]
  test.each`
    walletType  | currency    | userId      | outcome
    ${'fiat'}   | ${'CREDIT'} | ${'user-1'} | ${exists}
    ${'fiat'}   | ${'USD'}    | ${'user-1'} | ${[]}
    ${'fiat'}   | ${'CREDIT'} | ${'user-2'} | ${[]}
    ${'crypto'} | ${'CREDIT'} | ${'user-1'} | ${[]}
    ${'hybrid'} | ${'CREDIT'} | ${'user-1'} | ${[]}
  `('a $walletType $currency wallet of $userId beside a fiat CREDIT wallet of user-1', ({ outcome, ...opening }) => {
    const found = { fiatWallets: new Map([['CREDIT user-1', { walletId: walletId(1), balance: units('12.5') }]]) }
    expect(summary(decide(ledgerOf([], found), aCreation(null, opening)))).toEqual(outcome)
  })

  test('a fault of the request comes before what there is', () => {
    const found = { fiatWallets: new Map([['CREDIT user-1', { walletId: walletId(1), balance: 0n }]]) }
    expect(summary(decide(ledgerOf([], found), aCreation('0.123456789')))).toEqual([
      'validation_failed, body.initial_balance too_many_decimals',
    ])
  })
})

test('the factories count in the same units as the service', () => {
  expect([amount('12.5'), decimal(amount('12.5'))]).toEqual([units('12.5'), '12.5'])
})
