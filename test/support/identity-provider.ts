// An identity provider for tests: signs access tokens, and serves its key set over real HTTP on a port of its own. It can change
// its keys and go out of reach.
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

export const ISSUER = 'https://identity.test'
export const AUDIENCE = 'wallet-service'

/** A pair of keys, as it signs and as it is published. */
export interface SigningKey {
  readonly algorithm: string
  readonly keyId: string
  readonly privateKey: CryptoKey
  readonly publicKey: CryptoKey
  readonly jwk: JWK
}

/** What a token says. */
export type Claims = Readonly<Record<string, unknown>>

const BLANKS = ' '.repeat(16 * 1024)

let keys = 0

export async function newSigningKey(algorithm = 'ES256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
  const keyId = `key-${(keys += 1)}`
  return {
    algorithm,
    keyId,
    privateKey,
    publicKey,
    jwk: { ...(await exportJWK(publicKey)), kid: keyId, alg: algorithm },
  }
}

export const secondsFromNow = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds

/** What a good token says, of a user; a claim that is `undefined` is left out. */
export function claimsOf(userId: string, more: Claims = {}): Claims {
  return {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: userId,
    iat: secondsFromNow(0),
    exp: secondsFromNow(300),
    scope: 'openid wallet:read',
    ...more,
  }
}

export function signed(
  key: SigningKey,
  claims: Claims,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: key.algorithm, kid: key.keyId, ...header })
    .sign(key.privateKey)
}

export interface IdentityProvider {
  /** Of the key set. */
  readonly url: string
  /** A token of a user, by the newest key. */
  token(userId: string, more?: Claims): Promise<string>
  /** Signs by a new key from now on; the old one is published no longer. */
  rotate(): Promise<void>
  /** How it answers from now on: `up`, with status 500, with what is no key set, without an end, or not at all. */
  behave(how: 'up' | 'failing' | 'garbled' | 'endless' | 'silent'): void
  /** How often it was asked. */
  asked(): number
  /** How many bytes whoever asked took of endless answers, or has on the way. */
  endlessBytes(): number
  close(): Promise<void>
}

export async function startIdentityProvider(): Promise<IdentityProvider> {
  let key = await newSigningKey()
  let how: Parameters<IdentityProvider['behave']>[0] = 'up'
  let asked = 0
  let endlessBytes = 0
  /** A key set, and blanks behind it for as long as somebody takes them. */
  const endless = (): Readable =>
    Readable.from(
      (function* () {
        yield JSON.stringify({ keys: [key.jwk] })
        for (;;) {
          endlessBytes += BLANKS.length
          yield BLANKS
        }
      })(),
    )
  const server = createServer((_request, response) => {
    asked += 1
    if (how === 'silent') return
    if (how === 'endless') return void endless().pipe(response.writeHead(200, { 'content-type': 'application/json' }))
    const body = how === 'garbled' ? { message: 'hello' } : { keys: [key.jwk] }
    response.writeHead(how === 'failing' ? 500 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${portOf(server)}/jwks`,
    token: (userId, more) => signed(key, claimsOf(userId, more)),
    rotate: async () => {
      key = await newSigningKey()
    },
    behave: (next) => {
      how = next
    },
    asked: () => asked,
    endlessBytes: () => endlessBytes,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
