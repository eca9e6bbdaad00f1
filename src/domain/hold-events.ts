// One event in a wallet's chain of hold events: its sequence, running totals and hash. Decides nothing.
import { GENESIS_HASH, holdEventHash } from './hash-chain.ts'
import {
  type Hold,
  type HoldEvent,
  type HoldEventContent,
  type HoldEventDraft,
  type HoldHead,
  remainingAmount,
} from './hold.ts'

/** The head of a wallet in which no hold was ever placed. */
export const NO_HOLD_EVENTS: HoldHead = { sequence: 0, hash: GENESIS_HASH, reservedTotal: 0n, expiredTotal: 0n }

/** Records what happened to a hold, which is given as it is afterwards. */
export function recordHoldEvent(head: HoldHead, hold: Hold, draft: HoldEventDraft): HoldEvent {
  const { eventType, amount, releasedAmount } = draft
  const content: HoldEventContent = {
    walletId: hold.walletId,
    sequence: head.sequence + 1,
    holdId: hold.holdId,
    eventType,
    amount,
    releasedAmount,
    status: hold.status,
    capturedAmount: hold.capturedAmount,
    remainingAmount: remainingAmount(hold),
    expiresAt: hold.expiresAt,
    reservedTotal: head.reservedTotal + reservedBy(draft),
    expiredTotal: head.expiredTotal + (eventType === 'expired' ? releasedAmount : 0n),
    transactionSequence: draft.transactionSequence,
    idempotencyKey: draft.idempotency?.key ?? null,
    requestHash: draft.idempotency?.requestHash ?? null,
    createdAt: draft.createdAt,
  }
  return { ...content, hash: holdEventHash(head.hash, content, hold) }
}

function reservedBy({ eventType, amount, releasedAmount }: HoldEventDraft): bigint {
  switch (eventType) {
    case 'placed':
      return amount
    case 'captured':
    case 'voided':
      return -amount - releasedAmount
    case 'extended':
    case 'expired':
      return 0n
  }
}
