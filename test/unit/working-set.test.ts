// Several commands in one flush, and the keys they carry: each command sees what the ones before it did, as if they had been
// posted one by one (DESIGN.md §1).
import { describe, expect, test } from 'vitest'
import type { Command } from '../../src/domain/command.ts'
import { chainHash, GENESIS_HASH } from '../../src/domain/hash-chain.ts'
import { decide } from '../../src/domain/ledger.ts'
import { effectKey, type LedgerState, type Outcome, WorkingSet } from '../../src/domain/ledger-state.ts'
import {
  aClaim,
  aCreation,
  amount,
  aRefund,
  aStatusChange,
  aTransfer,
  aWallet,
  anUpdate,
  decimal,
  ledgerOf,
  line,
  movement,
  NOW,
  summary,
  transactionId,
  units,
  walletId,
} from '../support/ledger-factories.ts'

/** Decides the commands in order, as a flush does. */
function flush(state: LedgerState, commands: readonly Command[]): { set: WorkingSet; outcomes: Outcome[] } {
  const set = new WorkingSet(state)
  const outcomes = commands.map((command) => {
    const outcome = decide(set, command)
    set.absorb(command, outcome)
    return outcome
  })
  return { set, outcomes }
}

const lines = (state: LedgerState, commands: readonly Command[]): string[] =>
  flush(state, commands).outcomes.flatMap((outcome) => summary(outcome))

describe('money', () => {
  test('the second consumption finds what the first one left, and a refused one leaves all of it', () => {
    const commands = [
      movement('consume', '6'),
      movement('consume', '5'),
      movement('consume', '4'),
      movement('deposit', '1'),
    ]
    expect(lines(ledgerOf([aWallet({ balance: '10' })]), commands)).toEqual([
      '#1 consume out 6: 10 -> 4',
      'insufficient_balance, available 4, required 5, shortfall 1, currency CREDIT',
      '#2 consume out 4: 4 -> 0',
      '#3 deposit in 1: 0 -> 1',
    ])
  })

  test('ten of fifty consumptions of 1 succeed on a balance of 10', () => {
    const { set, outcomes } = flush(
      ledgerOf([aWallet({ balance: '10' })]),
      Array.from({ length: 50 }, () => movement('consume', '1')),
    )
    expect(outcomes.filter((outcome) => outcome.kind === 'posted')).toHaveLength(10)
    expect(set.wallets.get(walletId(1))?.balance).toBe(0n)
  })

  test('a hundred deposits of the smallest amount all count', () => {
    const deposits = Array.from({ length: 100 }, () => movement('deposit', '0.00000001'))
    const { set } = flush(ledgerOf([aWallet({ balance: '1000000000' })]), deposits)
    expect(decimal(set.wallets.get(walletId(1))?.balance ?? 0n)).toBe('1000000000.000001')
  })

  test('money that was transferred can be transferred on', () => {
    const wallets = [1, 2, 3].map((number) =>
      aWallet({ walletId: walletId(number), balance: number === 1 ? '10' : '0' }),
    )
    const onwards = { walletId: walletId(2), toWalletId: walletId(3) }
    expect(lines(ledgerOf(wallets), [aTransfer('10'), aTransfer('9', { ...onwards, fee: amount('1') })])).toEqual([
      '#1 transfer out 10: 10 -> 0',
      '#1 transfer in 10: 0 -> 10',
      '#2 transfer out 9: 10 -> 1',
      '#1 transfer in 9: 0 -> 9',
      '#3 fee out 1: 1 -> 0',
    ])
  })

  test('sequences, running totals and hashes go on from row to row', () => {
    const commands = [
      movement('deposit', '10'),
      movement('consume', '1'),
      movement('deposit', '5'),
      movement('reward', '2'),
      aTransfer('3', { fee: amount('0.5') }),
      aTransfer('1', { walletId: walletId(2), toWalletId: walletId(1) }),
    ]
    const { set } = flush(ledgerOf([aWallet(), aWallet({ walletId: walletId(2) })]), commands)
    const rows = set.rows.filter((row) => row.walletId === walletId(1))
    const facts = rows.map((row) => [
      line(row),
      `${row.typeCount} rows, ${decimal(row.typeTotalIn)} in, ${decimal(row.typeTotalOut)} out`,
      `${decimal(row.totalIn)} in all`,
    ])
    expect(facts).toEqual([
      ['#1 deposit in 10: 0 -> 10', '1 rows, 10 in, 0 out', '10 in all'],
      ['#2 consume out 1: 10 -> 9', '1 rows, 0 in, 1 out', '10 in all'],
      ['#3 deposit in 5: 9 -> 14', '2 rows, 15 in, 0 out', '15 in all'],
      ['#4 reward in 2: 14 -> 16', '1 rows, 2 in, 0 out', '17 in all'],
      ['#5 transfer out 3: 16 -> 13', '1 rows, 0 in, 3 out', '17 in all'],
      ['#6 fee out 0.5: 13 -> 12.5', '1 rows, 0 in, 0.5 out', '17 in all'],
      ['#7 transfer in 1: 12.5 -> 13.5', '2 rows, 1 in, 3 out', '18 in all'],
    ])
    let previous = GENESIS_HASH
    for (const { hash, ...content } of rows) {
      expect(hash).toEqual(chainHash(previous, content))
      previous = hash
    }
    expect(set.wallets.get(walletId(1))).toMatchObject({ hash: previous, sequence: 7, totalIn: units('18') })
    expect(set.postedWallets).toEqual(new Set([walletId(1), walletId(2)]))
  })

  test('nothing that was locked is changed in place', () => {
    const state = ledgerOf([aWallet({ balance: '10' }), aWallet({ walletId: walletId(2) })])
    const before = structuredClone(state)
    flush(state, [
      movement('consume', '1', { idempotency: aClaim('k') }),
      aTransfer('1'),
      aRefund('1'),
      aCreation('1'),
      aStatusChange('freeze'),
    ])
    expect(structuredClone(state)).toEqual(before)
  })
})

