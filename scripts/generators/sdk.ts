// Renders the generated half of the typed client from openapi.yaml: the types of bodies and answers (swagger-typescript-api),
// and one method for every operation, so that none can be forgotten. The other half of src/sdk/ is written by hand.
import { readFile } from 'node:fs/promises'
import type { OpenAPIV3_1 } from 'openapi-types'
import { format } from 'oxfmt'
import { generateApi } from 'swagger-typescript-api'
import { parse } from 'yaml'
import { methodText, type NamedOperation, operationText } from './sdk-operations.ts'
import { amountFieldsOf } from './sdk-schemas.ts'

const SPECIFICATION = new URL('../../openapi.yaml', import.meta.url)
const FORMAT = new URL('../../.oxfmtrc.json', import.meta.url)
const DO_NOT_EDIT = 'Generated from openapi.yaml by `npm run generate`; do not edit.'
const METHODS = ['get', 'post', 'patch', 'delete', 'put'] as const

const TYPES_HEADER = `// The bodies and answers of the API as types, for callers and for operations.ts. ${DO_NOT_EDIT}

/** An exact decimal such as \`12.5\`: never a JavaScript number, which would lose digits. */
export type DecimalString = string
`

const OPERATIONS_HEADER = `// Every operation of the API as a method, and how it goes over the wire. ${DO_NOT_EDIT}
`

type Document = OpenAPIV3_1.Document

async function readSpecification(): Promise<Document> {
  return parse(await readFile(SPECIFICATION, 'utf8'))
}

async function formatted(path: string, text: string): Promise<string> {
  const result = await format(path, text, JSON.parse(await readFile(FORMAT, 'utf8')))
  if (result.errors.length > 0) throw new Error(`${path} cannot be formatted: ${JSON.stringify(result.errors)}`)
  return result.code
}

/** The text of src/sdk/api-types.ts. */
export async function renderApiTypes(): Promise<string> {
  const document = await readSpecification()
  const { files } = await generateApi({
    spec: withoutArguments(document),
    output: false,
    silent: true,
    generateClient: false,
    extractRequestBody: true,
    extractResponseBody: true,
    extractRequestParams: true,
    codeGenConstructs: (constructs) => ({ Keyword: { ...constructs.Keyword, Any: 'unknown' } }),
    // A decimal is a string for callers, also where the wire has a JSON number: the client keeps its digits.
    primitiveTypeConstructs: (constructs) => ({
      ...constructs,
      string: { $default: 'string', decimal: 'DecimalString' },
      number: { $default: 'number', decimal: 'DecimalString' },
    }),
  })
  const types = files.map(({ fileContent }) => fileContent).join('\n')
  return formatted('api-types.ts', [TYPES_HEADER, types, errorTypes(document)].join('\n'))
}

/** What is a method's argument of its own is no part of its query's type: ids of the path, and what options say. */
function withoutArguments(document: Document): Document {
  const paths = Object.entries(document.paths ?? {}).map(([path, item = {}]) => {
    const operations = METHODS.flatMap((method) => {
      const operation = item[method]
      if (operation === undefined) return []
      const parameters = (operation.parameters ?? []).filter(
        (parameter) => 'in' in parameter && parameter.in === 'query' && parameter.name !== 'dry_run',
      )
      return [[method, { ...operation, parameters }] as const]
    })
    // Without the braces the generator would not add the parameters again.
    return [path.replaceAll(/[{}]/g, ''), Object.fromEntries(operations)] as const
  })
  return { ...document, paths: Object.fromEntries(paths) }
}

/** The codes, and what explains each: the members of its example that not every error has. */
function errorTypes(document: Document): string {
  const body = document.components?.schemas?.['ErrorBody']
  const common = new Set(Object.keys((body && 'properties' in body && body.properties) || {}))
  const contexts = Object.entries(document.components?.examples ?? {}).map(([code, example]) => {
    const value: object = 'value' in example ? example.value : {}
    const members = Object.entries(value).filter(([name]) => !common.has(name))
    if (members.length === 0) return `${code}: Record<never, never>`
    return `${code}: {${members.map(([name, member]) => `readonly ${name}: ${contextType(member)}`).join('; ')}}`
  })
  return `
/** What went wrong. The service may know newer codes than this list. */
export type ErrorCode = ErrorBody['code']

/** What explains an error, by its code. */
export interface ErrorContexts {
  ${contexts.join('\n  ')}
}
`
}

function contextType(example: unknown): string {
  if (Array.isArray(example)) return 'readonly string[]'
  if (typeof example === 'string') return /^[0-9]+(\.[0-9]+)?$/.test(example) ? 'DecimalString' : 'string'
  return typeof example
}

/** The text of src/sdk/operations.ts. */
export async function renderOperations(): Promise<string> {
  const document = await readSpecification()
  const operations = operationsOf(document)
  const methods = operations.map((operation) => methodText(operation))
  const body = methods.map(({ text }) => text).join('\n\n')
  const names = [...new Set(methods.flatMap(({ types }) => types))].toSorted()
  const text = `${OPERATIONS_HEADER}
import type { ${names.join(', ')} } from './api-types.ts'
import type { KeyedOptions, MutationOptions, Operation, OperationRequest, ReadOptions } from './operation.ts'

/** The version of the API that this client was made for. */
export const API_VERSION = '${document.info.version}'

/** Members of request bodies that are amounts. */
export const AMOUNT_FIELDS: ReadonlySet<string> = new Set(${JSON.stringify(amountFieldsOf(document))})

/** How each operation goes over the wire. */
export const OPERATIONS = {
${operations.map((operation) => operationText(operation, document)).join('\n')}
} as const satisfies Record<string, Operation>

/** The operations of the API; whoever extends this sends them. */
export abstract class Operations {
  protected abstract run<Answer>(operation: Operation, request: OperationRequest): Promise<Answer>

${body}
}
`
  return formatted('operations.ts', text)
}

function operationsOf(document: Document): NamedOperation[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item = {}]) =>
    METHODS.flatMap((method) => {
      const operation = item[method]
      if (operation === undefined) return []
      const { operationId } = operation
      if (operationId === undefined) throw new Error(`${method} ${path} has no operationId`)
      return [{ operation, path, method, name: operationId }]
    }),
  )
}
