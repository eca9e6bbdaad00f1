// The environment, read and checked once. Nothing else reads `process.env`, and every fault is reported in one message.
import { z } from 'zod'
import { consulUrl, isTorn, proxiesIn, VARIABLES, type Variable } from './environment.ts'

type VariableName = keyof typeof VARIABLES

/** Listening on one of these says nothing about where others find us. */
const EVERY_ADDRESS = new Set(['0.0.0.0', '::'])

const environmentSchema = z.object(schemasOf(VARIABLES))

/** What the service runs with. */
export interface Config {
  readonly nodeEnv: 'production' | 'development' | 'test'
  readonly host: string
  readonly port: number
  /** Processes that serve the port together; 1: this one, alone. */
  readonly workers: number
  /** `null`: a PostgreSQL of our own in `dataDir`. */
  readonly databaseUrl: string | null
  readonly databasePoolMax: number
  /** What the connections go through. */
  readonly databasePooler: 'none' | 'transaction'
  /** `null`: the primary answers everything. */
  readonly replica: { readonly url: string; readonly maxLagMs: number } | null
  readonly dataDir: string
  readonly demoData: boolean
  readonly logLevel: z.infer<typeof VARIABLES.LOG_LEVEL.schema>
  /** Whether an npm script is our parent, through a shell that passes no signals on. */
  readonly startedByNpm: boolean
  readonly posting: { readonly lanes: number; readonly queueMax: number; readonly flushMax: number }
  /** 0: expired holds are left for other processes to write down. */
  readonly holdExpiryIntervalMs: number
  /** 0: nobody looks whether the ledger balances. */
  readonly ledgerAuditIntervalMs: number
  /** The name under which others reach this instance. */
  readonly serviceHost: string
  readonly consul: ConsulConfig
  readonly peers: PeersConfig
  readonly auth: AuthConfig
  /** `null`: no limit. */
  readonly rateLimit: RateLimitConfig | null
  /** Addresses and networks whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[]
  /** Where traces go; `null`: nowhere. */
  readonly traceEndpoint: string | null
}

/** The Consul agent, and how it is used. */
interface ConsulConfig {
  /** `on`: the service does not start without an agent; `auto`: it joins as soon as there is one. */
  readonly enabled: 'auto' | 'on' | 'off'
  readonly url: string
  readonly token: string | null
  readonly syncIntervalMs: number
  readonly checkIntervalMs: number
}

/** The services that others own, and what they are asked. */
interface PeersConfig {
  readonly accountServiceUrl: string
  readonly organizationServiceUrl: string
  readonly validateUsers: 'best-effort' | 'required' | 'off'
  /** For one question, retries included. */
  readonly timeoutMs: number
  /** How long a yes is believed; 0: asked every time. */
  readonly cacheMs: number
  readonly internalSecret: string | null
}

/** Who may call; with neither, everybody may do everything. */
interface AuthConfig {
  readonly tokens: { readonly jwksUrl: string; readonly issuer: string; readonly audience: string } | null
  readonly apiKeysFile: string | null
}

/** How much one caller may ask for. */
interface RateLimitConfig {
  readonly max: number
  readonly windowMs: number
  /** `null`: each instance counts for itself. */
  readonly redisUrl: string | null
  /** How long a request waits for Redis. */
  readonly redisTimeoutMs: number
}

/** The environment cannot be used; the message says all that is wrong with it, in whole sentences. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Reads the process's environment; what the command line says wins over it. Throws `ConfigError`. */
export function readConfig(commandLine: { readonly WORKERS?: string } = {}): Config {
  return parseConfig({ ...process.env, ...commandLine })
}

/** Reads an environment; an empty variable counts as one that is not set. Throws `ConfigError` with every fault. */
export function parseConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim()))
  const parsed = environmentSchema.safeParse(set)
  const faults = parsed.success ? [] : faultsOf(parsed.error, set)
  if (set['NODE_ENV'] === 'production' && set['DATABASE_URL'] === undefined) {
    faults.push(
      'DATABASE_URL is not set, and NODE_ENV is production: set it to postgres://user:password@host:port/database.',
    )
  }
  faults.push(...authFaults(set))
  if (!parsed.success || faults.length > 0) {
    throw new ConfigError(['The environment cannot be used:', ...faults.map((fault) => `  ${fault}`)].join('\n'))
  }
  return configOf(parsed.data, set)
}

