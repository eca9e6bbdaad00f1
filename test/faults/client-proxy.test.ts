// The typed client behind a proxy that cuts 30 % of the answers: every operation that it reports as done has been done once.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  ConnectionError,
  isWalletServiceError,
  OutcomeUnknownError,
  type Transaction,
  WalletClient,
} from '../../src/sdk/index.ts'
import { type CuttingProxy, type Fate, startCuttingProxy } from '../support/cutting-proxy.ts'
import { rejection } from '../support/rejection.ts'
import { closeFaultless, type OneService, startOneService } from '../support/service.ts'
import { expectCleanAudit } from '../support/two-services.ts'

const WORKERS = 8
const OPERATIONS_PER_WORKER = 50
const FATES: readonly (readonly [Fate, number])[] = [
  ['before', 0.075],
  ['during', 0.075],
  ['after', 0.075],
  ['middle', 0.075],
]
/** Quick, and so many attempts that 30 % of bad luck never reaches the last one: 0.3 to the 40th. */
const PATIENT = { maxAttempts: 40, deadlineMs: 100_000, firstPauseMs: 2, longestPauseMs: 20 }

let one: OneService
let direct: WalletClient
let proxy: CuttingProxy | null = null

beforeAll(async () => {
  one = await startOneService()
  direct = new WalletClient({ baseUrl: one.service.url })
})
afterEach(async () => {
  await proxy?.close()
  proxy = null
})
afterAll(async () => {
  await direct.close()
  await closeFaultless(one)
})

/** A client behind a proxy. */
async function behindProxy(
  fateOf: (index: number) => Fate,
  options: Partial<typeof PATIENT> = PATIENT,
): Promise<WalletClient> {
  proxy = await startCuttingProxy(one.service.url, fateOf)
  return new WalletClient({ baseUrl: proxy.url, ...options })
}

/** The first requests meet these fates, all others pass. */
const inOrder =
  (...fates: readonly Fate[]) =>
  (index: number): Fate =>
    fates[index] ?? 'pass'

function anyFate(): Fate {
  let left = Math.random()
  for (const [fate, share] of FATES) {
    left -= share
    if (left < 0) return fate
  }
  return 'pass'
}

async function openWallet(initialBalance: string): Promise<string> {
  const userId = `proxy-user-${crypto.randomUUID()}`
  return (await direct.createWallet({ user_id: userId, initial_balance: initialBalance })).wallet_id
}

const tagOf = ({ metadata }: { readonly metadata: Record<string, unknown> }): string => String(metadata['operation'])

