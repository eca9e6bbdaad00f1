// The folder Holds of the collection: money set aside, taken in parts, given back, and what is refused meanwhile.
import {
  check,
  equals,
  exactDigits,
  type Folder,
  IS_DRY_RUN,
  IS_NOT_REPLAYED,
  IS_REPLAYED,
  moved,
  SAVES_BALANCE_A,
  SHOWS_BALANCE_AFTER,
  type Step,
  UNKNOWN_ID,
} from './postman-steps.ts'

const PLACE = 'POST /api/v1/wallets/{wallet_id}/holds'
const CAPTURE = 'POST /api/v1/holds/{hold_id}/capture'
const HOLD = { amount: '25', expires_in_seconds: 3600, description: 'Scene 12', reference_id: 'job-7' }

/** A hold and its figures. */
const holdIs = (status: string, captured: string, remaining: string, hold = 'body.data.hold') =>
  check(
    `the hold is ${status}, ${captured} captured, ${remaining} left`,
    equals(`${hold}.hold_id`, "saved('holdId')"),
    equals(`${hold}.amount`, "'25'"),
    equals(`${hold}.status`, `'${status}'`),
    equals(`${hold}.captured_amount`, `'${captured}'`),
    equals(`${hold}.remaining_amount`, `'${remaining}'`),
  )

/** Wallet A has its balance, and so much of it is locked. */
const lockedIs = (name: string, locked: string): Step => ({
  name,
  route: 'GET /api/v1/wallets/{wallet_id}/balance',
  about: 'What is set aside is still in the wallet, and cannot be spent.',
  status: 200,
  checks: [
    check(
      `${locked} is locked`,
      exactDigits('locked_balance', `'${locked}'`),
      exactDigits('available_balance', `difference(saved('balanceA'), '${locked}')`),
      equals('body.balance', `difference(saved('balanceA'), '${locked}')`),
    ),
  ],
})

const PLACING: readonly Step[] = [
  {
    name: 'Hold 25 of wallet A',
    route: PLACE,
    about: 'Set aside at once; nothing has moved.',
    key: 'hold',
    body: HOLD,
    status: 201,
    checks: [
      IS_NOT_REPLAYED,
      check(
        'it is pending, and the balance is as it was',
        equals('body.message', "'Held 25 successfully'"),
        equals('body.balance', "saved('balanceA')"),
        equals('body.transaction_id', 'null'),
        equals('body.data.hold.wallet_id', "saved('walletA')"),
        equals('body.data.hold.status', "'pending'"),
        equals('body.data.hold.remaining_amount', "'25'"),
        equals('body.data.hold.reference_id', "'job-7'"),
      ),
      check(
        'it ends an hour from now',
        'const seconds = (Date.parse(body.data.hold.expires_at) - Date.parse(body.data.hold.created_at)) / 1000',
        equals('Math.round(seconds)', '3600'),
      ),
    ],
    saves: {
      holdId: 'body.data.hold.hold_id',
      holdAnswer: 'pm.response.text()',
      holdEnds: 'body.data.hold.expires_at',
    },
  },
  {
    name: 'Replay: the same hold again',
    route: PLACE,
    about: 'The first answer again; the money is set aside once.',
    key: 'hold',
    body: HOLD,
    status: 201,
    checks: [
      IS_REPLAYED,
      check('it is the first answer, byte for byte', equals('pm.response.text()', "saved('holdAnswer')")),
    ],
  },
  {
    name: 'Dry run: hold 5 more',
    route: PLACE,
    about: 'Nothing is set aside.',
    query: { dry_run: 'true' },
    body: { amount: '5' },
    status: 201,
    checks: [IS_DRY_RUN, check('it would be pending', equals('body.data.hold.status', "'pending'"))],
  },
  lockedIs('Balance while 25 is held', '25'),
  {
    name: 'Look the hold up',
    route: 'GET /api/v1/holds/{hold_id}',
    about: 'The hold itself, without an envelope.',
    status: 200,
    checks: [holdIs('pending', '0', '25', 'body')],
  },
  {
    name: 'Pending holds of wallet A',
    route: 'GET /api/v1/wallets/{wallet_id}/holds',
    about: 'Only the one.',
    query: { status: 'pending', limit: '10' },
    status: 200,
    checks: [
      check(
        'it is the only one',
        equals('body.count', '1'),
        equals('body.limit', '10'),
        equals('body.next_cursor', 'null'),
      ),
      holdIs('pending', '0', '25', 'body.holds[0]'),
    ],
  },
  {
    name: 'Refused: spend what is held',
    route: 'POST /api/v1/wallets/{wallet_id}/consume',
    about: 'The whole balance is there, but not available.',
    body: { amount: '{{balanceA}}' },
    status: 400,
    code: 'insufficient_balance',
    checks: [
      check(
        'what is held is missing',
        equals('body.available', "difference(saved('balanceA'), '25')"),
        equals('body.shortfall', "'25'"),
      ),
    ],
  },
  {
    name: 'Refused: hold more than is available',
    route: PLACE,
    about: 'Money is set aside once.',
    body: { amount: '{{balanceA}}' },
    status: 400,
    code: 'insufficient_balance',
    checks: [check('what is held is missing', equals('body.shortfall', "'25'"))],
  },
]

