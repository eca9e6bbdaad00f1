// The specification of the API, made from the routes' own schemas (OpenAPI 3.1), and Swagger UI over it.
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { RouteScope } from '../../domain/caller.ts'
import { ERRORS } from '../../domain/errors.ts'
import { ERROR_CODES } from '../schemas/errors.ts'
import { completeDocument } from './openapi-document.ts'

/** The groups of Swagger UI, in its order. */
const TAGS = [
  { name: 'Wallets', description: 'Open, look up, change and close wallets' },
  { name: 'Movements', description: 'Move money: deposit, withdraw, consume, transfer, refund, reward' },
  { name: 'Holds', description: 'Set money aside, capture it, give it back' },
  { name: 'Batches', description: 'Many operations in one request' },
  { name: 'History', description: 'What happened to a wallet, row by row' },
  { name: 'Statistics', description: 'Totals over a period' },
  { name: 'Credits (legacy)', description: 'The credit endpoints of earlier callers, by user' },
  { name: 'Service', description: 'Health and figures of the service itself' },
]

const INTRODUCTION = [
  'Wallets of fiat credit, crypto or both, and an exact, append-only record of everything that ever happened to them.',
  '**Amounts** are exact. Send a JSON number or a string; both are read from their digits, never rounded. Answers give ' +
    'decimal strings, and JSON numbers with all digits where they always were numbers.',
  '**Retries** are safe with an `Idempotency-Key`: the same key with the same request gets the first answer again, with ' +
    '`Idempotency-Replayed: true`, and nothing happens twice.',
  '**Dry runs**: `?dry_run=true` on anything that changes something answers as the real call would at that moment, refusals ' +
    'included. Nothing is written, and an `Idempotency-Key` stays unused.',
  '**Callers** are checked where the service is told to; else every caller may do everything. Users show an access token ' +
    '(`Authorization: Bearer`), services an `X-API-Key`. `x-scope` says what an operation needs; `wallet:admin` includes ' +
    '`wallet:write`, and that `wallet:read`. A token reaches only what belongs to its `sub`: wallets of others do not exist for it.',
  '**Errors** are `application/problem+json` (RFC 9457). `code` is one of a closed list; `retryable` says whether the same ' +
    'request may succeed later, and `Retry-After` when. Any path answers 404 `route_not_found` when nothing is there, and 405 ' +
    '`method_not_allowed` with `Allow` for a wrong method.',
  'Every answer carries `X-Request-Id`; send your own (8 to 64 characters of `A-Za-z0-9._-`) and it is kept.',
].join('\n\n')

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
function keepWireExamples(context: { zodSchema: z.core.$ZodType; jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  const { zodSchema, jsonSchema } = context
  // The bounds of a safe integer tell a reader nothing.
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
  const meta = z.globalRegistry.get(zodSchema)
  if (meta === undefined) return
  for (const key of ['examples', 'default']) {
    if (key in meta && !(key in jsonSchema)) Reflect.set(jsonSchema, key, Reflect.get(meta, key))
  }
}

const SECURITY_SCHEMES = {
  accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The access token of a user' },
  apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'The key of a service' },
} as const

/** Says what an operation needs of its caller. */
function withScope<Schema extends object>(
  { schema, url }: { readonly schema: Schema; readonly url: string },
  scope: RouteScope | undefined,
) {
  const security = scope === 'public' ? [] : [{ accessToken: [scope] }, { apiKey: [scope] }]
  return { url, schema: { ...schema, 'x-scope': scope, security } }
}

/** Collects the routes that are registered after it, and serves what they add up to. */
export async function useOpenapi(app: FastifyInstance, options: { readonly version: string }): Promise<void> {
  const zodToJsonConfig = { override: keepWireExamples }
  const components = createJsonSchemaTransformObject({ zodToJsonConfig })
  const transform = createJsonSchemaTransform({ zodToJsonConfig, skipList: [] })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Wallet service', version: options.version, description: `${INTRODUCTION}\n\n${codeTable()}\n` },
      servers: [{ url: '/', description: 'The server that this page came from' }],
      tags: TAGS,
      components: { securitySchemes: SECURITY_SCHEMES },
    },
    transform: (route) => withScope(transform(route), route.route.config?.scope),
    transformObject: (document) => completeDocument(JSON.stringify(components(document))),
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { docExpansion: 'list', tryItOutEnabled: true, displayRequestDuration: true, persistAuthorization: true },
  })
  serveSpecification(app)
}

function serveSpecification(app: FastifyInstance): void {
  app.get('/openapi.json', { config: { scope: 'public' }, schema: { hide: true } }, (_request, reply) =>
    reply.send(app.swagger()),
  )
  app.get('/openapi.yaml', { config: { scope: 'public' }, schema: { hide: true } }, (_request, reply) =>
    reply.type('application/yaml; charset=utf-8').send(app.swagger({ yaml: true })),
  )
}
