// Whether a caller may do what they ask: known at all (401), with the scope that the route needs (403), and for users, about
// their own things only (403 for another user's id; what is another's wallet does not exist). Who they are is known by now.
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  onRequestHookHandler,
  preHandlerAsyncHookHandler,
} from 'fastify'
import { isAllowed, type Scope } from '../../domain/caller.ts'
import { AppError, assert, type ErrorContext } from '../../domain/errors.ts'
import type { NamedThing, OwnershipService } from '../../services/ownership-service.ts'
import { callerOf, ownerOf } from './authentication.ts'
import { OWNED_IDS, scopeOf } from './route-scopes.ts'

/** RFC 6750 §3. */
const CHALLENGE = 'Bearer realm="wallet_service"'

/** Checks the callers of the routes that are registered after it; `null`: every caller may do everything. */
export function useAuthorization(app: FastifyInstance, ownership: Pick<OwnershipService, 'requireOwned'> | null): void {
  if (ownership === null) return
  app.addHook('onRoute', (route) => {
    const scope = scopeOf(route)
    if (scope === 'public') return
    route.onRequest = [...[route.onRequest ?? []].flat(), authorizing(scope, route.config?.users === 'refused')]
    route.preHandler = [owning(ownership), ...[route.preHandler ?? []].flat()]
  })
}

/** Last of what runs when a request arrives: nothing of it has been read but its headers. */
function authorizing(scope: Scope, refusesUsers: boolean): onRequestHookHandler {
  return ({ identity }, reply, done) => {
    assert(identity !== null, 'somebody looked who calls a route that is not public')
    if ('failure' in identity) {
      if (identity.failure.code === 'unauthenticated') reply.header('www-authenticate', CHALLENGE)
      return done(identity.failure)
    }
    const { caller } = identity
    if (!isAllowed(caller, scope)) return done(lacking(scope, reply))
    if (refusesUsers && caller.kind === 'user') return done(forbidden('This is for services only'))
    return done()
  }
}

/**
 * Refuses a caller who may use the route, but not for what the request asks; `about` says what that is. Throws `forbidden`. Where
 * nobody is checked, everybody may.
 */
export function requireScope(request: FastifyRequest, reply: FastifyReply, scope: Scope, about: ErrorContext): void {
  const caller = callerOf(request)
  if (caller !== null && !isAllowed(caller, scope)) throw lacking(scope, reply, about)
}

function lacking(scope: Scope, reply: FastifyReply, about: ErrorContext = {}): AppError {
  reply.header('www-authenticate', `${CHALLENGE}, error="insufficient_scope", scope="${scope}"`)
  return forbidden(`This needs the scope ${scope}`, { required_scope: scope, ...about })
}

/** After validation, when ids are what they should be. */
function owning(ownership: Pick<OwnershipService, 'requireOwned'>): preHandlerAsyncHookHandler {
  return async (request) => {
    const owner = ownerOf(request)
    if (owner === null) return
    const named = [...idsIn(request.params), ...idsIn(request.body)]
    if (named.some(({ kind, id }) => kind === 'user' && id !== owner)) {
      throw forbidden('An access token reaches only what belongs to its own user')
    }
    const things = named.flatMap(({ kind, id }): NamedThing[] => (kind === 'user' ? [] : [{ kind, id }]))
    await ownership.requireOwned(owner, things)
  }
}

function idsIn(part: unknown): readonly { kind: (typeof OWNED_IDS)[keyof typeof OWNED_IDS]; id: string }[] {
  if (typeof part !== 'object' || part === null) return []
  return Object.entries(OWNED_IDS).flatMap(([name, kind]) => {
    const id: unknown = Reflect.get(part, name)
    return typeof id === 'string' ? [{ kind, id }] : []
  })
}

function forbidden(detail: string, context: ErrorContext = {}): AppError {
  return new AppError('forbidden', detail, { context })
}
