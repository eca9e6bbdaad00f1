// Reads are always fresh: one that starts after an acknowledged write sees it, also from a second process, while others write
// and read the same wallets, so that look-ups are folded together all the time.
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Answer } from '../support/api.ts'
import { startTwoServices, type TwoServices } from '../support/two-services.ts'

const WRITERS = 8
const ROUNDS = 20
const PATIENCE_MS = 10_000
const PAUSE_MS = 50

let two: TwoServices

beforeAll(async () => {
  two = await startTwoServices()
})
afterAll(async () => {
  await two.stop()
})

/** Every way to learn what a wallet holds; deposits of 1 only, so that all of them say how many there were. */
const READS: Readonly<Record<string, { readonly path: string; readonly deposits: (body: Answer['body']) => number }>> =
  {
    wallet: { path: '', deposits: (body) => Number(body.balance) },
    balance: { path: '/balance', deposits: (body) => body.data.balance },
    'newest transaction': {
      path: '/transactions?limit=1',
      deposits: (body) => Number(body.transactions[0]?.balance_after),
    },
    statistics: { path: '/statistics', deposits: (body) => body.transaction_count },
  }

/** An answer with 200. A machine so busy that the service says 503 is asked again: that read starts after the write, too. */
async function answered(call: () => Promise<Answer>): Promise<Answer> {
  const deadline = performance.now() + PATIENCE_MS
  let answer = await call()
  while (answer.status === 503 && performance.now() < deadline) {
    await delay(PAUSE_MS)
    answer = await call()
  }
  expect(answer.status, answer.text).toBe(200)
  return answer
}

/** Reads in every way from both processes at once. */
async function readAll(walletId: string): Promise<readonly { readonly read: string; readonly deposits: number }[]> {
  const reads = Object.entries(READS).flatMap(([name, { path, deposits }]) =>
    two.apis.map(async (api, process) => {
      const { body } = await answered(() => api.get(`/api/v1/wallets/${walletId}${path}`))
      return { read: `${name}, process ${process}`, deposits: deposits(body) }
    }),
  )
  return Promise.all(reads)
}

test('whoever writes alone reads exactly what was acknowledged; of many writers, at least that', async () => {
  const shared = await two.apis[0].openWallet({ user_id: 'everybody' })
  const stale: string[] = []
  let sent = 0
  let acknowledged = 0
  let reads = 0

  const write = async (writer: number): Promise<void> => {
    const own = await two.any(writer).openWallet({ user_id: `writer-${writer}` })
    for (let round = 1; round <= ROUNDS; round += 1) {
      sent += 1
      // A key, so that a deposit that is sent again is not made again.
      const key = `${writer}-${round}`
      await Promise.all([
        answered(() => two.any(writer + round).deposit(shared, 1, key)),
        answered(() => two.any(round).deposit(own, 1, key)),
      ])
      acknowledged += 1
      const least = acknowledged
      const [ofOwn, ofShared] = await Promise.all([readAll(own), readAll(shared)])
      reads += ofOwn.length + ofShared.length
      for (const { read, deposits: seen } of ofOwn) {
        if (seen !== round) stale.push(`own wallet, ${read}: ${seen} after ${round}`)
      }
      for (const { read, deposits: seen } of ofShared) {
        if (!(seen >= least && seen <= sent)) stale.push(`shared wallet, ${read}: ${seen}, not ${least} to ${sent}`)
      }
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)))

  expect(stale).toEqual([])
  expect(reads).toBe(WRITERS * ROUNDS * 2 * 2 * Object.keys(READS).length)
  await two.audit()
})
