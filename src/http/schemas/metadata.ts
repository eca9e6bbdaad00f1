// Callers' own data on a wallet or a transaction: any JSON object that PostgreSQL can store and every reader can parse.
import { z } from 'zod'
import { isJsonObject, isRawNumber, type JsonObject } from '../../domain/json.ts'
import { MAX_METADATA_BYTES } from '../../domain/wallet.ts'
import { refuse } from './faults.ts'

const MAX_DEPTH = 32
const MAX_NUMBER_LENGTH = 64

/** A JSON object within `MAX_METADATA_BYTES` as JSON text in UTF-8; its numbers keep their digits. */
export const metadataSchema = z
  .unknown()
  .transform((value, context): JsonObject => {
    if (!isJsonObject(value)) return refuse(context, 'invalid_type', 'Must be a JSON object')
    const fault = membersFault(value, 1)
    if (fault !== null) return refuse(context, 'invalid_metadata', fault)
    if (Buffer.byteLength(JSON.stringify(value)) <= MAX_METADATA_BYTES) return value
    return refuse(context, 'too_big', `Must have at most ${MAX_METADATA_BYTES} bytes as JSON`)
  })
  .meta({
    description: `Your own data, given back as it was sent: at most ${MAX_METADATA_BYTES} bytes as JSON, ${MAX_DEPTH} levels deep`,
    type: 'object',
    additionalProperties: true,
    examples: [{ order_id: 'A-1042' }],
  })

function membersFault(value: object, depth: number): string | null {
  if (depth > MAX_DEPTH) return `Must be at most ${MAX_DEPTH} levels deep`
  for (const [key, member] of Object.entries(value)) {
    const fault = storageFault(key) ?? valueFault(member, depth)
    if (fault !== null) return fault
  }
  return null
}

function valueFault(value: unknown, depth: number): string | null {
  if (typeof value === 'string') return storageFault(value)
  if (isRawNumber(value)) return numberFault(value.rawJSON)
  return typeof value === 'object' && value !== null ? membersFault(value, depth + 1) : null
}

/** Why PostgreSQL could not store a text: one such value would fail a whole posting flush. `null` when it can. */
export function storageFault(text: string): string | null {
  if (text.includes('\0')) return 'Must not contain the character U+0000'
  return text.isWellFormed() ? null : 'Must be well-formed Unicode'
}

/** A literal whose double is infinite, or 0 though it is not, would be unreadable for whoever parses with doubles. */
function numberFault(literal: string): string | null {
  if (literal.length > MAX_NUMBER_LENGTH) return `Must not contain numbers of more than ${MAX_NUMBER_LENGTH} characters`
  const value = Number(literal)
  const vanished = value === 0 && /[1-9]/.test(literal.replace(/[eE].*$/, ''))
  return Number.isFinite(value) && !vanished ? null : 'Must not contain numbers beyond the range of a double'
}
