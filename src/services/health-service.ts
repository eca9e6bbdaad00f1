// Whether the service can do its work: alive, database within reach, schema at head, not on its way out (DESIGN.md §4).
import { remembered } from './remembered.ts'

/** How to find out; both may throw. */
export interface HealthProbes {
  /** Bounded at a second. */
  readonly pingDatabase: () => Promise<void>
  readonly pendingMigrations: () => Promise<readonly string[]>
}

export interface Readiness {
  readonly ready: boolean
  readonly database: 'reachable' | 'unreachable'
  readonly migrations: 'at_head' | 'pending' | 'unknown'
  readonly draining: boolean
}

/** Knows the state of the process and asks the database for its own. */
export class HealthService {
  readonly #probes: HealthProbes
  readonly #database: () => Promise<Pick<Readiness, 'database' | 'migrations'>>
  #draining = false
  #latest: Readiness | null = null
  #pinging: Promise<boolean> | null = null

  constructor(probes: HealthProbes) {
    this.#probes = probes
    this.#database = remembered(() => this.#lookAtDatabase())
  }

  /** Whether the process is on its way out. */
  get isDraining(): boolean {
    return this.#draining
  }

  /** From now on the service is not ready, though what is in flight goes on. */
  startDraining(): void {
    this.#draining = true
  }

  /** Whether the database answers within a second. Asked once for everybody who asks meanwhile. */
  isDatabaseReachable(): Promise<boolean> {
    this.#pinging ??= this.#probes
      .pingDatabase()
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        this.#pinging = null
      })
    return this.#pinging
  }

  /** Whether requests should be sent here; the database's part is up to a second old. */
  async readiness(): Promise<Readiness> {
    const { database, migrations } = await this.#database()
    const draining = this.#draining
    const ready = database === 'reachable' && migrations === 'at_head' && !draining
    this.#latest = { ready, database, migrations, draining }
    return this.#latest
  }

  /** What is known without waiting, for whoever looks every few seconds: it is found out anew meanwhile. `null`: nothing yet. */
  glance(): Readiness | null {
    void this.readiness()
    return this.#latest
  }

  async #lookAtDatabase(): Promise<Pick<Readiness, 'database' | 'migrations'>> {
    if (!(await this.isDatabaseReachable())) return { database: 'unreachable', migrations: 'unknown' }
    try {
      const pending = await this.#probes.pendingMigrations()
      return { database: 'reachable', migrations: pending.length === 0 ? 'at_head' : 'pending' }
    } catch {
      return { database: 'reachable', migrations: 'unknown' }
    }
  }
}
