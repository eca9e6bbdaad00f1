// What makes two requests the same: every field of every kind of request is told apart by its name (API.md §5).
import { describe, expect, test } from 'vitest'
import {
  differingFields,
  REQUEST_FIELDS,
  type RequestFields,
  type RequestKind,
  requestHash,
} from '../../src/domain/idempotency.ts'
import { type JsonValue, parseExactJson } from '../../src/domain/json.ts'
import {
  claimConsume,
  claimCreation,
  claimDeposit,
  claimRefund,
  claimTransfer,
  claimWithdraw,
} from '../../src/services/requests.ts'
import { amount, transactionId, walletId } from '../support/ledger-factories.ts'

type Fields = Readonly<Record<string, JsonValue | undefined>>
const KINDS = Object.keys(REQUEST_FIELDS) as RequestKind[]
const EVERY_FIELD = KINDS.flatMap((kind) => REQUEST_FIELDS[kind].map((field): [RequestKind, string] => [kind, field]))
/** Kinds with more than one field, and their first two. */
const SEVERAL_FIELDS = KINDS.flatMap((kind): [RequestKind, string, string][] => {
  const [first, second]: readonly string[] = REQUEST_FIELDS[kind]
  return first === undefined || second === undefined ? [] : [[kind, first, second]]
})

/** The digest of fields that were put together at run time. */
const digest = (kind: RequestKind, fields: Fields): Buffer => requestHash(kind, fields as RequestFields<RequestKind>)

const sampleOf = (kind: RequestKind): Fields =>
  Object.fromEntries(REQUEST_FIELDS[kind].map((field) => [field, field === 'metadata' ? { a: 1 } : `some ${field}`]))

describe('digests', () => {
  test.each(KINDS)(
    '%s: the same request has the same digest, of eight bytes for the route and for each field',
    (kind) => {
      const sent = digest(kind, sampleOf(kind))
      expect(sent).toEqual(digest(kind, { ...sampleOf(kind) }))
      expect(sent).toHaveLength(8 * (1 + REQUEST_FIELDS[kind].length))
      expect(differingFields(kind, sent, digest(kind, sampleOf(kind)))).toEqual([])
    },
  )

  test.each(EVERY_FIELD)('%s: a change of %s is named', (kind, field) => {
    const recorded = digest(kind, sampleOf(kind))
    for (const value of ['another', '', null, 0, {}, [], undefined]) {
      const sent = digest(kind, { ...sampleOf(kind), [field]: value })
      expect(sent.equals(recorded)).toBe(false)
      expect(differingFields(kind, sent, recorded)).toEqual([field])
      expect(differingFields(kind, recorded, sent)).toEqual([field])
    }
  })

  test.each(SEVERAL_FIELDS)('%s: two changes are both named, in the order of the fields', (kind, first, second) => {
    const sent = digest(kind, { ...sampleOf(kind), [second]: 'another', [first]: 'another' })
    expect(differingFields(kind, sent, digest(kind, sampleOf(kind)))).toEqual([first, second])
  })

  test('another route is only called that, even with equal fields', () => {
    for (const kind of KINDS) {
      for (const other of KINDS.filter((candidate) => candidate !== kind)) {
        const recorded = digest(other, sampleOf(other))
        expect(differingFields(kind, digest(kind, sampleOf(kind)), recorded)).toEqual(['route'])
      }
    }
  })

  test('absent, null and empty are three different things', () => {
    const values = [undefined, null, '', 'null', {}, '{}', 0, '0', false]
    const digests = values.map((value) => digest('deposit', { ...sampleOf('deposit'), description: value }))
    expect(new Set(digests.map((each) => each.toString('hex'))).size).toBe(values.length)
  })

  test('a request recorded before a field existed counts as one without it', () => {
    const recorded = digest('deposit', { ...sampleOf('deposit'), metadata: undefined })
    const complete = digest('deposit', sampleOf('deposit'))
    expect(recorded).toHaveLength(complete.length - 8)
    // As it was written before digests ended with the last field that is there.
    const padded = Buffer.concat([recorded, Buffer.alloc(8)])
    for (const earlier of [recorded, padded]) {
      expect(differingFields('deposit', recorded, earlier)).toEqual([])
      expect(differingFields('deposit', complete, earlier)).toEqual(['metadata'])
      expect(differingFields('deposit', earlier, complete)).toEqual(['metadata'])
    }
  })

  test('the order of keys in metadata does not matter, their values do', () => {
    const withMetadata = (text: string) =>
      digest('deposit', { ...sampleOf('deposit'), metadata: parseExactJson(text) as JsonValue })
    const recorded = withMetadata('{"a":{"b":1,"c":[1,2]},"d":12345678901234567890}')
    expect(withMetadata('{ "d": 12345678901234567890, "a": {"c":[1,2],"b":1} }')).toEqual(recorded)
    for (const other of [
      '{"a":{"b":1,"c":[2,1]},"d":12345678901234567890}',
      '{"a":{"b":"1","c":[1,2]},"d":12345678901234567890}',
      '{"a":{"b":1,"c":[1,2]},"d":12345678901234567891}',
      '{"a":{"b":1,"c":[1,2]},"d":12345678901234567890,"e":null}',
    ]) {
      expect(differingFields('deposit', withMetadata(other), recorded)).toEqual(['metadata'])
    }
  })
})

