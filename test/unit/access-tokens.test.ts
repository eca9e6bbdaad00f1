// Access tokens, good and forged: one table of everything that may be wrong with one. The key set is jose's own local one.
import { createLocalJWKSet, exportSPKI, SignJWT, UnsecuredJWT } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import type { AppError } from '../../src/domain/errors.ts'
import { AccessTokens } from '../../src/services/access-tokens.ts'
import { Authenticator } from '../../src/services/authenticator.ts'
import {
  AUDIENCE,
  type Claims,
  claimsOf,
  ISSUER,
  newSigningKey,
  secondsFromNow,
  signed,
  type SigningKey,
} from '../support/identity-provider.ts'

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const
const KNOWN = [...ALGORITHMS, 'RS512'] as const
const keys = new Map<string, SigningKey>()
const logged: string[] = []
let tokens: AccessTokens
let strangers: SigningKey

const keyOf = (algorithm: string): SigningKey => {
  const key = keys.get(algorithm)
  if (!key) throw new Error(`There is no key for ${algorithm}`)
  return key
}

beforeAll(async () => {
  for (const algorithm of KNOWN) keys.set(algorithm, await newSigningKey(algorithm))
  strangers = await newSigningKey()
  tokens = new AccessTokens({
    keySet: createLocalJWKSet({ keys: [...keys.values()].map(({ jwk }) => jwk) }),
    issuer: ISSUER,
    audience: AUDIENCE,
    log: (message) => logged.push(message),
  })
})

const NOT_VALID = { code: 'unauthenticated', message: 'The access token is not valid', context: {} }

/** How a token is refused; `null` when it is not. */
const refusalOf = (token: string): Promise<object | null> =>
  tokens.callerOf(token).then(
    () => null,
    ({ code, message, context }: AppError) => ({ code, message, context }),
  )

const good = (more: Claims = {}): Promise<string> => signed(keyOf('ES256'), claimsOf('user-1', more))
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('a good token is its user', () => {
  test.each(ALGORITHMS)('signed by %s', async (algorithm) => {
    const token = await signed(keyOf(algorithm), claimsOf('user-1'))
    expect(await tokens.callerOf(token)).toEqual({ kind: 'user', userId: 'user-1', scope: 'wallet:read' })
  })

  test.each<[string, Claims, string | null]>([
    ['scope, one text', { scope: 'openid wallet:write' }, 'wallet:write'],
    ['scp, a list', { scope: undefined, scp: ['wallet:admin', 7, null] }, 'wallet:admin'],
    ['scp, one text', { scope: undefined, scp: 'wallet:read wallet:write' }, 'wallet:write'],
    ['both', { scope: 'wallet:read', scp: ['wallet:write'] }, 'wallet:write'],
    ['neither', { scope: undefined }, null],
    ['what is no text', { scope: { 'wallet:admin': true } }, null],
    ['almost ours', { scope: 'wallet:administrator xwallet:admin wallet' }, null],
  ])('scopes from %s', async (_, claims, scope) => {
    expect((await tokens.callerOf(await good(claims))).scope).toBe(scope)
  })

  test.each<[string, Claims]>([
    ['several audiences, ours among them', { aud: ['other', AUDIENCE] }],
    ['expired as long ago as clocks may differ', { exp: secondsFromNow(-2) }],
    ['begun as late as clocks may differ', { nbf: secondsFromNow(3), iat: secondsFromNow(3) }],
  ])('%s', async (_, claims) => {
    expect(await tokens.callerOf(await good(claims))).toMatchObject({ userId: 'user-1' })
  })
})

