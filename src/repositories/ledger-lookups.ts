// What a flush locks and looks up before it can decide: one statement and one destination each, all sent in one trip.
import { type Command, claimOf, isAdministration, allWalletsOf } from '../domain/command.ts'
import type { Hold, HoldHead, HoldId } from '../domain/hold.ts'
import type { Instant } from '../domain/instant.ts'
import {
  fiatKey,
  type OpenFiatWallet,
  type RecordedEffect,
  userScope,
  type WalletDetails,
  walletScope,
} from '../domain/ledger-state.ts'
import type { TransactionId } from '../domain/transaction.ts'
import type { WalletId, WalletState } from '../domain/wallet.ts'
import type { PipelineStatement } from '../db/trip.ts'
import { walletStateOf, type WalletStateRow } from './ledger-rows.ts'
import * as statements from './ledger-statements.ts'
import type { Remembered } from './remembered-wallets.ts'
import type { Statement } from './set-wise.ts'

/**
 * How what the commands touch is locked: `wait` for it; `skip` what somebody else holds and report it as `busyWallets` and
 * `busyUsers`; or `none` at all, for whoever only looks.
 */
export type Locking = 'wait' | 'skip' | 'none'

type Absorb = (rows: readonly unknown[]) => void
export interface Lookup {
  readonly statement: PipelineStatement
  readonly absorb: Absorb
}

/** Everything a flush loads; filled while the answers come in. */
export interface Load {
  now: Instant
  readonly wallets: Map<WalletId, WalletState>
  readonly existing: WalletId[]
  readonly busyUsers: Set<string>
  readonly details: Map<WalletId, WalletDetails>
  readonly effects: Map<string, RecordedEffect>
  readonly refunded: Map<TransactionId, bigint>
  readonly fiatWallets: Map<string, OpenFiatWallet>
  readonly holds: Map<HoldId, Hold>
  readonly holdHeads: Map<WalletId, HoldHead>
  readonly dueHolds: Map<WalletId, HoldId[]>
  readonly relockedWallets: Set<WalletId>
}

/** A load with nothing in it yet. */
export function emptyLoad(): Load {
  return {
    now: 0n,
    wallets: new Map(),
    existing: [],
    busyUsers: new Set(),
    details: new Map(),
    effects: new Map(),
    refunded: new Map(),
    fiatWallets: new Map(),
    holds: new Map(),
    holdHeads: new Map(),
    dueHolds: new Map(),
    relockedWallets: new Set(),
  }
}

/** One look-up: its statement, and where each of its rows goes. */
export function lookup<Row>(statement: PipelineStatement, take: (row: Row) => void): Lookup {
  // The rows' shape is that of the statement beside which `take` stands.
  return { statement, absorb: (rows) => (rows as readonly Row[]).forEach(take) }
}

/** Locks first, users before wallets; then the clock; then whatever must be read under the locks. */
export function lookupsOf(commands: readonly Command[], locking: Locking, load: Load): Lookup[] {
  return [
    ...userLocks(commands, locking, load),
    ...walletLocks(commands, locking, load),
    lookup<{ now: Instant }>(statements.readClock.with(), (row) => (load.now = row.now)),
    ...effectLookups(commands, load),
    ...creationLookups(commands, load),
    ...refundLookups(commands, load),
    ...detailLookups(commands, load),
  ]
}

function userLocks(commands: readonly Command[], locking: Locking, load: Load): Lookup[] {
  const users = commands.flatMap((command) => (command.kind === 'create' ? [command.userId] : []))
  if (users.length === 0 || locking === 'none') return []
  if (locking === 'wait') return [lookup(statements.lockUsers.with(users), () => undefined)]
  return [
    lookup<{ user_id: string; locked: boolean }>(statements.lockFreeUsers.with(users), (row) => {
      if (!row.locked) load.busyUsers.add(row.user_id)
    }),
  ]
}

const WALLET_LOCKS = {
  wait: statements.lockWallets,
  skip: statements.lockFreeWallets,
  none: statements.readWallets,
} as const satisfies Record<Locking, Statement>

