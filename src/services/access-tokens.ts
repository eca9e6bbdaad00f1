// The tokens that users show: signed by the identity provider, meant for us, in force, and what they say about their user.
// Where the provider's keys come from is peers/key-set.ts's.
import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose'
import { type Caller, isUserId, widestScope } from '../domain/caller.ts'
import { AppError } from '../domain/errors.ts'

/** With a secret that both sides know (HS256) whoever has the public key could make tokens, with `none` anybody. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA']
const CLOCK_TOLERANCE_SECONDS = 5
/** Nothing longer is looked at. Real ones have one or two thousand. */
const MAX_TOKEN_LENGTH = 8192

type TokenLog = (message: string, fields: Readonly<Record<string, unknown>>) => void

export interface AccessTokensOptions {
  readonly keySet: JWTVerifyGetKey
  readonly issuer: string
  readonly audience: string
  readonly log: TokenLog
}

/** Reads access tokens (RFC 7519, RFC 8725). */
export class AccessTokens {
  readonly #options: AccessTokensOptions

  constructor(options: AccessTokensOptions) {
    this.#options = options
  }

  /**
   * The user whom a token speaks for. Needed are `exp`, `iat`, `sub`, and the right `iss` and `aud`; `nbf` is honoured.
   * Throws `unauthenticated`, and `peer_unavailable` when the keys cannot be had.
   */
  async callerOf(token: string): Promise<Caller> {
    const { sub, iat = Infinity, ...claims } = await this.#verify(token)
    if (typeof sub !== 'string' || !isUserId(sub)) throw notValid()
    if (iat > Date.now() / 1000 + CLOCK_TOLERANCE_SECONDS) throw notValid()
    return { kind: 'user', userId: sub, scope: widestScope([...namesIn(claims['scope']), ...namesIn(claims['scp'])]) }
  }

  async #verify(token: string): Promise<JWTPayload> {
    const { keySet, issuer, audience, log } = this.#options
    if (token.length > MAX_TOKEN_LENGTH) throw notValid()
    try {
      const { payload } = await jwtVerify(token, keySet, {
        algorithms: ALGORITHMS,
        issuer,
        audience,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['exp', 'iat', 'sub'],
      })
      return payload
    } catch (error) {
      if (error instanceof AppError) throw error
      // Only after the signature has been found to be right is a token found to have expired.
      if (error instanceof errors.JWTExpired) throw new AppError('unauthenticated', 'The access token has expired')
      // Such as a key that is shorter than its algorithm allows: the provider's to mend.
      if (!(error instanceof errors.JOSEError)) log('A key of the identity provider cannot be used', { err: error })
      throw notValid()
    }
  }
}

/** Which part of it is wrong would tell a forger what to try next. */
function notValid(): AppError {
  return new AppError('unauthenticated', 'The access token is not valid')
}

/** `scope` is one text with spaces (RFC 8693 §4.2), `scp` that or a list, as providers have it. */
function namesIn(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return claim.split(' ')
  return Array.isArray(claim) ? claim.filter((name): name is string => typeof name === 'string') : []
}
