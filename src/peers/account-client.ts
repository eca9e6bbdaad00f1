// The account service: whether there is a user, and whether the user may do anything.
import { z } from 'zod'
import { type Asker, pathSegment, type PeerClientOptions, PeerHttpClient } from './http-client.ts'

const MAX_ANSWER_BYTES = 64 * 1024

const PROFILE = '/api/v1/accounts/profile/{user_id}'

const profileSchema = z.object({ user_id: z.string(), is_active: z.boolean() })

export type AccountStanding = 'active' | 'inactive' | 'unknown'

/** Asks the account service. */
export class AccountClient {
  readonly #http: PeerHttpClient

  constructor(options: PeerClientOptions) {
    this.#http = new PeerHttpClient('account', { ...options, maxAnswerBytes: MAX_ANSWER_BYTES })
  }

  /** How things stand with a user. Throws `PeerUnavailableError`; a refusal to tell counts as that, too. */
  async standingOf(userId: string, asker: Asker): Promise<AccountStanding> {
    const segment = pathSegment(userId)
    if (segment === null) return 'unknown'
    return this.#http.ask(asker, async (get) => {
      const answer = await get({ path: `/api/v1/accounts/profile/${segment}`, template: PROFILE }, profileSchema)
      if (answer.kind === 'unknown') return 'unknown'
      if (answer.kind === 'no_access') throw this.#http.unusable('status 403')
      if (answer.body.user_id !== userId) throw this.#http.unusable('the answer is about another user')
      return answer.body.is_active ? 'active' : 'inactive'
    })
  }

  /** Closes all connections. */
  close(): Promise<void> {
    return this.#http.close()
  }
}
