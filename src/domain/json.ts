// JSON whose numbers keep the digits that were sent: a number that a double cannot hold exactly becomes a raw literal
// (`JSON.rawJSON`), which `JSON.stringify` writes back as it was (API.md §1).

/** A number literal kept as text because a double would change it. */
export interface RawNumber {
  readonly rawJSON: string
}
export type JsonValue = string | number | boolean | null | RawNumber | readonly JsonValue[] | JsonObject
export interface JsonObject {
  readonly [key: string]: JsonValue
}

/** A decimal of up to 15 digits survives the way through a double and back (IEEE 754, DBL_DIG). */
const EXACT_LITERAL_LENGTH = 15

/** Keys that would reach an object's prototype; no caller of ours has a use for them. */
const FORBIDDEN_KEY = '__proto__'

/**
 * Text that plain parsing might not do justice to: a long number, an exponent, the forbidden key, or an escape that could
 * spell it. Everything else is spared the reviver, which costs more than the parsing (1.7 instead of 0.7 microseconds).
 */
const NEEDS_CARE = /\\|__proto__|[0-9.]{16}|[0-9][eE]/
/** Text up to this length cannot be nested absurdly. */
const SHORT_LENGTH = 1024

/** Parses JSON text exactly. Throws `SyntaxError` on malformed text, on the key `__proto__` and on absurd nesting. */
export function parseExactJson(text: string): unknown {
  try {
    const isPlain = text.length <= SHORT_LENGTH && !NEEDS_CARE.test(text)
    return isPlain ? JSON.parse(text) : JSON.parse(text, keepExactNumbers)
  } catch (error) {
    // The reviver recurses: a body of a million brackets ends here instead of in a stack overflow.
    if (error instanceof RangeError) throw new SyntaxError('JSON is nested too deeply')
    throw error
  }
}

function keepExactNumbers(key: string, value: unknown, context: { source?: string }): unknown {
  if (key === FORBIDDEN_KEY) throw new SyntaxError(`The key ${FORBIDDEN_KEY} is not allowed`)
  if (typeof value !== 'number' || context.source === undefined) return value
  return isExact(value, context.source) ? value : JSON.rawJSON(context.source)
}

function isExact(value: number, source: string): boolean {
  if (source.length > EXACT_LITERAL_LENGTH) return String(value) === source
  // With an exponent, a short literal may still overflow (1e400) or underflow (1e-400).
  return !/[eE]/.test(source) || (Number.isSafeInteger(value) && value !== 0)
}

/** Tells whether a parsed value is a number literal kept as text. */
export function isRawNumber(value: unknown): value is RawNumber {
  return JSON.isRawJSON(value)
}

/** Tells whether a value that came out of `parseExactJson` is a JSON object: neither a list nor a number kept as text. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value)
}

/** Writes JSON with sorted keys, so that equal values have equal text whatever order they were sent in. */
export function canonicalJson(value: JsonValue | undefined): string {
  if (value === undefined) return ''
  if (value === null || typeof value !== 'object' || isRawNumber(value)) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`
  const members = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1))
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`
}
