// Text and bars as SVG, with colours that follow the page's scheme. Knows nothing of what is drawn.

/** A piece of SVG. */
export type Shape = string

type TextLook = 'title' | 'heading' | 'plain' | 'muted'
type BarLook = 'own' | 'rival' | 'target'

/** The second colour is that for dark pages. Every pair keeps a contrast of 4.5 to a white and to a black page. */
const COLOURS = {
  ink: ['#1f2328', '#f0f6fc'],
  muted: ['#59636e', '#9198a1'],
  own: ['#0969da', '#4493f8'],
  rival: ['#818b98', '#656c76'],
  target: ['#bc4c00', '#f0883e'],
} as const

/** The whole picture. */
export function document(
  picture: { readonly width: number; readonly height: number; readonly title: string },
  shapes: readonly Shape[],
): string {
  const { width, height, title } = picture
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-12 0 ${width + 24} ${height}" role="img" aria-label="${escaped(title)}">`,
    `<title>${escaped(title)}</title>`,
    `<style>${styles(0)} @media (prefers-color-scheme: dark) { ${styles(1)} }</style>`,
    ...shapes,
    '</svg>',
  ].join('\n')}\n`
}

function styles(scheme: 0 | 1): string {
  const rules = [
    `text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: ${COLOURS.ink[scheme]} }`,
    `.title { font-size: 16px; font-weight: 600 } .heading { font-weight: 600 } .muted { fill: ${COLOURS.muted[scheme]}; font-size: 12px }`,
    ...(['own', 'rival', 'target'] as const).map((look) => `.${look} { fill: ${COLOURS[look][scheme]} }`),
  ]
  return rules.join(' ')
}

/** A line of text; `y` is its base line. */
export function text(line: {
  readonly x: number
  readonly y: number
  readonly words: string
  readonly look?: TextLook
  readonly anchor?: 'start' | 'end'
}): Shape {
  const { x, y, words, look = 'plain', anchor = 'start' } = line
  const attributes = [look === 'plain' ? '' : ` class="${look}"`, anchor === 'start' ? '' : ' text-anchor="end"']
  return `<text x="${place(x)}" y="${place(y)}"${attributes.join('')}>${escaped(words)}</text>`
}

/** A filled rectangle. */
export function bar(rectangle: {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly look: BarLook
}): Shape {
  const { x, y, width, height, look } = rectangle
  const [left, top] = [place(x), place(y)]
  return `<rect class="${look}" x="${left}" y="${top}" width="${place(width)}" height="${place(height)}"/>`
}

function place(value: number): string {
  return String(Math.round(value * 10) / 10)
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
