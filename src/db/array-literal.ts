// PostgreSQL array literals, as the set-wise statements take them. The driver writes them too, with two regular expressions
// for every element: 5 % of the service's time under load (bench/NOTES.md).

/** What stands in a column of a set-wise statement; decimals and instants are text already. */
export type ArrayElement = string | number | Buffer | null

const NEEDS_ESCAPE = /["\\]/
const ESCAPED = /["\\]/g

/** Writes an array literal for any element type: everything but numbers is quoted, bytes are hexadecimal. */
export function arrayLiteral(elements: readonly ArrayElement[]): string {
  return `{${elements.map(elementText).join(',')}}`
}

function elementText(element: ArrayElement): string {
  if (element === null) return 'NULL'
  if (typeof element === 'number') return String(element)
  if (typeof element === 'string') return `"${NEEDS_ESCAPE.test(element) ? element.replace(ESCAPED, '\\$&') : element}"`
  return `"\\\\x${element.toString('hex')}"`
}
