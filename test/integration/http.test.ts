// The HTTP layer over a real listener and a real database: what fetch can send, and over raw sockets what it cannot.
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config.ts'
import { type Container, createContainer } from '../../src/container.ts'
import { ERRORS } from '../../src/domain/errors.ts'
import { createLogger } from '../../src/observability/logger.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/
const WALLET = '01970c9e-9f4b-7cc0-8a3e-5b1f6c2d7e80'
const logged: string[] = []

let database: TestDatabase
let container: Container
let port = 0

beforeAll(async () => {
  database = await createTestDatabase()
  const destination = { write: (line: string) => void logged.push(line) }
  container = await createContainer({
    config: parseConfig({ CONSUL_ENABLED: 'off', VALIDATE_USERS: 'off' }),
    databaseUrl: database.url,
    logger: createLogger({ level: 'info', version: '0.0.0-test', destination }),
    version: '0.0.0-test',
  })
  container.app.get('/bug', { config: { scope: 'public' } }, async () => {
    throw new Error('SELECT secret FROM wallets', { cause: new Error('password=hunter2') })
  })
  await container.start()
  await container.app.listen({ host: '127.0.0.1', port: 0 })
  const address = container.app.server.address()
  port = typeof address === 'object' && address !== null ? address.port : 0
})

afterAll(async () => {
  await container.stop()
  await database.drop()
})

/** What holds for every answer there is. */
function checked(answer: Answer): Answer {
  expect(answer.headers['x-request-id']).toMatch(/^[A-Za-z0-9._-]{8,64}$/)
  if (answer.headers['content-type'] !== 'application/problem+json' || answer.text === '') return answer
  expect(answer.body['request_id']).toBe(answer.headers['x-request-id'])
  expect(answer.body['message']).toBe(answer.body['detail'])
  return answer
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly body: Record<string, unknown>
}

async function call(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, ...init })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true && text !== ''
  const headers = Object.fromEntries(response.headers)
  return checked({ status: response.status, headers, text, body: isJson ? JSON.parse(text) : {} })
}

function send(path: string, body: string | Uint8Array<ArrayBuffer>, contentType = 'application/json'): Promise<Answer> {
  return call('POST', path, { body, headers: { 'content-type': contentType } })
}

/** Writes bytes as they are and reads until the server closes. */
async function raw(request: string): Promise<Answer> {
  const socket = connect(port, '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => undefined)
  socket.write(request)
  await once(socket, 'close')
  const [head = '', text = ''] = Buffer.concat(chunks).toString('utf8').split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [line.split(':', 1)[0]?.toLowerCase(), line.replace(/^[^:]*: ?/, '')]),
  )
  const status = Number(statusLine.split(' ')[1])
  return checked({ status, headers, text, body: text.startsWith('{') ? JSON.parse(text) : {} })
}

function rawGet(target: string, ...headers: string[]): Promise<Answer> {
  return raw([`GET ${target} HTTP/1.1`, 'Host: x', 'Connection: close', ...headers, '', ''].join('\r\n'))
}

/** Every error has this shape, whatever it is about; that its request id is the header's is checked with every answer. */
function problem(code: keyof typeof ERRORS) {
  const { status, title, retryable } = ERRORS[code]
  const type = `urn:wallet-service:error:${code}`
  return {
    status,
    headers: { 'content-type': 'application/problem+json' },
    body: { type, title, status, code, success: false, retryable },
  }
}

const deposit = `/api/v1/wallets/${WALLET}/deposit`

