// The service under load: the real process, started as in production, spoken to over HTTP and stopped as an operator would.
import { type ChildProcess, spawn } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { BenchFailure } from './programs.ts'

/** This checkout. */
export const ROOT = join(import.meta.dirname, '..', '..')
const MAIN = join('src', 'main.ts')
const START_TIMEOUT_MS = 20_000
const STOP_TIMEOUT_MS = 20_000
const POLL_MS = 50
const CREATIONS_IN_FLIGHT = 64

/** The log line with which main.ts says that it takes requests. */
const Listening = z.object({ msg: z.literal('listening'), port: z.int().positive() })
const Created = z.object({ wallet_id: z.uuid() })

const Stats = z.object({ postings: z.object({ operations: z.int(), flushes: z.int() }) })

export interface Service {
  readonly baseUrl: string
  readonly pid: number
  /** Drains and ends it as SIGTERM does in production. May be called twice. */
  stop(): Promise<void>
}

export interface ServiceOptions {
  /** The checkout whose service it is. */
  readonly root: string
  /** What to run of it, and with which words; `src/main.ts` unless another is named. */
  readonly program?: readonly string[]
  readonly databaseUrl: string
  /** Where its output goes: a file, so that reading it costs this process nothing. */
  readonly logFile: string
  readonly nodeOptions?: readonly string[]
}

/** Starts a service on the database and waits until it listens. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { root, program = [MAIN], databaseUrl, logFile, nodeOptions = [] } = options
  const output = await open(logFile, 'w')
  const child = spawn(process.execPath, [...nodeOptions, ...program], {
    cwd: root,
    env: {
      ...process.env,
      NODE_ENV: 'production',
      DATABASE_URL: databaseUrl,
      HOST: '127.0.0.1',
      PORT: '0',
      CONSUL_ENABLED: 'off',
      VALIDATE_USERS: 'off',
      // The limiter runs, but nothing here is one caller's fair share.
      RATE_LIMIT_MAX: '100000000',
      // 16 batches of 1,000 operations wait at once.
      POSTING_QUEUE_MAX: '20000',
    },
    stdio: ['ignore', output.fd, output.fd],
  })
  await output.close()
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  try {
    const port = await listeningPort(child, logFile)
    let stopped: Promise<void> | undefined
    return {
      baseUrl: `http://127.0.0.1:${port}`,
      pid: child.pid ?? 0,
      stop: () => (stopped ??= stop(child, exited, logFile)),
    }
  } catch (error) {
    child.kill('SIGKILL')
    await exited
    throw error
  }
}

async function listeningPort(child: ChildProcess, logFile: string): Promise<number> {
  const deadline = performance.now() + START_TIMEOUT_MS
  while (performance.now() < deadline && child.exitCode === null && child.signalCode === null) {
    const lines = (await readFile(logFile, 'utf8')).split('\n')
    for (const line of lines) {
      const port = portOf(line)
      if (port !== null) return port
    }
    await delay(POLL_MS)
  }
  throw new BenchFailure(`The service did not start:\n${(await readFile(logFile, 'utf8')).trim()}`)
}

function portOf(line: string): number | null {
  try {
    return Listening.parse(JSON.parse(line)).port
  } catch {
    // Half a line, or one about something else.
    return null
  }
}

async function stop(child: ChildProcess, exited: Promise<void>, logFile: string): Promise<void> {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await exited
  clearTimeout(timer)
  if (child.exitCode === 0) return
  const last = (await readFile(logFile, 'utf8')).trim().split('\n').slice(-5).join('\n')
  throw new BenchFailure(`The service ended with ${child.exitCode ?? child.signalCode ?? 'nothing'}:\n${last}`)
}

/** How many operations the posting queue has carried out since the start, and in how many database transactions. */
export async function readPostings(baseUrl: string): Promise<z.infer<typeof Stats>['postings']> {
  const response = await fetch(`${baseUrl}/api/v1/wallet/stats`)
  return Stats.parse(await response.json()).postings
}

/** Creates funded wallets over HTTP, as callers would. Returns their ids. */
export async function createWallets(baseUrl: string, count: number, balance: string): Promise<readonly string[]> {
  const walletIds: string[] = []
  let next = 0
  const createAll = async (): Promise<void> => {
    while (next < count) {
      next += 1
      walletIds.push(await createWallet(baseUrl, `bench-user-${next}`, balance))
    }
  }
  await Promise.all(Array.from({ length: CREATIONS_IN_FLIGHT }, createAll))
  return walletIds
}

async function createWallet(baseUrl: string, userId: string, balance: string): Promise<string> {
  const response = await fetch(`${baseUrl}/api/v1/wallets`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': `bench-creation-${userId}` },
    body: JSON.stringify({ user_id: userId, initial_balance: balance }),
  })
  const body = await response.text()
  if (response.status !== 200) throw new BenchFailure(`Creating a wallet answered ${response.status}: ${body}`)
  return Created.parse(JSON.parse(body)).wallet_id
}
