// The rules of holds as statements of account: a wallet with a hold, a command, and everything that comes of it or the refusal
// that it gets.
import { describe, expect, test } from 'vitest'
import { holdEventHash } from '../../src/domain/hash-chain.ts'
import { endOf, type HoldEvent, remainingAmount } from '../../src/domain/hold.ts'
import { advance, decide } from '../../src/domain/ledger.ts'
import { type Outcome, WorkingSet } from '../../src/domain/ledger-state.ts'
import {
  aCapture,
  aHold,
  anExpiry,
  anExtension,
  aPlacement,
  aVoid,
  holdId,
  holdLedger,
  ONE_PLACED,
  told,
} from '../support/hold-factories.ts'
import {
  aClaim,
  aStatusChange,
  aTransfer,
  aWallet,
  ledgerOf,
  movement,
  NOW,
  units,
} from '../support/ledger-factories.ts'

const HOUR = 3_600_000_000n
const held = (outcome: Outcome) => {
  if (outcome.kind !== 'held') throw new Error(`Not held but ${told(outcome).join()}`)
  return outcome
}

describe('placing', () => {
  test.each`
    balance | locked  | status      | value            | outcome
    ${'10'} | ${'0'}  | ${'active'} | ${'10'}          | ${['placed 10, released 0: pending 0 + 10', 'balance 10, locked 10']}
    ${'10'} | ${'4'}  | ${'active'} | ${'6'}           | ${['placed 6, released 0: pending 0 + 6', 'balance 10, locked 10']}
    ${'10'} | ${'4'}  | ${'active'} | ${'6.00000001'}  | ${['insufficient_balance, available 6, required 6.00000001, shortfall 0.00000001, currency CREDIT']}
    ${'10'} | ${'10'} | ${'active'} | ${'0.00000001'}  | ${['insufficient_balance, available 0, required 0.00000001, shortfall 0.00000001, currency CREDIT']}
    ${'10'} | ${'0'}  | ${'active'} | ${'0.000000001'} | ${['validation_failed, body.amount too_many_decimals']}
    ${'10'} | ${'0'}  | ${'frozen'} | ${'1'}           | ${['wallet_frozen, wallet_id 0197f7d4-aaaa-7000-8000-000000000001']}
    ${'0'}  | ${'0'}  | ${'closed'} | ${'1'}           | ${['wallet_closed, wallet_id 0197f7d4-aaaa-7000-8000-000000000001']}
  `('$value of $balance with $locked locked, $status: $outcome', ({ balance, locked, status, value, outcome }) => {
    expect(told(decide(ledgerOf([aWallet({ balance, locked, status })]), aPlacement(value)))).toEqual(outcome)
  })

  test('a hold is what it was placed with, until its time', () => {
    const terms = { description: 'scene 12', referenceId: 'job-7', metadata: { a: 1 } }
    const { holds, events, wallet } = held(
      decide(ledgerOf([aWallet({ balance: '10' })]), aPlacement('4', { ...terms, idempotency: aClaim('k') })),
    )
    expect(holds).toEqual([
      aHold({
        ...terms,
        holdId: holdId(2),
        metadata: '{"a":1}',
        amount: '4',
        createdAt: NOW,
        updatedAt: NOW,
        expiresAt: NOW + HOUR,
      }),
    ])
    expect(wallet).toEqual({ ...aWallet({ balance: '10', locked: '4' }), nextHoldExpiry: NOW + HOUR, updatedAt: NOW })
    expect(events).toMatchObject([
      { sequence: 1, reservedTotal: units('4'), expiredTotal: 0n, transactionSequence: 0, idempotencyKey: 'k' },
    ])
  })

  test('the next expiry is the earliest, whichever hold came first', () => {
    const wallet = aWallet({ balance: '10', locked: '1', nextHoldExpiry: NOW + HOUR })
    const next = (lifetime: bigint) =>
      held(decide(ledgerOf([wallet]), aPlacement('1', { lifetime }))).wallet.nextHoldExpiry
    expect([next(HOUR - 1n), next(HOUR), next(HOUR + 1n)]).toEqual([NOW + HOUR - 1n, NOW + HOUR, NOW + HOUR])
  })

  test('time never runs backwards in a wallet: a hold counts from what the wallet has seen', () => {
    const updatedAt = NOW + 5n
    const { holds } = held(decide(ledgerOf([aWallet({ balance: '10', updatedAt })]), aPlacement('1')))
    expect(holds.map((hold) => [hold.createdAt, hold.expiresAt])).toEqual([[updatedAt, updatedAt + HOUR]])
  })
})

