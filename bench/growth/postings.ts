// Postings into both ledgers: in the steady state, which is judged, and right after a checkpoint, when each page that is touched
// goes into the log whole.
import { figure, median, renderTable } from '../support/table.ts'
import type { Comparison } from './comparison.ts'
import type { GrowthOptions } from './growth-options.ts'
import type { GrowthLedger, PostingTurn } from './ledger.ts'

const CONNECTIONS = 64
/** The small ledger has touched all its pages by then. */
const SMALL_WARM_UP_S = 5

interface NamedCost {
  readonly name: string
  readonly turns: PostingTurn[]
}

export interface PostingFigures {
  readonly comparisons: readonly Comparison[]
  readonly costs: readonly NamedCost[]
}

interface Measuring {
  readonly small: GrowthLedger
  readonly large: GrowthLedger
  readonly options: GrowthOptions
  readonly tell: (line: string) => void
}

const SCENARIOS = [
  { name: 'posting, any wallet, right after a checkpoint', hot: false, afterCheckpoint: true },
  { name: 'posting, any wallet', hot: false, afterCheckpoint: false },
  { name: 'posting, hot wallet', hot: true, afterCheckpoint: false },
] as const

/** Rounds of all scenarios; those after a checkpoint first, since the others want it far behind them. */
export async function measurePostings(measuring: Measuring): Promise<PostingFigures> {
  const comparisons: Comparison[] = []
  const costs: NamedCost[] = []
  const [atOnce, ...steady] = SCENARIOS.map((scenario) => {
    const comparison: Comparison = { name: scenario.name, judged: !scenario.afterCheckpoint, small: [], large: [] }
    comparisons.push(comparison)
    const turns = { small: [], large: [] }
    costs.push(
      { name: `small: ${scenario.name}`, turns: turns.small },
      { name: `large: ${scenario.name}`, turns: turns.large },
    )
    return { scenario, comparison, turns }
  })
  if (atOnce) await rounds([atOnce], measuring)
  await warmUp(measuring)
  await rounds(steady, measuring)
  return { comparisons, costs }
}

interface Line {
  readonly scenario: (typeof SCENARIOS)[number]
  readonly comparison: Comparison
  readonly turns: { readonly small: PostingTurn[]; readonly large: PostingTurn[] }
}

async function rounds(lines: readonly Line[], { small, large, options, tell }: Measuring): Promise<void> {
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const { scenario, comparison, turns } of lines) {
      tell(`round ${round}: ${scenario.name}`)
      for (const [ledger, rates, into] of [
        [small, comparison.small, turns.small],
        [large, comparison.large, turns.large],
      ] as const) {
        if (scenario.afterCheckpoint) await ledger.client.query('CHECKPOINT')
        const { walletIds, hotWalletId } = ledger.facts
        const load = { connections: CONNECTIONS, seconds: options.seconds }
        const turn = await ledger.post(scenario.hot ? [hotWalletId] : walletIds, load)
        rates.push(turn)
        into.push(turn)
      }
    }
  }
}

async function warmUp({ small, large, options, tell }: Measuring): Promise<void> {
  if (options.warmUpSeconds === 0) return
  tell(`postings for ${options.warmUpSeconds} s, until most pages have been touched since the checkpoint`)
  await large.post(large.facts.walletIds, { connections: CONNECTIONS, seconds: options.warmUpSeconds })
  await small.post(small.facts.walletIds, { connections: CONNECTIONS, seconds: SMALL_WARM_UP_S })
}

/** What a posting makes PostgreSQL write, and how many updates of wallets were HOT. */
export function renderPostingCosts({ costs }: PostingFigures): string {
  const heads = ['postings', 'WAL bytes each', 'whole pages each', 'HOT %']
  return renderTable(
    heads,
    costs.map(({ name, turns }) => {
      const each = (what: 'walBytes' | 'fullPages') =>
        median(turns.map((turn) => turn.cost[what] / Math.max(1, turn.acknowledged)))
      const hot = median(turns.map(({ cost }) => (100 * cost.hotUpdates) / Math.max(1, cost.updates)))
      return [name, figure(each('walBytes')), figure(each('fullPages'), 2), figure(hot, 1)]
    }),
  )
}
