// The committed Postman collection against a real service: it passes, again and again on one database, calls every operation of
// openapi.yaml, and finds what is wrong with a service that lies.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import newman, { type NewmanRunSummary } from 'newman'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { operationAt, specification } from '../support/openapi.ts'
import { closeFaultless, type OneService, startOneService } from '../support/service.ts'
import { type PassingAnswer, type PassingRequest, startTamperingProxy } from '../support/tampering-proxy.ts'

const COLLECTION = fileURLToPath(new URL('../../postman/wallet-service.postman_collection.json', import.meta.url))
const ENVIRONMENT = fileURLToPath(new URL('../../postman/local.postman_environment.json', import.meta.url))
const COMMAND = fileURLToPath(new URL('../../scripts/postman.ts', import.meta.url))
/** Status, content type, request id and shape are asserted of every answer in JSON; of text, all but the shape. */
const FEWEST_ASSERTIONS = 4

let one: OneService

beforeAll(async () => {
  one = await startOneService()
})
afterAll(() => closeFaultless(one))

function run(baseUrl: string, variables: Readonly<Record<string, string>> = {}): Promise<NewmanRunSummary> {
  const envVar = Object.entries({ baseUrl, ...variables }).map(([key, value]) => ({ key, value }))
  return new Promise((done, fail) => {
    newman.run({ collection: COLLECTION, environment: ENVIRONMENT, envVar }, (error, summary) =>
      error === null ? done(summary) : fail(error),
    )
  })
}

/** Each request with the assertions that failed, named; requests without one are left out. */
function failuresOf(summary: NewmanRunSummary): string[] {
  return summary.run.failures.map(({ source, error }) => `${source?.name ?? '?'}: ${error.test ?? error.message}`)
}

test('everything passes, every request is asserted of, and every operation is called', async () => {
  const { run: first } = await run(one.service.url)
  expect(first.failures.map(({ source, error }) => `${source?.name ?? '?'}: ${error.message}`)).toEqual([])
  const { executions } = first
  const bare = executions.filter(({ assertions }) => (assertions ?? []).length < FEWEST_ASSERTIONS)
  expect(bare.map(({ item }) => item.name)).toEqual([])
  const called = executions.map(({ request }) => {
    const path = request.url.getPath()
    return operationAt(request.method, path)?.operation.operationId
  })
  const documented = Object.values(specification.paths).flatMap((operations) =>
    Object.values(operations).map(({ operationId }) => operationId),
  )
  expect(new Set(called.filter((operationId) => operationId !== undefined))).toEqual(new Set(documented))
  // Without credentials, none are sent.
  expect(
    executions.filter(({ request }) => request.headers.has('Authorization') || request.headers.has('X-API-Key')),
  ).toEqual([])
})

test('npm run postman passes on the same database, and says so by its exit code', async () => {
  const passed = await command([], { BASE_URL: one.service.url, USER_ID: 'given-a', OTHER_USER_ID: 'given-b' })
  expect(passed).toMatchObject({ code: 0, errors: '' })
  expect(passed.output).toMatch(/assertions │ +[1-9]\d* │ +0 │/)
})

test('npm run postman fails where something is wrong', async () => {
  const proxy = await startTamperingProxy(one.service.url, {
    change: ({ path }, answer) => {
      if (path === '/health') answer.status = 201
    },
  })
  try {
    expect(await command(['--base-url', proxy.url, '--folder', 'Health'])).toMatchObject({ code: 1 })
  } finally {
    await proxy.close()
  }
  expect(await command(['--loud'])).toMatchObject({ code: 2 })
  expect(await command(['--folder', 'Nowhere'])).toMatchObject({ code: 2 })
  expect((await command(['--help'])).output).toMatch(/^npm run postman/)
})

/** The users of the command's run: the same ones may come again. */
const GIVEN = { givenUserId: 'given-a', givenOtherUserId: 'given-b' }

/** A lie, and the assertions that must find it. None of them is about a value that later requests build on. */
interface Lie {
  readonly about: string
  readonly told: (request: PassingRequest, answer: PassingAnswer) => boolean
  readonly found: readonly string[]
}

const replaceIn = (answer: PassingAnswer, from: string | RegExp, to: string): boolean => {
  const before = answer.text
  answer.text = before.replace(from, to)
  return answer.text !== before
}
const dropHeader = (answer: PassingAnswer, name: string): boolean => delete answer.headers[name]

const SHAPE = 'it has the members and types of openapi.yaml'

