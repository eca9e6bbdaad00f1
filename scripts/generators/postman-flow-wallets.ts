// The folder Wallets of the collection: two wallets that the rest of the run works with, and a spare one to change, freeze and
// close. No money moves between wallets here.
import { NEW_RUN } from './postman-scripts.ts'
import {
  check,
  equals,
  exactDigits,
  fault,
  type Folder,
  IS_DRY_RUN,
  IS_NOT_REPLAYED,
  IS_REPLAYED,
  type Step,
  UNKNOWN_ID,
} from './postman-steps.ts'

const SPARE_WALLET = { user_id: '{{userId}}', wallet_type: 'crypto', currency: 'ETH', metadata: { purpose: 'spare' } }
const SPARE = { wallet_id: '{{spareWallet}}' }

const OPENING: readonly Step[] = [
  {
    name: 'Open wallet A with 100',
    route: 'POST /api/v1/wallets',
    about: 'A fiat wallet of a user whom no earlier run has used. Its first balance is its first transaction.',
    before: NEW_RUN,
    body: { user_id: '{{userId}}', initial_balance: '100', metadata: { purpose: 'postman', digits: 0.1 } },
    status: 200,
    checks: [
      IS_NOT_REPLAYED,
      check(
        'it is what was asked for',
        equals('body.message', "'Wallet created successfully'"),
        equals('body.balance', "'100'"),
        equals('body.data.wallet.wallet_id', 'body.wallet_id'),
        equals('body.data.wallet.user_id', "saved('userId')"),
        equals('body.data.wallet.wallet_type', "'fiat'"),
        equals('body.data.wallet.currency', "'CREDIT'"),
        equals('body.data.wallet.status', "'active'"),
        equals('body.data.wallet.locked_balance', "'0'"),
        equals('body.data.wallet.available_balance', "'100'"),
        equals('body.data.wallet.metadata', "{ purpose: 'postman', digits: 0.1 }"),
      ),
    ],
    saves: { walletA: 'body.wallet_id', balanceA: 'body.balance', openedAt: 'body.data.wallet.created_at' },
  },
  {
    name: 'Open wallet B, empty',
    route: 'POST /api/v1/wallets',
    about: "Another user's, for transfers.",
    body: { user_id: '{{otherUserId}}' },
    status: 200,
    checks: [
      check(
        'it is empty and another one',
        equals('body.balance', "'0'"),
        equals('body.data.wallet.user_id', "saved('otherUserId')"),
        "pm.expect(body.wallet_id).to.not.eql(saved('walletA'))",
      ),
    ],
    saves: { walletB: 'body.wallet_id', balanceB: 'body.balance' },
  },
  {
    name: 'Refused: a second fiat wallet',
    route: 'POST /api/v1/wallets',
    about: 'One open fiat wallet for each user and currency; the refusal names it.',
    body: { user_id: '{{userId}}', wallet_type: 'fiat', initial_balance: '5' },
    status: 400,
    code: 'wallet_exists',
    checks: [
      check(
        'it names the wallet there is',
        equals('body.message', "'User already has a fiat wallet'"),
        equals('body.wallet_id', "saved('walletA')"),
        equals('body.balance', "saved('balanceA')"),
      ),
    ],
  },
  {
    name: 'Dry run: open a hybrid wallet',
    route: 'POST /api/v1/wallets',
    about: 'Answers as if it had been opened. It has not: see the list further down.',
    query: { dry_run: 'true' },
    body: { user_id: '{{userId}}', wallet_type: 'hybrid' },
    status: 200,
    checks: [IS_DRY_RUN, check('it would be a hybrid one', equals('body.data.wallet.wallet_type', "'hybrid'"))],
    saves: { dryRunWallet: 'body.wallet_id' },
  },
  {
    name: 'What a dry run opened is not there',
    route: 'GET /api/v1/wallets/{wallet_id}',
    about: 'The id of a dry run never exists.',
    path: { wallet_id: '{{dryRunWallet}}' },
    status: 404,
    code: 'wallet_not_found',
  },
  {
    name: 'Open a spare crypto wallet with a key',
    route: 'POST /api/v1/wallets',
    about: 'With an Idempotency-Key, so that a retry is safe.',
    key: 'spare',
    body: SPARE_WALLET,
    status: 200,
    checks: [IS_NOT_REPLAYED, check('it is a crypto one', equals('body.data.wallet.wallet_type', "'crypto'"))],
    saves: { spareWallet: 'body.wallet_id', spareAnswer: 'pm.response.text()' },
  },
  {
    name: 'Replay: the same again',
    route: 'POST /api/v1/wallets',
    about: 'The same key and the same request: the first answer again, and no second wallet.',
    key: 'spare',
    body: SPARE_WALLET,
    status: 200,
    checks: [
      IS_REPLAYED,
      check('it is the first answer, byte for byte', equals('pm.response.text()', "saved('spareAnswer')")),
    ],
  },
  {
    name: 'Refused: the key with another request',
    route: 'POST /api/v1/wallets',
    about: 'The same key for a different request is a mistake of the caller; the refusal names what differs.',
    key: 'spare',
    body: { ...SPARE_WALLET, currency: 'BTC' },
    status: 422,
    code: 'idempotency_key_reused',
    checks: [check('it names what differs', equals('body.fields', "['currency']"))],
  },
  {
    name: 'Refused: three faults at once',
    route: 'POST /api/v1/wallets',
    about: 'Validation reports everything that is wrong, not only the first thing.',
    body: { user_id: '', wallet_type: 'gold', initial_balance: '-1' },
    status: 422,
    code: 'validation_failed',
    checks: [fault(['body', 'user_id']), fault(['body', 'wallet_type']), fault(['body', 'initial_balance'])],
  },
]

