// Totals that are counted thousands of times a second. prom-client's own counters build and compare a text of the labels for
// each increment (0.3 microseconds); here it is a look-up in a map, and prom-client hears of the totals at each scrape.
import { Counter, type Registry } from 'prom-client'

/** A counter with two labels. */
export class Tally {
  readonly #totals = new Map<string, Map<string | number, number>>()

  constructor(options: {
    readonly registry: Registry
    readonly name: string
    readonly help: string
    readonly labelNames: readonly [string, string]
  }) {
    const { registry, name, help, labelNames } = options
    const [first, second] = labelNames
    const counter: Counter = new Counter({
      name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      collect: () => {
        counter.reset()
        for (const [one, totals] of this.#totals) {
          for (const [other, total] of totals) counter.inc({ [first]: one, [second]: other }, total)
        }
      },
    })
  }

  /** Shows 0 until something is counted. */
  begin(first: string, second: string | number): void {
    const totals = this.#of(first)
    if (!totals.has(second)) totals.set(second, 0)
  }

  /** Adds one. */
  count(first: string, second: string | number): void {
    const totals = this.#of(first)
    totals.set(second, (totals.get(second) ?? 0) + 1)
  }

  #of(first: string): Map<string | number, number> {
    let totals = this.#totals.get(first)
    if (totals === undefined) this.#totals.set(first, (totals = new Map()))
    return totals
  }
}
