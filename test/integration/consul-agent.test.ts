// `npm run dev:consul` as a developer meets it: help, an address to use, a port that is taken, and nothing left behind.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { soon } from '../support/consul.ts'

const SCRIPT = fileURLToPath(new URL('../../scripts/consul-agent.ts', import.meta.url))

function run(...words: string[]): {
  readonly child: ChildProcess
  readonly said: () => string
  readonly code: Promise<number>
} {
  const child = spawn(process.execPath, [SCRIPT, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  const chunks: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => chunks.push(String(chunk)))
  return { child, said: () => chunks.join(''), code: once(child, 'close').then(([code]) => Number(code)) }
}

test('--help says what it takes; what it does not take is refused', async () => {
  const help = run('--help')
  expect(await help.code).toBe(0)
  expect(help.said()).toContain('--http-port PORT')
  const wrong = run('--http-port', 'many')
  expect(await wrong.code).toBe(1)
  expect(wrong.said()).toBe('--http-port is many; expected a whole number from 0 to 65535.\n')
})

test('`kill` of an `npm run dev:consul` stops the agent too, although npm’s shell passes no signal on', async () => {
  const shell = spawn('sh', ['-c', `"${process.execPath}" "${SCRIPT}" --http-port 0; true`], {
    env: { ...process.env, npm_lifecycle_event: 'dev:consul' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const chunks: string[] = []
  shell.stdout.on('data', (chunk) => chunks.push(String(chunk)))
  await expect.poll(() => chunks.join(''), soon).toMatch(/Consul listens on/)
  const url = /http:\/\/[\d.:]+/.exec(chunks.join(''))?.[0] ?? ''
  expect((await fetch(`${url}/v1/status/leader`)).status).toBe(200)
  shell.kill('SIGTERM')
  // The pipe closes when the last process that writes to it has ended.
  await once(shell.stdout, 'close')
  await expect(fetch(url)).rejects.toThrow('fetch failed')
})

test('it says where it listens, refuses a port that is taken, and stops when asked to', async () => {
  const first = run('--http-port', '0')
  try {
    await expect.poll(first.said, soon).toMatch(/Consul listens on http:\/\/127\.0\.0\.1:\d+/)
    const url = /http:\/\/127\.0\.0\.1:(\d+)/.exec(first.said())
    expect(first.said()).toContain(`CONSUL_HTTP_ADDR=${url?.[0]}\n`)
    expect((await fetch(`${url?.[0]}/v1/status/leader`)).status).toBe(200)
    const second = run('--http-port', url?.[1] ?? '')
    expect(await second.code).toBe(1)
    expect(second.said()).toBe(
      `Port ${url?.[1]} on 127.0.0.1 is taken: stop what listens there, or take another --http-port.\n`,
    )
  } finally {
    first.child.kill('SIGTERM')
  }
  expect(await first.code).toBe(0)
  const url = /http:\/\/[\d.:]+/.exec(first.said())?.[0] ?? ''
  await expect(fetch(url)).rejects.toThrow('fetch failed')
})