function configOf(
  values: z.infer<typeof environmentSchema>,
  set: Readonly<Record<string, string | undefined>>,
): Config {
  return {
    nodeEnv: values.NODE_ENV,
    host: values.HOST,
    port: values.PORT,
    workers: values.WORKERS,
    databaseUrl: values.DATABASE_URL ?? null,
    databasePoolMax: values.DATABASE_POOL_MAX,
    databasePooler: values.DATABASE_POOLER,
    replica:
      values.DATABASE_REPLICA_URL === undefined
        ? null
        : { url: values.DATABASE_REPLICA_URL, maxLagMs: values.DATABASE_REPLICA_MAX_LAG_MS },
    dataDir: values.DATA_DIR,
    demoData: values.DEMO_DATA === 'on' || (values.DEMO_DATA === 'auto' && values.DATABASE_URL === undefined),
    logLevel: values.LOG_LEVEL,
    startedByNpm: set['npm_lifecycle_event'] !== undefined,
    posting: { lanes: values.POSTING_LANES, queueMax: values.POSTING_QUEUE_MAX, flushMax: values.POSTING_FLUSH_MAX },
    holdExpiryIntervalMs: values.HOLD_EXPIRY_INTERVAL_MS,
    ledgerAuditIntervalMs: values.LEDGER_AUDIT_INTERVAL_SECONDS * 1000,
    serviceHost: values.SERVICE_HOST ?? (EVERY_ADDRESS.has(values.HOST) ? '127.0.0.1' : values.HOST),
    consul: {
      enabled: values.CONSUL_ENABLED,
      url: consulUrl(values.CONSUL_HTTP_ADDR),
      token: values.CONSUL_HTTP_TOKEN ?? null,
      syncIntervalMs: values.CONSUL_SYNC_INTERVAL_MS,
      checkIntervalMs: values.CONSUL_CHECK_INTERVAL_MS,
    },
    peers: {
      accountServiceUrl: values.ACCOUNT_SERVICE_URL,
      organizationServiceUrl: values.ORGANIZATION_SERVICE_URL,
      validateUsers: values.VALIDATE_USERS,
      timeoutMs: values.PEER_TIMEOUT_MS,
      cacheMs: values.PEER_CACHE_SECONDS * 1000,
      internalSecret: values.INTERNAL_SERVICE_SECRET ?? null,
    },
    auth: authOf(values),
    rateLimit:
      values.RATE_LIMIT_ENABLED === 'false'
        ? null
        : {
            max: values.RATE_LIMIT_MAX,
            windowMs: values.RATE_LIMIT_WINDOW_SECONDS * 1000,
            redisUrl: values.REDIS_URL ?? null,
            redisTimeoutMs: values.REDIS_TIMEOUT_MS,
          },
    trustedProxies: values.TRUSTED_PROXIES === undefined ? [] : proxiesIn(values.TRUSTED_PROXIES),
    traceEndpoint: values.OTEL_EXPORTER_OTLP_ENDPOINT ?? null,
  }
}

function authOf(values: z.infer<typeof environmentSchema>): AuthConfig {
  const { AUTH_JWKS_URL: jwksUrl, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = values
  const given = jwksUrl !== undefined && issuer !== undefined && audience !== undefined
  return { tokens: given ? { jwksUrl, issuer, audience } : null, apiKeysFile: values.AUTH_API_KEYS_FILE ?? null }
}

/** A token whose issuer or audience nobody checks may be one that was meant for another service. */
function authFaults(set: Readonly<Record<string, string | undefined>>): string[] {
  const names = ['AUTH_JWKS_URL', 'AUTH_ISSUER', 'AUTH_AUDIENCE'] as const
  const missing = names.filter((name) => set[name] === undefined)
  if (missing.length === 0 || missing.length === names.length) return []
  return [`${missing.join(' and ')} must be set too: ${names.join(', ')} go together.`]
}

/** What the service runs with, for the log: no secrets. */
export function publicConfig(config: Config): Record<string, unknown> {
  const { databaseUrl, replica, consul, peers, auth, rateLimit, traceEndpoint, ...rest } = config
  return {
    ...rest,
    database: databaseUrl === null ? 'embedded' : withoutPassword(databaseUrl),
    replica: replica && { ...replica, url: withoutPassword(replica.url) },
    consul: { ...consul, url: withoutPassword(consul.url), token: presence(consul.token) },
    peers: {
      ...peers,
      accountServiceUrl: withoutPassword(peers.accountServiceUrl),
      organizationServiceUrl: withoutPassword(peers.organizationServiceUrl),
      internalSecret: presence(peers.internalSecret),
    },
    auth: { ...auth, tokens: auth.tokens && { ...auth.tokens, jwksUrl: withoutPassword(auth.tokens.jwksUrl) } },
    rateLimit: rateLimit && { ...rateLimit, redisUrl: rateLimit.redisUrl && withoutPassword(rateLimit.redisUrl) },
    traceEndpoint: traceEndpoint && withoutPassword(traceEndpoint),
  }
}

function presence(secret: string | null): 'set' | null {
  return secret === null ? null : 'set'
}

/** The environment variables, a line each, for `--help`. */
export function describeVariables(): string {
  const entries = Object.entries(VARIABLES)
  const width = Math.max(...entries.map(([name]) => name.length))
  return entries.map(([name, { meaning }]) => `  ${name.padEnd(width)}  ${meaning}`).join('\n')
}

function faultsOf(error: z.ZodError, received: Readonly<Record<string, string | undefined>>): string[] {
  const names = new Set(error.issues.map((issue) => String(issue.path[0])))
  return [...names].filter(isVariableName).map((name) => {
    const about: Variable<z.ZodType> = VARIABLES[name]
    const value = received[name] ?? ''
    return `${name} is ${JSON.stringify(shown(value, about))}; expected ${about.expected}.`
  })
}

function shown(value: string, { secret }: Variable<z.ZodType>): string {
  if (secret === 'whole') return '[not shown: it is a secret]'
  return secret ? withoutPassword(value) : value
}

/** The schema of each variable, by its name. */
function schemasOf<Variables extends Readonly<Record<string, Variable<z.ZodType>>>>(variables: Variables) {
  const entries = Object.entries(variables).map(([name, { schema }]) => [name, schema])
  return Object.fromEntries(entries) as { [Name in keyof Variables]: Variables[Name]['schema'] }
}

function isVariableName(name: string): name is VariableName {
  return name in VARIABLES
}

/** Everything but the password; where it cannot be told what is one, nothing. */
function withoutPassword(text: string): string {
  const url = URL.parse(text)
  // `wallet:secret@host/database` parses too, as a URL of the scheme `wallet`.
  if (url === null || !text.includes('://') || isTorn(url)) return '[not shown: it is no URL, and may hold a password]'
  if (url.password !== '') url.password = '***'
  for (const name of url.searchParams.keys()) if (/password|key/i.test(name)) url.searchParams.set(name, '***')
  return url.href
}
