// Two keys of one wallet that share both hashes of the index: nobody meets such a pair by chance, so the index is made
// coarser here.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { WalletId } from '../../src/domain/wallet.ts'
import { movementCommand } from '../support/ledger-commands.ts'
import { amount } from '../support/ledger-factories.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { openQueue, openWallet, type TestQueue } from '../support/sample-ledger.ts'
import { queryDatabase } from '../support/sql.ts'

let database: TestDatabase
let open: TestQueue
let wallet: WalletId

beforeAll(async () => {
  database = await createTestDatabase()
  await queryDatabase(
    database.url,
    `DROP INDEX wallet_transactions_idempotency_key;
     CREATE UNIQUE INDEX wallet_transactions_idempotency_key ON wallet_transactions
       (wallet_id, hashtextextended(left(idempotency_key, 1), 0)) WHERE idempotency_key IS NOT NULL`,
  )
  open = openQueue(database.url)
  wallet = (await openWallet(open.queue, { with: '10' })).walletId
})
afterAll(async () => {
  await open.close()
  await database.drop()
})

const consume = (key: string) =>
  open.queue.post(movementCommand('consume', { walletId: wallet, key }, { amount: amount('1') }))

test('the second one is refused as used before, alone, and moves nothing', async () => {
  await consume('a-first')
  const [collision, other] = await Promise.allSettled([consume('a-second'), consume('b')])
  expect(collision).toMatchObject({ status: 'rejected', reason: { code: 'idempotency_key_reused' } })
  expect(other).toMatchObject({ status: 'fulfilled', value: { kind: 'posted' } })
  await expect(consume('a-third')).rejects.toMatchObject({ code: 'idempotency_key_reused' })
  expect(await consume('a-first')).toMatchObject({ kind: 'replayed' })

  const rows = await queryDatabase(
    database.url,
    `SELECT idempotency_key FROM wallet_transactions WHERE wallet_id = $1 AND idempotency_key IS NOT NULL ORDER BY 1`,
    [wallet],
  )
  expect(rows).toEqual([{ idempotency_key: 'a-first' }, { idempotency_key: 'b' }])
})
