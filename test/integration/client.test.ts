// The typed client against the real service: every operation, exact amounts, errors by code, dry runs, keys, pages, counters.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isWalletServiceError, refusedOperation, WalletClient } from '../../src/sdk/index.ts'
import { operationIds } from '../support/openapi.ts'
import { rejection } from '../support/rejection.ts'
import { closeFaultless, type OneService, startOneService } from '../support/service.ts'

const NOBODY = '0197f7d4-1b1a-7c3e-9a51-0d4f2c6b8eff'

let one: OneService
let client: WalletClient
const called = new Set<string>()
let users = 0

beforeAll(async () => {
  one = await startOneService()
  client = new WalletClient({ baseUrl: one.service.url, onAttempt: ({ operation }) => void called.add(operation) })
})
afterAll(async () => {
  await client.close()
  await closeFaultless(one)
})

const newUser = (): string => `client-user-${(users += 1)}`

async function openWallet(initialBalance = '0', userId = newUser()): Promise<string> {
  const opened = await client.createWallet({ user_id: userId, initial_balance: initialBalance })
  return opened.wallet_id
}

describe('operations', () => {
  test('a wallet from its opening to its closing', async () => {
    const userId = newUser()
    const { wallet_id: walletId, data } = await client.createWallet({
      user_id: userId,
      initial_balance: '10.50',
      organization_id: userId,
      metadata: { tier: 'gold' },
    })
    expect(data.wallet).toMatchObject({ user_id: userId, balance: '10.5', metadata: { tier: 'gold' } })
    const updated = await client.updateWallet(walletId, { metadata: { tier: null, color: 'red' } })
    expect(updated.data.wallet.metadata).toEqual({ color: 'red' })
    expect((await client.freezeWallet(walletId, { reason: 'a look' })).data.wallet.status).toBe('frozen')
    expect((await client.unfreezeWallet(walletId, { reason: 'all well' })).data.wallet.status).toBe('active')
    await client.withdraw(walletId, { amount: '10.5', destination: 'bank' })
    expect((await client.closeWallet(walletId)).data.wallet.status).toBe('closed')
    expect(await client.getWallet(walletId)).toMatchObject({ status: 'closed', balance: '0' })
    expect((await client.listWalletsOfUser(userId)).wallets.map((wallet) => wallet.wallet_id)).toEqual([walletId])
    expect((await client.listWalletsOfOrganization(userId)).count).toBe(1)
    expect((await client.listWalletsOfUser(userId, { wallet_type: 'crypto' })).count).toBe(0)
  })

  test('money in, out, over and back', async () => {
    const [from, to] = [await openWallet('100'), await openWallet()]
    await client.deposit(from, { amount: '5', reference_id: 'invoice-7' })
    await client.reward(from, { amount: '1' })
    const consumed = await client.consume(from, { amount: '6.00000001', usage_record_id: 812 })
    expect(consumed.data).toMatchObject({ remaining_balance: '99.99999999', transaction: { usage_record_id: '812' } })
    const transferred = await client.transfer(from, { to_wallet_id: to, amount: '10', fee: '0.5' })
    expect(transferred.data.to_transaction.balance_after).toBe('10')
    const refunded = await client.refund(consumed.data.transaction.transaction_id, { reason: 'a mistake', amount: '1' })
    expect(refunded.balance).toBe('90.49999999')
    expect(await client.getTransaction(transferred.data.from_transaction.transaction_id)).toEqual(
      transferred.data.from_transaction,
    )
    expect((await client.getWalletStatistics(from)).statistics).toMatchObject({
      total_transfers_out: '10',
      total_fees: '0.5',
    })
    const history = await client.getBalanceHistory(from, { interval: 'hour' })
    expect(history.buckets.at(-1)?.closing_balance).toBe('90.49999999')
    expect(await client.explainBalance(from)).toMatchObject({ balance: '90.49999999', adds_up: true })
    expect((await client.getBalance(from, { at: '2020-01-01' })).balance).toBe('0')
  })

  test('a hold placed, extended, captured and voided', async () => {
    const walletId = await openWallet('100')
    const { hold } = (await client.placeHold(walletId, { amount: '40' })).data
    await client.extendHold(hold.hold_id, { expires_in_seconds: 3600 })
    const part = await client.captureHold(hold.hold_id, { amount: '15', final: false })
    expect(part.data.hold).toMatchObject({ status: 'pending', remaining_amount: '25' })
    expect((await client.voidHold(hold.hold_id)).data.hold.status).toBe('voided')
    expect(await client.getHold(hold.hold_id)).toMatchObject({ status: 'voided', captured_amount: '15' })
    const whole = (await client.placeHold(walletId, { amount: '5' })).data.hold
    expect((await client.captureHold(whole.hold_id)).data.transaction.amount).toBe('5')
    expect((await client.listHoldsOfWallet(walletId, { status: 'captured' })).count).toBe(1)
  })

  test('credits of a user, whatever characters the id has', async () => {
    const userId = 'a/b?c#d%e .. ü'
    expect(await client.getCreditsBalance(userId)).toMatchObject({ balance: '0', available_balance: '0' })
    const { wallets } = await client.listWalletsOfUser(userId)
    await client.deposit(wallets[0]?.wallet_id ?? '', { amount: '2' })
    expect((await client.consumeCredits(userId, { amount: '0.5' })).data.remaining_balance).toBe('1.5')
    expect((await client.listTransactionsOfUser(userId, { transaction_type: 'consume' })).count).toBe(1)
    expect(await client.getUserStatistics('..')).toMatchObject({ user_id: '..', total_balance: '0' })
  })

  test('a batch, each for itself and all or none, with the digits of its answers kept', async () => {
    const [from, to] = [await openWallet('100'), await openWallet()]
    const done = await client.batch({
      operations: [
        { operation: 'consume', wallet_id: from, amount: '0.00000001', usage_record_id: 7 },
        { operation: 'transfer', wallet_id: from, to_wallet_id: to, amount: '10' },
        { operation: 'consume', wallet_id: to, amount: '11' },
      ],
    })
    expect(done).toMatchObject({ success: false, succeeded: 2, failed: 1 })
    const [consumed, transferred, refused] = done.results
    expect(consumed).toMatchObject({ operation: 'consume', data: { remaining_balance: '99.99999999' } })
    expect(transferred).toMatchObject({ operation: 'transfer', data: { to_transaction: { balance_after: '10' } } })
    expect(refused).toMatchObject({ success: false, code: 'insufficient_balance', shortfall: '1' })
    const operations = [
      { operation: 'deposit', wallet_id: to, amount: '1' } as const,
      { operation: 'consume', wallet_id: to, amount: '12' } as const,
    ]
    const error = await rejection(client.batch({ atomic: true, operations }))
    if (!isWalletServiceError(error, 'insufficient_balance')) throw error
    expect([refusedOperation(error), error.context.shortfall]).toEqual([1, '1'])
    expect((await client.getBalance(to)).balance).toBe('10')
    const dry = await client.batch({ atomic: true, operations: operations.slice(0, 1) }, { dryRun: true })
    expect(dry).toMatchObject({ success: true, atomic: true, results: [{ balance: '11' }] })
  })

  test('the service itself', async () => {
    expect((await client.getRoot()).status).toBe('healthy')
    expect((await client.getHealth()).service).toBe('wallet_service')
    expect(await client.getLiveness()).toEqual({ status: 'alive' })
    expect((await client.getReadiness()).status).toBe('ready')
    expect(await client.getMetrics()).toContain('# TYPE http_requests_total counter')
    expect((await client.getStats()).wallets).toBeGreaterThan(0)
  })
})

