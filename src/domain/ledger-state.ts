// The working set of one flush: what was locked and looked up, and how an outcome changes what the next command sees.
import type { Command } from './command.ts'
import type { AppError } from './errors.ts'
import type { Hold, HoldEvent, HoldHead, HoldId } from './hold.ts'
import type { Instant } from './instant.ts'
import type { IdempotencyRecord, Transaction, TransactionId } from './transaction.ts'
import type { Wallet, WalletId, WalletState } from './wallet.ts'

/**
 * What a key did first, and its request's digest. The effect is named by the id of the transaction; for a creation, of the
 * wallet; for what happened to a hold, by the sequence of that event in its wallet.
 */
export interface RecordedEffect {
  readonly effectId: string
  readonly requestHash: Buffer
}

/** An open fiat wallet: at most one per user and currency. */
export interface OpenFiatWallet {
  readonly walletId: WalletId
  readonly balance: bigint
}

/** Particulars that only administration reads and writes; kept out of the hot rows. `metadata` is exact JSON text. */
export type WalletDetails = Pick<
  Wallet,
  'walletId' | 'status' | 'blockchainAddress' | 'blockchainNetwork' | 'metadata'
> & {
  readonly statusReason: string | null
}

/** A wallet to insert, with the money it starts with. */
export interface NewWallet {
  readonly wallet: Wallet
  readonly state: WalletState
  readonly idempotency: IdempotencyRecord | null
}

/** Everything a flush has locked and looked up. */
export interface LedgerState {
  /** The database's clock, read after the locks were held. */
  readonly now: Instant
  readonly wallets: ReadonlyMap<WalletId, WalletState>
  readonly details: ReadonlyMap<WalletId, WalletDetails>
  /** By `effectKey`. */
  readonly effects: ReadonlyMap<string, RecordedEffect>
  /** By original: everything refunded of it so far. */
  readonly refunded: ReadonlyMap<TransactionId, bigint>
  /** By `fiatKey`. */
  readonly fiatWallets: ReadonlyMap<string, OpenFiatWallet>
  readonly holds: ReadonlyMap<HoldId, Hold>
  /** Where the chain of hold events ends; absent where no hold was ever placed. */
  readonly holdHeads: ReadonlyMap<WalletId, HoldHead>
  /** The first holds of a wallet to fall due, in the order in which they do; whether they have, is for the rules to say. */
  readonly dueHolds: ReadonlyMap<WalletId, readonly HoldId[]>
  /** Wallets whose stored lock still counts holds that have expired; `wallets` has it without them. */
  readonly relockedWallets: ReadonlySet<WalletId>
}

/** What came of one command. */
export type Outcome =
  | { readonly kind: 'posted'; readonly rows: readonly Transaction[]; readonly wallets: readonly WalletState[] }
  | {
      readonly kind: 'held'
      readonly holds: readonly Hold[]
      readonly events: readonly HoldEvent[]
      readonly rows: readonly Transaction[]
      readonly wallet: WalletState
    }
  | { readonly kind: 'created'; readonly created: NewWallet; readonly rows: readonly Transaction[] }
  | { readonly kind: 'changed'; readonly wallet: WalletState; readonly details: WalletDetails }
  | { readonly kind: 'replayed'; readonly effectId: string }
  | { readonly kind: 'refused'; readonly error: AppError }
  /** It belongs together with others, one of which was refused. */
  | { readonly kind: 'not_applied' }

/** Where a key is looked up: its wallet, or for a creation its user. */
export function effectKey(command: Command, key: string): string {
  return command.kind === 'create' ? userScope(command.userId, key) : walletScope(command.walletId, key)
}

/** The scope of a key that belongs to a wallet. */
export function walletScope(walletId: string, key: string): string {
  return `wallet ${walletId} ${key}`
}

/** The scope of a key that belongs to a user; a key has no spaces, so the two parts cannot run together. */
export function userScope(userId: string, key: string): string {
  return `user ${key} ${userId}`
}

/** Where an open fiat wallet is looked up; a currency has no spaces. */
export function fiatKey(userId: string, currency: string): string {
  return `${currency} ${userId}`
}

type Keyed = Pick<Transaction | HoldEvent, 'walletId' | 'idempotencyKey' | 'requestHash'>

/** The working set while a flush runs: outcomes are folded in, so that each command sees what came before it. */
export class WorkingSet implements LedgerState {
  readonly now: Instant
  readonly wallets: Map<WalletId, WalletState>
  readonly details: Map<WalletId, WalletDetails>
  readonly effects: Map<string, RecordedEffect>
  readonly refunded: Map<TransactionId, bigint>
  readonly fiatWallets: Map<string, OpenFiatWallet>
  readonly holds: Map<HoldId, Hold>
  readonly holdHeads: Map<WalletId, HoldHead>
  readonly dueHolds: ReadonlyMap<WalletId, readonly HoldId[]>
  /** Wallets whose lock is another than the stored one. */
  readonly relockedWallets: Set<WalletId>
  /** Rows to write, in the order in which they were decided. */
  readonly rows: Transaction[] = []
  /** What happened to holds, in the order in which it was decided. */
  readonly events: HoldEvent[] = []
  readonly created = new Map<WalletId, NewWallet>()
  readonly placedHolds = new Set<HoldId>()
  /** Holds that were there before and changed. */
  readonly changedHolds = new Set<HoldId>()
  /** Wallets whose balance moved. */
  readonly postedWallets = new Set<WalletId>()
  /** Wallets whose status or particulars changed. */
  readonly changedWallets = new Set<WalletId>()
  /** How to take back what was folded in since `begin`; `null` where nobody may want to. */
  #undo: (() => void)[] | null = null

