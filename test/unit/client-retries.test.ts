// When the client sends an operation again: rules of retries.ts over attempts that need no service.
import { expect, test } from 'vitest'
import { type Failure, repeatUntilDefinite } from '../../src/sdk/retries.ts'

const SETTINGS = { maxAttempts: 5, deadlineMs: 60_000, firstPauseMs: 1, longestPauseMs: 2 }

const failure = (outcome: Failure['outcome'], repeat: boolean, retryAfterMs = 0): Failure => ({
  error: new Error(outcome),
  outcome,
  repeat,
  retryAfterMs,
})

/** Runs attempts that end like this, one after the other; the last one again and again. */
async function ending(ends: readonly (Failure | 'answer')[], settings = SETTINGS, signal?: AbortSignal) {
  let index = -1
  const attempt = () => {
    index += 1
    const end = ends[Math.min(index, ends.length - 1)] ?? 'answer'
    return Promise.resolve(end === 'answer' ? { answer: 'done' } : { failure: end })
  }
  const retried: string[] = []
  const onRetry = ({ error }: Failure): void => void retried.push(error.message)
  return { ...(await repeatUntilDefinite({ attempt, settings, signal, onRetry })), retried }
}

const LOST = failure('unknown', true)
const BUSY = failure('not_here', true)
const REFUSED = failure('decided', false)
const LOCKED_OUT = failure('not_here', false)

test.each([
  { ends: ['answer'] as const, attempts: 1 },
  { ends: [LOST, BUSY, 'answer'] as const, attempts: 3 },
])('an answer after $attempts attempts is the answer', async ({ ends, attempts }) => {
  expect(await ending(ends)).toMatchObject({
    answer: 'done',
    attempts,
    retried: Array(attempts - 1).fill(expect.any(String)),
  })
})

test.each([
  { name: 'a refusal', ends: [REFUSED], attempts: 1, uncertain: false },
  { name: 'a refusal settles a lost answer', ends: [LOST, REFUSED], attempts: 2, uncertain: false },
  { name: 'no entrance settles nothing', ends: [LOST, LOCKED_OUT], attempts: 2, uncertain: true },
  { name: 'busy for ever', ends: [BUSY], attempts: 5, uncertain: false },
  { name: 'busy after a lost answer', ends: [LOST, BUSY], attempts: 5, uncertain: true },
  { name: 'lost for ever', ends: [LOST], attempts: 5, uncertain: true },
])('$name: $attempts attempts, uncertain $uncertain', async ({ ends, attempts, uncertain }) => {
  const answerLost = ends.includes(LOST)
  expect(await ending(ends)).toMatchObject({ failure: ends.at(-1), attempts, uncertain, answerLost })
})

test('nobody waits for a pause that the deadline would cut short', async () => {
  const asked = failure('not_here', true, SETTINGS.deadlineMs + 1)
  expect(await ending([asked])).toMatchObject({ failure: asked, attempts: 1 })
})

test('a signal ends a pause', async () => {
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 20)
  const patient = failure('unknown', true, 50_000)
  expect(await ending([patient], SETTINGS, controller.signal)).toMatchObject({ attempts: 1, uncertain: true })
})
