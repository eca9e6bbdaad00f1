// Writing down which holds have expired: found by the database's clock, posted wallet by wallet, where the rules look again under
// the lock. So each is written down once, however many processes try.
import { AppError } from '../domain/errors.ts'
import type { WalletId } from '../domain/wallet.ts'
import type { DueWallet, HoldRepository } from '../repositories/hold-repository.ts'
import type { Poster } from './posting-queue.ts'

/** Holds of one round, and so wallets at most: a flush with that many takes some 20 ms, for which it holds their wallets. */
export const EXPIRY_ROUND = 200
/** Busy wallets are waited for, one after the other, for so long in a round; what is left comes first in the next one. */
const PATIENCE_MS = 2000
/** A wallet that could not be written even so is left alone for a while, so that it does not stand in the way of all others. */
const PASS_OVER_MS = 5000

/** What a round came to. */
export interface ExpiryRound {
  /** Holds that this round wrote down; those of other processes do not count. */
  readonly written: number
  /** Whether there was a round's worth of work, so that there may be more. */
  readonly hasMore: boolean
}

export interface HoldExpiryOptions {
  readonly holds: HoldRepository
  /** Writes many wallets at once, and none that somebody holds at that moment. */
  readonly eager: Poster
  /** Writes one wallet at a time, and waits for it. */
  readonly patient: Poster
}

/** Writes down expiries. Its posters are its own: who waits for a wallet here must keep no caller waiting. */
export class HoldExpiryService {
  readonly #holds: HoldRepository
  readonly #eager: Poster
  readonly #patient: Poster
  /** Wallets to pass over, and until when. */
  readonly #passedOver = new Map<WalletId, number>()

  constructor(options: HoldExpiryOptions) {
    this.#holds = options.holds
    this.#eager = options.eager
    this.#patient = options.patient
  }

  /**
   * Writes down the holds that expired first. A wallet in which money moves all the time is waited for; one that stays busy is
   * passed over for a while. Throws when the database does not answer, or when a wallet cannot be written for another reason;
   * then the others of the round are written all the same.
   */
  async writeDownExpired(): Promise<ExpiryRound> {
    const wallets = await this.#holds.findDueWallets(EXPIRY_ROUND, this.#walletsToPassOver())
    const results = await Promise.allSettled(wallets.map((wallet) => writeDown(this.#eager, wallet)))
    const busy: DueWallet[] = []
    const troubles: unknown[] = []
    let written = 0
    wallets.forEach((wallet, index) => {
      const result = results[index]
      if (result?.status === 'fulfilled') written += result.value
      else if (isBusy(result?.reason)) busy.push(wallet)
      else troubles.push(this.#passOver(wallet, result?.reason))
    })
    written += await this.#writeDownBusy(busy, troubles)
    if (troubles.length > 0) throw troubles[0]
    return { written, hasMore: wallets.reduce((total, wallet) => total + wallet.due, 0) === EXPIRY_ROUND }
  }

  async #writeDownBusy(wallets: readonly DueWallet[], troubles: unknown[]): Promise<number> {
    const begun = performance.now()
    let written = 0
    for (const wallet of wallets) {
      if (performance.now() - begun > PATIENCE_MS) break
      try {
        written += await writeDown(this.#patient, wallet)
      } catch (error) {
        this.#passOver(wallet, error)
        if (!isBusy(error)) troubles.push(error)
      }
    }
    return written
  }

  /** Gives the reason back. */
  #passOver({ walletId }: DueWallet, reason: unknown): unknown {
    this.#passedOver.set(walletId, performance.now() + PASS_OVER_MS)
    return reason
  }

  #walletsToPassOver(): WalletId[] {
    const now = performance.now()
    for (const [walletId, until] of this.#passedOver) if (until <= now) this.#passedOver.delete(walletId)
    return [...this.#passedOver.keys()]
  }
}

async function writeDown(postings: Poster, { walletId, due }: DueWallet): Promise<number> {
  const posting = await postings.post({ kind: 'expire_holds', walletId, limit: due })
  return posting.kind === 'held' ? posting.events.length : 0
}

function isBusy(error: unknown): boolean {
  return error instanceof AppError && error.code === 'wallet_busy'
}
