// The beginning and the end of the collection: health, the two routes of old that know a user instead of a wallet, and the
// closing of what the run has opened.
import {
  check,
  envelope,
  equals,
  exactDigits,
  type Folder,
  moved,
  SAVES_BALANCE_A,
  SHOWS_BALANCE_AFTER,
} from './postman-steps.ts'

const HEALTHY = check('it is healthy', equals('body.status', "'healthy'"), equals('body.service', "'wallet_service'"))

export const HEALTH: Folder = {
  name: 'Health',
  about: 'Whether the service is there, and what answers where no route is.',
  steps: [
    {
      name: 'Root',
      route: 'GET /',
      about: 'The same as `/health`, for callers that only know the address.',
      status: 200,
      checks: [HEALTHY],
    },
    {
      name: 'Health',
      route: 'GET /health',
      about: 'Asks the database.',
      status: 200,
      checks: [HEALTHY],
    },
    {
      name: 'Liveness',
      route: 'GET /health/live',
      about: 'The process runs.',
      status: 200,
      checks: [check('it is alive', equals('body.status', "'alive'"))],
    },
    {
      name: 'Readiness',
      route: 'GET /health/ready',
      about: 'The database is reachable, its schema is the newest, and the process is not stopping.',
      status: 200,
      checks: [
        check(
          'it is ready in every respect',
          equals('body.status', "'ready'"),
          equals('body.database', "'reachable'"),
          equals('body.migrations', "'at_head'"),
          equals('body.draining', 'false'),
        ),
      ],
    },
    {
      name: 'Figures of the service',
      route: 'GET /api/v1/wallet/stats',
      about: 'Counts of wallets and transactions, and how long the process has been up.',
      status: 200,
      checks: [check('it is operational', equals('body.status', "'operational'"))],
    },
    {
      name: 'Metrics',
      route: 'GET /metrics',
      optional: true,
      about: 'What Prometheus scrapes.',
      status: 200,
      checks: [
        check('every metric says what it is', 'pm.expect(pm.response.text()).to.match(/^# HELP /m)'),
        check("they are this service's", 'pm.expect(pm.response.text()).to.match(/^http_requests_total/m)'),
      ],
    },
    {
      name: 'Refused: no such route',
      route: 'GET /api/v1/nothing-here',
      outside: true,
      about: 'A path that nothing answers is 404 in the shape of every other error.',
      status: 404,
      code: 'route_not_found',
    },
    {
      name: 'Refused: wrong method',
      route: 'PUT /api/v1/wallets',
      outside: true,
      about: 'A path under the wrong method is 405, and says which methods there are.',
      status: 405,
      code: 'method_not_allowed',
      checks: [check('it says what is allowed', "pm.expect(pm.response.headers.get('Allow')).to.include('POST')")],
    },
  ],
}

export const LEGACY: Folder = {
  name: 'Legacy',
  about: 'The credit routes of old: they know a user, and find the wallet themselves.',
  steps: [
    {
      name: 'Credit balance of user A',
      route: 'GET /api/v1/users/{user_id}/credits/balance',
      about: 'The balance of wallet A, found by its owner; numbers, as they always were.',
      status: 200,
      checks: [
        check(
          'it is wallet A, to the last digit',
          equals('body.wallet_id', "saved('walletA')"),
          equals('body.currency', "'CREDIT'"),
          exactDigits('balance', "saved('balanceA')"),
          exactDigits('available_balance', "saved('balanceA')"),
          exactDigits('locked_balance', "'0'"),
        ),
      ],
    },
    {
      name: 'Consume 1.5 credits of user A',
      route: 'POST /api/v1/users/{user_id}/credits/consume',
      about: 'A consumption of wallet A.',
      key: 'credits',
      body: { amount: 1.5, usage_record_id: 814 },
      status: 200,
      checks: [
        moved('A', 'out', "'1.5'"),
        envelope('A', "'Consumed 1.5 successfully'"),
        SHOWS_BALANCE_AFTER,
        check(
          'what is left is a number with all its digits',
          exactDigits('remaining_balance', 'body.data.transaction.balance_after'),
        ),
        check('it names the usage record', equals('body.data.transaction.usage_record_id', "'814'")),
      ],
      saves: SAVES_BALANCE_A,
    },
    {
      name: 'Refused: more credits than there are',
      route: 'POST /api/v1/users/{user_id}/credits/consume',
      about: 'Says what is there and what is missing.',
      body: { amount: '1000000' },
      status: 400,
      code: 'insufficient_balance',
      checks: [
        check(
          'it says what is missing',
          equals('body.available', "saved('balanceA')"),
          equals('body.required', "'1000000'"),
          equals('body.shortfall', "difference('1000000', saved('balanceA'))"),
        ),
      ],
    },
  ],
}

export const CLEAN_UP: Folder = {
  name: 'Clean-up',
  about: 'Empties and closes the wallets of this run. Their history stays readable.',
  steps: [
    {
      name: 'Withdraw everything from wallet A',
      route: 'POST /api/v1/wallets/{wallet_id}/withdraw',
      about: 'Only an empty wallet can be closed.',
      body: { amount: '{{balanceA}}', description: 'End of the run' },
      status: 200,
      checks: [moved('A', 'out', "saved('balanceA')"), check('nothing is left', equals('body.balance', "'0'"))],
      saves: SAVES_BALANCE_A,
    },
    {
      name: 'Withdraw everything from wallet B',
      route: 'POST /api/v1/wallets/{wallet_id}/withdraw',
      about: 'Only an empty wallet can be closed.',
      path: { wallet_id: '{{walletB}}' },
      body: { amount: '{{balanceB}}', description: 'End of the run' },
      status: 200,
      checks: [moved('B', 'out', "saved('balanceB')"), check('nothing is left', equals('body.balance', "'0'"))],
      saves: { balanceB: 'body.data.transaction.balance_after' },
    },
    ...(['A', 'B'] as const).map((wallet) => ({
      name: `Close wallet ${wallet}`,
      route: 'DELETE /api/v1/wallets/{wallet_id}',
      about: 'It takes and gives no more money; its owner may open another one.',
      path: { wallet_id: `{{wallet${wallet}}}` },
      status: 200,
      checks: [
        check(
          'it is closed and empty',
          equals('body.data.wallet.wallet_id', `saved('wallet${wallet}')`),
          equals('body.data.wallet.status', "'closed'"),
          equals('body.data.wallet.balance', "'0'"),
        ),
      ],
    })),
    {
      name: 'History of closed wallet A',
      route: 'GET /api/v1/wallets/{wallet_id}/transactions',
      about: 'Everything that happened is still there.',
      query: { limit: '1' },
      status: 200,
      checks: [
        check(
          'the last row left it empty',
          equals('body.transactions[0].sequence', "Number(saved('rowsA'))"),
          equals('body.transactions[0].balance_after', "'0'"),
        ),
      ],
    },
  ],
}
