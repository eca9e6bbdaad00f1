// An example of every error, as it would go over the wire, for the specification.
import { AppError, type ErrorCode, type ErrorContext, type RequestFault } from '../../domain/errors.ts'
import { DEMO } from '../../services/demo-data.ts'
import { problemOf } from '../problem.ts'

interface Example {
  readonly detail: string
  readonly context?: ErrorContext
  readonly faults?: readonly RequestFault[]
}

const REQUEST_ID = '01970c9e-b2c3-7d41-8e5f-60718293a4b5'
const WALLET = { wallet_id: DEMO.walletId }
const HOLD = { hold_id: DEMO.holdId }

/** Total, so that a new code comes with an example. */
const EXAMPLES: Readonly<Record<ErrorCode, Example>> = {
  insufficient_balance: {
    detail: 'Insufficient balance: 5 CREDIT available, 12.5 required',
    context: { available: '5', required: '12.5', shortfall: '7.5', currency: 'CREDIT' },
  },
  wallet_exists: { detail: 'User already has a fiat wallet', context: { ...WALLET, balance: '100' } },
  wallet_frozen: { detail: 'The wallet is frozen: no money may move in or out of it', context: WALLET },
  wallet_closed: { detail: 'The wallet is closed', context: WALLET },
  wallet_not_empty: {
    detail: 'Only an empty wallet can be closed: move its money out first',
    context: { ...WALLET, balance: '5', locked_balance: '0', currency: 'CREDIT' },
  },
  currency_mismatch: {
    detail: 'Cannot transfer CREDIT into a USD wallet',
    context: { from_currency: 'CREDIT', to_currency: 'USD' },
  },
  same_wallet: { detail: 'A transfer needs two different wallets' },
  not_refundable: {
    detail: 'A transaction of type deposit cannot be refunded',
    context: { transaction_type: 'deposit' },
  },
  refund_exceeds_original: {
    detail: 'Only 4 of 10 is left to refund',
    context: { original_amount: '10', refunded: '6', refundable: '4', currency: 'CREDIT' },
  },
  hold_not_pending: { detail: 'The hold has been captured', context: { ...HOLD, hold_status: 'captured' } },
  hold_expired: {
    detail: 'The hold has expired: its money is free again',
    context: { ...HOLD, hold_status: 'expired' },
  },
  capture_exceeds_hold: {
    detail: 'Only 4 of 10 is left to capture',
    context: { ...HOLD, remaining: '4', required: '5', shortfall: '1', currency: 'CREDIT' },
  },
  malformed_json: { detail: 'The body is not valid JSON: Unexpected end of JSON input' },
  unauthenticated: { detail: 'An access token or an API key is required' },
  forbidden: { detail: 'This needs the scope wallet:write', context: { required_scope: 'wallet:write' } },
  wallet_not_found: { detail: `There is no wallet ${DEMO.walletId}`, context: WALLET },
  transaction_not_found: {
    detail: `There is no transaction ${DEMO.transactionId}`,
    context: { transaction_id: DEMO.transactionId },
  },
  hold_not_found: { detail: `There is no hold ${HOLD.hold_id}`, context: HOLD },
  user_not_found: { detail: 'There is no user user-42', context: { user_id: 'user-42' } },
  organization_not_found: { detail: 'There is no organization acme', context: { organization_id: 'acme' } },
  route_not_found: { detail: 'There is nothing at /api/v1/walet' },
  method_not_allowed: { detail: 'PUT is not possible here; GET, HEAD are', context: { allowed: ['GET', 'HEAD'] } },
  body_too_large: { detail: 'The body is larger than the service accepts' },
  unsupported_media_type: { detail: 'Bodies must be application/json' },
  validation_failed: {
    detail: 'body.amount: Must be greater than 0',
    faults: [{ loc: ['body', 'amount'], type: 'not_positive', msg: 'Must be greater than 0' }],
  },
  idempotency_key_reused: {
    detail: 'This Idempotency-Key was used for a different request; it differs in: amount',
    context: { fields: ['amount'] },
  },
  rate_limited: {
    detail: 'More than 300000 requests in 10 s; try again in 4 s',
    context: { limit: 300_000, window_seconds: 10, retry_after_seconds: 4 },
  },
  internal_error: { detail: 'Something went wrong inside the service' },
  overloaded: { detail: 'The service is overloaded: 1000 operations are already waiting. Try again shortly' },
  database_unavailable: { detail: 'The database is out of reach; try again shortly' },
  wallet_busy: { detail: 'The wallet is locked by another operation; try again shortly' },
  outcome_unknown: {
    detail: 'Whether the operation took effect is not known; send it again with the same Idempotency-Key',
  },
  peer_unavailable: {
    detail: 'The account service cannot be asked whether this is allowed; try again shortly',
    context: { peer: 'account_service' },
  },
}

/** A whole error body of a code. */
export function errorExample(code: ErrorCode): object {
  const { detail, ...extras } = EXAMPLES[code]
  return problemOf(new AppError(code, detail, extras), REQUEST_ID).body
}
