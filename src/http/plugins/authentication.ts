// Who calls: the first of three steps (who; how often; whether they may). A failure is only remembered here, so that whoever
// fails is counted like everybody else before they are refused in authorization.ts.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Caller } from '../../domain/caller.ts'
import { AppError } from '../../domain/errors.ts'
import type { Authenticator, Credentials } from '../../services/authenticator.ts'

/** What came of looking who calls. */
type Identity = { readonly caller: Caller } | { readonly failure: AppError }

declare module 'fastify' {
  interface FastifyRequest {
    /** `null`: nobody looked, because the route is public or every caller may do everything. */
    identity: Identity | null
  }
}

/** Looks who calls, in a hook of the whole application. Without an authenticator requests do not even pass a hook. */
export function useAuthentication(app: FastifyInstance, authenticator: Pick<Authenticator, 'callerOf'> | null): void {
  app.decorateRequest('identity', null)
  if (authenticator === null) return
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.scope === 'public') return
    request.identity = await identify(authenticator, credentialsOf(request))
  })
}

async function identify(authenticator: Pick<Authenticator, 'callerOf'>, credentials: Credentials): Promise<Identity> {
  try {
    return { caller: await authenticator.callerOf(credentials) }
  } catch (error) {
    if (error instanceof AppError) return { failure: error }
    throw error
  }
}

/** Node keeps the first of several Authorization headers and passes over the others: here they are all there. */
function credentialsOf({ raw }: FastifyRequest): Credentials {
  const { authorization = [], 'x-api-key': apiKeys = [] } = raw.headersDistinct
  return { authorizations: authorization, apiKeys }
}

/** The caller, if it is known who that is. */
export function callerOf({ identity }: FastifyRequest): Caller | null {
  return identity !== null && 'caller' in identity ? identity.caller : null
}

/** The user whose things alone a request may be about; `null` for callers who act for everybody. */
export function ownerOf(request: FastifyRequest): string | null {
  const caller = callerOf(request)
  return caller?.kind === 'user' ? caller.userId : null
}

/** A name by which a known caller's requests can be counted; `null` for others, who have only an address. */
export function callerKey(request: FastifyRequest): string | null {
  const caller = callerOf(request)
  if (caller === null) return null
  return caller.kind === 'user' ? `user:${caller.userId}` : `service:${caller.name}`
}
