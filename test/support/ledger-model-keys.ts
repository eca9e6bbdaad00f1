// When two requests of the ledger's model are the same (API.md §5), and which wallet or user a key belongs to.
import { units } from './decimals.ts'
import type { Request } from './ledger-model-rows.ts'

/** The scope of the request's key; `null` without one. */
export function scopeOf(request: Request): string | null {
  if (request.key === null) return null
  if (request.kind === 'create') return `user ${request.userId} ${request.key}`
  const wallet = 'hold' in request ? request.hold?.wallet : 'original' in request ? request.original.wallet : request
  return wallet ? `wallet ${wallet.walletId} ${request.key}` : null
}

/** The request as it is compared: its route, and its fields by their names on the wire, in their order. */
export function fingerprint(request: Request): {
  readonly route: string
  readonly fields: readonly [string, unknown][]
} {
  switch (request.kind) {
    case 'create':
      return {
        route: 'create',
        fields: [
          ['user_id', request.userId],
          ['wallet_type', request.walletType],
          ['initial_balance', units(request.initialBalance)],
          ['currency', request.currency],
        ],
      }
    case 'transfer':
      return {
        route: 'transfer',
        fields: [
          ['to_wallet_id', request.toWalletId],
          ['amount', units(request.amount)],
          ['description', request.description],
          ['fee', request.fee === null ? null : units(request.fee)],
        ],
      }
    case 'refund':
      return {
        route: 'refund',
        fields: [
          ['transaction_id', request.original.transactionId],
          ['reason', request.reason],
          ['amount', request.amount === null ? null : units(request.amount)],
        ],
      }
    case 'freeze':
    case 'unfreeze':
    case 'close':
    case 'expire_holds':
      return { route: request.kind, fields: [] }
    case 'place_hold':
      return {
        route: request.kind,
        fields: [
          ['amount', units(request.amount)],
          ['expires_in_seconds', request.seconds],
          ['description', request.description],
          ['reference_id', request.referenceId],
        ],
      }
    case 'capture_hold':
      return {
        route: request.kind,
        fields: [
          ['hold_id', request.hold?.holdId],
          ['amount', request.amount === null ? null : units(request.amount)],
          ['final', request.final],
          ['transaction_type', request.transactionType],
          ['description', request.description],
        ],
      }
    case 'void_hold':
      return { route: request.kind, fields: [['hold_id', request.hold?.holdId]] }
    case 'extend_hold':
      return {
        route: request.kind,
        fields: [
          ['hold_id', request.hold?.holdId],
          ['expires_in_seconds', request.seconds],
        ],
      }
    case 'deposit':
    case 'reward':
    case 'withdraw':
    case 'consume':
      return {
        route: request.kind,
        fields: [
          ['amount', units(request.amount)],
          ['description', request.description],
        ],
      }
  }
}
