// What must never be in a log is not in it, wherever it came in: canaries in headers, queries, settings, messages and the
// causes of errors, at every level.
import { describe, expect, test } from 'vitest'
import { parseConfig, publicConfig } from '../../src/config.ts'
import { createLogger } from '../../src/observability/logger.ts'
import { newApiKey } from '../../src/services/api-keys.ts'

const CANARY = 'canary-5f1c'
/** What a caller may send, and more than is ever written of a text. */
const LONG = 64 * 1024
const SHORT = 8192 + 100
const SERVICE_KEY = `wallet_${CANARY.padEnd(43, '_')}`
const ACCESS_TOKEN = `eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIx${CANARY}.${CANARY}`

/** What a piece of work writes to the log, line by line. */
function linesOf(work: (logger: ReturnType<typeof createLogger>) => void): string[] {
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  work(createLogger({ level: 'trace', version: '0.1.0', destination }))
  return lines
}

const caused = (message: string, more: object = {}): Error =>
  new Error('The outer one', { cause: new Error('In between', { cause: Object.assign(new Error(message), more) }) })

describe('a secret is in no line', () => {
  test.each<[string, Record<string, unknown>]>([
    ['authorization', { headers: { authorization: `Bearer ${CANARY}` } }],
    ['Authorization', { headers: { Authorization: CANARY } }],
    ['an API key', { request: { headers: { 'x-api-key': CANARY } } }],
    ['a cookie', { headers: { cookie: `a=${CANARY}`, 'set-cookie': [CANARY] } }],
    ['the secret between services', { options: { headers: { 'X-Internal-Service-Secret': CANARY } } }],
    ['a Consul token', { headers: { 'X-Consul-Token': CANARY } }],
    ['at the top', { password: CANARY, token: CANARY, secret: CANARY, jwt: CANARY, api_key: CANARY }],
    ['deep down', { a: { b: { c: { d: [{ client_secret: CANARY }] } } } }],
    ['in a map', { headers: new Map([['authorization', CANARY]]) }],
    ['a number', { token: { value: CANARY } }],
    ['a database address', { address: `postgres://wallet:${CANARY}@db:5432/wallet` }],
    ['a database address with a torn password', { address: `postgres://wallet:a/${CANARY}@b@db:5432/wallet` }],
    ['a Redis address', { address: `rediss://:${CANARY}@cache:6379` }],
    ['a query', { url: `/api/v1/wallets?access_token=${CANARY}&limit=1` }],
    ['a connection string', { text: `host=db password=${CANARY} user=wallet` }],
    ['a header in a text', { text: `authorization: ${CANARY}` }],
    ['JSON in a text', { text: JSON.stringify({ password: CANARY }) }],
    ['credentials in a text', { text: `sent Basic ${CANARY}== to it` }],
    ['a service key in a text', { text: `there is no ${SERVICE_KEY}, or is there` }],
    ['an encoded service key', { text: `/x?y=Bearer%20${SERVICE_KEY}` }],
    ['an access token in a text', { text: `${ACCESS_TOKEN} is not valid` }],
    ['an encoded access token', { text: `/x?y=Bearer%20${ACCESS_TOKEN}` }],
    ['an encrypted token', { text: `(eyJhbGciOiJkaXIifQ..${CANARY}.${CANARY}.${CANARY})` }],
    ['an error', { err: new Error(`connect to postgres://u:${CANARY}@db/wallet failed`) }],
    ['a cause of a cause', { err: caused(`postgres://u:${CANARY}@db/wallet`) }],
    ['a property of a cause', { err: caused('no', { config: { headers: { authorization: CANARY } } }) }],
    ['one of many errors', { err: new AggregateError([new Error(`token=${CANARY}`)], 'all failed') }],
    ['an error in a list', { errors: [caused(`password=${CANARY}`)] }],
  ])('%s', (_, fields) => {
    const lines = linesOf((logger) => {
      logger.trace(fields, 'a line')
      logger.debug(fields)
      logger.fatal({ nested: fields }, 'one level down')
    })
    expect(lines).toHaveLength(3)
    expect(lines.join('')).not.toContain(CANARY)
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ service: 'wallet_service' })
  })

  test('a message', () => {
    const address = `postgres://wallet:${CANARY}@db:5432/wallet`
    const lines = linesOf((logger) => {
      logger.info(`using ${address}`)
      logger.info({ fine: 1 }, `using ${address}`)
      logger.error(new Error(`cannot reach ${address}`))
      logger.error({ err: new Error(`cannot reach ${address}`) })
    })
    expect(lines).toHaveLength(4)
    expect(lines.join('')).not.toContain(CANARY)
    expect(lines.join('').match(/postgres:\/\/wallet:\*\*\*@db:5432\/wallet/g)?.length).toBeGreaterThanOrEqual(4)
  })

  test('a service key as it is made', () => {
    const keys = Array.from({ length: 100 }, newApiKey)
    const lines = linesOf((logger) => logger.info({ text: `known are ${keys.join(', ')}` }, 'a line'))
    expect(keys.filter((key) => lines.join('').includes(key.slice('wallet_'.length)))).toEqual([])
  })

  test.each([
    ['words', 'a word, '],
    ['one word', 'a'],
    ['beginnings of names', 'a-'],
    ['names', 'token-'],
    ['addresses', '://:'],
    ['schemes', 'a:'],
    ['beginnings of tokens', 'eyJ'],
    ['beginnings of keys', 'wallet_'],
    ['JSON', '{"a":"b"},'],
  ])('behind the end of a long text: %s', (_, repeated) => {
    const long = repeated.repeat(LONG / repeated.length)
    const text = `${long} postgres://wallet:${CANARY}@db`
    const said = linesOf((logger) => logger.info({ text, list: [text], err: new Error(text) }, text)).join('')
    expect(said).not.toContain(CANARY)
    const { text: written, msg } = JSON.parse(said)
    expect(msg).toBe(written)
    expect(written.length).toBeLessThan(SHORT)
    expect(written).toMatch(/\[\d+ more characters\]$/)
  })

  test.each([
    ['an address', `postgres://wallet:${CANARY}`, '@db'],
    ['a name and its value', `{"password":"${CANARY}`, '"}'],
    ['a token', ACCESS_TOKEN, ''],
    ['a service key', SERVICE_KEY, ''],
    ['credentials', `Bearer ${CANARY}`, ''],
  ])('across the end of a long text, wherever in it that is: %s', (_, secret, rest) => {
    for (let before = 0; before <= secret.length; before += 1) {
      const text = `${'a word, '.repeat(SHORT).slice(0, 8192 - 1 - before)} ${secret}${rest}`
      const [line = ''] = linesOf((logger) => logger.info({ text }, 'a line'))
      expect(line).not.toContain(CANARY.slice(0, -1))
    }
  })

  test('the settings', () => {
    const config = parseConfig({
      DATABASE_URL: `postgres://wallet:${CANARY}@db:5432/wallet`,
      CONSUL_HTTP_ADDR: `http://user:${CANARY}@consul:8500`,
      CONSUL_HTTP_TOKEN: CANARY,
      ACCOUNT_SERVICE_URL: `http://user:${CANARY}@accounts:8202`,
      INTERNAL_SERVICE_SECRET: CANARY,
      REDIS_URL: `redis://:${CANARY}@cache:6379`,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://user:${CANARY}@collector:4318`,
    })
    const [said = '', whole = ''] = linesOf((logger) => {
      logger.info({ config: publicConfig(config) }, 'starting')
      // Nobody should; it is no disaster.
      logger.info({ config }, 'starting')
    })
    expect(said + whole).not.toContain(CANARY)
    expect(JSON.parse(said)).toMatchObject({ config: { peers: { internalSecret: 'set' }, consul: { token: 'set' } } })
  })
})

