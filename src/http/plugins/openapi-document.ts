// What the specification says beside the routes' own schemas: an example for every error code, the headers of errors, and
// only the named schemas that something refers to.
import type { OpenAPIV3_1 } from 'openapi-types'
import { ERRORS } from '../../domain/errors.ts'
import { errorExample } from '../schemas/error-examples.ts'
import { OPTIONAL_BODY } from '../schemas/common.ts'
import { ERROR_CODES } from '../schemas/errors.ts'

type Document = Partial<OpenAPIV3_1.Document>
type Operation = OpenAPIV3_1.OperationObject
type Response = OpenAPIV3_1.ResponseObject
type Parameter = OpenAPIV3_1.ParameterObject

/** Those of draft-ietf-httpapi-ratelimit-headers up to 06; they are missing where nobody is limited. */
const LIMIT_HEADERS = {
  'RateLimit-Limit': limitHeader('Requests that a caller may send in a window'),
  'RateLimit-Remaining': limitHeader('Requests that are left of the window'),
  'RateLimit-Reset': limitHeader('Seconds until the window ends'),
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const

function limitHeader(description: string): OpenAPIV3_1.HeaderObject {
  return { description, schema: { type: 'integer' } }
}

/** Completes a document made from routes. It comes as text, so that no parts are shared: YAML would write anchors for those. */
export function completeDocument(text: string): Document {
  const document: Document = JSON.parse(text)
  for (const operation of operationsOf(document)) completeOperation(operation)
  return withComponents(document)
}

function operationsOf(document: Document): readonly Operation[] {
  return Object.values(document.paths ?? {}).flatMap((path) =>
    METHODS.flatMap((method) => {
      const operation = path?.[method]
      return operation === undefined ? [] : [operation]
    }),
  )
}

function completeOperation(operation: Operation): void {
  for (const parameter of operation.parameters ?? []) if (!isReference(parameter)) sparePrefilling(parameter)
  if (operation.requestBody && !isReference(operation.requestBody)) completeBody(operation.requestBody)
  for (const response of Object.values(operation.responses ?? {})) {
    if (response !== undefined && !isReference(response)) completeResponse(response)
  }
  documentLimit(operation.responses ?? {})
}

/** @fastify/swagger says of every body that it is required; a schema says of itself when it can be left out. */
function completeBody(body: OpenAPIV3_1.RequestBodyObject): void {
  for (const { schema } of Object.values(body.content)) {
    if (!schema || !(OPTIONAL_BODY in schema)) continue
    body.required = false
    Reflect.deleteProperty(schema, OPTIONAL_BODY)
  }
}

function isReference(part: object): part is OpenAPIV3_1.ReferenceObject {
  return '$ref' in part
}

/** Swagger UI fills in every `example`: what is optional would filter a list before anybody asked for it. */
function sparePrefilling(parameter: Parameter): void {
  if (parameter.required === true) return
  const { example, examples = {}, schema } = parameter
  const values = example === undefined ? Object.values(examples).map(valueOf) : [example]
  delete parameter.example
  delete parameter.examples
  if (values.length > 0 && schema && !isReference(schema)) Reflect.set(schema, 'examples', values)
}

function valueOf(example: OpenAPIV3_1.ExampleObject | OpenAPIV3_1.ReferenceObject): unknown {
  return isReference(example) ? undefined : example.value
}

function completeResponse(response: Response): void {
  if (response.description === 'Default Response') response.description = 'Done'
  response.headers = { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } }
  const media = response.content?.['application/problem+json']
  if (media === undefined) return
  const text = JSON.stringify(media.schema)
  const codes = ERROR_CODES.filter((code) => text.includes(`"${code}"`))
  media.examples = Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]))
  if (codes.some((code) => ERRORS[code].status === 401)) {
    response.headers['WWW-Authenticate'] = { $ref: '#/components/headers/Challenge' }
  }
  if (codes.some((code) => 'retryAfterSeconds' in ERRORS[code])) {
    response.headers['Retry-After'] = { $ref: '#/components/headers/RetryAfter' }
  }
}

/** Every answer of a limited operation says what is left; that is documented where a caller would look for it. */
function documentLimit(responses: OpenAPIV3_1.ResponsesObject): void {
  if (!('429' in responses)) return
  for (const [status, response] of Object.entries(responses)) {
    if (!/^(?:2..|429)$/.test(status) || response === undefined || isReference(response)) continue
    for (const name of Object.keys(LIMIT_HEADERS)) {
      response.headers = { ...response.headers, [name]: { $ref: `#/components/headers/${name}` } }
    }
  }
}

function withComponents(document: Document): Document {
  const examples = ERROR_CODES.map((code) => [code, { summary: ERRORS[code].title, value: errorExample(code) }])
  return {
    ...document,
    components: {
      ...document.components,
      schemas: usedSchemas(document),
      examples: Object.fromEntries(examples),
      headers: {
        RequestId: { description: 'The id of the request, for the log', schema: { type: 'string' } },
        Challenge: { description: 'How to authenticate (RFC 6750)', schema: { type: 'string' } },
        RetryAfter: { description: 'Seconds after which the same request may succeed', schema: { type: 'integer' } },
        ...LIMIT_HEADERS,
      },
    },
  }
}

/** Every named schema is made twice, as it goes in and as it comes out; kept is what paths refer to, directly or not. */
function usedSchemas(document: Document): Record<string, OpenAPIV3_1.SchemaObject> {
  const schemas = document.components?.schemas ?? {}
  const used = new Set<string>()
  const waiting = namesIn(document.paths)
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (used.has(name)) continue
    used.add(name)
    waiting.push(...namesIn(schemas[name]))
  }
  return Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name)))
}

function namesIn(part: unknown): string[] {
  return [...(JSON.stringify(part) ?? '').matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name = '']) => name)
}
