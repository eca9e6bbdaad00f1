// The use cases that change something, for real or as a dry run: the same code, over the queue or over a snapshot.
import type { HistoryRepository } from '../repositories/history-repository.ts'
import type { HoldRepository } from '../repositories/hold-repository.ts'
import type { WalletRepository } from '../repositories/wallet-repository.ts'
import { BatchService } from './batch-service.ts'
import type { DryRuns } from './dry-runs.ts'
import { HoldService } from './hold-service.ts'
import type { OwnerChecks } from './owner-checks.ts'
import type { Poster } from './posting-queue.ts'
import { WalletService } from './wallet-service.ts'

/** What changes wallets and holds. */
export interface UseCases {
  readonly wallets: WalletService
  readonly holds: HoldService
  readonly batches: BatchService
}

export interface UseCaseOptions {
  readonly postings: Poster
  readonly dryRuns: DryRuns
  readonly wallets: WalletRepository
  readonly history: HistoryRepository
  readonly holds: HoldRepository
  /** `null`: anybody may own a wallet. */
  readonly owners: OwnerChecks | null
}

/** Gives each request the use cases that it asks for. */
export class UseCaseChoice {
  readonly #options: UseCaseOptions
  readonly #real: UseCases

  constructor(options: UseCaseOptions) {
    this.#options = options
    this.#real = useCasesOver(options.postings, options)
  }

  /** The use cases that do what they are asked. */
  get real(): UseCases {
    return this.#real
  }

  /** Use cases for one request, which say what would be done and leave everything as it is. */
  dryRun(): UseCases {
    return useCasesOver(this.#options.dryRuns.begin(), this.#options)
  }
}

function useCasesOver(postings: Poster, { wallets, history, holds, owners }: UseCaseOptions): UseCases {
  return {
    wallets: new WalletService({ postings, wallets, history, holds, owners }),
    holds: new HoldService({ postings, wallets, history, holds }),
    batches: new BatchService({ postings, wallets, history, holds, owners }),
  }
}
