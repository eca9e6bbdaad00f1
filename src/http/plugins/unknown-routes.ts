// Requests that no route takes: 405 with `Allow` where the path exists under another method, else 404 (API.md, preamble).
import type { FastifyInstance } from 'fastify'
import { AppError } from '../../domain/errors.ts'

/** A path of the router, in segments, and the methods it knows. */
interface KnownPath {
  readonly segments: readonly string[]
  readonly methods: Set<string>
}

/** Answers what no route takes. Call it before routes are registered: it learns of them as they are. */
export function useUnknownRoutes(app: FastifyInstance): void {
  const known = new Map<string, KnownPath>()
  app.addHook('onRoute', ({ url, method }) => {
    const entry = known.get(url) ?? { segments: segmentsOf(url), methods: new Set<string>() }
    for (const name of [method].flat()) entry.methods.add(name)
    known.set(url, entry)
  })
  // Before the body is read: what it is does not matter where nobody takes it.
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) return done()
    const methods = methodsOf([...known.values()], pathOf(request.url))
    if (methods.length === 0 || methods.includes(request.method)) {
      return done(new AppError('route_not_found', `There is nothing at ${pathOf(request.url)}`))
    }
    reply.header('allow', methods.join(', '))
    const detail = `${request.method} is not possible here; ${methods.join(', ')} ${methods.length === 1 ? 'is' : 'are'}`
    done(new AppError('method_not_allowed', detail, { context: { allowed: methods } }))
  })
}

function methodsOf(known: readonly KnownPath[], path: string): string[] {
  const segments = segmentsOf(path)
  const matching = known.filter((candidate) => matches(candidate.segments, segments))
  return [...new Set(matching.flatMap(({ methods }) => [...methods]))].toSorted()
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? url
}

/** Without the empty ones at the ends: a trailing slash is ignored. */
function segmentsOf(path: string): readonly string[] {
  return path.replace(/^\/|\/$/g, '').split('/')
}

function matches(pattern: readonly string[], segments: readonly string[]): boolean {
  const open = pattern.at(-1) === '*'
  if (open ? segments.length < pattern.length : segments.length !== pattern.length) return false
  return pattern.every((expected, index) => {
    if (expected === '*') return true
    const segment = segments[index] ?? ''
    return expected.startsWith(':') ? segment !== '' : expected === segment
  })
}
