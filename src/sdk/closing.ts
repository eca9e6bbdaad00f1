// Closing a wallet, which no Idempotency-Key goes with: the repetition of an attempt whose answer was lost finds the wallet
// closed. What the lost answer said is put together here from the wallet as it is now.
import type { CloseWalletData, Wallet } from './api-types.ts'
import { isWalletServiceError } from './errors.ts'
import type { Ending, Unanswered } from './retries.ts'

/** Tells whether closing was refused for what an earlier attempt of the same operation may itself have done. */
export function isClosedAlready(ending: Ending<unknown>): ending is Unanswered {
  return 'failure' in ending && ending.answerLost && isWalletServiceError(ending.failure.error, 'wallet_closed')
}

/** How closing ended, from how reading the wallet did. Unread, it is closed all the same: that is no failure to close it. */
export function closedEnding(reading: Ending<Wallet>): Ending<CloseWalletData> {
  if (!('answer' in reading)) return { ...reading, uncertain: true }
  const { answer: wallet, attempts } = reading
  const { wallet_id, balance } = wallet
  const message = 'Wallet closed successfully'
  return { answer: { success: true, message, wallet_id, balance, transaction_id: null, data: { wallet } }, attempts }
}
