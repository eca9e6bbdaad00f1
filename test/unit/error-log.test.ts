// Which failed requests are in the log, and how often: what load or an outage repeats is said once in a while, what may be a
// bug or leaves somebody in doubt every time.
import Fastify from 'fastify'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { AppError, type ErrorCode } from '../../src/domain/errors.ts'
import { createErrorSender } from '../../src/http/plugins/errors.ts'
import { createLogger } from '../../src/observability/logger.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

/** An application each of whose requests fails with the code that is its path, and what that writes to the log. */
function failing() {
  const lines: Record<string, unknown>[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) }
  const app = Fastify()
  app.setErrorHandler(createErrorSender(createLogger({ level: 'info', version: '0.1.0', destination })))
  app.get<{ Params: { code: ErrorCode } }>('/:code', async ({ params: { code } }) => {
    throw new AppError(code, `It is ${code}`, { cause: new Error('the cause') })
  })
  const ask = async (code: ErrorCode, times: number): Promise<void> => {
    for (let index = 0; index < times; index += 1) await app.inject(`/${code}`)
  }
  return { lines, ask }
}

test.each(['overloaded', 'peer_unavailable', 'database_unavailable', 'wallet_busy'] as const)(
  '%s: one line a second, with how many there were',
  async (code) => {
    const { lines, ask } = failing()
    await ask(code, 20)
    vi.advanceTimersByTime(999)
    await ask(code, 1)
    expect(lines).toMatchObject([
      { level: 'warn', code, refused: 1, msg: `It is ${code}`, err: { message: 'the cause' } },
    ])
    vi.advanceTimersByTime(1)
    await ask(code, 20)
    expect(lines.slice(1)).toMatchObject([{ level: 'warn', code, refused: 21 }])
  },
)

test('one kind of failure does not hide another', async () => {
  const { lines, ask } = failing()
  for (const code of ['overloaded', 'peer_unavailable', 'overloaded', 'wallet_busy'] as const) await ask(code, 1)
  expect(lines.map(({ code }) => code)).toEqual(['overloaded', 'peer_unavailable', 'wallet_busy'])
})

test.each([
  ['internal_error', 'error'],
  ['outcome_unknown', 'warn'],
] as const)('%s: a line for each, with its cause', async (code, level) => {
  const { lines, ask } = failing()
  await ask(code, 3)
  expect(lines).toHaveLength(3)
  for (const line of lines) expect(line).toMatchObject({ level, code, err: { message: 'the cause' } })
})

test('what callers are to mend themselves is in no line', async () => {
  const { lines, ask } = failing()
  await ask('insufficient_balance', 3)
  expect(lines).toEqual([])
})
