// The folders History and Statistics of the collection: what the steps before have left, read back and added up again.
import { check, equals, exactDigits, fault, type Folder, type Step, UNKNOWN_ID } from './postman-steps.ts'

const ROWS = 'GET /api/v1/wallets/{wallet_id}/transactions'

/** Rows of one wallet, newest first, each beginning where the one before it ended. */
const CHAINED = check(
  'newest first, without gaps, each from where the one before it ended',
  'for (let index = 1; index < body.transactions.length; index += 1) {',
  '  const [later, earlier] = [body.transactions[index - 1], body.transactions[index]]',
  '  pm.expect(earlier.sequence).to.eql(later.sequence - 1)',
  '  pm.expect(earlier.balance_after).to.eql(later.balance_before)',
  '}',
)

export const HISTORY: Folder = {
  name: 'History',
  about: 'Every row that the run has written, in pages, by type and by time.',
  steps: [
    {
      name: 'All transactions of wallet A',
      route: ROWS,
      about: 'From the first balance to the last capture; refusals, replays and dry runs left no row.',
      query: { limit: '100' },
      status: 200,
      checks: [
        CHAINED,
        check(
          'all of them, the last with the balance of now',
          equals('body.count', "Number(saved('rowsA'))"),
          equals('body.transactions.length', "Number(saved('rowsA'))"),
          equals('body.next_cursor', 'null'),
          equals('body.transactions[0].balance_after', "saved('balanceA')"),
          equals('body.transactions[body.count - 1].sequence', '1'),
          equals('body.transactions[body.count - 1].description', "'Initial wallet funding'"),
        ),
      ],
    },
    {
      name: 'First page of two',
      route: ROWS,
      about: 'With a cursor for the next one.',
      query: { limit: '2' },
      status: 200,
      checks: [
        CHAINED,
        check(
          'two rows, and more to come',
          equals('body.count', '2'),
          equals('body.limit', '2'),
          equals('body.transactions[0].sequence', "Number(saved('rowsA'))"),
          "pm.expect(body.next_cursor).to.be.a('string')",
        ),
      ],
      saves: { cursor: 'body.next_cursor' },
    },
    {
      name: 'Second page of two',
      route: ROWS,
      about: 'Goes on where the first one ended.',
      query: { limit: '2', cursor: '{{cursor}}' },
      status: 200,
      checks: [
        CHAINED,
        check(
          'the next two',
          equals('body.count', '2'),
          equals('body.transactions[0].sequence', "Number(saved('rowsA')) - 2"),
          equals('body.transactions[1].sequence', "Number(saved('rowsA')) - 3"),
        ),
      ],
    },
    {
      name: 'Consumption of wallet A',
      route: ROWS,
      about: 'Only one type.',
      query: { transaction_type: 'consume' },
      status: 200,
      checks: [
        check(
          'the consumption and the capture',
          equals('body.transactions.map((row) => row.amount)', "['10', '30.25']"),
          equals('body.transactions[1].transaction_id', "saved('consumeId')"),
        ),
      ],
    },
    {
      name: 'Transactions from 2099 on',
      route: ROWS,
      about: 'None yet.',
      query: { start_date: '2099-01-01' },
      status: 200,
      checks: [check('it is empty', equals('body.transactions', '[]'), equals('body.count', '0'))],
    },
    {
      name: 'Transactions of user A',
      route: 'GET /api/v1/users/{user_id}/transactions',
      about: "All of the user's wallets.",
      query: { limit: '1' },
      status: 200,
      checks: [
        check(
          'the newest is that of wallet A',
          equals('body.count', '1'),
          equals('body.transactions[0].wallet_id', "saved('walletA')"),
          equals('body.transactions[0].sequence', "Number(saved('rowsA'))"),
        ),
      ],
    },
    {
      name: 'Transactions of wallet B',
      route: ROWS,
      about: 'One leg of one transfer.',
      path: { wallet_id: '{{walletB}}' },
      status: 200,
      checks: [
        check(
          'it came from wallet A',
          equals('body.count', '1'),
          equals('body.transactions[0].transaction_type', "'transfer'"),
          equals('body.transactions[0].from_wallet_id', "saved('walletA')"),
          equals('body.transactions[0].balance_after', "saved('balanceB')"),
        ),
      ],
    },
    {
      name: 'Look the consumption up',
      route: 'GET /api/v1/transactions/{transaction_id}',
      about: 'A row never changes, whatever has been refunded since.',
      status: 200,
      checks: [
        check(
          'it is as it was written',
          equals('body.transaction_id', "saved('consumeId')"),
          equals('body.amount', "'30.25'"),
          equals('body.balance_after', "saved('balanceAtConsumption')"),
          equals('body.created_at', "saved('consumedAt')"),
        ),
      ],
    },
    {
      name: 'Balance at the consumption',
      route: 'GET /api/v1/wallets/{wallet_id}/balance',
      about: 'The balance as it was at that instant.',
      query: { at: '{{consumedAt}}' },
      status: 200,
      checks: [
        check(
          'it is what that row left',
          equals('body.balance', "saved('balanceAtConsumption')"),
          exactDigits('available_balance', "saved('balanceAtConsumption')"),
        ),
      ],
    },
    {
      name: 'Refused: unknown transaction',
      route: 'GET /api/v1/transactions/{transaction_id}',
      about: 'A well-formed id that nothing has.',
      path: { transaction_id: UNKNOWN_ID },
      status: 404,
      code: 'transaction_not_found',
    },
    {
      name: 'Refused: history of an unknown wallet',
      route: ROWS,
      about: 'Not an empty list: the wallet is not there.',
      path: { wallet_id: UNKNOWN_ID },
      status: 404,
      code: 'wallet_not_found',
    },
    {
      name: 'Refused: a page of 101',
      route: ROWS,
      about: 'At most 100.',
      query: { limit: '101' },
      status: 422,
      code: 'validation_failed',
      checks: [fault(['query', 'limit'], 'out_of_range')],
    },
  ],
}

