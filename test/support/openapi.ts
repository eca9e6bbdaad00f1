// Checks answers against the committed openapi.yaml, so that what is documented is what is sent.
import { readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { parse } from 'yaml'

export interface Operation {
  readonly operationId: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example?: unknown }>> }
  readonly responses: Readonly<Record<string, ResponseObject>>
}

interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required?: boolean
  readonly example?: unknown
}

interface ResponseObject {
  readonly content?: Readonly<
    Record<string, { readonly schema: object; readonly examples?: Readonly<Record<string, unknown>> }>
  >
}

interface Specification {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>
    readonly examples: Readonly<Record<string, { readonly value: unknown }>>
  }
}

const SPECIFICATION_ID = 'https://wallet-service.invalid/openapi.json'

/** The committed specification. */
export const specification: Specification = parse(readFileSync(new URL('../../openapi.yaml', import.meta.url), 'utf8'))

/** The ids of all operations. */
export function operationIds(): string[] {
  return Object.values(specification.paths).flatMap((operations) =>
    Object.values(operations).map(({ operationId }) => operationId),
  )
}

const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true })
addFormats.default(ajv)
// Only what is sent as a string: a JSON number is a decimal anyway.
ajv.addFormat('decimal', /^-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$/)
ajv.addSchema({ $id: SPECIFICATION_ID, ...specification })

const validators = new Map<string, ValidateFunction>()

/** One operation of the specification, by method and concrete path. */
export function operationAt(method: string, path: string): { template: string; operation: Operation } | null {
  const candidates = Object.entries(specification.paths)
    .filter(([template]) => patternOf(template).test(path))
    // A literal segment is a better match than a parameter, as in the router.
    .toSorted(([left], [right]) => left.split('{').length - right.split('{').length)
  for (const [template, operations] of candidates) {
    const operation = operations[method.toLowerCase()]
    if (operation) return { template, operation }
  }
  return null
}

/** Everything in which an answer departs from the specification; empty when it keeps to it. */
export function departures(answer: {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly contentType: string
  readonly body: unknown
}): readonly string[] {
  const found = operationAt(answer.method, answer.path)
  if (!found) return [`${answer.method} ${answer.path} is not documented`]
  const documented = found.operation.responses[String(answer.status)]
  if (!documented) return [`${found.operation.operationId} does not document status ${answer.status}`]
  const mediaType = answer.contentType.split(';')[0]?.trim() ?? ''
  if (!documented.content?.[mediaType]) {
    return [`${found.operation.operationId} ${answer.status} does not document ${mediaType}`]
  }
  const pointer = ['paths', found.template, answer.method.toLowerCase(), 'responses', String(answer.status)]
  const validate = validatorAt([...pointer, 'content', mediaType, 'schema'])
  if (validate(answer.body)) return []
  return (validate.errors ?? []).map((error) => `${found.operation.operationId}${error.instancePath} ${error.message}`)
}

function validatorAt(pointer: readonly string[]): ValidateFunction {
  const fragment = pointer.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')
  const reference = `${SPECIFICATION_ID}#/${fragment}`
  const known = validators.get(reference)
  if (known) return known
  const validate = ajv.compile({ $ref: reference })
  validators.set(reference, validate)
  return validate
}

function patternOf(template: string): RegExp {
  const escaped = template.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll(/\{[^}]+\}/g, '[^/]+')
  return new RegExp(`^${escaped}/?$`)
}
