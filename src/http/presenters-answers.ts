// The envelopes of API.md §2 and §3 around wallets and rows: what each operation answers. Messages are part of the contract.
import { assert } from '../domain/errors.ts'
import { formatDecimal } from '../domain/money.ts'
import type { Transaction } from '../domain/transaction.ts'
import { availableBalance, type Wallet } from '../domain/wallet.ts'
import type { Capture, HoldAnswer, PostedRows } from '../services/first-answers.ts'
import type { WalletBalance } from '../services/history-service.ts'
import type { HoldBody } from './schemas/holds.ts'
import { exactNumber, presentHold, presentTransaction, presentWallet } from './presenters.ts'

interface Envelope<Data> {
  readonly success: true
  readonly message: string
  readonly wallet_id: string
  readonly balance: string
  readonly transaction_id: string | null
  readonly data: Data
}

/** Answers to a wallet opened, changed or closed. */
export function presentWalletAnswer(wallet: Wallet, message: string) {
  return {
    success: true,
    message,
    wallet_id: wallet.walletId,
    balance: formatDecimal(wallet.balance),
    transaction_id: null,
    data: { wallet: presentWallet(wallet) },
  } as const
}

/** What a movement did, in the past tense of its message (API.md §3). */
export type MovementVerb = 'Deposited' | 'Rewarded' | 'Withdrew' | 'Refunded'

/** Answer to a deposit, a reward, a withdrawal or a refund. */
export function presentMovement({ rows: [row] }: PostedRows, verb: MovementVerb) {
  return envelope(row, row, verb, { transaction: presentTransaction(row) })
}

/** Answer to a consumption; `remaining_balance` is a JSON number, as today's callers read it. */
export function presentConsumption({ rows: [row] }: PostedRows) {
  return envelope(row, row, 'Consumed', {
    transaction: presentTransaction(row),
    remaining_balance: exactNumber(row.balanceAfter - row.lockedBalance),
  })
}

/** Answer to a transfer: both legs, and the fee's row when one was taken. */
export function presentTransfer({ rows: [outgoing, incoming, fee] }: PostedRows) {
  assert(incoming, 'a transfer has two legs')
  return envelope(outgoing, fee ?? outgoing, 'Transferred', {
    from_transaction: presentTransaction(outgoing),
    to_transaction: presentTransaction(incoming),
    ...(fee && { fee_transaction: presentTransaction(fee) }),
  })
}

/** Answer to a hold being placed. */
export function presentPlacedHold(answer: HoldAnswer) {
  return presentHoldChange(answer, `Held ${formatDecimal(answer.hold.amount)} successfully`)
}

/** What is said of a hold that has changed. */
export const HOLD_CHANGE_MESSAGES = {
  void_hold: 'Hold voided successfully',
  extend_hold: 'Hold extended successfully',
} as const

/** Answer to a hold being placed, voided or extended; `balance` is all there is in the wallet, holds included. */
export function presentHoldChange({ hold, balance }: HoldAnswer, message: string): Envelope<{ hold: HoldBody }> {
  return {
    success: true,
    message,
    wallet_id: hold.walletId,
    balance: formatDecimal(balance),
    transaction_id: null,
    data: { hold: presentHold(hold) },
  }
}

/** Answer to a capture: the row that it wrote, and the hold as it left it. */
export function presentCapture({ hold, transaction }: Capture) {
  const data = { transaction: presentTransaction(transaction), hold: presentHold(hold) }
  return envelope(transaction, transaction, 'Captured', data)
}

/** Answer of GET balance: `balance` at the top is the available one; the members of `data` are JSON numbers. */
export function presentBalance(balance: WalletBalance) {
  return {
    success: true,
    message: 'Balance retrieved successfully',
    wallet_id: balance.walletId,
    balance: formatDecimal(balance.availableBalance),
    transaction_id: null,
    data: {
      balance: exactNumber(balance.balance),
      locked_balance: exactNumber(balance.lockedBalance),
      available_balance: exactNumber(balance.availableBalance),
      currency: balance.currency,
      on_chain_balance: balance.onChainBalance === null ? null : exactNumber(balance.onChainBalance),
    },
    currency: balance.currency,
  } as const
}

/** Answer of the legacy credit balance: no envelope, numbers. */
export function presentCreditsBalance(wallet: Wallet) {
  return {
    success: true,
    balance: exactNumber(wallet.balance),
    available_balance: exactNumber(availableBalance(wallet)),
    locked_balance: exactNumber(wallet.lockedBalance),
    currency: wallet.currency,
    wallet_id: wallet.walletId,
  } as const
}

/** `last` is the row that left the wallet with the balance that the answer shows. */
function envelope<Data>(row: Transaction, last: Transaction, verb: string, data: Data): Envelope<Data> {
  return {
    success: true,
    message: `${verb} ${formatDecimal(row.amount)} successfully`,
    wallet_id: row.walletId,
    balance: formatDecimal(last.balanceAfter),
    transaction_id: row.transactionId,
    data,
  }
}
