// What every route needs of its callers: it says so itself (`config.scope`), or the service does not start. Whether a caller has
// it is authorization.ts's work; the specification shows it.
import type { FastifyInstance, RouteOptions } from 'fastify'
import { z } from 'zod'
import type { RouteScope } from '../../domain/caller.ts'
import { errorResponses } from '../schemas/common.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a caller must be allowed. */
    readonly scope?: RouteScope
    /**
     * For a route that names nothing of a user's by an id: users are refused, or its handler keeps them to what is theirs
     * (`ownerOf`). Without it, every id that the request names must be the user's.
     */
    readonly users?: 'refused' | 'filtered'
  }
}

/** Routes of others, which cannot say it themselves: Swagger UI. */
const PUBLIC_PREFIXES = ['/docs']

/** Ids in paths and bodies that belong to a user, and what they are ids of. */
export const OWNED_IDS = {
  user_id: 'user',
  wallet_id: 'wallet',
  to_wallet_id: 'wallet',
  transaction_id: 'transaction',
  hold_id: 'hold',
} as const

/** Ids that are not looked at: of others, or the path's once more. */
const OTHER_IDS = new Set(['organization_id', 'reference_id', 'usage_record_id', 'original_transaction_id'])

/** Refuses routes that do not say who may call them. Call it before any is registered. */
export function useRouteScopes(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    if (PUBLIC_PREFIXES.some((prefix) => route.url === prefix || route.url.startsWith(`${prefix}/`))) {
      route.config = { ...route.config, scope: 'public' }
    }
    if (scopeOf(route) === 'public') return
    requireOwner(route)
    // The specification is the same whether or not callers are checked.
    const { schema } = route
    if (typeof schema?.response !== 'object') return
    route.schema = { ...schema, response: { ...schema.response, ...errorResponses('unauthenticated', 'forbidden') } }
  })
}

/** The scope of a route. Throws for a route without: nobody has thought of who may call it. */
export function scopeOf({ url, method, config }: RouteOptions): RouteScope {
  if (config?.scope === undefined)
    throw new Error(`${String(method)} ${url} does not say who may call it: config.scope`)
  return config.scope
}

/**
 * Throws for a route of which nothing tells whose it is, for an id of which nobody knows whether it is a user's, and for one that
 * is a user's where authorization.ts does not look for it.
 */
function requireOwner({ url, method, config, schema }: RouteOptions): void {
  const { top, below } = namesIn(schema?.body)
  const names = [...namesInPath(url), ...top]
  const query = namesIn(schema?.querystring)
  const asked = [...query.top, ...query.below].find((name) => name.endsWith('_id'))
  if (asked !== undefined) throw new Error(`${String(method)} ${url}: nobody looks whose the ${asked} of a query is`)
  const strange = [...names, ...below].find((name) => name.endsWith('_id') && !isOwnedId(name) && !OTHER_IDS.has(name))
  if (strange !== undefined) throw new Error(`${String(method)} ${url}: nobody knows whose ${strange} is`)
  const hidden = config?.users === 'refused' ? undefined : [...below].find(isOwnedId)
  if (hidden !== undefined) {
    throw new Error(`${String(method)} ${url}: nobody looks whose the ${hidden} within a part of the body is`)
  }
  if (config?.users !== undefined || names.some(isOwnedId)) return
  throw new Error(`${String(method)} ${url} does not say what it is to users: config.users`)
}

function namesInPath(url: string): readonly string[] {
  return url.split('/').flatMap((segment) => (segment.startsWith(':') ? [segment.slice(1)] : []))
}

/** Names of members that a value may have, and of members of its parts, however deep. */
interface MemberNames {
  readonly top: ReadonlySet<string>
  readonly below: ReadonlySet<string>
}

type Level = keyof MemberNames
type JsonSchema = z.core.JSONSchema.JSONSchema

const DEFINITION = /^#\/\$defs\//

/** All names that a schema knows, whatever it is wrapped in; data of any form, such as `metadata`, has none. */
function namesIn(schema: unknown): MemberNames {
  const names = { top: new Set<string>(), below: new Set<string>() }
  if (schema === undefined) return names
  if (!(schema instanceof z.core.$ZodType)) throw new Error("A schema that is not zod's: nobody sees which ids it has")
  // As it is sent, and as authorization.ts finds it.
  for (const io of ['input', 'output'] as const) {
    collectNames(z.toJSONSchema(schema, { io, unrepresentable: 'any' }), names)
  }
  return names
}

function collectNames(root: JsonSchema, names: Readonly<Record<Level, Set<string>>>): void {
  const seen = { top: new Set<JsonSchema>(), below: new Set<JsonSchema>() }
  const collect = (node: JsonSchema | boolean | undefined, level: Level): void => {
    if (typeof node !== 'object' || seen[level].has(node)) return
    seen[level].add(node)
    for (const name of Object.keys(node.properties ?? {})) names[level].add(name)
    if (node.$ref !== undefined) collect(referred(root, node.$ref), level)
    for (const same of [node.allOf, node.anyOf, node.oneOf].flat()) collect(same, level)
    for (const part of partsOf(node)) collect(part, 'below')
  }
  collect(root, 'top')
}

/** Schemas of what is in a value. */
function partsOf(node: JsonSchema): readonly (JsonSchema | boolean | undefined)[] {
  const { properties = {}, patternProperties = {}, items, prefixItems, additionalProperties } = node
  const members = [...Object.values(properties), ...Object.values(patternProperties)]
  return [...members, ...[items, prefixItems].flat(), additionalProperties]
}

/** What a reference within a schema leads to. */
function referred(root: JsonSchema, reference: string): JsonSchema | boolean | undefined {
  return reference === '#' ? root : root.$defs?.[reference.replace(DEFINITION, '')]
}

function isOwnedId(name: string): name is keyof typeof OWNED_IDS {
  return Object.hasOwn(OWNED_IDS, name)
}
