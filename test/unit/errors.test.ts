// The registry of errors against the table of API.md §6, written out here a second time: a code that is added, dropped or
// moved to another status has to be changed in both places.
import { expect, test } from 'vitest'
import { AppError, assert, ERRORS } from '../../src/domain/errors.ts'

const TABLE = {
  insufficient_balance: 400,
  wallet_exists: 400,
  wallet_frozen: 400,
  wallet_closed: 400,
  wallet_not_empty: 400,
  currency_mismatch: 400,
  same_wallet: 400,
  not_refundable: 400,
  refund_exceeds_original: 400,
  hold_not_pending: 400,
  hold_expired: 400,
  capture_exceeds_hold: 400,
  malformed_json: 400,
  unauthenticated: 401,
  forbidden: 403,
  wallet_not_found: 404,
  transaction_not_found: 404,
  hold_not_found: 404,
  user_not_found: 404,
  organization_not_found: 404,
  route_not_found: 404,
  method_not_allowed: 405,
  body_too_large: 413,
  unsupported_media_type: 415,
  validation_failed: 422,
  idempotency_key_reused: 422,
  rate_limited: 429,
  internal_error: 500,
  overloaded: 503,
  database_unavailable: 503,
  wallet_busy: 503,
  outcome_unknown: 503,
  peer_unavailable: 503,
}

const codesWhere = (holds: (definition: (typeof ERRORS)[keyof typeof ERRORS]) => boolean): string[] =>
  Object.entries(ERRORS).flatMap(([code, definition]) => (holds(definition) ? [code] : []))

test('the codes and their statuses are those of the contract', () => {
  expect(Object.fromEntries(Object.entries(ERRORS).map(([code, { status }]) => [code, status]))).toEqual(TABLE)
})

test('what may succeed later says when to try again, and nothing else does', () => {
  const later = [
    'rate_limited',
    'overloaded',
    'database_unavailable',
    'wallet_busy',
    'outcome_unknown',
    'peer_unavailable',
  ]
  expect(codesWhere((definition) => definition.retryable)).toEqual(later)
  expect(codesWhere((definition) => 'retryAfterSeconds' in definition)).toEqual(later)
})

test('no two codes share a title', () => {
  const titles = Object.values(ERRORS).map(({ title }) => title)
  expect(new Set(titles).size).toBe(titles.length)
})

test('an error carries its code, its facts and its cause', () => {
  const cause = new Error('below')
  const error = new AppError('wallet_not_found', 'There is no wallet', { context: { wallet_id: 'x' }, cause })
  expect(error).toBeInstanceOf(Error)
  expect(error).toMatchObject({
    name: 'AppError',
    code: 'wallet_not_found',
    message: 'There is no wallet',
    context: { wallet_id: 'x' },
    faults: [],
    cause,
  })
  expect(new AppError('forbidden', 'No')).not.toHaveProperty('cause')
})

test('a broken guarantee is a bug, not a refusal', () => {
  expect(() => assert(true, 'holds')).not.toThrow()
  expect(() => assert(false, 'holds')).toThrow(/^Assertion failed: holds$/)
  expect(() => assert(0n, 'holds')).toThrow(Error)
  expect(() => assert(0n, 'holds')).not.toThrow(AppError)
})
