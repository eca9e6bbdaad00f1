// Reads on a streaming replica that nobody can tell from reads on the primary: a read goes there only once the replica has
// replayed all that the primary had on its disk when the read was asked for, whichever process wrote it (docs/adr/0018). In every
// other case, and after every failure, the primary answers. It knows no statement about wallets.
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import type { ReadDatabase } from './pool.ts'
import { classifyDatabaseError, sqlstateOf } from './sqlstate.ts'

/** Where reads of what has been go: history and statistics. */
export interface LookBack {
  /** Runs a read; perhaps twice, so it must be nothing but a read. Throws what the primary threw. */
  read<Result>(work: (db: ReadDatabase) => Promise<Result>): Promise<Result>
}

/** How the replica does. */
export interface ReplicaFigures {
  /** `null`: nobody has looked yet. */
  readonly isUsed: boolean | null
  /** How far it is behind; `null` while it does not answer. */
  readonly lagSeconds: number | null
  readonly reads: Readonly<Record<'replica' | 'primary', number>>
}

export interface ReplicaOptions {
  readonly primary: ReadDatabase
  readonly replica: ReadDatabase
  /** How long a read waits for the replica. */
  readonly maxLagMs: number
  readonly log: Readonly<Record<'info' | 'warn', (message: string, fields: Readonly<Record<string, unknown>>) => void>>
}

/** A place in the primary's log, in bytes. */
type Position = number

const FIRST_PAUSE_MS = 1
const LONGEST_PAUSE_MS = 10
/** At two looks a second, the last eight minutes. What is older is as good as lost to a lag in seconds. */
const MAX_UNREACHED = 1000
const QUERY_CANCELED = '57014'

/** Without a replica. */
export function primaryOnly(primary: ReadDatabase): LookBack {
  return { read: (work) => work(primary) }
}

/** A replica, and the primary behind it. Nothing is read from it before the first look. */
export class Replica implements LookBack {
  readonly #options: ReplicaOptions
  readonly #primaryPosition: () => Promise<Position>
  readonly #replicaPosition: () => Promise<Position>
  /** Places that the looks found the primary at and the replica has not reached, oldest first. */
  #unreached: { readonly position: Position; readonly askedAt: number }[] = []
  /** Of the last look that found everything replayed; `null` while the replica does not answer. */
  #lagMs: number | null = null
  #isUsed = false
  #told: boolean | null = null
  readonly #reads = { replica: 0, primary: 0 }

  constructor(options: ReplicaOptions) {
    this.#options = options
    this.#primaryPosition = shared(() => flushedPosition(options.primary))
    this.#replicaPosition = shared(() => replayedPosition(options.replica))
  }

