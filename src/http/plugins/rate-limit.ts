// How many requests one caller may send in a window (API.md §6, `rate_limited`). Only the API itself is limited: probes,
// metrics and documentation answer however often they are asked. Where the counting is done is the service's business.
import { hash } from 'node:crypto'
import { isIP, isIPv4 } from 'node:net'
import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify'
import { AppError } from '../../domain/errors.ts'
import type { RequestCount, RequestCounts } from '../../services/request-counts.ts'
import { errorResponses } from '../schemas/common.ts'
import { callerKey } from './authentication.ts'

const LIMITED_PATHS = '/api/'
/** Characters; a longer name, such as a user may have, is counted under its digest, so that it takes no more room. */
const KEY_MAX = 64

/** The limit, and who counts. */
export interface RateLimit {
  readonly max: number
  readonly windowMs: number
  readonly counts: RequestCounts
}

/** `ip:port` or `[ip]:port`, as some gateways write it; the port is another one for each connection. */
const WITH_PORT = /^(?:([\d.]{7,15})|\[([\da-f:.]{2,45})\])(?::\d{1,5})?$/i

/** By name where it is known who calls, else by address. A caller with IPv6 has at least 2^64 addresses, which count as one. */
function keyOf(request: FastifyRequest): string {
  const key = callerKey(request) ?? `address:${addressOf(request)}`
  return key.length > KEY_MAX ? `digest:${hash('sha256', key, 'base64url')}` : key
}

/** What a gateway says of the caller, where that is an address: anything else could be as long as it likes, and ever new. */
function addressOf({ ip, socket }: FastifyRequest): string {
  if (isIPv4(ip)) return ip
  const [, v4, v6] = WITH_PORT.exec(ip) ?? []
  const address = [ip, v4, v6].find((text) => text !== undefined && isIP(text) !== 0) ?? socket.remoteAddress ?? ''
  return normalizeIP(address)
}

/**
 * Limits the routes that are registered after it, and documents that they can be. Who calls must be known by then, in a hook
 * of the whole application (`onRequest`); whether they may is better asked later.
 */
export function useRateLimit(app: FastifyInstance, limit: RateLimit | null): void {
  app.addHook('onRoute', (route) => {
    if (!route.url.startsWith(LIMITED_PATHS)) return
    // The specification is the same whether or not there is a limit.
    if (typeof route.schema?.response === 'object') {
      route.schema = { ...route.schema, response: { ...route.schema.response, ...errorResponses('rate_limited') } }
    }
    if (limit !== null) route.onRequest = [...[route.onRequest ?? []].flat(), limiting(limit)]
  })
}

/**
 * Counts, says on the answer what is left (as draft-ietf-httpapi-ratelimit-headers-06), and refuses one too many. Nothing here
 * waits unless the counting does: the hook of `@fastify/rate-limit` makes five promises a request, a seventh of the time that a
 * posting takes (docs/adr/0016).
 */
function limiting(limit: RateLimit): onRequestHookHandler {
  return (request, reply, done) => {
    const tell = ({ count, remainingMs }: RequestCount): void => {
      reply.header('ratelimit-limit', limit.max)
      reply.header('ratelimit-remaining', Math.max(0, limit.max - count))
      reply.header('ratelimit-reset', Math.ceil(remainingMs / 1000))
      if (count > limit.max) done(tooManyRequests(limit, remainingMs))
      else done()
    }
    const counted = limit.counts.count(keyOf(request))
    if (counted instanceof Promise) void counted.then(tell)
    else tell(counted)
  }
}

function tooManyRequests({ max, windowMs }: RateLimit, remainingMs: number): AppError {
  const windowSeconds = windowMs / 1000
  const retryAfterSeconds = Math.max(1, Math.ceil(remainingMs / 1000))
  return new AppError(
    'rate_limited',
    `More than ${max} requests in ${windowSeconds} s; try again in ${retryAfterSeconds} s`,
    { context: { limit: max, window_seconds: windowSeconds, retry_after_seconds: retryAfterSeconds } },
  )
}
