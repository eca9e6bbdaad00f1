// Writing down which holds have expired: found by the database's clock, posted wallet by wallet, where the rules look again under
// the lock. So each is written down once, however many processes try.
import { AppError } from '../domain/errors.ts'
import type { WalletId } from '../domain/wallet.ts'
import type { DueWallet, HoldRepository } from '../repositories/hold-repository.ts'
import type { Poster } from './posting-queue.ts'

/** Holds of one round, and so wallets at most: a flush with that many takes some 20 ms, for which it holds their wallets. */
export const EXPIRY_ROUND = 200
/** A wallet that could not be written is left alone for so long, so that it does not stand in the way of all others. */
const PASS_OVER_MS = 5000

/** What a round came to. */
export interface ExpiryRound {
  /** Holds that this round wrote down; those of other processes do not count. */
  readonly written: number
  /** Whether there was a round's worth of work, so that there may be more. */
  readonly hasMore: boolean
}

/** Writes down expiries. */
export class HoldExpiryService {
  readonly #holds: HoldRepository
  readonly #postings: Poster
  /** Wallets to pass over, and until when. */
  readonly #passedOver = new Map<WalletId, number>()

  constructor(options: {
    readonly holds: HoldRepository
    /** A queue of its own: who waits for a wallet here must keep no caller waiting. */
    readonly postings: Poster
  }) {
    this.#holds = options.holds
    this.#postings = options.postings
  }

  /**
   * Writes down the holds that expired first. A wallet that is busy is passed over for a while. Throws when the database does
   * not answer, or when a wallet cannot be written for another reason; then the others of the round are written all the same.
   */
  async writeDownExpired(): Promise<ExpiryRound> {
    const wallets = await this.#holds.findDueWallets(EXPIRY_ROUND, this.#walletsToPassOver())
    const results = await Promise.allSettled(wallets.map((wallet) => this.#writeDown(wallet)))
    const trouble = results.find((result) => result.status === 'rejected' && !isBusy(result.reason))
    if (trouble?.status === 'rejected') throw trouble.reason
    return {
      written: results.reduce((total, result) => total + (result.status === 'fulfilled' ? result.value : 0), 0),
      hasMore: wallets.reduce((total, wallet) => total + wallet.due, 0) === EXPIRY_ROUND,
    }
  }

  #walletsToPassOver(): WalletId[] {
    const now = performance.now()
    for (const [walletId, until] of this.#passedOver) if (until <= now) this.#passedOver.delete(walletId)
    return [...this.#passedOver.keys()]
  }

  async #writeDown({ walletId, due }: DueWallet): Promise<number> {
    try {
      const posting = await this.#postings.post({ kind: 'expire_holds', walletId, limit: due })
      return posting.kind === 'held' ? posting.events.length : 0
    } catch (error) {
      this.#passedOver.set(walletId, performance.now() + PASS_OVER_MS)
      throw error
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof AppError && error.code === 'wallet_busy'
}
