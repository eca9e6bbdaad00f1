// What a connection may guess, and how long it goes without after guesses that were wrong.
import { describe, expect, test } from 'vitest'
import { WorkingSet } from '../../src/domain/ledger-state.ts'
import { RememberedWallets } from '../../src/repositories/remembered-wallets.ts'
import { aCreation, ledgerOf, movement, NOW, walletId, aWallet } from '../support/ledger-factories.ts'

const COMMANDS = [movement('consume', '1')]
const WALLETS = [walletId(1)]

/** Knows wallet 1 and the clock. */
function informed(): RememberedWallets {
  const remembered = new RememberedWallets()
  remembered.see({ state: aWallet(), version: '7', hasHolds: false })
  remembered.hear(NOW)
  return remembered
}

describe('a guess', () => {
  test('is for movements alone', () => {
    expect(informed().mayGuess(COMMANDS)).toBe(true)
    expect(informed().mayGuess([...COMMANDS, aCreation('1')])).toBe(false)
  })

  test('needs the wallets and the clock', () => {
    const remembered = new RememberedWallets()
    expect(remembered.missing(WALLETS)).toEqual({ walletIds: [walletId(1)], clock: true })
    expect(remembered.foresee(WALLETS)).toBeNull()
    remembered.hear(NOW)
    expect(remembered.foresee(WALLETS)).toBeNull()
    expect(informed().missing(WALLETS)).toEqual({ walletIds: [], clock: false })
  })

  test('has the wallets as they were left, and a time that is not behind the last one heard', () => {
    const foreseen = informed().foresee(WALLETS)
    expect(foreseen?.wallets).toEqual(new Map([[walletId(1), aWallet()]]))
    expect(foreseen?.versions).toEqual(new Map([[walletId(1), '7']]))
    expect(foreseen !== null && foreseen.now >= NOW).toBe(true)
  })

  test('is not made about wallets that had holds, whatever is written after', () => {
    const remembered = informed()
    remembered.see({ state: aWallet(), version: '7', hasHolds: true })
    remembered.forget(WALLETS)
    expect(remembered.missing(WALLETS)).toBeNull()
    expect(remembered.foresee(WALLETS)).toBeNull()
  })

  test('goes on from what it wrote', () => {
    const remembered = informed()
    const written = aWallet({ balance: '5' })
    const workingSet = new WorkingSet(ledgerOf([written]))
    workingSet.postedWallets.add(written.walletId)
    remembered.confirm(workingSet, { now: NOW + 1n, version: '8' })
    const foreseen = remembered.foresee(WALLETS)
    expect(foreseen?.wallets.get(walletId(1))).toEqual(written)
    expect(foreseen?.versions.get(walletId(1))).toBe('8')
  })
})

test('each wrong guess in a row doubles the rest after it, up to 512 flushes; right ones halve it', () => {
  const remembered = informed()
  const restAfterDoubt = (): number => {
    remembered.doubt(WALLETS)
    let rest = 0
    while (!remembered.mayGuess(COMMANDS)) rest += 1
    return rest
  }
  const rests = Array.from({ length: 11 }, restAfterDoubt)
  expect(rests).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 512])

  const nothing = new WorkingSet(ledgerOf([aWallet()]))
  for (let right = 0; right < 3; right += 1) remembered.confirm(nothing, { now: NOW, version: '8' })
  expect(restAfterDoubt()).toBe(64)
})
