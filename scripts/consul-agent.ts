// A Consul agent of one's own on this machine: a server of one node, on 127.0.0.1 only, with ports of its own choosing. The
// program is found by debian-program.ts; tests start this too.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createServer } from 'node:net'
import { parseArgs } from 'node:util'
import { type FoundProgram, findProgram, ProgramNotFoundError, type WantedProgram } from './debian-program.ts'
import { freePorts } from './free-ports.ts'

/** Debian's newer suites have none. */
export const CONSUL: WantedProgram = { program: 'consul', packages: ['consul'], suite: 'bullseye' }

const HELP = `npm run dev:consul -- [--http-port PORT] [--data-dir FOLDER] [--acl-token TOKEN]

  --http-port PORT    where its HTTP API listens; 0: any free port (8500, which is where the service looks)
  --data-dir FOLDER   keeps its data there; default: a new folder, which goes with the agent
  --acl-token TOKEN   refuses whoever does not bring this token (CONSUL_HTTP_TOKEN)
  --help              this page

Runs a Consul agent until Ctrl+C. A \`consul\` on the PATH is used; else Debian's package is unpacked into node_modules/.cache.
With the agent running, \`npm run dev\` in another terminal registers there by itself.`

const START_TIMEOUT_MS = 30_000
const STOP_TIMEOUT_MS = 5000
const POLL_MS = 50
const PARENT_POLL_MS = 250
const START_ATTEMPTS = 3

/** It did not start; the message says why. */
class ConsulAgentError extends Error {
  override readonly name = 'ConsulAgentError'
}

export interface ConsulAgentOptions {
  /** 0: any free one. */
  readonly httpPort: number
  /** `null`: a new folder, which is removed when the agent stops. */
  readonly dataDir: string | null
  /** Brought by whoever may do anything; without it nobody may do anything. `null`: everybody may. */
  readonly aclToken: string | null
}

export interface ConsulAgent {
  readonly url: string
  readonly httpPort: number
  readonly pid: number
  /** Its last lines. */
  readonly log: readonly string[]
  /** When the process has ended, whoever ended it. */
  readonly ended: Promise<void>
  stop(): Promise<void>
}

/** Starts an agent and waits until it has a leader, which is itself. */
export async function startConsulAgent(options: ConsulAgentOptions): Promise<ConsulAgent> {
  const program = await findProgram(CONSUL)
  if (options.httpPort !== 0) await refuseIfTaken(options.httpPort)
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(program, options)
    } catch (error) {
      // Somebody may have taken one of the free ports meanwhile.
      if (attempt === START_ATTEMPTS || !(error instanceof ConsulAgentError)) throw error
    }
  }
}

async function refuseIfTaken(port: number): Promise<void> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new ConsulAgentError(
      `Port ${port} on 127.0.0.1 is taken: stop what listens there, or take another --http-port.`,
      { cause: error },
    )
  }
  await new Promise((resolve) => server.close(resolve))
}

