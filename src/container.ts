// The composition root: config in, a whole service out. Tests replace some of what the application gets.
import { ApiKeysFile } from './api-keys-file.ts'
import { type App, type AppDependencies, buildApp } from './app.ts'
import { createAccess, createRateLimit } from './composition/access.ts'
import { createTracing, type Ground, partLog } from './composition/ground.ts'
import { createLedger, servicesOver } from './composition/ledger.ts'
import { createNeighbours } from './composition/neighbours.ts'
import { phasesOf } from './composition/phases.ts'
import { createWorkers } from './composition/workers.ts'
import type { Config } from './config.ts'
import type { Logger } from './observability/logger.ts'
import type { MetricsGathering } from './observability/combined-metrics.ts'
import { Metrics } from './observability/metrics.ts'
import { writeDemoData } from './services/demo-data.ts'
import type { PostingQueue } from './services/posting-queue.ts'
import { runPhases, type ShutdownPhase } from './shutdown.ts'

/** What the service is made from. */
export interface ContainerOptions {
  readonly config: Config
  /** Where the database comes from is the caller's. */
  readonly databaseUrl: string
  readonly logger: Logger
  readonly version: string
  /** Where other processes are part of the same service. */
  readonly gathering?: MetricsGathering
  /** Stand-ins for what the application would get. */
  readonly overrides?: Partial<AppDependencies>
}

/** A whole service, not listening yet. */
export interface Container {
  readonly app: App
  readonly postings: PostingQueue
  /** Opens the connections that postings need, so that the first one does not wait, and starts what works unasked. */
  start(): Promise<void>
  /** Tells Consul of this instance, once it listens. Throws `ConsulUnusableError` where CONSUL_ENABLED is on. */
  announce(port: number): Promise<void>
  /** Writes what is missing of the demo data. */
  writeDemoData(): Promise<void>
  /** How to stop, in order. */
  readonly phases: readonly ShutdownPhase[]
  /** Runs the phases. */
  stop(): Promise<void>
}

/** Composes a service. Opens no connection by itself. Throws `ConfigError` for a file of keys that cannot be used. */
export async function createContainer(options: ContainerOptions): Promise<Container> {
  const { config, logger, version, gathering } = options
  const log = partLog(logger)
  const apiKeys = config.auth.apiKeysFile === null ? null : await ApiKeysFile.open(config.auth.apiKeysFile)
  const tracing = await createTracing({ config, version, log })
  const ground: Ground = {
    ...options,
    log,
    metrics: new Metrics({ version, ...(gathering && { gathering }) }),
    tracing,
  }
  const ledger = createLedger(ground)
  const neighbours = await createNeighbours(ground)
  const { consul, sharedCounts } = neighbours
  const workers = createWorkers(ground, { ledger, apiKeys })
  const app = await buildApp({
    ...servicesOver(ledger, neighbours),
    health: ledger.health,
    logger,
    metrics: ground.metrics,
    ...(tracing && { tracing }),
    version,
    port: config.port,
    access: createAccess(ground, { apiKeys, ledger }),
    rateLimit: createRateLimit(ground, sharedCounts),
    trustedProxies: config.trustedProxies,
    ...options.overrides,
  })
  const phases = phasesOf({ app, workers, ledger, neighbours, tracing })
  return {
    app,
    postings: ledger.postings,
    phases,
    start: async () => {
      await Promise.all([consul.start(), ledger.open(), sharedCounts?.start()])
      for (const worker of workers) worker.start()
    },
    announce: (port) => consul.announce(port),
    writeDemoData: () => writeDemoData(ledger.postings, log.info),
    stop: async () => void (await runPhases(phases, log.warn)),
  }
}
