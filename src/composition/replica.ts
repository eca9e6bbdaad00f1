// The replica that history and statistics are read from: its connections, its figures, and who looks after it.
import { createPool, createReadDatabase, type ReadDatabase } from '../db/pool.ts'
import { Replica } from '../db/replica.ts'
import { showReplica } from '../observability/gauges.ts'
import type { Loop } from '../workers/loop.ts'
import { replicaWatchLoop } from '../workers/replica-watch.ts'
import type { Ground } from './ground.ts'

/** A replica. */
export interface ReplicaParts {
  readonly reads: Replica
  /** Looks whether it may be read. */
  readonly watch: Loop
  readonly close: () => Promise<void>
}

/** Composes it; `null` where there is none. */
export function createReplica({ config, log, metrics }: Ground, primary: ReadDatabase): ReplicaParts | null {
  if (config.replica === null) return null
  const { url, maxLagMs } = config.replica
  const pooler = config.databasePooler
  const onConnectionError = (err: Error): void => log.warn('A connection to the replica was lost', { err })
  const pool = createPool({ databaseUrl: url, max: config.databasePoolMax, onConnectionError, pooler, role: 'replica' })
  const replica = createReadDatabase(pool, pooler, 'replica')
  const reads = new Replica({ primary, replica, maxLagMs, log })
  showReplica(metrics, () => reads.figures())
  return { reads, watch: replicaWatchLoop(reads), close: () => replica.destroy() }
}