const LIES: readonly Lie[] = [
  {
    about: 'another status',
    told: ({ path }, answer) => path === '/health' && (answer.status = 201) > 0,
    found: ['Health: status is 200'],
  },
  {
    about: 'a digit of a balance',
    told: ({ path, method }, answer) =>
      path.endsWith('/reward') && method === 'POST' && replaceIn(answer, /"balance":"162\./, '"balance":"163.'),
    found: ['Reward wallet A with 5: the balance shown is the one after the row'],
  },
  {
    about: 'a row that begins elsewhere',
    told: ({ path }, answer) =>
      path.endsWith('/withdraw') && replaceIn(answer, /"balance_before":"162\./, '"balance_before":"161.'),
    found: ['Withdraw 20 from wallet A: wallet A: exactly what it had, minus the amount'],
  },
  {
    about: 'the last digit of a number',
    told: ({ path }, answer) =>
      path.startsWith('/api/v1/wallets') &&
      path.endsWith('/consume') &&
      replaceIn(answer, /("remaining_balance":[0-9.]+1)/, '$11'),
    found: ['Consume 30.25 of wallet A: what is left'],
  },
  {
    about: 'a replay that does not say so',
    told: ({ path, headers }, answer) =>
      path.endsWith('/deposit') &&
      headers['idempotency-key'] !== undefined &&
      answer.headers['idempotency-replayed'] !== undefined &&
      dropHeader(answer, 'idempotency-replayed'),
    found: ['Replay: the same deposit again: says that this is the first answer again'],
  },
  {
    about: 'a member that is missing',
    told: ({ path }, answer) => path.includes('/holds?status=pending') && replaceIn(answer, '"metadata":{},', ''),
    found: [`Pending holds of wallet A: ${SHAPE}`],
  },
  {
    about: 'a member of another type',
    told: ({ path }, answer) =>
      path.includes('transaction_type=consume') && replaceIn(answer, '"offset":0', '"offset":"0"'),
    found: [`Consumption of wallet A: ${SHAPE}`],
  },
  {
    about: 'a refusal as plain JSON',
    told: ({ path }, answer) => {
      if (!path.includes('limit=101')) return false
      answer.headers['content-type'] = 'application/json'
      return true
    },
    found: ['Refused: a page of 101: it is application/problem+json'],
  },
  {
    about: 'another code',
    told: ({ path, body }, answer) =>
      path.endsWith('/transfer') &&
      body.includes('0000-7000') &&
      replaceIn(answer, 'wallet_not_found","succ', 'hold_not_found","succ'),
    found: [
      `Refused: transfer to an unknown wallet: ${SHAPE}`,
      'Refused: transfer to an unknown wallet: it is refused as wallet_not_found',
    ],
  },
  {
    about: 'a total that does not add up',
    told: ({ path }, answer) =>
      path.endsWith('/statistics') && path.includes('/wallets/') && replaceIn(answer, /"12\.5"/g, '"12.4"'),
    found: [
      'Statistics of wallet A: the totals are those of the run',
      'Statistics of wallet A: together they are the balance',
    ],
  },
]

test('what is wrong with a service that lies is found, each lie by the assertions that are about it', async () => {
  const told = new Set<string>()
  const proxy = await startTamperingProxy(one.service.url, {
    change: (request, answer) => {
      for (const lie of LIES) if (lie.told(request, answer)) told.add(lie.about)
    },
  })
  try {
    const summary = await run(proxy.url, { token: 'a-token', apiKey: 'a-key', ...GIVEN })
    expect([...told].toSorted()).toEqual(LIES.map(({ about }) => about).toSorted())
    expect(failuresOf(summary).toSorted()).toEqual(LIES.flatMap(({ found }) => found).toSorted())
    const credentials = proxy.requests.map(
      ({ headers }) => `${headers['authorization']} ${String(headers['x-api-key'])}`,
    )
    expect(new Set(credentials)).toEqual(new Set(['Bearer a-token a-key']))
  } finally {
    await proxy.close()
  }
})

interface CommandRun {
  readonly code: unknown
  readonly output: string
  readonly errors: string
}

function command(options: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<CommandRun> {
  const words = ['--disable-warning=DEP0176', COMMAND, ...options]
  const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...environment }
  return new Promise((done) => {
    execFile(process.execPath, words, { env, maxBuffer: 2 ** 24 }, (error, output, errors) =>
      done({ code: error === null ? 0 : error.code, output, errors }),
    )
  })
}