describe('any other is refused without saying what is wrong with it', () => {
  test.each<[string, Claims]>([
    ['another issuer', { iss: 'https://elsewhere.test' }],
    ['no issuer', { iss: undefined }],
    ['another audience', { aud: 'another-service' }],
    ['no audience', { aud: undefined }],
    ['no expiry', { exp: undefined }],
    ['no time of issue', { iat: undefined }],
    ['issued in the future', { iat: secondsFromNow(60) }],
    ['not yet in force', { nbf: secondsFromNow(60) }],
    ['no subject', { sub: undefined }],
    ['an empty subject', { sub: '' }],
    ['a subject that cannot be stored', { sub: 'a\0b' }],
    ['a subject of 256 characters', { sub: 'x'.repeat(256) }],
  ])('%s', async (_, claims) => {
    expect(await refusalOf(await good(claims))).toEqual(NOT_VALID)
  })

  test('expired: that alone is said, so that the caller fetches another', async () => {
    const token = await good({ iat: secondsFromNow(-600), exp: secondsFromNow(-10) })
    await expect(tokens.callerOf(token)).rejects.toMatchObject({
      code: 'unauthenticated',
      message: 'The access token has expired',
    })
  })

  test('expired, and of another signer: not even that', async () => {
    expect(
      await refusalOf(
        await signed(strangers, claimsOf('user-1', { exp: secondsFromNow(-10) }), { kid: keyOf('ES256').keyId }),
      ),
    ).toEqual(NOT_VALID)
  })

  test('signed by another, under the name of a key of ours', async () => {
    expect(await refusalOf(await signed(strangers, claimsOf('user-1'), { kid: keyOf('ES256').keyId }))).toEqual(
      NOT_VALID,
    )
  })

  test('signed by a key that nobody knows', async () => {
    expect(await refusalOf(await signed(strangers, claimsOf('user-1')))).toEqual(NOT_VALID)
  })

  test('an algorithm that is not among ours, although the key is', async () => {
    expect(await refusalOf(await signed(keyOf('RS512'), claimsOf('user-1')))).toEqual(NOT_VALID)
  })

  test('no signature (alg none)', async () => {
    expect(await refusalOf(new UnsecuredJWT(claimsOf('user-1')).encode())).toEqual(NOT_VALID)
    expect(await refusalOf(`${part({ alg: 'none', kid: keyOf('ES256').keyId })}.${part(claimsOf('user-1'))}.`)).toEqual(
      NOT_VALID,
    )
  })

  test('our public key as the secret of HS256', async () => {
    const { publicKey, keyId } = keyOf('RS256')
    const secret = new TextEncoder().encode(await exportSPKI(publicKey))
    const token = new SignJWT(claimsOf('user-1')).setProtectedHeader({ alg: 'HS256', kid: keyId }).sign(secret)
    expect(await refusalOf(await token)).toEqual(NOT_VALID)
  })

  test('a key of its own in the header', async () => {
    expect(await refusalOf(await signed(strangers, claimsOf('user-1'), { jwk: strangers.jwk }))).toEqual(NOT_VALID)
  })

  test('changed, cut or none at all', async () => {
    const token = await good()
    const [header = '', , signature = ''] = token.split('.')
    const forged = [header, part(claimsOf('user-2')), signature].join('.')
    const pieces = [
      token.slice(0, -4),
      token.slice(0, token.lastIndexOf('.') + 1),
      header,
      '..',
      '.',
      'x',
      `${token}.x`,
    ]
    for (const text of [forged, ...pieces]) expect(await refusalOf(text)).toEqual(NOT_VALID)
  })

  test('longer than any real one', async () => {
    expect(await refusalOf(await good({ filler: 'x'.repeat(8192) }))).toEqual(NOT_VALID)
  })

  test('none of these is worth a line in the log', () => {
    expect(logged).toEqual([])
  })
})

test('a key that cannot be used is the provider’s to mend: refused, and told', async () => {
  const key = keyOf('RS256')
  const told: string[] = []
  const broken = new AccessTokens({
    keySet: () => Promise.reject(new TypeError('RS256 requires key modulusLength to be 2048 bits or larger')),
    issuer: ISSUER,
    audience: AUDIENCE,
    log: (message) => told.push(message),
  })
  await expect(broken.callerOf(await signed(key, claimsOf('user-1')))).rejects.toMatchObject({
    code: 'unauthenticated',
  })
  expect(told).toEqual(['A key of the identity provider cannot be used'])
})

describe('what a request shows', () => {
  const user = { kind: 'user', userId: 'u', scope: null } as const
  const service = { kind: 'service', name: 's', scope: null } as const
  const both = {
    tokens: { callerOf: async () => user },
    keys: { find: (key: string) => (key === 'k' ? service : null) },
  }
  const shown = (authorizations: string[], apiKeys: string[] = [], known: Partial<typeof both> = both) =>
    new Authenticator({ tokens: null, keys: null, ...known }).callerOf({ authorizations, apiKeys })

  test.each([['Bearer a.b.c'], ['bearer a.b.c'], ['BEARER  a.b.c']])('%s is a token', async (authorization) => {
    expect(await shown([authorization])).toEqual(user)
  })

  test('X-API-Key is a key', async () => {
    expect(await shown([], ['k'])).toEqual(service)
  })

  test.each<[string, string[], string[], string]>([
    ['nothing', [], [], 'An access token or an API key is required'],
    ['a token and a key', ['Bearer a.b.c'], ['k'], 'Show one access token or one API key, once'],
    ['an empty one and a key', [''], ['k'], 'Show one access token or one API key, once'],
    ['two tokens', ['Bearer a.b.c', 'Bearer a.b.c'], [], 'Show one access token or one API key, once'],
    ['two keys', [], ['k', 'k'], 'Show one access token or one API key, once'],
    ['another scheme', ['Basic dTpw'], [], 'Authorization must be Bearer, followed by an access token'],
    ['a token alone', ['a.b.c'], [], 'Authorization must be Bearer, followed by an access token'],
    ['no token', ['Bearer '], [], 'Authorization must be Bearer, followed by an access token'],
    ['two in one', ['Bearer a.b.c, Bearer d.e.f'], [], 'Authorization must be Bearer, followed by an access token'],
    ['a wrong key', [], ['x'], 'The API key is not valid'],
    ['an empty key', [], [''], 'The API key is not valid'],
  ])('%s is refused', async (_, authorizations, apiKeys, message) => {
    await expect(shown(authorizations, apiKeys)).rejects.toMatchObject({ code: 'unauthenticated', message })
  })

  test('what is not accepted here is refused', async () => {
    const { tokens: knowsTokens, keys: knowsKeys } = both
    await expect(shown([], ['k'], { tokens: knowsTokens })).rejects.toThrow('The API key is not valid')
    await expect(shown(['Bearer a.b.c'], [], { keys: knowsKeys })).rejects.toThrow('only API keys')
  })
})
