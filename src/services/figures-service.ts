// The service's own figures: what it holds and what it has done since it started. No money in here.
import type { FiguresRepository, LedgerFigures } from '../repositories/figures-repository.ts'
import type { PostingQueue, PostingQueueFigures } from './posting-queue.ts'
import { remembered } from './remembered.ts'

export interface ServiceFigures extends LedgerFigures {
  readonly startedAt: Date
  readonly uptimeSeconds: number
  readonly postings: PostingQueueFigures
}

/** Reads the figures; those of the database may be a second old, or 20 times as long as they took. */
export class FiguresService {
  readonly #ledger: () => Promise<LedgerFigures>
  readonly #postings: PostingQueue
  readonly #startedAt: Date

  constructor(options: {
    readonly figures: FiguresRepository
    readonly postings: PostingQueue
    readonly startedAt: Date
  }) {
    this.#ledger = remembered(() => options.figures.ledgerFigures())
    this.#postings = options.postings
    this.#startedAt = options.startedAt
  }

  /** All figures. Throws `database_unavailable`. */
  async read(): Promise<ServiceFigures> {
    const ledger = await this.#ledger()
    return {
      ...ledger,
      startedAt: this.#startedAt,
      uptimeSeconds: Math.floor((Date.now() - this.#startedAt.getTime()) / 1000),
      postings: this.#postings.figures(),
    }
  }
}
