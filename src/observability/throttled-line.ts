// A line of the log that load may repeat without end: it is written once in a while, with how often it was to be.

/** A log that grows with the load adds to it. */
const INTERVAL_MS = 1000

/** Lets one line through per second, with how many there would have been since the last one. */
export class ThrottledLine {
  #silentUntil = 0
  #suppressed = 0

  /** Calls `write` now or not at all; `count` includes this one. */
  count(write: (count: number) => void): void {
    this.#suppressed += 1
    const now = performance.now()
    if (now < this.#silentUntil) return
    write(this.#suppressed)
    this.#silentUntil = now + INTERVAL_MS
    this.#suppressed = 0
  }
}
