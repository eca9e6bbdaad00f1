// What Prometheus scrapes. It answers from memory: a scrape works while the database does not.
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Metrics } from '../../observability/metrics.ts'
import { errorResponses } from '../schemas/common.ts'

const CONTENT_TYPE = 'text/plain'

const textSchema = z.string().meta({
  description: 'Prometheus’ text format, version 0.0.4',
  examples: ['# HELP http_requests_total Requests answered.\n# TYPE http_requests_total counter\n'],
})

/** GET /metrics. */
export function metricsRoutes(metrics: Pick<Metrics, 'text' | 'contentType'>): FastifyPluginAsyncZod {
  const schema = {
    operationId: 'getMetrics',
    summary: 'Metrics',
    description:
      'For Prometheus, which sends the key of a service with `wallet:read` where callers are checked. `docs/runbook.md` says ' +
      'what they mean.',
    tags: ['Service'],
    response: {
      200: { description: 'All metrics', content: { [CONTENT_TYPE]: { schema: textSchema } } },
      ...errorResponses('internal_error'),
    },
  }
  return async (app) => {
    app.get('/metrics', { schema, config: { scope: 'wallet:read', users: 'refused' } }, async (_request, reply) => {
      void reply.type(metrics.contentType)
      return metrics.text()
    })
  }
}
