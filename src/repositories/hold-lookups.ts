// What a flush looks up for commands about holds, and how a wallet's lock is brought up to date: holds that have expired no
// longer count, although nobody has written down yet that they did. As ledger-lookups.ts.
import { type Command, type HoldCommand, isAboutHolds } from '../domain/command.ts'
import type { HoldHead, HoldId } from '../domain/hold.ts'
import { formatInstant, type Instant, laterOf } from '../domain/instant.ts'
import type { WalletId, WalletState } from '../domain/wallet.ts'
import { type HoldRow, holdOf } from './hold-rows.ts'
import * as statements from './hold-statements.ts'
import { type Load, type Lookup, lookup } from './ledger-lookups.ts'

interface HoldHeadRow extends Pick<HoldHead, 'sequence' | 'hash'> {
  readonly wallet_id: WalletId
  readonly reserved_total: bigint
  readonly expired_total: bigint
}

/** The holds that commands name or want to expire, and where their wallets' chains of events end. */
export function holdLookups(commands: readonly Command[], load: Load): Lookup[] {
  const aboutHolds = commands.filter(isAboutHolds)
  if (aboutHolds.length === 0) return []
  const heads = statements.findHoldHeads.with([...new Set(aboutHolds.map((command) => command.walletId))])
  return [
    lookup<HoldHeadRow>(heads, ({ wallet_id, sequence, hash, reserved_total, expired_total }) =>
      load.holdHeads.set(wallet_id, { sequence, hash, reservedTotal: reserved_total, expiredTotal: expired_total }),
    ),
    ...namedHolds(aboutHolds, load),
    ...dueHolds(aboutHolds, load),
  ]
}

function namedHolds(commands: readonly HoldCommand[], load: Load): Lookup[] {
  const named = commands.flatMap((command) =>
    command.kind === 'place_hold' || command.kind === 'expire_holds' ? [] : [command],
  )
  if (named.length === 0) return []
  const statement = statements.findHolds.with(
    named.map((command) => command.holdId),
    named.map((command) => command.walletId),
  )
  return [lookup<HoldRow>(statement, (row) => load.holds.set(row.hold_id, holdOf(row)))]
}

function dueHolds(commands: readonly HoldCommand[], load: Load): Lookup[] {
  const wanted = new Map<WalletId, number>()
  for (const command of commands) {
    if (command.kind !== 'expire_holds') continue
    wanted.set(command.walletId, Math.max(command.limit, wanted.get(command.walletId) ?? 0))
  }
  if (wanted.size === 0) return []
  return [
    lookup<HoldRow>(statements.findDueHolds.with([...wanted.keys()], [...wanted.values()]), (row) => {
      load.holds.set(row.hold_id, holdOf(row))
      const due: HoldId[] = load.dueHolds.get(row.wallet_id) ?? []
      due.push(row.hold_id)
      load.dueHolds.set(row.wallet_id, due)
    }),
  ]
}

interface ExpiredLockRow {
  readonly wallet_id: WalletId
  readonly expired_amount: bigint
  readonly next_hold_expiry: Instant | null
}

/**
 * The second look at wallets in which a hold has expired since their lock was stored; nothing for all others, so that only
 * they pay for it. Asked after the locks are held and the clock is read.
 */
export function expiredLockLookups(load: Load): Lookup[] {
  const stale = [...load.wallets.values()].flatMap((wallet) => {
    const now = laterOf(load.now, wallet.updatedAt)
    const since = wallet.nextHoldExpiry
    return since !== null && since <= now ? [{ wallet, since, now }] : []
  })
  if (stale.length === 0) return []
  const statement = statements.findExpiredLocks.with(
    stale.map(({ wallet }) => wallet.walletId),
    stale.map(({ since }) => formatInstant(since)),
    stale.map(({ now }) => formatInstant(now)),
  )
  return [
    lookup<ExpiredLockRow>(statement, (row) => {
      const wallet = load.wallets.get(row.wallet_id)
      if (wallet) relock(load, wallet, row)
    }),
  ]
}

function relock(load: Load, wallet: WalletState, row: ExpiredLockRow): void {
  load.wallets.set(wallet.walletId, {
    ...wallet,
    lockedBalance: wallet.lockedBalance - row.expired_amount,
    nextHoldExpiry: row.next_hold_expiry,
  })
  load.relockedWallets.add(wallet.walletId)
}
