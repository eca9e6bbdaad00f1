// Sends errors: of handlers, of the framework, and of the HTTP parser itself, which has only a socket. Logs those that are
// ours to mend, under the request id that the caller was given.
import { ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { uuidv7 } from 'uuidv7'
import type { AppError } from '../../domain/errors.ts'
import type { Logger } from '../../observability/logger.ts'
import { appErrorOf, type Problem, problemOf, transportProblem } from '../problem.ts'
import { REQUEST_ID_HEADER } from './request-context.ts'

/** Sends any error that a request ends in. */
export type ErrorSender = (error: unknown, request: FastifyRequest, reply: FastifyReply) => void

/** Lines about load are written once a second at most: a log that grows with the load adds to it. */
const LOAD_LOG_INTERVAL_MS = 1000

/** Makes the sender that the app's error handler and the framework's own errors share. */
export function createErrorSender(logger: Logger): ErrorSender {
  const log = createFailureLog(logger)
  return (error, request, reply) => {
    const appError = appErrorOf(error)
    const problem = problemOf(appError, request.id)
    if (problem.status >= 500) log(appError, request)
    // Bytes, because Fastify adds a charset to JSON text, which problem+json does not have (RFC 9457 §3).
    void reply
      .code(problem.status)
      .headers(problem.headers)
      .header(REQUEST_ID_HEADER, request.id)
      .send(Buffer.from(JSON.stringify(problem.body)))
  }
}

function createFailureLog(logger: Logger): (error: AppError, request: FastifyRequest) => void {
  let silentUntil = 0
  let suppressed = 0
  return (error, request) => {
    const fields = { request_id: request.id, method: request.method, route: request.routeOptions.url, code: error.code }
    if (error.code === 'internal_error') return logger.error({ ...fields, err: error.cause }, 'A request failed')
    if (error.code !== 'overloaded') return logger.warn({ ...fields, err: error.cause }, error.message)
    const now = performance.now()
    suppressed += 1
    if (now < silentUntil) return undefined
    logger.warn({ ...fields, refused: suppressed }, error.message)
    silentUntil = now + LOAD_LOG_INTERVAL_MS
    suppressed = 0
    return undefined
  }
}

/** Answers what the HTTP parser gave up on; there is no request, only a socket, which is closed. */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const pending = pendingAnswer(socket)
  if (pending === null) socket.end(rawResponse(clientProblem(error.code)))
  else pending.once('close', () => socket.destroy())
}

/**
 * The answer to an earlier request of the connection, which has arrived whole and is still being worked on. Its sender would
 * take what we write now for it: a deposit that is about to succeed must not read 400.
 */
function pendingAnswer(socket: Socket): ServerResponse | null {
  const pending: unknown = Reflect.get(socket, '_httpMessage')
  return pending instanceof ServerResponse && (pending.headersSent || pending.req.complete) ? pending : null
}

function clientProblem(code: string | undefined): Problem {
  const requestId = uuidv7()
  const failure = (status: number, detail: string) =>
    transportProblem({ status, title: STATUS_CODES[status] ?? 'Bad Request', detail }, requestId)
  if (code === 'HPE_HEADER_OVERFLOW') return failure(431, 'The headers are larger than the service accepts')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return failure(408, 'The request did not arrive in time')
  return failure(400, 'The request is not valid HTTP')
}

function rawResponse({ status, headers, body }: Problem): string {
  const content = JSON.stringify(body)
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `${REQUEST_ID_HEADER}: ${body.request_id}`,
    `content-length: ${Buffer.byteLength(content)}`,
    'connection: close',
  ]
  return `${lines.join('\r\n')}\r\n\r\n${content}`
}
