// An operation as it goes over the wire: path, query, headers and body. The same for all of its attempts.
import type { Operation, OperationRequest } from './operation.ts'

/** What all attempts of one operation send. */
export interface Wire {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

/** Writes it down once, so that a body which its caller changes meanwhile does not change between attempts. */
export function wireOf(operation: Operation, request: OperationRequest, idempotencyKey: string | null): Wire {
  const { path = {}, query = {}, body, options } = request
  const pairs = Object.entries({ ...query, ...(options.dryRun === true && { dry_run: true }) }).flatMap(
    ([name, value]) => (value === undefined ? [] : [[name, String(value)]]),
  )
  const search = pairs.length === 0 ? '' : `?${new URLSearchParams(Object.fromEntries(pairs)).toString()}`
  return {
    method: operation.method,
    path: `${pathOf(operation.path, path)}${search}`,
    headers: {
      accept: 'application/json, application/problem+json',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(idempotencyKey !== null && { 'idempotency-key': idempotencyKey }),
    },
    body: body === undefined ? null : JSON.stringify(body),
  }
}

/** An empty id would make another path of it: closing the wallet '' is not for a list of wallets to answer. */
function pathOf(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{([^}]+)\}/g, (_, name: string) => {
    const value = values[name]
    if (typeof value !== 'string' || value === '') throw new TypeError(`${name} must be text that is not empty`)
    return encodeURIComponent(value)
  })
}
