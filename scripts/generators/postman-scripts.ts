// The scripts that run inside Postman: what comes before every request, and what every answer is checked for. Plain
// JavaScript of Postman's sandbox; it knows nothing of our code.
import type { Json } from './postman-schemas.ts'
import { type Check, check, equals, quoted, type Step } from './postman-steps.ts'

const PREAMBLE = [
  'const saved = (name) => pm.collectionVariables.get(name)',
  'const save = (name, value) => pm.collectionVariables.set(name, value)',
]

/** Money is added as whole numbers of 10^-18: doubles would lose digits. */
const ARITHMETIC = [
  'const units = (text) => {',
  "  const [whole, fraction = ''] = String(text).split('.')",
  "  return BigInt(whole + fraction.padEnd(18, '0'))",
  '}',
  'const decimal = (value) => {',
  "  const digits = String(value < 0 ? -value : value).padStart(19, '0')",
  "  const text = `${digits.slice(0, -18)}.${digits.slice(-18)}`.replace(/\\.?0+$/, '')",
  '  return value < 0 ? `-${text}` : text',
  '}',
  'const sum = (...amounts) => decimal(amounts.map(units).reduce((left, right) => left + right))',
  'const difference = (left, right) => decimal(units(left) - units(right))',
]

const DIGITS = ['const digitsOf = (member) => (pm.response.text().match(`"${member}":(-?[0-9.]+)`) || [])[1]']

/** Runs before every request of the collection: who is calling. */
export const CREDENTIALS = [
  "// Sent only when they are set: 'token' as a bearer token, 'apiKey' as a service's key.",
  "const token = pm.variables.get('token')",
  "const apiKey = pm.variables.get('apiKey')",
  "if (token) pm.request.headers.upsert({ key: 'Authorization', value: `Bearer ${token}` })",
  "if (apiKey) pm.request.headers.upsert({ key: 'X-API-Key', value: apiKey })",
]

/** Runs before the first wallet is opened: users and keys that no earlier run has used. */
export const NEW_RUN = [
  "const run = pm.variables.replaceIn('{{$guid}}')",
  "save('run', run)",
  "save('userId', pm.variables.get('givenUserId') || `postman-a-${run}`)",
  "save('otherUserId', pm.variables.get('givenOtherUserId') || `postman-b-${run}`)",
  "save('organizationId', `postman-${run}`)",
]

/** What the script of an answer needs to know beyond the step. */
export interface ExpectedAnswer {
  readonly contentType: string
  /** The answer's schema; `null` where it is text. */
  readonly schema: Json
}

/** The lines that run before one request; none if there is nothing to do. */
export function preparationOf(step: Step): readonly string[] {
  if (step.before === undefined) return []
  return [...PREAMBLE, ...arithmeticFor(step.before), ...step.before]
}

/** The lines that check one answer and save what later steps need. */
export function testOf(step: Step, expected: ExpectedAnswer): readonly string[] {
  const own = (step.checks ?? []).flatMap(testLines)
  const saves = Object.entries(step.saves ?? {}).map(([name, value]) => `save('${name}', ${value})`)
  const text = [...own, ...saves]
  return [
    ...PREAMBLE,
    ...(expected.schema === null ? [] : ['const body = pm.response.json()']),
    ...arithmeticFor(text),
    ...(text.some((line) => line.includes('digitsOf(')) ? DIGITS : []),
    '',
    ...commonChecks(step, expected).flatMap(testLines),
    ...text,
  ]
}

function commonChecks(step: Step, { contentType, schema }: ExpectedAnswer): readonly Check[] {
  const checks = [
    check(`status is ${step.status}`, `pm.response.to.have.status(${step.status})`),
    check(
      `it is ${contentType}`,
      `pm.expect(pm.response.headers.get('Content-Type').split(';')[0]).to.eql(${quoted(contentType)})`,
    ),
    check(
      'it has a request id',
      "pm.expect(pm.response.headers.get('X-Request-Id')).to.match(/^[A-Za-z0-9._-]{8,64}$/)",
    ),
  ]
  if (schema !== null) checks.push(schemaCheck(schema))
  if (step.code !== undefined) checks.push(refusalCheck(step.status, step.code))
  if (step.query?.['dry_run'] === undefined) {
    checks.push(check('it is not a dry run', "pm.response.to.not.have.header('Dry-Run')"))
  }
  return checks
}

function schemaCheck(schema: Json): Check {
  return check(
    'it has the members and types of openapi.yaml',
    `const schema = ${JSON.stringify(schema)}`,
    "schema.definitions = JSON.parse(saved('schemas'))",
    'pm.response.to.have.jsonSchema(schema)',
  )
}

function refusalCheck(status: number, code: string): Check {
  return check(
    `it is refused as ${code}`,
    equals('body.code', quoted(code)),
    equals('body.status', String(status)),
    equals('body.success', 'false'),
    equals('body.message', 'body.detail'),
    equals('body.request_id', "pm.response.headers.get('X-Request-Id')"),
  )
}

function testLines({ title, lines }: Check): readonly string[] {
  return [`pm.test(${quoted(title)}, () => {`, ...lines.map((line) => `  ${line}`), '})']
}

function arithmeticFor(lines: readonly string[]): readonly string[] {
  return lines.some((line) => /\b(?:sum|difference|units)\(/.test(line)) ? ARITHMETIC : []
}
