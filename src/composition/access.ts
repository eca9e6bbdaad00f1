// Who may call, and how often.
import type { ApiKeysFile } from '../api-keys-file.ts'
import type { AppDependencies } from '../app.ts'
import { createKeySet } from '../peers/key-set.ts'
import { AccessTokens } from '../services/access-tokens.ts'
import { Authenticator } from '../services/authenticator.ts'
import { OwnershipService } from '../services/ownership-service.ts'
import { LocalCounts } from '../services/request-counts.ts'
import type { SharedCounts } from '../services/shared-counts.ts'
import type { Ground } from './ground.ts'
import type { LedgerParts } from './ledger.ts'

/** `null` where nothing says how anybody could be known. */
export function createAccess(
  { config, log }: Ground,
  parts: { readonly apiKeys: ApiKeysFile | null; readonly ledger: LedgerParts },
): AppDependencies['access'] {
  const { tokens } = config.auth
  const { apiKeys, ledger } = parts
  if (tokens === null && apiKeys === null) {
    if (config.nodeEnv === 'production') log.warn('Callers are not checked: whoever reaches this may do everything', {})
    return null
  }
  const { warn } = log
  return {
    authenticator: new Authenticator({
      tokens:
        tokens && new AccessTokens({ ...tokens, log: warn, keySet: createKeySet({ url: tokens.jwksUrl, log: warn }) }),
      keys: apiKeys && apiKeys.keys,
    }),
    ownership: new OwnershipService(ledger.repositories),
  }
}

/** `null` where nobody is limited. */
export function createRateLimit(
  { config: { rateLimit } }: Ground,
  sharedCounts: SharedCounts | null,
): AppDependencies['rateLimit'] {
  return rateLimit && { ...rateLimit, counts: sharedCounts ?? new LocalCounts(rateLimit) }
}
