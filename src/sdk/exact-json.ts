// JSON of answers without losing a digit: amounts that the wire has as numbers become decimal strings, and other numbers that
// a double cannot hold (in metadata) keep their text as raw JSON. Requests are checked here for the opposite mistake.
import { AMOUNT_FIELDS } from './operations.ts'

type Holder = Readonly<Record<string, unknown>>

/** A decimal of up to 15 digits survives the way through a double and back (IEEE 754, DBL_DIG). */
const EXACT_LITERAL_LENGTH = 15

/**
 * Parses an answer. At `exactNumbers`, each a way of member names with `*` for the entries of a list, a number becomes a string
 * of the digits as they were sent. Elsewhere a number that a double would change becomes what `JSON.rawJSON` makes of its text,
 * which `JSON.stringify` writes back as it was. Throws `SyntaxError`.
 */
export function parseAnswer<Answer>(text: string, exactNumbers: readonly (readonly string[])[]): Answer {
  const wanted = new Set(exactNumbers.map((path) => path.at(-1)))
  const sources = new Map<unknown, Map<string, string>>()
  function keepDigits(this: unknown, key: string, value: unknown, context: { source?: string }): unknown {
    if (typeof value !== 'number' || context.source === undefined) return value
    if (wanted.has(key)) {
      const ofHolder = sources.get(this) ?? new Map<string, string>()
      sources.set(this, ofHolder.set(key, context.source))
    }
    return isExact(value, context.source) ? value : JSON.rawJSON(context.source)
  }
  const answer: unknown = JSON.parse(text, keepDigits)
  for (const path of exactNumbers) {
    const name = path.at(-1) ?? ''
    for (const holder of holdersAt(answer, path)) {
      const source = sources.get(holder)?.get(name)
      if (source !== undefined && isHolder(holder)) Reflect.set(holder, name, source)
    }
  }
  // The one place where the shape is taken on trust: openapi.yaml says it, and tests hold every answer against that.
  return answer as Answer
}

/** What holds the last member of a way; `*` leads to every entry of a list. */
function holdersAt(answer: unknown, path: readonly string[]): readonly unknown[] {
  return path.slice(0, -1).reduce<readonly unknown[]>(
    (values, name) =>
      values.flatMap((value) => {
        if (!isHolder(value)) return []
        return name === '*' ? Object.values(value) : [value[name]]
      }),
    [answer],
  )
}

function isHolder(value: unknown): value is Holder {
  return typeof value === 'object' && value !== null
}

function isExact(value: number, source: string): boolean {
  if (source.length > EXACT_LITERAL_LENGTH) return String(value) === source
  return !/[eE]/.test(source) || (Number.isSafeInteger(value) && value !== 0)
}

/**
 * Refuses amounts that are not strings, for callers without a compiler: a JavaScript number may have lost digits before it came
 * here. What the text says is the service's to judge. Throws `TypeError`.
 */
export function requireDecimalStrings(body: unknown): void {
  if (!isHolder(body)) return
  for (const [name, value] of Object.entries(body)) {
    if (name === 'metadata') continue
    if (isHolder(value)) requireDecimalStrings(value)
    else if (AMOUNT_FIELDS.has(name) && value !== undefined && typeof value !== 'string') {
      throw new TypeError(`${name} must be a decimal string such as '12.5', not a ${typeof value}`)
    }
  }
}