describe('capturing', () => {
  test.each`
    captured | value            | final    | outcome
    ${'0'}   | ${null}          | ${true}  | ${['#1 consume out 10: 12 -> 2', 'captured 10, released 0: captured 10 + 0', 'balance 2, locked 0']}
    ${'0'}   | ${'3'}           | ${true}  | ${['#1 consume out 3: 12 -> 9', 'captured 3, released 7: captured 3 + 0', 'balance 9, locked 0']}
    ${'0'}   | ${'3'}           | ${false} | ${['#1 consume out 3: 12 -> 9', 'captured 3, released 0: pending 3 + 7', 'balance 9, locked 7']}
    ${'4'}   | ${'5'}           | ${false} | ${['#1 consume out 5: 12 -> 7', 'captured 5, released 0: pending 9 + 1', 'balance 7, locked 1']}
    ${'4'}   | ${'6'}           | ${false} | ${['#1 consume out 6: 12 -> 6', 'captured 6, released 0: captured 10 + 0', 'balance 6, locked 0']}
    ${'4'}   | ${null}          | ${false} | ${['#1 consume out 6: 12 -> 6', 'captured 6, released 0: captured 10 + 0', 'balance 6, locked 0']}
    ${'4'}   | ${'2'}           | ${true}  | ${['#1 consume out 2: 12 -> 10', 'captured 2, released 4: captured 6 + 0', 'balance 10, locked 0']}
    ${'4'}   | ${'6.00000001'}  | ${true}  | ${['capture_exceeds_hold, hold_id 0197f7d4-cccc-7000-8000-000000000001, remaining 6, required 6.00000001, shortfall 0.00000001, currency CREDIT']}
    ${'0'}   | ${'0.000000001'} | ${true}  | ${['validation_failed, body.amount too_many_decimals']}
  `('$value of 10 with $captured captured, final $final: $outcome', ({ captured, value, final, outcome }) => {
    const hold = aHold({ captured })
    const wallet = aWallet({ balance: '12', locked: captured === '4' ? '6' : '10' })
    expect(told(decide(holdLedger(wallet, [hold]), aCapture(value, { final })))).toEqual(outcome)
  })

  test('its row is an ordinary one that names its hold, takes over its reference, and says what is locked after it', () => {
    const hold = aHold({ referenceId: 'job-7' })
    const command = aCapture('3', { transactionType: 'withdraw', usageRecordId: '8', metadata: { a: 1, hold_id: 'x' } })
    const { rows } = held(
      decide(holdLedger(aWallet({ balance: '12', locked: '10' }), [hold]), { ...command, final: false }),
    )
    expect(rows).toMatchObject([
      {
        transactionType: 'withdraw',
        counterparty: 'external:withdrawal',
        description: 'Withdrawal: 3',
        referenceId: 'job-7',
        usageRecordId: '8',
        metadata: `{"a":1,"hold_id":"${holdId(1)}"}`,
        balanceAfter: units('9'),
        lockedBalance: units('7'),
        idempotencyKey: null,
      },
    ])
  })

  test('all that is in the wallet can be captured', () => {
    const outcome = decide(holdLedger(aWallet({ balance: '10', locked: '10' }), [aHold()]), aCapture(null))
    expect(told(outcome)).toContain('balance 0, locked 0')
  })
})