describe('what is no secret stays', () => {
  test('fields, times, errors with their codes, stacks and causes', () => {
    const cause = Object.assign(new Error('the cause'), { code: '55P03', severity: 'ERROR' })
    const [line = ''] = linesOf((logger) =>
      logger.warn(
        { request_id: 'r-1234567', status: 503, amount: 5n, at: new Date(0), err: new TypeError('no', { cause }) },
        'x',
      ),
    )
    expect(JSON.parse(line)).toMatchObject({
      level: 'warn',
      service: 'wallet_service',
      version: '0.1.0',
      msg: 'x',
      request_id: 'r-1234567',
      status: 503,
      amount: '5',
      at: '1970-01-01T00:00:00.000Z',
      err: {
        type: 'TypeError',
        message: 'no',
        stack: expect.stringContaining('logger.test.ts'),
        cause: { message: 'the cause', code: '55P03', severity: 'ERROR' },
      },
    })
  })

  test('an address without a password, and words that only look alike', () => {
    const text = `http://db:5432/wallet; the token has expired; basic facts; 12 tokens; wallet_id; eyJust. a. word`
    const [line = ''] = linesOf((logger) => logger.info({ text, tokens: 3 }, text))
    expect(JSON.parse(line)).toMatchObject({ text, msg: text, tokens: 3 })
  })

  test('a line is written of what refers to itself, or goes too deep', () => {
    const self: Record<string, unknown> = { name: 'self' }
    self['self'] = self
    const error = new Error('around')
    error.cause = error
    let deep: Record<string, unknown> = {}
    for (let level = 0; level < 50; level += 1) deep = { deep }
    expect(linesOf((logger) => logger.info({ self, deep, err: error }, 'x'))[0]).toContain('[circular]')
  })
})
