// What a process knows of wallets without a lock, from its own last writes or a look just now: enough to decide movements,
// provided that the database confirms it in the transaction that writes them. A guess is never an answer: what is not confirmed
// is decided anew under locks. No SQL here; how a guess is confirmed stands in ledger-repository.ts (docs/adr/0016).
import { LRUCache } from 'lru-cache'
import type { Command } from '../domain/command.ts'
import type { Instant } from '../domain/instant.ts'
import type { WorkingSet } from '../domain/ledger-state.ts'
import type { WalletId, WalletState } from '../domain/wallet.ts'

/** About 1 KB each. Those that were not written for longest are looked at anew. */
const MAX_WALLETS = 20_000
/** The database's clock is read with every write. After this long two clocks may have run apart, and it is asked. */
const MAX_CLOCK_AGE_MS = 1000
/** Flushes without a guess after one that was wrong: twice as many after each further one, half as many after a right one. */
const FIRST_REST = 1
const LONGEST_REST = 512

/** Kinds that depend on nothing but the wallets themselves, as long as their keys are new. */
const FORESEEABLE: ReadonlySet<Command['kind']> = new Set(['deposit', 'reward', 'withdraw', 'consume', 'transfer'])

/** A wallet as it was looked at or written. */
export interface Remembered {
  readonly state: WalletState
  /** The transaction that wrote it (`xmin`): whoever changes the wallet, in whatever way, changes this. */
  readonly version: string
  /** Whether it ever had a hold: then time alone changes it, and a key may have been used by what no row of the ledger shows. */
  readonly hasHolds: boolean
}

/** What a transaction wrote under, and when the database's clock said that it was. */
export interface Written {
  readonly now: Instant
  readonly version: string
}

/** What the next transaction will find, if nobody else has written. */
export interface Foreseen {
  /** Not later than the database's clock. */
  readonly now: Instant
  readonly wallets: ReadonlyMap<WalletId, WalletState>
  readonly versions: ReadonlyMap<WalletId, string>
}

/** The memory of one queue. */
export class RememberedWallets {
  readonly #wallets = new LRUCache<WalletId, Remembered>({ max: MAX_WALLETS })
  #clock: { readonly now: Instant; readonly readAt: number } | null = null
  #rest = 0
  #nextRest = FIRST_REST

  /** Whether these commands may be decided on a guess now. Every call counts as one flush. */
  mayGuess(commands: readonly Command[]): boolean {
    if (!commands.every(({ kind }) => FORESEEABLE.has(kind))) return false
    if (this.#rest === 0) return true
    this.#rest -= 1
    return false
  }

  /** What has to be looked at before a guess: wallets, and the clock. `null`: a guess is not possible. */
  missing(walletIds: readonly WalletId[]): { readonly walletIds: readonly WalletId[]; readonly clock: boolean } | null {
    const unknown: WalletId[] = []
    for (const walletId of walletIds) {
      const known = this.#wallets.get(walletId)
      if (known === undefined) unknown.push(walletId)
      else if (known.hasHolds) return null
    }
    return { walletIds: unknown, clock: this.#now() === null }
  }

  /** What commands about these wallets will find; `null` where there is no such wallet, or one that had a hold. */
  foresee(walletIds: readonly WalletId[]): Foreseen | null {
    const now = this.#now()
    if (now === null) return null
    const wallets = new Map<WalletId, WalletState>()
    const versions = new Map<WalletId, string>()
    for (const walletId of walletIds) {
      const known = this.#wallets.get(walletId)
      if (known === undefined || known.hasHolds) return null
      wallets.set(walletId, known.state)
      versions.set(walletId, known.version)
    }
    return { now, wallets, versions }
  }

  /** Remembers a wallet that was looked at. */
  see({ state, version, hasHolds }: Remembered): void {
    this.#wallets.set(state.walletId, { state: { ...state, hash: ownCopy(state.hash) }, version, hasHolds })
  }

  /** Remembers the database's clock. */
  hear(now: Instant): void {
    // Both are behind the clock; an answer that waited to be read would take the time back.
    const counted = this.#now()
    if (counted === null || counted < now) this.#clock = { now, readAt: performance.now() }
  }

  /** A guess was confirmed: remembers what was written, and the clock that was read. */
  confirm({ postedWallets, wallets }: WorkingSet, { now, version }: Written): void {
    this.hear(now)
    this.#nextRest = Math.max(FIRST_REST, Math.floor(this.#nextRest / 2))
    for (const walletId of postedWallets) {
      const state = wallets.get(walletId)
      if (!state) continue
      this.#wallets.set(walletId, { state: { ...state, hash: ownCopy(state.hash) }, version, hasHolds: false })
    }
  }

  /** A guess was wrong: somebody else writes these wallets too, or a key was not new. */
  doubt(walletIds: readonly WalletId[]): void {
    this.forget(walletIds)
    this.#rest = this.#nextRest
    this.#nextRest = Math.min(LONGEST_REST, this.#nextRest * 2)
  }

  /** Forgets wallets that are about to be written in another way; but not that they had holds, which stays true. */
  forget(walletIds: readonly WalletId[]): void {
    for (const walletId of walletIds) {
      if (this.#wallets.peek(walletId)?.hasHolds !== true) this.#wallets.delete(walletId)
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#wallets.clear()
    this.#clock = null
  }

  /** Counted on from the last reading, which was on its way for a while: behind the database's clock, never ahead of it. */
  #now(): Instant | null {
    if (this.#clock === null) return null
    const age = performance.now() - this.#clock.readAt
    return age > MAX_CLOCK_AGE_MS ? null : this.#clock.now + BigInt(Math.floor(age * 1000))
  }
}

/** A small buffer is a piece of 8 KB that it would keep from being freed. */
function ownCopy(hash: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(hash.length)
  hash.copy(copy)
  return copy
}