const LOOKING: readonly Step[] = [
  {
    name: 'Look wallet A up',
    route: 'GET /api/v1/wallets/{wallet_id}',
    about: 'The wallet itself, without an envelope.',
    status: 200,
    checks: [
      check(
        'it is as it was opened',
        equals('body.wallet_id', "saved('walletA')"),
        equals('body.balance', "saved('balanceA')"),
        equals('body.created_at', "saved('openedAt')"),
      ),
      check(
        'available is the balance less what is locked',
        equals('body.available_balance', 'difference(body.balance, body.locked_balance)'),
      ),
    ],
  },
  {
    name: 'Wallets of user A',
    route: 'GET /api/v1/users/{user_id}/wallets',
    about: 'Newest first; what the dry run and the refusals were about is not among them.',
    status: 200,
    checks: [
      check(
        'the spare one and wallet A, in this order',
        equals('body.count', 'body.wallets.length'),
        'const ids = body.wallets.map((wallet) => wallet.wallet_id)',
        equals('ids.slice(0, 2)', "[saved('spareWallet'), saved('walletA')]"),
        "pm.expect(ids).to.not.include(saved('dryRunWallet'))",
      ),
    ],
  },
  {
    name: 'Crypto wallets of user A',
    route: 'GET /api/v1/users/{user_id}/wallets',
    about: 'Only those of one type.',
    query: { wallet_type: 'crypto' },
    status: 200,
    checks: [
      check(
        'the spare one, and no fiat wallet',
        equals('body.wallets[0].wallet_id', "saved('spareWallet')"),
        "pm.expect(body.wallets.every((wallet) => wallet.wallet_type === 'crypto')).to.eql(true)",
      ),
    ],
  },
  {
    name: 'Wallets of an organization',
    route: 'GET /api/v1/organizations/{organization_id}/wallets',
    about: 'None, for an organization that has none.',
    status: 200,
    checks: [check('it is empty', equals('body', '{ wallets: [], count: 0 }'))],
  },
  {
    name: 'Balance of wallet A',
    route: 'GET /api/v1/wallets/{wallet_id}/balance',
    about: 'At the top the available balance as text, in `data` numbers, as they always were.',
    status: 200,
    checks: [
      check(
        'it is what the wallet was opened with',
        equals('body.message', "'Balance retrieved successfully'"),
        equals('body.balance', "saved('balanceA')"),
        equals('body.currency', "'CREDIT'"),
        equals('body.data.balance', '100'),
        equals('body.data.available_balance', '100'),
        exactDigits('locked_balance', "'0'"),
      ),
    ],
  },
  {
    name: 'Refused: unknown wallet',
    route: 'GET /api/v1/wallets/{wallet_id}',
    about: 'A well-formed id that nothing has.',
    path: { wallet_id: UNKNOWN_ID },
    status: 404,
    code: 'wallet_not_found',
    checks: [check('it names the wallet', equals('body.wallet_id', `'${UNKNOWN_ID}'`))],
  },
  {
    name: 'Refused: not an id',
    route: 'GET /api/v1/wallets/{wallet_id}',
    about: 'What cannot be an id is a fault of the request.',
    path: { wallet_id: 'wallet-one' },
    status: 422,
    code: 'validation_failed',
    checks: [fault(['path', 'wallet_id'], 'invalid_uuid')],
  },
]

