// Finds decimals in the schemas of openapi.yaml for the typed client: amounts that requests carry, and JSON numbers of
// answers whose digits must be kept.
import type { OpenAPIV3_1 } from 'openapi-types'

type Document = OpenAPIV3_1.Document
type Schema = OpenAPIV3_1.SchemaObject | OpenAPIV3_1.ReferenceObject

const PREFIX = '#/components/schemas/'

function resolved(schema: Schema, document: Document): OpenAPIV3_1.SchemaObject {
  if (!('$ref' in schema)) return schema
  const target = document.components?.schemas?.[schema.$ref.slice(PREFIX.length)]
  if (target === undefined) throw new Error(`openapi.yaml has no ${schema.$ref}`)
  return resolved(target, document)
}

/** The alternatives of a schema, itself included. */
function formsOf(schema: Schema, document: Document): OpenAPIV3_1.SchemaObject[] {
  const own = resolved(schema, document)
  const others = [...(own.oneOf ?? []), ...(own.anyOf ?? []), ...(own.allOf ?? [])]
  return [own, ...others.flatMap((other) => formsOf(other, document))]
}

type Visit = (form: OpenAPIV3_1.SchemaObject, path: readonly string[]) => void

/** Visits every schema below one, with the way to it; the entries of a list are `*`. */
function walk(schema: Schema, document: Document, visit: Visit, path: readonly string[] = []): void {
  for (const form of formsOf(schema, document)) {
    visit(form, path)
    for (const [name, member] of Object.entries(form.properties ?? {})) walk(member, document, visit, [...path, name])
    if ('items' in form && form.items !== undefined) walk(form.items, document, visit, [...path, '*'])
    if (typeof form.additionalProperties === 'object' && Object.keys(form.additionalProperties).length > 0) {
      walk(form.additionalProperties, document, visit, [...path, '*'])
    }
  }
}

/** The names of all amounts in request bodies. */
export function amountFieldsOf(document: Document): string[] {
  const names = new Set<string>()
  for (const item of Object.values(document.paths ?? {})) {
    for (const operation of [item?.post, item?.patch, item?.put]) {
      const body = operation?.requestBody
      const schema = body && 'content' in body ? body.content['application/json']?.schema : undefined
      if (schema === undefined) continue
      walk(schema, document, ({ format }, path) => {
        if (format === 'decimal') names.add(path.at(-1) ?? '')
      })
    }
  }
  return [...names].toSorted()
}

/** Where an answer has JSON numbers with exact digits; `*` stands for every entry of a list. */
export function exactNumbersOf(schema: Schema, document: Document): (readonly string[])[] {
  const paths: (readonly string[])[] = []
  walk(schema, document, ({ type, format }, path) => {
    if (type !== 'number' || format !== 'decimal') return
    paths.push(path)
  })
  return paths
}
