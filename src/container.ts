// The composition root: config in, a whole service out. The only place where the parts meet; tests replace some of them.
import { type App, type AppDependencies, buildApp } from './app.ts'
import type { Config } from './config.ts'
import { pendingMigrations } from './db/migrator.ts'
import { pingDatabase } from './db/ping.ts'
import { PipelineConnection } from './db/pipeline.ts'
import { createPool, createReadDatabase, type ReadDatabase } from './db/pool.ts'
import type { Logger } from './observability/logger.ts'
import { FiguresRepository } from './repositories/figures-repository.ts'
import { ExplanationRepository } from './repositories/explanation-repository.ts'
import { HistoryRepository } from './repositories/history-repository.ts'
import { HoldRepository } from './repositories/hold-repository.ts'
import { LedgerRepository } from './repositories/ledger-repository.ts'
import { StatisticsRepository } from './repositories/statistics-repository.ts'
import { WalletRepository } from './repositories/wallet-repository.ts'
import { writeDemoData } from './services/demo-data.ts'
import { DryRuns } from './services/dry-runs.ts'
import { ExplanationService } from './services/explanation-service.ts'
import { FiguresService } from './services/figures-service.ts'
import { HealthService } from './services/health-service.ts'
import { HistoryService } from './services/history-service.ts'
import { EXPIRY_ROUND, HoldExpiryService } from './services/hold-expiry-service.ts'
import { type FlushLog, PostingFlush } from './services/posting-flush.ts'
import { PostingQueue } from './services/posting-queue.ts'
import { StatisticsService } from './services/statistics-service.ts'
import { UseCaseChoice } from './services/use-cases.ts'
import { runPhases, type ShutdownPhase } from './shutdown.ts'
import { holdExpiryLoop } from './workers/hold-expiry.ts'
import type { Loop } from './workers/loop.ts'

const PING_TIMEOUT_MS = 1000
const IDLE_SWEEP_MS = 20

/** What the service is made from. */
export interface ContainerOptions {
  /** Only what the parts need: where the database comes from is the caller's. */
  readonly config: Pick<Config, 'port' | 'databasePoolMax' | 'posting' | 'holdExpiryIntervalMs'>
  readonly databaseUrl: string
  readonly logger: Logger
  readonly version: string
  /** Stand-ins for what the application would get. */
  readonly overrides?: Partial<AppDependencies>
}

/** A whole service, not listening yet. */
export interface Container {
  readonly app: App
  readonly postings: PostingQueue
  /** Opens the connections that postings need, so that the first one does not wait, and starts what works unasked. */
  start(): Promise<void>
  /** Writes what is missing of the demo data. */
  writeDemoData(): Promise<void>
  /** How to stop, in order. */
  readonly phases: readonly ShutdownPhase[]
  /** Runs the phases. */
  stop(): Promise<void>
}

/** Composes a service. Opens no connection by itself. */
export async function createContainer(options: ContainerOptions): Promise<Container> {
  const { databaseUrl, logger, config } = options
  const onConnectionError = (error: Error): void => logger.warn({ err: error }, 'A database connection was lost')
  const pool = createPool({ databaseUrl, max: config.databasePoolMax, onConnectionError })
  const db = createReadDatabase(pool)
  const connect = (): PipelineConnection => new PipelineConnection({ databaseUrl, onConnectionError })
  const lanes = Array.from({ length: config.posting.lanes }, connect)
  const dryRunConnection = connect()
  const expiryConnections = { eager: connect(), patient: connect() }
  const postings = createPostingQueue(options, {
    connections: lanes,
    maxWaiting: config.posting.queueMax,
    maxFlushSize: config.posting.flushMax,
    name: 'callers',
    locking: 'wait',
  })
  const repositories = repositoriesOver(db)
  const dryRuns = new DryRuns(new LedgerRepository(dryRunConnection))
  const workers = createWorkers(options, { holds: repositories.holds, connections: expiryConnections })
  const health = new HealthService({
    pingDatabase: () => pingDatabase(pool, PING_TIMEOUT_MS),
    pendingMigrations: () => pendingMigrations(db),
  })
  const app = await buildApp({
    ...servicesOf({ repositories, postings, dryRuns }),
    health,
    logger,
    version: options.version,
    port: config.port,
    ...options.overrides,
  })
  const phases = phasesOf({
    app,
    health,
    workers,
    postings,
    connections: [...lanes, dryRunConnection, ...Object.values(expiryConnections)],
    db,
  })
  return {
    app,
    postings,
    phases,
    start: async () => {
      await Promise.all(lanes.map((connection) => connection.open()))
      for (const worker of workers) worker.start()
    },
    writeDemoData: () => writeDemoData(postings, (message, fields) => logger.info(fields, message)),
    stop: async () => void (await runPhases(phases, (message, fields) => logger.warn(fields, message))),
  }
}