describe('30 % of the answers cut', () => {
  test('every operation happens exactly once', async () => {
    const client = await behindProxy(anyFate)
    const wallets = await Promise.all(Array.from({ length: 3 }, () => openWallet('100000')))
    const owner = `proxy-owner-${crypto.randomUUID()}`
    /** What the client said it did: ids of transactions and holds by the operation that made them. */
    const done = {
      transactions: new Map<string, string>(),
      holds: new Map<string, string>(),
      opened: new Set<string>(),
    }
    const consumed: string[] = []

    const record = (tag: string, transaction: Transaction): void => {
      expect(done.transactions.has(tag)).toBe(false)
      expect(tagOf(transaction)).toBe(tag)
      done.transactions.set(tag, transaction.transaction_id)
    }
    const held = async (walletId: string, tag: string): Promise<string> => {
      const { hold } = (await client.placeHold(walletId, { amount: '3', metadata: { operation: tag } })).data
      done.holds.set(tag, hold.hold_id)
      return hold.hold_id
    }
    const acts: readonly ((walletId: string, toWalletId: string, tag: string) => Promise<void>)[] = [
      async (walletId, _, tag) => {
        record(tag, (await client.deposit(walletId, { amount: '2', metadata: { operation: tag } })).data.transaction)
      },
      async (walletId, _, tag) => {
        const { transaction } = (await client.consume(walletId, { amount: '5', metadata: { operation: tag } })).data
        record(tag, transaction)
        consumed.push(transaction.transaction_id)
      },
      async (walletId, toWalletId, tag) => {
        const body = { to_wallet_id: toWalletId, amount: '7', metadata: { operation: tag } }
        record(tag, (await client.transfer(walletId, body)).data.from_transaction)
      },
      async (walletId, _, tag) => {
        const holdId = await held(walletId, `${tag}-hold`)
        const body = { amount: '2', metadata: { operation: tag } }
        record(tag, (await client.captureHold(holdId, body)).data.transaction)
      },
      async (walletId, _, tag) => {
        const holdId = await held(walletId, `${tag}-hold`)
        expect((await client.voidHold(holdId)).data.hold.status).toBe('voided')
      },
      async (walletId, _, tag) => {
        const original = consumed.shift()
        if (original === undefined) {
          const body = { amount: '1', metadata: { operation: tag } }
          return record(tag, (await client.withdraw(walletId, body)).data.transaction)
        }
        const body = { reason: 'a mistake', amount: '1', metadata: { operation: tag } }
        record(tag, (await client.refund(original, body)).data.transaction)
      },
      async (_walletId, _toWalletId, tag) => {
        // Of crypto wallets a user may have many: a creation that happened twice would leave two.
        const body = {
          user_id: owner,
          wallet_type: 'crypto',
          initial_balance: '4',
          metadata: { operation: tag },
        } as const
        done.opened.add((await client.createWallet(body)).wallet_id)
      },
    ]
    const work = async (worker: number): Promise<void> => {
      for (let index = 0; index < OPERATIONS_PER_WORKER; index += 1) {
        const [from = '', to = ''] = [wallets[(worker + index) % 3], wallets[(worker + index + 1) % 3]]
        await acts[(worker + index) % acts.length]?.(from, to, `${worker}-${index}`)
      }
    }
    await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker)))

    const rows = (await Promise.all(wallets.map((id) => Array.fromAsync(direct.transactionsOfWallet(id))))).flat()
    // A transfer is one row on either side; its metadata stands on both.
    const written = rows.filter(({ metadata }) => 'operation' in metadata && metadata['direction'] !== 'in')
    const sorted = (pairs: Iterable<readonly [string, string]>): string[] => [...pairs].map(String).toSorted()
    expect(sorted(written.map((row) => [tagOf(row), row.transaction_id]))).toEqual(sorted(done.transactions))
    const holds = (await Promise.all(wallets.map((id) => Array.fromAsync(direct.holdsOfWallet(id))))).flat()
    expect(sorted(holds.map((hold) => [tagOf(hold), hold.hold_id]))).toEqual(sorted(done.holds))
    expect(holds.filter(({ status }) => status === 'pending')).toEqual([])
    const opened = (await direct.listWalletsOfUser(owner)).wallets
    expect(opened.map((wallet) => wallet.wallet_id).toSorted()).toEqual([...done.opened].toSorted())
    expect(opened.map(({ balance }) => balance)).toEqual(opened.map(() => '4'))
    await expectCleanAudit(one.databaseUrl)

    // The proxy did cut, in every way, and lost answers were fetched instead of earned again.
    for (const [fate] of FATES) expect(proxy?.met.get(fate) ?? 0, fate).toBeGreaterThan(0)
    const { operations, requests, retries, replays, errors } = client.metrics()
    expect(operations).toBeGreaterThanOrEqual(WORKERS * OPERATIONS_PER_WORKER)
    expect(requests).toBe(operations + retries)
    expect(retries).toBeGreaterThan(operations / 5)
    expect(replays).toBeGreaterThan(0)
    expect(errors).toEqual({})
    await client.close()
  })
})

