// A balance that explains itself, on the wire. The equations are the figures of the answer, written out for people.
import type { Explanation } from '../domain/explanation.ts'
import { formatInstant } from '../domain/instant.ts'
import { formatDecimal } from '../domain/money.ts'
import { presentBriefHold } from './presenters.ts'
import type { ExplanationBody } from './schemas/explanations.ts'

/** The answer of GET explain. */
export function presentExplanation(explanation: Explanation): ExplanationBody {
  return {
    wallet_id: explanation.walletId,
    currency: explanation.currency,
    period_start: formatInstant(explanation.period.start),
    at: formatInstant(explanation.period.end),
    opening_balance: formatDecimal(explanation.openingBalance),
    movements: explanation.movements.map((movement) => ({
      transaction_type: movement.transactionType,
      count: movement.count,
      total_in: formatDecimal(movement.in),
      total_out: formatDecimal(movement.out),
    })),
    transaction_count: explanation.transactionCount,
    total_in: formatDecimal(explanation.totalIn),
    total_out: formatDecimal(explanation.totalOut),
    balance: formatDecimal(explanation.balance),
    open_holds: explanation.holds.map(presentBriefHold),
    unlisted_holds_total: formatDecimal(explanation.unlistedHolds),
    locked_balance: formatDecimal(explanation.lockedBalance),
    available_balance: formatDecimal(explanation.availableBalance),
    equations: equationsOf(explanation),
    adds_up: explanation.addsUp,
  }
}

function equationsOf(explanation: Explanation): ExplanationBody['equations'] {
  const { openingBalance, totalIn, totalOut, balance, lockedBalance, availableBalance, holds, unlistedHolds } =
    explanation
  const [opening, incoming, outgoing] = [openingBalance, totalIn, totalOut].map(formatDecimal)
  const [total, locked, available] = [balance, lockedBalance, availableBalance].map(formatDecimal)
  const unlisted = unlistedHolds === 0n ? '' : ` and ${formatDecimal(unlistedHolds)} in others`
  return {
    balance: `${opening} + ${incoming} - ${outgoing} = ${total}`,
    locked_balance: `${holds.length} open ${holds.length === 1 ? 'hold' : 'holds'}${unlisted} = ${locked}`,
    available_balance: `${total} - ${locked} = ${available}`,
  }
}