async function startOnce(program: FoundProgram, options: ConsulAgentOptions): Promise<ConsulAgent> {
  const folder = await mkdtemp(join(tmpdir(), 'wallet-service-consul-'))
  const dataDir = options.dataDir ?? join(folder, 'data')
  await mkdir(dataDir, { recursive: true })
  const ports = await freePorts(4)
  const [server = 0, serfLan = 0, serfWan = 0, free = 0] = ports
  const httpPort = options.httpPort === 0 ? free : options.httpPort
  await writeFile(
    join(folder, 'agent.json'),
    JSON.stringify(settingsOf({ options, dataDir, ports: { http: httpPort, server, serfLan, serfWan } })),
  )
  const child = spawn(program.path, ['agent', `-config-file=${join(folder, 'agent.json')}`], {
    env: { ...process.env, ...program.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log = lastLinesOf(child)
  const ended = once(child, 'exit').then(() => rm(folder, { recursive: true, force: true }))
  const url = `http://127.0.0.1:${httpPort}`
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    const timer = new AbortController()
    const kill = delay(STOP_TIMEOUT_MS, undefined, { signal: timer.signal }).then(
      () => void child.kill('SIGKILL'),
      () => undefined,
    )
    await Promise.race([ended, kill])
    timer.abort()
    await ended
  }
  const agent = { url, httpPort, pid: child.pid ?? 0, log, ended, stop }
  try {
    await waitForLeader(child, { url, log })
  } catch (error) {
    await stop()
    throw error
  }
  return agent
}

function settingsOf(parts: {
  readonly options: ConsulAgentOptions
  readonly dataDir: string
  readonly ports: Readonly<Record<'http' | 'server' | 'serfLan' | 'serfWan', number>>
}): object {
  const { options, dataDir, ports } = parts
  const { aclToken } = options
  return {
    server: true,
    bootstrap_expect: 1,
    node_name: 'local',
    bind_addr: '127.0.0.1',
    client_addr: '127.0.0.1',
    data_dir: dataDir,
    log_level: 'warn',
    // Two agents on one machine would otherwise take each other for themselves.
    disable_host_node_id: true,
    // A single server need not wait as long for the votes of others: a second instead of five.
    performance: { raft_multiplier: 1 },
    // It ends at SIGTERM without forgetting who was registered, as if its machine had gone down.
    leave_on_terminate: false,
    disable_update_check: true,
    ports: {
      http: ports.http,
      server: ports.server,
      serf_lan: ports.serfLan,
      serf_wan: ports.serfWan,
      dns: -1,
      grpc: -1,
    },
    ...(aclToken !== null && { acl: { enabled: true, default_policy: 'deny', tokens: { master: aclToken } } }),
  }
}

async function waitForLeader(
  child: ChildProcess,
  { url, log }: { readonly url: string; readonly log: readonly string[] },
): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new ConsulAgentError(`The Consul agent ended at once:\n${log.join('\n')}`)
    }
    const answer = await fetch(`${url}/v1/status/leader`).catch(() => null)
    if (answer?.ok === true && (await answer.text()).length > 2) return
    await delay(POLL_MS)
  }
  throw new ConsulAgentError(`The Consul agent has no leader after ${START_TIMEOUT_MS} ms:\n${log.join('\n')}`)
}

function lastLinesOf(child: ChildProcess): readonly string[] {
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      lines.push(...chunk.toString().trimEnd().split('\n'))
      lines.splice(0, Math.max(0, lines.length - 30))
    })
  }
  return lines
}

/** `kill` of an `npm run` ends npm and its shell, which passes nothing on: without them, nobody is left to stop us. */
function followParent(parent: number, stop: () => void): void {
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    stop()
  }, PARENT_POLL_MS)
  watch.unref()
}

async function main(): Promise<void> {
  const parent = process.ppid
  const { values } = parseArgs({
    options: {
      'http-port': { type: 'string', default: '8500' },
      'data-dir': { type: 'string' },
      'acl-token': { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    console.log(HELP)
    return
  }
  const httpPort = Number(values['http-port'])
  if (!Number.isInteger(httpPort) || httpPort < 0 || httpPort > 65_535) {
    throw new ConsulAgentError(`--http-port is ${values['http-port']}; expected a whole number from 0 to 65535.`)
  }
  const aclToken = values['acl-token'] ?? null
  const agent = await startConsulAgent({ httpPort, dataDir: values['data-dir'] ?? null, aclToken })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void agent.stop())
  if (process.env['npm_lifecycle_event'] !== undefined) followParent(parent, () => void agent.stop())
  console.log(`Consul listens on ${agent.url} (its own page: ${agent.url}/ui)`)
  if (httpPort !== 8500) console.log(`The service finds it with CONSUL_HTTP_ADDR=${agent.url}`)
  if (aclToken !== null) console.log(`and with CONSUL_HTTP_TOKEN=${aclToken}`)
  await agent.ended
}

if (import.meta.main) {
  try {
    await main()
  } catch (error) {
    const expected = error instanceof ConsulAgentError || error instanceof ProgramNotFoundError
    console.error(expected ? error.message : error)
    process.exitCode = 1
  }
}
