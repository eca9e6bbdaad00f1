// How errors are presented: each code of the registry, the framework's errors, bugs, and what must never get out.
import { describe, expect, test } from 'vitest'
import { AppError, ERRORS } from '../../src/domain/errors.ts'
import { appErrorOf, problemOf, transportProblem, validationFailed } from '../../src/http/problem.ts'
import { errorExample } from '../../src/http/schemas/error-examples.ts'
import { ERROR_CODES } from '../../src/http/schemas/errors.ts'

const REQUEST_ID = 'request-0001'

function frameworkError(code: string, statusCode = 400): Error {
  return Object.assign(new Error('words of the framework'), { code, statusCode })
}

describe('problemOf', () => {
  test('has every standard member, then the context', () => {
    const error = new AppError('insufficient_balance', 'Too little', { context: { available: '5', required: '12.5' } })
    const { status, headers, body } = problemOf(error, REQUEST_ID)
    expect(status).toBe(400)
    expect(headers).toEqual({ 'content-type': 'application/problem+json' })
    expect(Object.entries(body)).toEqual([
      ['type', 'urn:wallet-service:error:insufficient_balance'],
      ['title', 'Insufficient balance'],
      ['status', 400],
      ['detail', 'Too little'],
      ['code', 'insufficient_balance'],
      ['success', false],
      ['message', 'Too little'],
      ['request_id', REQUEST_ID],
      ['retryable', false],
      ['available', '5'],
      ['required', '12.5'],
    ])
  })

  test('context never stands in for a standard member', () => {
    const context = { status: 200, success: true, code: 'fine', errors: 'none', request_id: 'mine', wallet_id: 'w' }
    const { body } = problemOf(new AppError('wallet_exists', 'There is one', { context }), REQUEST_ID)
    expect(body).toMatchObject({ status: 400, success: false, code: 'wallet_exists', request_id: REQUEST_ID })
    expect(body['wallet_id']).toBe('w')
    expect('errors' in body).toBe(false)
  })

  test.each(ERROR_CODES)('%s keeps to the registry, with an example', (code) => {
    const definition: { status: number; title: string; retryable: boolean; retryAfterSeconds?: number } = ERRORS[code]
    const { status, headers, body } = problemOf(new AppError(code, 'why'), REQUEST_ID)
    const { title, retryable } = definition
    expect(status).toBe(definition.status)
    expect(body).toMatchObject({ status, title, code, retryable, detail: 'why', message: 'why' })
    expect(headers['retry-after']).toBe(definition.retryAfterSeconds?.toString())
    expect(status === 503 || status === 429).toBe(headers['retry-after'] !== undefined)
    expect(errorExample(code)).toMatchObject({ code, status, success: false })
  })
})

describe('appErrorOf', () => {
  test.each`
    error                                                           | code
    ${frameworkError('FST_ERR_CTP_BODY_TOO_LARGE', 413)}            | ${'body_too_large'}
    ${frameworkError('FST_ERR_CTP_INVALID_MEDIA_TYPE', 415)}        | ${'unsupported_media_type'}
    ${frameworkError('FST_ERR_CTP_INVALID_CONTENT_LENGTH', 400)}    | ${'malformed_json'}
    ${frameworkError('FST_ERR_BAD_URL', 400)}                       | ${'route_not_found'}
    ${frameworkError('ECONNRESET', 400)}                            | ${'malformed_json'}
    ${frameworkError('ECONNRESET', 500)}                            | ${'internal_error'}
    ${new AppError('wallet_busy', 'busy')}                          | ${'wallet_busy'}
    ${new Error('select * from wallets')}                           | ${'internal_error'}
    ${Object.assign(new Error('duplicate key'), { code: '23505' })} | ${'internal_error'}
    ${'a string'}                                                   | ${'internal_error'}
    ${null}                                                         | ${'internal_error'}
    ${undefined}                                                    | ${'internal_error'}
  `('$error is $code', ({ error, code }) => {
    const appError = appErrorOf(error)
    expect(appError.code).toBe(code)
  })

  test('a bug says nothing of itself, and keeps its cause for the log', () => {
    const bug = new Error('password of wallet_admin at 10.0.0.5', { cause: new Error('SELECT 1') })
    const appError = appErrorOf(bug)
    expect(appError.cause).toBe(bug)
    expect(JSON.stringify(problemOf(appError, REQUEST_ID))).not.toMatch(/password|SELECT|at \/|stack/)
  })
})

test('validation reports the first fault in words and all of them as a list', () => {
  const faults = [
    { loc: ['path', 'wallet_id'], type: 'invalid_uuid', msg: 'Must be a UUID' },
    { loc: ['body', 'amount'], type: 'missing', msg: 'Is required' },
  ]
  const { body, status } = problemOf(validationFailed(faults), REQUEST_ID)
  expect(status).toBe(422)
  expect(body).toMatchObject({ detail: 'path.wallet_id: Must be a UUID (and 1 more)', errors: faults })
})

test('what is not HTTP is told by its status alone', () => {
  const problem = transportProblem({ status: 408, title: 'Request Timeout', detail: 'Too slow' }, REQUEST_ID)
  expect(problem).toMatchObject({
    status: 408,
    headers: { 'content-type': 'application/problem+json' },
    body: { type: 'about:blank', title: 'Request Timeout', status: 408, detail: 'Too slow', retryable: true },
  })
})
