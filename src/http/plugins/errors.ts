// Sends errors: of handlers, of the framework, and of the HTTP parser itself, which has only a socket. Logs those that are
// ours to mend, under the request id that the caller was given.
import { ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { uuidv7 } from 'uuidv7'
import type { AppError, ErrorCode } from '../../domain/errors.ts'
import type { Logger } from '../../observability/logger.ts'
import { ThrottledLine } from '../../observability/throttled-line.ts'
import { appErrorOf, type Problem, problemOf, transportProblem } from '../problem.ts'
import { REQUEST_ID_HEADER } from './request-context.ts'

/** Sends any error that a request ends in. */
export type ErrorSender = (error: unknown, request: FastifyRequest, reply: FastifyReply) => void

/** What every request may meet while there is too much load, or something that we need is out of reach. */
const REPEATED: readonly ErrorCode[] = ['overloaded', 'peer_unavailable', 'database_unavailable', 'wallet_busy']

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
  const repeated = new Map(REPEATED.map((code) => [code, new ThrottledLine()]))
  return (error, request) => {
    const fields = {
      request_id: request.id,
      ...(request.trace && { trace_id: request.trace.traceId }),
      method: request.method,
      route: request.routeOptions.url,
      code: error.code,
    }
    const line = repeated.get(error.code)
    if (line) line.count((refused) => logger.warn({ ...fields, refused, err: error.cause }, error.message))
    else if (error.code === 'internal_error') logger.error({ ...fields, err: error.cause }, 'A request failed')
    else logger.warn({ ...fields, err: error.cause }, error.message)
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
