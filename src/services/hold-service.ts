// The use cases around holds, one method each: set money aside, capture it, give it back, give it more time. Rules stand in
// domain/hold-rules.ts; writes go through whoever posts, reads through the repositories.
import type { HoldCommand } from '../domain/command.ts'
import { assert } from '../domain/errors.ts'
import type { Hold, HoldId, HoldStatus } from '../domain/hold.ts'
import { holdNotFound, walletNotFound } from '../domain/refusals.ts'
import type { Transaction } from '../domain/transaction.ts'
import type { WalletId } from '../domain/wallet.ts'
import type { HistoryRepository } from '../repositories/history-repository.ts'
import type { HoldRepository } from '../repositories/hold-repository.ts'
import type { WalletRepository } from '../repositories/wallet-repository.ts'
import { newHoldId, newTransactionId } from './new-ids.ts'
import { type CursorScope, holdCursor, readHoldCursor } from './page-cursor.ts'
import type { Poster } from './posting-queue.ts'
import {
  type CaptureHoldRequest,
  claimCapture,
  claimExtension,
  claimHold,
  claimVoid,
  type IdempotencyKey,
  type PlaceHoldRequest,
} from './requests.ts'

/** A hold as an operation left it, now or when its key was first used. */
export interface HoldAnswer {
  readonly hold: Hold
  /** The wallet's balance then, holds included. */
  readonly balance: bigint
  /** The row that a capture wrote. */
  readonly transaction: Transaction | null
  readonly replayed: boolean
}

/** What a capture leaves: the hold and the row that it wrote. */
export interface Capture extends HoldAnswer {
  readonly transaction: Transaction
}

/** Which holds of a wallet, and which page of them. */
export interface HoldListRequest {
  readonly status?: HoldStatus | undefined
  readonly limit: number
  /** The `nextCursor` of an earlier page. */
  readonly cursor?: string | undefined
}

/** A page of holds, newest first. */
export interface HoldList {
  readonly holds: readonly Hold[]
  readonly limit: number
  readonly nextCursor: string | null
}

export interface HoldServiceOptions {
  readonly postings: Poster
  readonly holds: HoldRepository
  readonly history: HistoryRepository
  readonly wallets: WalletRepository
}

const MICROS_PER_SECOND = 1_000_000n

/** Sets money aside, and takes it or gives it back. */
export class HoldService {
  readonly #postings: Poster
  readonly #holds: HoldRepository
  readonly #history: HistoryRepository
  readonly #wallets: WalletRepository

  constructor(options: HoldServiceOptions) {
    this.#postings = options.postings
    this.#holds = options.holds
    this.#history = options.history
    this.#wallets = options.wallets
  }

