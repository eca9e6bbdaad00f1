// What is done unasked, again and again, for as long as the process runs.
import type { ApiKeysFile } from '../api-keys-file.ts'
import { showLedgerSight } from '../observability/gauges.ts'
import { EXPIRY_ROUND, HoldExpiryService } from '../services/hold-expiry-service.ts'
import { LedgerWatchService } from '../services/ledger-watch-service.ts'
import { apiKeyReloadLoop } from '../workers/api-key-reload.ts'
import { holdExpiryLoop } from '../workers/hold-expiry.ts'
import { ledgerWatchLoop } from '../workers/ledger-watch.ts'
import type { Loop } from '../workers/loop.ts'
import type { Ground } from './ground.ts'
import { createPostingQueue, type LedgerParts } from './ledger.ts'

/** All loops, not started. */
export function createWorkers(
  ground: Ground,
  { ledger, apiKeys }: { readonly ledger: LedgerParts; readonly apiKeys: ApiKeysFile | null },
): readonly Loop[] {
  return [
    ...holdExpiry(ground, ledger),
    ...ledgerWatch(ground, ledger),
    ...(ledger.replica === null ? [] : [ledger.replica.watch]),
    ...(apiKeys === null ? [] : [apiKeyReloadLoop({ reload: () => apiKeys.reload(), log: ground.log })]),
  ]
}

/** It has connections and queues of its own: no caller must wait for it, or for whom it waits. */
function holdExpiry(ground: Ground, ledger: LedgerParts): readonly Loop[] {
  const intervalMs = ground.config.holdExpiryIntervalMs
  if (intervalMs === 0) return []
  const eager = createPostingQueue(ground, {
    connections: [ledger.connect()],
    maxWaiting: EXPIRY_ROUND,
    maxFlushSize: EXPIRY_ROUND,
    name: 'expiry, eager',
    locking: 'skip',
  })
  const patient = createPostingQueue(ground, {
    connections: [ledger.connect()],
    maxWaiting: 1,
    maxFlushSize: 1,
    name: 'expiry, patient',
    locking: 'wait',
  })
  const expiry = new HoldExpiryService({ holds: ledger.repositories.holds, eager, patient })
  return [holdExpiryLoop({ expiry, intervalMs, log: ground.log })]
}

/** Looks whether the ledger balances. */
function ledgerWatch({ config, metrics, log }: Ground, ledger: LedgerParts): readonly Loop[] {
  const watch = new LedgerWatchService({ ledger: ledger.repositories.ledgerWatch })
  showLedgerSight(metrics, () => watch.latest())
  const intervalMs = config.ledgerAuditIntervalMs
  return intervalMs === 0 ? [] : [ledgerWatchLoop({ watch, intervalMs, log })]
}
