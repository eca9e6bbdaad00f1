// The folder Transactions of the collection: money in, out, back and across, each balance reckoned from the one before it,
// and the refusals that protect it.
import type { Json } from './postman-schemas.ts'
import {
  check,
  envelope,
  equals,
  exactDigits,
  fault,
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

const DEPOSIT = 'POST /api/v1/wallets/{wallet_id}/deposit'
const CONSUME = 'POST /api/v1/wallets/{wallet_id}/consume'
const REFUND = 'POST /api/v1/transactions/{transaction_id}/refund'
const TRANSFER = 'POST /api/v1/wallets/{wallet_id}/transfer'

const KEYED_DEPOSIT = { amount: '7', reference_id: 'postman-keyed', metadata: { attempt: 'first' } }

/** Wallet A has what the steps before left, and not a digit more or less. */
const balanceIs = (name: string): Step => ({
  name,
  route: 'GET /api/v1/wallets/{wallet_id}/balance',
  about: 'The balance is what the steps before left, to the last digit.',
  status: 200,
  checks: [
    check(
      'nothing has changed',
      equals('body.balance', "saved('balanceA')"),
      exactDigits('available_balance', "saved('balanceA')"),
      exactDigits('locked_balance', "'0'"),
    ),
  ],
})

const MONEY_IN: readonly Step[] = [
  {
    name: 'Deposit 50.00000001 into wallet A',
    route: DEPOSIT,
    about: 'Eight decimals, none of them lost.',
    body: { amount: '50.00000001', reference_id: 'postman-deposit', metadata: { source: 'postman' } },
    status: 200,
    checks: [
      moved('A', 'in', "'50.00000001'"),
      envelope('A', "'Deposited 50.00000001 successfully'"),
      SHOWS_BALANCE_AFTER,
      check(
        'the row says what it was',
        equals('body.data.transaction.transaction_type', "'deposit'"),
        equals('body.data.transaction.description', "'Deposit: 50.00000001'"),
        equals('body.data.transaction.reference_id', "'postman-deposit'"),
        equals('body.data.transaction.metadata', "{ source: 'postman' }"),
        equals('body.data.transaction.sequence', '2'),
      ),
    ],
    saves: { ...SAVES_BALANCE_A, depositId: 'body.transaction_id' },
  },
  {
    name: 'Deposit a number: 0.1',
    route: DEPOSIT,
    about: 'A JSON number is read from its digits, never through a double.',
    body: { amount: 0.1 },
    status: 200,
    checks: [moved('A', 'in', "'0.1'"), envelope('A', "'Deposited 0.1 successfully'"), SHOWS_BALANCE_AFTER],
    saves: SAVES_BALANCE_A,
  },
  {
    name: 'Dry run: deposit 1000',
    route: DEPOSIT,
    about: 'Answers what would happen, and does nothing.',
    query: { dry_run: 'true' },
    body: { amount: '1000' },
    status: 200,
    checks: [IS_DRY_RUN, moved('A', 'in', "'1000'"), SHOWS_BALANCE_AFTER],
  },
  balanceIs('Balance after a dry run'),
  {
    name: 'Deposit 7 with a key',
    route: DEPOSIT,
    about: 'With an Idempotency-Key, so that a retry is safe.',
    key: 'deposit',
    body: KEYED_DEPOSIT,
    status: 200,
    checks: [
      IS_NOT_REPLAYED,
      moved('A', 'in', "'7'"),
      envelope('A', "'Deposited 7 successfully'"),
      SHOWS_BALANCE_AFTER,
    ],
    saves: { ...SAVES_BALANCE_A, depositAnswer: 'pm.response.text()' },
  },
  {
    name: 'Replay: the same deposit again',
    route: DEPOSIT,
    about: 'The first answer again; the money comes in once.',
    key: 'deposit',
    body: KEYED_DEPOSIT,
    status: 200,
    checks: [
      IS_REPLAYED,
      check('it is the first answer, byte for byte', equals('pm.response.text()', "saved('depositAnswer')")),
    ],
  },
  {
    name: 'Refused: the key with another amount',
    route: DEPOSIT,
    about: 'The refusal names what differs.',
    key: 'deposit',
    body: { ...KEYED_DEPOSIT, amount: '8' },
    status: 422,
    code: 'idempotency_key_reused',
    checks: [check('it names the amount', equals('body.fields', "['amount']"))],
  },
  balanceIs('Balance after a replay'),
  {
    name: 'Reward wallet A with 5',
    route: 'POST /api/v1/wallets/{wallet_id}/reward',
    about: 'Credit that nobody paid for.',
    body: { amount: '5', description: 'Welcome' },
    status: 200,
    checks: [
      moved('A', 'in', "'5'"),
      envelope('A', "'Rewarded 5 successfully'"),
      SHOWS_BALANCE_AFTER,
      check('it is a reward', equals('body.data.transaction.transaction_type', "'reward'")),
    ],
    saves: SAVES_BALANCE_A,
  },
]

const MONEY_OUT: readonly Step[] = [
  {
    name: 'Withdraw 20 from wallet A',
    route: 'POST /api/v1/wallets/{wallet_id}/withdraw',
    about: 'The destination is kept in the metadata.',
    body: { amount: '20', destination: 'bank:postman' },
    status: 200,
    checks: [
      moved('A', 'out', "'20'"),
      envelope('A', "'Withdrew 20 successfully'"),
      SHOWS_BALANCE_AFTER,
      check('it says where to', equals('body.data.transaction.metadata', "{ destination: 'bank:postman' }")),
    ],
    saves: SAVES_BALANCE_A,
  },
  {
    name: 'Consume 30.25 of wallet A',
    route: CONSUME,
    about: 'What is left is a number with all its digits.',
    body: { amount: 30.25, usage_record_id: 812 },
    status: 200,
    checks: [
      moved('A', 'out', "'30.25'"),
      envelope('A', "'Consumed 30.25 successfully'"),
      SHOWS_BALANCE_AFTER,
      check('what is left', exactDigits('remaining_balance', 'body.data.transaction.balance_after')),
      check('it names the usage record', equals('body.data.transaction.usage_record_id', "'812'")),
    ],
    saves: {
      ...SAVES_BALANCE_A,
      consumeId: 'body.transaction_id',
      consumedAt: 'body.data.transaction.created_at',
      balanceAtConsumption: 'body.data.transaction.balance_after',
    },
  },
  {
    name: 'Refused: more than there is',
    route: CONSUME,
    about: 'Says what is there, what was asked for and what is missing.',
    body: { amount: '100000.5' },
    status: 400,
    code: 'insufficient_balance',
    checks: [
      check(
        'the figures add up',
        equals('body.available', "saved('balanceA')"),
        equals('body.required', "'100000.5'"),
        equals('body.shortfall', "difference('100000.5', saved('balanceA'))"),
        equals('body.currency', "'CREDIT'"),
        equals('body.retryable', 'false'),
      ),
    ],
  },
  balanceIs('Balance after a refusal'),
]

const refusedAmount = (what: string, amount: Json): Step => ({
  name: `Refused: an amount of ${what}`,
  route: DEPOSIT,
  about: 'Nothing is ever rounded or guessed.',
  body: { amount },
  status: 422,
  code: 'validation_failed',
  checks: [fault(['body', 'amount'])],
})

const FAULTY: readonly Step[] = [
  refusedAmount('nothing', '0'),
  refusedAmount('less than nothing', -1),
  refusedAmount('nine decimals', '0.000000001'),
  refusedAmount('no digits', 'ten'),
  {
    name: 'Refused: broken JSON',
    route: DEPOSIT,
    about: 'What cannot be read is 400.',
    body: '{"amount": "1"',
    status: 400,
    code: 'malformed_json',
  },
  {
    name: 'Refused: not JSON at all',
    route: DEPOSIT,
    about: 'Bodies are application/json.',
    body: 'amount=1',
    contentType: 'text/plain',
    status: 415,
    code: 'unsupported_media_type',
  },
  {
    name: 'Refused: deposit into an unknown wallet',
    route: DEPOSIT,
    about: 'Nothing is opened by accident.',
    path: { wallet_id: UNKNOWN_ID },
    body: { amount: '1' },
    status: 404,
    code: 'wallet_not_found',
  },
]

const MONEY_BACK: readonly Step[] = [
  {
    name: 'Refund 10 of the consumption',
    route: REFUND,
    about: 'Part of it.',
    body: { reason: 'Half a service', amount: '10' },
    status: 200,
    checks: [
      moved('A', 'in', "'10'"),
      envelope('A', "'Refunded 10 successfully'"),
      SHOWS_BALANCE_AFTER,
      check(
        'the row names what it gives back',
        equals('body.data.transaction.transaction_type', "'refund'"),
        equals('body.data.transaction.description', "'Refund: Half a service'"),
        equals('body.data.transaction.metadata.original_transaction_id', "saved('consumeId')"),
        equals('body.data.transaction.metadata.refund_reason', "'Half a service'"),
      ),
    ],
    saves: SAVES_BALANCE_A,
  },
  {
    name: 'Refused: refund more than is left',
    route: REFUND,
    about: 'All refunds of one transaction together never exceed it.',
    body: { reason: 'Too much', amount: '20.26' },
    status: 400,
    code: 'refund_exceeds_original',
    checks: [
      check(
        'it says what is left',
        equals('body.original_amount', "'30.25'"),
        equals('body.refunded', "'10'"),
        equals('body.refundable', "'20.25'"),
      ),
    ],
  },
  {
    name: 'Refund what is left',
    route: REFUND,
    about: 'Without an amount: the rest.',
    body: { reason: 'The other half', original_transaction_id: '{{consumeId}}' },
    status: 200,
    checks: [moved('A', 'in', "'20.25'"), envelope('A', "'Refunded 20.25 successfully'"), SHOWS_BALANCE_AFTER],
    saves: SAVES_BALANCE_A,
  },
  {
    name: 'Refused: refund a deposit',
    route: REFUND,
    about: 'Only what went out can come back.',
    path: { transaction_id: '{{depositId}}' },
    body: { reason: 'Changed my mind' },
    status: 400,
    code: 'not_refundable',
  },
  {
    name: 'Refused: refund of an unknown transaction',
    route: REFUND,
    about: 'A well-formed id that nothing has.',
    path: { transaction_id: UNKNOWN_ID },
    body: { reason: 'Nothing' },
    status: 404,
    code: 'transaction_not_found',
  },
]

const ACROSS: readonly Step[] = [
  {
    name: 'Transfer 12.5 from wallet A to wallet B, fee 0.5',
    route: TRANSFER,
    about: 'Two legs and the fee, all or nothing.',
    key: 'transfer',
    body: { to_wallet_id: '{{walletB}}', amount: '12.5', fee: '0.5' },
    status: 200,
    checks: [
      IS_NOT_REPLAYED,
      moved('A', 'out', "'12.5'", 'body.data.from_transaction'),
      moved('B', 'in', "'12.5'", 'body.data.to_transaction'),
      envelope('A', "'Transferred 12.5 successfully'", 'body.data.from_transaction'),
      check(
        'the fee comes after the leg and off the same wallet',
        equals('body.data.fee_transaction.transaction_type', "'fee'"),
        equals('body.data.fee_transaction.amount', "'0.5'"),
        equals('body.data.fee_transaction.balance_before', 'body.data.from_transaction.balance_after'),
        equals('body.data.fee_transaction.balance_after', "difference(saved('balanceA'), '13')"),
        equals('body.balance', 'body.data.fee_transaction.balance_after'),
      ),
      check(
        'both legs name both wallets',
        ...['from', 'to'].flatMap((leg) => [
          equals(`body.data.${leg}_transaction.from_wallet_id`, "saved('walletA')"),
          equals(`body.data.${leg}_transaction.to_wallet_id`, "saved('walletB')"),
        ]),
        equals('body.data.from_transaction.metadata.direction', "'out'"),
        equals('body.data.to_transaction.metadata.direction', "'in'"),
      ),
    ],
    saves: {
      balanceA: 'body.data.fee_transaction.balance_after',
      rowsA: 'body.data.fee_transaction.sequence',
      balanceB: 'body.data.to_transaction.balance_after',
    },
  },
  {
    name: 'Balance of wallet B',
    route: 'GET /api/v1/wallets/{wallet_id}/balance',
    about: 'What came in is there.',
    path: { wallet_id: '{{walletB}}' },
    status: 200,
    checks: [
      check('what was transferred', equals('body.balance', "saved('balanceB')"), equals('body.balance', "'12.5'")),
    ],
  },
  {
    name: 'Refused: transfer to the same wallet',
    route: TRANSFER,
    about: 'A transfer needs two wallets.',
    body: { to_wallet_id: '{{walletA}}', amount: '1' },
    status: 400,
    code: 'same_wallet',
  },
  {
    name: 'Refused: transfer to an unknown wallet',
    route: TRANSFER,
    about: 'Both legs or neither.',
    body: { to_wallet_id: UNKNOWN_ID, amount: '1' },
    status: 404,
    code: 'wallet_not_found',
  },
  {
    name: 'Refused: transfer more than there is',
    route: TRANSFER,
    about: 'The fee counts.',
    body: { to_wallet_id: '{{walletB}}', amount: '{{balanceA}}', fee: '0.00000001' },
    status: 400,
    code: 'insufficient_balance',
    checks: [check('the fee is missing', equals('body.shortfall', "'0.00000001'"))],
  },
  balanceIs('Balance after refused transfers'),
]

export const TRANSACTIONS: Folder = {
  name: 'Transactions',
  about: 'Money in, out, back and across. Every balance is reckoned from the one before it.',
  steps: [...MONEY_IN, ...MONEY_OUT, ...FAULTY, ...MONEY_BACK, ...ACROSS],
}
