// The use cases around holds, one method each: set money aside, capture it, give it back, give it more time. Rules stand in
// domain/hold-rules.ts; writes go through whoever posts, reads through the repositories.
import type { HoldCommand } from '../domain/command.ts'
import type { Hold, HoldId, HoldStatus } from '../domain/hold.ts'
import { holdNotFound, walletNotFound } from '../domain/refusals.ts'
import type { WalletId } from '../domain/wallet.ts'
import type { HistoryRepository } from '../repositories/history-repository.ts'
import type { HoldRepository } from '../repositories/hold-repository.ts'
import type { WalletRepository } from '../repositories/wallet-repository.ts'
import { captureCommand, extensionCommand, placementCommand, voidCommand } from './commands.ts'
import { type Capture, captureOf, FirstAnswers, holdAnswer, type HoldAnswer } from './first-answers.ts'
import { type CursorScope, holdCursor, readHoldCursor } from './page-cursor.ts'
import type { Poster } from './posting-queue.ts'
import type { CaptureHoldRequest, IdempotencyKey, PlaceHoldRequest } from './requests.ts'

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

/** Sets money aside, and takes it or gives it back. */
export class HoldService {
  readonly #postings: Poster
  readonly #holds: HoldRepository
  readonly #wallets: WalletRepository
  readonly #answers: FirstAnswers

  constructor(options: HoldServiceOptions) {
    this.#postings = options.postings
    this.#holds = options.holds
    this.#wallets = options.wallets
    this.#answers = new FirstAnswers(options)
  }

  /**
   * Sets money aside: it stays in the wallet and cannot be spent until the hold ends.
   * Throws `wallet_not_found`, `wallet_frozen`, `wallet_closed`, `insufficient_balance`, `idempotency_key_reused`.
   */
  placeHold(walletId: WalletId, request: PlaceHoldRequest, key?: IdempotencyKey): Promise<HoldAnswer> {
    return this.#post(placementCommand(walletId, request, key))
  }

  /**
   * Takes all or part of what a hold reserves, as a `consume` or `withdraw`; unless more captures may follow, the rest is free.
   * Throws `hold_not_found`, `hold_not_pending`, `hold_expired`, `capture_exceeds_hold`, `wallet_frozen`,
   * `idempotency_key_reused`.
   */
  async captureHold(holdId: HoldId, request: CaptureHoldRequest, key?: IdempotencyKey): Promise<Capture> {
    return captureOf(await this.#post(captureCommand(await this.getHold(holdId), request, key)))
  }

  /** Gives back all that a hold reserves. Throws `hold_not_found`, `hold_not_pending`, `hold_expired`, `idempotency_key_reused`. */
  async voidHold(holdId: HoldId, key?: IdempotencyKey): Promise<HoldAnswer> {
    return this.#post(voidCommand(await this.getHold(holdId), key))
  }

  /** Sets a hold's time anew, counted from now. Throws as `voidHold`. */
  async extendHold(holdId: HoldId, expiresInSeconds: number, key?: IdempotencyKey): Promise<HoldAnswer> {
    return this.#post(extensionCommand(await this.getHold(holdId), expiresInSeconds, key))
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

  async #post(command: Exclude<HoldCommand, { kind: 'expire_holds' }>): Promise<HoldAnswer> {
    const posting = await this.#postings.post(command)
    return posting.kind === 'replayed' ? this.#answers.hold(command.walletId, posting.effectId) : holdAnswer(posting)
  }
}
