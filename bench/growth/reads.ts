// The reads whose cost must not grow, as paths of the API, for a ledger of any size.
import type { GrowthLedger, LedgerFacts } from './ledger.ts'

export interface GrowthRead {
  readonly name: string
  /** Shown only: nobody promises what it costs. */
  readonly judged: boolean
  readonly paths: readonly string[]
}

const DAY_MS = 86_400_000
const DEEP_OFFSET = 100_000
/** The API takes none beyond it. */
const MAX_OFFSET = 1_000_000

/** All reads of a ledger. */
export async function readsOf(ledger: GrowthLedger): Promise<readonly GrowthRead[]> {
  const { facts } = ledger
  const hot = [facts.hotWalletId]
  // Where nine tenths of the wallet's history lie before the page.
  const cursor = encodeURIComponent(await ledger.cursorAt(Math.min(Math.floor(facts.hotRows * 0.9), MAX_OFFSET)))
  // In a smaller wallet, as far down as there are consumptions.
  const deepOffset = Math.min(DEEP_OFFSET, Math.floor(facts.hotRows * 0.7))
  const judged = (name: string, walletIds: readonly string[], path: string): GrowthRead => ({
    name,
    judged: true,
    paths: walletIds.map((walletId) => `/api/v1/wallets/${walletId}${path}`),
  })
  const wallets = [
    ['hot', hot],
    ['any', facts.walletIds],
  ] as const
  const windows = Object.entries(windowsOf(facts))
  return [
    judged('balance, any wallet', facts.walletIds, '/balance'),
    ...wallets.flatMap(([which, ids]) => [
      ...windows.map(([window, query]) => judged(`statistics, ${window}, ${which} wallet`, ids, `/statistics${query}`)),
      judged(`balance at an instant, ${which} wallet`, ids, `/balance?at=${middleOf(facts).toISOString()}`),
      judged(`newest page, ${which} wallet`, ids, '/transactions'),
    ]),
    judged('page of consumptions, hot wallet', hot, '/transactions?transaction_type=consume'),
    judged('page of refunds, hot wallet', hot, '/transactions?transaction_type=refund'),
    judged('page by cursor, nine tenths down', hot, `/transactions?cursor=${cursor}`),
    shown(judged('page at offset 100,000', hot, `/transactions?offset=${deepOffset}`)),
    shown(judged('consumptions at offset 100,000', hot, `/transactions?transaction_type=consume&offset=${deepOffset}`)),
  ]
}

const shown = (read: GrowthRead): GrowthRead => ({ ...read, judged: false })

function windowsOf({ firstAt, lastAt }: LedgerFacts): Readonly<Record<string, string>> {
  const query = (start: Date, end: Date) => `?start_date=${start.toISOString()}&end_date=${end.toISOString()}`
  return {
    'all time': '',
    'a day a year ago': query(new Date(firstAt.getTime() + DAY_MS), new Date(firstAt.getTime() + 2 * DAY_MS)),
    'last month': query(new Date(lastAt.getTime() - 30 * DAY_MS), lastAt),
  }
}

function middleOf({ firstAt, lastAt }: LedgerFacts): Date {
  return new Date((firstAt.getTime() + lastAt.getTime()) / 2)
}
