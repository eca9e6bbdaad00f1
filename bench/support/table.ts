// Tables of plain text for the terminal, and the turn that stands in one for several.

/** Columns as wide as their widest cell; what looks like a figure, or like the lack of one, is set to the right. */
export function renderTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const isFigure = heads.map((_, column) => rows.every((row) => /^([\d.,%x]+|-)$/.test(row[column] ?? '')))
  const line = (cells: readonly string[]): string =>
    widths
      .map((width, column) => (isFigure[column] ? cells[column]?.padStart(width) : cells[column]?.padEnd(width)) ?? '')
      .join('  ')
      .trimEnd()
  return [line(heads), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n')
}

/** A figure with so many decimals, or a dash where it is not known. */
export function figure(value: number | null | undefined, decimals = 0): string {
  if (value === null || value === undefined) return '-'
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
}

/** The turn whose rate is in the middle, whole, so that its figures belong together; of an even number, the lower middle. */
export function medianTurn<Turn extends { readonly perSecond: number }>(turns: readonly Turn[]): Turn | undefined {
  return turns.toSorted((left, right) => left.perSecond - right.perSecond)[Math.floor((turns.length - 1) / 2)]
}

/** The value in the middle; of an even number of values, the mean of the two. */
export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((left, right) => left - right)
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.floor((sorted.length - 1) / 2)]
  return upper === undefined || lower === undefined ? null : (lower + upper) / 2
}
