// Where the instances of one peer service are, by what Consul said last: the rules of keeping an answer, of doubting an empty
// one, and of falling back. Asks nobody; peer-watch.ts does.
import type { PassingAnswer } from './consul-client.ts'
import type { PeerLog } from './log.ts'

export interface PeerInstancesOptions {
  readonly service: string
  /** Where to turn while Consul knows of nobody. */
  readonly fallbackUrl: string
  /** How long "there is nobody" must have been the answer before it is believed; failures in between do not count anew. */
  readonly emptyGraceMs: number
  readonly log: PeerLog
}

/** The instances of one service, in turn. */
export class PeerInstances {
  readonly #options: PeerInstancesOptions
  #urls: readonly string[] = []
  #turn = 0
  #state: 'new' | 'found' | 'doubted' | 'fallback' = 'new'
  /** Since an outage was told of; only an answer with instances ends it. */
  #failing = false
  #unusable = 0
  #answeredAt: number | null = null
  /** When the answer became "nobody", on the clock of `performance`. */
  #emptySince: number | null = null
  #doubt: NodeJS.Timeout | null = null

  constructor(options: PeerInstancesOptions) {
    this.#options = options
  }

  /** The base URL to call now. */
  next(): string {
    this.#turn = (this.#turn + 1) % Math.max(1, this.#urls.length)
    return this.#urls[this.#turn] ?? this.#options.fallbackUrl
  }

  get count(): number {
    return this.#urls.length
  }

  /** Since Consul last answered; `null`: it never did. */
  get ageSeconds(): number | null {
    return this.#answeredAt === null ? null : (performance.now() - this.#answeredAt) / 1000
  }

  /** Consul answered. */
  answered({ urls, unusable }: Pick<PassingAnswer, 'urls' | 'unusable'>): void {
    this.#answeredAt = performance.now()
    this.#tellUnusable(unusable)
    if (urls.length > 0) this.#find(urls)
    else if (this.#urls.length === 0) this.#fallBack('Consul knows no passing instance')
    else if (this.#doubt === null) this.#beginDoubt(this.#answeredAt)
  }

  /** Consul gave no answer that can be used. What is known stays: only an answer may say that there is still nobody. */
  failed(reason: string): void {
    this.#pauseDoubt()
    const { service, log } = this.#options
    if (this.#urls.length === 0) this.#fallBack(reason)
    else if (!this.#failing) {
      log.warn('Consul gives no usable answer; the instances known last are used', { peer: service, reason })
    }
    this.#failing = true
  }

  /** No timer is left. */
  stop(): void {
    this.#pauseDoubt()
  }

  #tellUnusable(count: number): void {
    const { service, log } = this.#options
    if (count > 0 && count !== this.#unusable) {
      log.warn('Consul knows instances without a usable address, which are passed over', { peer: service, count })
    }
    this.#unusable = count
  }

  #find(urls: readonly string[]): void {
    const { service, log } = this.#options
    this.#pauseDoubt()
    this.#emptySince = null
    if (this.#state !== 'found' || this.#failing) log.info('Consul knows the instances', { peer: service, urls })
    this.#urls = urls
    this.#state = 'found'
    this.#failing = false
  }

  /** An agent that lost its data, or a check that failed once everywhere, says "nobody" for a while. */
  #beginDoubt(now: number): void {
    const { service, emptyGraceMs, log } = this.#options
    this.#emptySince ??= now
    this.#doubt = setTimeout(
      () => {
        this.#doubt = null
        this.#urls = []
        this.#fallBack('Consul knows no passing instance any more')
      },
      this.#emptySince + emptyGraceMs - now,
    )
    this.#doubt.unref()
    if (this.#state === 'doubted') return
    this.#state = 'doubted'
    log.warn('Consul knows no passing instance any more; those known last are used for now', { peer: service })
  }

  #pauseDoubt(): void {
    if (this.#doubt !== null) clearTimeout(this.#doubt)
    this.#doubt = null
  }

  #fallBack(reason: string): void {
    const { service, fallbackUrl, log } = this.#options
    if (this.#state === 'fallback') return
    // Where Consul was never there, nothing has gone wrong.
    const tell = this.#state === 'new' ? log.info : log.warn
    this.#state = 'fallback'
    tell('A peer service is called at its fallback address', {
      peer: service,
      url: new URL(fallbackUrl).origin,
      reason,
    })
  }
}
