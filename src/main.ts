// The process: environment → database → container → listen, and the way back at a signal. Every failure to start is a
// sentence on stderr and exit code 1.
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

const USAGE = `The wallet service.

usage: npm start
       npm start -- --help

environment:
${describeVariables()}`

/** A process on its way up or down. */
class WalletProcess {
  readonly #config: Config
  readonly #version: string
  readonly #logger: Logger
  readonly #shutdown: (reason: string, code: number) => void
  #phases: readonly ShutdownPhase[] = []
  #embedded: Promise<EmbeddedPostgres> | null = null
  #stopping = false

  constructor(options: { readonly config: Config; readonly version: string; readonly logger: Logger }) {
    this.#config = options.config
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
    if (this.#config.startedByNpm) this.#followParent()
    try {
      this.#logger.info({ config: publicConfig(this.#config) }, 'starting')
      const databaseUrl = await this.#database()
      await migrateToLatest(databaseUrl).catch((error: unknown) => {
        throw migrationFailed(error)
      })
      const container = await this.#compose(databaseUrl)
      await this.#listen(container)
    } catch (error) {
      // Whoever asked us to stop in the middle of this knows why it failed.
      if (this.#stopping) return
      process.stderr.write(`${explainStartFailure(error, this.#config)}\n`)
      this.#stop('start failed', 1)
    }
  }

  async #database(): Promise<string> {
    const { databaseUrl, dataDir } = this.#config
    if (databaseUrl === null) {
      this.#embedded = startEmbeddedPostgres({
        dataDir,
        log: (message, fields) => this.#logger.info(fields ?? {}, message),
      })
      return (await this.#embedded).url
    }
    await checkConnection(databaseUrl)
    return databaseUrl
  }

  async #compose(databaseUrl: string): Promise<Container> {
    const container = await createContainer({
      config: this.#config,
      databaseUrl,
      logger: this.#logger,
      version: this.#version,
    })
    this.#phases = container.phases
    await container.start()
    if (this.#config.demoData) await container.writeDemoData()
    return container
  }

  async #listen(container: Container): Promise<void> {
    const { host, port } = this.#config
    const { app } = container
    await app.listen({ host, port })
    const address = app.server.address()
    const actual = typeof address === 'object' && address !== null ? address.port : port
    const url = `http://${reachableName(host)}:${actual}`
    this.#logger.info({ url, port: actual, docs: `${url}/docs` }, 'listening')
    await container.announce(actual)
    if (process.stdout.isTTY) process.stdout.write(`\n  The wallet service is ready: ${url}/docs\n\n`)
  }

  #listenToSignals(): void {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => this.#stop(signal, 0))
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
    error instanceof ConsulUnusableError
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

async function main(): Promise<void> {
  const words = process.argv.slice(2)
  if (words.some((word) => word === '--help' || word === '-h')) {
    process.stdout.write(`${USAGE}\n`)
    return
  }
  if (words.length > 0) throw new ConfigError(`There is no option ${words.join(' ')}: see --help.`)
  const config = readConfig()
  const version = await readVersion()
  const destination = process.stdout.isTTY ? await prettyDestination() : undefined
  const logger = createLogger({ level: config.logLevel, version, ...(destination && { destination }) })
  await new WalletProcess({ config, version, logger }).start()
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${explainStartFailure(error, null)}\n`)
  process.exitCode = 1
}
