// Which routes the service does not start with because of the ids in their bodies: authorization.ts looks at those on top of a
// body and no deeper. What else a route must say is authentication.test.ts's.
import Fastify, { type FastifyContextConfig } from 'fastify'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { useRouteScopes } from '../../src/http/plugins/route-scopes.ts'
import { metadataSchema } from '../../src/http/schemas/metadata.ts'

const user_id = z.string()
const wallet = z.object({ wallet_id: z.string() })
const operations = z.array(wallet.extend({ kind: z.string() }))

interface Chain {
  readonly user_id: string
  readonly next?: Chain | undefined
}
const chain: z.ZodType<Chain> = z.lazy(() => z.object({ user_id, next: chain.optional() }))
const links: z.ZodType = z.lazy(() => z.object({ wallet_id: z.string(), more: z.array(links) }))

const parsed = (text: string): unknown => JSON.parse(text)

/** Adds a route with such a body. */
function post(body: unknown, config: FastifyContextConfig = { scope: 'wallet:write' }): () => void {
  const app = Fastify()
  useRouteScopes(app)
  return () => void app.post('/api/v1/things', { config, schema: { body } }, async () => ({}))
}

describe("refused: a user's id where nobody looks for it", () => {
  test.each([
    ['in a list', z.object({ user_id, operations }), 'wallet_id'],
    ['in a list that may be missing', z.object({ user_id, operations: operations.nullable().optional() }), 'wallet_id'],
    ['in a body that is a list', operations, 'wallet_id'],
    ['in one of two forms', z.object({ user_id, to: z.union([z.string(), wallet]) }), 'wallet_id'],
    ['in a record', z.object({ user_id, all: z.record(z.string(), wallet) }), 'wallet_id'],
    ['in a pair', z.object({ user_id, both: z.tuple([wallet, z.string()]) }), 'wallet_id'],
    ['in what is checked and transformed', z.object({ user_id, to: wallet.transform(String) }), 'wallet_id'],
    ['in what a text is read as', z.object({ user_id, to: z.string().transform(parsed).pipe(wallet) }), 'wallet_id'],
    ['in what a body has beside its members', z.object({ user_id }).catchall(wallet), 'wallet_id'],
    ['in a body within itself', chain, 'user_id'],
    ['in a part within itself', z.object({ user_id, links }), 'wallet_id'],
  ])('%s', (_, body, name) => {
    expect(post(body)).toThrow(`nobody looks whose the ${name} within a part of the body is`)
  })
})

test('refused: an id in a part of which nobody knows whose it is, and in a part of a query', () => {
  expect(post(z.object({ user_id, card: z.object({ card_id: z.string() }) }))).toThrow('nobody knows whose card_id is')
  const app = Fastify()
  useRouteScopes(app)
  const schema = { querystring: z.object({ filter: wallet.optional() }) }
  const config = { scope: 'wallet:read' } as const
  expect(() => app.get('/api/v1/users/:user_id/x', { config, schema }, async () => ({}))).toThrow(
    'nobody looks whose the wallet_id of a query is',
  )
})

test('refused: a body of which nobody can see what it has', () => {
  expect(post({ type: 'object', properties: { user_id: { type: 'string' } } })).toThrow('nobody sees which ids it has')
})

describe('let through', () => {
  test.each([
    ['an id on top', wallet],
    ['on top of a body in a wrapping', wallet.nullable().optional()],
    ['on top of each form of a body', z.union([wallet, wallet.extend({ amount: z.string() })])],
    ['on top of a body that is checked as a whole', z.intersection(wallet, z.object({ a: z.string() }))],
    ['beside data of any form', wallet.extend({ metadata: metadataSchema, more: z.record(z.string(), z.unknown()) })],
    ["beside others' ids in parts", wallet.extend({ uses: z.array(z.object({ usage_record_id: z.string() })) })],
  ])('%s', (_, body) => {
    expect(post(body)).not.toThrow()
  })

  test('in parts, where users are refused', () => {
    expect(post(z.object({ operations }), { scope: 'wallet:write', users: 'refused' })).not.toThrow()
    expect(post(z.object({ operations }), { scope: 'wallet:write', users: 'filtered' })).toThrow('nobody looks whose')
  })
})
