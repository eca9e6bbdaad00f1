// The opaque cursors of pages of transactions and holds: base64url of a small JSON array [version, position..., checksum]. The
// checksum covers what the cursor belongs to (the list and its filters), so a cursor that was cut, changed, or sent to another
// list is refused instead of silently showing the wrong rows. It is no secret: a cursor grants nothing.
import { hash } from 'node:crypto'
import { AppError } from '../domain/errors.ts'
import { isHoldId } from '../domain/hold.ts'
import type { Instant } from '../domain/instant.ts'
import { isWalletId } from '../domain/wallet.ts'
import type { UserPosition } from '../repositories/history-repository.ts'
import type { HoldPosition } from '../repositories/hold-repository.ts'

const VERSION = 1
const CHECKSUM_CHARACTERS = 11
/** Bounds what is parsed; the longest cursor of ours has about 130 characters. */
const MAX_CURSOR_LENGTH = 512

/** What a cursor belongs to: the same list, with the same filters, whatever the page's size. */
export interface CursorScope {
  readonly list: `wallet ${string}` | `user ${string}` | `holds ${string}`
  /** Transaction types, or statuses of holds; empty: all of them. */
  readonly types: readonly string[]
  readonly from: Instant | null
  readonly to: Instant | null
}

type Parts = readonly (string | number)[]

/** The cursor that continues a wallet's list after a row. */
export function walletCursor(scope: CursorScope, sequence: number): string {
  return seal(scope, [sequence])
}

/** The sequence after which a wallet's list goes on. Throws `validation_failed`. */
export function readWalletCursor(scope: CursorScope, cursor: string): number {
  const [sequence, ...rest] = open(scope, cursor)
  if (!isSequence(sequence) || rest.length > 0) throw invalidCursor()
  return sequence
}

/** The cursor that continues a user's list after a row. */
export function userCursor(scope: CursorScope, position: UserPosition): string {
  return seal(scope, [position.createdAt.toString(), position.walletId, position.sequence])
}

/** The position after which a user's list goes on. Throws `validation_failed`. */
export function readUserCursor(scope: CursorScope, cursor: string): UserPosition {
  const [createdAt, walletId, sequence, ...rest] = open(scope, cursor)
  if (!isInstantText(createdAt) || !isWalletId(walletId) || !isSequence(sequence) || rest.length > 0) {
    throw invalidCursor()
  }
  return { createdAt: BigInt(createdAt), walletId, sequence }
}

/** The cursor that continues a list of holds after one of them. */
export function holdCursor(scope: CursorScope, position: HoldPosition): string {
  return seal(scope, [position.createdAt.toString(), position.holdId])
}

/** The position after which a list of holds goes on. Throws `validation_failed`. */
export function readHoldCursor(scope: CursorScope, cursor: string): HoldPosition {
  const [createdAt, holdId, ...rest] = open(scope, cursor)
  if (!isInstantText(createdAt) || !isHoldId(holdId) || rest.length > 0) throw invalidCursor()
  return { createdAt: BigInt(createdAt), holdId }
}

function seal(scope: CursorScope, position: Parts): string {
  const parts = [VERSION, ...position]
  return Buffer.from(JSON.stringify([...parts, checksum(scope, parts)])).toString('base64url')
}

function open(scope: CursorScope, cursor: string): Parts {
  const parts = partsOf(cursor)
  const [version, ...position] = parts.slice(0, -1)
  if (version !== VERSION || parts.at(-1) !== checksum(scope, [version, ...position])) throw invalidCursor()
  return position
}

function partsOf(cursor: string): Parts {
  if (cursor.length > MAX_CURSOR_LENGTH) throw invalidCursor()
  const bytes = Buffer.from(cursor, 'base64url')
  // Node passes over characters that are not base64url; a cursor of ours is written in one way only.
  if (bytes.toString('base64url') !== cursor) throw invalidCursor()
  try {
    const parts: unknown = JSON.parse(bytes.toString())
    if (Array.isArray(parts) && parts.every(isPart)) return parts
  } catch {
    // Not JSON, so not a cursor of ours: answered below like everything else that is none.
  }
  throw invalidCursor()
}

function checksum(scope: CursorScope, parts: Parts): string {
  const { list, types, from, to } = scope
  const content = JSON.stringify([list, types.toSorted(), from?.toString() ?? null, to?.toString() ?? null, parts])
  return hash('sha256', content, 'base64url').slice(0, CHECKSUM_CHARACTERS)
}

function isPart(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number'
}

function isSequence(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1
}

function isInstantText(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9]{1,18}$/.test(value)
}

function invalidCursor(): AppError {
  const msg = 'Must be the next_cursor of an earlier page of this list, sent with the same filters'
  return new AppError('validation_failed', `query.cursor: ${msg}`, {
    faults: [{ loc: ['query', 'cursor'], type: 'invalid_cursor', msg }],
  })
}
