// The process: environment → database → container → listen, and the way back at a signal. Every failure to start is a
// sentence on stderr and exit code 1.
import cluster from 'node:cluster'
import { parseArgs } from 'node:util'
import { WorkerLink } from './cluster/link.ts'
import { connectionsOf, Primary } from './cluster/primary.ts'
import { WorkersUnusableError } from './cluster/supervisor.ts'
import { type Config, ConfigError, describeVariables, publicConfig, readConfig } from './config.ts'
import { type Container, createContainer } from './container.ts'
import { checkConnection, DatabaseUnusableError, migrationFailed } from './db/connection-check.ts'
import { type EmbeddedPostgres, EmbeddedPostgresError, startEmbeddedPostgres } from './db/embedded.ts'
import { migrateToLatest } from './db/migrator.ts'
import { ConsulUnusableError } from './peers/consul-registration.ts'
import { createLogger, type Logger, prettyDestination } from './observability/logger.ts'
import { readVersion } from './observability/version.ts'
import { createShutdown, type ShutdownPhase } from './shutdown.ts'

const EMBEDDED_STOP_TIMEOUT_MS = 30_000
const PARENT_POLL_MS = 250
/** PostgreSQL's default, and what tools need beside our own connections. */
const EMBEDDED_CONNECTIONS = 100
const SPARE_CONNECTIONS = 20

const USAGE = `The wallet service.

usage: npm start
       npm start -- --workers 4   with 4 processes that serve the port together (1 to 64)
       npm start -- --help

environment:
${describeVariables()}`

interface Words {
  readonly isHelp: boolean
  /** As it was given. */
  readonly workers: string | undefined
  /** What a primary gives its workers: which of them this is. */
  readonly worker: string | undefined
}

/** A process on its way up or down: one that serves, alone or as a worker, or the primary of some that do. */
class WalletProcess {
  readonly #config: Config
  readonly #version: string
  readonly #logger: Logger
  readonly #link: WorkerLink | null
  readonly #shutdown: (reason: string, code: number) => void
  #phases: readonly ShutdownPhase[] = []
  #embedded: Promise<EmbeddedPostgres> | null = null
  #stopping = false

  constructor(options: {
    readonly config: Config
    readonly version: string
    readonly logger: Logger
    /** Only in a worker. */
    readonly link: WorkerLink | null
  }) {
    this.#config = options.config
    this.#link = options.link
    this.#version = options.version
    this.#logger = options.logger
    this.#shutdown = createShutdown({
      phases: () => [...this.#phases, this.#embeddedPhase()],
      log: (message, fields) => options.logger.info(fields, message),
      exit: (code) => process.exit(code),
    })
  }

  /** Starts everything. Does not reject: a failure is said on stderr and stops what already runs. */
  async start(): Promise<void> {
    this.#listenToSignals()
    try {
      if (this.#link === null) await this.#startAll()
      else await this.#startWorker(this.#link)
    } catch (error) {
      // Whoever asked us to stop in the middle of this knows why it failed.
      if (this.#stopping) return
      const sentence = explainStartFailure(error, this.#config)
      if (this.#link === null) process.stderr.write(`${sentence}\n`)
      else await this.#link.reportFailure(sentence)
      this.#stop('start failed', 1)
    }
  }

  async #startAll(): Promise<void> {
    if (this.#config.startedByNpm) this.#followParent()
    this.#logger.info({ config: publicConfig(this.#config) }, 'starting')
    const databaseUrl = await this.#database()
    await migrateToLatest(databaseUrl).catch((error: unknown) => {
      throw migrationFailed(error)
    })
    if (this.#config.workers > 1) {
      await this.#supervise(databaseUrl)
      return
    }
    const container = await this.#compose(databaseUrl)
    const port = await this.#listen(container)
    this.#tellOfListening(port)
    await container.announce(port)
    this.#greet(port)
  }

  /** The database is there and migrated: the primary has seen to it. */
  async #startWorker(link: WorkerLink): Promise<void> {
    const container = await this.#compose(await this.#database())
    await link.reportServing(await this.#listen(container))
  }

  async #supervise(databaseUrl: string): Promise<void> {
    const primary = new Primary({
      config: this.#config,
      databaseUrl,
      logger: this.#logger,
      version: this.#version,
      onHopeless: (error) => {
        process.stderr.write(`${error.message}\n`)
        this.#stop('workers do not start', 1)
      },
    })
    this.#phases = primary.phases
    const port = await primary.start()
    this.#tellOfListening(port)
    await primary.announce(port)
    this.#greet(port)
  }

  async #database(): Promise<string> {
    const { databaseUrl, dataDir } = this.#config
    if (databaseUrl === null) {
      this.#embedded = startEmbeddedPostgres({
        dataDir,
        settings: { max_connections: String(this.#embeddedConnections()) },
        log: (message, fields) => this.#logger.info(fields ?? {}, message),
      })
      return (await this.#embedded).url
    }
    await checkConnection(databaseUrl, this.#config.databasePooler)
    return databaseUrl
  }

  async #compose(databaseUrl: string): Promise<Container> {
    const container = await createContainer({
      config: this.#config,
      databaseUrl,
      logger: this.#logger,
      version: this.#version,
      ...(this.#link && { gathering: this.#link }),
    })
    this.#phases = container.phases
    await container.start()
    if (this.#config.demoData) await container.writeDemoData()
    return container
  }

  /** The port, which may not have been chosen before. */
  async #listen({ app }: Container): Promise<number> {
    const { host, port } = this.#config
    await app.listen({ host, port })
    const address = app.server.address()
    return typeof address === 'object' && address !== null ? address.port : port
  }

  #tellOfListening(port: number): void {
    const url = this.#urlWith(port)
    this.#logger.info({ url, port, docs: `${url}/docs` }, 'listening')
  }

  #greet(port: number): void {
    if (process.stdout.isTTY) process.stdout.write(`\n  The wallet service is ready: ${this.#urlWith(port)}/docs\n\n`)
  }

  #urlWith(port: number): string {
    return `http://${reachableName(this.#config.host)}:${port}`
  }

  #embeddedConnections(): number {
    return Math.max(EMBEDDED_CONNECTIONS, connectionsOf(this.#config) + SPARE_CONNECTIONS)
  }

  #listenToSignals(): void {
    // A terminal's Ctrl-C and a supervisor's SIGTERM may reach workers, too: they wait for what the primary says.
    const obey = (reason: string): void => this.#stop(reason, 0)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, this.#link ? () => undefined : obey)
    this.#link?.onStop((reason) => {
      if (!this.#stopping) obey(reason)
    })
    process.on('uncaughtException', (error) => this.#crash(error, 'uncaughtException'))
    process.on('unhandledRejection', (error) => this.#crash(error, 'unhandledRejection'))
  }

  /** `kill` of an `npm start` ends npm and its shell, which passes nothing on: without them, nobody is left to stop us. */
  #followParent(): void {
    const parent = process.ppid
    const watch = setInterval(() => {
      if (process.ppid === parent) return
      clearInterval(watch)
      this.#stop('npm, which started this, is gone', 0)
    }, PARENT_POLL_MS)
    watch.unref()
  }

  /** What nobody caught leaves the process in a state that nobody thought of: it ends, in order if it can. */
  #crash(error: unknown, reason: string): void {
    this.#logger.fatal({ err: error }, reason)
    if (!this.#stopping) this.#stop(reason, 1)
  }

  #stop(reason: string, code: number): void {
    this.#stopping = true
    this.#shutdown(reason, code)
  }

  #embeddedPhase(): ShutdownPhase {
    return {
      name: 'embedded database',
      timeoutMs: EMBEDDED_STOP_TIMEOUT_MS,
      // One that did not start has nothing to stop, and has said so.
      run: async () => (await this.#embedded?.catch(() => null))?.stop(),
    }
  }
}

