// What makes two requests the same (API.md §5): a digest of eight bytes per field, so that a reused key can be answered
// with the names of the fields that differ, without keeping the first body.
import { hash } from 'node:crypto'
import { canonicalJson, type JsonValue } from './json.ts'

/**
 * The fields of each request that may carry a key, in the order of their digests. Append only: stored digests are read
 * back by position.
 */
export const REQUEST_FIELDS = {
  create: [
    'user_id',
    'wallet_type',
    'initial_balance',
    'currency',
    'organization_id',
    'blockchain_network',
    'blockchain_address',
    'metadata',
  ],
  deposit: ['amount', 'description', 'reference_id', 'metadata'],
  reward: ['amount', 'description', 'reference_id', 'metadata'],
  withdraw: ['amount', 'description', 'destination', 'metadata'],
  consume: ['amount', 'description', 'usage_record_id', 'metadata'],
  consume_credits: ['amount', 'description', 'usage_record_id', 'metadata'],
  transfer: ['to_wallet_id', 'amount', 'description', 'fee', 'metadata'],
  refund: ['transaction_id', 'reason', 'amount', 'metadata'],
  place_hold: ['amount', 'expires_in_seconds', 'description', 'reference_id', 'metadata'],
  capture_hold: ['hold_id', 'amount', 'final', 'transaction_type', 'description', 'usage_record_id', 'metadata'],
  void_hold: ['hold_id'],
  extend_hold: ['hold_id', 'expires_in_seconds'],
} as const satisfies Record<string, readonly string[]>

export type RequestKind = keyof typeof REQUEST_FIELDS
/** The canonical parsed body of a request of one kind; amounts as canonical decimal strings. */
export type RequestFields<Kind extends RequestKind> = {
  readonly [Field in (typeof REQUEST_FIELDS)[Kind][number]]: JsonValue | undefined
}

const DIGEST_BYTES = 8
const HEX_DIGITS = DIGEST_BYTES * 2
const ABSENT = Buffer.alloc(DIGEST_BYTES)
const ABSENT_HEX = ABSENT.toString('hex')
const routeDigests = new Map<RequestKind, string>()

/**
 * The digest of a request: eight bytes for the route, then eight for each of its fields (zeros where it is absent) up to the last
 * that is there. Most requests end in an absent `metadata`, and the ledger keeps every digest.
 */
export function requestHash<Kind extends RequestKind>(kind: Kind, fields: RequestFields<Kind>): Buffer {
  const values: Readonly<Record<string, JsonValue | undefined>> = fields
  let digits = routeDigits(kind)
  let end = digits.length
  for (const field of REQUEST_FIELDS[kind]) {
    digits += fieldDigits(values[field])
    if (values[field] !== undefined) end = digits.length
  }
  return Buffer.from(digits.slice(0, end), 'hex')
}

/**
 * The names of the fields in which a request differs from the one that first used the key; `route` when that does. None:
 * it is the same request.
 */
export function differingFields(kind: RequestKind, sent: Buffer, recorded: Buffer): readonly string[] {
  if (!slot(sent, 0).equals(slot(recorded, 0))) return ['route']
  return REQUEST_FIELDS[kind].filter((_, index) => !slot(sent, index + 1).equals(slot(recorded, index + 1)))
}

/** What the digest of every request of a kind begins with. */
export function routeDigest(kind: RequestKind): Buffer {
  return Buffer.from(routeDigits(kind), 'hex')
}

function routeDigits(kind: RequestKind): string {
  const known = routeDigests.get(kind)
  if (known !== undefined) return known
  const digits = fieldDigits(kind)
  routeDigests.set(kind, digits)
  return digits
}

/** In hexadecimal: as text, `crypto.hash` answers in less than half the time (0.35 instead of 0.79 microseconds). */
function fieldDigits(value: JsonValue | undefined): string {
  return value === undefined ? ABSENT_HEX : hash('sha256', canonicalJson(value), 'hex').slice(0, HEX_DIGITS)
}

/** One digest; a field that did not exist yet when the request was recorded was absent from it. */
function slot(digest: Buffer, index: number): Buffer {
  const bytes = digest.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES)
  return bytes.length === 0 ? ABSENT : bytes
}
