// The holds that were open at an instant. No index knows which intervals hold an instant, but what was open then ends soon after
// it, nearly always, and how much it locked is known: so the walk goes along the ends, and stops once it has found that much or
// has looked far enough.
import { type BriefHold, type HoldId, remainingAmount } from '../domain/hold.ts'
import type { Instant } from '../domain/instant.ts'
import type { WalletId } from '../domain/wallet.ts'
import type { ReadDatabase } from '../db/pool.ts'
import { type EndRow, holdsAt, holdsEndingAfter } from './hold-read-statements.ts'
import { briefHoldOf } from './hold-rows.ts'

/** Ends that the first step looks at; each step looks at twice as many as the one before it. */
const FIRST_STEP = 100
/** With 7 steps, 12,700 ends: some 50 ms, in which a connection of the pool is taken. What lies beyond is not listed. */
const MAX_STEPS = 7

export interface OpenHoldsRequest {
  readonly walletId: WalletId
  readonly at: Instant
  /** What they locked together. */
  readonly locked: bigint
  readonly max: number
}

/** Holds that were open, the first to end first, and whether these are all. */
export interface OpenHolds {
  readonly holds: readonly BriefHold[]
  readonly isComplete: boolean
}

/** Holds open at an instant, as they were then; at most `max`. To be asked inside a snapshot. */
export async function openHoldsAt(db: ReadDatabase, request: OpenHoldsRequest): Promise<OpenHolds> {
  const { walletId, at, locked, max } = request
  const holds: BriefHold[] = []
  let found = 0n
  let after: EndRow | null = null
  for (let steps = 0; found < locked; steps += 1) {
    if (steps === MAX_STEPS) return { holds, isComplete: false }
    const limit = FIRST_STEP * 2 ** steps
    const step: readonly EndRow[] = (await holdsEndingAfter({ walletId, at, after, limit }).execute(db)).rows
    const ids = step.flatMap((row) => (row.was_open ? [row.hold_id] : []))
    const open = await holdsInOrder(db, { walletId, at, ids: ids.slice(0, max - holds.length) })
    holds.push(...open)
    found += open.reduce((sum, hold) => sum + remainingAmount(hold), 0n)
    if (open.length < ids.length) return { holds, isComplete: false }
    after = step.at(-1) ?? null
    if (step.length < limit) break
  }
  return { holds, isComplete: true }
}

async function holdsInOrder(
  db: ReadDatabase,
  { walletId, at, ids }: Pick<OpenHoldsRequest, 'walletId' | 'at'> & { readonly ids: readonly HoldId[] },
): Promise<BriefHold[]> {
  if (ids.length === 0) return []
  const { rows } = await holdsAt(walletId, at, ids).execute(db)
  const byId = new Map(rows.map((row) => [row.hold_id, briefHoldOf(row)]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}
