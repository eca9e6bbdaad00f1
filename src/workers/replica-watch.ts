// Looks again and again how far the replica is, as long as the process runs: between two looks it is read, or it is not.
import { Loop } from './loop.ts'

/** A replica that has left is back after so long, and a look costs two look-ups. */
const INTERVAL_MS = 500

/** The loop that decides whether the replica is read. */
export function replicaWatchLoop(replica: { look(): Promise<void> }): Loop {
  return new Loop({
    intervalMs: INTERVAL_MS,
    work: async () => {
      await replica.look()
      return false
    },
    // Of the primary, which others report; the replica's state stays as it is.
    onFailure: () => undefined,
  })
}
