// PostgreSQL array literals, as the set-wise statements take them. The driver writes them too, with two regular expressions
// for every element: 5 % of the service's time under load (bench/NOTES.md).

/** What stands in a column of a set-wise statement; decimals and instants are text already. */
export type ArrayElement = string | number | Buffer | null

const NEEDS_ESCAPE = /["\\]/
const ESCAPED = /["\\]/g

/** Types whose text never needs quotes: no comma, brace, space, quote or backslash is in it. */
const UNQUOTED_TYPES: ReadonlySet<string> = new Set(['uuid', 'numeric', 'int4', 'int8', 'xid'])

/** Writes an array literal of an element type. What may hold anything is quoted; bytes are hexadecimal. */
export function arrayLiteral(elements: readonly ArrayElement[], type: string): string {
  const elementText = UNQUOTED_TYPES.has(type) ? unquotedText : quotedText
  let text = ''
  for (const element of elements) text += text === '' ? elementText(element) : `,${elementText(element)}`
  return `{${text}}`
}

function unquotedText(element: ArrayElement): string {
  return element === null ? 'NULL' : String(element)
}

function quotedText(element: ArrayElement): string {
  if (element === null) return 'NULL'
  if (typeof element === 'string') return `"${NEEDS_ESCAPE.test(element) ? element.replace(ESCAPED, '\\$&') : element}"`
  if (typeof element === 'number') return String(element)
  return `"\\\\x${element.toString('hex')}"`
}
