// Counts of requests in Redis, which instances share. Every answer comes soon or not at all: nothing is queued, nothing is
// tried twice. What to do without Redis is for others to say.
import { Redis, type Result } from 'ioredis'

declare module 'ioredis' {
  // The name is the driver's, and so is the way to tell it of a script.
  interface RedisCommander<Context> {
    countRequest(key: string, windowMs: number): Result<[number, number], Context>
  }
}

const KEY_PREFIX = 'wallet-service:requests:'
/** For what no request waits for: handshakes, which a busy Redis must be able to pass. */
const PATIENCE_MS = 1000
const OPEN_TIMEOUT_MS = 2000
const CONNECT_TIMEOUT_MS = 1000
/** A connection that owes an answer for this long is given up: what is asked on it would pile up. */
const SILENCE_MAX_MS = 2000
const RECONNECT_STEP_MS = 100
const RECONNECT_MAX_MS = 1000

/**
 * Counts and tells how long the window lasts, in one step. A key without an end, or with one that lies further away than a
 * window is long (the setting was changed), would shut its caller out for ever or for far too long.
 */
const COUNT_REQUEST = `
  local count = redis.call('INCR', KEYS[1])
  local remaining = redis.call('PTTL', KEYS[1])
  if remaining < 0 or remaining > tonumber(ARGV[1]) then
    redis.call('PEXPIRE', KEYS[1], ARGV[1])
    remaining = tonumber(ARGV[1])
  end
  return {count, remaining}
`

/** A probe does all that a count does: a Redis may answer PING and yet refuse to write. No caller has this name. */
const PROBE = 'probe'

interface Count {
  readonly count: number
  readonly remainingMs: number
}

/** Counts in Redis. */
export class RedisCounts {
  readonly #redis: Redis
  readonly #windowMs: number
  readonly #timeoutMs: number
  /** Why there is no connection; what a command fails with does not say. */
  #trouble: Error | null = null

  /** Connects to nothing yet. */
  constructor(options: { readonly url: string; readonly windowMs: number; readonly timeoutMs: number }) {
    this.#windowMs = options.windowMs
    this.#timeoutMs = options.timeoutMs
    this.#redis = new Redis(options.url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      commandTimeout: PATIENCE_MS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENCE_MAX_MS,
      retryStrategy: (attempt) => Math.min(attempt * RECONNECT_STEP_MS, RECONNECT_MAX_MS),
      // After a failover the name leads to the new primary.
      reconnectOnError: (error) => error.message.startsWith('READONLY'),
      connectionName: 'wallet-service',
      scripts: { countRequest: { lua: COUNT_REQUEST, numberOfKeys: 1 } },
    })
    this.#redis.on('error', (error: Error) => (this.#trouble = error))
    this.#redis.on('ready', () => (this.#trouble = null))
  }

  /** Connects, and goes on trying when that fails or takes longer than two seconds. */
  async open(): Promise<void> {
    try {
      await within(OPEN_TIMEOUT_MS, this.#redis.connect(), 'connection')
    } catch (error) {
      throw this.#trouble ?? error
    }
  }

  /** Counts one request of a caller. Fails after `timeoutMs`, and at once without a connection. */
  count(caller: string): Promise<Count> {
    return within(this.#timeoutMs, this.#count(caller), 'answer')
  }

  /**
   * Counts one request that nobody waits for, and is no more patient: a Redis that answers probes alone would be gone back to
   * once a second, each time at the cost of those who ask it next.
   */
  async probe(): Promise<void> {
    await this.count(PROBE)
  }

  /** Drops the connection. */
  close(): void {
    this.#redis.disconnect()
  }

  async #count(caller: string): Promise<Count> {
    try {
      const [count, remainingMs] = await this.#redis.countRequest(KEY_PREFIX + caller, this.#windowMs)
      return { count, remainingMs }
    } catch (error) {
      throw this.#trouble ?? error
    }
  }
}

/** The outcome of `work`, or a failure after `timeoutMs`; what becomes of `work` then, nobody hears. */
async function within<Result>(timeoutMs: number, work: Promise<Result>, awaited: string): Promise<Result> {
  const late = Promise.withResolvers<never>()
  const fail = (): void => late.reject(new Error(`No ${awaited} within ${timeoutMs} ms`))
  // Once more around the event loop: where this process was what was slow, the answer is there and only has to be read.
  const timer = setTimeout(() => setImmediate(fail), timeoutMs)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
