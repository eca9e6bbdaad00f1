// A running service's look at its own ledger, for the metrics: the trial balance, and whether wallets stand where their newest
// rows left them. It changes nothing. What reads whole histories is the audit, which people start (audit-service.ts).
import { formatDecimal } from '../domain/money.ts'
import type { WalletId } from '../domain/wallet.ts'
import type { LedgerSight } from '../observability/gauges.ts'
import type { LedgerWatchRepository, WatchedWallets } from '../repositories/ledger-watch-repository.ts'

/** Wallets to name, of those that are wrong. */
const MAX_EXAMPLES = 10
/** As long as a look goes on, the database keeps every row version that came after its beginning. */
const LONGEST_LOOK_MS = 60_000

/** What a look found, and where. */
export interface LedgerLook extends LedgerSight {
  /** Currencies whose wallets do not hold what their counterparties gave up. */
  readonly unbalanced: readonly string[]
  readonly wrongHeads: number
  readonly wrongTotals: number
  readonly examples: readonly WalletId[]
}

/** Looks at the ledger and remembers what it saw. */
export class LedgerWatchService {
  readonly #ledger: LedgerWatchRepository
  readonly #longestMs: number
  #latest: LedgerLook | null = null

  constructor(options: { readonly ledger: LedgerWatchRepository; readonly longestMs?: number }) {
    this.#ledger = options.ledger
    this.#longestMs = options.longestMs ?? LONGEST_LOOK_MS
  }

  /** What the last look found; `null` before the first one. */
  latest(): LedgerLook | null {
    return this.#latest
  }

  /**
   * Looks at all wallets. Gives `null` when another process is looking, or when `signal` puts an end to it.
   * Throws `database_unavailable`, and when there are more wallets than can be looked at in 60 s.
   */
  async look(signal: AbortSignal): Promise<LedgerLook | null> {
    const begun = performance.now()
    const seen: WatchedWallets[] = []
    let late = false
    const looked = await this.#ledger.look((groups) => {
      seen.push(...groups)
      late = performance.now() - begun > this.#longestMs
      return !late && !signal.aborted
    })
    if (!looked || signal.aborted) return null
    if (late) throw new Error(`There are too many wallets to look at within ${this.#longestMs} ms`)
    this.#latest = summed(seen, (performance.now() - begun) / 1000)
    return this.#latest
  }
}

function summed(seen: readonly WatchedWallets[], seconds: number): LedgerLook {
  const totals = new Map<string, bigint>()
  for (const { currency, imbalance } of seen) totals.set(currency, (totals.get(currency) ?? 0n) + imbalance)
  const unbalanced = [...totals].filter(([, imbalance]) => imbalance !== 0n).map(([currency]) => currency)
  const sum = (read: (group: WatchedWallets) => number): number => seen.reduce((all, group) => all + read(group), 0)
  const [wrongHeads, wrongTotals] = [sum((group) => group.wrongHeads), sum((group) => group.wrongTotals)]
  return {
    lookedAt: new Date(),
    seconds,
    wallets: sum((group) => group.wallets),
    failedChecks: [unbalanced.length, wrongHeads, wrongTotals].filter((wrong) => wrong > 0).length,
    imbalances: new Map([...totals].map(([currency, imbalance]) => [currency, formatDecimal(imbalance)])),
    unbalanced,
    wrongHeads,
    wrongTotals,
    examples: seen.flatMap((group) => group.examples).slice(0, MAX_EXAMPLES),
  }
}
