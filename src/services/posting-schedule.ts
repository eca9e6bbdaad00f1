// Which of the waiting operations go into the next flush: in order of arrival, and none whose wallets or users are in a flush of
// another lane, so that lanes of one process never wait for each other's row locks. Knows nothing of flushing.
import { type Command, walletsOf } from '../domain/command.ts'

/** One command, or several that belong together, with their `scopesOf`. */
export interface Scheduled {
  readonly commands: readonly Command[]
  readonly scopes: readonly string[]
}

/** The waiting operations of a queue, and what its flushes hold. */
export class PostingSchedule<Entry extends Scheduled> {
  readonly #maxFlushSize: number
  readonly #held = new Set<string>()
  /** How many entries wait for each wallet or user. */
  readonly #awaited = new Map<string, number>()
  #waiting: Entry[] = []

  /** @param maxFlushSize Commands in one flush; an entry that is larger by itself still is one. */
  constructor(maxFlushSize: number) {
    this.#maxFlushSize = maxFlushSize
  }

  /** Whether nobody waits. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /** Takes up an entry; tells whether a flush could take it now. */
  add(entry: Entry): boolean {
    this.#waiting.push(entry)
    let isFree = true
    for (const scope of entry.scopes) {
      const before = this.#awaited.get(scope) ?? 0
      // Those before it would be taken first, if they could be.
      if (before > 0 || this.#held.has(scope)) isFree = false
      this.#awaited.set(scope, before + 1)
    }
    return isFree
  }

  /** What the next flush takes, and holds until it is released. An entry that must wait keeps those behind it waiting. */
  take(): readonly Entry[] {
    const taken: Entry[] = []
    const left: Entry[] = []
    const passedOver = new Set<string>()
    let size = 0
    for (const [index, entry] of this.#waiting.entries()) {
      if (this.#isHeld(entry, passedOver)) {
        for (const scope of entry.scopes) passedOver.add(scope)
        left.push(entry)
        continue
      }
      if (taken.length > 0 && size + entry.commands.length > this.#maxFlushSize) {
        for (const later of this.#waiting.slice(index)) left.push(later)
        break
      }
      size += entry.commands.length
      taken.push(entry)
    }
    this.#waiting = left
    for (const entry of taken) for (const scope of entry.scopes) this.#hold(scope)
    return taken
  }

  /** A flush has ended. */
  release(taken: readonly Entry[]): void {
    for (const entry of taken) for (const scope of entry.scopes) this.#held.delete(scope)
  }

  #hold(scope: string): void {
    this.#held.add(scope)
    const left = (this.#awaited.get(scope) ?? 0) - 1
    if (left > 0) this.#awaited.set(scope, left)
    else this.#awaited.delete(scope)
  }

  #isHeld(entry: Entry, passedOver: ReadonlySet<string>): boolean {
    if (this.#held.size === 0 && passedOver.size === 0) return false
    return entry.scopes.some((scope) => this.#held.has(scope) || passedOver.has(scope))
  }
}

/** What only one flush at a time may touch, each once: wallets, and users who are getting one. */
export function scopesOf(commands: readonly Command[]): readonly string[] {
  const [command, ...others] = commands
  if (command === undefined) return []
  const scopes = others.length === 0 ? scopesOfCommand(command) : commands.flatMap(scopesOfCommand)
  return scopes.length === 1 ? scopes : [...new Set(scopes)]
}

function scopesOfCommand(command: Command): readonly string[] {
  return command.kind === 'create' ? [`user ${command.userId}`] : walletsOf(command)
}
