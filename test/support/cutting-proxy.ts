// A proxy before the real service that cuts connections as networks do: before a request arrives, while it is being done, when
// it is done and not a byte of the answer has passed, and in the middle of the answer.
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { listenOnLoopback } from './loopback.ts'

/** What happens to a request. To `stall` is to do it and never answer; `limited` and `bad_gateway` are answers of its own. */
export type Fate = 'pass' | 'before' | 'during' | 'after' | 'middle' | 'stall' | 'limited' | 'bad_gateway'

export interface CuttingProxy {
  readonly url: string
  /** How many requests met each fate. */
  readonly met: ReadonlyMap<Fate, number>
  /** The headers of every request, in order. */
  readonly headers: readonly IncomingHttpHeaders[]
  close(): Promise<void>
}

/** Starts one; `fateOf` is asked for every request, with its number from 0. */
export async function startCuttingProxy(target: string, fateOf: (index: number) => Fate): Promise<CuttingProxy> {
  const met = new Map<Fate, number>()
  const headers: IncomingHttpHeaders[] = []
  let index = 0
  const server = createServer((incoming, outgoing) => {
    const fate = fateOf(index)
    index += 1
    headers.push(incoming.headers)
    met.set(fate, (met.get(fate) ?? 0) + 1)
    serve({ target, fate, incoming, outgoing }).catch(() => outgoing.destroy())
  })
  const port = await listenOnLoopback(server)
  return {
    url: `http://127.0.0.1:${port}`,
    met,
    headers,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

interface Exchange {
  readonly target: string
  readonly fate: Fate
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
}

async function serve({ target, fate, incoming, outgoing }: Exchange): Promise<void> {
  const body = await bytesOf(incoming)
  const cut = (): void => void outgoing.socket?.destroy()
  if (fate === 'before') return cut()
  if (fate === 'limited') {
    outgoing.writeHead(429, { 'retry-after': '1', 'content-type': 'text/plain' })
    return void outgoing.end('Slow down')
  }
  const forwarded = forward(target, incoming, body)
  // The service goes on with it, and the client asks again meanwhile.
  if (fate === 'during') cut()
  const answer = await forwarded
  if (fate === 'after' || fate === 'during') return cut()
  if (fate === 'stall') return
  if (fate === 'bad_gateway') {
    outgoing.writeHead(502, { 'content-type': 'text/html' })
    return void outgoing.end('<h1>Bad gateway</h1>')
  }
  outgoing.writeHead(answer.status, answer.headers)
  if (fate === 'pass') return void outgoing.end(answer.body)
  outgoing.write(answer.body.subarray(0, answer.body.length / 2), cut)
}

async function forward(
  target: string,
  incoming: IncomingMessage,
  body: Buffer,
): Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }> {
  const { method, url = '/', headers } = incoming
  const outbound = request(`${target}${url}`, { method, headers: { ...headers, connection: 'close' } })
  outbound.end(body)
  const [answer] = await once(outbound, 'response')
  const text = await bytesOf(answer)
  const { connection: _connection, 'keep-alive': _keepAlive, ...kept } = answer.headers
  return { status: answer.statusCode, headers: kept, body: text }
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  return Buffer.concat(await message.toArray())
}
