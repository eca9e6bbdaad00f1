// The process that was started, where several serve: it keeps the workers, is the one instance that Consul knows, and serves
// nothing itself. The database and signals are main.ts's.
import cluster from 'node:cluster'
import { type Config, ConfigError } from '../config.ts'
import type { Logger } from '../observability/logger.ts'
import { ConsulMembership } from '../peers/consul-membership.ts'
import type { ShutdownPhase } from '../shutdown.ts'
import { Loop } from '../workers/loop.ts'
import { Gathering } from './gathering.ts'
import type { Report } from './messages.ts'
import type { Slot } from './slot.ts'
import { Supervisor, type WorkersUnusableError } from './supervisor.ts'

/** Longer than all phases of a worker together; shorter, with ours, than compose waits. */
const WORKERS_STOP_TIMEOUT_MS = 38_000
/** What is done unasked is done in this one: once for all of them. */
const CARETAKER = 1

export interface PrimaryOptions {
  readonly config: Config
  readonly databaseUrl: string
  readonly logger: Logger
  readonly version: string
  /** Told when workers, after a start that went well, do not start any more. */
  readonly onHopeless: (error: WorkersUnusableError) => void
}

/** Connections to the database that all workers together may open. */
export function connectionsOf({ workers, databasePoolMax, posting, holdExpiryIntervalMs }: Config): number {
  // One more for dry runs in each, and two for expiry in one.
  return workers * (databasePoolMax + posting.lanes + 1) + (holdExpiryIntervalMs === 0 ? 0 : 2)
}

/** What a container is to a process that serves. */
export class Primary {
  readonly #options: PrimaryOptions
  readonly #supervisor: Supervisor
  readonly #gathering: Gathering
  readonly #consul: ConsulMembership

  constructor(options: PrimaryOptions) {
    const { config, logger, version, onHopeless } = options
    this.#options = options
    const log = {
      info: (message: string, fields: Readonly<Record<string, unknown>>) => logger.info(fields, message),
      warn: (message: string, fields: Readonly<Record<string, unknown>>) => logger.warn(fields, message),
      error: (message: string, fields: Readonly<Record<string, unknown>>) => logger.error(fields, message),
    }
    this.#supervisor = new Supervisor({
      count: config.workers,
      environmentOf: (number, isFirst) => environmentOf(options, number, isFirst),
      log,
      onReport: (slot, report) => this.#hear(slot, report),
      onEnd: (number) => this.#gathering.forget(number),
      onHopeless,
    })
    this.#gathering = new Gathering({
      count: config.workers,
      version,
      restarts: () => this.#supervisor.restarts,
      ask: (round) => this.#supervisor.tell({ wallet: 'show metrics', round }),
    })
    this.#consul = new ConsulMembership({
      ...config.consul,
      host: config.serviceHost,
      version,
      fallbackUrls: {
        account_service: config.peers.accountServiceUrl,
        organization_service: config.peers.organizationServiceUrl,
      },
      log,
      repeat: (repetition) => new Loop(repetition),
    })
  }

  /** The way down: out of Consul while everybody still serves, then the workers, each with the phases of its own. */
  get phases(): readonly ShutdownPhase[] {
    return [
      { name: 'out of Consul', timeoutMs: 1500, run: () => this.#consul.leave() },
      { name: 'workers', timeoutMs: WORKERS_STOP_TIMEOUT_MS, run: () => this.#supervisor.stop('the primary stops') },
      { name: 'connections to Consul', timeoutMs: 500, run: () => this.#consul.close() },
    ]
  }

  /** Starts all workers; the port, once they serve. Throws `WorkersUnusableError`, `ConsulUnusableError`, `ConfigError`. */
  async start(): Promise<number> {
    const { config, logger } = this.#options
    if (!cluster.isPrimary) throw new ConfigError('WORKERS must be 1 where something else runs this as its worker.')
    logger.info({ workers: config.workers, database_connections_max: connectionsOf(config) }, 'Starting the workers')
    // Looks for peers, too; but only the workers ask any.
    if (config.consul.enabled === 'on') await this.#consul.start()
    return this.#supervisor.start()
  }

  /** Tells Consul of the workers, as one instance. Throws `ConsulUnusableError` where CONSUL_ENABLED is on. */
  announce(port: number): Promise<void> {
    return this.#consul.announce(port)
  }

  #hear(slot: Slot, report: Report): void {
    if (report.wallet === 'metrics') this.#gathering.hear(slot.number, report)
    if (report.wallet !== 'metrics wanted') return
    const { question } = report
    this.#gathering.text().then(
      (text) => slot.send({ wallet: 'metrics of all', question, text }),
      (error: unknown) => this.#options.logger.error({ err: error }, 'Metrics could not be gathered'),
    )
  }
}

/** What a worker does otherwise than a process that is alone. */
function environmentOf(
  { config, databaseUrl }: PrimaryOptions,
  number: number,
  isFirst: boolean,
): Record<string, string> {
  const caretaker = number === CARETAKER
  return {
    DATABASE_URL: databaseUrl,
    WORKERS: '1',
    DEMO_DATA: config.demoData && caretaker && isFirst ? 'on' : 'off',
    // That there is an agent at the start was the primary's to find out; a later worker must not end for want of one.
    ...(config.consul.enabled === 'on' && { CONSUL_ENABLED: 'auto' }),
    ...(!caretaker && { HOLD_EXPIRY_INTERVAL_MS: '0', LEDGER_AUDIT_INTERVAL_SECONDS: '0' }),
  }
}