/** What came in and went out, by the answer's own totals. */
const NET =
  "sum(body.total_deposits, body.total_refunded, body.total_transfers_in, body.total_rewards, '-' + " +
  'sum(body.total_withdrawals, body.total_consumed, body.total_transfers_out, body.total_fees))'

const WALLET_FIGURES: Step = {
  name: 'Statistics of wallet A',
  route: 'GET /api/v1/wallets/{wallet_id}/statistics',
  about: 'Every total is that of the steps before, and together they are the balance.',
  status: 200,
  checks: [
    check(
      'the totals are those of the run',
      equals('body.wallet_id', "saved('walletA')"),
      equals('body.user_id', "saved('userId')"),
      equals('body.total_deposits', "'157.10000001'"),
      equals('body.total_withdrawals', "'25'"),
      equals('body.total_consumed', "'40.25'"),
      equals('body.total_refunded', "'30.25'"),
      equals('body.total_transfers_in', "'0'"),
      equals('body.total_transfers_out', "'12.5'"),
      equals('body.total_rewards', "'5'"),
      equals('body.total_fees', "'0.5'"),
      equals('body.transaction_count', "Number(saved('rowsA'))"),
    ),
    check(
      'together they are the balance',
      equals('body.current_balance', "saved('balanceA')"),
      equals(NET, "saved('balanceA')"),
    ),
    check('the same figures again', 'const { statistics, ...flat } = body', equals('statistics', 'flat')),
  ],
}

export const STATISTICS: Folder = {
  name: 'Statistics',
  about: 'The rows added up: by type, over time, and as an explanation of the balance.',
  steps: [
    WALLET_FIGURES,
    {
      name: 'Statistics of user A',
      route: 'GET /api/v1/users/{user_id}/statistics',
      about: 'Over all wallets of the user; text for each currency, numbers at the top, as they always were.',
      status: 200,
      checks: [
        check(
          'they are those of wallet A',
          equals('body.by_currency.CREDIT.total_balance', "saved('balanceA')"),
          exactDigits('total_balance', "saved('balanceA')"),
          "const figures = body.wallets.find((wallet) => wallet.wallet_id === saved('walletA'))",
          equals('figures.balance', "saved('balanceA')"),
          equals('figures.statistics.transaction_count', "Number(saved('rowsA'))"),
        ),
      ],
    },
    {
      name: 'Balance of wallet A by the hour',
      route: 'GET /api/v1/wallets/{wallet_id}/balance/history',
      about: 'Opening and closing balance of each hour since it was opened.',
      query: { interval: 'hour' },
      status: 200,
      checks: [
        check(
          'each hour adds up and begins where the one before it ended',
          equals('body.count', 'body.buckets.length'),
          "let balance = '0'",
          'for (const bucket of body.buckets) {',
          '  pm.expect(bucket.opening_balance).to.eql(balance)',
          '  balance = difference(sum(bucket.opening_balance, bucket.total_in), bucket.total_out)',
          '  pm.expect(bucket.closing_balance).to.eql(balance)',
          '}',
          equals('balance', "saved('balanceA')"),
          equals(
            'body.buckets.reduce((count, bucket) => count + bucket.transaction_count, 0)',
            "Number(saved('rowsA'))",
          ),
        ),
      ],
    },
    {
      name: 'How the balance of wallet A comes about',
      route: 'GET /api/v1/wallets/{wallet_id}/explain',
      about: 'By type, with the sums written out.',
      status: 200,
      checks: [
        check(
          'it adds up',
          equals('body.adds_up', 'true'),
          equals('body.opening_balance', "'0'"),
          equals('difference(body.total_in, body.total_out)', "saved('balanceA')"),
          equals('body.balance', "saved('balanceA')"),
          equals('body.available_balance', "saved('balanceA')"),
          equals('body.open_holds', '[]'),
          equals('body.transaction_count', "Number(saved('rowsA'))"),
          equals('sum(...body.movements.map((movement) => movement.total_in))', 'body.total_in'),
          equals('sum(...body.movements.map((movement) => movement.total_out))', 'body.total_out'),
          equals('body.equations.balance', '`0 + ${body.total_in} - ${body.total_out} = ${body.balance}`'),
        ),
      ],
    },
    {
      name: 'How it came about at the consumption',
      route: 'GET /api/v1/wallets/{wallet_id}/explain',
      about: 'As of an earlier instant.',
      query: { at: '{{consumedAt}}' },
      status: 200,
      checks: [
        check(
          'it adds up to the balance of then',
          equals('body.adds_up', 'true'),
          equals('body.balance', "saved('balanceAtConsumption')"),
        ),
      ],
    },
    {
      name: 'Refused: a period that ends before it begins',
      route: 'GET /api/v1/wallets/{wallet_id}/statistics',
      about: 'A mistake of the caller, not an empty answer.',
      query: { start_date: '2026-02-01', end_date: '2026-01-01' },
      status: 422,
      code: 'validation_failed',
      checks: [fault(['query', 'end_date'], 'before_start')],
    },
    {
      name: 'Refused: statistics of an unknown wallet',
      route: 'GET /api/v1/wallets/{wallet_id}/statistics',
      about: 'A well-formed id that nothing has.',
      path: { wallet_id: UNKNOWN_ID },
      status: 404,
      code: 'wallet_not_found',
    },
  ],
}
