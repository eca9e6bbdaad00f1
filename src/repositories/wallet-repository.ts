// Reads wallets as they are now. Nothing here writes, and nothing here caches.
import type { CompiledQuery, SelectQueryBuilder } from 'kysely'
import { CREDIT } from '../domain/money.ts'
import type { Wallet, WalletId, WalletMoney, WalletType } from '../domain/wallet.ts'
import type { ReadDatabase } from '../db/pool.ts'
import type { Database } from '../db/schema.ts'
import { coalesced } from './coalescing.ts'
import { reading } from './read-failures.ts'
import {
  createdWalletOf,
  moneyColumns,
  moneyOf,
  type MoneyRow,
  walletColumns,
  walletOf,
  type WalletRow,
} from './read-rows.ts'

/** Look-ups of wallets. Every method throws `database_unavailable` when the database does not answer. */
export class WalletRepository {
  readonly #db: ReadDatabase
  /** The wallet, or `null`. Look-ups of one turn of the event loop are one query. */
  readonly findWallet: (walletId: WalletId) => Promise<Wallet | null>
  /** Its money alone, or `null`: a third of the columns, for the read that callers make most. */
  readonly findMoney: (walletId: WalletId) => Promise<WalletMoney | null>
  /** Written once: composing it anew took as long as reading twenty wallets. */
  readonly #moneyQuery: CompiledQuery<MoneyRow>
  /**
   * The wallet as a creation with an Idempotency-Key answered it; `null` for an unknown wallet or one without a key. Look-ups of
   * one turn of the event loop are one query.
   */
  readonly findCreation: (walletId: WalletId) => Promise<Wallet | null>

  constructor(db: ReadDatabase) {
    this.#db = db
    this.#moneyQuery = db
      .selectFrom('wallets')
      .select(moneyColumns)
      .where((eb) => eb('wallet_id', '=', eb.fn.any(eb.val<WalletId[]>([]))))
      .compile()
    this.findWallet = coalesced((walletIds) => this.#findWallets(walletIds))
    this.findMoney = coalesced((walletIds) => this.#findMoney(walletIds))
    this.findCreation = coalesced((walletIds) => this.#findCreations(walletIds))
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

  async #findMoney(walletIds: readonly WalletId[]): Promise<Map<WalletId, WalletMoney>> {
    const { rows } = await reading(this.#db.executeQuery<MoneyRow>({ ...this.#moneyQuery, parameters: [walletIds] }))
    return new Map(rows.map((row) => [row.wallet_id, moneyOf(row)]))
  }

  async #findCreations(walletIds: readonly WalletId[]): Promise<Map<WalletId, Wallet>> {
    const query = this.#wallets()
      .select('creation_snapshot')
      .where((eb) => eb('wallet_id', '=', eb.fn.any(eb.val([...walletIds]))))
    const rows = await reading(query.execute())
    return new Map(
      rows.flatMap((row) =>
        row.creation_snapshot === null ? [] : [[row.wallet_id, createdWalletOf(row, row.creation_snapshot)] as const],
      ),
    )
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
