// What a decided flush writes: one statement for each table and kind of change, in an order in which every constraint holds
// after each of them.
import type { PipelineStatement } from '../db/trip.ts'
import type { WorkingSet } from '../domain/ledger-state.ts'
import type { WalletState } from '../domain/wallet.ts'
import { changedHoldParameters, holdEventParameters, newHoldParameters } from './hold-rows.ts'
import * as holdStatements from './hold-statements.ts'
import {
  balanceAndLockParameters,
  balanceParameters,
  detailsParameters,
  isPlain,
  newWalletParameters,
  plainTransactionParameters,
  transactionParameters,
  unchangedBalanceParameters,
} from './ledger-rows.ts'
import * as statements from './ledger-statements.ts'
import type { Foreseen } from './remembered-wallets.ts'

/** The writes of a flush; none when nothing came of its commands. */
export function writesOf(decided: WorkingSet): PipelineStatement[] {
  // A wallet is emptied before it is closed, and closed before the user's next one opens.
  return [
    ...balanceWrites(decided),
    ...detailWrites(decided),
    ...newWalletWrites(decided),
    ...rowWritesOf(decided),
    ...holdWrites(decided),
  ]
}

/** The new balances of wallets that nobody has locked: fails unless they are as foreseen. */
export function confirmationOf(decided: WorkingSet, foreseen: Foreseen): PipelineStatement {
  const moved = [...decided.postedWallets].flatMap((walletId) => decided.wallets.get(walletId) ?? [])
  return statements.updateUnchangedBalances.with(...unchangedBalanceParameters(moved, foreseen))
}

/** Wallets that this flush opened are inserted as they ended, not inserted and then updated. */
function balanceWrites(decided: WorkingSet): PipelineStatement[] {
  const moved: WalletState[] = []
  const relocked: WalletState[] = []
  for (const walletId of decided.postedWallets) {
    const state = decided.wallets.get(walletId)
    if (!state || decided.created.has(walletId)) continue
    if (decided.relockedWallets.has(walletId)) relocked.push(state)
    else moved.push(state)
  }
  return [
    ...(moved.length > 0 ? [statements.updateBalances.with(...balanceParameters(moved))] : []),
    ...(relocked.length > 0 ? [statements.updateBalancesAndLocks.with(...balanceAndLockParameters(relocked))] : []),
  ]
}

function detailWrites(decided: WorkingSet): PipelineStatement[] {
  const changed = [...decided.changedWallets].flatMap((walletId) => {
    const state = decided.wallets.get(walletId)
    const details = decided.details.get(walletId)
    return state && details ? [{ details, state }] : []
  })
  return changed.length > 0 ? [statements.updateDetails.with(...detailsParameters(changed))] : []
}

function newWalletWrites(decided: WorkingSet): PipelineStatement[] {
  const created = [...decided.created.values()].flatMap((wallet) => {
    const state = decided.wallets.get(wallet.wallet.walletId)
    return state ? [{ created: wallet, state }] : []
  })
  return created.length > 0 ? [statements.insertWallets.with(...newWalletParameters(created))] : []
}

/** The rows of the ledger, those that most flushes are made of apart from the others. */
export function rowWritesOf({ rows }: WorkingSet): PipelineStatement[] {
  const plain = rows.filter(isPlain)
  const others = plain.length === rows.length ? [] : rows.filter((row) => !isPlain(row))
  return [
    ...(plain.length > 0 ? [statements.insertPlainTransactions.with(...plainTransactionParameters(plain))] : []),
    ...(others.length > 0 ? [statements.insertTransactions.with(...transactionParameters(others))] : []),
  ]
}

/** Holds that this flush placed are inserted as they ended. */
function holdWrites({ holds, placedHolds, changedHolds, events }: WorkingSet): PipelineStatement[] {
  if (events.length === 0) return []
  const placed = [...placedHolds].flatMap((holdId) => holds.get(holdId) ?? [])
  const changed = [...changedHolds].flatMap((holdId) => (placedHolds.has(holdId) ? [] : (holds.get(holdId) ?? [])))
  return [
    ...(placed.length > 0 ? [holdStatements.insertHolds.with(...newHoldParameters(placed))] : []),
    ...(changed.length > 0 ? [holdStatements.updateHolds.with(...changedHoldParameters(changed))] : []),
    holdStatements.insertHoldEvents.with(...holdEventParameters(events)),
  ]
}
