// Whether a wallet may be opened for a user, and in the name of an organization: the account and the organization service are
// asked, both at once, before any lock. What a missing answer means stands in the settings (`VALIDATE_USERS`).
import { AppError } from '../domain/errors.ts'
import { ThrottledLine } from '../observability/throttled-line.ts'
import type { AccountClient, AccountStanding } from '../peers/account-client.ts'
import type { Asker as PeerAsker } from '../peers/http-client.ts'
import type { Membership, OrganizationClient } from '../peers/organization-client.ts'
import type { PeerEvents, PeerName } from '../peers/peer-events.ts'
import { PeerUnavailableError } from '../peers/peer-failures.ts'
import { PositiveAnswers } from './positive-answers.ts'

/** On whose behalf somebody asks for a wallet. */
export interface Asker extends PeerAsker {
  /** Whether a user does, and no service: what they say of themselves is not believed. */
  readonly isUser?: boolean | undefined
}

/** Whose wallet it is going to be. */
export interface Owner {
  readonly userId: string
  readonly organizationId: string | null
}

export interface OwnerChecksOptions {
  readonly accounts: AccountClient
  readonly organizations: OrganizationClient
  /** `best-effort`: where a peer does not answer, the wallet is opened, unless a user asks for one of an organization's. */
  readonly mode: 'best-effort' | 'required'
  /** How long a yes is believed, in milliseconds; 0: asked every time. */
  readonly cacheMs: number
  readonly events: PeerEvents
  readonly log: (message: string, fields: Readonly<Record<string, unknown>>) => void
}

interface Check {
  readonly peer: PeerName
  readonly asker: Asker
  /** Whether a missing answer is a refusal. */
  readonly isRequired: boolean
  /** Whether the yes is already known. */
  readonly isBelieved: boolean
  /** The refusal that the peer's answer means; `null`: none. */
  readonly ask: () => Promise<AppError | null>
}

/** What is known where nobody can be asked: a user who names an organization may name any, so they may name none. */
export const UNASKED: Pick<OwnerChecks, 'refusalOf'> = {
  refusalOf: async ({ userId, organizationId }, { isUser = false }) => {
    if (organizationId === null || !isUser) return null
    const detail = "Whether a user is a member is not asked here: only a service opens an organization's wallet"
    return new AppError('forbidden', detail, { context: { user_id: userId, organization_id: organizationId } })
  },
}

/** Checks who is to own a wallet. */
export class OwnerChecks {
  readonly #options: OwnerChecksOptions
  readonly #standings: PositiveAnswers<AccountStanding>
  readonly #memberships: PositiveAnswers<Membership>
  readonly #logs = { account: new ThrottledLine(), organization: new ThrottledLine() }

  constructor(options: OwnerChecksOptions) {
    this.#options = options
    this.#standings = new PositiveAnswers({ yes: 'active', maxAgeMs: options.cacheMs })
    this.#memberships = new PositiveAnswers({ yes: 'active', maxAgeMs: options.cacheMs })
  }

  /**
   * Why the owner may not have a wallet: `user_not_found`, `organization_not_found`, `forbidden`, or `peer_unavailable` where
   * that is not known and must be; `null`: nothing speaks against it. A no that is known comes before one that is not. Where a
   * user asks, their membership must be known in every mode.
   */
  async refusalOf(owner: Owner, asker: Asker): Promise<AppError | null> {
    const { userId, organizationId } = owner
    const refusals = await Promise.all([
      this.#refusalOfUser(userId, asker),
      organizationId === null ? null : this.#refusalOfMember({ userId, organizationId }, asker),
    ])
    const [first = null, ...others] = refusals.filter((refusal) => refusal !== null)
    return first?.code === 'peer_unavailable' ? (others[0] ?? first) : first
  }

  #refusalOfUser(userId: string, asker: Asker): Promise<AppError | null> {
    const load = () => this.#options.accounts.standingOf(userId, asker)
    return this.#check({
      peer: 'account',
      asker,
      isRequired: this.#options.mode === 'required',
      isBelieved: this.#standings.isBelieved(userId),
      ask: async () => refusedUser(await this.#standings.ask(userId, load), userId),
    })
  }

  #refusalOfMember(member: Member, asker: Asker): Promise<AppError | null> {
    const key = JSON.stringify([member.organizationId, member.userId])
    const load = () => this.#options.organizations.membershipOf(member, asker)
    return this.#check({
      peer: 'organization',
      asker,
      isRequired: this.#options.mode === 'required' || asker.isUser === true,
      isBelieved: this.#memberships.isBelieved(key),
      ask: async () => refusedMember(await this.#memberships.ask(key, load), member),
    })
  }

  async #check({ peer, asker, isRequired, isBelieved, ask }: Check): Promise<AppError | null> {
    const { events } = this.#options
    if (isBelieved) {
      events.checked(peer, 'remembered')
      return null
    }
    try {
      const refusal = await ask()
      events.checked(peer, refusal === null ? 'confirmed' : 'refused')
      return refusal
    } catch (error) {
      if (!(error instanceof PeerUnavailableError)) throw error
      return isRequired ? this.#missed(error) : this.#passedOver(error, asker)
    }
  }

  #missed(error: PeerUnavailableError): AppError {
    const { peer } = error
    this.#options.events.checked(peer, 'unavailable')
    const detail = `The ${peer} service cannot be asked whether this is allowed; try again shortly`
    return new AppError('peer_unavailable', detail, { context: { peer: `${peer}_service` }, cause: error })
  }

  #passedOver({ peer, reason }: PeerUnavailableError, { requestId }: Asker): null {
    const { events, log } = this.#options
    events.checked(peer, 'unverified')
    this.#logs[peer].count((unverified) => {
      log('A wallet may be opened unverified: a peer cannot be asked', {
        request_id: requestId,
        peer,
        reason,
        unverified,
      })
    })
    return null
  }
}

type Member = { readonly userId: string; readonly organizationId: string }

function refusedUser(standing: AccountStanding, userId: string): AppError | null {
  const extras = { context: { user_id: userId } }
  switch (standing) {
    case 'active':
      return null
    case 'inactive':
      return new AppError('forbidden', `The user ${userId} is not active`, extras)
    case 'unknown':
      return new AppError('user_not_found', `There is no user ${userId}`, extras)
  }
}

function refusedMember(membership: Membership, { userId, organizationId }: Member): AppError | null {
  const extras = { context: { user_id: userId, organization_id: organizationId } }
  switch (membership) {
    case 'active':
      return null
    case 'none':
      return new AppError('forbidden', `The user ${userId} is no active member of ${organizationId}`, extras)
    case 'no_access':
      return new AppError('forbidden', `The organization ${organizationId} may not be used here`, extras)
    case 'unknown_organization':
      return new AppError('organization_not_found', `There is no organization ${organizationId}`, extras)
  }
}
