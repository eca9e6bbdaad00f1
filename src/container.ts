// The composition root: config in, a whole service out. The only place where the parts meet; tests replace some of them.
import { type App, type AppDependencies, buildApp } from './app.ts'
import type { Config } from './config.ts'
import { pendingMigrations } from './db/migrator.ts'
import { pingDatabase } from './db/ping.ts'
import { PipelineConnection } from './db/pipeline.ts'
import { createPool, createReadDatabase, type ReadDatabase } from './db/pool.ts'
import type { Logger } from './observability/logger.ts'
import { FiguresRepository } from './repositories/figures-repository.ts'
import { HistoryRepository } from './repositories/history-repository.ts'
import { LedgerRepository } from './repositories/ledger-repository.ts'
import { StatisticsRepository } from './repositories/statistics-repository.ts'
import { WalletRepository } from './repositories/wallet-repository.ts'
import { writeDemoData } from './services/demo-data.ts'
import { FiguresService } from './services/figures-service.ts'
import { HealthService } from './services/health-service.ts'
import { HistoryService } from './services/history-service.ts'
import { PostingFlush } from './services/posting-flush.ts'
import { PostingQueue } from './services/posting-queue.ts'
import { StatisticsService } from './services/statistics-service.ts'
import { WalletService } from './services/wallet-service.ts'
import { runPhases, type ShutdownPhase } from './shutdown.ts'

const PING_TIMEOUT_MS = 1000
const IDLE_SWEEP_MS = 20

/** What the service is made from. */
export interface ContainerOptions {
  /** Only what the parts need: where the database comes from is the caller's. */
  readonly config: Pick<Config, 'port' | 'databasePoolMax' | 'posting'>
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
  /** Opens the connections that postings need, so that the first one does not wait. Throws the driver's error. */
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
  const { databaseUrl, logger } = options
  const onConnectionError = (error: Error): void => logger.warn({ err: error }, 'A database connection was lost')
  const pool = createPool({ databaseUrl, max: options.config.databasePoolMax, onConnectionError })
  const db = createReadDatabase(pool)
  const connections = Array.from(
    { length: options.config.posting.lanes },
    () => new PipelineConnection({ databaseUrl, onConnectionError }),
  )
  const postings = createPostingQueue(options, connections)
  const health = new HealthService({
    pingDatabase: () => pingDatabase(pool, PING_TIMEOUT_MS),
    pendingMigrations: () => pendingMigrations(db),
  })
  const app = await buildApp({
    ...servicesOf({ db, postings }),
    health,
    logger,
    version: options.version,
    port: options.config.port,
    ...options.overrides,
  })
  const phases = phasesOf({ app, health, postings, connections, db })
  return {
    app,
    postings,
    phases,
    start: async () => void (await Promise.all(connections.map((connection) => connection.open()))),
    writeDemoData: () => writeDemoData(postings, (message, fields) => logger.info(fields, message)),
    stop: async () => void (await runPhases(phases, (message, fields) => logger.warn(fields, message))),
  }
}

function createPostingQueue(options: ContainerOptions, connections: readonly PipelineConnection[]): PostingQueue {
  const { config, logger } = options
  return new PostingQueue({
    flushes: connections.map(
      (connection) =>
        new PostingFlush({
          ledger: new LedgerRepository(connection),
          log: (message, fields) => logger.warn(fields, message),
        }),
    ),
    maxWaiting: config.posting.queueMax,
    maxFlushSize: config.posting.flushMax,
  })
}

function servicesOf({ db, postings }: { readonly db: ReadDatabase; readonly postings: PostingQueue }) {
  const wallets = new WalletRepository(db)
  const history = new HistoryRepository(db)
  return {
    walletService: new WalletService({ postings, wallets, history }),
    historyService: new HistoryService({ wallets, history }),
    statisticsService: new StatisticsService({ statistics: new StatisticsRepository(db) }),
    figures: new FiguresService({ figures: new FiguresRepository(db), postings, startedAt: new Date() }),
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

/** Not ready → no new connections, what is in flight is answered → what is queued is written → connections closed. */
function phasesOf(parts: {
  readonly app: App
  readonly health: HealthService
  readonly postings: PostingQueue
  readonly connections: readonly PipelineConnection[]
  readonly db: ReadDatabase
}): readonly ShutdownPhase[] {
  const { app, health, postings, connections, db } = parts
  return [
    { name: 'not ready', timeoutMs: 100, run: () => health.startDraining() },
    { name: 'requests in flight', timeoutMs: 10_000, run: () => finishRequests(app) },
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
