// The README's table of settings: every environment variable with what it means and what it may be, as `--help` knows them.
import { VARIABLES } from '../../src/environment.ts'

const TABLE = /<!-- settings -->[\s\S]*?<!-- \/settings -->/

/** The README with the table as the variables are now, in the formatter's own layout. */
export function withSettings(readme: string): string {
  if (!TABLE.test(readme)) throw new Error('README.md has no <!-- settings --> ... <!-- /settings --> to write between')
  return readme.replace(TABLE, () => `<!-- settings -->\n\n${table()}\n\n<!-- /settings -->`)
}

function table(): string {
  const rows = Object.entries(VARIABLES).map(([name, { meaning, expected }]) => [`\`${name}\``, meaning, expected])
  const head = ['Variable', 'Meaning (default)', 'Accepts']
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)))
  const line = (cells: readonly string[], fill: string): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill)).join(' | ')} |`
  const bar = line(['', '', ''], '-')
  return [line(head, ' '), bar, ...rows.map((row) => line(row, ' '))].join('\n')
}
