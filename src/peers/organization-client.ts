// The organization service: whether a user belongs to an organization. It has no look-up for that, so its lists are searched.
import { z } from 'zod'
import { type Asker, type Get, pathSegment, type PeerClientOptions, PeerHttpClient } from './http-client.ts'

/** Of a page of members, by far the largest answer. */
const MAX_ANSWER_BYTES = 1024 * 1024
/** The most that the service gives at once. */
const PAGE_SIZE = 1000
/** A list that goes on behind a hundred thousand members is not believed to end. */
const MAX_PAGES = 100

const ORGANIZATION = '/api/v1/organizations/{organization_id}'
const MEMBERS = `${ORGANIZATION}/members`

const organizationSchema = z.object({ organization_id: z.string().optional() })

const membersSchema = z.object({
  members: z.array(z.object({ user_id: z.string(), status: z.string() })),
  total: z.number().optional(),
})

export type Membership = 'active' | 'none' | 'unknown_organization' | 'no_access'

/** Asks the organization service. */
export class OrganizationClient {
  readonly #http: PeerHttpClient

  constructor(options: PeerClientOptions) {
    this.#http = new PeerHttpClient('organization', { ...options, maxAnswerBytes: MAX_ANSWER_BYTES })
  }

  /** How a user belongs to an organization. Throws `PeerUnavailableError`. */
  async membershipOf(
    { userId, organizationId }: { readonly userId: string; readonly organizationId: string },
    asker: Asker,
  ): Promise<Membership> {
    const segment = pathSegment(organizationId)
    if (segment === null) return 'unknown_organization'
    const path = `/api/v1/organizations/${segment}`
    return this.#http.ask(asker, async (get) => {
      const answer = await get({ path, template: ORGANIZATION }, organizationSchema)
      if (answer.kind === 'unknown') return 'unknown_organization'
      if (answer.kind === 'no_access') return 'no_access'
      if ((answer.body.organization_id ?? organizationId) !== organizationId) {
        throw this.#http.unusable('the answer is about another organization')
      }
      return this.#search(get, `${path}/members`, userId)
    })
  }

  /** Closes all connections. */
  close(): Promise<void> {
    return this.#http.close()
  }

  /**
   * Goes through the members until one is the user, and active. The end is where a page is empty, or short with nothing left
   * of the total: a total alone may be that of the page, and a short page alone a limit that the service has lowered.
   */
  async #search(get: Get, path: string, userId: string): Promise<Membership> {
    let offset = 0
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const answer = await get(
        { path: `${path}?limit=${PAGE_SIZE}&offset=${offset}`, template: MEMBERS },
        membersSchema,
      )
      if (answer.kind === 'unknown') return 'unknown_organization'
      if (answer.kind === 'no_access') return 'no_access'
      const { members, total = 0 } = answer.body
      if (members.some((member) => member.user_id === userId && member.status === 'active')) return 'active'
      offset += members.length
      if (members.length === 0 || (members.length < PAGE_SIZE && offset >= total)) return 'none'
    }
    throw this.#http.unusable(`the list of members does not end within ${MAX_PAGES} pages`)
  }
}
