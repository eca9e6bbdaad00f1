// scripts/smoke.sh against a real service: it passes, again and again on one database, and it fails, naming the check, when the
// service is away, not ready or wrong.
import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findProgram } from '../../scripts/debian-program.ts'
import { closeFaultless, type OneService, startOneService } from '../support/service.ts'
import { smokeEnvironment } from '../support/smoke-tools.ts'
import { withClient } from '../support/sql.ts'
import { type PassingRequest, startTamperingProxy } from '../support/tampering-proxy.ts'

const SCRIPT = fileURLToPath(new URL('../../scripts/smoke.sh', import.meta.url))
const FEWEST_CHECKS = 45
/** Before every line that only -v shows. */
const INDENT = '       '

let one: OneService
let tools: Record<string, string>

beforeAll(async () => {
  tools = await smokeEnvironment()
  one = await startOneService()
})
afterAll(() => closeFaultless(one))

interface SmokeRun {
  readonly code: number
  readonly lines: readonly string[]
  readonly errors: string
  /** The names of the checks that failed, in their order. */
  readonly failed: readonly string[]
}

function smoke(environment: Readonly<Record<string, string>>, options: readonly string[] = []): Promise<SmokeRun> {
  return new Promise((done) => {
    execFile('bash', [SCRIPT, ...options], { env: { ...tools, ...environment } }, (error, stdout, stderr) => {
      const lines = stdout.trimEnd().split('\n')
      const failed = lines.flatMap((line) => /^FAIL +\d+ {2}(.*?): /.exec(line)?.[1] ?? [])
      const code = error === null ? 0 : Number(error.code)
      done({ code, lines, errors: stderr, failed })
    })
  })
}

/** What a run comes to: nothing failed, and the checks are numbered and counted right. */
function verdictOf({ code, lines, errors }: SmokeRun) {
  const numbers = lines.flatMap((line) => /^ok +(\d+) {2}\S/.exec(line)?.[1] ?? []).map(Number)
  return {
    code,
    errors,
    otherLines: lines.slice(1, -1).filter((line) => !/^(?:ok|--)/.test(line)),
    isNumbered: numbers.every((number, index) => number === index + 1),
    isCounted: lines.at(-1) === `smoke: ${numbers.length} checks, 0 failed`,
    hasEnough: numbers.length >= FEWEST_CHECKS,
  }
}
const ALL_WELL = { code: 0, errors: '', otherLines: [], isNumbered: true, isCounted: true, hasEnough: true }

test('everything passes, and passes again on the same database', async () => {
  const given = { USER_ID: 'given "a"', OTHER_USER_ID: 'given-b' }
  expect(verdictOf(await smoke({ BASE_URL: one.service.url, ...given }))).toEqual(ALL_WELL)
  expect(verdictOf(await smoke({ BASE_URL: `${one.service.url}/`, ...given }))).toEqual(ALL_WELL)
})

test('waits for readiness, and sends its credentials with every request and nowhere else', async () => {
  let refusals = 1
  const proxy = await startTamperingProxy(one.service.url, {
    answerInstead: ({ path }) => {
      if (path !== '/health/ready' || refusals === 0) return null
      refusals -= 1
      return { status: 503, headers: { 'content-type': 'application/json' }, text: '{"status":"not_ready"}' }
    },
  })
  try {
    const run = await smoke({ BASE_URL: proxy.url, TOKEN: 'a "token"', API_KEY: 'back\\slash' }, ['-v'])
    const [shown, checks] = [
      run.lines.filter((line) => line.startsWith(INDENT)),
      run.lines.filter((line) => !line.startsWith(INDENT)),
    ]
    expect(verdictOf({ ...run, lines: checks })).toEqual(ALL_WELL)
    expect(shown).toContain(`${INDENT}GET /health/ready `)
    const sent = proxy.requests.map(({ headers }) => [headers['authorization'], headers['x-api-key']])
    expect(new Set(sent.map(String))).toEqual(new Set(['Bearer a "token",back\\slash']))
    expect(run.lines.join('\n')).not.toMatch(/token|slash/)
  } finally {
    await proxy.close()
  }
})

const movesMoney = ({ path, body }: PassingRequest, verb: string, amount: string): boolean =>
  path.endsWith(`/${verb}`) && body.includes(amount)

