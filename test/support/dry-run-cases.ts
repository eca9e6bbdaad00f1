// Every call that changes something, in every way in which it can end: what openapi.yaml documents of it, brought about on a
// fresh wallet. dry-run.test.ts sends each twice.
import type { Answer, Api } from './api.ts'

/** One request, to be sent as it is. */
export interface Request {
  readonly method?: string
  readonly path: string
  readonly body?: unknown
  readonly key?: string
}

/** Sets a case up and gives its request. */
type Arrange = (api: Api) => Promise<Request>
/** By outcome: `ok`, what stands behind it in brackets, or an error's code. */
type Outcomes = Readonly<Record<string, Arrange>>

const NOBODY = '00000000-0000-7000-8000-000000000000'
const KEY = 'key'
/** One decimal more than there is. */
const TOO_FINE = '0.000000001'

let users = 0
export const newUser = (kind = 'dry-run'): string => `${kind}-${(users += 1)}`

const funded = (api: Api, more: object = {}): Promise<string> =>
  api.openWallet({ user_id: newUser(), initial_balance: 10, ...more })

const on = (wallet: string, action: string, body: unknown): Request => ({
  path: `/api/v1/wallets/${wallet}/${action}`,
  body,
  key: KEY,
})

const setStatus = (api: Api, wallet: string, action: 'freeze' | 'unfreeze'): Promise<Answer> =>
  api.post(`/api/v1/wallets/${wallet}/${action}`, { reason: 'test' })

async function frozen(api: Api): Promise<string> {
  const wallet = await funded(api)
  await setStatus(api, wallet, 'freeze')
  return wallet
}

async function closed(api: Api): Promise<string> {
  const wallet = await funded(api, { initial_balance: 0 })
  await api.call('DELETE', `/api/v1/wallets/${wallet}`)
  return wallet
}

/** Owners who are refused where the peers are the stub of peer-stubs.ts, which knows them by their names. */
function refusedOwners(request: (user: string) => Request): Outcomes {
  return {
    user_not_found: async () => request(newUser('unknown')),
    forbidden: async () => request(newUser('inactive')),
    peer_unavailable: async () => request(newUser('garbled')),
  }
}

/** A wallet in which the key is taken. */
async function spent(api: Api): Promise<string> {
  const wallet = await funded(api)
  await api.deposit(wallet, 5, KEY)
  return wallet
}

/** What a movement on a wallet may end in; `body` is one that can be paid. */
function movement(action: string, body: Readonly<Record<string, unknown>>): Outcomes {
  return {
    ok: async (api) => on(await funded(api), action, body),
    wallet_not_found: async () => on(NOBODY, action, body),
    wallet_frozen: async (api) => on(await frozen(api), action, body),
    wallet_closed: async (api) => on(await closed(api), action, body),
    idempotency_key_reused: async (api) => on(await spent(api), action, { ...body, metadata: { other: true } }),
    validation_failed: async (api) => on(await funded(api), action, { ...body, amount: TOO_FINE }),
  }
}

function debit(action: string, body: Readonly<Record<string, unknown>>): Outcomes {
  return {
    ...movement(action, body),
    'ok (beside a hold)': async (api) => {
      const wallet = await funded(api)
      await api.held(wallet, 5)
      return on(wallet, action, body)
    },
    'ok (beside a hold that expired)': async (api) => {
      const wallet = await funded(api)
      await expiredHold(api, wallet, 10)
      return on(wallet, action, body)
    },
    insufficient_balance: async (api) => {
      const wallet = await funded(api)
      await api.held(wallet, 8)
      return on(wallet, action, body)
    },
  }
}

/** A hold whose time is over. */
async function expiredHold(api: Api, wallet: string, amount: number): Promise<string> {
  const { hold_id: id } = await api.held(wallet, amount, { expires_in_seconds: 1 })
  await api.untilExpired(id)
  return id
}

/** What a request for a hold may end in; `body` is one for a hold of 5. */
function onHold(action: string, body: unknown): Outcomes {
  const request = (id: string): Request => ({ path: `/api/v1/holds/${id}/${action}`, body, key: KEY })
  const held = async (api: Api, wallet: string): Promise<Request> => request((await api.held(wallet, 5)).hold_id)
  return {
    ok: async (api) => held(api, await funded(api)),
    hold_not_found: async () => request(NOBODY),
    hold_not_pending: async (api) => {
      const { hold_id: id } = await api.held(await funded(api), 5)
      await api.voidHold(id)
      return request(id)
    },
    hold_expired: async (api) => request(await expiredHold(api, await funded(api), 5)),
    idempotency_key_reused: async (api) => held(api, await spent(api)),
    validation_failed: async () => request('not-an-id'),
  }
}

