// The parts that read and write the ledger: connections, the posting queue, dry runs, repositories and the services over them.
import { PipelineConnection } from '../db/pipeline.ts'
import { pendingMigrations } from '../db/migrator.ts'
import { pingDatabase } from '../db/ping.ts'
import { createPool, createReadDatabase, type ReadDatabase } from '../db/pool.ts'
import { type LookBack, primaryOnly } from '../db/replica.ts'
import { showPool, showReadiness } from '../observability/gauges.ts'
import { ExplanationRepository } from '../repositories/explanation-repository.ts'
import { FiguresRepository } from '../repositories/figures-repository.ts'
import { HistoryRepository } from '../repositories/history-repository.ts'
import { HoldRepository } from '../repositories/hold-repository.ts'
import { LedgerRepository } from '../repositories/ledger-repository.ts'
import { RememberedWallets } from '../repositories/remembered-wallets.ts'
import { LedgerWatchRepository } from '../repositories/ledger-watch-repository.ts'
import { OwnershipRepository } from '../repositories/ownership-repository.ts'
import { StatisticsRepository } from '../repositories/statistics-repository.ts'
import { WalletRepository } from '../repositories/wallet-repository.ts'
import { DryRuns } from '../services/dry-runs.ts'
import { ExplanationService } from '../services/explanation-service.ts'
import { FiguresService } from '../services/figures-service.ts'
import { HealthService } from '../services/health-service.ts'
import { HistoryService } from '../services/history-service.ts'
import type { OwnerChecks } from '../services/owner-checks.ts'
import { PostingFlush } from '../services/posting-flush.ts'
import { PostingQueue } from '../services/posting-queue.ts'
import { StatisticsService } from '../services/statistics-service.ts'
import { UseCaseChoice } from '../services/use-cases.ts'
import type { Ground } from './ground.ts'
import { createReplica, type ReplicaParts } from './replica.ts'

const PING_TIMEOUT_MS = 1000

/** The parts around the ledger. */
export interface LedgerParts {
  readonly repositories: Repositories
  readonly postings: PostingQueue
  readonly dryRuns: DryRuns
  readonly health: HealthService
  /** `null`: the primary answers everything. */
  readonly replica: ReplicaParts | null
  /** A connection of somebody's own; it is closed with the others. */
  connect(): PipelineConnection
  /** Opens the connections of the posting lanes. */
  open(): Promise<void>
  /** Closes all connections. */
  close(): Promise<void>
}

type Repositories = ReturnType<typeof repositoriesOver>

/** Composes them. Opens no connection by itself. */
export function createLedger(ground: Ground): LedgerParts {
  const { config, databaseUrl, log, metrics } = ground
  const onConnectionError = (err: Error): void => log.warn('A database connection was lost', { err })
  const pooler = config.databasePooler
  const pool = createPool({ databaseUrl, max: config.databasePoolMax, onConnectionError, pooler })
  showPool(metrics, pool)
  const db = createReadDatabase(pool, pooler)
  const replica = createReplica(ground, db)
  const connections: PipelineConnection[] = []
  const connect = (): PipelineConnection => {
    const connection = new PipelineConnection({ databaseUrl, onConnectionError, pooler })
    connections.push(connection)
    return connection
  }
  const lanes = Array.from({ length: config.posting.lanes }, connect)
  const health = new HealthService({
    pingDatabase: () => pingDatabase(pool, PING_TIMEOUT_MS),
    pendingMigrations: () => pendingMigrations(db),
  })
  showReadiness(metrics, () => health.glance())
  return {
    repositories: repositoriesOver(db, replica?.reads ?? primaryOnly(db)),
    postings: createPostingQueue(ground, {
      connections: lanes,
      maxWaiting: config.posting.queueMax,
      maxFlushSize: config.posting.flushMax,
      name: 'callers',
      locking: 'wait',
    }),
    dryRuns: new DryRuns(new LedgerRepository(connect())),
    health,
    replica,
    connect,
    open: async () => void (await Promise.all(lanes.map((connection) => connection.open()))),
    close: async () => {
      await Promise.all(connections.map((connection) => connection.close()))
      await Promise.all([db.destroy(), replica?.close()])
    },
  }
}

/** A posting queue over connections that are its own. */
export function createPostingQueue(
  { log, metrics, tracing }: Ground,
  queue: {
    readonly connections: readonly PipelineConnection[]
    readonly maxWaiting: number
    readonly maxFlushSize: number
    /** What log and metrics call it. */
    readonly name: string
    readonly locking: 'wait' | 'skip'
  },
): PostingQueue {
  const { connections, maxWaiting, maxFlushSize, name, locking } = queue
  const queueMetrics = metrics.postings.queue(name)
  const remembered = new RememberedWallets()
  const flushOver = (connection: PipelineConnection): PostingFlush =>
    new PostingFlush({
      ledger: new LedgerRepository(connection, remembered),
      log: (message, fields) => log.warn(message, { ...fields, queue: name }),
      locking,
      metrics: queueMetrics,
    })
  const postings = new PostingQueue({
    flushes: connections.map(flushOver),
    maxWaiting,
    maxFlushSize,
    metrics: queueMetrics,
    ...(tracing && { tracing }),
  })
  metrics.postings.watch({ name, limit: maxWaiting, waiting: () => postings.figures().waiting })
  return postings
}

/** The use cases, over these parts. */
export function servicesOver(
  { repositories, postings, dryRuns }: LedgerParts,
  { owners }: { readonly owners: OwnerChecks | null },
) {
  return {
    useCases: new UseCaseChoice({ ...repositories, postings, dryRuns, owners }),
    historyService: new HistoryService(repositories),
    statisticsService: new StatisticsService(repositories),
    explanationService: new ExplanationService(repositories),
    figures: new FiguresService({ ...repositories, postings, startedAt: new Date() }),
  }
}

function repositoriesOver(db: ReadDatabase, lookBack: LookBack) {
  return {
    wallets: new WalletRepository(db),
    history: new HistoryRepository(db, lookBack),
    holds: new HoldRepository(db),
    statistics: new StatisticsRepository(db, lookBack),
    explanations: new ExplanationRepository(db),
    figures: new FiguresRepository(db),
    ledgerWatch: new LedgerWatchRepository(db),
    ownership: new OwnershipRepository(db),
  }
}