const statusIs = (status: string) =>
  check(
    `it is ${status}`,
    equals('body.data.wallet.wallet_id', "saved('spareWallet')"),
    equals('body.data.wallet.status', `'${status}'`),
  )

const CHANGING: readonly Step[] = [
  {
    name: "Change the spare wallet's metadata",
    route: 'PATCH /api/v1/wallets/{wallet_id}',
    about: 'Merged into what is there.',
    path: SPARE,
    body: { metadata: { tier: 'gold' } },
    status: 200,
    checks: [check('both are there', equals('body.data.wallet.metadata', "{ purpose: 'spare', tier: 'gold' }"))],
  },
  {
    name: 'Freeze the spare wallet',
    route: 'POST /api/v1/wallets/{wallet_id}/freeze',
    about: 'No money moves in or out until it is unfrozen.',
    path: SPARE,
    body: { reason: 'Postman run' },
    status: 200,
    checks: [statusIs('frozen')],
  },
  {
    name: 'Refused: deposit into a frozen wallet',
    route: 'POST /api/v1/wallets/{wallet_id}/deposit',
    about: 'Not even in.',
    path: SPARE,
    body: { amount: '1' },
    status: 400,
    code: 'wallet_frozen',
  },
  {
    name: 'Unfreeze the spare wallet',
    route: 'POST /api/v1/wallets/{wallet_id}/unfreeze',
    about: 'As before.',
    path: SPARE,
    body: { reason: 'Postman run' },
    status: 200,
    checks: [statusIs('active')],
  },
  {
    name: 'Refused: close a wallet with money in it',
    route: 'DELETE /api/v1/wallets/{wallet_id}',
    about: 'Money never disappears with its wallet.',
    status: 400,
    code: 'wallet_not_empty',
    checks: [check('it says what is in it', equals('body.balance', "saved('balanceA')"))],
  },
  {
    name: 'Close the spare wallet',
    route: 'DELETE /api/v1/wallets/{wallet_id}',
    about: 'For good.',
    path: SPARE,
    status: 200,
    checks: [statusIs('closed')],
  },
  {
    name: 'Refused: deposit into a closed wallet',
    route: 'POST /api/v1/wallets/{wallet_id}/deposit',
    about: 'Closed is closed.',
    path: SPARE,
    body: { amount: '1' },
    status: 400,
    code: 'wallet_closed',
  },
]

export const WALLETS: Folder = {
  name: 'Wallets',
  about:
    'Opens wallets A and B, which the folders after this one use, and a spare one that is changed, frozen and closed.',
  steps: [...OPENING, ...LOOKING, ...CHANGING],
}
