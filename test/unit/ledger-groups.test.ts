// Commands that belong together: all of them are folded into the working set, or it is as if they had never been decided. What
// comes after them in the flush finds one or the other.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Command } from '../../src/domain/command.ts'
import { AppError } from '../../src/domain/errors.ts'
import { advance, advanceTogether } from '../../src/domain/ledger.ts'
import { type LedgerState, type Outcome, WorkingSet } from '../../src/domain/ledger-state.ts'
import { aCapture, anExtension, aPlacement, aVoid, holdId } from '../support/hold-factories.ts'
import {
  aClaim,
  aCreation,
  aStatusChange,
  aTransfer,
  aWallet,
  ledgerOf,
  movement,
  summary,
  transactionId,
  walletId,
} from '../support/ledger-factories.ts'

const nobodyBusy = (): null => null

/** Everything that the flush would write or find later. */
const contentOf = (set: WorkingSet): unknown => structuredClone(Object.fromEntries(Object.entries(set)))

const wallets = (): LedgerState =>
  ledgerOf([1, 2].map((number) => aWallet({ walletId: walletId(number), balance: '10' })))

/** What the flush has decided before. */
const EARLIER = [movement('deposit', '1', { transactionId: transactionId(90) }), aPlacement('1', { holdId: holdId(1) })]
const TOO_MUCH = movement('consume', '1000')

function after(commands: readonly Command[]): WorkingSet {
  const set = new WorkingSet(wallets())
  for (const command of commands) advance(set, command)
  return set
}

describe('a refused group', () => {
  test.each<[string, readonly Command[]]>([
    ['movements', [movement('deposit', '3'), movement('consume', '5')]],
    ['a movement with a key', [movement('deposit', '3', { idempotency: aClaim('key') })]],
    ['a transfer', [aTransfer('4')]],
    ['a hold', [aPlacement('2')]],
    ['a hold that was there, captured and ended', [aCapture('0.5', { final: false }), anExtension(60n), aVoid()]],
    ['an opening', [aCreation('7', { idempotency: aClaim('key') })]],
    ['a freezing', [aStatusChange('freeze')]],
  ])('of %s leaves nothing behind', (_, commands) => {
    const set = after(EARLIER)
    const before = contentOf(set)
    const outcomes = advanceTogether(set, [...commands, TOO_MUCH, ...commands], nobodyBusy)
    const others = commands.map(() => 'not_applied')
    expect(outcomes.map(({ kind }) => kind)).toEqual([...others, 'refused', ...others])
    expect(contentOf(set)).toEqual(before)
  })

  test('by what stands before the rules, such as a wallet that is busy, is refused there', () => {
    const set = new WorkingSet(wallets())
    const busy: Outcome = { kind: 'refused', error: new AppError('wallet_busy', 'busy') }
    const commands = [movement('deposit', '1'), movement('consume', '1'), movement('deposit', '2')]
    const outcomes = advanceTogether(set, commands, (command) => (command.kind === 'consume' ? busy : null))
    expect(outcomes).toEqual([{ kind: 'not_applied' }, busy, { kind: 'not_applied' }])
    expect(contentOf(set)).toEqual(contentOf(new WorkingSet(wallets())))
  })
})

describe('any groups', () => {
  const anAmount = fc.integer({ min: 1, max: 9 }).map(String)
  const aKey = fc.option(fc.constantFrom('a', 'b', 'c').map((key) => aClaim(key)))
  const aCommand = fc.oneof(
    fc
      .record({ amount: anAmount, key: aKey })
      .map(({ amount, key }) => movement('consume', amount, { idempotency: key })),
    fc
      .record({ amount: anAmount, key: aKey })
      .map(({ amount, key }) => movement('deposit', amount, { idempotency: key })),
    anAmount.map((amount) => aTransfer(amount)),
    anAmount.map((amount) => aTransfer(amount, { walletId: walletId(2), toWalletId: walletId(1) })),
    anAmount.map((amount) => aPlacement(amount)),
    anAmount.map((amount) => aCapture(amount, { final: false })),
    fc.constant(aVoid()),
    fc.constant(aStatusChange('freeze')),
    fc.constant(aStatusChange('unfreeze')),
  )
  const someGroups = fc.array(fc.array(aCommand, { minLength: 1, maxLength: 5 }), { maxLength: 8 })

  test('leave what those leave, one command after the other, of which none is refused', () => {
    fc.assert(
      fc.property(someGroups, (groups) => {
        const kept: Command[] = [...EARLIER]
        const together = after(kept)
        let alone = after(kept)
        for (const group of groups) {
          const outcomes = advanceTogether(together, group, nobodyBusy)
          const singly = group.map((command) => advance(alone, command))
          const refused = singly.findIndex(({ kind }) => kind === 'refused')
          const isKept = refused < 0
          const foretold = singly.map((outcome, index) =>
            isKept || index === refused ? summary(outcome) : ['not applied'],
          )
          expect(outcomes.map(summary)).toEqual(foretold)
          if (isKept) kept.push(...group)
          else alone = after(kept)
          expect(contentOf(together)).toEqual(contentOf(alone))
        }
      }),
      { numRuns: 300 },
    )
  })
})
