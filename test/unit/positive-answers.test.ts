// Answers that are believed for a while: only a yes, only so long, and one question for all who ask at the same time.
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { PositiveAnswers } from '../../src/services/positive-answers.ts'

const LONG_MS = 3_600_000
const DEADLINE_MS = 10_000

function asked(answer: 'yes' | 'no' | Error) {
  const loads: string[] = []
  const load = (key: string) => async () => {
    loads.push(key)
    if (answer instanceof Error) throw answer
    return answer
  }
  return { loads, load }
}

test('a yes is believed, of its own question only', async () => {
  const answers = new PositiveAnswers<'yes' | 'no'>({ yes: 'yes', maxAgeMs: LONG_MS })
  const { load } = asked('yes')
  expect(answers.isBelieved('a')).toBe(false)
  expect(await answers.ask('a', load('a'))).toBe('yes')
  expect([answers.isBelieved('a'), answers.isBelieved('b')]).toEqual([true, false])
})

test('a no is not, nor is a failure', async () => {
  const answers = new PositiveAnswers<'yes' | 'no'>({ yes: 'yes', maxAgeMs: LONG_MS })
  const { loads, load } = asked('no')
  expect([await answers.ask('a', load('a')), await answers.ask('a', load('a'))]).toEqual(['no', 'no'])
  expect(loads).toEqual(['a', 'a'])
  const failure = new Error('out of reach')
  const failing = asked(failure)
  await expect(answers.ask('a', failing.load('a'))).rejects.toBe(failure)
  await expect(answers.ask('a', failing.load('a'))).rejects.toBe(failure)
  expect(failing.loads).toEqual(['a', 'a'])
  expect(answers.isBelieved('a')).toBe(false)
})

test('a yes is forgotten when it is too old', async () => {
  const answers = new PositiveAnswers<'yes' | 'no'>({ yes: 'yes', maxAgeMs: 20 })
  await answers.ask('a', asked('yes').load('a'))
  const deadline = Date.now() + DEADLINE_MS
  while (answers.isBelieved('a')) {
    expect(Date.now()).toBeLessThan(deadline)
    await delay(5)
  }
})

test('an age of 0 believes nothing', async () => {
  const answers = new PositiveAnswers<'yes' | 'no'>({ yes: 'yes', maxAgeMs: 0 })
  await answers.ask('a', asked('yes').load('a'))
  expect(answers.isBelieved('a')).toBe(false)
})

test('whoever asks meanwhile shares the answer, or the failure', async () => {
  const answers = new PositiveAnswers<'yes' | 'no'>({ yes: 'yes', maxAgeMs: 0 })
  const { loads, load } = asked('yes')
  const all = await Promise.all(Array.from({ length: 50 }, () => answers.ask('a', load('a'))))
  expect([new Set(all), loads]).toEqual([new Set(['yes']), ['a']])
  const failing = asked(new Error('out of reach'))
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => answers.ask('a', failing.load('a'))))
  expect([new Set(outcomes.map(({ status }) => status)), failing.loads]).toEqual([new Set(['rejected']), ['a']])
})

test('ten thousand are remembered, and the oldest is forgotten for one more', async () => {
  const answers = new PositiveAnswers<'yes' | 'no'>({ yes: 'yes', maxAgeMs: LONG_MS })
  const { load } = asked('yes')
  for (let key = 0; key <= 10_000; key += 1) await answers.ask(String(key), load(String(key)))
  expect([answers.isBelieved('0'), answers.isBelieved('1'), answers.isBelieved('10000')]).toEqual([false, true, true])
})