describe('refunds of one original', () => {
  const refunds = (...values: (string | null)[]): Command[] => values.map((value) => aRefund(value))

  test('add up, and never exceed it', () => {
    expect(lines(ledgerOf([aWallet()]), refunds('3', '8', '7', '0.00000001', null))).toEqual([
      '#1 refund in 3: 0 -> 3',
      'refund_exceeds_original, original_amount 10, refunded 3, refundable 7, currency CREDIT',
      '#2 refund in 7: 3 -> 10',
      'refund_exceeds_original, original_amount 10, refunded 10, refundable 0, currency CREDIT',
      'refund_exceeds_original, original_amount 10, refunded 10, refundable 0, currency CREDIT',
    ])
  })

  test('three of twenty refunds of 3 succeed on a charge of 10', () => {
    const { set, outcomes } = flush(ledgerOf([aWallet()]), refunds(...Array.from({ length: 20 }, () => '3')))
    expect(outcomes.filter((outcome) => outcome.kind === 'posted')).toHaveLength(3)
    expect(set.rows.map((row) => row.refundedTotal)).toEqual(['3', '6', '9'].map(units))
  })

  test('do not count against another original', () => {
    const other = aRefund(null, { original: { ...aRefund(null).original, transactionId: transactionId(8) } })
    expect(lines(ledgerOf([aWallet()]), [aRefund(null), other])).toEqual([
      '#1 refund in 10: 0 -> 10',
      '#2 refund in 10: 10 -> 20',
    ])
  })
})

describe('keys', () => {
  const keyed = (key: string, request?: string) => movement('consume', '4', { idempotency: aClaim(key, request) })
  /** The digest of a deposit whose amount's eight bytes are these. */
  const deposit = (word: string) => movement('deposit', '1', { idempotency: aClaim('k', `route   ${word.padEnd(8)}`) })

  test('of the same request are replayed, of another one refused with the fields that differ', () => {
    const first = deposit('one')
    expect(lines(ledgerOf([aWallet()]), [first, deposit('one'), deposit('two')])).toEqual([
      '#1 deposit in 1: 0 -> 1',
      `replayed ${first.transactionId}`,
      'idempotency_key_reused, fields ["amount"]',
    ])
  })

  test('that were used before this flush are found, whatever has become of the wallet since', () => {
    const command = keyed('k')
    const effects = new Map([
      [effectKey(command, 'k'), { effectId: transactionId(3), requestHash: aClaim('k').requestHash }],
    ])
    for (const wallet of [aWallet(), aWallet({ status: 'frozen' }), aWallet({ status: 'closed' })]) {
      expect(lines(ledgerOf([wallet], { effects }), [command])).toEqual([`replayed ${transactionId(3)}`])
    }
    expect(lines(ledgerOf([aWallet()], { effects }), [keyed('k', 'another')])).toEqual([
      expect.stringMatching(/^idempotency_key_reused, fields /),
    ])
  })

  test('of refused commands are not remembered', () => {
    expect(lines(ledgerOf([aWallet()]), [keyed('k'), movement('deposit', '4'), keyed('k'), keyed('k')])).toEqual([
      'insufficient_balance, available 0, required 4, shortfall 4, currency CREDIT',
      '#1 deposit in 4: 0 -> 4',
      '#2 consume out 4: 4 -> 0',
      expect.stringMatching(/^replayed /),
    ])
  })

  test('belong to their wallet', () => {
    const wallets = [aWallet({ balance: '9' }), aWallet({ walletId: walletId(2), balance: '9' })]
    const elsewhere = movement('consume', '4', { walletId: walletId(2), idempotency: aClaim('k') })
    expect(lines(ledgerOf(wallets), [keyed('k'), elsewhere])).toEqual([
      '#1 consume out 4: 9 -> 5',
      '#1 consume out 4: 9 -> 5',
    ])
  })

  test('of a transfer belong to its source only', () => {
    const wallets = [aWallet({ balance: '9' }), aWallet({ walletId: walletId(2), balance: '9' })]
    const there = aTransfer('1', { idempotency: aClaim('k') })
    const back = aTransfer('1', { walletId: walletId(2), toWalletId: walletId(1), idempotency: aClaim('k') })
    const outcomes = flush(ledgerOf(wallets), [there, back, there]).outcomes.map((outcome) => outcome.kind)
    expect(outcomes).toEqual(['posted', 'posted', 'replayed'])
  })

  test('cannot be put together so that two scopes run into one', () => {
    const scope = (userId: string, key: string) => effectKey(aCreation(null, { userId }), key)
    expect(scope('b c', 'a')).not.toBe(scope('c', 'b'))
    expect(scope('user', 'x')).not.toBe(effectKey(keyed('x'), 'x'))
    const pairs = [
      ['a', 'x'],
      ['a x', 'x'],
      ['x a', 'x'],
      ['a', 'y'],
      [' a', 'x'],
      ['', 'x'],
    ] as const
    expect(new Set(pairs.map(([userId, key]) => scope(userId, key))).size).toBe(pairs.length)
  })
})

