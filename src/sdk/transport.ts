// One HTTP exchange over a pool of connections (undici), and what its failure says of the request. Never repeats anything.
import { Agent } from 'undici'

export interface TransportSettings {
  /** Connections to one address; more requests wait. */
  readonly connections: number
  /** Milliseconds to connect. */
  readonly connectTimeoutMs: number
}

export interface HttpRequest {
  /** Scheme, host and port, with a path before all paths if there is one. */
  readonly address: string
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  readonly signal: AbortSignal
}

export interface HttpAnswer {
  readonly status: number
  readonly text: string
  header(name: string): string | null
}

/** No whole answer came. */
export class TransportError extends Error {
  override readonly name = 'TransportError'
  /** The request may have reached the service all the same. */
  readonly maybeReceived: boolean

  constructor(message: string, facts: { maybeReceived: boolean; cause: unknown }) {
    super(message, { cause: facts.cause })
    this.maybeReceived = facts.maybeReceived
  }
}

/** Nothing was sent: there was no connection. Everything else may have arrived. */
const NEVER_SENT = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
])
/** The request itself is malformed, such as a line break in a header: the caller's mistake, which no repetition mends. */
const MALFORMED = new Set(['UND_ERR_INVALID_ARG', 'ERR_INVALID_CHAR', 'ERR_INVALID_HTTP_TOKEN'])

/** The connections of one client. */
export class Transport {
  readonly #agent: Agent

  constructor(settings: TransportSettings) {
    const { connections, connectTimeoutMs } = settings
    // Time for the answer is the signal's to limit.
    this.#agent = new Agent({ connections, connect: { timeout: connectTimeoutMs }, headersTimeout: 0, bodyTimeout: 0 })
  }

  /** Sends a request and reads the whole answer. Throws `TransportError`; `TypeError` for what cannot be sent at all. */
  async exchange(request: HttpRequest): Promise<HttpAnswer> {
    const { address, method, path, headers, body, signal } = request
    try {
      const { origin, pathname } = new URL(address)
      // Not through a URL, which would resolve an id of two dots.
      const response = await this.#agent.request({
        origin,
        path: `${pathname.replace(/\/$/, '')}${path}`,
        method: methodOf(method),
        headers,
        body,
        signal,
      })
      const text = await response.body.text()
      const header = (name: string): string | null => {
        const value = response.headers[name]
        return Array.isArray(value) ? value.join(', ') : (value ?? null)
      }
      return { status: response.statusCode, text, header }
    } catch (error) {
      const code = codeOf(error)
      const message = error instanceof Error && error.message !== '' ? error.message : code
      if (MALFORMED.has(code)) throw new TypeError(`The request cannot be sent: ${message}`, { cause: error })
      throw new TransportError(`${address} did not answer: ${message}`, {
        maybeReceived: !NEVER_SENT.has(code),
        cause: error,
      })
    }
  }

  /** Lets what is under way finish, and closes the connections. */
  close(): Promise<void> {
    return this.#agent.close()
  }
}

function methodOf(method: string): 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT' {
  switch (method) {
    case 'POST':
    case 'PATCH':
    case 'DELETE':
    case 'PUT':
      return method
    default:
      return 'GET'
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
