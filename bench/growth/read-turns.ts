// Reads of both ledgers, in turns of the same rounds.
import type { Comparison } from './comparison.ts'
import type { GrowthOptions } from './growth-options.ts'
import type { GrowthLedger } from './ledger.ts'
import { readsOf } from './reads.ts'

const CONNECTIONS = 16

/** All reads, each once a round; a first round is not counted. */
export async function measureReads(measuring: {
  readonly small: GrowthLedger
  readonly large: GrowthLedger
  readonly options: GrowthOptions
  readonly tell: (line: string) => void
}): Promise<readonly Comparison[]> {
  const { small, large, options, tell } = measuring
  const [ofSmall, ofLarge] = [await readsOf(small), await readsOf(large)]
  const lines = ofSmall.map((read, index) => ({
    comparison: { name: read.name, judged: read.judged, small: [], large: [] } as Comparison,
    paths: { small: read.paths, large: ofLarge[index]?.paths ?? [] },
  }))
  for (let round = 0; round <= options.rounds; round += 1) {
    tell(round === 0 ? 'reads, warm-up' : `reads, round ${round}`)
    const load = { connections: CONNECTIONS, seconds: round === 0 ? 1 : options.seconds }
    for (const { comparison, paths } of lines) {
      const rateOfSmall = await small.read(paths.small, load)
      const rateOfLarge = await large.read(paths.large, load)
      if (round === 0) continue
      comparison.small.push(rateOfSmall)
      comparison.large.push(rateOfLarge)
    }
  }
  return lines.map(({ comparison }) => comparison)
}
