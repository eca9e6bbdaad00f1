// POSTING_MODE=single: the whole service, but every movement is a database transaction of its own on one of 16 connections, as
// a service without a posting queue would do it. It exists for comparison only, and is started by `npm run bench`.
import { createLedger } from '../src/composition/ledger.ts'
import { partLog } from '../src/composition/ground.ts'
import { readConfig } from '../src/config.ts'
import { createContainer } from '../src/container.ts'
import { createLogger } from '../src/observability/logger.ts'
import { Metrics } from '../src/observability/metrics.ts'
import { UseCaseChoice } from '../src/services/use-cases.ts'
import { SinglePoster } from './support/single-poster.ts'

const CONNECTIONS = 16
const VERSION = 'single'

const config = readConfig()
const { databaseUrl } = config
if (databaseUrl === null) throw new Error('DATABASE_URL must name the database that npm run bench has made')
const logger = createLogger({ level: config.logLevel, version: VERSION })
const log = partLog(logger)
// Repositories and dry runs as everywhere; its posting queue stays idle.
const ledger = createLedger({
  config,
  databaseUrl,
  version: VERSION,
  logger,
  log,
  metrics: new Metrics({ version: VERSION }),
  tracing: undefined,
})
const postings = new SinglePoster({
  connections: Array.from({ length: CONNECTIONS }, () => ledger.connect()),
  log: log.warn,
})
const container = await createContainer({
  config,
  databaseUrl,
  logger,
  version: VERSION,
  overrides: {
    useCases: new UseCaseChoice({ ...ledger.repositories, postings, dryRuns: ledger.dryRuns, owners: null }),
  },
})
await container.start()
await container.app.listen({ host: config.host, port: config.port })
const address = container.app.server.address()
logger.info({ port: typeof address === 'object' && address?.port }, 'listening')

async function stop(): Promise<void> {
  await container.stop()
  await ledger.close()
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop())
