// The example as its readers run it: a process against a real service, twice on one database, and without a service.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { closeFaultless, type OneService, startOneService } from '../support/service.ts'

const QUICKSTART = fileURLToPath(new URL('../../examples/quickstart.ts', import.meta.url))
const README = fileURLToPath(new URL('../../README.md', import.meta.url))
const run = promisify(execFile)

let one: OneService
beforeAll(async () => {
  one = await startOneService()
})
afterAll(() => closeFaultless(one))

async function quickstart(baseUrl: string): Promise<string> {
  const { PATH = '' } = process.env
  const { stdout } = await run(process.execPath, [QUICKSTART], { env: { PATH, BASE_URL: baseUrl } })
  return masked(stdout)
}

/** How long it took differs from run to run. */
function masked(text: string): string {
  return text.replaceAll(/\d+\.\d ms/g, '# ms')
}

const OUTPUT = `create    Wallet created successfully          100
deposit   Deposited 50.25 successfully         150.25
consume   Consumed 12.00000001 successfully    138.24999999
withdraw  Withdrew 30 successfully             108.24999999
transfer  Transferred 20 successfully          87.74999999
refund    Refunded 12.00000001 successfully    99.75
same key  One operation                        92
dry run   Would have consumed 80 successfully  12
refused   insufficient_balance                 908 too little

history
   8  consume           7.75  balance 92
   7  refund     12.00000001  balance 99.75
   6  fee                0.5  balance 87.74999999
   5  transfer            20  balance 88.24999999
   4  withdraw            30  balance 108.24999999
   3  consume    12.00000001  balance 138.24999999
   2  deposit          50.25  balance 150.25
   1  deposit            100  balance 100

statistics
  deposits 150.25, consumed 19.75000001, refunded 12.00000001
  withdrawals 30, transfers out 20, fees 0.5

metrics of the client
  operations 14, requests 14, retries 0, replays 1
  errors {"insufficient_balance":1}
  p50 # ms, p99 # ms
`

test('prints the same account on every run', async () => {
  expect(await quickstart(one.service.url)).toBe(OUTPUT)
  expect(await quickstart(one.service.url)).toBe(OUTPUT)
})

test('is what the README shows', async () => {
  expect(masked(await readFile(README, 'utf8'))).toContain(OUTPUT)
})

test('says so when there is no service', async () => {
  await expect(quickstart('http://127.0.0.1:1')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('There is no wallet service at http://127.0.0.1:1: start one with "npm start"'),
  })
})
