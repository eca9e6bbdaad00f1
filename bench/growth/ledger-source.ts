// A ledger as the service would have written it over a year, made by the domain's own rules: commands in, rows and wallets
// out, in the order of time over all wallets. Nothing is written here.
import { randomInt, randomUUID } from 'node:crypto'
import { V7Generator } from 'uuidv7'
import type { Command } from '../../src/domain/command.ts'
import type { Instant } from '../../src/domain/instant.ts'
import { decide } from '../../src/domain/ledger.ts'
import type { LedgerState, NewWallet } from '../../src/domain/ledger-state.ts'
import { type Amount, isAmount } from '../../src/domain/money.ts'
import type { Transaction, TransactionId } from '../../src/domain/transaction.ts'
import type { WalletId, WalletState } from '../../src/domain/wallet.ts'
import { emptyLoad } from '../../src/repositories/ledger-lookups.ts'
import {
  claimConsume,
  claimCreation,
  claimDeposit,
  claimRefund,
  claimTransfer,
  claimWithdraw,
} from '../../src/services/requests.ts'
import { BenchFailure } from '../support/programs.ts'

/** The part of a ledger that one loader writes: wallets of its own, and as many rows. */
export interface LedgerShare {
  readonly wallets: number
  /** The first wallet's number, for the names of users. */
  readonly firstWallet: number
  /** At least so many rows: the last command may write two more. */
  readonly rows: number
  /** Rows of these that belong to the share's first wallet alone; 0: it is one like the others. */
  readonly hotRows: number
  /** Between these two instants, evenly. */
  readonly from: Instant
  readonly to: Instant
}

const UNIT = 10n ** 18n
const CENT = UNIT / 100n
/** More than a wallet spends in its year, so that no consumption is refused. */
const INITIAL_BALANCE = 10_000_000n * UNIT
const CURRENCY = 'CREDIT'
/** Of each hundred commands; the rest consume. */
const DEPOSITS = 7
const REWARDS = DEPOSITS + 2
const WITHDRAWALS = REWARDS + 3
const TRANSFERS = WITHDRAWALS + 3
const REFUNDS = TRANSFERS + 2
const TRANSFERS_WITH_FEE = 0.2

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] }

/** Makes the rows of a share. `opening` comes first, then `next` until `rows` says that it is enough. */
export class LedgerSource {
  readonly #share: LedgerShare
  readonly #ids = new V7Generator()
  readonly #walletIds: WalletId[] = []
  readonly #created: NewWallet[] = []
  readonly #states = new Map<WalletId, WalletState>()
  readonly #refundable = new Map<WalletId, Transaction>()
  readonly #state: Mutable<LedgerState>
  #rows = 0
  #usageRecords = 0

  constructor(share: LedgerShare) {
    this.#share = share
    this.#ids.setRollbackAllowance(0)
    this.#state = { ...emptyLoad(), now: share.from, wallets: this.#states }
  }

  get rows(): number {
    return this.#rows
  }

  get isComplete(): boolean {
    return this.#rows >= this.#share.rows
  }

  /** The wallets as they stand now, with how they were opened. */
  *wallets(): Generator<{ readonly created: NewWallet; readonly state: WalletState }> {
    for (const created of this.#created) {
      yield { created, state: this.#states.get(created.wallet.walletId) ?? created.state }
    }
  }

  /** Opens the next wallet with its first deposit, or gives `null` when all are open. */
  open(): readonly Transaction[] | null {
    if (this.#walletIds.length >= this.#share.wallets) return null
    const walletId = this.#newId<WalletId>()
    const userId = `growth-user-${this.#share.firstWallet + this.#walletIds.length}`
    const request = {
      userId,
      walletType: 'fiat',
      currency: CURRENCY,
      initialBalance: amountOf(INITIAL_BALANCE),
    } as const
    this.#walletIds.push(walletId)
    return this.#post({
      ...request,
      kind: 'create',
      walletId,
      transactionId: this.#newId(),
      organizationId: null,
      blockchainAddress: null,
      blockchainNetwork: null,
      metadata: {},
      idempotency: claimCreation(randomUUID(), request),
    })
  }

  /** The rows of the next command. */
  next(): readonly Transaction[] {
    const { from, to, rows } = this.#share
    this.#state.now = from + ((to - from) * BigInt(this.#rows)) / BigInt(rows)
    return this.#post(this.#command(this.#pick()))
  }

