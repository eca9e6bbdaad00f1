// Explanations of balances, each worked out again from what it says of single movements and holds.
import { expect } from 'vitest'
import type { Api, BriefHoldAnswer, ExplanationAnswer, HoldAnswer } from './api.ts'
import { decimal, units } from './decimals.ts'

/** An explanation that adds up, as answered. Fails when it does not. */
export async function explained(
  api: Api,
  walletId: string,
  query: Readonly<Record<string, string>> = {},
): Promise<ExplanationAnswer> {
  const { status, body, text } = await api.get(
    `/api/v1/wallets/${walletId}/explain?${new URLSearchParams(query).toString()}`,
  )
  expect(status, text).toBe(200)
  expect(statedBy(body), text).toEqual(workedOut(body))
  return body
}

const sumOf = (values: readonly string[]): bigint => values.reduce((sum, value) => sum + units(value), 0n)

/** The totals of an explanation. */
function statedBy(answer: ExplanationAnswer) {
  const { total_in, total_out, transaction_count, balance, locked_balance, available_balance } = answer
  const totals = { total_in, total_out, transaction_count, balance, locked_balance, available_balance }
  return { ...totals, equations: answer.equations, adds_up: answer.adds_up }
}

/** What they must be, by what they are made of. */
function workedOut(answer: ExplanationAnswer): ReturnType<typeof statedBy> {
  const { opening_balance: opening, movements, open_holds: holds, unlisted_holds_total: unlisted } = answer
  const [incoming, outgoing] = [
    sumOf(movements.map((movement) => movement.total_in)),
    sumOf(movements.map((movement) => movement.total_out)),
  ]
  const balance = units(opening) + incoming - outgoing
  const locked = sumOf(holds.map((hold) => hold.remaining_amount)) + units(unlisted)
  const [total, lock, free] = [balance, locked, balance - locked].map(decimal)
  const [, others = ''] = unlisted === '0' ? [] : [unlisted, ` and ${unlisted} in others`]
  return {
    total_in: decimal(incoming),
    total_out: decimal(outgoing),
    transaction_count: movements.reduce((count, movement) => count + movement.count, 0),
    balance: total ?? '',
    locked_balance: lock ?? '',
    available_balance: free ?? '',
    equations: {
      balance: `${opening} + ${decimal(incoming)} - ${decimal(outgoing)} = ${total}`,
      locked_balance: `${holds.length} open ${holds.length === 1 ? 'hold' : 'holds'}${others} = ${lock}`,
      available_balance: `${total} - ${lock} = ${free}`,
    },
    adds_up: true,
  }
}

/** A hold as explanations list it: without what a caller may have made long. */
export function brief(hold: HoldAnswer): BriefHoldAnswer {
  const { description: _, metadata: __, ...rest } = hold
  return rest
}
