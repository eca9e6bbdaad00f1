// Whether a wallet may be opened for its owner, asked before any lock; what owner-checks.ts says of the owner, less what an
// earlier request with the same key has settled already.
import type { AppError } from '../domain/errors.ts'
import { requireDecimals } from '../domain/refusals.ts'
import type { WalletRepository } from '../repositories/wallet-repository.ts'
import { type Asker, type OwnerChecks, UNASKED } from './owner-checks.ts'
import type { CreateWalletRequest, IdempotencyKey } from './requests.ts'

/** Checks creations. */
export class CreationChecks {
  readonly #wallets: Pick<WalletRepository, 'hasCreation'>
  readonly #owners: Pick<OwnerChecks, 'refusalOf'>

  constructor(options: {
    readonly wallets: Pick<WalletRepository, 'hasCreation'>
    /** Absent: anybody may own a wallet, and a service open it for any organization. */
    readonly owners?: Pick<OwnerChecks, 'refusalOf'> | null
  }) {
    this.#wallets = options.wallets
    this.#owners = options.owners ?? UNASKED
  }

  /**
   * Refuses an owner who may not have a wallet; before any lock, since others are asked. A request whose key has already opened
   * one goes on to the ledger, which answers it again or refuses it: never opens another, whatever has become of the owner.
   */
  async require(creation: {
    readonly request: CreateWalletRequest
    readonly key: IdempotencyKey
    readonly asker: Asker
  }): Promise<void> {
    const { request, key, asker } = creation
    const { userId, organizationId = null, initialBalance, currency } = request
    const refusal: AppError | null = await this.#owners.refusalOf({ userId, organizationId }, asker)
    if (refusal === null) return
    if (key !== undefined && (await this.#wallets.hasCreation(userId, key))) return
    // As the ledger would say it: a fault of the request's own comes before what depends on others.
    if (initialBalance !== null) requireDecimals(initialBalance, currency, 'initial_balance')
    throw refusal
  }
}
