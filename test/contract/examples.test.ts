// Every example of openapi.yaml runs as it stands: Swagger UI's "Try it out" needs no editing on a service with demo data.
// And every code of the registry stands in the specification, with an example of its own.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ERRORS } from '../../src/domain/errors.ts'
import { departures, type Operation, specification } from '../support/openapi.ts'
import { type OneService, startOneService } from '../support/service.ts'

let one: OneService

beforeAll(async () => {
  one = await startOneService({ DEMO_DATA: 'on' })
})
afterAll(() => one.close())

interface Call {
  readonly method: string
  readonly path: string
  readonly operation: Operation
}

const CALLS: readonly Call[] = Object.entries(specification.paths)
  .flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
  // Closing is for good, so it comes last.
  .toSorted((left, right) => Number(left.method === 'DELETE') - Number(right.method === 'DELETE'))

/** The path with the examples of its parameters; nothing of a query or a header must be sent. */
function exampleUrl({ path, operation }: Call): string {
  return (operation.parameters ?? [])
    .filter((parameter) => parameter.in === 'path')
    .reduce((url, { name, example }) => url.replace(`{${name}}`, encodeURIComponent(String(example))), path)
}

describe('examples', () => {
  // In order, on one service: unfreezing needs the freezing before it.
  test.each(CALLS.map((call) => [call.operation.operationId, call] as const))('%s', async (_, call) => {
    const media = call.operation.requestBody?.content['application/json']
    const options = media === undefined ? {} : { body: media.example ?? 'a body without an example is no JSON' }
    const answer = await one.api.call(call.method, exampleUrl(call), options)
    expect(Object.keys(call.operation.responses).filter((status) => status.startsWith('2'))).toEqual([
      String(answer.status),
    ])
  })
})

test('every code of the registry has an example in the specification, of its status', () => {
  const { examples } = specification.components
  expect(Object.keys(examples).toSorted()).toEqual(Object.keys(ERRORS).toSorted())
  for (const [code, { status }] of Object.entries(ERRORS)) expect(examples[code]?.value).toMatchObject({ code, status })
})

test('the comparison with the specification finds what departs from it', () => {
  const answer = { method: 'GET', path: '/api/v1/users/u/wallets', status: 200, contentType: 'application/json' }
  expect(departures({ ...answer, body: { wallets: [], count: 0 } })).toEqual([])
  expect(departures({ ...answer, body: { wallets: [{}], count: 0 } })).not.toEqual([])
  expect(departures({ ...answer, body: { wallets: [] } })).not.toEqual([])
  expect(departures({ ...answer, status: 418, body: {} })).not.toEqual([])
  expect(departures({ ...answer, contentType: 'text/html', body: { wallets: [], count: 0 } })).not.toEqual([])
  expect(departures({ ...answer, path: '/nowhere', body: {} })).not.toEqual([])
})
