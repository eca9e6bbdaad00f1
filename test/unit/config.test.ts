// The environment: defaults, every fault at once, and no password anywhere.
import { describe, expect, test } from 'vitest'
import { ConfigError, describeVariables, parseConfig, publicConfig } from '../../src/config.ts'

const DEFAULTS = {
  nodeEnv: 'development',
  host: '0.0.0.0',
  port: 8208,
  databaseUrl: null,
  databasePoolMax: 10,
  dataDir: './data',
  logLevel: 'info',
  startedByNpm: false,
  demoData: true,
  posting: { lanes: 1, queueMax: 1000, flushMax: 256 },
  holdExpiryIntervalMs: 1000,
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
    DATA_DIR: '/var/lib/wallet',
    LOG_LEVEL: 'debug',
    DEMO_DATA: 'on',
    POSTING_LANES: '2',
    POSTING_QUEUE_MAX: '5000',
    POSTING_FLUSH_MAX: '64',
    HOLD_EXPIRY_INTERVAL_MS: '250',
  }
  expect(parseConfig(environment)).toEqual({
    nodeEnv: 'production',
    host: '127.0.0.1',
    port: 0,
    databaseUrl: environment.DATABASE_URL,
    databasePoolMax: 20,
    dataDir: '/var/lib/wallet',
    logLevel: 'debug',
    startedByNpm: false,
    demoData: true,
    posting: { lanes: 2, queueMax: 5000, flushMax: 64 },
    holdExpiryIntervalMs: 250,
  })
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
  expect(names).toEqual(
    expect.arrayContaining(['HOST', 'PORT', 'DATABASE_URL', 'DATA_DIR', 'LOG_LEVEL', 'HOLD_EXPIRY_INTERVAL_MS']),
  )
  for (const line of lines) expect(line).toMatch(/^ {2}[A-Z_]+ +\S.*\(.*\)|DATABASE_URL/)
})