function walletLocks(commands: readonly Command[], locking: Locking, load: Load): Lookup[] {
  const walletIds = allWalletsOf(commands)
  if (walletIds.length === 0) return []
  const locks = lookup<WalletStateRow>(WALLET_LOCKS[locking].with(walletIds), (row) =>
    load.wallets.set(row.wallet_id, walletStateOf(row)),
  )
  if (locking !== 'skip') return [locks]
  const existing = lookup<{ wallet_id: WalletId }>(statements.findWallets.with(walletIds), (row) => {
    load.existing.push(row.wallet_id)
  })
  return [locks, existing]
}

/** Looks at wallets without a lock. */
export function versionLookup(walletIds: readonly WalletId[], see: (wallet: Remembered) => void): Lookup {
  return lookup<WalletStateRow & { version: string; has_holds: boolean }>(
    statements.readWalletVersions.with(walletIds),
    (row) => see({ state: walletStateOf(row), version: row.version, hasHolds: row.has_holds }),
  )
}

interface EffectRow {
  readonly wallet_id: WalletId
  readonly idempotency_key: string
  readonly effect_id: string
  readonly request_hash: Buffer
}

function effectLookups(commands: readonly Command[], load: Load): Lookup[] {
  const keyed = commands.flatMap((command) => {
    const claim = claimOf(command)
    return claim && command.kind !== 'create' ? [{ walletId: command.walletId, key: claim.key }] : []
  })
  if (keyed.length === 0) return []
  const statement = statements.findEffects.with(
    keyed.map(({ walletId }) => walletId),
    keyed.map(({ key }) => key),
  )
  return [
    lookup<EffectRow>(statement, (row) => {
      const effect = { effectId: row.effect_id, requestHash: row.request_hash }
      load.effects.set(walletScope(row.wallet_id, row.idempotency_key), effect)
    }),
  ]
}

interface FiatWalletRow {
  readonly wallet_id: WalletId
  readonly user_id: string
  readonly currency: string
  readonly balance: bigint
}

interface CreationRow {
  readonly wallet_id: WalletId
  readonly user_id: string
  readonly creation_key: string
  readonly creation_request_hash: Buffer
}

function creationLookups(commands: readonly Command[], load: Load): Lookup[] {
  const creations = commands.filter((command) => command.kind === 'create')
  if (creations.length === 0) return []
  const keyed = creations.flatMap((command) => (command.idempotency ? [{ command, claim: command.idempotency }] : []))
  const fiat = statements.findFiatWallets.with(
    creations.map((command) => command.userId),
    creations.map((command) => command.currency),
  )
  const earlier = statements.findCreations.with(
    keyed.map(({ command }) => command.userId),
    keyed.map(({ claim }) => claim.key),
  )
  return [
    lookup<FiatWalletRow>(fiat, (row) => {
      load.fiatWallets.set(fiatKey(row.user_id, row.currency), { walletId: row.wallet_id, balance: row.balance })
    }),
    lookup<CreationRow>(earlier, (row) => {
      const effect = { effectId: row.wallet_id, requestHash: row.creation_request_hash }
      load.effects.set(userScope(row.user_id, row.creation_key), effect)
    }),
  ]
}

interface RefundedRow {
  readonly original_transaction_id: TransactionId
  readonly refunded_total: bigint
}

function refundLookups(commands: readonly Command[], load: Load): Lookup[] {
  const refunds = commands.filter((command) => command.kind === 'refund')
  if (refunds.length === 0) return []
  const statement = statements.findRefunded.with(
    refunds.map((command) => command.walletId),
    refunds.map((command) => command.original.transactionId),
  )
  return [lookup<RefundedRow>(statement, (row) => load.refunded.set(row.original_transaction_id, row.refunded_total))]
}

interface DetailsRow {
  readonly wallet_id: WalletId
  readonly status: WalletDetails['status']
  readonly status_reason: string | null
  readonly blockchain_address: string | null
  readonly blockchain_network: WalletDetails['blockchainNetwork']
  readonly metadata: string
}

function detailLookups(commands: readonly Command[], load: Load): Lookup[] {
  const walletIds = commands.filter(isAdministration).map((command) => command.walletId)
  if (walletIds.length === 0) return []
  return [
    lookup<DetailsRow>(statements.findDetails.with(walletIds), (row) => {
      load.details.set(row.wallet_id, {
        walletId: row.wallet_id,
        status: row.status,
        statusReason: row.status_reason,
        blockchainAddress: row.blockchain_address,
        blockchainNetwork: row.blockchain_network,
        metadata: row.metadata,
      })
    }),
  ]
}
