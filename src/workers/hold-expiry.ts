// Writes down which holds have expired, as long as the process runs. No money waits for it: an expired hold stops counting by
// itself. As many processes as like may run it.
import type { HoldExpiryService } from '../services/hold-expiry-service.ts'
import { Loop } from './loop.ts'

export interface HoldExpiryOptions {
  readonly expiry: HoldExpiryService
  readonly intervalMs: number
  readonly log: Readonly<Record<'info' | 'warn', (message: string, fields: Readonly<Record<string, unknown>>) => void>>
}

/** The loop that writes down expiries. */
export function holdExpiryLoop({ expiry, intervalMs, log }: HoldExpiryOptions): Loop {
  return new Loop({
    intervalMs,
    work: async () => {
      const { written, hasMore } = await expiry.writeDownExpired()
      if (written > 0) log.info('Expired holds were written down', { holds: written })
      return hasMore
    },
    onFailure: (err) => log.warn('Expired holds could not be written down; they are free all the same', { err }),
  })
}
