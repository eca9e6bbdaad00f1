// Feeds every house rule of scripts/tidy-rules.ts a text that offends it and one that does not.
import { describe, expect, test } from 'vitest'
import { BANNED_WORDS, FILE_CAP_LINES, FUNCTION_CAP_LINES, type SourceFile, tidy } from '../../scripts/tidy-rules.ts'
import { anchorsOf, codeOnly, wordsOf } from '../../scripts/tidy-text.ts'

const HEADER = '// Sentences about what lives here.\n'
const README: SourceFile = { path: 'src/domain/README.md', text: '# Domain\n\nPure rules only.\n' }

const faultsOf = (path: string, text: string): string[] =>
  tidy([README, { path, text }]).map((fault) => `${fault.path}:${fault.line}: ${fault.problem}`)
const faultsOfCode = (code: string): string[] => faultsOf('src/domain/money.ts', HEADER + code)

const lines = (count: number, line: string): string => Array.from({ length: count }, () => line).join('\n')

describe('limits', () => {
  test('a file of the cap passes, one line more does not', () => {
    expect(faultsOfCode(lines(FILE_CAP_LINES - 1, 'f()'))).toEqual([])
    expect(faultsOfCode(lines(FILE_CAP_LINES, 'f()'))).toEqual(['src/domain/money.ts:401: 401 lines'])
  })

  test.each([
    ['a function', 'export function pay(amount: bigint): void {', '}'],
    ['an arrow function', 'export const pay = (amount: bigint): void => {', '}'],
    ['an arrow function wrapped in a call', 'const pay = (amount: bigint): void =>\n  inFolder(() => {', '  })'],
    ['a method', '  async pay(amount: bigint): Promise<void> {', '  }'],
    ['a function with its parameters on lines of their own', 'function pay({\n  amount,\n}: Request): void {', '}'],
  ])('%s', (_, start, end) => {
    const indent = end.replace(/\S.*/, '  ')
    const filled = start.split('\n').length + end.split('\n').length
    const exact = lines(FUNCTION_CAP_LINES - filled, `${indent}step()`)
    const after = lines(FUNCTION_CAP_LINES, 'step()')
    expect(faultsOfCode([start, exact, end, after].join('\n'))).toEqual([])
    expect(faultsOfCode([start, exact, `${indent}// why\n`, end].join('\n'))).toEqual([])
    expect(faultsOfCode([start, exact, `${indent}step()`, end].join('\n'))).toEqual([
      'src/domain/money.ts:2: a function of 71 lines',
    ])
  })

  test('a comment is wrapped, unless it holds a link', () => {
    expect(faultsOfCode(`// ${'w'.repeat(127)}`)).toEqual([])
    expect(faultsOfCode(`// ${'w'.repeat(128)}`)).toEqual(['src/domain/money.ts:2: a comment of 131 columns'])
    expect(faultsOfCode(`// https://example.org/${'w'.repeat(128)}`)).toEqual([])
  })
})

describe('headers and folders', () => {
  test.each([
    ['src/domain/money.ts', 'export const one = 1\n', 1],
    ['migrations/0001_ledger.sql', 'CREATE TABLE wallets ();\n', 1],
    ['.ci/run', '#!/usr/bin/env bash\nset -e\n', 2],
    ['scripts/one.ts', '// money\n', 1],
  ])('%s without a sentence at its head', (path, text, line) => {
    expect(faultsOf(path, text)).toEqual([`${path}:${line}: no header comment`])
  })

  test.each([
    ['src/domain/money.ts', '/**\n * Sentences about what lives here.\n */\n'],
    ['migrations/0001_ledger.sql', '-- Sentences about what lives here.\n'],
    ['.ci/run', '#!/usr/bin/env bash\n# Sentences about what lives here.\n'],
  ])('%s with one', (path, text) => {
    expect(faultsOf(path, text)).toEqual([])
  })

  test('a folder of src/ without a README, with an empty one, with one, and named by its parent', () => {
    const code = { path: 'src/http/routes/wallets.ts', text: HEADER }
    const faults = (text: string | undefined, path = 'src/http/routes/README.md'): number =>
      tidy(text === undefined ? [code] : [code, { path, text }]).length
    expect([faults(undefined), faults('# Routes\n'), faults('# Routes\n\nOne file per noun.\n')]).toEqual([1, 1, 0])
    expect(faults('`routes/`: one file per noun.\n', 'src/http/README.md')).toBe(0)
  })
})

describe('names', () => {
  test.each([...BANNED_WORDS])('%s: say %s', (banned, instead) => {
    const [fault] = tidy([README, { path: 'src/domain/money.ts', text: `${HEADER}\nconst ${banned} = 1` }])
    expect(fault).toEqual({ path: 'src/domain/money.ts', line: 3, problem: `"${banned}"`, remedy: `say ${instead}` })
  })

  test('inside longer names, of files, and in SQL', () => {
    expect(faultsOfCode('const walletAcctTotal = { txId: 1, MAX_AMT: 2 }')).toHaveLength(3)
    expect(faultsOf('src/domain/money-utils.ts', HEADER)).toEqual([
      'src/domain/money-utils.ts:1: file name says "utils"',
    ])
    expect(
      faultsOf('migrations/0002_x.sql', '-- Sentences about what lives here.\nCREATE TABLE t (tx_id uuid)'),
    ).toEqual(['migrations/0002_x.sql:2: "tx_id"'])
  })

  test('not in prose, not in words that merely contain one', () => {
    expect(faultsOfCode("// the txn of an acct\nconst balance = 'amt' + `utils`\nconst tx = utilization")).toEqual([])
    expect(faultsOf('migrations/0002_x.sql', "-- About the txn of an acct.\nSELECT 'tx_id'")).toEqual([])
  })
})

