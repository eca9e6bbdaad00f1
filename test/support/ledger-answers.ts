// What the service answered to a request of the ledger's model, in one form for every way of asking, and in words that can be
// compared with what the model foretells.
import type { AppError } from '../../src/domain/errors.ts'
import { type Hold, remainingAmount } from '../../src/domain/hold.ts'
import type { Transaction } from '../../src/domain/transaction.ts'
import type { Wallet } from '../../src/domain/wallet.ts'
import type { Request } from './ledger-model-rows.ts'

type Facts = Readonly<Record<string, unknown>>

export interface AnsweredRow {
  readonly facts: Facts
  readonly transactionId: string
  /** As it came. */
  readonly whole: unknown
}

export interface AnsweredHold {
  readonly facts: Facts
  readonly createdAt: bigint
  readonly updatedAt: bigint
  readonly expiresAt: bigint
}

/** An answer that a replay gives again, as it came. */
interface Repeatable {
  readonly replayed: boolean
  readonly whole: unknown
}

/** What came of a request. The queue answers a replay with an id only. */
export type Answer =
  | (Repeatable & {
      readonly kind: 'posted'
      readonly rows: readonly AnsweredRow[]
      /** What the answer says beside the rows: nothing, unless it came over HTTP. */
      readonly beside: { readonly balance?: bigint; readonly remainingBalance?: bigint }
    })
  | (Repeatable & { readonly kind: 'created'; readonly wallet: Facts; readonly row: AnsweredRow | null })
  | { readonly kind: 'changed'; readonly status: string }
  | (Repeatable & {
      readonly kind: 'held'
      readonly hold: AnsweredHold
      readonly balance: bigint
      readonly row: AnsweredRow | null
      /** What the queue would answer to a replay. */
      readonly effectId: string | null
    })
  | { readonly kind: 'unnoticed' }
  | { readonly kind: 'replayed'; readonly effectId: string }
  | { readonly kind: 'refused'; readonly refusal: Facts }

/** A way to put requests of the model to the service. */
export interface Driver {
  ask(request: Request): Promise<Answer>
  /** What its answers tell of a row and of a hold; `null`: everything. */
  readonly tells: { readonly ofRow: readonly string[] | null; readonly ofHold: readonly string[] | null }
  /** A wallet as it is now: `balance`, `lockedBalance`, `status`. */
  wallet(walletId: string): Promise<Facts>
  hold(holdId: string): Promise<AnsweredHold>
  /** All rows of a wallet, oldest first, in the form in which answers carry them. */
  rows(walletId: string): Promise<readonly unknown[]>
}

/** What the model cannot foretell. */
const UNFORESEEN = new Set(['hash', 'requestHash', 'createdAt', 'transactionId'])

/** What a row says besides its id, hash, digest and time. */
export function factsIn(row: Transaction): Facts {
  return Object.fromEntries(Object.entries(row).filter(([column]) => !UNFORESEEN.has(column)))
}

/** A row of the domain as an answer. */
export const answeredRow = (row: Transaction): AnsweredRow => ({
  facts: factsIn(row),
  transactionId: row.transactionId,
  whole: row,
})

/** A hold of the domain as an answer. */
export function answeredHold(hold: Hold): AnsweredHold {
  const { createdAt, updatedAt, expiresAt, ...facts } = hold
  return { facts: { ...facts, remainingAmount: remainingAmount(hold) }, createdAt, updatedAt, expiresAt }
}

/** What the model foretells of a wallet that was opened. */
export function openedFacts({ walletId, userId, walletType, currency, status, balance }: Wallet): Facts {
  return { walletId, userId, walletType, currency, status, balance }
}

/** A refusal of the domain as an answer. */
export const answeredRefusal = ({ code, context, faults }: AppError): Answer => ({
  kind: 'refused',
  refusal: { code, context, fault: faults.map((fault) => `${fault.loc.join('.')} ${fault.type}`).join() },
})

/** An answer in words that can be compared. */
export function told(answer: Answer): unknown {
  if ('whole' in answer && answer.replayed) return { replayed: answer.whole }
  switch (answer.kind) {
    case 'posted':
      return { rows: answer.rows.map(toldOfRow), beside: answer.beside }
    case 'created':
      return { wallet: answer.wallet }
    case 'held':
      return { hold: answer.hold, balance: answer.balance, row: answer.row && toldOfRow(answer.row) }
    case 'changed':
      return { status: answer.status }
    case 'unnoticed':
      return 'nothing to notice'
    case 'replayed':
      return { replayed: answer.effectId }
    case 'refused':
      return answer.refusal
  }
}

const toldOfRow = ({ facts, transactionId }: AnsweredRow): Facts => ({ ...facts, transactionId })