test('a service that is wrong fails, and each check that finds it is named', async () => {
  let unfreezings = 0
  const consumed = new Set<string>()
  const proxy = await startTamperingProxy(one.service.url, {
    answerInstead: ({ path }) => {
      if (!path.endsWith('/unfreeze') || unfreezings++ > 0) return null
      return { status: 500, headers: { 'content-type': 'application/problem+json' }, text: '{"code":"internal_error"}' }
    },
    change: (request, answer) => {
      if (movesMoney(request, 'deposit', '"100"'))
        answer.text = answer.text.replace('"balance":"100"', '"balance":"101"')
      if (movesMoney(request, 'deposit', '345678')) answer.text = answer.text.replace('.42345678"', '.42345677"')
      if (request.path.includes('dry_run')) delete answer.headers['dry-run']
      if (movesMoney(request, 'consume', '30.05')) {
        if (consumed.has(request.path)) delete answer.headers['idempotency-replayed']
        else answer.text = answer.text.replace('"remaining_balance":70.25', '"remaining_balance":70.250')
        consumed.add(request.path)
      }
      if (movesMoney(request, 'transfer', '20.25')) answer.text = answer.text.replace('"30.25"', '"30.24"')
      if (request.path.includes('cursor=')) answer.text = answer.text.replace('"sequence":5', '"sequence":4')
      if (request.path.endsWith('/explain')) answer.text = answer.text.replace('"adds_up":true', '"adds_up":false')
    },
  })
  try {
    const run = await smoke({ BASE_URL: proxy.url })
    expect(run.code).toBe(1)
    expect(run.failed).toEqual([
      'deposit 100 raises the balance',
      'a number of 25 digits keeps them all',
      'a dry run says that it is one',
      'what is left has exact digits',
      'the same key gets the first answer again',
      'a replay says that it is one',
      'a transfer has two legs and its fee',
      'the history has every row once, newest first, page by page',
      'the balance explains itself',
      'and is unfrozen',
      'a wallet with money in it is not closed',
      'an empty one is',
    ])
    expect(run.lines.at(-1)).toMatch(/^smoke: \d+ checks, 12 failed$/)
  } finally {
    await proxy.close()
  }
  const frozen = await withClient(one.databaseUrl, (client) =>
    client.query("SELECT wallet_id FROM wallets WHERE status = 'frozen'"),
  )
  expect(frozen.rows).toEqual([])
})

test('where nothing listens it says so', async () => {
  const run = await smoke({ BASE_URL: `http://127.0.0.1:${await unusedPort()}`, WAIT_SECONDS: '1' })
  expect(run.code).toBe(1)
  expect(run.lines[1]).toMatch(/^smoke: nothing answers at http:\/\/127\.0\.0\.1:\d+ \(waited 1 s\): curl: .*connect/i)
  expect(run.lines.at(-1)).toBe('smoke: 0 checks, 0 failed')
})

test('a service that does not become ready is said to be so', async () => {
  const unready = { status: 503, headers: { 'content-type': 'application/json' }, text: '{"status":"not_ready"}' }
  const proxy = await startTamperingProxy(one.service.url, { answerInstead: () => ({ ...unready }) })
  try {
    const run = await smoke({ BASE_URL: proxy.url, WAIT_SECONDS: '0' })
    expect(run.code).toBe(1)
    expect(run.lines[1]).toMatch(/^smoke: the service is not ready .* 503: \{"status":"not_ready"\}$/)
  } finally {
    await proxy.close()
  }
})

test('without a wallet it stops, and says what to do where users are checked', async () => {
  const refusal = {
    status: 404,
    headers: { 'content-type': 'application/problem+json' },
    text: '{"code":"user_not_found"}',
  }
  const proxy = await startTamperingProxy(one.service.url, {
    answerInstead: ({ method, path }) => (method === 'POST' && path === '/api/v1/wallets' ? { ...refusal } : null),
  })
  try {
    const run = await smoke({ BASE_URL: proxy.url })
    expect(run.code).toBe(1)
    expect(run.failed).toEqual(['a wallet is opened, empty'])
    expect(run.lines.join('\n')).toContain('set USER_ID and OTHER_USER_ID')
  } finally {
    await proxy.close()
  }
})

test.each([
  [['--loud'], {}, 'there is no option --loud'],
  [[], { WAIT_SECONDS: 'a while' }, 'WAIT_SECONDS must be a whole number'],
  // Beside bash, neither curl nor jq.
  [[], { PATH: '/nowhere' }, 'curl is missing'],
])('wrong usage %j %j is exit code 2: %s', async (options, environment, message) => {
  const bash = await findProgram({ program: 'bash', packages: ['bash'] })
  const run = await new Promise<{ code: unknown; errors: string }>((done) => {
    execFile(bash.path, [SCRIPT, ...options], { env: { ...tools, ...environment } }, (error, _, errors) =>
      done({ code: error?.code, errors }),
    )
  })
  expect(run.code).toBe(2)
  expect(run.errors).toContain(message)
})

test('--help', async () => {
  const help = await smoke({}, ['--help'])
  expect(help.code).toBe(0)
  expect(help.lines[0]).toMatch(/^scripts\/smoke\.sh/)
})

/** A port that was free a moment ago. */
async function unusedPort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('There is no free port')
  return address.port
}
