// How a zod schema of ours names a fault, and how zod's own issues become the faults that callers read (API.md §6).
import { z } from 'zod'
import type { RequestFault } from '../../domain/errors.ts'

/** Where in a request a value came from; the first element of a fault's `loc`. */
export type RequestPart = 'path' | 'query' | 'header' | 'body'

type IssueSink = Pick<z.core.$RefinementCtx, 'addIssue'>

/** Reports a fault from inside a transform or a check, and stands for the value that could not be made. */
export function refuse(context: IssueSink, type: string, message: string): never {
  context.addIssue({ code: 'custom', message, params: { type } })
  return z.NEVER
}

/** A batch of a thousand operations has that many if each has five; a body full of unknown members would have 300,000. */
const MAX_FAULTS = 5000

/** The faults of one part of a request; `received` is what was parsed, so that "missing" can be told from "wrong". */
export function faultsOf(error: z.core.$ZodError, part: RequestPart, received: unknown): RequestFault[] {
  return error.issues
    .slice(0, MAX_FAULTS)
    .flatMap((issue) => faultsOfIssue(issue, part, received))
    .slice(0, MAX_FAULTS)
}

function faultsOfIssue(issue: z.core.$ZodIssue, part: RequestPart, received: unknown): RequestFault[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)))
  const loc = [part, ...path]
  const value = valueAt(received, path)
  if (part === 'query' && Array.isArray(value)) return [{ loc, type: 'repeated', msg: 'Must be given only once' }]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys
      .slice(0, MAX_FAULTS)
      .map((key) => ({ loc: [...loc, key], type: 'unknown', msg: 'Is not known here' }))
  }
  if (value === undefined) return [{ loc, type: 'missing', msg: path.length === 0 ? bodyMissing(part) : 'Is required' }]
  return [{ loc, type: typeOf(issue), msg: messageOf(issue, value) }]
}

function bodyMissing(part: RequestPart): string {
  return part === 'body' ? 'A JSON object is required' : 'Is required'
}

function valueAt(received: unknown, path: readonly (string | number)[]): unknown {
  let value = received
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Reflect.get(value, step)
  }
  return value
}

function typeOf(issue: z.core.$ZodIssue): string {
  // What tells the forms of a union apart has a value that none of them has.
  if (issue.code === 'invalid_union' && issue.errors.length === 0) return 'invalid_value'
  if (issue.code !== 'custom') return issue.code
  const type: unknown = issue.params?.['type']
  return typeof type === 'string' ? type : 'invalid_value'
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'Must be a string',
  number: 'Must be a number',
  int: 'Must be a whole number',
  boolean: 'Must be true or false',
  object: 'Must be a JSON object',
  array: 'Must be a list',
}

function messageOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === 'invalid_type') return EXPECTED[issue.expected] ?? `Must be of type ${issue.expected}`
  if (issue.code === 'invalid_value') return `Must be one of: ${issue.values.map(String).join(', ')}`
  if (issue.code === 'invalid_union') return unionMessage(issue, value)
  if (issue.code === 'too_big') return `Must ${boundOf(issue.origin)} at most ${issue.maximum}${unitOf(issue.origin)}`
  if (issue.code !== 'too_small') return issue.message
  if (value === '') return 'Must not be empty'
  return `Must ${boundOf(issue.origin)} at least ${issue.minimum}${unitOf(issue.origin)}`
}

/** `Must be a whole number, or must have at most 255 characters`: what each form would have wanted. */
function unionMessage(issue: z.core.$ZodIssueInvalidUnion, value: unknown): string {
  const wishes = issue.errors.flatMap(([first]) => (first === undefined ? [] : [messageOf(first, value)]))
  const [first = issue.message, ...others] = new Set(wishes)
  return [first, ...others.map((wish) => wish.replace(/^M/, 'm'))].join(', or ')
}

function boundOf(origin: string): string {
  return origin === 'string' || origin === 'array' || origin === 'set' ? 'have' : 'be'
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters'
  return origin === 'array' || origin === 'set' ? ' elements' : ''
}
