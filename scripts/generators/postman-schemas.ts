// The specification's answers as JSON Schema draft 7: what Postman's own validator understands. What is only for people is
// left out, so that a request's script stays readable.

/** A JSON value of the specification. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Keywords without a meaning for a validator. `title` and the rest of them never name a member here: see `properties`. */
const FOR_PEOPLE = new Set(['description', 'examples', 'example', 'title', 'default', 'deprecated'])
/** Canonical amounts (API.md §1): the validator has no format for them. */
const DECIMAL = '^-?(?:0|[1-9][0-9]*)(?:\\.[0-9]*[1-9])?$'
const COMPONENTS = '#/components/schemas/'
const DEFINITIONS = '#/definitions/'

/** One schema of the specification (2020-12) as draft 7; its references point into `definitions`. */
export function draft7Of(schema: Json): Json {
  if (isList(schema)) return schema.map(draft7Of)
  if (schema === null || typeof schema !== 'object') return schema
  const kept = Object.entries(schema).filter(([keyword]) => !FOR_PEOPLE.has(keyword))
  const translated = Object.fromEntries(kept.map(([keyword, value]) => [keyword, keywordOf(keyword, value)]))
  const { format, ...others } = translated
  if (format !== 'decimal') return translated
  return others['type'] === 'string' ? { ...others, pattern: DECIMAL } : others
}

function keywordOf(keyword: string, value: Json): Json {
  if (keyword === '$ref' && typeof value === 'string') return value.replace(COMPONENTS, DEFINITIONS)
  // The keys of `properties` are names of members, such as `description`; only their values are schemas.
  if (keyword === 'properties') return mapMembers(value, draft7Of)
  return keyword === 'enum' || keyword === 'required' ? value : draft7Of(value)
}

function mapMembers(value: Json, change: (member: Json) => Json): Json {
  if (value === null || typeof value !== 'object' || isList(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, change(member)]))
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

/** All schemas that answers refer to, by name. */
export function definitionsOf(schemas: Readonly<Record<string, Json>>): Readonly<Record<string, Json>> {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, draft7Of(schema)]))
}
