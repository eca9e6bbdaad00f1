// Counts what happens around peers, in place of the metrics.
import type { CheckOutcome, PeerEvents, PeerName } from '../../src/peers/peer-events.ts'

/** Counts events by what happened, such as `checked account unverified`. */
export class PeerCounts implements PeerEvents {
  readonly #counts = new Map<string, number>()

  /** How often it has happened so far. */
  of(event: string): number {
    return this.#counts.get(event) ?? 0
  }

  asked(peer: PeerName, outcome: 'answered' | 'unavailable'): void {
    this.#count(`asked ${peer} ${outcome}`)
  }

  retried(peer: PeerName): void {
    this.#count(`retried ${peer}`)
  }

  circuitChanged(peer: PeerName, state: 'closed' | 'open' | 'half_open'): void {
    this.#count(`circuit ${peer} ${state}`)
  }

  checked(peer: PeerName, outcome: CheckOutcome): void {
    this.#count(`checked ${peer} ${outcome}`)
  }

  #count(event: string): void {
    this.#counts.set(event, this.of(event) + 1)
  }
}