const ENDING: readonly Step[] = [
  {
    name: 'Capture 10 and keep the rest',
    route: CAPTURE,
    about: 'An ordinary consumption, out of what was set aside.',
    key: 'capture',
    body: { amount: '10', final: false, usage_record_id: '813' },
    status: 200,
    checks: [
      moved('A', 'out', "'10'"),
      SHOWS_BALANCE_AFTER,
      holdIs('pending', '10', '15'),
      check(
        'the row is a consumption',
        equals('body.message', "'Captured 10 successfully'"),
        equals('body.data.transaction.transaction_type', "'consume'"),
        equals('body.data.transaction.usage_record_id', "'813'"),
      ),
    ],
    saves: SAVES_BALANCE_A,
  },
  lockedIs('Balance while 15 is held', '15'),
  {
    name: 'Refused: capture more than is left',
    route: CAPTURE,
    about: 'A hold never gives more than it set aside.',
    body: { amount: '15.01' },
    status: 400,
    code: 'capture_exceeds_hold',
    checks: [check('it says what is left', equals('body.remaining', "'15'"), equals('body.shortfall', "'0.01'"))],
  },
  {
    name: 'Extend the hold by two hours',
    route: 'POST /api/v1/holds/{hold_id}/extend',
    about: 'Counted from now.',
    body: { expires_in_seconds: 7200 },
    status: 200,
    checks: [
      holdIs('pending', '10', '15'),
      check(
        'it ends later',
        "pm.expect(Date.parse(body.data.hold.expires_at)).to.be.above(Date.parse(saved('holdEnds')))",
      ),
    ],
  },
  {
    name: 'Capture 5 as a withdrawal, for good',
    route: CAPTURE,
    about: 'What is not captured is free again.',
    body: { amount: '5', transaction_type: 'withdraw' },
    status: 200,
    checks: [
      moved('A', 'out', "'5'"),
      SHOWS_BALANCE_AFTER,
      holdIs('captured', '15', '0'),
      check('the row is a withdrawal', equals('body.data.transaction.transaction_type', "'withdraw'")),
    ],
    saves: SAVES_BALANCE_A,
  },
  {
    name: 'Refused: capture it again',
    route: CAPTURE,
    about: 'A hold ends once.',
    status: 400,
    code: 'hold_not_pending',
    checks: [check('it says how it ended', equals('body.hold_status', "'captured'"))],
  },
  {
    name: 'Hold 3 more',
    route: PLACE,
    about: 'To be given back.',
    body: { amount: '3' },
    status: 201,
    checks: [check('it is pending', equals('body.data.hold.status', "'pending'"))],
    saves: { spareHold: 'body.data.hold.hold_id' },
  },
  {
    name: 'Void the second hold',
    route: 'POST /api/v1/holds/{hold_id}/void',
    about: 'All of it is free again.',
    path: { hold_id: '{{spareHold}}' },
    status: 200,
    checks: [
      check(
        'it is voided, and no money moved',
        equals('body.data.hold.hold_id', "saved('spareHold')"),
        equals('body.data.hold.status', "'voided'"),
        equals('body.data.hold.remaining_amount', "'0'"),
        equals('body.balance', "saved('balanceA')"),
      ),
    ],
  },
  lockedIs('Balance when nothing is held', '0'),
  {
    name: 'Refused: unknown hold',
    route: 'GET /api/v1/holds/{hold_id}',
    about: 'A well-formed id that nothing has.',
    path: { hold_id: UNKNOWN_ID },
    status: 404,
    code: 'hold_not_found',
  },
]

export const HOLDS: Folder = {
  name: 'Holds',
  about: 'Money of wallet A is set aside, taken in parts and given back.',
  steps: [...PLACING, ...ENDING],
}
