// The folder Batches of the collection: many operations in one request, each for itself, and all or none.
import { check, equals, fault, type Folder, IS_DRY_RUN, IS_NOT_REPLAYED, IS_REPLAYED } from './postman-steps.ts'

const BATCH = 'POST /api/v1/batch'

const ON_A = { wallet_id: '{{walletA}}' }
const IN_AND_OUT = {
  atomic: true,
  operations: [
    { operation: 'deposit', ...ON_A, amount: '2.5', idempotency_key: 'batch-in-{{run}}' },
    { operation: 'consume', ...ON_A, amount: '2.5', idempotency_key: 'batch-out-{{run}}' },
  ],
}
const TOO_MUCH = { operation: 'consume', ...ON_A, amount: '99999999999999999999' }

const LEAVES_BALANCE_A = check(
  'in and out again leaves wallet A as it was',
  equals('body.results.map((result) => result.success)', '[true, true]'),
  equals('body.results[0].data.transaction.balance_before', "saved('balanceA')"),
  equals('body.results[1].data.transaction.balance_after', "saved('balanceA')"),
  equals('body.succeeded', '2'),
)

export const BATCHES: Folder = {
  name: 'Batches',
  about: 'Many operations in one request. Every operation has a key of its own, so that a retry is safe.',
  steps: [
    {
      name: 'Dry run: a batch of two',
      route: BATCH,
      about: 'Each operation finds what the ones before it would leave.',
      query: { dry_run: 'true' },
      body: IN_AND_OUT,
      status: 200,
      checks: [IS_DRY_RUN, LEAVES_BALANCE_A],
    },
    {
      name: 'A batch of two, all or none',
      route: BATCH,
      about: 'In order, in one database transaction.',
      body: IN_AND_OUT,
      status: 200,
      checks: [IS_NOT_REPLAYED, LEAVES_BALANCE_A],
      saves: { rowsA: 'body.results[1].data.transaction.sequence' },
    },
    {
      name: 'The same batch again',
      route: BATCH,
      about: 'Answered as before; nothing happens twice.',
      body: IN_AND_OUT,
      status: 200,
      checks: [IS_REPLAYED, LEAVES_BALANCE_A],
    },
    {
      name: 'Each for itself: one of two is refused',
      route: BATCH,
      about: 'What becomes of one operation says nothing of the other.',
      body: { operations: [TOO_MUCH, IN_AND_OUT.operations[0] ?? {}] },
      status: 200,
      checks: [
        check(
          'one succeeded, by being replayed, and one did not',
          equals('body.results.map((result) => result.success)', '[false, true]'),
          equals('body.results[0].code', "'insufficient_balance'"),
          equals('body.results[1].replayed', 'true'),
          equals('body.success', 'false'),
        ),
      ],
    },
    {
      name: 'Refused: all or none, and one is too much',
      route: BATCH,
      about: 'The deposit before it is not made either.',
      body: { atomic: true, operations: [{ operation: 'deposit', ...ON_A, amount: '1' }, TOO_MUCH] },
      status: 400,
      code: 'insufficient_balance',
      checks: [
        check(
          'names the operation, and says that the other was not applied',
          equals('body.index', '1'),
          equals('body.results.map((result) => result.outcome)', "['not_applied', 'refused']"),
        ),
      ],
    },
    {
      name: 'Balance after batches',
      route: 'GET /api/v1/wallets/{wallet_id}/balance',
      about: 'The balance is what the steps before left.',
      status: 200,
      checks: [check('nothing has changed', equals('body.balance', "saved('balanceA')"))],
    },
    {
      name: 'Refused: a batch with a fault',
      route: BATCH,
      about: 'Validation names the operation, and nothing is done.',
      body: { operations: [IN_AND_OUT.operations[0] ?? {}, { operation: 'consume', ...ON_A, amount: '-1' }] },
      status: 422,
      code: 'validation_failed',
      checks: [fault(['body', 'operations', '1', 'amount'], 'negative')],
    },
  ],
}