describe('one answer lost', () => {
  test.each<{ fate: Fate; replays: number }>([
    { fate: 'before', replays: 0 },
    { fate: 'after', replays: 1 },
    { fate: 'middle', replays: 1 },
    { fate: 'bad_gateway', replays: 1 },
  ])('$fate: the operation happens once, with $replays replays', async ({ fate, replays }) => {
    const client = await behindProxy(inOrder(fate))
    const walletId = await openWallet('5')
    expect((await client.consume(walletId, { amount: '2' })).balance).toBe('3')
    expect(client.metrics()).toMatchObject({ operations: 1, requests: 2, retries: 1, replays, errors: {} })
    expect((await direct.getWallet(walletId)).balance).toBe('3')
    await client.close()
  })

  test('an attempt that stalls is given up, and its answer fetched by the next', async () => {
    proxy = await startCuttingProxy(one.service.url, inOrder('stall'))
    const client = new WalletClient({ baseUrl: proxy.url, ...PATIENT, attemptTimeoutMs: 500 })
    const walletId = await openWallet('5')
    expect((await client.consume(walletId, { amount: '2' })).balance).toBe('3')
    expect(client.metrics()).toMatchObject({ operations: 1, replays: 1, errors: {} })
    expect((await direct.getWallet(walletId)).balance).toBe('3')
    await client.close()
  })

  test('what is read is read again', async () => {
    const client = await behindProxy(inOrder('before', 'middle', 'bad_gateway'))
    const walletId = await openWallet('5')
    expect((await client.getBalance(walletId)).balance).toBe('5')
    expect(client.metrics()).toMatchObject({ requests: 4, retried: { connection_failed: 3 } })
    await client.close()
  })

  test('what sets a state is set again', async () => {
    const client = await behindProxy(inOrder('after', 'pass', 'after', 'pass'))
    const walletId = await openWallet('0')
    expect((await client.freezeWallet(walletId, { reason: 'a look' })).data.wallet.status).toBe('frozen')
    expect((await client.unfreezeWallet(walletId, { reason: 'well' })).data.wallet.status).toBe('active')
    await client.close()
  })

  test.each<{ name: string; fates: readonly Fate[]; retried: Record<string, number> }>([
    { name: 'whole', fates: ['pass'], retried: {} },
    { name: 'not done at first', fates: ['before'], retried: { connection_failed: 1 } },
    { name: 'lost', fates: ['after'], retried: { connection_failed: 1, wallet_closed: 1 } },
    {
      name: 'lost, and the wallet hard to read',
      fates: ['middle', 'pass', 'before'],
      retried: { connection_failed: 2, wallet_closed: 1 },
    },
  ])('closing with its answer $name is answered', async ({ fates, retried }) => {
    const client = await behindProxy(inOrder(...fates))
    const walletId = await openWallet('0')
    const answer = await client.closeWallet(walletId)
    expect(answer).toEqual({
      success: true,
      message: 'Wallet closed successfully',
      wallet_id: walletId,
      balance: '0',
      transaction_id: null,
      data: { wallet: { ...(await direct.getWallet(walletId)), status: 'closed' } },
    })
    const { requests, operations, retries, ...metrics } = client.metrics()
    expect(metrics).toMatchObject({ retried, errors: {} })
    expect([operations, requests]).toEqual([1, operations + retries])
    // What nobody could have done in this call is a refusal.
    expect(isWalletServiceError(await rejection(client.closeWallet(walletId)), 'wallet_closed')).toBe(true)
    await client.close()
  })

  test('closing is refused as before when the refusal has another reason', async () => {
    const client = await behindProxy(inOrder('after', 'pass', 'after', 'pass', 'pass'))
    const walletId = await openWallet('1')
    expect(isWalletServiceError(await rejection(client.closeWallet(walletId)), 'wallet_not_empty')).toBe(true)
    await direct.withdraw(walletId, { amount: '1' })
    await direct.closeWallet(walletId)
    const error = await rejection(client.closeWallet(walletId, { dryRun: true }))
    expect(isWalletServiceError(error, 'wallet_closed')).toBe(true)
    await client.close()
  })

  test('a refusal is definite, and is not asked for again', async () => {
    const client = await behindProxy(inOrder('after'))
    const walletId = await openWallet('1')
    expect(
      isWalletServiceError(await rejection(client.consume(walletId, { amount: '2' })), 'insufficient_balance'),
    ).toBe(true)
    expect(client.metrics()).toMatchObject({ requests: 2, errors: { insufficient_balance: 1 } })
    await client.close()
  })

  test('all attempts carry one key, and credentials that are fresh', async () => {
    proxy = await startCuttingProxy(one.service.url, inOrder('after', 'before', 'pass', 'pass', 'pass'))
    const walletId = await openWallet('5')
    let tokens = 0
    const client = new WalletClient({
      baseUrl: proxy.url,
      ...PATIENT,
      apiKey: 'a-key',
      token: () => Promise.resolve(`token-${(tokens += 1)}`),
      userAgent: 'billing/2',
      onAttempt: () => {
        throw new Error('A log that fails')
      },
    })
    await client.consume(walletId, { amount: '2' })
    await client.consume(walletId, { amount: '2' })
    await client.consume(walletId, { amount: '1' }, { dryRun: true })
    const keys = proxy.headers.map((headers) => headers['idempotency-key'])
    const [first, , , second] = keys
    expect(keys).toEqual([first, first, first, second, undefined])
    expect(first).toMatch(/^[0-9a-f-]{36}$/)
    expect(second).not.toBe(first)
    expect(proxy.headers.map(({ authorization }) => authorization)).toEqual(
      [1, 2, 3, 4, 5].map((token) => `Bearer token-${token}`),
    )
    expect(new Set(proxy.headers.map((headers) => headers['x-api-key']))).toEqual(new Set(['a-key']))
    expect(proxy.headers[0]?.['user-agent']).toMatch(/^wallet-service-client\/\d+\.\d+\.\d+ billing\/2$/)
    await client.close()
  })

  test('a Retry-After is waited for', async () => {
    const client = await behindProxy(inOrder('limited'))
    const startedAt = performance.now()
    await client.getHealth()
    // Not a speed but the promise: the service asked for a second.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(999)
    await client.close()
  })
})

