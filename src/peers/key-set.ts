// The identity provider's public keys, over HTTP: kept, fetched anew when a token names a key that is not among them, and
// kept for longer while the provider does not answer. What a token must say is services/access-tokens.ts's.
import { createRemoteJWKSet, customFetch, errors, type FetchImplementation, type JWTVerifyGetKey } from 'jose'
import { z } from 'zod'
import { AppError } from '../domain/errors.ts'
import { credentialHeaders } from './credentials.ts'

const TIMEOUT_MS = 2000
/** Keys older than this are fetched anew, by the next token that comes: it does not wait for that, nor do those after it. */
const MAX_AGE_MS = 10 * 60_000
/** Keys older than this are not believed: how long one that the provider took back may be, while it does not answer. */
const STALE_MS = 60 * 60_000
/** Least time between two fetches that unknown keys bring about: new keys are known soon, and forgers cannot make us a flood. */
const COOLDOWN_MS = 5000
/** How long a failure stands for an answer, so that not every request under an outage waits for it. */
const FAILURE_MS = 1000
/** A key takes a thousand bytes or two, with its certificates a few thousand. */
const MAX_ANSWER_BYTES = 256 * 1024

type KeySetLog = (message: string, fields: Readonly<Record<string, unknown>>) => void

export interface KeySetOptions {
  /** May hold a user and a password, which are sent as Basic. */
  readonly url: string
  readonly log: KeySetLog
  /** As `COOLDOWN_MS`. */
  readonly cooldownMs?: number
  /** As `MAX_AGE_MS`. */
  readonly maxAgeMs?: number
}

/** What each key must be is for jose to say. */
const keySetSchema = z.object({ keys: z.array(z.looseObject({})) })

/** The provider did not give its keys. */
class KeySetUnreachable extends Error {
  override readonly name = 'KeySetUnreachable'
}

/** The key for a token's header, for `jwtVerify`. It throws `peer_unavailable` when the keys cannot be had. */
export function createKeySet(options: KeySetOptions): JWTVerifyGetKey {
  const { url, headers } = withoutCredentials(options.url)
  const fetching = bounded(options.log)
  const remote = createRemoteJWKSet(url, {
    headers,
    timeoutDuration: TIMEOUT_MS,
    cooldownDuration: options.cooldownMs ?? COOLDOWN_MS,
    // It would let every token wait for keys that are due.
    cacheMaxAge: Infinity,
    [customFetch]: fetching.fetch,
  })
  const maxAgeMs = options.maxAgeMs ?? MAX_AGE_MS
  return async (header, token) => {
    const ageMs = Date.now() - fetching.succeededAt()
    try {
      if (ageMs > STALE_MS) await remote.reload()
      // One fetch, whoever asks for it; that it failed is told already.
      else if (ageMs >= maxAgeMs) remote.reload().catch(() => undefined)
      // A key that is not among those known may be a new one, and is waited for.
      return await remote(header, token)
    } catch (error) {
      throw isOfTheToken(error) ? error : unavailable(error)
    }
  }
}

/** Everything else that can go wrong has to do with getting the keys. */
function isOfTheToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported ||
    error instanceof errors.JWKInvalid
  )
}

/** Fetches, tells of an outage once, and does not try again at once after a failure. */
function bounded(log: KeySetLog) {
  let failedAt = -Infinity
  let succeededAt = -Infinity
  let failing = false
  const fetchKeys: FetchImplementation = async (url, init) => {
    if (Date.now() - failedAt < FAILURE_MS) throw new KeySetUnreachable('The key set was out of reach a moment ago')
    try {
      const response = await fetch(url, init)
      const text = await textOf(response)
      keySetSchema.parse(JSON.parse(text))
      if (failing) log('The key set is within reach again', {})
      failing = false
      succeededAt = Date.now()
      return new Response(text)
    } catch (error) {
      failedAt = Date.now()
      if (!failing) log('The key set is out of reach; keys known so far go on being used', { err: error })
      failing = true
      throw error
    }
  }
  return { fetch: fetchKeys, succeededAt: () => succeededAt }
}

/** The body of a good answer, of which no more is read than a key set can have. */
async function textOf({ status, body }: Response): Promise<string> {
  if (status !== 200) {
    await body?.cancel()
    throw new KeySetUnreachable(`The key set answered with status ${status}`)
  }
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  // Whoever leaves the loop closes the connection.
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength
    if (bytes > MAX_ANSWER_BYTES) throw new KeySetUnreachable(`The key set has more than ${MAX_ANSWER_BYTES} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function unavailable(cause: unknown): AppError {
  return new AppError(
    'peer_unavailable',
    'The keys that access tokens are checked with cannot be had; try again shortly',
    {
      context: { peer: 'identity_provider' },
      cause,
    },
  )
}

/** `fetch` refuses addresses with a password in them. */
function withoutCredentials(text: string): { url: URL; headers: Record<string, string> } {
  const url = new URL(text)
  const headers = { ...credentialHeaders(url) }
  url.username = ''
  url.password = ''
  return { url, headers }
}
