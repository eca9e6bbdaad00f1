// Reads source text for the tidy rules: code without its strings and comments, words of an identifier, headings of a
// page. Works on text alone, without a parser: the formatter has already made the layout regular.

/**
 * The same text, line for line, with the content of strings and comments blanked, so that a rule about names does not
 * trip over prose. Expressions inside template literals stay. A quote inside a regular expression blanks the rest of
 * its line: a fault can be missed there, none is made up.
 */
export function codeOnly(text: string): string {
  const code = /\/\/.*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'?|"(?:\\.|[^"\\\n])*"?|`/g
  let result = ''
  let position = 0
  for (let match = code.exec(text); match !== null; match = code.exec(text)) {
    result += text.slice(position, match.index)
    const end = match[0] === '`' ? endOfTemplate(text, match.index) : match.index + match[0].length
    const piece = text.slice(match.index, end)
    result += match[0] === '`' ? templateExpressions(piece) : blank(piece)
    position = end
    code.lastIndex = end
  }
  return result + text.slice(position)
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ')
}

function endOfTemplate(text: string, start: number): number {
  let depth = 0
  for (let index = start + 1; index < text.length; index++) {
    const character = text[index]
    if (character === '\\') index++
    else if (character === '$' && text[index + 1] === '{') depth++
    else if (character === '}' && depth > 0) depth--
    else if (character === '`' && depth === 0) return index + 1
  }
  return text.length
}

/** Keeps the `${...}` parts of a template literal, one level deep, and blanks the rest. */
function templateExpressions(template: string): string {
  let result = ''
  let position = 0
  for (const match of template.matchAll(/\$\{([^{}`]*)\}/g)) {
    result += `${blank(template.slice(position, match.index))}  ${match[1] ?? ''} `
    position = match.index + match[0].length
  }
  return result + blank(template.slice(position))
}

/** `-- comments` and `'text'` of SQL blanked, line for line. */
export function sqlOnly(text: string): string {
  return text.replace(/--.*|'(?:''|[^'])*'/g, blank)
}

/** `toWalletId`, `to_wallet_id`, `TO-WALLET-ID` → `['to', 'wallet', 'id']`. */
export function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word !== '')
}

/** Line number (from 1) of a position in a text. */
export function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length
}

/** A Markdown page with fenced blocks and inline code blanked, line for line. */
export function proseOnly(markdown: string): string {
  return markdown.replace(/^( *)(```|~~~)[\s\S]*?^\1\2/gm, blank).replace(/`[^`\n]*`/g, blank)
}

/** The `#anchors` that GitHub gives to the headings of a page. */
export function anchorsOf(markdown: string): Set<string> {
  const seen = new Map<string, number>()
  const anchors = new Set<string>()
  const withoutFences = markdown.replace(/^( *)(```|~~~)[\s\S]*?^\1\2/gm, blank)
  for (const [, heading = ''] of withoutFences.matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-')
    const count = seen.get(slug) ?? 0
    seen.set(slug, count + 1)
    anchors.add(count === 0 ? slug : `${slug}-${count}`)
  }
  return anchors
}
