// The environment variables: what each means, what it may be, and what it is when nobody sets it. Reading them is config.ts's.
import { isIP } from 'node:net'
import { z } from 'zod'

const DEFAULT_PORT = 8208
const HOST_NAME = /^[A-Za-z0-9._:-]{1,253}$/
/** What a header can carry, and no part of it may be lost on the way: a line end, as files have, would fail every call. */
const HEADER_SECRET = /^[\x21-\x7e]+$/
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

/** A variable: what it means, what it may be, and what it is when nobody sets it. */
export interface Variable<Schema extends z.ZodType> {
  readonly schema: Schema
  readonly expected: string
  readonly meaning: string
  /** Its value may be shown in a message or a log only without its password, or not at all. */
  readonly secret?: true | 'whole'
}

function variable<Schema extends z.ZodType>(schema: Schema, about: Omit<Variable<Schema>, 'schema'>): Variable<Schema> {
  return { schema, ...about }
}

function wholeNumber(bounds: { readonly min: number; readonly max: number; readonly default: number }) {
  const { min, max } = bounds
  return z
    .string()
    .regex(/^[0-9]{1,9}$/)
    .transform(Number)
    .refine((value) => value >= min && value <= max)
    .default(bounds.default)
}

/** Every environment variable that the service knows. */
export const VARIABLES = {
  NODE_ENV: variable(z.enum(['production', 'development', 'test']).default('development'), {
    expected: 'production, development or test',
    meaning: 'With production, DATABASE_URL is required (development)',
  }),
  HOST: variable(z.string().default('0.0.0.0'), {
    expected: 'an address to listen on',
    meaning: 'Address to listen on (0.0.0.0)',
  }),
  PORT: variable(wholeNumber({ min: 0, max: 65_535, default: DEFAULT_PORT }), {
    expected: 'a whole number from 0 to 65535; 0 takes any free port',
    meaning: `Port to listen on; 0 takes any free one (${DEFAULT_PORT})`,
  }),
  WORKERS: variable(wholeNumber({ min: 1, max: 64, default: 1 }), {
    expected: 'a whole number from 1 to 64 (`--workers N` wins over it)',
    meaning: 'Processes that serve the port together; `--workers N` says the same (1)',
  }),
  DATABASE_URL: variable(z.string().refine(isPostgresUrl).optional(), {
    expected: 'postgres://user:password@host:port/database',
    meaning: 'PostgreSQL 15 or later; without it one is started in DATA_DIR',
    secret: true,
  }),
  DATABASE_POOL_MAX: variable(wholeNumber({ min: 1, max: 1000, default: 10 }), {
    expected: 'a whole number from 1 to 1000',
    meaning:
      'Connections for reads; posting lanes and dry runs have one more each, the expiry of holds two; for each worker (10)',
  }),
  DATABASE_POOLER: variable(z.enum(['none', 'transaction']).default('none'), {
    expected: 'none or transaction',
    meaning: 'Whether the addresses of databases are those of a PgBouncer in transaction mode, or the like (none)',
  }),
  DATABASE_REPLICA_URL: variable(z.string().refine(isPostgresUrl).optional(), {
    expected: 'postgres://user:password@host:port/database',
    meaning: 'A streaming replica, for pages of history and for statistics (none: the primary answers everything)',
    secret: true,
  }),
  DATABASE_REPLICA_MAX_LAG_MS: variable(wholeNumber({ min: 0, max: 2000, default: 100 }), {
    expected: 'a whole number from 0 to 2000',
    meaning:
      'How long a read waits for the replica to have all that the primary has, before the primary answers it (100)',
  }),
  DATA_DIR: variable(z.string().default('./data'), {
    expected: 'a folder',
    meaning: 'Where the PostgreSQL that we start ourselves keeps its data (./data)',
  }),
  DEMO_DATA: variable(z.enum(['auto', 'on', 'off']).default('auto'), {
    expected: 'auto, on or off',
    meaning: 'Whether to write the wallets that the examples are about; auto: into the embedded database only (auto)',
  }),
  LOG_LEVEL: variable(z.enum(LOG_LEVELS).default('info'), {
    expected: `one of ${LOG_LEVELS.join(', ')}`,
    meaning: 'Lines to log; debug has one for each request (info)',
  }),
  POSTING_LANES: variable(wholeNumber({ min: 1, max: 64, default: 2 }), {
    expected: 'a whole number from 1 to 64',
    meaning: 'Flushes that may be in flight at once, each with wallets that no other has (2)',
  }),
  POSTING_QUEUE_MAX: variable(wholeNumber({ min: 1, max: 1_000_000, default: 10_000 }), {
    expected: 'a whole number from 1 to 1000000',
    meaning: 'Operations that may wait; what comes then is refused with overloaded. A batch has up to 1000 (10000)',
  }),
  POSTING_FLUSH_MAX: variable(wholeNumber({ min: 1, max: 10_000, default: 512 }), {
    expected: 'a whole number from 1 to 10000',
    meaning: 'Operations folded into one database transaction; an atomic batch may be more (512)',
  }),
  HOLD_EXPIRY_INTERVAL_MS: variable(wholeNumber({ min: 0, max: 3_600_000, default: 1000 }), {
    expected: 'a whole number from 0 to 3600000; 0 never does it',
    meaning: 'Pause between looks for expired holds to write down; their money is free without it. 0: never (1000)',
  }),
  SERVICE_HOST: variable(z.string().regex(HOST_NAME).optional(), {
    expected: 'a host name or an address, without scheme and port',
    meaning:
      'Under which others reach this instance; Consul is told (HOST, or 127.0.0.1 where that means every address)',
  }),
  CONSUL_ENABLED: variable(z.enum(['auto', 'on', 'off']).default('auto'), {
    expected: 'auto, on or off',
    meaning:
      'Whether to register with Consul and find peers there; auto: once there is an agent, on: no start without (auto)',
  }),
  CONSUL_HTTP_ADDR: variable(z.string().refine(isConsulAddress).default('http://127.0.0.1:8500'), {
    expected: 'http://host:port',
    meaning: 'The Consul agent (http://127.0.0.1:8500)',
    secret: true,
  }),
  CONSUL_HTTP_TOKEN: variable(z.string().regex(HEADER_SECRET).optional(), {
    expected: 'an ACL token: visible ASCII, no spaces or line ends',
    meaning: 'ACL token for Consul, sent in a header (none)',
    secret: 'whole',
  }),
  CONSUL_SYNC_INTERVAL_MS: variable(wholeNumber({ min: 100, max: 60_000, default: 20_000 }), {
    expected: 'a whole number from 100 to 60000',
    meaning:
      'Pause between registrations, for an agent that has lost its data; also between tries without an agent (20000)',
  }),
  CONSUL_CHECK_INTERVAL_MS: variable(wholeNumber({ min: 500, max: 60_000, default: 10_000 }), {
    expected: 'a whole number from 500 to 60000',
    meaning: 'How often Consul asks /health/ready (10000)',
  }),
  ACCOUNT_SERVICE_URL: variable(z.string().refine(isHttpUrl).default('http://localhost:8202'), {
    expected: 'http://host:port',
    meaning: 'The account service, where Consul knows none (http://localhost:8202)',
    secret: true,
  }),
  ORGANIZATION_SERVICE_URL: variable(z.string().refine(isHttpUrl).default('http://localhost:8210'), {
    expected: 'http://host:port',
    meaning: 'The organization service, where Consul knows none (http://localhost:8210)',
    secret: true,
  }),
  VALIDATE_USERS: variable(z.enum(['best-effort', 'required', 'off']).default('best-effort'), {
    expected: 'best-effort, required or off',
    meaning:
      'Whether a wallet needs a user whom the account service knows; best-effort: unless it is out of reach (best-effort)',
  }),
  PEER_TIMEOUT_MS: variable(wholeNumber({ min: 50, max: 5000, default: 2000 }), {
    expected: 'a whole number from 50 to 5000',
    meaning: 'Longest wait for a peer service, retries included (2000)',
  }),
  PEER_CACHE_SECONDS: variable(wholeNumber({ min: 0, max: 3600, default: 60 }), {
    expected: 'a whole number from 0 to 3600; 0 asks every time',
    meaning: "How long a peer's yes is believed (60)",
  }),
  INTERNAL_SERVICE_SECRET: variable(z.string().regex(HEADER_SECRET).optional(), {
    expected: 'the secret services share: visible ASCII, no spaces or line ends',
    meaning: 'Sent to peer services as X-Internal-Service-Secret (none)',
    secret: 'whole',
  }),
  AUTH_JWKS_URL: variable(z.string().refine(isHttpUrl).optional(), {
    expected: 'http(s)://host/path',
    meaning: 'Key set that signs user tokens; turns authentication on (none: every caller may do everything)',
    secret: true,
  }),
  AUTH_ISSUER: variable(z.string().optional(), {
    expected: 'the iss of user tokens',
    meaning: 'Issuer that user tokens must name; required with AUTH_JWKS_URL',
  }),
  AUTH_AUDIENCE: variable(z.string().optional(), {
    expected: 'the aud of user tokens',
    meaning: 'Audience that user tokens must name; required with AUTH_JWKS_URL',
  }),
  AUTH_API_KEYS_FILE: variable(z.string().optional(), {
    expected: 'a file',
    meaning: 'Service keys, hashed; turns authentication on (none)',
  }),
  RATE_LIMIT_ENABLED: variable(z.enum(['true', 'false']).default('true'), {
    expected: 'true or false',
    meaning: 'Whether callers are limited (true)',
  }),
  RATE_LIMIT_MAX: variable(wholeNumber({ min: 1, max: 100_000_000, default: 300_000 }), {
    expected: 'a whole number from 1 to 100000000',
    meaning:
      'Requests of one caller in a window: API key, token subject, else address; each worker counts for itself (300000)',
  }),
  RATE_LIMIT_WINDOW_SECONDS: variable(wholeNumber({ min: 1, max: 3600, default: 10 }), {
    expected: 'a whole number from 1 to 3600',
    meaning: 'Length of that window (10)',
  }),
  TRUSTED_PROXIES: variable(z.string().refine(areProxies).optional(), {
    expected: 'addresses and networks such as 10.0.0.0/8, with commas between them',
    meaning: 'Gateways whose X-Forwarded-For says who calls; anybody else could invent addresses (none)',
  }),
  REDIS_URL: variable(z.string().refine(isRedisUrl).optional(), {
    expected: 'redis://host:port',
    meaning: 'Where instances and workers share what callers have used; without it each counts for itself (none)',
    secret: true,
  }),
  REDIS_TIMEOUT_MS: variable(wholeNumber({ min: 10, max: 5000, default: 100 }), {
    expected: 'a whole number from 10 to 5000',
    meaning: 'Longest that a request waits for Redis before this instance counts for itself (100)',
  }),
  LEDGER_AUDIT_INTERVAL_SECONDS: variable(wholeNumber({ min: 0, max: 86_400, default: 300 }), {
    expected: 'a whole number from 0 to 86400; 0 never does it',
    meaning: 'Pause between looks whether the ledger balances, for /metrics. 0: never (300)',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: variable(z.string().refine(isHttpUrl).optional(), {
    expected: 'http://host:port',
    meaning: 'OpenTelemetry collector to send traces to, over HTTP (none: no traces)',
    secret: true,
  }),
} as const

function isPostgresUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^postgres(?:ql)?:$/.test(url.protocol) && url.pathname.length > 1 && !isTorn(url)
}

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && !isTorn(url)
}

function isRedisUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^rediss?:$/.test(url.protocol) && url.hostname !== '' && !isTorn(url)
}

function areProxies(text: string): boolean {
  return proxiesIn(text).every((proxy) => {
    const [address = '', bits, ...rest] = proxy.split('/')
    const width = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
    return (
      width > 0 &&
      rest.length === 0 &&
      (bits === undefined || (/^[1-9][0-9]{0,2}$/.test(bits) && Number(bits) <= width))
    )
  })
}

/** The addresses and networks in a list of them. */
export function proxiesIn(text: string): readonly string[] {
  return text.split(',').map((proxy) => proxy.trim())
}

function isConsulAddress(text: string): boolean {
  return isHttpUrl(consulUrl(text))
}

/** Consul's own tools write the address without a scheme, too. */
export function consulUrl(text: string): string {
  return text.includes('://') ? text : `http://${text}`
}

/** An unescaped `/`, `?` or `#` in a password ends the host before the `@` does. */
export function isTorn(url: URL): boolean {
  return `${url.pathname}${url.search}${url.hash}`.includes('@')
}
