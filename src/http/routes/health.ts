// Health for load balancers and people, and the service's own figures (API.md §3, DESIGN.md §4).
import type { Server } from 'node:http'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { FiguresService, ServiceFigures } from '../../services/figures-service.ts'
import type { HealthService } from '../../services/health-service.ts'
import { errorResponses } from '../schemas/common.ts'

const SERVICE = 'wallet_service'

export interface HealthRouteDependencies {
  readonly health: Pick<HealthService, 'isDatabaseReachable' | 'readiness' | 'isDraining'>
  readonly figures: Pick<FiguresService, 'read'>
  readonly version: string
  /** The port that was asked for; the one that is listened on is reported, where there is one. */
  readonly port: number
}

const identityShape = {
  service: z.literal(SERVICE),
  version: z.string().meta({ examples: ['0.1.0'] }),
}

const healthSchema = z.object({
  status: z.enum(['healthy', 'unhealthy']),
  ...identityShape,
  port: z.int().meta({ examples: [8208] }),
  timestamp: z.string().meta({ format: 'date-time', examples: ['2026-01-31T12:00:00.123Z'] }),
})

const readinessSchema = z.object({
  status: z.enum(['ready', 'not_ready']),
  database: z.enum(['reachable', 'unreachable']),
  migrations: z.enum(['at_head', 'pending', 'unknown']).meta({ description: 'Whether the schema is the newest known' }),
  draining: z.boolean().meta({ description: 'The process is stopping: what is in flight goes on' }),
})

const statsSchema = z.object({
  ...identityShape,
  status: z.literal('operational'),
  capabilities: z.object({
    wallet_management: z.literal(true),
    transaction_management: z.literal(true),
    blockchain_ready: z.literal(true),
  }),
  wallets: z.int().meta({ description: 'Wallets there are, closed ones included', examples: [1200] }),
  transactions: z.int().meta({ description: 'Rows of the ledger', examples: [48_000] }),
  started_at: z.string().meta({ format: 'date-time', examples: ['2026-01-31T12:00:00.123Z'] }),
  uptime_seconds: z.int().meta({ examples: [86_400] }),
  postings: z.object({
    waiting: z.int().meta({ description: 'Operations that wait now', examples: [0] }),
    operations: z.int().meta({ description: 'Operations since the process started', examples: [9000] }),
    flushes: z.int().meta({ description: 'Database transactions that carried them', examples: [700] }),
    largest_flush: z.int().meta({ description: 'Operations in the largest one', examples: [64] }),
  }),
})

const documented = (operationId: string, summary: string, description: string) => ({
  operationId,
  summary,
  description,
  tags: ['Service'],
})

const healthAnswers = { 200: healthSchema, 503: healthSchema.meta({ description: 'The database is out of reach' }) }
const HEALTH_PATHS = [
  ['/', 'getRoot'],
  ['/health', 'getHealth'],
] as const
/** Whoever watches over the service has no credentials. */
const PUBLIC = { scope: 'public' } as const
const HEALTH = 'Asks the database, for a second at most.'

/** `/`, `/health`, `/health/live`, `/health/ready` and `/api/v1/wallet/stats`. */
export function healthRoutes(deps: HealthRouteDependencies): FastifyPluginAsyncZod {
  return async (app) => {
    for (const [path, operationId] of HEALTH_PATHS) {
      const schema = { ...documented(operationId, 'Health', HEALTH), response: healthAnswers }
      app.get(path, { config: PUBLIC, schema }, async (_request, reply) => {
        const reachable = await deps.health.isDatabaseReachable()
        reply.code(reachable ? 200 : 503)
        return presentHealth(deps, { reachable, server: app.server })
      })
    }
    await app.register(probeRoutes(deps))
    await app.register(statsRoutes(deps))
  }
}

function probeRoutes({ health }: HealthRouteDependencies): FastifyPluginAsyncZod {
  const live = documented('getLiveness', 'Liveness', 'The process runs. Says nothing of the database.')
  const ready = documented(
    'getReadiness',
    'Readiness',
    'Whether requests should be sent here, and why not. Up to a second old.',
  )
  return async (app) => {
    const alive = z.object({ status: z.literal('alive') })
    app.get('/health/live', { config: PUBLIC, schema: { ...live, response: { 200: alive } } }, async () => ({
      status: 'alive' as const,
    }))
    app.get(
      '/health/ready',
      { config: PUBLIC, schema: { ...ready, response: { 200: readinessSchema, 503: readinessSchema } } },
      async (_request, reply) => {
        const { ready: isReady, ...state } = await health.readiness()
        reply.code(isReady ? 200 : 503)
        return { status: isReady ? ('ready' as const) : ('not_ready' as const), ...state }
      },
    )
  }
}

function statsRoutes({ figures, version }: HealthRouteDependencies): FastifyPluginAsyncZod {
  const stats = documented(
    'getStats',
    'Figures of the service',
    'Exact counts, which may be a moment old. Since when it runs and its `postings` are those of the process that answers; ' +
      '`/metrics` adds up over all workers of an instance.',
  )
  return async (app) => {
    app.get(
      '/api/v1/wallet/stats',
      {
        // Of everybody's wallets: no user's business.
        config: { scope: 'wallet:read', users: 'refused' },
        schema: {
          ...stats,
          response: {
            200: statsSchema,
            ...errorResponses('database_unavailable', 'internal_error', 'peer_unavailable'),
          },
        },
      },
      async () => presentFigures(await figures.read(), version),
    )
  }
}

function presentHealth(
  deps: HealthRouteDependencies,
  { reachable, server }: { readonly reachable: boolean; readonly server: Server },
): z.infer<typeof healthSchema> {
  const address = server.address()
  return {
    status: reachable ? 'healthy' : 'unhealthy',
    service: SERVICE,
    port: typeof address === 'object' && address !== null ? address.port : deps.port,
    version: deps.version,
    timestamp: new Date().toISOString(),
  }
}

function presentFigures(figures: ServiceFigures, version: string): z.infer<typeof statsSchema> {
  return {
    service: SERVICE,
    version,
    status: 'operational',
    capabilities: { wallet_management: true, transaction_management: true, blockchain_ready: true },
    wallets: figures.wallets,
    transactions: figures.transactions,
    started_at: figures.startedAt.toISOString(),
    uptime_seconds: figures.uptimeSeconds,
    postings: {
      waiting: figures.postings.waiting,
      operations: figures.postings.commands,
      flushes: figures.postings.flushes,
      largest_flush: figures.postings.largestFlush,
    },
  }
}