describe('bodies', () => {
  test.each`
    body                         | code                   | why
    ${'{"amount":'}              | ${'malformed_json'}    | ${'cut off'}
    ${'{"amount":1,}'}           | ${'malformed_json'}    | ${'a comma too many'}
    ${'{"amount":01}'}           | ${'malformed_json'}    | ${'a leading zero'}
    ${'{"__proto__":{}}'}        | ${'malformed_json'}    | ${'__proto__'}
    ${'['.repeat(100_000)}       | ${'malformed_json'}    | ${'absurd nesting'}
    ${''}                        | ${'validation_failed'} | ${'no body'}
    ${'null'}                    | ${'validation_failed'} | ${'null'}
    ${'[]'}                      | ${'validation_failed'} | ${'a list'}
    ${'1'}                       | ${'validation_failed'} | ${'a number'}
    ${'12345678901234567890123'} | ${'validation_failed'} | ${'a number beyond a double'}
    ${'"amount"'}                | ${'validation_failed'} | ${'a string'}
    ${'{}'}                      | ${'validation_failed'} | ${'nothing in it'}
    ${'{"amount":"1"}'}          | ${'wallet_not_found'}  | ${'good'}
    ${'\ufeff{"amount":"1"}'}    | ${'wallet_not_found'}  | ${'good, after a byte order mark'}
  `('$why: $code', async ({ body, code }) => {
    expect(await send(deposit, body)).toMatchObject(problem(code))
  })

  test('bytes that are no UTF-8 are malformed', async () => {
    expect(await send(deposit, new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toMatchObject(
      problem('malformed_json'),
    )
  })

  test.each`
    contentType                            | code
    ${'application/json; charset=utf-8'}   | ${'wallet_not_found'}
    ${'Application/JSON;charset=UTF-8'}    | ${'wallet_not_found'}
    ${'application/vnd.wallet+json'}       | ${'wallet_not_found'}
    ${'text/plain'}                        | ${'unsupported_media_type'}
    ${'application/xml'}                   | ${'unsupported_media_type'}
    ${'application/jsonp'}                 | ${'unsupported_media_type'}
    ${'application/x-www-form-urlencoded'} | ${'unsupported_media_type'}
    ${'nonsense'}                          | ${'unsupported_media_type'}
  `('as $contentType: $code', async ({ contentType, code }) => {
    expect(await send(deposit, '{"amount":1}', contentType)).toMatchObject(problem(code))
  })

  test('a body of no type is refused; no body of no type is only missing', async () => {
    const post = (length: number, body: string) =>
      raw(`POST ${deposit} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n${body}`)
    expect(await post(12, '{"amount":1}')).toMatchObject(problem('unsupported_media_type'))
    expect(await post(0, '')).toMatchObject(problem('validation_failed'))
  })

  test('2 MB are too large, announced or not', async () => {
    const body = JSON.stringify({ amount: 1, description: 'x'.repeat(2_000_000) })
    expect(await send(deposit, body)).toMatchObject(problem('body_too_large'))
    const stream = new Response(body).body
    const unannounced = { body: stream, duplex: 'half' as const, headers: { 'content-type': 'application/json' } }
    expect(await call('POST', deposit, unannounced)).toMatchObject(problem('body_too_large'))
  })

  test('GET and DELETE with a body do not fail by it', async () => {
    const withBody = (method: string) =>
      raw(
        `${method} /api/v1/wallets/${WALLET} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}`,
      )
    expect(await withBody('GET')).toMatchObject(problem('wallet_not_found'))
    expect(await withBody('DELETE')).toMatchObject(problem('wallet_not_found'))
  })
})

describe('validation', () => {
  test('reports path, query, headers and body together', async () => {
    const body = JSON.stringify({ amount: true, description: 5 })
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'a b' }
    const answer = await call('POST', '/api/v1/wallets/nope/deposit', { body, headers })
    expect(answer).toMatchObject(problem('validation_failed'))
    expect(answer.body['errors']).toMatchObject([
      { loc: ['path', 'wallet_id'], type: 'invalid_uuid' },
      { loc: ['header', 'idempotency-key'], type: 'invalid_idempotency_key' },
      { loc: ['body', 'amount'], type: 'not_a_decimal' },
      { loc: ['body', 'description'], type: 'invalid_type' },
    ])
  })

  test('a header that comes twice is refused', async () => {
    const body = '{"amount":"1"}'
    const answer = await raw(
      `POST ${deposit} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nIdempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    expect(answer).toMatchObject(problem('validation_failed'))
    expect(answer.body['errors']).toMatchObject([{ loc: ['header', 'idempotency-key'] }])
  })

  test('a parameter that comes twice is refused', async () => {
    const answer = await call('GET', `/api/v1/wallets/${WALLET}/transactions?limit=1&limit=2`)
    expect(answer).toMatchObject(problem('validation_failed'))
    expect(answer.body['errors']).toEqual([
      { loc: ['query', 'limit'], type: 'repeated', msg: 'Must be given only once' },
    ])
  })

  test('user ids of 255 characters of any kind reach the service; of 256 they are refused', async () => {
    const path = (length: number) => `/api/v1/users/${encodeURIComponent('🦊'.repeat(length))}/wallets`
    expect((await call('GET', path(255))).body).toEqual({ wallets: [], count: 0 })
    expect(await call('GET', path(256))).toMatchObject(problem('validation_failed'))
    expect((await call('GET', `/api/v1/users/${encodeURIComponent('a/b?c%')}/wallets`)).status).toBe(200)
  })
})

describe('paths and methods', () => {
  test.each`
    method        | path                                   | allow
    ${'PUT'}      | ${'/api/v1/wallets'}                   | ${'POST'}
    ${'GET'}      | ${'/api/v1/wallets'}                   | ${'POST'}
    ${'POST'}     | ${`/api/v1/wallets/${WALLET}`}         | ${'DELETE, GET, HEAD, PATCH'}
    ${'PUT'}      | ${'/api/v1/wallets/whatever/'}         | ${'DELETE, GET, HEAD, PATCH'}
    ${'DELETE'}   | ${deposit}                             | ${'POST'}
    ${'OPTIONS'}  | ${deposit}                             | ${'POST'}
    ${'HEAD'}     | ${deposit}                             | ${'POST'}
    ${'DELETE'}   | ${`/api/v1/wallets/${WALLET}/holds`}   | ${'GET, HEAD, POST'}
    ${'DELETE'}   | ${`/api/v1/holds/${WALLET}`}           | ${'GET, HEAD'}
    ${'GET'}      | ${`/api/v1/holds/${WALLET}/capture`}   | ${'POST'}
    ${'PUT'}      | ${`/api/v1/wallets/${WALLET}/explain`} | ${'GET, HEAD'}
    ${'PROPFIND'} | ${deposit}                             | ${'POST'}
    ${'POST'}     | ${'/health/'}                          | ${'GET, HEAD'}
    ${'POST'}     | ${'/'}                                 | ${'GET, HEAD'}
    ${'POST'}     | ${'/openapi.yaml?x=1'}                 | ${'GET, HEAD'}
  `('$method $path is 405 with Allow: $allow', async ({ method, path, allow }) => {
    const answer = await call(method, path)
    // The answer to HEAD has no body.
    const { body, ...head } = problem('method_not_allowed')
    expect(answer).toMatchObject(method === 'HEAD' ? head : { ...head, body })
    expect(answer.headers['allow']).toBe(allow)
  })

  test('the body of a wrong method or path is not even looked at', async () => {
    const broken = { body: '{', headers: { 'content-type': 'text/plain' } }
    expect(await call('PUT', deposit, broken)).toMatchObject(problem('method_not_allowed'))
    expect(await call('POST', '/nothing/here', broken)).toMatchObject(problem('route_not_found'))
  })

  test.each(['/nope', '/api/v1', '/API/V1/wallets', `/api/v1/wallets/${WALLET}/x/y`, '/api/v1/users//wallets/x'])(
    '%s is 404',
    async (path) => expect(await call('GET', path)).toMatchObject(problem('route_not_found')),
  )

  test.each(['/%zz', '/api/v1/wallets/%zz', '/api/v1/wallets/%E0%A4%A', '/%ff'])(
    '%s is 404, not 500',
    async (target) => {
      expect(await rawGet(target)).toMatchObject(problem('route_not_found'))
    },
  )

  test.each(['/health/', '/health', '/?x=1', '/health/live/', '/health/ready'])('%s answers', async (path) => {
    expect((await call('GET', path)).status).toBe(200)
  })

  test('HEAD has the headers of GET and no body', async () => {
    const [head, get] = [await call('HEAD', '/health/live'), await call('GET', '/health/live')]
    expect(head.text).toBe('')
    expect(head.status).toBe(200)
    expect(head.headers['content-length']).toBe(get.headers['content-length'])
  })
})

describe('request ids', () => {
  test.each(['abcdefgh', 'A.b_c-1234', 'x'.repeat(64)])('%s is kept', async (id) => {
    const headers = { 'x-request-id': id }
    expect((await call('GET', '/health/live', { headers })).headers['x-request-id']).toBe(id)
    expect((await call('GET', '/nope', { headers })).body['request_id']).toBe(id)
    expect((await rawGet('/%zz', `X-Request-Id: ${id}`)).headers['x-request-id']).toBe(id)
  })

  test.each(['short', 'x'.repeat(65), 'with space', 'ünïcödé-id', '<script>alert</script>', ''])(
    '%s is replaced',
    async (id) => {
      const answer = await rawGet('/health/live', `X-Request-Id: ${id}`)
      expect(answer.headers['x-request-id']).toMatch(UUID)
    },
  )

  test('two of them are replaced', async () => {
    const answer = await rawGet('/health/live', 'X-Request-Id: abcdefgh', 'X-Request-Id: abcdefgi')
    expect(answer.headers['x-request-id']).toMatch(UUID)
  })
})

describe('what is not HTTP', () => {
  test.each`
    what                   | request                                                                                    | status
    ${'no HTTP at all'}    | ${'hello\r\n\r\n'}                                                                         | ${400}
    ${'an unknown method'} | ${'FETCH / HTTP/1.1\r\nHost: x\r\n\r\n'}                                                   | ${400}
    ${'a broken header'}   | ${'GET / HTTP/1.1\r\nHost x\r\n\r\n'}                                                      | ${400}
    ${'two lengths'}       | ${'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'} | ${400}
    ${'headers of 64 KiB'} | ${`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(65_536)}\r\n\r\n`}                    | ${431}
    ${'a path of 64 KiB'}  | ${`GET /${'x'.repeat(65_536)} HTTP/1.1\r\nHost: x\r\n\r\n`}                                | ${431}
  `('$what is $status, as a problem', async ({ request, status }) => {
    const answer = await raw(request)
    expect(answer.status).toBe(status)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(answer.headers['x-request-id']).toMatch(UUID)
    expect(answer.body).toMatchObject({
      type: 'about:blank',
      status,
      success: false,
      request_id: answer.headers['x-request-id'],
    })
  })

  test('what follows a good request on the same connection does not spoil its answer', async () => {
    const answer = await raw('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n\0\0garbage\r\n\r\n')
    expect(answer).toMatchObject({ status: 200, body: { status: 'alive' } })
  })
})

test('a bug says nothing to the caller and everything to the log, under one id', async () => {
  const answer = await call('GET', '/bug', { headers: { 'x-request-id': 'bug-hunt-1' } })
  expect(answer).toMatchObject(problem('internal_error'))
  expect(answer.text).not.toMatch(/SELECT|hunter2|Error:|\.ts/)
  const line = logged.find((entry) => entry.includes('bug-hunt-1'))
  expect(JSON.parse(line ?? '{}')).toMatchObject({ level: 'error', request_id: 'bug-hunt-1', route: '/bug' })
  expect(line).toContain('SELECT secret FROM wallets')
})

test('at level info only failures of ours are logged', () => {
  expect(logged.map((line) => JSON.parse(line).level)).toEqual(['error'])
})

describe('health and figures', () => {
  test('/ and /health are what callers know', async () => {
    for (const path of ['/', '/health']) {
      expect((await call('GET', path)).body).toEqual({
        status: 'healthy',
        service: 'wallet_service',
        port,
        version: '0.0.0-test',
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      })
    }
  })

  test('the figures count what is there', async () => {
    const { body } = await call('GET', '/api/v1/wallet/stats')
    expect(body).toMatchObject({
      service: 'wallet_service',
      version: '0.0.0-test',
      status: 'operational',
      capabilities: { wallet_management: true, transaction_management: true, blockchain_ready: true },
      wallets: 0,
      transactions: 0,
    })
  })

  test('the specification is served in both forms, and names every code', async () => {
    expect((await call('GET', '/openapi.json')).body).toMatchObject({ openapi: '3.1.0' })
    const yaml = await call('GET', '/openapi.yaml')
    for (const code of Object.keys(ERRORS)) expect(yaml.text).toContain(`    ${code}:`)
    expect((await call('GET', '/docs')).status).toBe(200)
  })
})

test('without its database the service is unhealthy but alive', async () => {
  const config = parseConfig({ VALIDATE_USERS: 'off' })
  const logger = createLogger({ level: 'silent', version: '0' })
  const away = await createContainer({ config, databaseUrl: 'postgres://127.0.0.1:1/none', logger, version: '0' })
  try {
    const get = async (url: string) => (await away.app.inject({ method: 'GET', url })).statusCode
    expect(await get('/health')).toBe(503)
    expect(await get('/health/ready')).toBe(503)
    expect(await get('/health/live')).toBe(200)
    expect(await get(`/api/v1/wallets/${WALLET}`)).toBe(503)
    expect(await get('/api/v1/wallet/stats')).toBe(503)
  } finally {
    await away.stop()
  }
})

test('a service that stops is not ready', async () => {
  const config = parseConfig({ VALIDATE_USERS: 'off' })
  const logger = createLogger({ level: 'silent', version: '0' })
  const leaving = await createContainer({ config, databaseUrl: database.url, logger, version: '0' })
  const ready = async () => {
    const answer = await leaving.app.inject({ method: 'GET', url: '/health/ready' })
    return { status: answer.statusCode, body: answer.json() }
  }
  expect(await ready()).toMatchObject({ status: 200, body: { status: 'ready', draining: false } })
  await leaving.phases[0]?.run()
  expect(await ready()).toMatchObject({ status: 503, body: { status: 'not_ready', draining: true } })
  await leaving.stop()
})

test('the bound of a request is one for its headers and its body: of two that differ Node takes the longer', () => {
  const { headersTimeout, requestTimeout } = container.app.server
  expect([headersTimeout, requestTimeout]).toEqual([10_000, 10_000])
})
