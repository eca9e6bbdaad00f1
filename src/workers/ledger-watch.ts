// Looks at the ledger again and again, and says what is wrong with it. As many processes as like may run it; they do not look
// at the same moment.
import type { LedgerWatchService } from '../services/ledger-watch-service.ts'
import { Loop } from './loop.ts'

export interface LedgerWatchOptions {
  readonly watch: LedgerWatchService
  readonly intervalMs: number
  readonly log: Readonly<Record<'warn' | 'error', (message: string, fields: Readonly<Record<string, unknown>>) => void>>
}

/** The loop that looks at the ledger. Nothing stops for what it finds: that is for people to decide (docs/runbook.md). */
export function ledgerWatchLoop({ watch, intervalMs, log }: LedgerWatchOptions): Loop {
  return new Loop({
    intervalMs,
    work: async (signal) => {
      const look = await watch.look(signal)
      if (look !== null && look.failedChecks > 0) {
        log.error('The ledger is not what it should be: run the audit', {
          imbalances: Object.fromEntries(look.imbalances),
          wrong_heads: look.wrongHeads,
          wrong_totals: look.wrongTotals,
          wallets: look.examples,
        })
      }
      return false
    },
    onFailure: (err) => log.warn('The ledger could not be looked at', { err }),
  })
}
