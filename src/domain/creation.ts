// The rules for opening a wallet: one open fiat wallet per user and currency, and the initial balance as a first deposit.
import type { CreateCommand } from './command.ts'
import { enter } from './entry.ts'
import { AppError } from './errors.ts'
import { GENESIS_HASH } from './hash-chain.ts'
import { fiatKey, type LedgerState, type Outcome } from './ledger-state.ts'
import { formatDecimal } from './money.ts'
import { requireDecimals } from './refusals.ts'
import type { Transaction } from './transaction.ts'
import type { Wallet, WalletState } from './wallet.ts'

/** Opens a wallet. Refuses with `wallet_exists` (naming the wallet there is) or `validation_failed`. */
export function createWallet(state: LedgerState, command: CreateCommand): Outcome {
  // A fault of the request itself comes before anything that depends on what there is.
  if (command.initialBalance) requireDecimals(command.initialBalance, command.currency, 'initial_balance')
  requireNoOpenFiatWallet(state, command)
  const empty = emptyState(state, command)
  if (!command.initialBalance) return created(command, empty, [])
  const funded = enter(empty, {
    transactionId: command.transactionId,
    transactionType: 'deposit',
    direction: 'in',
    amount: command.initialBalance,
    counterparty: 'external:deposit',
    description: 'Initial wallet funding',
    metadata: {},
    idempotency: null,
    createdAt: state.now,
  })
  return created(command, funded.wallet, [funded.row])
}

function created(command: CreateCommand, state: WalletState, rows: readonly Transaction[]): Outcome {
  const wallet = walletOf(command, state)
  return { kind: 'created', created: { wallet, state, idempotency: command.idempotency }, rows }
}

function requireNoOpenFiatWallet(state: LedgerState, command: CreateCommand): void {
  if (command.walletType !== 'fiat') return
  const existing = state.fiatWallets.get(fiatKey(command.userId, command.currency))
  if (!existing) return
  // What came earlier in the same flush counts: it may have moved the balance, or closed the wallet.
  const latest = state.wallets.get(existing.walletId)
  if (latest?.status === 'closed') return
  throw new AppError('wallet_exists', 'User already has a fiat wallet', {
    context: { wallet_id: existing.walletId, balance: formatDecimal(latest?.balance ?? existing.balance) },
  })
}

function emptyState(state: LedgerState, command: CreateCommand): WalletState {
  return {
    walletId: command.walletId,
    userId: command.userId,
    currency: command.currency,
    status: 'active',
    balance: 0n,
    lockedBalance: 0n,
    nextHoldExpiry: null,
    sequence: 0,
    hash: GENESIS_HASH,
    totalIn: 0n,
    totals: {},
    updatedAt: state.now,
  }
}

function walletOf(command: CreateCommand, state: WalletState): Wallet {
  return {
    walletId: command.walletId,
    userId: command.userId,
    organizationId: command.organizationId,
    walletType: command.walletType,
    currency: command.currency,
    status: 'active',
    balance: state.balance,
    lockedBalance: 0n,
    blockchainAddress: command.blockchainAddress,
    blockchainNetwork: command.blockchainNetwork,
    onChainBalance: null,
    syncStatus: null,
    metadata: JSON.stringify(command.metadata),
    createdAt: state.updatedAt,
    updatedAt: state.updatedAt,
  }
}
