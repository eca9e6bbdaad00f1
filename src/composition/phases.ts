// The way down, in order: not ready → out of Consul → no new connections, what is in flight is answered → nothing unasked → what
// is queued is written → connections.
import { setTimeout as delay } from 'node:timers/promises'
import type { App } from '../app.ts'
import type { Tracing } from '../observability/tracing.ts'
import type { ShutdownPhase } from '../shutdown.ts'
import type { Loop } from '../workers/loop.ts'
import type { LedgerParts } from './ledger.ts'
import type { Neighbours } from './neighbours.ts'

const IDLE_SWEEP_MS = 20
/** For busy connections to end with an answer that says so, before the others are closed. */
const FAREWELL_MS = 200

/** All phases of a container. Each has a bound of its own: one part that hangs must not keep the others from ending well. */
export function phasesOf(parts: {
  readonly app: App
  readonly workers: readonly Loop[]
  readonly ledger: LedgerParts
  readonly neighbours: Neighbours
  readonly tracing: Tracing | undefined
}): readonly ShutdownPhase[] {
  const { app, workers, ledger, neighbours, tracing } = parts
  const { consul, sharedCounts, closePeers } = neighbours
  return [
    { name: 'not ready', timeoutMs: 1000, run: () => startDraining(ledger, workers) },
    { name: 'out of Consul', timeoutMs: 1500, run: () => consul.leave() },
    { name: 'requests in flight', timeoutMs: 10_000, run: () => finishRequests(app) },
    {
      name: 'workers',
      timeoutMs: 4000,
      run: async () => void (await Promise.all(workers.map((worker) => worker.stop()))),
    },
    { name: 'postings in flight', timeoutMs: 10_000, run: () => ledger.postings.drain() },
    { name: 'shared rate limits', timeoutMs: 100, run: () => sharedCounts?.close() },
    { name: 'connections to peers', timeoutMs: 1000, run: closePeers },
    { name: 'connections to Consul', timeoutMs: 500, run: () => consul.close() },
    { name: 'database connections', timeoutMs: 5000, run: () => ledger.close() },
    ...(tracing ? [{ name: 'traces', timeoutMs: 3000, run: () => tracing.stop() }] : []),
  ]
}

/** Nobody is sent here any more, and nothing is begun unasked; what is under way is waited for in the phases to come. */
async function startDraining({ health }: LedgerParts, workers: readonly Loop[]): Promise<void> {
  health.startDraining()
  for (const worker of workers) void worker.stop()
  await delay(FAREWELL_MS)
}

/** A kept-alive connection whose last answer went out after closing began would hold the server open for its 72 s. */
async function finishRequests(app: App): Promise<void> {
  const sweep = setInterval(() => app.server.closeIdleConnections(), IDLE_SWEEP_MS)
  try {
    await app.close()
  } finally {
    clearInterval(sweep)
  }
}
