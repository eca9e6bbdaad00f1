// How long an answer of "nobody" is doubted, and how often trouble is told of, while answers and failures take turns.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { PeerInstances } from '../../src/peers/peer-instances.ts'

const GRACE_MS = 60_000

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function startInstances() {
  const lines: string[] = []
  const log = (message: string): void => void lines.push(message)
  const instances = new PeerInstances({
    service: 'account_service',
    fallbackUrl: 'http://fallback',
    emptyGraceMs: GRACE_MS,
    log: { info: log, warn: log },
  })
  const answered = (urls: readonly string[], unusable = 0): void => instances.answered({ urls, unusable })
  return { instances, answered, lines }
}

const KNOWN = 'Consul knows the instances'
const DOUBTED = 'Consul knows no passing instance any more; those known last are used for now'
const FAILING = 'Consul gives no usable answer; the instances known last are used'
const FALLBACK = 'A peer service is called at its fallback address'
const UNUSABLE = 'Consul knows instances without a usable address, which are passed over'

test('failures in between do not begin the time for "nobody" again, and repeat no line', () => {
  const { instances, answered, lines } = startInstances()
  answered(['http://one'])
  for (let round = 0; round < 5; round += 1) {
    answered([])
    vi.advanceTimersByTime(GRACE_MS / 10)
    instances.failed('refused')
    vi.advanceTimersByTime(GRACE_MS / 10)
  }
  expect(instances.next()).toBe('http://one')
  expect(lines).toEqual([KNOWN, DOUBTED, FAILING])
  // The time is over, and now it is said that there is still nobody.
  answered([])
  vi.advanceTimersByTime(1)
  expect(instances.next()).toBe('http://fallback')
  expect(lines).toEqual([KNOWN, DOUBTED, FAILING, FALLBACK])
})

test('the time does not run out while Consul fails: nobody has said that there is still nobody', () => {
  const { instances, answered, lines } = startInstances()
  answered(['http://one'])
  answered([])
  instances.failed('refused')
  vi.advanceTimersByTime(2 * GRACE_MS)
  instances.failed('refused')
  expect(instances.next()).toBe('http://one')
  expect(lines).toEqual([KNOWN, DOUBTED, FAILING])
})

test('an answer with instances ends it all: the next "nobody" has the whole time, the next failure its line', () => {
  const { instances, answered, lines } = startInstances()
  answered(['http://one'])
  answered([])
  instances.failed('refused')
  answered(['http://two'])
  vi.advanceTimersByTime(GRACE_MS)
  answered([])
  vi.advanceTimersByTime(GRACE_MS - 1)
  expect(instances.next()).toBe('http://two')
  instances.failed('refused')
  expect(lines).toEqual([KNOWN, DOUBTED, FAILING, KNOWN, DOUBTED, FAILING])
})

test('instances that cannot be called are told of when their number changes', () => {
  const { answered, lines } = startInstances()
  for (const unusable of [1, 1, 2, 2, 0, 0, 1]) answered(['http://one'], unusable)
  expect(lines).toEqual([UNUSABLE, KNOWN, UNUSABLE, UNUSABLE])
})
