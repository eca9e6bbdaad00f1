// What callers may do by their scopes, and which texts can be users.
import { describe, expect, test } from 'vitest'
import { type Caller, isAllowed, isScope, isUserId, SCOPES, widestScope } from '../../src/domain/caller.ts'

test.each`
  names                                        | scope
  ${[]}                                        | ${null}
  ${['openid', 'wallet', 'WALLET:READ', '']}   | ${null}
  ${['wallet:read']}                           | ${'wallet:read'}
  ${['wallet:write', 'wallet:read']}           | ${'wallet:write'}
  ${['wallet:admin', 'openid', 'wallet:read']} | ${'wallet:admin'}
`('the widest of $names is $scope', ({ names, scope }: { names: string[]; scope: string | null }) => {
  expect(widestScope(names)).toBe(scope)
})

test('a scope includes those before it, and no scope nothing', () => {
  const allowed = [null, ...SCOPES].map((scope) => {
    const caller: Caller = { kind: 'service', name: 'billing', scope }
    return SCOPES.map((needed) => isAllowed(caller, needed))
  })
  expect(allowed).toEqual([
    [false, false, false],
    [true, false, false],
    [true, true, false],
    [true, true, true],
  ])
})

test('only our names are scopes', () => {
  expect([...SCOPES, 'public', 'wallet', '', 'toString'].filter(isScope)).toEqual(SCOPES)
})

describe('a user is named by 1 to 255 characters that can be stored', () => {
  test.each([
    ['a', true],
    ['auth0|5f7c8ec7c33c6c004bbafe82', true],
    ['ü'.repeat(255), true],
    ['😀'.repeat(255), true],
    ['', false],
    ['x'.repeat(256), false],
    ['😀'.repeat(256), false],
    ['x'.repeat(100_000), false],
    ['a\0b', false],
    ['a\uD800', false],
  ])('%j: %s', (text, known) => {
    expect(isUserId(text)).toBe(known)
  })
})
