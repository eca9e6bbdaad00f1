// Stopping: phases in order, none of them waited for too long, and a second signal that ends it at once.
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createShutdown, runPhases, type ShutdownPhase } from '../../src/shutdown.ts'

const never = (): Promise<void> => new Promise(() => undefined)

function recorder() {
  const events: string[] = []
  const phase = (name: string, run: () => Promise<void> | void = () => undefined): ShutdownPhase => ({
    name,
    timeoutMs: 50,
    run: () => {
      events.push(name)
      return run()
    },
  })
  const log = (message: string, fields: Readonly<Record<string, unknown>>): void =>
    void events.push(`${message}: ${String(fields['phase'] ?? fields['reason'] ?? fields['clean'])}`)
  return { events, phase, log }
}

test('each phase begins when the one before it has ended', async () => {
  const { events, phase, log } = recorder()
  const slow = phase('first', async () => {
    await delay(10)
    events.push('first has ended')
  })
  expect(await runPhases([slow, phase('second')], log)).toBe(true)
  expect(events).toEqual(['first', 'first has ended', 'second'])
})

test('a phase that hangs, rejects or throws does not keep the next from its turn, and is told', async () => {
  const { events, phase, log } = recorder()
  const phases = [
    phase('hangs', never),
    phase('rejects', () => Promise.reject(new Error('no'))),
    phase('throws', () => {
      throw new Error('no')
    }),
    phase('last'),
  ]
  expect(await runPhases(phases, log)).toBe(false)
  expect(events).toEqual([
    'hangs',
    'A phase of the shutdown did not end in time: hangs',
    'rejects',
    'A phase of the shutdown failed: rejects',
    'throws',
    'A phase of the shutdown failed: throws',
    'last',
  ])
})

test('the first signal stops in order and exits with its code', async () => {
  const { events, phase, log } = recorder()
  const code = await new Promise<number>((exit) => {
    createShutdown({ phases: () => [phase('only')], log, exit })('SIGTERM', 0)
  })
  expect(code).toBe(0)
  expect(events).toEqual(['Stopping: SIGTERM', 'only', 'Stopped: true'])
})

test('a stop that is not clean exits with 1', async () => {
  const { phase, log } = recorder()
  const code = await new Promise<number>((exit) => {
    createShutdown({ phases: () => [phase('hangs', never)], log, exit })('SIGTERM', 0)
  })
  expect(code).toBe(1)
})

test('the second signal exits at once', () => {
  const { events, phase, log } = recorder()
  const codes: number[] = []
  const stop = createShutdown({ phases: () => [phase('hangs', never)], log, exit: (code) => void codes.push(code) })
  stop('SIGINT', 0)
  stop('SIGINT', 0)
  expect(codes).toEqual([1])
  expect(events).toEqual(['Stopping: SIGINT', 'hangs', 'Stopping at once: SIGINT'])
})
