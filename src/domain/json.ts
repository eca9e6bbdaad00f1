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

/** Escapes could spell the forbidden key. */
const ESCAPE = '\\'
/** Deeper than any body of ours: metadata may have 32 levels. */
const MAX_PLAIN_DEPTH = 64
/**
 * Values that text may have which needs the reviver: at about a microsecond each, everybody else waits. A batch of a thousand
 * operations with ten members each has a tenth.
 */
const MAX_REVIVED_VALUES = 100_000

/** Parses JSON text exactly. Throws `SyntaxError` on malformed text, on the key `__proto__` and on absurd nesting or length. */
export function parseExactJson(text: string): unknown {
  if (isPlain(text)) return JSON.parse(text)
  if (hasTooManyValues(text)) throw new SyntaxError('JSON has too many values')
  try {
    return JSON.parse(text, keepExactNumbers)
  } catch (error) {
    // The reviver recurses: a body of a million brackets ends here instead of in a stack overflow.
    if (error instanceof RangeError) throw new SyntaxError('JSON is nested too deeply')
    throw error
  }
}

/**
 * Whether plain parsing does justice to a text: no number that a double might change, not the forbidden key, not nested absurdly.
 * Then it is spared the reviver, which costs more than the parsing. Only what is not in quotes is looked at: ids are full of
 * digits. A text that is no JSON may pass; parsing finds that out.
 */
function isPlain(text: string): boolean {
  if (text.includes(ESCAPE) || text.includes(FORBIDDEN_KEY)) return false
  let depth = 0
  let digits = 0
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    if (unit === QUOTE) {
      at = text.indexOf('"', at + 1)
      if (at < 0) return false
      digits = 0
    } else if ((unit >= ZERO && unit <= NINE) || unit === POINT) {
      digits += 1
      if (digits > EXACT_LITERAL_LENGTH) return false
    } else if (unit === SMALL_E || unit === CAPITAL_E) {
      if (digits > 0) return false
    } else {
      digits = 0
      if (unit === OPENING_BRACE || unit === OPENING_BRACKET) {
        depth += 1
        if (depth > MAX_PLAIN_DEPTH) return false
      } else if (unit === CLOSING_BRACE || unit === CLOSING_BRACKET) depth -= 1
    }
  }
  return true
}

const codeOf = (character: string): number => character.charCodeAt(0)
const [QUOTE, POINT, ZERO, NINE] = [codeOf('"'), codeOf('.'), codeOf('0'), codeOf('9')]
const [SMALL_E, CAPITAL_E] = [codeOf('e'), codeOf('E')]
const [OPENING_BRACE, CLOSING_BRACE] = [codeOf('{'), codeOf('}')]
const [OPENING_BRACKET, CLOSING_BRACKET] = [codeOf('['), codeOf(']')]

/** Every value but the first of an object or a list has a comma before it. */
function hasTooManyValues(text: string): boolean {
  let values = 0
  for (let at = text.indexOf(','); at >= 0; at = text.indexOf(',', at + 1)) {
    values += 1
    if (values > MAX_REVIVED_VALUES) return true
  }
  return false
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
