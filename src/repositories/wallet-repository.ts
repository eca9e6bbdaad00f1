// Reads wallets as they are now. Nothing here writes, and nothing here caches.
import type { SelectQueryBuilder } from 'kysely'
import { CREDIT } from '../domain/money.ts'
import type { Wallet, WalletId, WalletType } from '../domain/wallet.ts'
import type { ReadDatabase } from '../db/pool.ts'
import type { Database } from '../db/schema.ts'
import { coalesced } from './coalescing.ts'
import { reading } from './read-failures.ts'
import { createdWalletOf, walletColumns, walletOf, type WalletRow } from './read-rows.ts'

/** Look-ups of wallets. Every method throws `database_unavailable` when the database does not answer. */
export class WalletRepository {
  readonly #db: ReadDatabase
  /** The wallet, or `null`. Look-ups of one turn of the event loop are one query. */
  readonly findWallet: (walletId: WalletId) => Promise<Wallet | null>

  constructor(db: ReadDatabase) {
    this.#db = db
    this.findWallet = coalesced((walletIds) => this.#findWallets(walletIds))
  }

  /** Wallets of a user, newest first; of one type, if given. */
  async walletsOfUser(userId: string, walletType?: WalletType): Promise<Wallet[]> {
    return this.#newestFirst(this.#wallets().where('user_id', '=', userId), walletType)
  }

  /** Wallets of an organization, newest first; of one type, and of one owner, if given. */
  async walletsOfOrganization(
    organizationId: string,
    { walletType, owner = null }: { readonly walletType?: WalletType | undefined; readonly owner?: string | null } = {},
  ): Promise<Wallet[]> {
    const all = this.#wallets().where('organization_id', '=', organizationId)
    return this.#newestFirst(owner === null ? all : all.where('user_id', '=', owner), walletType)
  }

  /** The open fiat wallet that a user's legacy credits live in: CREDIT first, else the oldest; `null` if there is none. */
  async primaryFiatWallet(userId: string): Promise<Wallet | null> {
    const query = this.#wallets()
      .where('user_id', '=', userId)
      .where('wallet_type', '=', 'fiat')
      .where('status', '<>', 'closed')
      .orderBy((eb) => eb('currency', '=', CREDIT), 'desc')
      .orderBy('created_at')
      .orderBy('wallet_id')
      .limit(1)
    const row = await reading(query.executeTakeFirst())
    return row ? walletOf(row) : null
  }

  /** The wallet as a creation with an Idempotency-Key answered it; `null` for an unknown wallet or one without a key. */
  async findCreation(walletId: WalletId): Promise<Wallet | null> {
    const query = this.#wallets().select('creation_snapshot').where('wallet_id', '=', walletId)
    const row = await reading(query.executeTakeFirst())
    return row?.creation_snapshot ? createdWalletOf(row, row.creation_snapshot) : null
  }

  /** Whether a creation with this Idempotency-Key has opened a wallet of the user. That stays so for ever. */
  async hasCreation(userId: string, key: string): Promise<boolean> {
    const query = this.#db
      .selectFrom('wallets')
      .select('wallet_id')
      .where('user_id', '=', userId)
      .where('creation_key', '=', key)
    return (await reading(query.executeTakeFirst())) !== undefined
  }

  async #findWallets(walletIds: readonly WalletId[]): Promise<Map<WalletId, Wallet>> {
    const rows = await reading(
      this.#wallets()
        .where((eb) => eb('wallet_id', '=', eb.fn.any(eb.val([...walletIds]))))
        .execute(),
    )
    return new Map(rows.map((row) => [row.wallet_id, walletOf(row)]))
  }

  async #newestFirst(
    wallets: SelectQueryBuilder<Database, 'wallets', WalletRow>,
    walletType: WalletType | undefined,
  ): Promise<Wallet[]> {
    const wanted = walletType === undefined ? wallets : wallets.where('wallet_type', '=', walletType)
    const rows = await reading(wanted.orderBy('created_at', 'desc').orderBy('wallet_id', 'desc').execute())
    return rows.map(walletOf)
  }

  #wallets(): SelectQueryBuilder<Database, 'wallets', WalletRow> {
    return this.#db.selectFrom('wallets').select(walletColumns)
  }
}
