// Writes one operation of openapi.yaml as TypeScript: an entry of the table of operations, and a method of the client.
import type { OpenAPIV3_1 } from 'openapi-types'
import { exactNumbersOf } from './sdk-schemas.ts'

/** An operation and where it stands in the specification. */
export interface NamedOperation {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly operation: OpenAPIV3_1.OperationObject
}

const JSON_TYPE = 'application/json'
const TEXT_TYPE = 'text/plain'
const PROBLEM_TYPE = 'application/problem+json'
const COMMENT_COLUMNS = 110

interface Answer {
  readonly status: string
  readonly type: string
  readonly schema: OpenAPIV3_1.SchemaObject
}

function parametersOf({ operation }: NamedOperation): OpenAPIV3_1.ParameterObject[] {
  return (operation.parameters ?? []).filter((parameter) => 'in' in parameter)
}

const hasParameter = (operation: NamedOperation, name: string): boolean =>
  parametersOf(operation).some((parameter) => parameter.name === name)

/** The responses that are answers, as opposed to problems. */
function answersOf({ operation }: NamedOperation): Answer[] {
  return Object.entries(operation.responses ?? {}).flatMap(([status, response]) => {
    if (!response || !('content' in response)) return []
    return [JSON_TYPE, TEXT_TYPE].flatMap((type) => {
      const schema = response.content?.[type]?.schema
      return schema === undefined ? [] : [{ status, type, schema }]
    })
  })
}

/** Whether the body has anything to say, and whether it must be there. */
function bodyOf({ operation }: NamedOperation): 'none' | 'optional' | 'required' {
  const body = operation.requestBody
  if (body === undefined || !('content' in body)) return 'none'
  const schema = body.content[JSON_TYPE]?.schema
  if (schema === undefined || ('properties' in schema && Object.keys(schema.properties ?? {}).length === 0))
    return 'none'
  if ('type' in schema && schema.type === 'object' && !('properties' in schema)) return 'none'
  return body.required === true ? 'required' : 'optional'
}

/** An entry of `OPERATIONS`. */
export function operationText(operation: NamedOperation, document: OpenAPIV3_1.Document): string {
  const answers = answersOf(operation)
  const entry = {
    name: operation.name,
    method: operation.method.toUpperCase(),
    path: operation.path,
    changes: hasParameter(operation, 'dry_run'),
    keyed: hasParameter(operation, 'idempotency-key'),
    statuses: answers.map(({ status }) => Number(status)),
    isText: answers.some(({ type }) => type === TEXT_TYPE),
    exactNumbers: answers.flatMap(({ status, schema }) =>
      status.startsWith('2') ? exactNumbersOf(schema, document) : [],
    ),
  }
  return `${operation.name}: ${JSON.stringify(entry)},`
}

/** A method of the client, and the generated types that it names. */
export function methodText(operation: NamedOperation): { text: string; types: string[] } {
  const { name } = operation
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  const ids = parametersOf(operation).filter((parameter) => parameter.in === 'path')
  const query = parametersOf(operation).some((parameter) => parameter.in === 'query' && parameter.name !== 'dry_run')
  const body = bodyOf(operation)
  const changes = hasParameter(operation, 'dry_run')
  const options = hasParameter(operation, 'idempotency-key')
    ? 'KeyedOptions'
    : changes
      ? 'MutationOptions'
      : 'ReadOptions'
  const parameters = [
    ...ids.map((id) => `${camelCase(id.name)}: string`),
    ...(query ? [`query: ${type}Params = {}`] : []),
    ...(body === 'none' ? [] : [`body: ${type}Payload${body === 'optional' ? ' = {}' : ''}`]),
    `options: ${options} = {}`,
  ]
  const request = [
    ...(ids.length > 0 ? [`path: { ${ids.map((id) => `${id.name}: ${camelCase(id.name)}`).join(', ')} }`] : []),
    ...(query ? ['query: { ...query }'] : []),
    ...(body === 'none' ? [] : ['body']),
    'options',
  ]
  const text = `${commentText(operation)}
  ${name}(${parameters.join(', ')}): Promise<${type}Data> {
    return this.run(OPERATIONS.${name}, { ${request.join(', ')} })
  }`
  const types = [`${type}Data`, ...(query ? [`${type}Params`] : []), ...(body === 'none' ? [] : [`${type}Payload`])]
  return { text, types }
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

function commentText({ operation }: NamedOperation): string {
  const { summary = '', description = '' } = operation
  const codes = Object.values(operation.responses ?? {}).flatMap((response) => {
    const problems = response && 'content' in response ? response.content?.[PROBLEM_TYPE]?.examples : undefined
    return Object.keys(problems ?? {}).map((code) => `\`${code}\``)
  })
  const sentences = [
    `${summary.replace(/[.]?$/, '.')} ${description}`,
    ...(codes.length > 0 ? [`Throws ${codes.join(', ')}.`] : []),
  ]
  return `  /**\n${sentences
    .flatMap((sentence) => wrapped(sentence))
    .map((line) => `   * ${line}`)
    .join('\n')}\n   */`
}

function wrapped(text: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.replaceAll('*/', '* /').split(/\s+/).filter(Boolean)) {
    if (line !== '' && line.length + word.length >= COMMENT_COLUMNS) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].filter((each) => each !== '')
}
