// Reads the file of API keys again and again, so that keys come and go without a restart. What is in it is not for here.
import { Loop } from './loop.ts'

const INTERVAL_MS = 2000

export interface ApiKeyReloadOptions {
  /** Reads the file; true when it has changed. When it fails, the keys stay as they were. */
  readonly reload: () => Promise<boolean>
  readonly log: Readonly<Record<'info' | 'warn', (message: string, fields: Readonly<Record<string, unknown>>) => void>>
}

/** The loop that takes up changes of the file. */
export function apiKeyReloadLoop({ reload, log }: ApiKeyReloadOptions): Loop {
  return new Loop({
    intervalMs: INTERVAL_MS,
    work: async () => {
      if (await reload()) log.info('The file of API keys has changed and was read again', {})
      return false
    },
    onFailure: (err) => log.warn('The file of API keys cannot be used; the keys of before go on being valid', { err }),
  })
}
