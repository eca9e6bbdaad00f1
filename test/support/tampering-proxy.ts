// A proxy in front of a service that changes some of its answers: what checks a service must find them. It speaks real HTTP.
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { listenOnLoopback } from './loopback.ts'

/** An answer on its way to the caller. */
export interface PassingAnswer {
  status: number
  headers: Record<string, string>
  text: string
}

/** A request on its way to the service. */
export interface PassingRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** Changes an answer in place, or gives one itself instead of asking the service. */
export type Tampering = {
  readonly answerInstead?: (request: PassingRequest) => PassingAnswer | null
  readonly change?: (request: PassingRequest, answer: PassingAnswer) => void
}

export interface TamperingProxy {
  readonly url: string
  /** What was asked so far. */
  readonly requests: readonly PassingRequest[]
  close(): Promise<void>
}

/** Starts one in front of the service at `target`, on a port of the system's choosing. */
export async function startTamperingProxy(target: string, tampering: Tampering = {}): Promise<TamperingProxy> {
  const requests: PassingRequest[] = []
  const server = createServer((incoming, outgoing) => {
    const pass = async (): Promise<void> => {
      const request = await requestOf(incoming)
      requests.push(request)
      const answer = tampering.answerInstead?.(request) ?? (await forward(target, request))
      tampering.change?.(request, answer)
      outgoing.writeHead(answer.status, answer.headers).end(answer.text)
    }
    pass().catch((error: unknown) => outgoing.destroy(error instanceof Error ? error : new Error(String(error))))
  })
  const port = await listenOnLoopback(server)
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function requestOf(incoming: IncomingMessage): Promise<PassingRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const { method = 'GET', url: path = '/', headers } = incoming
  return { method, path, headers, body: Buffer.concat(chunks).toString('utf8') }
}

/** Headers that belong to one connection; the body arrives here whole and unpacked. */
const OF_THE_CONNECTION = new Set([
  'host',
  'connection',
  'keep-alive',
  'content-length',
  'content-encoding',
  'transfer-encoding',
])

async function forward(target: string, { method, path, headers, body }: PassingRequest): Promise<PassingAnswer> {
  const response = await fetch(`${target}${path}`, {
    method,
    headers: ofTheMessage(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    ...(body !== '' && { body }),
  })
  return { status: response.status, headers: ofTheMessage([...response.headers]), text: await response.text() }
}

function ofTheMessage(headers: readonly (readonly [string, string])[]): Record<string, string> {
  return Object.fromEntries(headers.filter(([name]) => !OF_THE_CONNECTION.has(name)))
}
