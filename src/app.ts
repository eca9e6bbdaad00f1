// The HTTP application: plugins in order, routes, error handler. It does not listen, and reads neither clock nor environment.
import Fastify, { type FastifyInstance } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { useAuthentication } from './http/plugins/authentication.ts'
import { useAuthorization } from './http/plugins/authorization.ts'
import { useDraining } from './http/plugins/draining.ts'
import { answerClientError, createErrorSender } from './http/plugins/errors.ts'
import { useJsonBodies } from './http/plugins/json-bodies.ts'
import { useOpenapi } from './http/plugins/openapi.ts'
import { type RateLimit, useRateLimit } from './http/plugins/rate-limit.ts'
import { requestIdOf, useRequestIds } from './http/plugins/request-context.ts'
import { useRequestLog } from './http/plugins/request-log.ts'
import { useRequestMetrics } from './http/plugins/request-metrics.ts'
import { useRequestTracing } from './http/plugins/request-tracing.ts'
import { useRouteScopes } from './http/plugins/route-scopes.ts'
import { useUnknownRoutes } from './http/plugins/unknown-routes.ts'
import { useValidation } from './http/plugins/validation.ts'
import { balanceRoutes } from './http/routes/balances.ts'
import { batchRoutes } from './http/routes/batches.ts'
import { creditRoutes } from './http/routes/credits.ts'
import { explanationRoutes } from './http/routes/explanations.ts'
import { type HealthRouteDependencies, healthRoutes } from './http/routes/health.ts'
import { historyRoutes } from './http/routes/history.ts'
import { holdRoutes } from './http/routes/holds.ts'
import { metricsRoutes } from './http/routes/metrics.ts'
import { movementRoutes } from './http/routes/movements.ts'
import { statisticsRoutes } from './http/routes/statistics.ts'
import { walletRoutes } from './http/routes/wallets.ts'
import type { Logger } from './observability/logger.ts'
import type { Metrics } from './observability/metrics.ts'
import type { Tracing } from './observability/tracing.ts'
import type { Authenticator } from './services/authenticator.ts'
import type { ExplanationService } from './services/explanation-service.ts'
import type { HistoryService } from './services/history-service.ts'
import type { OwnershipService } from './services/ownership-service.ts'
import type { StatisticsService } from './services/statistics-service.ts'
import type { UseCaseChoice } from './services/use-cases.ts'

/** The HTTP application; `container.ts` may hold one without knowing the framework. */
export type App = FastifyInstance

/** What the application is built on. */
export interface AppDependencies extends HealthRouteDependencies {
  readonly logger: Logger
  readonly metrics: Metrics
  /** Only where requests are traced. */
  readonly tracing?: Tracing
  readonly useCases: UseCaseChoice
  readonly historyService: HistoryService
  readonly statisticsService: StatisticsService
  readonly explanationService: ExplanationService
  /** `null`: nobody is limited. */
  readonly rateLimit: RateLimit | null
  /** Addresses and networks whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[]
  /** Who may call; `null`: everybody, everything. */
  readonly access: { readonly authenticator: Authenticator; readonly ownership: OwnershipService } | null
}

/**
 * The largest body that validation could accept stays below 100 KiB, with every character escaped. Reading 1 MiB of numbers,
 * which is Fastify's default, would keep everybody else waiting for 450 ms.
 */
const BODY_LIMIT_BYTES = 128 * 1024
/** A silent connection is closed; between requests sooner than a caller's, but later than a load balancer's 60 s. */
const CONNECTION_TIMEOUT_MS = 120_000
const KEEP_ALIVE_TIMEOUT_MS = 72_000
/**
 * A request that takes longer to arrive is 408. Node must be given the bound of the headers, too: of two that differ it takes
 * the longer one, by default 60 s, for the whole request.
 */
const REQUEST_TIMEOUT_MS = 10_000
/** How often Node looks for such requests; its own 30 s would make four times the bound of it. */
const TIMEOUT_CHECK_INTERVAL_MS = 1000
/** Node bounds the whole request line at 16 KiB; what is shorter is for validation to judge, not for the router. */
const MAX_PARAM_LENGTH = 16 * 1024

/** The routes by noun: a new noun is a line here and a file in http/routes. */
function routesOf(deps: AppDependencies): Readonly<Record<string, FastifyPluginAsyncZod>> {
  return {
    wallets: walletRoutes(deps.useCases),
    balances: balanceRoutes(deps.historyService),
    movements: movementRoutes(deps.useCases),
    holds: holdRoutes(deps.useCases),
    batches: batchRoutes(deps.useCases),
    history: historyRoutes(deps.historyService),
    statistics: statisticsRoutes(deps.statisticsService),
    explanations: explanationRoutes(deps.explanationService),
    credits: creditRoutes(deps.useCases),
    health: healthRoutes(deps),
    metrics: metricsRoutes(deps.metrics),
  }
}

/** Builds the application. Listening and closing is the caller's. */
export async function buildApp(deps: AppDependencies): Promise<App> {
  const sendError = createErrorSender(deps.logger)
  // No logger for Fastify itself: it would make a child logger and two listeners for every request.
  const app: App = Fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS },
    // While the process stops, what still arrives is answered by the parts that know why.
    return503OnClosing: false,
    genReqId: requestIdOf,
    // Whoever may invent addresses has no limit.
    trustProxy: deps.trustedProxies.length > 0 && [...deps.trustedProxies],
    // An address that cannot be read meets no hook, so it is counted here.
    frameworkErrors: (error, request, reply) => {
      sendError(error, request, reply)
      deps.metrics.http.unknownRoute(request.method).answered(reply.statusCode, 0)
    },
    clientErrorHandler: answerClientError,
    routerOptions: { ignoreTrailingSlash: true, caseSensitive: true, maxParamLength: MAX_PARAM_LENGTH },
  })
  app.setErrorHandler(sendError)
  useRequestIds(app)
  useDraining(app, deps.health)
  useRequestMetrics(app, deps.metrics.http)
  useRequestTracing(app, deps.tracing)
  useRequestLog(app, deps.logger)
  useUnknownRoutes(app)
  useJsonBodies(app)
  useValidation(app)
  useRouteScopes(app)
  await useOpenapi(app, { version: deps.version })
  useAuthentication(app, deps.access?.authenticator ?? null)
  // Between who calls and whether they may: how often.
  useRateLimit(app, deps.rateLimit)
  useAuthorization(app, deps.access?.ownership ?? null)
  for (const routes of Object.values(routesOf(deps))) await app.register(routes)
  return app
}
