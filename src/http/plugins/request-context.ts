// The id of a request: the caller's where it is well-formed, else ours. It is on every answer and in every line of the log.
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { newRequestId } from '../../services/new-ids.ts'

export const REQUEST_ID_HEADER = 'x-request-id'
const WELL_FORMED = /^[A-Za-z0-9._-]{8,64}$/

/** The id of a request that has just arrived. */
export function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers[REQUEST_ID_HEADER]
  return typeof given === 'string' && WELL_FORMED.test(given) ? given : newRequestId()
}

/** Puts the id on every answer. */
export function useRequestIds(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header(REQUEST_ID_HEADER, request.id)
    done()
  })
}