describe('claims', () => {
  const hashOf = (claim: { requestHash: Buffer } | null): string => claim?.requestHash.toString('hex') ?? 'no claim'

  test('without a key nothing is claimed', () => {
    expect(claimDeposit(undefined, 'deposit', { amount: amount('1') })).toBeNull()
    expect(claimTransfer(undefined, { amount: amount('1'), toWalletId: walletId(2) })).toBeNull()
  })

  test('an amount is the same amount however it was spelled', () => {
    const spelled = ['10', '10.0', '1e1', '100e-1'].map((text) =>
      hashOf(claimDeposit('key', 'deposit', { amount: amount(text) })),
    )
    expect(new Set(spelled).size).toBe(1)
  })

  test('kinds that share their fields are different routes', () => {
    const movement = { amount: amount('10') }
    const hashes = [
      claimDeposit('key', 'deposit', movement),
      claimDeposit('key', 'reward', movement),
      claimWithdraw('key', movement),
      claimConsume('key', 'consume', movement),
      claimConsume('key', 'consume_credits', movement),
    ].map(hashOf)
    expect(new Set(hashes).size).toBe(hashes.length)
  })

  const movement = { amount: amount('10'), description: 'x', metadata: { a: 1 } }
  const creation = { userId: 'u', walletType: 'fiat', currency: 'CREDIT', initialBalance: null } as const
  const fullCreation = {
    ...creation,
    organizationId: 'o',
    blockchainNetwork: 'bsc',
    blockchainAddress: '0x1',
    metadata: { a: 1 },
  } as const
  const moreBy = { amount: amount('11'), description: 'y', metadata: { a: 2 } }

  test.each([
    [
      'deposit',
      claimDeposit('k', 'deposit', { ...movement, referenceId: 'r' }),
      claimDeposit('k', 'deposit', { ...moreBy, referenceId: 's' }),
    ],
    [
      'reward',
      claimDeposit('k', 'reward', { ...movement, referenceId: 'r' }),
      claimDeposit('k', 'reward', { ...moreBy, referenceId: 's' }),
    ],
    [
      'withdraw',
      claimWithdraw('k', { ...movement, destination: 'd' }),
      claimWithdraw('k', { ...moreBy, destination: 'e' }),
    ],
    [
      'consume',
      claimConsume('k', 'consume', { ...movement, usageRecordId: '1' }),
      claimConsume('k', 'consume', { ...moreBy, usageRecordId: '2' }),
    ],
    [
      'consume_credits',
      claimConsume('k', 'consume_credits', { ...movement, usageRecordId: '1' }),
      claimConsume('k', 'consume_credits', { ...moreBy, usageRecordId: '2' }),
    ],
    [
      'transfer',
      claimTransfer('k', { ...movement, toWalletId: walletId(1), fee: amount('1') }),
      claimTransfer('k', { ...moreBy, toWalletId: walletId(2) }),
    ],
    [
      'refund',
      claimRefund('k', transactionId(1), { reason: 'r', amount: amount('1'), metadata: { a: 1 } }),
      claimRefund('k', transactionId(2), { reason: 's' }),
    ],
    [
      'create',
      claimCreation('k', fullCreation),
      claimCreation('k', { userId: 'v', walletType: 'crypto', currency: 'ETH', initialBalance: amount('1') }),
    ],
  ] as const)('a claim of %s covers every field of the request', (kind, recorded, sent) => {
    expect([recorded?.kind, recorded?.key]).toEqual([kind, 'k'])
    if (!recorded || !sent) throw new Error('no claim')
    expect(differingFields(kind, sent.requestHash, recorded.requestHash)).toEqual(REQUEST_FIELDS[kind])
  })

  test('an initial balance of 0 is the same as none', () => {
    expect(hashOf(claimCreation('k', creation))).toBe(
      digest('create', { user_id: 'u', wallet_type: 'fiat', initial_balance: '0', currency: 'CREDIT' }).toString('hex'),
    )
  })
})