  #pick(): WalletId {
    const [first = missing('wallet')] = this.#walletIds
    const { hotRows, rows, wallets } = this.#share
    if (hotRows === 0) return this.#walletIds[randomInt(wallets)] ?? first
    // As soon as it is behind, not by chance: it ends with the rows that it was to have.
    const sequence = this.#states.get(first)?.sequence ?? 0
    return sequence * rows < hotRows * this.#rows ? first : (this.#walletIds[1 + randomInt(wallets - 1)] ?? first)
  }

  #command(walletId: WalletId): Command {
    const dice = randomInt(100)
    const amount = amountOf(BigInt(1 + randomInt(1000)) * CENT)
    if (dice < WITHDRAWALS) return this.#movement(walletId, amount, dice)
    if (dice < TRANSFERS) return this.#transfer(walletId, amount)
    const original = dice < REFUNDS ? this.#refundable.get(walletId) : undefined
    return original === undefined ? this.#consumption(walletId, amount) : this.#refund(original)
  }

  #movement(walletId: WalletId, amount: Amount, dice: number): Command {
    const key = randomUUID()
    const shared = { walletId, transactionId: this.#newId(), amount, description: null, usageRecordId: null } as const
    if (dice >= REWARDS) {
      const request = { amount, destination: 'bank-account' }
      const metadata = { destination: request.destination }
      return { ...shared, kind: 'withdraw', referenceId: null, metadata, idempotency: claimWithdraw(key, request) }
    }
    const kind = dice < DEPOSITS ? 'deposit' : 'reward'
    const referenceId = `payment-${this.#rows}`
    return { ...shared, kind, referenceId, metadata: {}, idempotency: claimDeposit(key, kind, { amount, referenceId }) }
  }

  #consumption(walletId: WalletId, amount: Amount): Command {
    this.#usageRecords += 1
    const description = 'Metered use of a model'
    const usageRecordId = String(this.#usageRecords)
    return {
      kind: 'consume',
      walletId,
      transactionId: this.#newId(),
      amount,
      description,
      referenceId: null,
      usageRecordId,
      metadata: {},
      idempotency: claimConsume(randomUUID(), 'consume', { amount, description, usageRecordId }),
    }
  }

  #transfer(walletId: WalletId, amount: Amount): Command {
    const toWalletId = this.#other(walletId)
    const fee = Math.random() < TRANSFERS_WITH_FEE ? amountOf(CENT) : null
    return {
      kind: 'transfer',
      walletId,
      toWalletId,
      transactionId: this.#newId(),
      toTransactionId: this.#newId(),
      feeTransactionId: this.#newId(),
      amount,
      fee,
      description: null,
      metadata: {},
      idempotency: claimTransfer(randomUUID(), { amount, toWalletId, fee: fee ?? undefined }),
    }
  }

  #other(walletId: WalletId): WalletId {
    const index = randomInt(this.#walletIds.length - 1)
    const picked = this.#walletIds[index]
    return (picked === walletId ? this.#walletIds.at(-1) : picked) ?? missing('wallet')
  }

  #refund(original: Transaction): Command {
    const reason = 'Answered too late'
    this.#refundable.delete(original.walletId)
    return {
      kind: 'refund',
      walletId: original.walletId,
      transactionId: this.#newId(),
      original,
      amount: null,
      reason,
      metadata: {},
      idempotency: claimRefund(randomUUID(), original.transactionId, { reason }),
    }
  }

  #post(command: Command): readonly Transaction[] {
    const outcome = decide(this.#state, command)
    if (outcome.kind === 'created') {
      this.#created.push(outcome.created)
      this.#states.set(outcome.created.wallet.walletId, outcome.created.state)
    } else if (outcome.kind === 'posted') {
      for (const wallet of outcome.wallets) this.#states.set(wallet.walletId, wallet)
    } else {
      throw new BenchFailure(`The rules ${outcome.kind} a ${command.kind} of the generated ledger`)
    }
    for (const row of outcome.rows) if (row.transactionType === 'consume') this.#refundable.set(row.walletId, row)
    this.#rows += outcome.rows.length
    return outcome.rows
  }

  /** A UUIDv7 of the instant that the generated ledger has reached. */
  #newId<Id extends WalletId | TransactionId = TransactionId>(): Id {
    // The source of ids of the generated ledger, as new-ids.ts is of the real one.
    return this.#ids.generateOrResetWithTs(Number(this.#state.now / 1000n)).toString() as Id
  }
}

function amountOf(value: bigint): Amount {
  return isAmount(value) ? value : missing('amount')
}

function missing(what: string): never {
  throw new BenchFailure(`The generated ledger is missing its ${what}`)
}
