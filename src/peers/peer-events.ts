// What is worth counting about peers, for whoever keeps metrics.

export type PeerName = 'account' | 'organization'

/** How a check ended: answered by a peer, answered from memory, or not answered and let pass. */
export type CheckOutcome = 'confirmed' | 'remembered' | 'refused' | 'unavailable' | 'unverified'

/** What happens around peers. Called in the middle of a request: must neither throw nor wait. */
export interface PeerEvents {
  /** A question was asked to its end, retries and pages included. */
  asked(peer: PeerName, outcome: 'answered' | 'unavailable', durationMs: number): void
  /** An attempt failed, and another one follows. */
  retried(peer: PeerName): void
  /** An open circuit refuses questions without asking; a half-open one lets a single attempt through. */
  circuitChanged(peer: PeerName, state: 'closed' | 'open' | 'half_open'): void
  /** A wallet's owner was checked; `unverified`: the wallet is opened although the peer did not answer. */
  checked(peer: PeerName, outcome: CheckOutcome): void
}
