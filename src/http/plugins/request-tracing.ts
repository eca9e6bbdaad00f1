// A span for every request, from its head to the last byte of its answer. Only where requests are traced: otherwise there is no
// hook at all.
import type { FastifyInstance } from 'fastify'
import type { RequestTrace, Tracing } from '../../observability/tracing.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Its trace, where requests are traced. */
    trace: RequestTrace | null
  }
}

/** Traces requests. Without `tracing`, only says of each of them that it is not traced. */
export function useRequestTracing(app: FastifyInstance, tracing: Tracing | undefined): void {
  app.decorateRequest('trace', null)
  if (tracing === undefined) return
  app.addHook('onRequest', (request, reply, done) => {
    const { method, id: requestId, headers } = request
    const trace = tracing.request({ method, route: request.routeOptions.url, requestId, headers })
    request.trace = trace
    // Also when the caller goes away before the answer is complete.
    reply.raw.once('close', () => trace.end(reply.raw.writableFinished ? reply.statusCode : null))
    done()
  })
  // Not earlier: what reads a body runs in the context of its socket, and so would everything after it.
  app.addHook('preHandler', (request, _reply, done) => {
    if (request.trace === null) done()
    else request.trace.run(done)
  })
}
