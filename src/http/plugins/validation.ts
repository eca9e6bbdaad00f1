// Validates path, query, headers and body together by the route's zod schemas, so that every fault of a request is reported
// at once (API.md §6). Fastify's own validation, which stops at the first part that fails, is switched off.
import type { FastifyInstance, FastifyRequest, preValidationHookHandler, RouteOptions } from 'fastify'
import { z } from 'zod'
import type { RequestFault } from '../../domain/errors.ts'
import { validationFailed } from '../problem.ts'
import { faultsOf, type RequestPart } from '../schemas/faults.ts'

type PartKey = 'params' | 'query' | 'headers' | 'body'

interface Part {
  readonly key: PartKey
  readonly name: RequestPart
  readonly schema: z.ZodType
  /** What becomes of a query with nothing in it, where that is allowed: most have nothing in them. */
  readonly ofNothing: Readonly<object> | null
}

/** Validates every route that has schemas. Call it before routes are registered. */
export function useValidation(app: FastifyInstance): void {
  app.setValidatorCompiler(() => () => true)
  app.addHook('onRoute', (route) => {
    const parts = partsOf(route.schema)
    if (parts.length === 0) return
    const others = route.preValidation === undefined ? [] : [route.preValidation].flat()
    route.preValidation = [validating(parts), ...others]
  })
}

function partsOf(schema: RouteOptions['schema']): readonly Part[] {
  const given: readonly [PartKey, RequestPart, unknown][] = [
    ['params', 'path', schema?.params],
    ['query', 'query', schema?.querystring],
    ['headers', 'header', schema?.headers],
    ['body', 'body', schema?.body],
  ]
  return given.flatMap(([key, name, schema]) => {
    if (!(schema instanceof z.ZodType)) return []
    return [{ key, name, schema, ofNothing: key === 'query' ? outcomeOfNothing(schema) : null }]
  })
}

function outcomeOfNothing(schema: z.ZodType): Readonly<object> | null {
  const { data } = schema.safeParse({})
  return typeof data === 'object' && data !== null ? Object.freeze(data) : null
}

function isEmpty(part: unknown): boolean {
  return typeof part === 'object' && part !== null && Object.keys(part).length === 0
}

function validating(parts: readonly Part[]): preValidationHookHandler {
  return (request, _reply, done) => {
    const faults: RequestFault[] = []
    for (const part of parts) faults.push(...validate(request, part))
    if (faults.length === 0) done()
    else done(validationFailed(faults))
  }
}

const NO_FAULTS: readonly RequestFault[] = []

/** Puts the parsed part in the place of the one that was sent, or returns its faults. */
function validate(request: FastifyRequest, part: Part): readonly RequestFault[] {
  const received: unknown = request[part.key]
  if (part.ofNothing !== null && isEmpty(received)) {
    request.query = part.ofNothing
    return NO_FAULTS
  }
  const result = part.schema.safeParse(received)
  if (!result.success) return faultsOf(result.error, part.name, received)
  Reflect.set(request, part.key, result.data)
  return NO_FAULTS
}
