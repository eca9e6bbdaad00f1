// The account or the organization service as a peer may meet it: real HTTP on a port of the system's choosing, well-behaved
// until it is told otherwise.
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'

/** In what every body of a misbehaving peer contains, to find it where it must not be. */
export const PEER_INTERNALS = 'internals-of-a-peer'

interface StubMember {
  readonly user_id: string
  readonly status: string
}

type Answering = (request: IncomingMessage, response: ServerResponse) => void

const json =
  (status: number, body: unknown): Answering =>
  (_, response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

const text =
  (status: number, type: string, body: string): Answering =>
  (_, response) =>
    void response.writeHead(status, { 'content-type': type }).end(body)

const DRIP_MS = 20
const MEGABYTE = ' '.repeat(1024 * 1024)

/** What a peer may do instead of answering. */
export const MISBEHAVIOURS = {
  'status 500': json(500, { detail: PEER_INTERNALS }),
  'status 429': json(429, { detail: PEER_INTERNALS }),
  HTML: text(200, 'text/html', `<html>${PEER_INTERNALS}</html>`),
  'garbage for JSON': text(200, 'application/json', `{"user_id": "${PEER_INTERNALS}`),
  'another shape': json(200, { user_id: 7, is_active: 'yes', members: PEER_INTERNALS, organization_id: 7 }),
  'nothing for JSON': text(200, 'application/json', ''),
  'status 204': (_, response) => void response.writeHead(204).end(),
  'ten megabytes': (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).write('{')
    for (let megabyte = 0; megabyte < 10; megabyte += 1) response.write(MEGABYTE)
    response.end('}')
  },
  'a redirect': (_, response) => void response.writeHead(302, { location: '/elsewhere' }).end(),
  'a hang-up': (request) => void request.socket.destroy(),
  'half an answer': (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' }).write('{"user_id":')
    setTimeout(() => request.socket.destroy(), DRIP_MS)
  },
  'no HTTP at all': (request) => void request.socket.end('220 smtp.example ready\r\n'),
  silence: () => undefined,
  'a slow drip': (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const drip = setInterval(() => response.write(' '), DRIP_MS)
    request.socket.once('close', () => clearInterval(drip))
  },
} as const satisfies Readonly<Record<string, Answering>>

export type Misbehaviour = keyof typeof MISBEHAVIOURS

/** A running stub. Ids that begin with `unknown-`, `inactive-`, `renamed-`, `closed-`, `garbled-` are what they say. */
export interface PeerStub {
  readonly url: string
  /** What was asked so far, oldest first. */
  readonly calls: readonly { readonly path: string; readonly headers: IncomingHttpHeaders }[]
  /** Members of every organization. */
  members: readonly StubMember[]
  /** Instead of the page that the members make. */
  page: ((limit: number, offset: number) => unknown) | null
  /** What it does to every question, unless something stands in `next`; `null`: it answers. */
  behaviour: Misbehaviour | null
  /** What it does to the next questions. */
  readonly next: Misbehaviour[]
  /** As it was when it started. */
  reset(): void
  close(): Promise<void>
}

const ACCOUNT = /^\/api\/v1\/accounts\/profile\/([^/?]+)$/
const ORGANIZATION = /^\/api\/v1\/organizations\/([^/?]+)$/
const MEMBERS = /^\/api\/v1\/organizations\/[^/?]+\/members\?limit=(\d+)&offset=(\d+)$/
const MAX_LIMIT = 1000

/** Starts a stub that is both services. */
export async function startPeerStub(): Promise<PeerStub> {
  const calls: { path: string; headers: IncomingHttpHeaders }[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    calls.push({ path, headers: request.headers })
    const behaviour = stub.next.shift() ?? stub.behaviour
    const answering = behaviour === null ? answerOf(stub, path) : MISBEHAVIOURS[behaviour]
    answering(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const stub: PeerStub = {
    url: `http://127.0.0.1:${port}`,
    calls,
    members: [],
    page: null,
    behaviour: null,
    next: [],
    reset: () => {
      Object.assign(stub, { members: [], page: null, behaviour: null })
      calls.length = 0
      stub.next.length = 0
    },
    close: async () => {
      if (!server.listening) return
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return stub
}

function answerOf(stub: PeerStub, path: string): Answering {
  const [, userId] = ACCOUNT.exec(path) ?? []
  const [, organizationId] = ORGANIZATION.exec(path) ?? []
  const [, limit, offset] = MEMBERS.exec(path) ?? []
  if (userId !== undefined) return profile(decodeURIComponent(userId))
  if (organizationId !== undefined) return organization(decodeURIComponent(organizationId))
  if (limit !== undefined && offset !== undefined && Number(limit) <= MAX_LIMIT) {
    return json(200, (stub.page ?? pageOf(stub.members))(Number(limit), Number(offset)))
  }
  return json(400, { detail: PEER_INTERNALS })
}

function profile(userId: string): Answering {
  if (userId.startsWith('unknown-')) return json(404, { detail: PEER_INTERNALS })
  if (userId.startsWith('garbled-')) return MISBEHAVIOURS.HTML
  return json(200, {
    user_id: userId.startsWith('renamed-') ? 'somebody-else' : userId,
    email: 'user@example.com',
    name: 'A User',
    subscription_status: 'pro',
    is_active: !userId.startsWith('inactive-'),
  })
}

function organization(organizationId: string): Answering {
  if (organizationId.startsWith('unknown-')) return json(404, { detail: PEER_INTERNALS })
  if (organizationId.startsWith('closed-')) return json(403, { detail: PEER_INTERNALS })
  return json(200, { organization_id: organizationId, name: 'An Organization' })
}

function pageOf(members: readonly StubMember[]) {
  return (limit: number, offset: number): object => ({
    members: members.slice(offset, offset + limit).map((member) => ({ ...member, role: 'member' })),
    total: members.length,
    limit,
    offset,
  })
}
