// What a watch asks next after each kind of answer, without an agent: with one, states that run backwards cannot be had at will.
import { expect, test } from 'vitest'
import type { PassingAnswer } from '../../src/peers/consul-client.ts'
import { PeerInstances } from '../../src/peers/peer-instances.ts'
import { watchPeer } from '../../src/peers/peer-watch.ts'

const silent = { info: () => undefined, warn: () => undefined }

/** The indexes that are asked with, until the answers are used up. */
async function askedAfter(answers: readonly (PassingAnswer | Error)[]): Promise<{ asked: number[]; url: string }> {
  const stopping = new AbortController()
  const asked: number[] = []
  const instances = new PeerInstances({
    service: 'account_service',
    fallbackUrl: 'http://fallback',
    emptyGraceMs: 60_000,
    log: silent,
  })
  const passing = async (_service: string, { index }: { readonly index: number }): Promise<PassingAnswer> => {
    asked.push(index)
    const answer = answers[asked.length - 1]
    if (answer === undefined) stopping.abort()
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error('stopped')
    return answer
  }
  const options = { service: 'account_service', client: { passing }, instances, waitMs: 1, retryMaxMs: 1 }
  await watchPeer(options, stopping.signal)
  instances.stop()
  return { asked, url: instances.next() }
}

test('the log shows where the fallback is, without its credentials and its path', () => {
  const said: unknown[] = []
  const say = (_: string, { url }: Readonly<Record<string, unknown>>): void => void said.push(url)
  const instances = new PeerInstances({
    service: 'account_service',
    fallbackUrl: 'http://wallet:secret@fallback:8202/gateway?key=secret',
    emptyGraceMs: 60_000,
    log: { info: say, warn: say },
  })
  instances.failed('nobody there')
  expect(said).toEqual(['http://fallback:8202'])
})

const at = (index: number, ...urls: string[]): PassingAnswer => ({ index, urls, unusable: 0 })

test.each([
  { what: 'a newer state is waited upon', answers: [at(5, 'a'), at(7, 'b')], asked: [0, 5, 7], url: 'b' },
  { what: 'the same state again is, too', answers: [at(5, 'a'), at(5, 'a')], asked: [0, 5, 5], url: 'a' },
  { what: 'an index that runs backwards begins anew', answers: [at(5, 'a'), at(3, 'b')], asked: [0, 5, 0], url: 'b' },
  { what: 'without an index it begins anew', answers: [at(5, 'a'), at(0, 'b')], asked: [0, 5, 0], url: 'b' },
  {
    what: 'after a failure it begins anew, and what is known stays',
    answers: [at(5, 'a'), new Error('HTTP 400'), new Error('HTTP 500')],
    asked: [0, 5, 0, 0],
    url: 'a',
  },
  { what: 'nobody is not believed at once', answers: [at(5, 'a'), at(6)], asked: [0, 5, 6], url: 'a' },
  { what: 'nobody from the beginning is', answers: [at(5)], asked: [0, 5], url: 'http://fallback' },
])('$what', async ({ answers, asked, url }) => {
  expect(await askedAfter(answers)).toEqual({ asked, url })
})
