// Where new ids come from: UUIDv7, which sort by the time at which they were made.
import { randomFillSync } from 'node:crypto'
import { V7Generator } from 'uuidv7'
import type { HoldId } from '../domain/hold.ts'
import type { TransactionId } from '../domain/transaction.ts'
import type { WalletId } from '../domain/wallet.ts'

/** Random words drawn at once: the generator by itself draws eight, which costs an id two microseconds. */
const RANDOM_WORDS = 1024
const words = new Uint32Array(RANDOM_WORDS)
let used = RANDOM_WORDS

function nextUint32(): number {
  if (used === RANDOM_WORDS) {
    randomFillSync(words)
    used = 0
  }
  const word = words[used] ?? 0
  used += 1
  return word
}

const generator = new V7Generator({ nextUint32 })

// The only places where an id that is made here becomes a branded one.

/** The id of a request that came without one. */
export function newRequestId(): string {
  return generator.generate().toString()
}

/** The id of a wallet that is about to be opened. */
export function newWalletId(): WalletId {
  return generator.generate().toString() as WalletId
}

/** The id of a row that is about to be written. */
export function newTransactionId(): TransactionId {
  return generator.generate().toString() as TransactionId
}

/** The id of a hold that is about to be placed. */
export function newHoldId(): HoldId {
  return generator.generate().toString() as HoldId
}
