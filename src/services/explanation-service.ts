// The use case of a balance that explains itself. What belongs to an explanation stands in domain/explanation.ts.
import { type Explanation, explain } from '../domain/explanation.ts'
import type { Instant } from '../domain/instant.ts'
import { walletNotFound } from '../domain/refusals.ts'
import type { WalletId } from '../domain/wallet.ts'
import type { ExplanationRepository } from '../repositories/explanation-repository.ts'

/** Holds that an explanation lists; what the others reserve is one sum. */
export const MAX_EXPLAINED_HOLDS = 1000

/** Explains balances. Throws `database_unavailable` when the database does not answer. */
export class ExplanationService {
  readonly #explanations: ExplanationRepository

  constructor(options: { readonly explanations: ExplanationRepository }) {
    this.#explanations = options.explanations
  }

  /**
   * How a wallet's balance at `at` (else now) comes about, from `startDate` (else from its opening) on; of one snapshot.
   * Throws `wallet_not_found`.
   */
  async explain(
    walletId: WalletId,
    request: { readonly startDate?: Instant | undefined; readonly at?: Instant | undefined },
  ): Promise<Explanation> {
    const found = await this.#explanations.explain({
      walletId,
      start: request.startDate ?? null,
      end: request.at ?? null,
      maxHolds: MAX_EXPLAINED_HOLDS,
    })
    if (!found) throw walletNotFound(walletId)
    return explain({
      window: found.window,
      period: found.period,
      openingBalance: found.opening.balance,
      balance: found.closing.balance,
      lockedBalance: found.closing.lockedBalance,
      holds: found.open.holds,
      hasMoreHolds: !found.open.isComplete,
    })
  }
}
