// The project's house rules as pure functions of {path, text}: limits, names, marks left behind, dead links, exact
// versions. What a linter or the compiler can say stands in .oxlintrc.json and tsconfig.json instead.
import { posix } from 'node:path'
import { anchorsOf, codeOnly, lineAt, proseOnly, sqlOnly, wordsOf } from './tidy-text.ts'

export type SourceFile = { path: string; text: string }
export type Fault = { path: string; line: number; problem: string; remedy: string }
type FileRule = (file: SourceFile) => Fault[]
type TreeRule = (files: readonly SourceFile[]) => Fault[]

export const FILE_CAP_LINES = 400
export const FUNCTION_CAP_LINES = 70
const COMMENT_CAP_COLUMNS = 130

/** Left: what we do not write. Right: what we write instead. Compared with every word, and pair of words, of a name. */
export const BANNED_WORDS: ReadonlyMap<string, string> = new Map([
  ['acct', 'account'],
  ['amt', 'amount'],
  ['bal', 'balance'],
  ['txn', 'transaction'],
  ['txns', 'transactions'],
  ['tx_id', 'transaction_id'],
  ['tx_ids', 'transaction_ids'],
  ['tx_type', 'transaction_type'],
  ['qty', 'quantity'],
  ['cnt', 'count'],
  ['usr', 'user'],
  ['org', 'organization'],
  ['curr', 'currency, or current'],
  ['idem', 'idempotency'],
  ['util', 'the noun it works on'],
  ['utils', 'the noun they work on'],
  ['helper', 'the noun it works on'],
  ['helpers', 'the noun they work on'],
  ['misc', 'the noun it works on'],
  ['manager', 'what it does: store, queue, loop, client'],
  ['mgr', 'what it does: store, queue, loop, client'],
])

const isCode = (path: string): boolean => /\.(ts|js|mjs|cjs|lua|sql|sh)$/.test(path) || path === '.ci/run'
const isScript = (path: string): boolean => /\.(ts|js|mjs|cjs)$/.test(path)
const isSql = (path: string): boolean => path.endsWith('.sql')
const isTest = (path: string): boolean => path.startsWith('test/')
const isMarkdown = (path: string): boolean => path.endsWith('.md')
/** Written by a program; `npm run check:generated` watches over these. */
const isGenerated = (path: string): boolean =>
  /^(openapi\.yaml|package-lock\.json|docs\/schema\.sql|postman\/|src\/sdk\/(api-types|operations)\.ts$)|\.snap$|^test\/contract\/.*\.sql$/.test(
    path,
  )

/** A fault for every match of `pattern` in `text`, which may be the file's text or a blanked copy of it. */
function faultsAt(path: string, text: string, pattern: RegExp, describe: (match: string) => [string, string]): Fault[] {
  return [...text.matchAll(pattern)].map((match) => {
    const [problem, remedy] = describe(match[0].trim())
    return { path, line: lineAt(text, match.index + match[0].search(/\S/)), problem, remedy }
  })
}

const fileCap: FileRule = ({ path, text }) => {
  const lines = text.trimEnd().split('\n').length
  if (!isCode(path) || lines <= FILE_CAP_LINES) return []
  return [
    { path, line: FILE_CAP_LINES + 1, problem: `${lines} lines`, remedy: `split it: ${FILE_CAP_LINES} is the cap` },
  ]
}

const FUNCTION_START =
  /^( *)(?:export )?(?:(?:(?:async )?function\b|(?:const|let) [\w$]+.*=>|(?:const|let) [\w$]+ = (?:async )?\()|(?!(?:if|for|while|switch|catch|return|await|throw|new|do|else|try)\b)(?:(?:private|public|protected|static|override|async|get|set) )*\*?#?[\w$]+(?:<.*>)?\([^;]*(?:\{|\($)$)/

/** Relies on the formatter: a function goes on while lines are indented deeper, or close its list of parameters. */
const functionCap: FileRule = ({ path, text }) => {
  if (!isScript(path) || isTest(path)) return []
  const lines = codeOnly(text).split('\n')
  return lines.flatMap((line, start): Fault[] => {
    const indent = FUNCTION_START.exec(line)?.[1]?.length
    if (indent === undefined) return []
    const goesOn = (other: string): boolean =>
      other.trim() === '' || other.search(/\S/) > indent || /^ *[)\]}].*[{(>]$/.test(other)
    const rest = lines.slice(start + 1)
    const end = rest.findIndex((other) => !goesOn(other))
    const closes = /^ *[)\]}]/.test(rest[end] ?? '')
    const body = end === -1 ? rest : rest.slice(0, closes ? end + 1 : end)
    const filled = 1 + body.filter((other) => other.trim() !== '').length
    if (filled <= FUNCTION_CAP_LINES) return []
    const remedy = `${FUNCTION_CAP_LINES} is the cap: give a step its own name`
    return [{ path, line: start + 1, problem: `a function of ${filled} lines`, remedy }]
  })
}

