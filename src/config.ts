// The environment, read and checked once. Nothing else reads `process.env`, and every fault is reported in one message.
import { z } from 'zod'

const DEFAULT_PORT = 8208
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

/** A variable: what it means, what it may be, and what it is when nobody sets it. */
interface Variable<Schema extends z.ZodType> {
  readonly schema: Schema
  readonly expected: string
  readonly meaning: string
  /** Its value may be shown in a message or a log only without its password. */
  readonly secret?: true
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

const VARIABLES = {
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
  DATABASE_URL: variable(z.string().refine(isPostgresUrl).optional(), {
    expected: 'postgres://user:password@host:port/database',
    meaning: 'PostgreSQL 15 or later; without it one is started in DATA_DIR',
    secret: true,
  }),
  DATABASE_POOL_MAX: variable(wholeNumber({ min: 1, max: 1000, default: 10 }), {
    expected: 'a whole number from 1 to 1000',
    meaning: 'Connections for reads; posting lanes and dry runs have one more each, the expiry of holds two (10)',
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
  POSTING_LANES: variable(wholeNumber({ min: 1, max: 64, default: 1 }), {
    expected: 'a whole number from 1 to 64',
    meaning: 'Flushes that may be in flight at once, each for its share of the wallets (1)',
  }),
  POSTING_QUEUE_MAX: variable(wholeNumber({ min: 1, max: 1_000_000, default: 1000 }), {
    expected: 'a whole number from 1 to 1000000',
    meaning: 'Operations that may wait; one more is refused with overloaded (1000)',
  }),
  POSTING_FLUSH_MAX: variable(wholeNumber({ min: 1, max: 10_000, default: 256 }), {
    expected: 'a whole number from 1 to 10000',
    meaning: 'Operations folded into one database transaction (256)',
  }),
  HOLD_EXPIRY_INTERVAL_MS: variable(wholeNumber({ min: 0, max: 3_600_000, default: 1000 }), {
    expected: 'a whole number from 0 to 3600000; 0 never does it',
    meaning: 'Pause between looks for expired holds to write down; their money is free without it. 0: never (1000)',
  }),
} as const

type VariableName = keyof typeof VARIABLES

const environmentSchema = z.object({
  NODE_ENV: VARIABLES.NODE_ENV.schema,
  HOST: VARIABLES.HOST.schema,
  PORT: VARIABLES.PORT.schema,
  DATABASE_URL: VARIABLES.DATABASE_URL.schema,
  DATABASE_POOL_MAX: VARIABLES.DATABASE_POOL_MAX.schema,
  DATA_DIR: VARIABLES.DATA_DIR.schema,
  DEMO_DATA: VARIABLES.DEMO_DATA.schema,
  LOG_LEVEL: VARIABLES.LOG_LEVEL.schema,
  POSTING_LANES: VARIABLES.POSTING_LANES.schema,
  POSTING_QUEUE_MAX: VARIABLES.POSTING_QUEUE_MAX.schema,
  POSTING_FLUSH_MAX: VARIABLES.POSTING_FLUSH_MAX.schema,
  HOLD_EXPIRY_INTERVAL_MS: VARIABLES.HOLD_EXPIRY_INTERVAL_MS.schema,
})

/** What the service runs with. */
export interface Config {
  readonly nodeEnv: 'production' | 'development' | 'test'
  readonly host: string
  readonly port: number
  /** `null`: a PostgreSQL of our own in `dataDir`. */
  readonly databaseUrl: string | null
  readonly databasePoolMax: number
  readonly dataDir: string
  readonly demoData: boolean
  readonly logLevel: (typeof LOG_LEVELS)[number]
  /** Whether an npm script is our parent, through a shell that passes no signals on. */
  readonly startedByNpm: boolean
  readonly posting: { readonly lanes: number; readonly queueMax: number; readonly flushMax: number }
  /** 0: expired holds are left for other processes to write down. */
  readonly holdExpiryIntervalMs: number
}

/** The environment cannot be used; the message says all that is wrong with it, in whole sentences. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Reads the process's environment. Throws `ConfigError`. */
export function readConfig(): Config {
  return parseConfig(process.env)
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
  if (!parsed.success || faults.length > 0) {
    throw new ConfigError(['The environment cannot be used:', ...faults.map((fault) => `  ${fault}`)].join('\n'))
  }
  const values = parsed.data
  return {
    nodeEnv: values.NODE_ENV,
    host: values.HOST,
    port: values.PORT,
    databaseUrl: values.DATABASE_URL ?? null,
    databasePoolMax: values.DATABASE_POOL_MAX,
    dataDir: values.DATA_DIR,
    demoData: values.DEMO_DATA === 'on' || (values.DEMO_DATA === 'auto' && values.DATABASE_URL === undefined),
    logLevel: values.LOG_LEVEL,
    startedByNpm: set['npm_lifecycle_event'] !== undefined,
    posting: { lanes: values.POSTING_LANES, queueMax: values.POSTING_QUEUE_MAX, flushMax: values.POSTING_FLUSH_MAX },
    holdExpiryIntervalMs: values.HOLD_EXPIRY_INTERVAL_MS,
  }
}

/** What the service runs with, for the log: no secrets. */
export function publicConfig(config: Config): Record<string, unknown> {
  const { databaseUrl, ...rest } = config
  return { ...rest, database: databaseUrl === null ? 'embedded' : withoutPassword(databaseUrl) }
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
    return `${name} is ${JSON.stringify(about.secret ? withoutPassword(value) : value)}; expected ${about.expected}.`
  })
}

function isVariableName(name: string): name is VariableName {
  return name in VARIABLES
}

function isPostgresUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^postgres(?:ql)?:$/.test(url.protocol) && url.pathname.length > 1 && !isTorn(url)
}

/** An unescaped `/`, `?` or `#` in a password ends the host before the `@` does. */
function isTorn(url: URL): boolean {
  return `${url.pathname}${url.search}${url.hash}`.includes('@')
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
