// Tests that need a program which is not to be had: left out and told of, or a failure where everything must run.
import { afterEach, expect, test, vi } from 'vitest'
import { findProgram, ProgramNotFoundError, type WantedProgram } from '../../scripts/debian-program.ts'
import { testsWithoutProgram } from '../support/programs.ts'

const needs = [
  { wanted: { program: 'here', packages: ['here'] }, tests: ['test/here.test.ts'] },
  { wanted: { program: 'gone', packages: ['gone'] }, tests: ['test/gone-1.test.ts', 'test/gone-2.test.ts'] },
] as const

function find({ program }: WantedProgram): Promise<void> {
  return program === 'here' ? Promise.resolve() : Promise.reject(new ProgramNotFoundError('There is no gone.'))
}

afterEach(() => void vi.unstubAllEnvs())

test('are left out, with a sentence that says which and why', async () => {
  const told: string[] = []
  const lacking = await testsWithoutProgram({ needs, find, strict: false, tell: (sentence) => told.push(sentence) })
  expect(lacking).toEqual(['test/gone-1.test.ts', 'test/gone-2.test.ts'])
  expect(told).toEqual(['NOT RUN: test/gone-1.test.ts, test/gone-2.test.ts. There is no gone.'])
})

test('fail the run where all must run', async () => {
  await expect(testsWithoutProgram({ needs, find, strict: true })).rejects.toThrow('There is no gone.')
})

test.each(['true', '1'])('CI=%s is where all must run', async (value) => {
  vi.stubEnv('CI', value)
  await expect(testsWithoutProgram({ needs, find })).rejects.toThrow('There is no gone.')
})

test.each([undefined, '', '0', 'false'])('CI=%s is not', async (value) => {
  vi.stubEnv('CI', value)
  const lacking = await testsWithoutProgram({ needs, find, tell: () => undefined })
  expect(lacking).toEqual(['test/gone-1.test.ts', 'test/gone-2.test.ts'])
})

test('all are looked for at once', async () => {
  const asked: string[] = []
  const all = Promise.withResolvers<void>()
  const findTogether = ({ program }: WantedProgram): Promise<void> => {
    if (asked.push(program) === needs.length) all.resolve()
    return all.promise
  }
  expect(await testsWithoutProgram({ needs, find: findTogether })).toEqual([])
  expect(asked).toEqual(['here', 'gone'])
})

test('without sources of Debian’s the sentence says what to do, and the search is not made again', async () => {
  const wanted = { program: 'no-such-program', packages: ['no-such-package'] } as const
  const failure = await findProgram(wanted, '/no/debian.sources').catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(ProgramNotFoundError)
  expect(failure).toHaveProperty(
    'message',
    "There is no no-such-program on the PATH; only Debian's packages can be brought, and this machine does not say where " +
      'they are (/no/debian.sources): put no-such-program on the PATH.',
  )
  await expect(findProgram(wanted)).rejects.toBe(failure)
})

test('a fault of our own is not taken for a missing program', async () => {
  const broken = (): Promise<never> => Promise.reject(new TypeError('ours'))
  await expect(testsWithoutProgram({ needs, find: broken, strict: false })).rejects.toThrow('ours')
})
