// How a wallet's balance at an instant comes about: what it was before, what moved, what is locked and by which holds; and
// whether all of that, which is found in different places, adds up.
import { type BriefHold, remainingAmount } from './hold.ts'
import type { Period } from './period.ts'
import type { WalletWindow } from './statistics.ts'
import { TRANSACTION_TYPES, type TransactionType, type TypeTotals } from './transaction.ts'
import type { WalletId } from './wallet.ts'

/** What there is to explain: sums of rows, and beside them what single rows and events state. */
export interface Evidence {
  readonly window: WalletWindow
  readonly period: Period
  readonly openingBalance: bigint
  readonly balance: bigint
  readonly lockedBalance: bigint
  /** Open holds, the first to end first. */
  readonly holds: readonly BriefHold[]
  /** Whether there are more of them. */
  readonly hasMoreHolds: boolean
}

/** The rows of one type. A transfer goes both ways, so there are two sums. */
interface Movement extends TypeTotals {
  readonly transactionType: TransactionType
}

/** A balance that explains itself: `openingBalance + totalIn - totalOut = balance`. */
export interface Explanation {
  readonly walletId: WalletId
  readonly currency: string
  readonly period: Period
  readonly openingBalance: bigint
  readonly movements: readonly Movement[]
  readonly transactionCount: number
  readonly totalIn: bigint
  readonly totalOut: bigint
  readonly balance: bigint
  readonly holds: readonly BriefHold[]
  /** What the holds that are not listed reserve; 0 when all are. */
  readonly unlistedHolds: bigint
  readonly lockedBalance: bigint
  readonly availableBalance: bigint
  /** Whether the sums lead to what the ledger states; anything but true is for `npm run audit` to find. */
  readonly addsUp: boolean
}

/** Draws the explanation from the evidence. */
export function explain(evidence: Evidence): Explanation {
  const { window, period, openingBalance, balance, lockedBalance, holds, hasMoreHolds } = evidence
  const movements = movementsOf(window)
  const totalIn = sum(movements.map((movement) => movement.in))
  const totalOut = sum(movements.map((movement) => movement.out))
  const listed = sum(holds.map(remainingAmount))
  const unlistedHolds = hasMoreHolds ? lockedBalance - listed : 0n
  const counted = movements.reduce((total, movement) => total + movement.count, 0)
  return {
    walletId: window.wallet.walletId,
    currency: window.wallet.currency,
    period,
    openingBalance,
    movements,
    transactionCount: window.count,
    totalIn,
    totalOut,
    balance,
    holds,
    unlistedHolds,
    lockedBalance,
    availableBalance: balance - lockedBalance,
    addsUp:
      openingBalance + totalIn - totalOut === balance &&
      counted === window.count &&
      listed + unlistedHolds === lockedBalance &&
      unlistedHolds >= 0n,
  }
}

function movementsOf({ totals }: WalletWindow): Movement[] {
  return TRANSACTION_TYPES.flatMap((transactionType) => {
    const ofType = totals[transactionType]
    return ofType ? [{ transactionType, ...ofType }] : []
  })
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n)
}
