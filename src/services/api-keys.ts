// The keys by which services of ours are known: only their digests, and how one is found. Which there are stands in a file
// (api-keys-file.ts), and may change while the process runs.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Caller, Scope } from '../domain/caller.ts'

/** 256 bits: nobody guesses one, which is why one round of SHA-256 will do where a password would need many. */
const KEY_BYTES = 32
/** So that a key is known for one wherever it leaks to. */
const KEY_PREFIX = 'wallet_'

/** A service, and the SHA-256 digests of the keys that it may show: two while one takes the place of the other. */
export interface KeyedService {
  readonly name: string
  readonly scope: Scope
  readonly digests: readonly Buffer[]
}

/** A new key, as it is given to a service and kept nowhere else. */
export function newApiKey(): string {
  return KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url')
}

/** What is kept of a key: its SHA-256 digest, 32 bytes. */
export function apiKeyDigest(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}

/** Knows services by their keys. */
export class ApiKeys {
  #services: readonly KeyedService[]

  constructor(services: readonly KeyedService[]) {
    this.#services = services
  }

  /** From now on these services, and no others. */
  replace(services: readonly KeyedService[]): void {
    this.#services = services
  }

  /** The service that a key belongs to, or `null`. Looks at every digest, so that time tells nothing of which one it was. */
  find(key: string): Caller | null {
    const digest = apiKeyDigest(key)
    let found: Caller | null = null
    for (const { name, scope, digests } of this.#services) {
      for (const known of digests) if (timingSafeEqual(known, digest)) found = { kind: 'service', name, scope }
    }
    return found
  }
}
