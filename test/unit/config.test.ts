// The environment: defaults, every fault at once, and no password anywhere.
import { describe, expect, test } from 'vitest'
import { ConfigError, describeVariables, parseConfig, publicConfig } from '../../src/config.ts'
import { VARIABLES } from '../../src/environment.ts'

const DEFAULTS = {
  nodeEnv: 'development',
  host: '0.0.0.0',
  port: 8208,
  databaseUrl: null,
  workers: 1,
  databasePoolMax: 10,
  dataDir: './data',
  logLevel: 'info',
  startedByNpm: false,
  demoData: true,
  posting: { lanes: 2, queueMax: 10_000, flushMax: 512 },
  holdExpiryIntervalMs: 1000,
  ledgerAuditIntervalMs: 300_000,
  serviceHost: '127.0.0.1',
  consul: {
    enabled: 'auto',
    url: 'http://127.0.0.1:8500',
    token: null,
    syncIntervalMs: 20_000,
    checkIntervalMs: 10_000,
  },
  peers: {
    accountServiceUrl: 'http://localhost:8202',
    organizationServiceUrl: 'http://localhost:8210',
    validateUsers: 'best-effort',
    timeoutMs: 2000,
    cacheMs: 60_000,
    internalSecret: null,
  },
  auth: { tokens: null, apiKeysFile: null },
  rateLimit: { max: 300_000, windowMs: 10_000, redisUrl: null, redisTimeoutMs: 100 },
  trustedProxies: [],
  traceEndpoint: null,
  databasePooler: 'none',
  replica: null,
}

