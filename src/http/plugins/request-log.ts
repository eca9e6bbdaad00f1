// One line for each request, at level debug only: at thousands of requests a second the log would cost more than the work.
import type { FastifyInstance } from 'fastify'
import type { Logger } from '../../observability/logger.ts'

/** Logs every answer, if the level asks for it; otherwise requests do not even pass a hook. */
export function useRequestLog(app: FastifyInstance, logger: Logger): void {
  if (!logger.isLevelEnabled('debug')) return
  app.addHook('onResponse', (request, reply, done) => {
    logger.debug(
      {
        request_id: request.id,
        ...(request.trace && { trace_id: request.trace.traceId }),
        method: request.method,
        route: request.routeOptions.url,
        status: reply.statusCode,
        duration_ms: Math.round(reply.elapsedTime * 1000) / 1000,
      },
      'request',
    )
    done()
  })
}
