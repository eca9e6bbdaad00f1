// Answers that are asked for over and over: a yes is believed for a short while, a no never, and whoever asks while the same
// question is under way shares its answer. Never used for money.
import { LRUCache } from 'lru-cache'

/** About 200 bytes each. */
const MAX_ENTRIES = 10_000

/** Remembers one kind of answer, which is the yes. */
export class PositiveAnswers<Answer extends string> {
  readonly #yes: Answer
  readonly #believed: LRUCache<string, true> | null
  readonly #underWay = new Map<string, Promise<Answer>>()

  constructor(options: { readonly yes: Answer; readonly maxAgeMs: number }) {
    this.#yes = options.yes
    // An age of 0 would mean for ever to the cache.
    this.#believed = options.maxAgeMs === 0 ? null : new LRUCache({ max: MAX_ENTRIES, ttl: options.maxAgeMs })
  }

  /** Whether the answer is a yes that is still believed. */
  isBelieved(key: string): boolean {
    return this.#believed?.get(key) === true
  }

  /** The answer that is on its way, or else a new one. Throws as `load`. */
  ask(key: string, load: () => Promise<Answer>): Promise<Answer> {
    const shared = this.#underWay.get(key)
    if (shared !== undefined) return shared
    const asking = this.#load(key, load)
    this.#underWay.set(key, asking)
    return asking
  }

  async #load(key: string, load: () => Promise<Answer>): Promise<Answer> {
    try {
      const answer = await load()
      if (answer === this.#yes) this.#believed?.set(key, true)
      return answer
    } finally {
      this.#underWay.delete(key)
    }
  }
}