/** A name under which this machine's browser reaches the address that is listened on. */
function reachableName(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

/** The sentence for a failure to start; where it is none that we expect, everything there is to know about it. */
function explainStartFailure(error: unknown, config: Pick<Config, 'host' | 'port'> | null): string {
  if (
    error instanceof ConfigError ||
    error instanceof DatabaseUnusableError ||
    error instanceof EmbeddedPostgresError ||
    error instanceof ConsulUnusableError ||
    error instanceof WorkersUnusableError
  ) {
    return error.message
  }
  const listening = config === null ? undefined : listeningFailure(codeOf(error), config)
  if (listening !== undefined) return listening
  return error instanceof Error
    ? `The service did not start: ${describe(error)}`
    : `The service did not start: ${String(error)}`
}

function listeningFailure(code: unknown, { host, port }: Pick<Config, 'host' | 'port'>): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is taken: stop what listens there, or set PORT to another one (0 takes any free one).`
    case 'EACCES':
      return `Port ${port} on ${host} is not allowed to this user: set PORT to one above 1023.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `HOST is ${host}, which is no address of this machine: set it to one that is, or to 0.0.0.0.`
    default:
      return undefined
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

/** The stack, and those of its causes: what is not expected must be found. */
function describe(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by: ${describe(error.cause)}` : ''
  return (error.stack ?? error.message) + cause
}

/** What stands after the command. Throws `ConfigError`. */
function readWords(words: readonly string[]): Words {
  const options = {
    help: { type: 'boolean', short: 'h' },
    workers: { type: 'string' },
    worker: { type: 'string' },
  } as const
  const { values, positionals, tokens } = parseArgs({
    args: [...words],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const unknown = tokens.flatMap((token) =>
    token.kind === 'option' && !Object.hasOwn(options, token.name) ? [token.rawName] : [],
  )
  const refused = [...unknown, ...positionals]
  if (refused.length > 0) throw new ConfigError(`There is no option ${refused.join(' ')}: see --help.`)
  return {
    isHelp: values.help !== undefined,
    workers: valueOf('--workers', values.workers),
    worker: valueOf('--worker', values.worker),
  }
}

function valueOf(name: string, value: string | boolean | undefined): string | undefined {
  if (value === undefined || (typeof value === 'string' && value.trim() !== '')) return value
  throw new ConfigError(`${name} needs a number after it: see --help.`)
}

async function main(): Promise<void> {
  const words = readWords(process.argv.slice(2))
  if (words.isHelp) {
    process.stdout.write(`${USAGE}\n`)
    return
  }
  if (words.worker !== undefined && !cluster.isWorker) throw new ConfigError('There is no option --worker: see --help.')
  const config = readConfig(words.workers === undefined ? {} : { WORKERS: words.workers })
  const link = words.worker === undefined ? null : new WorkerLink(Number(words.worker))
  const version = await readVersion()
  const destination = process.stdout.isTTY ? await prettyDestination() : undefined
  const logger = createLogger({
    level: config.logLevel,
    version,
    ...(link && { worker: link.number }),
    ...(destination && { destination }),
  })
  await new WalletProcess({ config, version, logger, link }).start()
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${explainStartFailure(error, null)}\n`)
  process.exitCode = 1
}