/** What a change of a wallet's status or particulars may end in. */
function administration(method: string, action: string, body?: unknown): Outcomes {
  const request = (wallet: string): Request => ({ method, path: `/api/v1/wallets/${wallet}${action}`, body })
  return {
    ok: async (api) => request(await funded(api)),
    wallet_not_found: async () => request(NOBODY),
    wallet_closed: async (api) => request(await closed(api)),
    validation_failed: async () => request('not-an-id'),
  }
}

function creation(): Outcomes {
  const request = (user: string, more: object = {}): Request => ({
    path: '/api/v1/wallets',
    body: { user_id: user, ...more },
    key: KEY,
  })
  const owner = async (api: Api, key?: string): Promise<string> => {
    const user = newUser()
    await api.post('/api/v1/wallets', { user_id: user }, key)
    return user
  }
  return {
    ok: async () => request(newUser(), { initial_balance: 7, metadata: { a: 1 } }),
    'ok (empty)': async () => request(newUser()),
    ...refusedOwners(request),
    'forbidden (to whoever is no member)': async () => request(newUser(), { organization_id: 'acme' }),
    organization_not_found: async () => request(newUser(), { organization_id: 'unknown-1' }),
    wallet_exists: async (api) => request(await owner(api)),
    idempotency_key_reused: async (api) => request(await owner(api, KEY), { currency: 'USD' }),
    validation_failed: async () => request(newUser(), { initial_balance: TOO_FINE }),
  }
}

function closing(): Outcomes {
  const request = (wallet: string): Request => ({ method: 'DELETE', path: `/api/v1/wallets/${wallet}` })
  return {
    ...administration('DELETE', ''),
    ok: async (api) => request(await funded(api, { initial_balance: 0 })),
    wallet_frozen: async (api) => request(await frozen(api)),
    wallet_not_empty: async (api) => request(await funded(api)),
  }
}

function transfer(): Outcomes {
  const request = async (from: string, to: Promise<string>, more: object = {}): Promise<Request> =>
    on(from, 'transfer', { to_wallet_id: await to, amount: 3, ...more })
  return {
    ok: async (api) => request(await funded(api), funded(api)),
    'ok (with a fee)': async (api) => request(await funded(api), funded(api), { fee: '0.5' }),
    'ok (beside a hold that expired)': async (api) => {
      const wallet = await funded(api)
      await expiredHold(api, wallet, 10)
      return request(wallet, funded(api))
    },
    insufficient_balance: async (api) => request(await funded(api), funded(api), { fee: 8 }),
    same_wallet: async (api) => {
      const wallet = await funded(api)
      return request(wallet, Promise.resolve(wallet))
    },
    currency_mismatch: async (api) => request(await funded(api), funded(api, { currency: 'USD' })),
    wallet_not_found: async (api) => request(await funded(api), Promise.resolve(NOBODY)),
    wallet_frozen: async (api) => request(await funded(api), frozen(api)),
    wallet_closed: async (api) => request(await funded(api), closed(api)),
    idempotency_key_reused: async (api) => request(await spent(api), funded(api)),
    validation_failed: async (api) => request(await funded(api), funded(api), { fee: TOO_FINE }),
  }
}

function refund(): Outcomes {
  const request = (id: string, more: object = {}): Request => ({
    path: `/api/v1/transactions/${id}/refund`,
    body: { reason: 'test', ...more },
    key: KEY,
  })
  const consumed = async (api: Api, wallet: string): Promise<string> =>
    (await api.consume(wallet, 10)).body.transaction_id
  const captured = async (api: Api): Promise<string> => {
    const { hold_id: id } = await api.held(await funded(api), 10)
    return (await api.capture(id)).body.transaction_id
  }
  return {
    ok: async (api) => request(await consumed(api, await funded(api)), { amount: 4 }),
    'ok (of a capture)': async (api) => request(await captured(api)),
    transaction_not_found: async () => request(NOBODY),
    not_refundable: async (api) => request((await api.deposit(await funded(api), 1)).body.transaction_id),
    refund_exceeds_original: async (api) => request(await consumed(api, await funded(api)), { amount: 11 }),
    wallet_frozen: async (api) => {
      const wallet = await funded(api)
      const id = await consumed(api, wallet)
      await setStatus(api, wallet, 'freeze')
      return request(id)
    },
    wallet_closed: async (api) => {
      const wallet = await funded(api)
      const id = await consumed(api, wallet)
      await api.call('DELETE', `/api/v1/wallets/${wallet}`)
      return request(id)
    },
    idempotency_key_reused: async (api) => request(await consumed(api, await spent(api))),
    validation_failed: async (api) => request(await consumed(api, await funded(api)), { amount: TOO_FINE }),
  }
}

function capture(): Outcomes {
  const request = (id: string, body: object): Request => ({ path: `/api/v1/holds/${id}/capture`, body, key: KEY })
  return {
    ...onHold('capture', {}),
    'ok (in part)': async (api) => request((await api.held(await funded(api), 5)).hold_id, { amount: 2 }),
    'ok (not final)': async (api) => {
      const { hold_id: id } = await api.held(await funded(api), 5)
      return request(id, { amount: 2, final: false, transaction_type: 'withdraw' })
    },
    capture_exceeds_hold: async (api) => request((await api.held(await funded(api), 5)).hold_id, { amount: 6 }),
    wallet_frozen: async (api) => {
      const wallet = await funded(api)
      const { hold_id: id } = await api.held(wallet, 5)
      await setStatus(api, wallet, 'freeze')
      return request(id, {})
    },
  }
}

