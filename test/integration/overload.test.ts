// More callers than the service takes: the queue stays bounded, the excess is told so, and nothing is lost.
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OneService, startOneService } from '../support/service.ts'

const CALLERS = 2000
const QUEUE_MAX = 500
const ROUNDS = 9
/** A heap grows for some rounds before V8 finds it worth a collection: by 12 to 73 MB from the second to the fourth one. */
const SETTLED_AFTER = 6

let one: OneService

beforeAll(async () => {
  one = await startOneService({ POSTING_QUEUE_MAX: String(QUEUE_MAX) })
})
afterAll(() => one.close())

test(`${CALLERS} callers at once, ${ROUNDS} times: excess gets overloaded with Retry-After, memory stays flat`, async () => {
  const { api, service } = one
  const wallet = await api.openWallet({ user_id: 'crowd' })
  let accepted = 0
  let refused = 0
  const memory: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const answers = await Promise.all(Array.from({ length: CALLERS }, () => api.deposit(wallet, 1)))
    const excess = answers.filter((answer) => answer.status !== 200)
    for (const answer of excess) {
      expect(answer.body).toMatchObject({ code: 'overloaded', retryable: true })
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    }
    accepted += answers.length - excess.length
    refused += excess.length
    memory.push(await residentMegabytes(service.pid))
  }
  expect(accepted + refused).toBe(CALLERS * ROUNDS)
  // The first wave fills the queue; whoever comes while it is full is refused.
  expect(refused).toBeGreaterThan(0)
  expect(accepted).toBeGreaterThanOrEqual(QUEUE_MAX)
  expect(await api.balanceOf(wallet)).toBe(String(accepted))
  // 2,000 waiting bodies kept for ever would show as tens of megabytes a round.
  const settled = Math.max(...memory.slice(0, SETTLED_AFTER))
  expect(memory.at(-1), `resident MB after each round: ${memory.join(', ')}`).toBeLessThan(settled + 60)
})

/** Resident memory of a process on Linux; elsewhere there is no /proc, and the test says so by failing to read it. */
async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024
}