  async read<Result>(work: (db: ReadDatabase) => Promise<Result>): Promise<Result> {
    const answer = this.#isUsed ? await this.#onReplica(work) : null
    this.#reads[answer === null ? 'primary' : 'replica'] += 1
    return answer === null ? work(this.#options.primary) : answer.result
  }

  /**
   * Looks how far the replica is, and so whether it is used until the next look. Says so in the log when that has changed.
   * Throws the primary's error, of which the replica's state says nothing.
   */
  async look(): Promise<void> {
    const askedAt = performance.now()
    const position = await this.#primaryPosition()
    try {
      if (!this.#isUsed) await this.#requireSameCluster()
      if (this.#unreached.length < MAX_UNREACHED) this.#unreached.push({ position, askedAt })
      const isReached = await this.#reaches(position, askedAt)
      this.#lagMs = isReached ? performance.now() - askedAt : (this.#lagMs ?? 0)
      this.#conclude(isReached, `It is more than ${this.#options.maxLagMs} ms behind`)
    } catch (error) {
      this.#lagMs = null
      this.#unreached = []
      this.#conclude(false, error instanceof Error ? error.message || error.name : String(error))
    }
  }

  /** For /metrics. */
  figures(): ReplicaFigures {
    const [oldest] = this.#unreached
    const lagMs = oldest && this.#lagMs !== null ? performance.now() - oldest.askedAt : this.#lagMs
    return {
      isUsed: this.#told === null ? null : this.#isUsed,
      lagSeconds: lagMs === null ? null : lagMs / 1000,
      reads: this.#reads,
    }
  }

  /** `null` where the primary has to answer. Until the next look it then answers everything, so that nobody else waits for that. */
  async #onReplica<Result>(work: (db: ReadDatabase) => Promise<Result>): Promise<{ readonly result: Result } | null> {
    const askedAt = performance.now()
    // The read of the primary that follows fails, too, and says so.
    const position = await this.#primaryPosition().catch(() => null)
    if (position === null) return null
    try {
      const atOnce = await this.#readAt(position, work)
      if (atOnce !== null) return atOnce
      const later = (await this.#reaches(position, askedAt)) ? await this.#readAt(position, work) : null
      if (later === null) this.#isUsed = false
      return later
    } catch (error) {
      if (isOfTheConnection(error)) this.#isUsed = false
      return null
    }
  }

  /** On one connection: another one may lead to a server that has been started anew and is not as far. */
  #readAt<Result>(
    position: Position,
    work: (db: ReadDatabase) => Promise<Result>,
  ): Promise<{ readonly result: Result } | null> {
    return this.#options.replica
      .connection()
      .execute(async (db) => ((await replayedPosition(db)) < position ? null : { result: await work(db) }))
  }

  /** Waits, together with all who do, and without holding a connection meanwhile. */
  async #reaches(position: Position, askedAt: number): Promise<boolean> {
    const deadline = askedAt + this.#options.maxLagMs
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      const reached = await this.#replicaPosition()
      this.#unreached = this.#unreached.filter((place) => place.position > reached)
      if (reached >= position) return true
      if (performance.now() >= deadline) return false
      await delay(pause)
    }
  }

  /** Places in the logs of two clusters have nothing to do with each other. */
  async #requireSameCluster(): Promise<void> {
    const { primary, replica } = this.#options
    const [ours, its] = await Promise.all([clusterOf(primary), clusterOf(replica)])
    if (ours !== its) throw new Error('It is a replica of another database')
  }

  #conclude(isUsed: boolean, reason: string): void {
    const { log } = this.#options
    this.#isUsed = isUsed
    if (isUsed === this.#told) return
    this.#told = isUsed
    if (isUsed) log.info('The replica answers history and statistics', {})
    else log.warn('The replica is not used: the primary answers history and statistics', { reason })
  }
}

/** Calls of one turn of the event loop share an answer that is asked for after all of them: none is older than its question. */
function shared<Answer>(ask: () => Promise<Answer>): () => Promise<Answer> {
  let next: Promise<Answer> | null = null
  return () =>
    (next ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      next = null
      return ask()
    }))
}

/**
 * How far the primary's log is on its disk: whatever was acknowledged lies before it. Where commits are acknowledged before
 * that, how far it is written at all.
 */
async function flushedPosition(db: ReadDatabase): Promise<Position> {
  const { rows } = await sql<{ position: number }>`SELECT (CASE current_setting('synchronous_commit')
    WHEN 'off' THEN pg_current_wal_insert_lsn() ELSE pg_current_wal_flush_lsn() END - '0/0')::int8 AS position`.execute(
    db,
  )
  return rows[0]?.position ?? Number.POSITIVE_INFINITY
}

/**
 * How far the replica is. One that has been promoted goes its own way. A statement of its own: in the read's, the snapshot would
 * be older than the answer.
 */
async function replayedPosition(db: ReadDatabase): Promise<Position> {
  const { rows } = await sql<{ position: number | null }>`SELECT
    CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0')::int8 END AS position`.execute(db)
  const position = rows[0]?.position ?? null
  if (position === null) throw new Error('It is no replica (any more)')
  return position
}

async function clusterOf(db: ReadDatabase): Promise<string | undefined> {
  const { rows } = await sql<{ cluster: string }>`SELECT system_identifier::text AS cluster
    FROM pg_control_system()`.execute(db)
  return rows[0]?.cluster
}

/** A statement that was canceled, for its length or for what had to be replayed meanwhile, says nothing of the next one. */
function isOfTheConnection(error: unknown): boolean {
  return sqlstateOf(error) !== QUERY_CANCELED && classifyDatabaseError(error) === 'unavailable'
}