describe('amounts', () => {
  const LARGE = '99999999999999999999.12345678'

  test('keep every digit, also where the wire has numbers', async () => {
    const userId = newUser()
    const walletId = await openWallet(LARGE, userId)
    expect((await client.getBalance(walletId)).data).toEqual({
      balance: LARGE,
      locked_balance: '0',
      available_balance: LARGE,
      currency: 'CREDIT',
      on_chain_balance: null,
    })
    expect(await client.getCreditsBalance(userId)).toMatchObject({ balance: LARGE, available_balance: LARGE })
    const { total_balance: total, by_currency: totals } = await client.getUserStatistics(userId)
    expect([total, totals['CREDIT']?.total_balance]).toEqual([LARGE, LARGE])
    const consumed = await client.consume(walletId, { amount: '0.00000001' })
    expect(consumed.data.remaining_balance).toBe('99999999999999999999.12345677')
    await client.consume(walletId, { amount: '99999999999999999999.12345676' })
    expect((await client.getBalance(walletId)).data.balance).toBe('0.00000001')
  })

  test('metadata comes back as it was sent: the same names are not amounts there, and long numbers stay exact', async () => {
    const walletId = await openWallet('5')
    const metadata = { remaining_balance: 1.5, amount: 7, long: JSON.rawJSON('12345678901234567890.5'), tiny: 1e-8 }
    const { data } = await client.consume(walletId, { amount: '1', metadata })
    expect(data.remaining_balance).toBe('4')
    expect(data.transaction.metadata).toMatchObject({ remaining_balance: 1.5, amount: 7 })
    expect(JSON.stringify(data.transaction.metadata)).toContain('"long":12345678901234567890.5')
  })

  test.each([[10], [0.1], [10n], [null], [true]])(
    'refuse %s, which is no string, before anything is sent',
    async (amount) => {
      const before = client.metrics().requests
      const body: { amount: string } = JSON.parse('{"amount":"1"}')
      Reflect.set(body, 'amount', amount)
      await expect(client.deposit(NOBODY, body)).rejects.toThrow(TypeError)
      await expect(client.deposit(NOBODY, body)).rejects.toThrow("amount must be a decimal string such as '12.5'")
      expect(client.metrics().requests).toBe(before)
    },
  )
})