function creditsBalance(): Outcomes {
  const request = (user: string): Request => ({ method: 'GET', path: `/api/v1/users/${user}/credits/balance` })
  return {
    ok: async (api) => {
      const user = newUser()
      const wallet = await funded(api, { user_id: user })
      await api.held(wallet, 5)
      return request(user)
    },
    'ok (of a user without a wallet)': async () => request(newUser()),
    ...refusedOwners(request),
    validation_failed: async () => request('x'.repeat(256)),
  }
}

function creditsConsumption(): Outcomes {
  const request = (user: string, amount: unknown = 3): Request => ({
    path: `/api/v1/users/${user}/credits/consume`,
    body: { amount },
    key: KEY,
  })
  const owner = async (api: Api): Promise<{ user: string; wallet: string }> => {
    const user = newUser()
    return { user, wallet: await funded(api, { user_id: user }) }
  }
  return {
    ok: async (api) => request((await owner(api)).user),
    insufficient_balance: async (api) => request((await owner(api)).user, 11),
    'insufficient_balance (of a user without a wallet)': async () => request(newUser()),
    ...refusedOwners(request),
    wallet_frozen: async (api) => {
      const { user, wallet } = await owner(api)
      await setStatus(api, wallet, 'freeze')
      return request(user)
    },
    idempotency_key_reused: async (api) => {
      const { user, wallet } = await owner(api)
      await api.deposit(wallet, 5, KEY)
      return request(user)
    },
    validation_failed: async (api) => request((await owner(api)).user, TOO_FINE),
  }
}

const KINDS_ON_HOLDS = { capture: 'capture_hold', void: 'void_hold', extend: 'extend_hold' } as const

/** The operation of a batch that means the same as a request of its own. */
function asOperation({ path, body, key }: Request): Readonly<Record<string, unknown>> {
  const [, , , noun = '', id, action = ''] = path.split('/')
  const more = { ...(typeof body === 'object' && body), ...(key !== undefined && { idempotency_key: key }) }
  if (noun === 'wallets' && id === undefined) return { operation: 'create_wallet', ...more }
  if (noun === 'transactions') return { operation: 'refund', transaction_id: id, ...more }
  if (noun === 'holds') return { operation: Reflect.get(KINDS_ON_HOLDS, action), hold_id: id, ...more }
  return { operation: action === 'holds' ? 'place_hold' : action, wallet_id: id, ...more }
}

/** What any operation of a batch may end in, of which nothing else is done then. */
function batch(): Outcomes {
  const single = {
    ...onHold('extend', { expires_in_seconds: 60 }),
    ...capture(),
    ...refund(),
    ...transfer(),
    ...creation(),
  }
  const together = Object.entries(single).map(([outcome, arrange]): readonly [string, Arrange] => [
    outcome,
    async (api) => {
      const beside = on(await funded(api), 'deposit', { amount: 1 })
      const operations = [asOperation(beside), asOperation(await arrange(api))]
      return { path: '/api/v1/batch', body: { atomic: true, operations } }
    },
  ])
  return {
    ...Object.fromEntries(together),
    'ok (each for itself, one twice, one refused)': async (api) => {
      const debit = asOperation(on(await funded(api), 'consume', { amount: 7 }))
      const operations = [debit, debit, { ...debit, idempotency_key: 'another' }]
      return { path: '/api/v1/batch', body: { operations } }
    },
  }
}

/** By operation of openapi.yaml. */
export const DRY_RUN_CASES: Readonly<Record<string, Outcomes>> = {
  createWallet: creation(),
  updateWallet: administration('PATCH', '', { metadata: { tier: 'gold' }, blockchain_network: 'polygon' }),
  closeWallet: closing(),
  freezeWallet: administration('POST', '/freeze', { reason: 'test' }),
  unfreezeWallet: administration('POST', '/unfreeze', { reason: 'test' }),
  deposit: movement('deposit', { amount: 3, reference_id: 'r' }),
  reward: movement('reward', { amount: 3 }),
  withdraw: debit('withdraw', { amount: 3, destination: 'bank' }),
  consume: debit('consume', { amount: 3, usage_record_id: 7 }),
  transfer: transfer(),
  refund: refund(),
  placeHold: debit('holds', { amount: 3, expires_in_seconds: 60 }),
  captureHold: capture(),
  voidHold: onHold('void', undefined),
  extendHold: onHold('extend', { expires_in_seconds: 60 }),
  getCreditsBalance: creditsBalance(),
  consumeCredits: creditsConsumption(),
  batch: batch(),
}
