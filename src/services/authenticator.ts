// Finds out who calls, by what they show: a service's key or a user's token. What they may do then is not asked here.
import type { Caller } from '../domain/caller.ts'
import { AppError } from '../domain/errors.ts'
import type { AccessTokens } from './access-tokens.ts'
import type { ApiKeys } from './api-keys.ts'

/** What a request shows: every value of each header. */
export interface Credentials {
  readonly authorizations: readonly string[]
  readonly apiKeys: readonly string[]
}

const BEARER = /^bearer +([\w.~+/=-]+)$/i

/** Knows callers. One of the two may be absent: then nobody is known by it. */
export class Authenticator {
  readonly #tokens: Pick<AccessTokens, 'callerOf'> | null
  readonly #keys: Pick<ApiKeys, 'find'> | null

  constructor(known: {
    readonly tokens: Pick<AccessTokens, 'callerOf'> | null
    readonly keys: Pick<ApiKeys, 'find'> | null
  }) {
    this.#tokens = known.tokens
    this.#keys = known.keys
  }

  /**
   * Who calls. More than one thing to go by is refused: two parties that pick differently could be played off against each
   * other. Throws `unauthenticated`, and `peer_unavailable` when the identity provider's keys cannot be had.
   */
  async callerOf({ authorizations, apiKeys }: Credentials): Promise<Caller> {
    const [authorization] = authorizations
    const [apiKey] = apiKeys
    if (authorizations.length + apiKeys.length > 1) throw refused('Show one access token or one API key, once')
    if (apiKey !== undefined) return this.#serviceOf(apiKey)
    if (authorization !== undefined) return this.#userOf(authorization)
    throw refused('An access token or an API key is required')
  }

  #serviceOf(apiKey: string): Caller {
    const service = this.#keys?.find(apiKey) ?? null
    if (service === null) throw refused('The API key is not valid')
    return service
  }

  async #userOf(authorization: string): Promise<Caller> {
    if (this.#tokens === null) throw refused('Access tokens are not accepted here, only API keys')
    const [, token] = BEARER.exec(authorization) ?? []
    if (token === undefined) throw refused('Authorization must be Bearer, followed by an access token')
    return this.#tokens.callerOf(token)
  }
}

function refused(detail: string): AppError {
  return new AppError('unauthenticated', detail)
}