describe('ending and extending', () => {
  test.each`
    captured | command             | outcome
    ${'0'}   | ${aVoid()}          | ${['voided 0, released 10: voided 0 + 0', 'balance 12, locked 0']}
    ${'4'}   | ${aVoid()}          | ${['voided 0, released 6: voided 4 + 0', 'balance 12, locked 0']}
    ${'4'}   | ${anExtension(60n)} | ${['extended 0, released 0: pending 4 + 6', 'balance 12, locked 6']}
  `('with $captured of 10 captured, $command.kind: $outcome', ({ captured, command, outcome }) => {
    const wallet = aWallet({ balance: '12', locked: captured === '4' ? '6' : '10' })
    expect(told(decide(holdLedger(wallet, [aHold({ captured })]), command))).toEqual(outcome)
    // Neither moves money, so a frozen wallet does not stand in the way.
    expect(told(decide(holdLedger({ ...wallet, status: 'frozen' }, [aHold({ captured })]), command))).toEqual(outcome)
  })

  test.each([60n, 7200n])('an extension counts from now: %s s, whatever was left', (seconds) => {
    const wallet = aWallet({ balance: '10', locked: '10', nextHoldExpiry: NOW + HOUR })
    const { holds, wallet: after } = held(decide(holdLedger(wallet, [aHold()]), anExtension(seconds)))
    const expiresAt = NOW + seconds * 1_000_000n
    expect(holds).toEqual([aHold({ expiresAt, updatedAt: NOW })])
    expect(after.nextHoldExpiry).toBe(expiresAt < NOW + HOUR ? expiresAt : NOW + HOUR)
  })

  const every = { capture: aCapture('1'), void: aVoid(), extension: anExtension(60n) }
  const ID = `hold_id ${holdId(1)}`
  test.each`
    hold                                                                  | code
    ${aHold({ status: 'captured', captured: '10', updatedAt: NOW - 1n })} | ${`hold_not_pending, ${ID}, hold_status captured`}
    ${aHold({ status: 'voided', updatedAt: NOW - 1n })}                   | ${`hold_not_pending, ${ID}, hold_status voided`}
    ${aHold({ status: 'expired', expiresAt: NOW - 1n })}                  | ${`hold_expired, ${ID}, hold_status expired`}
    ${aHold({ expiresAt: NOW - 1n })}                                     | ${`hold_expired, ${ID}, hold_status expired`}
    ${aHold({ expiresAt: NOW })}                                          | ${`hold_expired, ${ID}, hold_status expired`}
    ${aHold({ holdId: holdId(9) })}                                       | ${`hold_not_found, ${ID}`}
  `('of $hold.status $hold.expiresAt: $code, by whichever command, on whatever wallet', ({ hold, code }) => {
    for (const status of ['active', 'frozen', 'closed'] as const) {
      const ledger = holdLedger(aWallet({ balance: '10', status }), [hold])
      for (const command of Object.values(every)) expect(told(decide(ledger, command))).toEqual([code])
    }
  })

  test('one microsecond before its time a hold is all there', () => {
    const ledger = holdLedger(aWallet({ balance: '10', locked: '10' }), [aHold({ expiresAt: NOW + 1n })])
    for (const command of Object.values(every)) expect(decide(ledger, command).kind).toBe('held')
  })

  test('a frozen wallet gives nothing to a capture', () => {
    const ledger = holdLedger(aWallet({ balance: '10', locked: '10', status: 'frozen' }), [aHold()])
    expect(told(decide(ledger, aCapture('1')))).toEqual([
      'wallet_frozen, wallet_id 0197f7d4-aaaa-7000-8000-000000000001',
    ])
  })
})

describe('what is locked cannot be spent', () => {
  test.each([
    ['withdraw', movement('withdraw', '3')],
    ['consume', movement('consume', '3')],
    ['a transfer', aTransfer('3')],
    ['a transfer with its fee', aTransfer('2', { fee: units('1') as never })],
    ['another hold', aPlacement('3')],
  ])('by %s', (_, command) => {
    const target = aWallet({
      walletId: 'toWalletId' in command ? command.toWalletId : aWallet().walletId,
      balance: '0',
    })
    const wallets = (locked: string) => ledgerOf([target, aWallet({ balance: '12', locked })])
    expect(told(decide(wallets('10'), command))).toEqual([
      'insufficient_balance, available 2, required 3, shortfall 1, currency CREDIT',
    ])
    expect(decide(wallets('9'), command).kind).not.toBe('refused')
  })

  test('a wallet with a hold cannot be closed, and says what is locked', () => {
    expect(told(decide(ledgerOf([aWallet({ balance: '10', locked: '10' })]), aStatusChange('close')))).toEqual([
      `wallet_not_empty, wallet_id ${aWallet().walletId}, balance 10, locked_balance 10, currency CREDIT`,
    ])
  })
})

