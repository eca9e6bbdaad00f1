// What a step of the Postman collection is, and the checks that several steps share. The steps themselves stand in
// postman-flow-*.ts; what every request is checked for stands in postman-scripts.ts.
import type { Json } from './postman-schemas.ts'

/** One thing that is asserted of an answer, in JavaScript that runs inside Postman. */
export interface Check {
  readonly title: string
  readonly lines: readonly string[]
}

/** One request of the collection: what is sent, what must come back, and what later steps need of it. */
export interface Step {
  readonly name: string
  /** Method and path template as in openapi.yaml; a route that is not there is `outside` of it. */
  readonly route: string
  readonly outside?: true
  /** Left out, instead of refused, while openapi.yaml does not have the route. */
  readonly optional?: true
  readonly about: string
  /** Values of the path's parameters, where they are not the usual variables. */
  readonly path?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  /** The `Idempotency-Key`; made different for each run. */
  readonly key?: string
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: Json
  readonly contentType?: string
  readonly status: number
  /** The code of the refusal that must come back. */
  readonly code?: string
  /** Lines that run before the request is sent. */
  readonly before?: readonly string[]
  readonly checks?: readonly Check[]
  /** Variables for later steps, each with the expression that gives its value. */
  readonly saves?: Readonly<Record<string, string>>
}

/** A folder of the collection, run from the first step to the last. */
export interface Folder {
  readonly name: string
  readonly about: string
  readonly steps: readonly Step[]
}

/** A wallet of the run; its balance is carried from step to step. */
export type RunWallet = 'A' | 'B'

/** A well-formed id that nothing has. */
export const UNKNOWN_ID = '00000000-0000-7000-8000-000000000000'

export function check(title: string, ...lines: readonly string[]): Check {
  return { title, lines }
}

/** An expression has exactly this value, written as a JavaScript expression. */
export function equals(expression: string, expected: string): string {
  return `pm.expect(${expression}).to.eql(${expected})`
}

/** A row moved the wallet's balance from what it was to exactly what it must be. */
export function moved(
  wallet: RunWallet,
  direction: 'in' | 'out',
  amount: string,
  row = 'body.data.transaction',
): Check {
  const after = `${direction === 'in' ? 'sum' : 'difference'}(saved('balance${wallet}'), ${amount})`
  return check(
    `wallet ${wallet}: exactly what it had, ${direction === 'in' ? 'plus' : 'minus'} the amount`,
    equals(`${row}.wallet_id`, `saved('wallet${wallet}')`),
    equals(`${row}.amount`, amount),
    equals(`${row}.balance_before`, `saved('balance${wallet}')`),
    equals(`${row}.balance_after`, after),
  )
}

/** The envelope of a movement says the same as its row. */
export function envelope(wallet: RunWallet, message: string, row = 'body.data.transaction'): Check {
  return check(
    'the envelope agrees with the row',
    equals('body.message', message),
    equals('body.wallet_id', `saved('wallet${wallet}')`),
    equals('body.transaction_id', `${row}.transaction_id`),
  )
}

/** The balance that an answer shows is the new one. */
export const SHOWS_BALANCE_AFTER = check(
  'the balance shown is the one after the row',
  equals('body.balance', 'body.data.transaction.balance_after'),
)

/** What a row of wallet A leaves for the steps after it. */
export const SAVES_BALANCE_A = {
  balanceA: 'body.data.transaction.balance_after',
  rowsA: 'body.data.transaction.sequence',
}

export const IS_REPLAYED = check(
  'says that this is the first answer again',
  "pm.response.to.have.header('Idempotency-Replayed', 'true')",
)

export const IS_NOT_REPLAYED = check(
  'was done now, not before',
  "pm.response.to.not.have.header('Idempotency-Replayed')",
)

export const IS_DRY_RUN = check('says that nothing was written', "pm.response.to.have.header('Dry-Run', 'true')")

/** Validation names the fault: where it is and of what kind. */
export function fault(where: readonly string[], kind?: string): Check {
  const type = kind === undefined ? '' : ` && fault.type === ${quoted(kind)}`
  return check(
    `names the fault at ${where.join('.')}`,
    `const named = body.errors.filter((fault) => fault.loc.join('.') === ${quoted(where.join('.'))}${type})`,
    'pm.expect(named.length, JSON.stringify(body.errors)).to.be.at.least(1)',
  )
}

/** A number stands in the answer with exactly these digits, whatever a double would make of them. */
export function exactDigits(member: string, digits: string): string {
  return `pm.expect(digitsOf('${member}'), 'the digits of ${member}').to.eql(${digits})`
}

/** Text as a JavaScript literal. */
export function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
