// The generator of the Postman collection forgets no route and asks for nothing that the specification does not have. That the
// collection works is test/contract/postman.test.ts's.
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { collectionOf } from '../../scripts/generators/postman-collection.ts'
import { draft7Of } from '../../scripts/generators/postman-schemas.ts'

const text = await readFile(new URL('../../openapi.yaml', import.meta.url), 'utf8')

/** The specification after a change to its paths. */
function changed(change: (paths: Record<string, Record<string, unknown>>) => void): string {
  const specification: { paths: Record<string, Record<string, unknown>> } = parse(text)
  change(specification.paths)
  // JSON is YAML, too.
  return JSON.stringify(specification)
}

test('the same text every time, without an id or a time of its own', () => {
  expect(collectionOf(text)).toBe(collectionOf(text))
  expect(collectionOf(text)).not.toMatch(/_postman_id|"20\d\d-\d\d-\d\dT/)
})

test('a route without a step is refused', () => {
  const grown = changed((paths) => (paths['/api/v1/new'] = { post: { responses: {} } }))
  expect(() => collectionOf(grown)).toThrow('No step of the Postman collection calls POST /api/v1/new')
})

test('a step without a route is refused', () => {
  const shrunk = changed((paths) => delete paths['/health'])
  expect(() => collectionOf(shrunk)).toThrow('"Health" calls GET /health, which openapi.yaml does not have')
})

test('a step whose answer is not documented is refused', () => {
  const silent = changed((paths) => (paths['/health'] = { get: { responses: {} } }))
  expect(() => collectionOf(silent)).toThrow('"Health" expects 200, which openapi.yaml does not have for GET /health')
})

test('metrics are asked for where there are any, as text', () => {
  const content = { 'text/plain; version=0.0.4': { schema: { type: 'string' } } }
  const grown = changed((paths) => (paths['/metrics'] = { get: { responses: { 200: { content } } } }))
  const without = changed((paths) => delete paths['/metrics'])
  expect(collectionOf(without)).not.toContain('{{baseUrl}}/metrics')
  expect(collectionOf(grown)).toContain('{{baseUrl}}/metrics')
  expect(collectionOf(grown)).toContain("it is text/plain'")
})

test('schemas keep what a validator reads, and lose what is for people', () => {
  const schema = {
    type: 'object',
    description: 'A thing',
    properties: {
      description: { type: ['string', 'null'], description: 'Its text', examples: ['x'] },
      wallet: { $ref: '#/components/schemas/Wallet' },
    },
    required: ['description'],
    additionalProperties: false,
  }
  expect(draft7Of(schema)).toEqual({
    type: 'object',
    properties: { description: { type: ['string', 'null'] }, wallet: { $ref: '#/definitions/Wallet' } },
    required: ['description'],
    additionalProperties: false,
  })
})