describe('openings', () => {
  test('the second fiat wallet of a user and currency is refused with the first one', () => {
    const first = aCreation('5')
    expect(lines(ledgerOf([]), [first, aCreation('7'), aCreation(null, { currency: 'USD' })])).toEqual([
      '#1 deposit in 5: 0 -> 5',
      `wallet_exists, wallet_id ${first.walletId}, balance 5`,
    ])
  })

  test('with the same key the wallet is opened once', () => {
    const first = aCreation('5', { idempotency: aClaim('k') })
    const { set, outcomes } = flush(ledgerOf([]), [
      first,
      aCreation('5', { idempotency: aClaim('k') }),
      aCreation('6', { idempotency: aClaim('k', 'another') }),
      aCreation('5', { userId: 'user-2', idempotency: aClaim('k') }),
    ])
    expect(outcomes.flatMap((outcome) => summary(outcome))).toEqual([
      '#1 deposit in 5: 0 -> 5',
      `replayed ${first.walletId}`,
      expect.stringMatching(/^idempotency_key_reused, fields /),
      '#1 deposit in 5: 0 -> 5',
    ])
    expect(set.created.size).toBe(2)
  })

  test('the refusal names the balance as the commands before have left it', () => {
    const found = { fiatWallets: new Map([['CREDIT user-1', { walletId: walletId(1), balance: units('10') }]]) }
    const state = ledgerOf([aWallet({ balance: '10' })], found)
    expect(lines(state, [movement('deposit', '2.5'), aCreation(null)])).toEqual([
      '#1 deposit in 2.5: 10 -> 12.5',
      `wallet_exists, wallet_id ${walletId(1)}, balance 12.5`,
    ])
  })

  test('a wallet that has just been closed makes room for another', () => {
    const found = { fiatWallets: new Map([['CREDIT user-1', { walletId: walletId(1), balance: units('10') }]]) }
    const { outcomes } = flush(ledgerOf([aWallet({ balance: '10' })], found), [
      aCreation(null),
      movement('withdraw', '10'),
      aStatusChange('close', null),
      aCreation(null),
      aCreation(null),
    ])
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(['refused', 'posted', 'changed', 'created', 'refused'])
  })
})

describe('administration between movements', () => {
  test('a frozen wallet moves nothing until it is unfrozen', () => {
    const commands = [
      aStatusChange('freeze'),
      movement('deposit', '1'),
      aStatusChange('unfreeze'),
      movement('deposit', '1'),
    ]
    expect(lines(ledgerOf([aWallet()]), commands)).toEqual([
      'changed to frozen',
      `wallet_frozen, wallet_id ${walletId(1)}`,
      'changed to active',
      '#1 deposit in 1: 0 -> 1',
    ])
  })

  test('a wallet is closed once its money is out, and stays closed', () => {
    const commands = [
      aStatusChange('close'),
      movement('withdraw', '1'),
      aStatusChange('close'),
      movement('deposit', '1'),
    ]
    expect(lines(ledgerOf([aWallet({ balance: '1' })]), commands)).toEqual([
      `wallet_not_empty, wallet_id ${walletId(1)}, balance 1, locked_balance 0, currency CREDIT`,
      '#1 withdraw out 1: 1 -> 0',
      'changed to closed',
      `wallet_closed, wallet_id ${walletId(1)}`,
    ])
  })

  test('what is written at the end has the money and the particulars of all of them', () => {
    const commands = [
      anUpdate({ metadata: { a: 1 } }),
      movement('deposit', '1'),
      aStatusChange('freeze'),
      anUpdate({ metadata: { b: 2 } }),
    ]
    const { set } = flush(ledgerOf([aWallet()]), commands)
    expect(set.wallets.get(walletId(1))).toMatchObject({
      balance: units('1'),
      sequence: 1,
      status: 'frozen',
      updatedAt: NOW,
    })
    expect(set.details.get(walletId(1))).toMatchObject({ status: 'frozen', metadata: '{"a":1,"b":2}' })
    expect([set.changedWallets, set.postedWallets]).toEqual([new Set([walletId(1)]), new Set([walletId(1)])])
  })
})

test('a bug in a rule is thrown, not turned into a refusal', () => {
  const state = { ...ledgerOf([aWallet()]), details: new Map() }
  expect(() => decide(state, aStatusChange('freeze'))).toThrow(/details/)
})