function createPostingQueue(
  { logger }: ContainerOptions,
  queue: {
    readonly connections: readonly PipelineConnection[]
    readonly maxWaiting: number
    readonly maxFlushSize: number
    /** What the log calls it. */
    readonly name: string
    readonly locking: 'wait' | 'skip'
  },
): PostingQueue {
  const { connections, maxWaiting, maxFlushSize, name, locking } = queue
  const log: FlushLog = (message, fields) => logger.warn({ ...fields, queue: name }, message)
  return new PostingQueue({
    flushes: connections.map(
      (connection) => new PostingFlush({ ledger: new LedgerRepository(connection), log, locking }),
    ),
    maxWaiting,
    maxFlushSize,
  })
}

/** What is done unasked has connections and queues of its own: no caller must wait for it, or for whom it waits. */
function createWorkers(
  options: ContainerOptions,
  parts: {
    readonly holds: HoldRepository
    readonly connections: Readonly<Record<'eager' | 'patient', PipelineConnection>>
  },
): readonly Loop[] {
  const { config, logger } = options
  const { holds, connections } = parts
  const intervalMs = config.holdExpiryIntervalMs
  if (intervalMs === 0) return []
  const eager = createPostingQueue(options, {
    connections: [connections.eager],
    maxWaiting: EXPIRY_ROUND,
    maxFlushSize: EXPIRY_ROUND,
    name: 'expiry, eager',
    locking: 'skip',
  })
  const patient = createPostingQueue(options, {
    connections: [connections.patient],
    maxWaiting: 1,
    maxFlushSize: 1,
    name: 'expiry, patient',
    locking: 'wait',
  })
  return [
    holdExpiryLoop({
      expiry: new HoldExpiryService({ holds, eager, patient }),
      intervalMs,
      log: {
        info: (message, fields) => logger.info(fields, message),
        warn: (message, fields) => logger.warn(fields, message),
      },
    }),
  ]
}

function repositoriesOver(db: ReadDatabase) {
  return {
    wallets: new WalletRepository(db),
    history: new HistoryRepository(db),
    holds: new HoldRepository(db),
    statistics: new StatisticsRepository(db),
    explanations: new ExplanationRepository(db),
    figures: new FiguresRepository(db),
  }
}

function servicesOf(parts: {
  readonly repositories: ReturnType<typeof repositoriesOver>
  readonly postings: PostingQueue
  readonly dryRuns: DryRuns
}) {
  const { repositories, postings, dryRuns } = parts
  return {
    useCases: new UseCaseChoice({ ...repositories, postings, dryRuns }),
    historyService: new HistoryService(repositories),
    statisticsService: new StatisticsService(repositories),
    explanationService: new ExplanationService(repositories),
    figures: new FiguresService({ ...repositories, postings, startedAt: new Date() }),
  }
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

/** Nobody is sent here any more, and nothing is begun unasked; what is under way is waited for in the phases to come. */
function startDraining(health: HealthService, workers: readonly Loop[]): void {
  health.startDraining()
  for (const worker of workers) void worker.stop()
}

/** Not ready → no new connections, what is in flight is answered → nothing unasked → what is queued is written → connections. */
function phasesOf(parts: {
  readonly app: App
  readonly health: HealthService
  readonly workers: readonly Loop[]
  readonly postings: PostingQueue
  readonly connections: readonly PipelineConnection[]
  readonly db: ReadDatabase
}): readonly ShutdownPhase[] {
  const { app, health, workers, postings, connections, db } = parts
  return [
    { name: 'not ready', timeoutMs: 100, run: () => startDraining(health, workers) },
    { name: 'requests in flight', timeoutMs: 10_000, run: () => finishRequests(app) },
    {
      name: 'workers',
      timeoutMs: 4000,
      run: async () => void (await Promise.all(workers.map((worker) => worker.stop()))),
    },
    { name: 'postings in flight', timeoutMs: 10_000, run: () => postings.drain() },
    {
      name: 'database connections',
      timeoutMs: 5000,
      run: async () => {
        await Promise.all(connections.map((connection) => connection.close()))
        await db.destroy()
      },
    },
  ]
}
