// The specification of the API, made from the routes' own schemas (OpenAPI 3.1), and Swagger UI over it.
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { ERRORS } from '../../domain/errors.ts'
import { ERROR_CODES } from '../schemas/errors.ts'

/** The groups of Swagger UI, in its order. A route outside them fails the start. */
export const TAGS = [
  { name: 'wallets', description: 'Open, look up, change and close wallets' },
  { name: 'movements', description: 'Move money: deposit, withdraw, consume, transfer, refund, reward' },
  { name: 'history', description: 'What happened to a wallet, row by row' },
  { name: 'statistics', description: 'Totals over a period' },
  { name: 'credits', description: 'The legacy credit endpoints, by user' },
  { name: 'service', description: 'Health and figures of the service itself' },
] as const

const INTRODUCTION = `Wallets of fiat credit, crypto or both, and an exact, append-only record of everything that ever happened to them.

**Amounts** are exact. Send a JSON number or a string; both are read from their digits, never rounded. Answers give decimal strings, and JSON numbers with all digits where they always were numbers.

**Retries** are safe with an \`Idempotency-Key\`: the same key with the same request gets the first answer again, with \`Idempotency-Replayed: true\`, and nothing happens twice.

**Errors** are \`application/problem+json\` (RFC 9457). \`code\` is one of a closed list; \`retryable\` says whether the same request may succeed later, and \`Retry-After\` when. Every answer carries \`X-Request-Id\`; send your own (8 to 64 characters of \`A-Za-z0-9._-\`) and it is kept.
`

function codeTable(): string {
  const rows = ERROR_CODES.map((code) => {
    const { status, title, retryable } = ERRORS[code]
    return `| ${status} | \`${code}\` | ${title} | ${retryable ? 'yes' : 'no'} |`
  })
  return ['| Status | Code | Meaning | Retryable |', '|---|---|---|---|', ...rows].join('\n')
}

/**
 * Zod leaves out the examples and defaults of what is transformed on the way in, since they might be meant for the way out.
 * Ours are always those of the wire.
 */
function keepWireExamples({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodType; jsonSchema: object }): void {
  const meta = z.globalRegistry.get(zodSchema)
  if (meta === undefined) return
  for (const key of ['examples', 'default']) {
    if (key in meta && !(key in jsonSchema)) Reflect.set(jsonSchema, key, Reflect.get(meta, key))
  }
}

/** Every named schema is made twice, as it goes in and as it comes out; what nothing refers to is left out. */
function withoutUnused<Document extends object>(document: Document): Document {
  const text = JSON.stringify(document)
  const parts: unknown = Reflect.get(document, 'components')
  const schemas: unknown = typeof parts === 'object' && parts !== null ? Reflect.get(parts, 'schemas') : undefined
  if (typeof schemas !== 'object' || schemas === null) return document
  const used = Object.entries(schemas).filter(([name]) => text.includes(`"#/components/schemas/${name}"`))
  return { ...document, components: { ...parts, schemas: Object.fromEntries(used) } }
}

/** Collects the routes that are registered after it, and serves what they add up to. */
export async function useOpenapi(app: FastifyInstance, options: { readonly version: string }): Promise<void> {
  const zodToJsonConfig = { override: keepWireExamples }
  const components = createJsonSchemaTransformObject({ zodToJsonConfig })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Wallet service', version: options.version, description: `${INTRODUCTION}\n${codeTable()}\n` },
      servers: [{ url: '/', description: 'The server that this page came from' }],
      tags: [...TAGS],
    },
    transform: createJsonSchemaTransform({ zodToJsonConfig, skipList: [] }),
    transformObject: (document) => withoutUnused(components(document)),
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { docExpansion: 'list', tryItOutEnabled: true, displayRequestDuration: true, persistAuthorization: true },
  })
  serveSpecification(app)
}

function serveSpecification(app: FastifyInstance): void {
  app.get('/openapi.json', { schema: { hide: true } }, (_request, reply) => reply.send(app.swagger()))
  app.get('/openapi.yaml', { schema: { hide: true } }, (_request, reply) =>
    reply.type('application/yaml; charset=utf-8').send(app.swagger({ yaml: true })),
  )
}