describe('errors', () => {
  test('say by their code what explains them', async () => {
    const walletId = await openWallet('5')
    const error = await rejection(client.consume(walletId, { amount: '12.5' }))
    if (!isWalletServiceError(error)) throw error
    expect(error).toMatchObject({ status: 400, retryable: false, requestId: expect.stringMatching(/./), faults: [] })
    if (error.code !== 'insufficient_balance') throw error
    // Typed: `shortfall` exists for this code only.
    expect(error.context.shortfall satisfies string).toBe('7.5')
    expect(isWalletServiceError(error, 'wallet_frozen')).toBe(false)
  })

  test('name every fault of a request', async () => {
    const error = await rejection(client.transfer(await openWallet(), { to_wallet_id: 'x', amount: '-1' }))
    if (!isWalletServiceError(error, 'validation_failed')) throw error
    expect(error.faults.map(({ loc }) => loc.join('.'))).toEqual(['body.to_wallet_id', 'body.amount'])
  })

  test('an empty id and an unusable key are refused before anything is sent', async () => {
    await expect(client.closeWallet('')).rejects.toThrow('wallet_id must be text that is not empty')
    await expect(client.deposit(NOBODY, { amount: '1' }, { idempotencyKey: 'a\nb' })).rejects.toThrow(TypeError)
    expect(() => new WalletClient({ baseUrl: 'ftp://localhost' })).toThrow('baseUrl must begin with http://')
  })
})

describe('options', () => {
  test('a dry run changes nothing and leaves the key unused', async () => {
    const walletId = await openWallet('5')
    const dry = await client.consume(walletId, { amount: '2' }, { dryRun: true, idempotencyKey: 'dry' })
    expect(dry.balance).toBe('3')
    expect((await client.getWallet(walletId)).balance).toBe('5')
    expect((await client.consume(walletId, { amount: '4' }, { idempotencyKey: 'dry' })).balance).toBe('1')
  })

  test("a caller's own key makes two calls one operation", async () => {
    const walletId = await openWallet('5')
    const { replays } = client.metrics()
    const options = { idempotencyKey: 'order-1042' }
    const first = await client.consume(walletId, { amount: '2' }, options)
    expect(await client.consume(walletId, { amount: '2' }, options)).toEqual(first)
    expect(client.metrics().replays).toBe(replays + 1)
    const error = await rejection(client.consume(walletId, { amount: '3' }, options))
    expect(isWalletServiceError(error, 'idempotency_key_reused') && error.context.fields).toEqual(['amount'])
    expect((await client.consume(walletId, { amount: '2' })).balance).toBe('1')
  })

  test('a signal that has fired keeps the request from being sent', async () => {
    const reason = new Error('not any more')
    await expect(client.getHealth({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})

test('iterations give every entry once, page by page', async () => {
  const userId = newUser()
  const walletId = await openWallet('100', userId)
  for (let index = 0; index < 6; index += 1) {
    await client.consume(walletId, { amount: '1' })
    await client.placeHold(walletId, { amount: '1' })
  }
  const sequences: number[] = []
  for await (const { sequence } of client.transactionsOfWallet(walletId, { limit: 2 })) sequences.push(sequence)
  expect(sequences).toEqual([7, 6, 5, 4, 3, 2, 1])
  const consumed = await Array.fromAsync(client.transactionsOfUser(userId, { limit: 4, transaction_type: 'consume' }))
  expect(consumed.map(({ amount }) => amount)).toEqual(['1', '1', '1', '1', '1', '1'])
  const holds = await Array.fromAsync(client.holdsOfWallet(walletId, { limit: 4 }))
  expect(new Set(holds.map((hold) => hold.hold_id)).size).toBe(6)
  expect(await Array.fromAsync(client.transactionsOfUser('nobody'))).toEqual([])
})

test('counters tell what happened', async () => {
  const own = new WalletClient({ baseUrl: one.service.url })
  expect(own.metrics()).toEqual({
    operations: 0,
    requests: 0,
    retries: 0,
    replays: 0,
    errors: {},
    retried: {},
    latencyMs: { p50: 0, p90: 0, p99: 0, max: 0 },
  })
  await own.getHealth()
  await rejection(own.getWallet(NOBODY))
  const { latencyMs, ...counts } = own.metrics()
  expect(counts).toEqual({
    operations: 2,
    requests: 2,
    retries: 0,
    replays: 0,
    errors: { wallet_not_found: 1 },
    retried: {},
  })
  expect(latencyMs.p50).toBeGreaterThan(0)
  expect(latencyMs.max).toBeGreaterThanOrEqual(latencyMs.p50)
  await own.close()
})

// Last, since it looks at what the tests above have called.
test('every operation of the specification was called here', async () => {
  await client.listTransactionsOfWallet(await openWallet())
  expect([...called].toSorted()).toEqual(operationIds().toSorted())
})