const header: FileRule = ({ path, text }) => {
  if (!isCode(path)) return []
  const lines = text.split('\n')
  const first = lines[0]?.startsWith('#!') ? 1 : 0
  const [, words = ''] = /^(?:\/\/|\/\*\*?|--|#) ?(.*)$/.exec(lines[first] ?? '') ?? []
  const prose = words === '' ? (lines[first + 1] ?? '') : words
  if (prose.split(/\s+/).length >= 4) return []
  const remedy = 'begin with one or two sentences of what lives here and what does not'
  return [{ path, line: first + 1, problem: 'no header comment', remedy }]
}

const commentWidth: FileRule = ({ path, text }) =>
  isScript(path)
    ? faultsAt(path, text, new RegExp(`^ *(?://|/?\\*).{${COMMENT_CAP_COLUMNS - 1},}$`, 'gm'), (comment) => [
        `a comment of ${comment.length} columns`,
        `wrap it at ${COMMENT_CAP_COLUMNS}`,
      ]).filter((fault) => !/https?:\/\//.test(text.split('\n')[fault.line - 1] ?? ''))
    : []

/** The banned word in a name, and what to write instead. A pair counts only side by side: `tx` may be a handle. */
function bannedIn(name: string): [string, string] | undefined {
  const words = wordsOf(name)
  const pairs = words.slice(1).map((second, index) => `${words[index] ?? ''}_${second}`)
  const found = [...words, ...pairs].find((candidate) => BANNED_WORDS.has(candidate))
  return found === undefined ? undefined : [found, BANNED_WORDS.get(found) ?? '']
}

const bannedWords: FileRule = ({ path, text }) => {
  const inPath = path.split('/').flatMap((segment): Fault[] => {
    const banned = bannedIn(segment)
    return banned === undefined
      ? []
      : [{ path, line: 1, problem: `file name says "${banned[0]}"`, remedy: `say ${banned[1]}` }]
  })
  if (!isScript(path) && !isSql(path)) return inPath
  const code = isSql(path) ? sqlOnly(text) : codeOnly(text)
  const inCode = [...code.matchAll(/[A-Za-z_$][\w$]*/g)].flatMap((match): Fault[] => {
    const banned = bannedIn(match[0])
    if (banned === undefined) return []
    return [{ path, line: lineAt(code, match.index), problem: `"${match[0]}"`, remedy: `say ${banned[1]}` }]
  })
  return [...inPath, ...inCode]
}

// Spelled in halves, so that this file does not find itself.
const MARKS = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`, 'g')

const marksLeftBehind: FileRule = ({ path, text }) =>
  isCode(path) || /\.(ya?ml|json)$|Dockerfile$/.test(path)
    ? faultsAt(path, text, MARKS, (mark) => [`"${mark}" left behind`, 'do it, or open an issue and say why in an ADR'])
    : []

const switchedOffTests: FileRule = ({ path, text }) =>
  isTest(path) && isScript(path)
    ? faultsAt(path, codeOnly(text), /\.(?:skip|only|todo)(?![\w$])/g, (call) => [
        `"${call}" switches tests off`,
        'every committed test runs: mend it or delete it',
      ])
    : []

const ESCAPES = /\bas any\b|@ts-(?:ignore|nocheck|expect-error)|(?:oxlint|eslint)-disable|oxfmt-ignore|prettier-ignore/g

const escapes: FileRule = ({ path, text }) =>
  path.startsWith('src/')
    ? faultsAt(path, text, ESCAPES, (escape) => [
        `"${escape}" silences a gate`,
        'mend the cause; in src/ no gate is off',
      ])
    : []

/** Ways to the environment that the linter's `no-process-env` does not see. */
const HIDDEN_ENVIRONMENT =
  /from ['"](?:node:)?process['"]|globalThis\.process|\benv\b[^}\n]*\} = process\b|process\['env'\]/g

const hiddenEnvironment: FileRule = ({ path, text }) =>
  path.startsWith('src/') && path !== 'src/config.ts'
    ? faultsAt(path, text, HIDDEN_ENVIRONMENT, (way) => [
        `"${way}" reaches the environment`,
        'only src/config.ts reads it',
      ])
    : []

// A machine's own folders and registries; spelled so that this file does not find itself.
const MACHINE = /(?<![\w.~-])\/(?:work|root|Users)\/[\w.]|\bregistry\.[a-z]+\.[a-z]+|_auth[T]oken/g

const machineNames: FileRule = ({ path, text }) =>
  faultsAt(path, text, MACHINE, (name) => [`"${name}" belongs to one machine`, 'use a relative path, or leave it out'])

const exactVersions: FileRule = ({ path, text }) =>
  path === 'package.json'
    ? faultsAt(path, text, /"[^"\n]+": "(?:[\^~>=<*]|latest|npm:[^"]*@[\^~])[^"\n]*"(?=[^{}]*\})/g, (entry) => [
        `${entry} is a range`,
        'pin the exact version: npm install --save-exact',
      ]).filter((fault) => !fault.problem.startsWith('"node"'))
    : []

const portableLock: FileRule = ({ path, text }) =>
  path === 'package-lock.json'
    ? faultsAt(path, text, /"resolved": "https?:/g, () => [
        'a resolved URL ties the lock file to one registry',
        'npm install --omit-lockfile-registry-resolved',
      ]).slice(0, 1)
    : []

/** Every folder of src/ has a README.md, or its parent's README names it as `folder/`. */
const folderReadmes: TreeRule = (files) => {
  const texts = new Map(files.map(({ path, text }) => [path, text]))
  const folders = new Set(files.filter(({ path }) => /^src\/.+\//.test(path)).map(({ path }) => posix.dirname(path)))
  return [...folders].toSorted().flatMap((folder): Fault[] => {
    const path = `${folder}/README.md`
    const own = texts.get(path)
    const parent = texts.get(`${posix.dirname(folder)}/README.md`) ?? ''
    if (own === undefined && parent.includes(`${posix.basename(folder)}/`)) return []
    const prose = (own ?? '').split('\n').some((line) => line.trim() !== '' && !line.startsWith('#'))
    return prose
      ? []
      : [{ path, line: 1, problem: 'missing or empty', remedy: 'say in a line what may live in this folder' }]
  })
}

/** Relative links of the pages, with their anchors. */
const deadLinks: TreeRule = (files) => {
  const texts = new Map(files.map(({ path, text }) => [path, text]))
  const exists = (path: string): boolean => texts.has(path) || files.some((file) => file.path.startsWith(`${path}/`))
  return files
    .filter(({ path }) => isMarkdown(path))
    .flatMap(({ path, text }) => {
      const prose = proseOnly(text)
      return [...prose.matchAll(/\]\(<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]: +(\S+)/gm)].flatMap((match): Fault[] => {
        const target = match[1] ?? match[2] ?? ''
        if (/^[a-z][a-z+.-]*:|^\/\//i.test(target)) return []
        const [file = '', anchor = ''] = target.split('#')
        const goal = file === '' ? path : posix.join(posix.dirname(path), decodeURIComponent(file)).replace(/\/$/, '')
        const dead = goal !== '.' && !exists(goal)
        const lost = !dead && anchor !== '' && isMarkdown(goal) && !anchorsOf(texts.get(goal) ?? '').has(anchor)
        if (!dead && !lost) return []
        const problem = dead ? `dead link ${target}` : `no heading for ${target}`
        return [{ path, line: lineAt(prose, match.index), problem, remedy: 'point it at what exists' }]
      })
    })
}

/** A page that a comment names must be in the repository: a reader will look for it. */
const namedPages: TreeRule = (files) => {
  const pages = files.filter(({ path }) => isMarkdown(path)).map(({ path }) => `/${path}`)
  const isKnown = (page: string): boolean =>
    pages.some((path) => path.endsWith(`/${page.replace(/^(?:\.{1,2}\/)+/, '')}`))
  const named = files.filter(({ path }) => isCode(path) && !isGenerated(path) && !isTest(path))
  return named.flatMap(({ path, text }) =>
    [...text.matchAll(/(?<=(?:\/\/|\*|--|#) .*)[\w./-]+\.md\b/g)].flatMap((match): Fault[] => {
      if (isKnown(match[0])) return []
      const problem = `names ${match[0]}, which does not exist`
      return [
        { path, line: lineAt(text, match.index), problem, remedy: 'name a page of this repository, or say it here' },
      ]
    }),
  )
}

const FILE_RULES: readonly FileRule[] = [
  fileCap,
  functionCap,
  header,
  commentWidth,
  bannedWords,
  marksLeftBehind,
  switchedOffTests,
  escapes,
  hiddenEnvironment,
  machineNames,
  exactVersions,
]
const TREE_RULES: readonly TreeRule[] = [folderReadmes, deadLinks, namedPages]

/** Every fault of a tree of files, in the order of path and line. */
export function tidy(files: readonly SourceFile[]): Fault[] {
  const hand = files.filter(({ path }) => !isGenerated(path))
  const lock = files.filter(({ path }) => path === 'package-lock.json')
  const faults = [
    ...FILE_RULES.flatMap((rule) => hand.flatMap((file) => rule(file))),
    ...lock.flatMap((file) => portableLock(file)),
    ...files
      .filter(({ path }) => isGenerated(path) && path !== 'package-lock.json')
      .flatMap((file) => machineNames(file)),
    ...TREE_RULES.flatMap((rule) => rule(files)),
  ]
  return faults.toSorted((left, right) => left.path.localeCompare(right.path, 'en') || left.line - right.line)
}
