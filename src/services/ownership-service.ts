// Whose the wallets, transactions and holds are that a request names. Asked only for users; services act for everybody.
import { holdNotFound, transactionNotFound, walletNotFound } from '../domain/refusals.ts'
import type { NamedThing, OwnershipRepository } from '../repositories/ownership-repository.ts'

export type { NamedThing }

const NOT_FOUND = { wallet: walletNotFound, transaction: transactionNotFound, hold: holdNotFound } as const

/** Keeps users to what is theirs. */
export class OwnershipService {
  readonly #ownership: Pick<OwnershipRepository, 'ownedBy'>

  constructor(options: { readonly ownership: Pick<OwnershipRepository, 'ownedBy'> }) {
    this.#ownership = options.ownership
  }

  /**
   * Refuses what is not a user's as if it did not exist, in the order in which it is named: one question to the database
   * for both, so that neither the answer nor its time tells them apart. What belongs to a user stays theirs for ever (a
   * trigger refuses to change a wallet's user, and rows keep their wallet), so that asking before the locks is no race.
   * Throws `wallet_not_found`, `transaction_not_found`, `hold_not_found`, `database_unavailable`.
   */
  async requireOwned(userId: string, named: readonly NamedThing[]): Promise<void> {
    if (named.length === 0) return
    const owned = await this.#ownership.ownedBy(userId, named)
    for (const { kind, id } of named) if (!owned.has(id)) throw NOT_FOUND[kind](id)
  }
}
