// Digits of answers and the shape of requests: exact-json.ts and wire.ts.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAnswer, requireDecimalStrings } from '../../src/sdk/exact-json.ts'
import { OPERATIONS } from '../../src/sdk/operations.ts'
import { wireOf } from '../../src/sdk/wire.ts'

const digits = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 20n - 1n }), fc.bigInt({ min: 1n, max: 10n ** 8n - 1n }))
  .map(([whole, fraction]) => `${whole}.${String(fraction).padStart(8, '0')}`.replace(/0+$/, ''))

describe('answers', () => {
  test('a number where an amount is expected is its text, whatever it is', () => {
    fc.assert(
      fc.property(digits, digits, (amount, other) => {
        const text = `{"data":{"balance":${amount},"nested":{"balance":${other}}},"balance":7}`
        const answer = parseAnswer<{ data: { balance: string; nested: unknown }; balance: number }>(text, [
          ['data', 'balance'],
        ])
        expect(answer.data.balance).toBe(amount)
        expect(answer.balance).toBe(7)
        // Elsewhere only what a double changes keeps its text.
        const kept = other.length <= 15 ? Number(other) : other
        expect(JSON.stringify(answer.data.nested)).toBe(`{"balance":${kept}}`)
      }),
    )
  })

  test.each(['{"data":null}', '{"data":{"balance":null}}', '{}', '[]', 'null'])('%s stays as it is', (text) => {
    expect(parseAnswer(text, [['data', 'balance']])).toEqual(JSON.parse(text))
  })

  test('metadata of any depth goes out again as it came in', () => {
    const text = '{"metadata":{"long":12345678901234567890,"list":[0.10000000000000000001,1,{"deep":1e400}]}}'
    expect(JSON.stringify(parseAnswer(text, []))).toBe(text)
  })
})

describe('requests', () => {
  test('an amount that is no string is refused wherever it stands, but in metadata', () => {
    expect(() => requireDecimalStrings({ operations: [{ amount: '1' }, { amount: 1 }] })).toThrow(TypeError)
    expect(() => requireDecimalStrings({ amount: '1', fee: undefined, metadata: { amount: 1 } })).not.toThrow()
  })

  test('ids are escaped, what is undefined is left out, and a dry run says so', () => {
    const request = { path: { user_id: 'a/../b?c' }, query: { limit: 2, cursor: undefined }, options: { dryRun: true } }
    expect(wireOf(OPERATIONS.listTransactionsOfUser, request, null)).toEqual({
      method: 'GET',
      path: '/api/v1/users/a%2F..%2Fb%3Fc/transactions?limit=2&dry_run=true',
      headers: { accept: 'application/json, application/problem+json' },
      body: null,
    })
  })

  test('a body is written down once', () => {
    const body = { amount: '1' }
    const wire = wireOf(OPERATIONS.deposit, { path: { wallet_id: 'w' }, body, options: {} }, 'key')
    body.amount = '2'
    expect(wire).toMatchObject({ body: '{"amount":"1"}', headers: { 'idempotency-key': 'key' } })
  })
})
