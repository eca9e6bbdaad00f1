// What a failure of the database is taken for: it decides between a retry, an honest 503 and a 500.
import { expect, test } from 'vitest'
import { classifyDatabaseError, isServerRefusal, sqlstateOf } from '../../src/db/sqlstate.ts'

const failed = (message: string, members: Readonly<Record<string, string>> = {}): Error =>
  Object.assign(new Error(message), members)

test.each`
  code                            | failure
  ${'40001'}                      | ${'conflict'}
  ${'40P01'}                      | ${'conflict'}
  ${'55P03'}                      | ${'lock_timeout'}
  ${'57P01'}                      | ${'unavailable'}
  ${'57014'}                      | ${'unavailable'}
  ${'08006'}                      | ${'unavailable'}
  ${'28P01'}                      | ${'unavailable'}
  ${'3D000'}                      | ${'unavailable'}
  ${'53300'}                      | ${'unavailable'}
  ${'58030'}                      | ${'unavailable'}
  ${'25P03'}                      | ${'unavailable'}
  ${'25006'}                      | ${'unavailable'}
  ${'23505'}                      | ${'rejected'}
  ${'22021'}                      | ${'rejected'}
  ${'ECONNREFUSED'}               | ${'unavailable'}
  ${'EPIPE'}                      | ${'unavailable'}
  ${'EAI_AGAIN'}                  | ${'unavailable'}
  ${'ENETUNREACH'}                | ${'unavailable'}
  ${'ERR_STREAM_DESTROYED'}       | ${'unavailable'}
  ${'ERR_STREAM_WRITE_AFTER_END'} | ${'unavailable'}
  ${'ERR_INVALID_ARG_TYPE'}       | ${'rejected'}
`('$code is $failure', ({ code, failure }) => {
  expect(classifyDatabaseError(failed('whatever', { code }))).toBe(failure)
})

test.each`
  message                                                             | failure
  ${'Connection terminated unexpectedly'}                             | ${'unavailable'}
  ${'Connection terminated before its transaction ended'}             | ${'unavailable'}
  ${'timeout exceeded when trying to connect'}                        | ${'unavailable'}
  ${'Client has encountered a connection error and is not queryable'} | ${'unavailable'}
  ${'Query read timeout'}                                             | ${'unavailable'}
  ${'x is not a function'}                                            | ${'rejected'}
`('without a code, "$message" is $failure', ({ message, failure }) => {
  expect(classifyDatabaseError(failed(message))).toBe(failure)
})

test('only what the server answered with ERROR is known to have written nothing', () => {
  expect(isServerRefusal(failed('canceled', { severity: 'ERROR', code: '57014' }))).toBe(true)
  expect(isServerRefusal(failed('terminating', { severity: 'FATAL', code: '57P01' }))).toBe(false)
  expect(isServerRefusal(failed('Connection terminated unexpectedly'))).toBe(false)
  expect(sqlstateOf(failed('write EPIPE', { code: 'EPIPE' }))).toBeNull()
})
