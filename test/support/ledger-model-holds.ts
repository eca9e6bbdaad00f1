// How holds stand in the ledger's model, added up each time from what was done to them, and what they should say. A hold
// counts until its time is over and not a moment longer; there is no worker here.
import { balanceOf, type HoldPicture, type ModelHold, type ModelWallet, sum } from './ledger-model-rows.ts'

/** As it is at this time of the model. */
export const statusOf = (hold: ModelHold, now: number): string =>
  hold.ended ?? (hold.term.endsAt <= now ? 'expired' : 'pending')

/** What it still reserves. */
export const remainingOf = (hold: ModelHold, now: number): bigint =>
  statusOf(hold, now) === 'pending' ? hold.amount - hold.captured : 0n

/** What all holds of the wallet reserve together. */
export const lockedOf = (wallet: ModelWallet, now: number): bigint =>
  sum(wallet.holds.map((hold) => remainingOf(hold, now)))

/** What can be spent. */
export const availableOf = (wallet: ModelWallet, now: number): bigint => balanceOf(wallet) - lockedOf(wallet, now)

/** Everything that a hold should say besides its times. To be asked once the ids are known. */
export function holdFactsOf(
  hold: ModelHold,
  state: Pick<HoldPicture, 'status' | 'captured' | 'remaining'>,
): Record<string, unknown> {
  return {
    holdId: hold.holdId,
    walletId: hold.wallet.walletId,
    currency: hold.wallet.currency,
    amount: hold.amount,
    capturedAmount: state.captured,
    remainingAmount: state.remaining,
    status: state.status,
    description: hold.description,
    referenceId: hold.referenceId,
    metadata: '{}',
  }
}

/** A hold as it is to be read at this time of the model, times included. */
export function holdReadAt(hold: ModelHold, now: number): Record<string, unknown> {
  const status = statusOf(hold, now)
  const { expiresAt } = hold.term
  return {
    ...holdFactsOf(hold, { status, captured: hold.captured, remaining: remainingOf(hold, now) }),
    createdAt: hold.createdAt,
    updatedAt: status === 'expired' ? expiresAt : hold.updatedAt,
    expiresAt,
  }
}