function faultOf(environment: Record<string, string>): string {
  try {
    parseConfig(environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'no fault'
}

test('an empty environment is a complete one', () => {
  expect(parseConfig({})).toEqual(DEFAULTS)
})

test('an empty variable is one that is not set; what is not ours is passed over', () => {
  expect(parseConfig({ PORT: '', DATABASE_URL: ' ', LOG_LEVEL: undefined, SHELL: '/bin/sh' })).toEqual(DEFAULTS)
})

test('every variable arrives', () => {
  const environment = {
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: '0',
    DATABASE_URL: 'postgresql://wallet:secret@db:5432/wallet?sslmode=require',
    DATABASE_POOL_MAX: '20',
    DATABASE_POOLER: 'transaction',
    DATABASE_REPLICA_URL: 'postgresql://wallet:secret@replica:5432/wallet',
    DATABASE_REPLICA_MAX_LAG_MS: '250',
    DATA_DIR: '/var/lib/wallet',
    LOG_LEVEL: 'debug',
    DEMO_DATA: 'on',
    POSTING_LANES: '3',
    POSTING_QUEUE_MAX: '5000',
    POSTING_FLUSH_MAX: '64',
    HOLD_EXPIRY_INTERVAL_MS: '250',
    LEDGER_AUDIT_INTERVAL_SECONDS: '0',
    SERVICE_HOST: 'wallet-1.internal',
    CONSUL_ENABLED: 'on',
    CONSUL_HTTP_ADDR: 'consul:8500',
    CONSUL_HTTP_TOKEN: 'acl',
    CONSUL_SYNC_INTERVAL_MS: '500',
    CONSUL_CHECK_INTERVAL_MS: '1000',
    ACCOUNT_SERVICE_URL: 'http://account:8202',
    ORGANIZATION_SERVICE_URL: 'https://organization',
    VALIDATE_USERS: 'required',
    PEER_TIMEOUT_MS: '300',
    PEER_CACHE_SECONDS: '0',
    INTERNAL_SERVICE_SECRET: 'between-us',
    AUTH_JWKS_URL: 'https://identity/keys',
    AUTH_ISSUER: 'https://identity',
    AUTH_AUDIENCE: 'wallet',
    AUTH_API_KEYS_FILE: '/run/keys.json',
    RATE_LIMIT_MAX: '5',
    RATE_LIMIT_WINDOW_SECONDS: '1',
    REDIS_URL: 'rediss://cache:6379/1',
    REDIS_TIMEOUT_MS: '250',
    TRUSTED_PROXIES: '10.0.0.0/8, ::1',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
  }
  expect(parseConfig(environment)).toEqual({
    nodeEnv: 'production',
    host: '127.0.0.1',
    port: 0,
    databaseUrl: environment.DATABASE_URL,
    workers: 1,
    databasePoolMax: 20,
    databasePooler: 'transaction',
    replica: { url: 'postgresql://wallet:secret@replica:5432/wallet', maxLagMs: 250 },
    dataDir: '/var/lib/wallet',
    logLevel: 'debug',
    startedByNpm: false,
    demoData: true,
    posting: { lanes: 3, queueMax: 5000, flushMax: 64 },
    holdExpiryIntervalMs: 250,
    ledgerAuditIntervalMs: 0,
    serviceHost: 'wallet-1.internal',
    consul: { enabled: 'on', url: 'http://consul:8500', token: 'acl', syncIntervalMs: 500, checkIntervalMs: 1000 },
    peers: {
      accountServiceUrl: 'http://account:8202',
      organizationServiceUrl: 'https://organization',
      validateUsers: 'required',
      timeoutMs: 300,
      cacheMs: 0,
      internalSecret: 'between-us',
    },
    auth: {
      tokens: { jwksUrl: 'https://identity/keys', issuer: 'https://identity', audience: 'wallet' },
      apiKeysFile: '/run/keys.json',
    },
    rateLimit: { max: 5, windowMs: 1000, redisUrl: 'rediss://cache:6379/1', redisTimeoutMs: 250 },
    trustedProxies: ['10.0.0.0/8', '::1'],
    traceEndpoint: 'http://collector:4318',
  })
})

test('others reach it where it listens, unless that is everywhere', () => {
  expect(parseConfig({ HOST: '10.0.0.7' }).serviceHost).toBe('10.0.0.7')
  expect(parseConfig({ HOST: '::' }).serviceHost).toBe('127.0.0.1')
  expect(parseConfig({ HOST: '::', SERVICE_HOST: 'wallet' }).serviceHost).toBe('wallet')
})

test('the settings of tokens go together', () => {
  expect(faultOf({ AUTH_JWKS_URL: 'https://identity/keys', AUTH_ISSUER: 'me' })).toContain(
    '\n  AUTH_AUDIENCE must be set too: AUTH_JWKS_URL, AUTH_ISSUER, AUTH_AUDIENCE go together.',
  )
  expect(faultOf({ AUTH_ISSUER: 'me' })).toContain('AUTH_JWKS_URL and AUTH_AUDIENCE must be set too')
})

test('without limits, the rest of them does not matter', () => {
  expect(parseConfig({ RATE_LIMIT_ENABLED: 'false', RATE_LIMIT_MAX: '5' }).rateLimit).toBeNull()
})

test('reports all faults at once: the variable, what it is, what is expected', () => {
  const message = faultOf({ PORT: '70000', LOG_LEVEL: 'loud', DATABASE_POOL_MAX: '1.5', NODE_ENV: 'production' })
  expect(message.split('\n')).toEqual([
    'The environment cannot be used:',
    '  PORT is "70000"; expected a whole number from 0 to 65535; 0 takes any free port.',
    '  DATABASE_POOL_MAX is "1.5"; expected a whole number from 1 to 1000.',
    '  LOG_LEVEL is "loud"; expected one of fatal, error, warn, info, debug, trace, silent.',
    '  DATABASE_URL is not set, and NODE_ENV is production: set it to postgres://user:password@host:port/database.',
  ])
})

test.each`
  variable                     | value
  ${'PORT'}                    | ${'-1'}
  ${'PORT'}                    | ${'http'}
  ${'PORT'}                    | ${'8208.0'}
  ${'NODE_ENV'}                | ${'prod'}
  ${'POSTING_LANES'}           | ${'0'}
  ${'POSTING_QUEUE_MAX'}       | ${'1e3'}
  ${'POSTING_FLUSH_MAX'}       | ${'0'}
  ${'HOLD_EXPIRY_INTERVAL_MS'} | ${'-1'}
  ${'HOLD_EXPIRY_INTERVAL_MS'} | ${'3600001'}
  ${'HOLD_EXPIRY_INTERVAL_MS'} | ${'1.5'}
  ${'HOLD_EXPIRY_INTERVAL_MS'} | ${'off'}
  ${'DATABASE_URL'}            | ${'localhost:5432'}
  ${'DATABASE_URL'}            | ${'mysql://localhost/wallet'}
  ${'DATABASE_URL'}            | ${'postgres://localhost'}
  ${'SERVICE_HOST'}            | ${'http://wallet:8208'}
  ${'CONSUL_ENABLED'}          | ${'true'}
  ${'CONSUL_HTTP_ADDR'}        | ${'unix:///run/consul.sock'}
  ${'CONSUL_SYNC_INTERVAL_MS'} | ${'0'}
  ${'ACCOUNT_SERVICE_URL'}     | ${'account:8202'}
  ${'VALIDATE_USERS'}          | ${'yes'}
  ${'PEER_TIMEOUT_MS'}         | ${'6000'}
  ${'AUTH_JWKS_URL'}           | ${'keys.json'}
  ${'RATE_LIMIT_ENABLED'}      | ${'on'}
  ${'RATE_LIMIT_MAX'}          | ${'0'}
  ${'REDIS_URL'}               | ${'http://cache:6379'}
`('$variable=$value is refused', ({ variable, value }) => {
  expect(faultOf({ [variable]: value })).toContain(`\n  ${variable} is `)
})

test('an interval of 0 is one: expiries are never written down', () => {
  expect(parseConfig({ HOLD_EXPIRY_INTERVAL_MS: '0' }).holdExpiryIntervalMs).toBe(0)
})

describe('passwords', () => {
  const secret = 'hunter2'

  test.each([
    `mysql://wallet:${secret}@db/wallet`,
    `postgres://wallet:${secret}@db`,
    `wallet:${secret}@db/wallet`,
    `host=db password=${secret}`,
    `postgres://wallet:1/${secret}@db/wallet`,
    `postgres://wallet:1#${secret}@db/wallet`,
    `postgres://db?password=${secret}`,
  ])('a fault of %s does not show it', (url) => {
    expect(faultOf({ DATABASE_URL: url })).toContain('DATABASE_URL')
    expect(faultOf({ DATABASE_URL: url })).not.toContain(secret)
  })

  test.each`
    variable
    ${'CONSUL_HTTP_ADDR'}
    ${'ACCOUNT_SERVICE_URL'}
    ${'ORGANIZATION_SERVICE_URL'}
    ${'AUTH_JWKS_URL'}
    ${'OTEL_EXPORTER_OTLP_ENDPOINT'}
    ${'REDIS_URL'}
  `('$variable is shown without it, right or wrong', ({ variable }) => {
    const rest = { AUTH_ISSUER: 'me', AUTH_AUDIENCE: 'wallet', AUTH_JWKS_URL: 'https://identity/keys' }
    const scheme = variable === 'REDIS_URL' ? 'redis' : 'https'
    const config = parseConfig({ ...rest, [variable]: `${scheme}://wallet:${secret}@elsewhere:99/x` })
    expect(JSON.stringify(publicConfig(config))).toContain('wallet:***@elsewhere:99')
    expect(JSON.stringify(publicConfig(config))).not.toContain(secret)
    expect(faultOf({ [variable]: `ftp://wallet:${secret}@elsewhere` })).not.toContain(secret)
  })

  test.each(['CONSUL_HTTP_TOKEN', 'INTERNAL_SERVICE_SECRET'])('%s is not logged, only that it is there', (variable) => {
    const logged = JSON.stringify(publicConfig(parseConfig({ [variable]: secret })))
    expect(logged).not.toContain(secret)
    expect(logged).toContain('"set"')
  })

  test.each(['CONSUL_HTTP_TOKEN', 'INTERNAL_SERVICE_SECRET'])('%s must fit into a header', (variable) => {
    const unfit = ['\n', '\r\n', ' ', '\t', '\0', 'ü', '→', '\u007f'].flatMap((character) => [
      `${secret}${character}`,
      `${character}${secret}`,
      `://${secret}${character}x`,
    ])
    for (const value of [...unfit, `http://${secret}\n`, `http://a@b/${secret}\n`]) {
      const fault = faultOf({ [variable]: value })
      expect(fault).toContain(`\n  ${variable} is "[not shown: it is a secret]"; expected `)
      expect(fault).toContain(': visible ASCII, no spaces')
      expect(fault).not.toContain(secret)
    }
    expect(faultOf({ [variable]: `!"#$%&'()*+,-./:;<=>?@[\\]^_\`{|}~${secret}` })).toBe('no fault')
  })

  test('what is logged does not show it, but shows the rest', () => {
    const config = parseConfig({ DATABASE_URL: `postgres://wallet:${secret}@db:5433/money?sslpassword=${secret}` })
    const logged = JSON.stringify(publicConfig(config))
    expect(logged).not.toContain(secret)
    expect(logged).toContain('wallet:***@db:5433/money')
    expect(publicConfig(parseConfig({}))).toMatchObject({ database: 'embedded', port: 8208 })
  })
})

test.each`
  demo         | url                      | written
  ${undefined} | ${undefined}             | ${true}
  ${undefined} | ${'postgres://db/money'} | ${false}
  ${'off'}     | ${undefined}             | ${false}
  ${'on'}      | ${'postgres://db/money'} | ${true}
`('DEMO_DATA=$demo with DATABASE_URL=$url: $written', ({ demo, url, written }) => {
  expect(parseConfig({ DEMO_DATA: demo, DATABASE_URL: url }).demoData).toBe(written)
})

test('--help names every variable', () => {
  const lines = describeVariables().split('\n')
  const names = lines.map((line) => line.trim().split(' ', 1)[0])
  expect(names).toEqual(Object.keys(VARIABLES))
  for (const line of lines) expect(line).toMatch(/^ {2}[A-Z_]+ +\S.*(\(.*\)|DATA_DIR|required with AUTH_JWKS_URL)$/)
})
