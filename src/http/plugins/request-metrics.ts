// Counts every answer under its route's template. A hook of `onResponse` would put two listeners on every answer; this one
// runs as the answer is sent, with the place of its route at hand.
import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import type { HttpMetrics } from '../../observability/http-metrics.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** When its head had arrived, on the clock of `performance.now()`. */
    arrivedAt: number
  }
}

type Send = (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: HookHandlerDoneFunction) => void

/** Counts what is answered. Call it before routes are registered: each of them gets a place of its own. */
export function useRequestMetrics(app: FastifyInstance, metrics: HttpMetrics): void {
  app.decorateRequest('arrivedAt', 0)
  app.addHook('onRequest', (request, _reply, done) => {
    request.arrivedAt = performance.now()
    done()
  })
  app.addHook('onRoute', (options) => {
    const places = new Map([options.method].flat().map((method) => [method, metrics.route(method, options.url)]))
    const count: Send = (request, reply, _payload, done) => {
      places.get(request.method)?.answered(reply.statusCode, (performance.now() - request.arrivedAt) / 1000)
      done()
    }
    options.onSend = [options.onSend ?? [], count].flat()
  })
  app.addHook('onSend', (request, reply, _payload, done) => {
    if (request.is404) {
      const seconds = (performance.now() - request.arrivedAt) / 1000
      metrics.unknownRoute(request.method).answered(reply.statusCode, seconds)
    }
    done()
  })
}