  constructor(locked: LedgerState) {
    this.now = locked.now
    this.wallets = new Map(locked.wallets)
    this.details = new Map(locked.details)
    this.effects = new Map(locked.effects)
    this.refunded = new Map(locked.refunded)
    this.fiatWallets = new Map(locked.fiatWallets)
    this.holds = new Map(locked.holds)
    this.holdHeads = new Map(locked.holdHeads)
    this.dueHolds = locked.dueHolds
    this.relockedWallets = new Set(locked.relockedWallets)
  }

  /** Folds an outcome in. A refusal or a replay changes nothing. */
  absorb(command: Command, outcome: Outcome): void {
    switch (outcome.kind) {
      case 'posted':
        this.#post(outcome.wallets)
        this.#record(outcome.rows)
        break
      case 'held':
        if (outcome.events.length === 0) break
        this.#post([outcome.wallet])
        this.#add(this.relockedWallets, outcome.wallet.walletId)
        this.#hold(outcome)
        this.#record(outcome.rows)
        break
      case 'created':
        this.#create(command, outcome.created)
        this.#record(outcome.rows)
        break
      case 'changed':
        this.#set(this.wallets, outcome.wallet.walletId, outcome.wallet)
        this.#set(this.details, outcome.wallet.walletId, outcome.details)
        this.#add(this.changedWallets, outcome.wallet.walletId)
        break
      case 'replayed':
      case 'refused':
      case 'not_applied':
        break
    }
  }

  /** From here on until `keep`, what is folded in can be taken back. */
  begin(): void {
    const [rows, events] = [this.rows.length, this.events.length]
    this.#undo = [
      () => {
        this.rows.length = rows
        this.events.length = events
      },
    ]
  }

  /** What was folded in since `begin` stays. */
  keep(): void {
    this.#undo = null
  }

  /** Takes back what was folded in since `begin`. */
  takeBack(): void {
    for (const undo of this.#undo?.toReversed() ?? []) undo()
    this.#undo = null
  }

  #set<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
    if (this.#undo) {
      const before = map.get(key)
      this.#undo.push(before === undefined ? () => map.delete(key) : () => map.set(key, before))
    }
    map.set(key, value)
  }

  #add<Key>(set: Set<Key>, key: Key): void {
    if (this.#undo && !set.has(key)) this.#undo.push(() => set.delete(key))
    set.add(key)
  }

  #post(wallets: readonly WalletState[]): void {
    for (const wallet of wallets) {
      this.#set(this.wallets, wallet.walletId, wallet)
      this.#add(this.postedWallets, wallet.walletId)
    }
  }

  #hold({ holds, events, wallet }: Extract<Outcome, { kind: 'held' }>): void {
    for (const hold of holds) {
      if (this.holds.has(hold.holdId)) this.#add(this.changedHolds, hold.holdId)
      else this.#add(this.placedHolds, hold.holdId)
      this.#set(this.holds, hold.holdId, hold)
    }
    for (const event of events) {
      this.events.push(event)
      this.#set(this.holdHeads, wallet.walletId, event)
      this.#rememberKey(event, String(event.sequence))
    }
  }

  #create(command: Command, created: NewWallet): void {
    const { wallet, state, idempotency } = created
    this.#set(this.wallets, wallet.walletId, state)
    this.#set(this.created, wallet.walletId, created)
    if (wallet.walletType === 'fiat') this.#set(this.fiatWallets, fiatKey(wallet.userId, wallet.currency), wallet)
    if (idempotency) {
      const effect = { effectId: wallet.walletId, requestHash: idempotency.requestHash }
      this.#set(this.effects, effectKey(command, idempotency.key), effect)
    }
  }

  #record(rows: readonly Transaction[]): void {
    for (const row of rows) {
      this.rows.push(row)
      if (row.originalTransactionId && row.refundedTotal !== null) {
        this.#set(this.refunded, row.originalTransactionId, row.refundedTotal)
      }
      this.#rememberKey(row, row.transactionId)
    }
  }

  /** What carries a key is found by it, as its effect, for the rest of the flush. */
  #rememberKey(carrier: Keyed, effectId: string): void {
    const { walletId, idempotencyKey, requestHash } = carrier
    if (idempotencyKey && requestHash)
      this.#set(this.effects, walletScope(walletId, idempotencyKey), { effectId, requestHash })
  }
}