describe('writing down expiry', () => {
  const due = (number: number, expiresAt: bigint, captured = '0') =>
    aHold({ holdId: holdId(number), expiresAt, captured })

  test('what is due is written down in its order and as of its time, and the wallet keeps its lock', () => {
    const holds = [due(1, NOW - 3n), due(2, NOW - 2n, '4'), due(3, NOW), due(4, NOW + 1n)]
    const {
      events,
      holds: ended,
      wallet,
    } = held(decide(holdLedger(aWallet({ balance: '50', locked: '10' }), holds), anExpiry))
    expect(ended.map((hold) => [hold.holdId, hold.status, hold.updatedAt, endOf(hold), remainingAmount(hold)])).toEqual(
      [
        [holdId(1), 'expired', NOW - 3n, NOW - 3n, 0n],
        [holdId(2), 'expired', NOW - 2n, NOW - 2n, 0n],
        [holdId(3), 'expired', NOW, NOW, 0n],
      ],
    )
    expect(events.map(({ sequence, expiredTotal, reservedTotal }) => [sequence, expiredTotal, reservedTotal])).toEqual([
      [2, units('10'), units('10')],
      [3, units('16'), units('10')],
      [4, units('26'), units('10')],
    ])
    expect(wallet).toMatchObject({ balance: units('50'), lockedBalance: units('10'), updatedAt: NOW })
  })

  test('a hold is written down once, also by two commands of one flush', () => {
    const ledger = new WorkingSet(holdLedger(aWallet({ balance: '10' }), [due(1, NOW - 1n)]))
    const outcomes = [anExpiry, anExpiry].map((command) => held(advance(ledger, command)).events.length)
    expect(outcomes).toEqual([1, 0])
    expect([ledger.events.length, [...ledger.changedHolds], [...ledger.relockedWallets]]).toEqual([
      1,
      [holdId(1)],
      [aWallet().walletId],
    ])
  })

  test('a hold that the lock still counts is left alone, whatever time the wallet has come to in this flush', () => {
    // As after a transfer from a wallet that was ahead of the clock: this one's lock was brought up to date before it.
    const wallet = aWallet({ balance: '20', locked: '10', nextHoldExpiry: NOW + 5n, updatedAt: NOW + 60n })
    const ledger = holdLedger(wallet, [due(1, NOW - 1n), due(2, NOW + 5n)])
    expect(told(decide(ledger, anExpiry))).toEqual(['expired 0, released 10: expired 0 + 0', 'balance 20, locked 10'])
  })

  test('with nothing due, nothing is written', () => {
    const ledger = new WorkingSet(holdLedger(aWallet({ balance: '10', locked: '10' }), [due(1, NOW + 1n)]))
    advance(ledger, anExpiry)
    expect([ledger.postedWallets.size, ledger.relockedWallets.size, ledger.events]).toEqual([0, 0, []])
  })
})

describe('in one flush', () => {
  test('a hold is placed, captured twice and voided, and each step finds the one before it', () => {
    const ledger = new WorkingSet(ledgerOf([aWallet({ balance: '12' })]))
    const of2 = { holdId: holdId(2) }
    const steps = [
      aPlacement('10', { idempotency: aClaim('k') }),
      aCapture('3', { ...of2, final: false }),
      movement('consume', '2'),
      movement('consume', '0.5'),
      aCapture('1', { ...of2, final: false }),
      aVoid(of2),
      aVoid(of2),
      aPlacement('10', { idempotency: aClaim('k') }),
    ]
    const outcomes = steps.map((command) => told(advance(ledger, command)).at(-1))
    expect(outcomes).toEqual([
      'balance 12, locked 10',
      'balance 9, locked 7',
      '#2 consume out 2: 9 -> 7',
      'insufficient_balance, available 0, required 0.5, shortfall 0.5, currency CREDIT',
      'balance 6, locked 6',
      'balance 6, locked 0',
      `hold_not_pending, hold_id ${holdId(2)}, hold_status voided`,
      'replayed 1',
    ])
    expect(
      ledger.events.map(({ eventType, transactionSequence, reservedTotal }) => [
        eventType,
        transactionSequence,
        reservedTotal,
      ]),
    ).toEqual([
      ['placed', 0, units('10')],
      ['captured', 1, units('7')],
      ['captured', 3, units('6')],
      ['voided', 3, 0n],
    ])
    expect(ledger.rows.map((row) => row.lockedBalance)).toEqual([units('7'), units('7'), units('6')])
  })
})

describe('the chain of events', () => {
  const place = () => held(decide(holdLedger(aWallet({ balance: '12', locked: '10' }), []), aPlacement('1')))

  test('an event is chained to the one before it, and covers every column', () => {
    const { events, holds } = place()
    const [event] = events
    const [hold] = holds
    if (!event || !hold) throw new Error('Nothing was placed')
    const { hash, ...content } = event
    expect(hash).toEqual(holdEventHash(ONE_PLACED.hash, content, hold))
    expect(hash).not.toEqual(holdEventHash(Buffer.alloc(32), content, hold))
    for (const [column, value] of Object.entries(content)) {
      const changed = {
        ...content,
        [column]: typeof value === 'bigint' ? value + 1n : `${String(value)}0`,
      } as HoldEvent
      expect(hash, column).not.toEqual(holdEventHash(ONE_PLACED.hash, changed, hold))
    }
  })

  test('placing covers the terms of the hold, which no later event repeats', () => {
    const { events, holds } = place()
    const [event] = events
    const [hold] = holds
    if (!event || !hold) throw new Error('Nothing was placed')
    for (const change of [{ currency: 'ETH' }, { description: 'x' }, { referenceId: 'x' }, { metadata: '{"x":1}' }]) {
      const changed = { ...hold, ...change }
      expect(holdEventHash(ONE_PLACED.hash, event, changed)).not.toEqual(event.hash)
      const later = { ...event, eventType: 'voided' } as const
      expect(holdEventHash(ONE_PLACED.hash, later, changed)).toEqual(holdEventHash(ONE_PLACED.hash, later, hold))
    }
  })
})