describe('no answer in time', () => {
  test('an operation that may have happened says so, and its key settles it', async () => {
    const client = await behindProxy(() => 'after', { ...PATIENT, maxAttempts: 3 })
    const walletId = await openWallet('5')
    const error = await rejection(client.consume(walletId, { amount: '2' }))
    if (!(error instanceof OutcomeUnknownError) || error.idempotencyKey === null) throw error
    expect(error).toMatchObject({ operation: 'consume', cause: expect.any(ConnectionError) })
    expect(error.message).toContain(error.idempotencyKey)
    expect(client.metrics()).toMatchObject({ requests: 3, errors: { outcome_unknown: 1 } })
    const settled = await direct.consume(walletId, { amount: '2' }, { idempotencyKey: error.idempotencyKey })
    expect(settled.balance).toBe('3')
    expect((await direct.getWallet(walletId)).balance).toBe('3')
    await client.close()
  })

  test('closed, but the wallet cannot be read: not a failure, and asking again tells', async () => {
    const client = await behindProxy((index) => (index === 1 ? 'pass' : 'after'), { ...PATIENT, maxAttempts: 3 })
    const walletId = await openWallet('0')
    const error = await rejection(client.closeWallet(walletId))
    expect(error).toMatchObject({ name: 'OutcomeUnknownError', operation: 'closeWallet', idempotencyKey: null })
    expect(client.metrics()).toMatchObject({ operations: 1, requests: 5, errors: { outcome_unknown: 1 } })
    expect(isWalletServiceError(await rejection(direct.closeWallet(walletId)), 'wallet_closed')).toBe(true)
    await client.close()
  })

  test('a read, a dry run and what was never sent leave nothing open', async () => {
    const client = await behindProxy(() => 'after', { ...PATIENT, maxAttempts: 2 })
    const walletId = await openWallet('5')
    expect(await rejection(client.getWallet(walletId))).toBeInstanceOf(ConnectionError)
    expect(await rejection(client.consume(walletId, { amount: '1' }, { dryRun: true }))).toBeInstanceOf(ConnectionError)
    const address = proxy?.url ?? ''
    await proxy?.close()
    proxy = null
    const lonely = new WalletClient({ baseUrl: address, ...PATIENT, maxAttempts: 2 })
    expect(await rejection(lonely.consume(walletId, { amount: '1' }))).toBeInstanceOf(ConnectionError)
    expect((await direct.getWallet(walletId)).balance).toBe('5')
    await Promise.all([client.close(), lonely.close()])
  })

  test('a token that never comes ends with the attempt, the deadline and the caller’s signal', async () => {
    const walletId = await openWallet('5')
    let asked = 0
    const token = (): Promise<string> => {
      asked += 1
      return new Promise(() => undefined)
    }
    const client = new WalletClient({ baseUrl: one.service.url, ...PATIENT, attemptTimeoutMs: 50, token })
    const error = await rejection(client.deposit(walletId, { amount: '1' }, { deadlineMs: 500 }))
    expect(error).toMatchObject({ name: 'ConnectionError', cause: { message: expect.stringContaining('token') } })
    expect(asked).toBeGreaterThan(1)
    const reason = new Error('not any more')
    const controller = new AbortController()
    setTimeout(() => controller.abort(reason), 50)
    expect(await rejection(client.getWallet(walletId, { signal: controller.signal }))).toBe(reason)
    expect(client.metrics()).toMatchObject({ requests: 0, errors: { connection_failed: 1, aborted: 1 } })
    await client.close()
  })

  test('the deadline holds, and so does the caller’s signal', async () => {
    const client = await behindProxy(() => 'before', { ...PATIENT, maxAttempts: 1_000_000 })
    const walletId = await openWallet('5')
    const error = await rejection(client.deposit(walletId, { amount: '1' }, { deadlineMs: 200 }))
    expect(error).toBeInstanceOf(OutcomeUnknownError)
    const reason = new Error('not any more')
    const reading = new AbortController()
    setTimeout(() => reading.abort(reason), 50)
    expect(await rejection(client.getWallet(walletId, { signal: reading.signal }))).toBe(reason)
    // Money may be on its way: the caller gets the key.
    const moving = new AbortController()
    setTimeout(() => moving.abort(reason), 50)
    const moved = await rejection(client.deposit(walletId, { amount: '1' }, { signal: moving.signal }))
    expect(moved).toMatchObject({ name: 'OutcomeUnknownError', idempotencyKey: expect.any(String) })
    expect((await direct.getWallet(walletId)).balance).toBe('5')
    await client.close()
  })
})