describe('what must not be left behind', () => {
  test.each(['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'])('%s', (mark) => {
    expect(faultsOfCode(`// ${mark}: later`)).toEqual([`src/domain/money.ts:2: "${mark}" left behind`])
    expect(faultsOf('compose.yaml', `# ${mark}`)).toHaveLength(1)
    expect(faultsOfCode(`const x${mark}x = 1`)).toEqual([])
  })

  test.each(['.skip(', '.only(', '.todo(', '.skip.each(', '.only`'])('test%s', (call) => {
    expect(faultsOf('test/unit/money.test.ts', `${HEADER}test${call}'a', () => 1)`)).toHaveLength(1)
    expect(faultsOf('src/domain/money.ts', `${HEADER}rows${call}1)`)).toEqual([])
  })

  test.each([
    'value as any',
    '// @ts-ignore',
    '// @ts-expect-error',
    '// oxlint-disable-next-line',
    '/* eslint-disable */',
  ])('%s in src', (escape) => {
    expect(faultsOfCode(escape)).toHaveLength(1)
    expect(faultsOf('test/unit/money.ts', HEADER + escape)).toEqual([])
  })

  test.each([
    "import { env } from 'node:process'",
    "import process from 'process'",
    'globalThis.process.env.PORT',
    'const { env } = process',
  ])('%s outside config.ts', (way) => {
    expect(faultsOfCode(way)).toHaveLength(1)
    expect(faultsOf('src/config.ts', HEADER + way)).toEqual([])
  })

  test.each([
    '/wo' + 'rk/main/src',
    '/ro' + 'ot/.npmrc',
    '/Us' + 'ers/me',
    'registry' + '.npmjs.org',
    '_auth' + 'Token',
  ])('%s', (name) => {
    expect(faultsOf('README.md', `Look at "${name}".`)).toHaveLength(1)
    expect(faultsOf('openapi.yaml', `url: ${name}`)).toHaveLength(1)
  })

  test('a path that only looks like one of a machine', () => {
    expect(
      faultsOf('README.md', 'src/work/main, ./root/x, /api/v1/users/1, /workers/x, https://example.org/work/x'),
    ).toEqual([])
  })
})

describe('package files', () => {
  test.each(['^1.2.3', '~1.2.3', '*', '>=1.0.0', 'latest'])('a dependency at %s', (version) => {
    const text = `{\n  "engines": { "node": ">=24" },\n  "dependencies": {\n    "pg": "${version}"\n  }\n}\n`
    expect(faultsOf('package.json', text)).toEqual([`package.json:4: "pg": "${version}" is a range`])
    expect(faultsOf('package.json', text.replace(version, '8.23.1'))).toEqual([])
  })

  test('a lock file bound to one registry', () => {
    expect(faultsOf('package-lock.json', '{\n  "resolved": "https://example.org/pg.tgz"\n}')).toHaveLength(1)
    expect(faultsOf('package-lock.json', '{\n  "integrity": "sha512-x"\n}')).toEqual([])
  })
})

describe('links', () => {
  const page = (text: string): string[] =>
    tidy([
      { path: 'docs/adr/0001.md', text },
      { path: 'README.md', text: '# Wallets\n\n## Run it, now\n\n## Run it, now\n' },
    ]).map((fault) => fault.problem)

  test.each([
    '../../README.md',
    '../../README.md#run-it-now',
    '../../README.md#run-it-now-1',
    '../',
    'https://example.org',
    '#here',
  ])('%s leads somewhere', (target) => {
    expect(page(`# Here\n\n[x](${target})`)).toEqual([])
  })

  test.each([
    ['../gone.md', 'dead link ../gone.md'],
    ['../../README.md#gone', 'no heading for ../../README.md#gone'],
    ['#gone', 'no heading for #gone'],
  ])('%s leads nowhere', (target, problem) => {
    expect(page(`# Here\n\n[x](${target})`)).toEqual([problem])
    expect(page(`# Here\n\n[x]: ${target}`)).toEqual([problem])
    expect(page(`# Here\n\n\`[x](${target})\`\n\n\`\`\`\n[x](${target})\n\`\`\`\n`)).toEqual([])
  })

  test('a page that a comment names', () => {
    expect(faultsOfCode('// See GONE.md.')).toEqual(['src/domain/money.ts:2: names GONE.md, which does not exist'])
    expect(faultsOfCode('// See src/domain/README.md, or ./README.md.')).toEqual([])
  })
})

describe('reading text', () => {
  test('code without strings, comments and templates, line for line', () => {
    const code = "a(\"txn\") // txn\n/* txn\n */ b(`txn ${c} txn`)\nd('it\\'s')"
    expect(codeOnly(code).replace(/ +/g, ' ').split('\n')).toEqual(['a( ) ', ' ', ' b( c )', 'd( )'])
    expect(codeOnly(code)).toHaveLength(code.length)
  })

  test.each([
    ['toWalletId', 'to wallet id'],
    ['HTTPStatus', 'http status'],
    ['MAX_AMOUNT', 'max amount'],
    ['money-rules.test.ts', 'money rules test ts'],
  ])('the words of %s', (name, words) => {
    expect(wordsOf(name).join(' ')).toBe(words)
  })

  test('the anchors of a page', () => {
    expect([...anchorsOf('# One `two`, [three](x.md)\n```\n# no\n```\n## §2 four')]).toEqual([
      'one-two-three',
      '2-four',
    ])
  })
})