  /**
   * Sets money aside: it stays in the wallet and cannot be spent until the hold ends.
   * Throws `wallet_not_found`, `wallet_frozen`, `wallet_closed`, `insufficient_balance`, `idempotency_key_reused`.
   */
  placeHold(walletId: WalletId, request: PlaceHoldRequest, key?: IdempotencyKey): Promise<HoldAnswer> {
    return this.#post({
      kind: 'place_hold',
      walletId,
      holdId: newHoldId(),
      amount: request.amount,
      lifetime: lifetimeOf(request.expiresInSeconds),
      description: request.description ?? null,
      referenceId: request.referenceId ?? null,
      metadata: request.metadata ?? {},
      idempotency: claimHold(key, request),
    })
  }

  /**
   * Takes all or part of what a hold reserves, as a `consume` or `withdraw`; unless more captures may follow, the rest is free.
   * Throws `hold_not_found`, `hold_not_pending`, `hold_expired`, `capture_exceeds_hold`, `wallet_frozen`,
   * `idempotency_key_reused`.
   */
  async captureHold(holdId: HoldId, request: CaptureHoldRequest, key?: IdempotencyKey): Promise<Capture> {
    const { transaction, ...answer } = await this.#post({
      kind: 'capture_hold',
      walletId: await this.#walletOf(holdId),
      holdId,
      transactionId: newTransactionId(),
      amount: request.amount ?? null,
      final: request.final,
      transactionType: request.transactionType,
      description: request.description ?? null,
      usageRecordId: request.usageRecordId ?? null,
      metadata: request.metadata ?? {},
      idempotency: claimCapture(key, holdId, request),
    })
    assert(transaction, 'a capture writes a row')
    return { ...answer, transaction }
  }

  /** Gives back all that a hold reserves. Throws `hold_not_found`, `hold_not_pending`, `hold_expired`, `idempotency_key_reused`. */
  async voidHold(holdId: HoldId, key?: IdempotencyKey): Promise<HoldAnswer> {
    const walletId = await this.#walletOf(holdId)
    return this.#post({ kind: 'void_hold', walletId, holdId, idempotency: claimVoid(key, holdId) })
  }

  /** Sets a hold's time anew, counted from now. Throws as `voidHold`. */
  async extendHold(holdId: HoldId, expiresInSeconds: number, key?: IdempotencyKey): Promise<HoldAnswer> {
    return this.#post({
      kind: 'extend_hold',
      walletId: await this.#walletOf(holdId),
      holdId,
      lifetime: lifetimeOf(expiresInSeconds),
      idempotency: claimExtension(key, holdId, expiresInSeconds),
    })
  }

  /** Looks a hold up. Throws `hold_not_found`. */
  async getHold(holdId: HoldId): Promise<Hold> {
    const hold = await this.#holds.findHold(holdId)
    if (!hold) throw holdNotFound(holdId)
    return hold
  }

  /** A wallet's holds, newest first. Throws `wallet_not_found`, `validation_failed` (the cursor). */
  async holdsOfWallet(walletId: WalletId, request: HoldListRequest): Promise<HoldList> {
    const { status, limit, cursor } = request
    const types = status === undefined ? [] : [status]
    const scope: CursorScope = { list: `holds ${walletId}`, types, from: null, to: null }
    const after = cursor === undefined ? null : readHoldCursor(scope, cursor)
    const page = await this.#holds.pageOfWallet({ walletId, status: status ?? null, limit, after })
    // A hold proves its wallet: only an empty page leaves the question open.
    if (page.holds.length === 0 && !(await this.#wallets.findWallet(walletId))) throw walletNotFound(walletId)
    const last = page.holds.at(-1)
    return { holds: page.holds, limit, nextCursor: page.hasMore && last ? holdCursor(scope, last) : null }
  }

  /** A hold never changes its wallet, so it may be looked up before the lock. */
  async #walletOf(holdId: HoldId): Promise<WalletId> {
    return (await this.getHold(holdId)).walletId
  }

  async #post(command: Exclude<HoldCommand, { kind: 'expire_holds' }>): Promise<HoldAnswer> {
    const posting = await this.#postings.post(command)
    if (posting.kind === 'replayed') return this.#replay(command.walletId, Number(posting.effectId))
    assert(posting.kind === 'held', 'a command about holds is held or replayed')
    const [hold] = posting.holds
    assert(hold, 'a command about a hold leaves it behind')
    return { hold, balance: posting.wallet.balance, transaction: posting.rows[0] ?? null, replayed: false }
  }

  /** The first answer again, whatever has happened to the hold since. */
  async #replay(walletId: WalletId, sequence: number): Promise<HoldAnswer> {
    const effect = await this.#holds.findEffect(walletId, sequence)
    assert(effect, 'a replayed effect is recorded')
    const row = await this.#history.findRow(walletId, effect.transactionSequence)
    return {
      hold: effect.hold,
      balance: row?.balanceAfter ?? 0n,
      transaction: effect.isCapture ? row : null,
      replayed: true,
    }
  }
}

function lifetimeOf(seconds: number): bigint {
  return BigInt(seconds) * MICROS_PER_SECOND
}
