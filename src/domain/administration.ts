// The rules for a wallet's life cycle and particulars: freeze, unfreeze, close, update. No money moves here.
import type { AdministrationCommand, StatusCommand, UpdateCommand } from './command.ts'
import { AppError, assert } from './errors.ts'
import { laterOf } from './instant.ts'
import { isJsonObject, type JsonObject, type JsonValue, parseExactJson } from './json.ts'
import type { LedgerState, Outcome, WalletDetails } from './ledger-state.ts'
import { formatDecimal } from './money.ts'
import { requireWallet, walletClosed } from './refusals.ts'
import { MAX_METADATA_BYTES, type WalletState, type WalletStatus } from './wallet.ts'

/**
 * Changes a wallet without moving money.
 * Refuses with `wallet_not_found`, `wallet_closed`, `wallet_frozen`, `wallet_not_empty`.
 */
export function administer(state: LedgerState, command: AdministrationCommand): Outcome {
  const wallet = requireWallet(state, command.walletId)
  const details = state.details.get(command.walletId)
  assert(details, 'the details of a wallet under administration are loaded with its lock')
  if (wallet.status === 'closed') throw walletClosed(command.walletId)
  const changed =
    command.kind === 'update' ? updated(details, command) : { ...details, ...statusChange(wallet, command) }
  return {
    kind: 'changed',
    wallet: { ...wallet, status: changed.status, updatedAt: laterOf(state.now, wallet.updatedAt) },
    details: changed,
  }
}

function statusChange(
  wallet: WalletState,
  command: StatusCommand,
): { status: WalletStatus; statusReason: string | null } {
  switch (command.kind) {
    case 'freeze':
      return { status: 'frozen', statusReason: command.reason }
    case 'unfreeze':
      return { status: 'active', statusReason: command.reason }
    case 'close':
      requireClosable(wallet)
      return { status: 'closed', statusReason: command.reason }
  }
}

function requireClosable(wallet: WalletState): void {
  if (wallet.status === 'frozen') {
    throw new AppError('wallet_frozen', 'The wallet is frozen: unfreeze it before closing it', {
      context: { wallet_id: wallet.walletId },
    })
  }
  if (wallet.balance === 0n && wallet.lockedBalance === 0n) return
  throw new AppError('wallet_not_empty', 'Only an empty wallet can be closed: move its money out first', {
    context: {
      wallet_id: wallet.walletId,
      balance: formatDecimal(wallet.balance),
      locked_balance: formatDecimal(wallet.lockedBalance),
      currency: wallet.currency,
    },
  })
}

function updated(details: WalletDetails, command: UpdateCommand): WalletDetails {
  return {
    ...details,
    ...(command.blockchainAddress !== undefined && { blockchainAddress: command.blockchainAddress }),
    ...(command.blockchainNetwork !== undefined && { blockchainNetwork: command.blockchainNetwork }),
    ...(command.metadata !== undefined && { metadata: mergedMetadata(details.metadata, command.metadata) }),
  }
}

function mergedMetadata(current: string, patch: JsonObject): string {
  const merged = JSON.stringify(mergePatch(jsonObject(parseExactJson(current)), patch))
  if (Buffer.byteLength(merged) <= MAX_METADATA_BYTES) return merged
  const msg = `Must stay within ${MAX_METADATA_BYTES} bytes after merging`
  throw new AppError('validation_failed', `body.metadata: ${msg}`, {
    faults: [{ loc: ['body', 'metadata'], type: 'too_big', msg }],
  })
}

/** JSON Merge Patch (RFC 7396): objects merge, `null` removes, everything else replaces. */
function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map<string, JsonValue>(Object.entries(target))
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key)
    else merged.set(key, isJsonObject(value) ? mergePatch(jsonObject(merged.get(key)), value) : value)
  }
  return Object.fromEntries(merged)
}

function jsonObject(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {}
}
