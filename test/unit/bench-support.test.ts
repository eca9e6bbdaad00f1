// What the bench makes of the text that wrk, pgbench, /proc and V8's profiler print, and of its own command line.
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readOptions } from '../../bench/support/bench-options.ts'
import { selfTimes } from '../../bench/support/cpu-profile.ts'
import { parsePgbenchOutput } from '../../bench/support/pgbench.ts'
import { parseProcessStat } from '../../bench/support/process-cpu.ts'
import { missingPrograms, runProgram } from '../../bench/support/programs.ts'
import { renderComparison } from '../../bench/support/postings-tables.ts'
import { figure, median, medianTurn, renderTable } from '../../bench/support/table.ts'
import { parseWrkOutput } from '../../bench/support/wrk.ts'

describe('wrk', () => {
  const NO_ERRORS = { connect: 0, read: 0, write: 0, timeout: 0 }
  const printed = (result: object): string => `Running 5s test @ http://127.0.0.1:40001
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     8.31ms    1.02ms  21.33ms   88.70%
    Req/Sec     7.71k   512.00     8.44k    74.00%
  38417 requests in 5.01s, 44.81MB read
Requests/sec:   7668.06
Transfer/sec:      8.94MB
result ${JSON.stringify(result)}
`
  const RESULT = {
    requests: 38_417,
    duration_us: 5_000_000,
    mean_us: 8310,
    p50_us: 8251,
    p99_us: 11_820,
    p999_us: 17_004,
    statuses: { 200: 38_417 },
    items: 0,
    latencies_us: {},
    errors: NO_ERRORS,
  }

  test('nothing but 200', () => {
    expect(parseWrkOutput(printed(RESULT))).toEqual({
      acknowledged: 38_417,
      perSecond: 7683.4,
      meanMs: 8.31,
      p50Ms: 8.251,
      p99Ms: 11.82,
      p999Ms: 17.004,
      fromDue: [],
      unexpected: {},
    })
  })

  test('other answers and broken sockets are named and not counted as acknowledged', () => {
    const statuses = { 200: 38_400, 503: 16, 201: 1 }
    const result = parseWrkOutput(printed({ ...RESULT, statuses, errors: { ...NO_ERRORS, timeout: 3 } }))
    expect(result.unexpected).toEqual({ 'status 201': 1, 'status 503': 16, timeout: 3 })
    expect([result.acknowledged, result.perSecond]).toEqual([38_400, 7680])
  })

  test('of batches, the operations that succeeded count', () => {
    const batches = { ...RESULT, requests: 12, statuses: { 200: 12 }, items: 12_000 }
    const result = parseWrkOutput(printed(batches), 1000)
    expect([result.acknowledged, result.perSecond, result.unexpected]).toEqual([12_000, 2400, {}])
    const short = parseWrkOutput(printed({ ...batches, items: 11_997 }), 1000)
    expect([short.acknowledged, short.unexpected]).toEqual([11_997, { 'operation without success': 3 }])
  })

  test('latencies from when each request was due, the shortest first', () => {
    const { fromDue } = parseWrkOutput(printed({ ...RESULT, latencies_us: { 12_400: 2, 980: 38_415 } }))
    expect(fromDue).toEqual([
      [980, 38_415],
      [12_400, 2],
    ])
  })

  test('not a single answer', () => {
    const nothing = {
      ...RESULT,
      requests: 0,
      mean_us: 0,
      p50_us: 0,
      p99_us: 0,
      p999_us: 0,
      statuses: {},
      errors: { ...NO_ERRORS, connect: 64 },
    }
    expect(parseWrkOutput(printed(nothing))).toMatchObject({
      acknowledged: 0,
      perSecond: 0,
      unexpected: { connect: 64 },
    })
  })

  test.each([
    ['no line of the script', 'unable to connect to 127.0.0.1:40001 Connection refused\n', 'Connection refused'],
    ['a line cut short', printed(RESULT).slice(0, -20), 'no result line'],
    ['a figure missing', printed({ ...RESULT, p99_us: undefined }), 'p99_us'],
    ['answers that the script did not see', printed({ ...RESULT, statuses: { 200: 1 } }), '38417 requests'],
  ])('%s', (_, output, complaint) => {
    expect(() => parseWrkOutput(output)).toThrow(complaint)
  })
})

describe('pgbench', () => {
  const OUTPUT = `pgbench (15.18, server 18.4)
transaction type: posting.pgbench.sql
number of clients: 64
number of transactions actually processed: 22250
number of failed transactions: 0 (0.000%)
latency average = 14.382 ms
initial connection time = 271.117 ms
tps = 4449.996215 (without initial connection time)
`

  test('the figures', () => {
    expect(parsePgbenchOutput(OUTPUT)).toEqual({ transactions: 22_250, perSecond: 4449.996215, meanMs: 14.382 })
  })

  test('no commit in time: no averages are printed', () => {
    const output = 'number of transactions actually processed: 0\nnumber of failed transactions: 0 (NaN%)\n'
    expect(parsePgbenchOutput(output)).toEqual({ transactions: 0, perSecond: 0, meanMs: null })
  })

  test('a failed transaction, a missing figure', () => {
    expect(() => parsePgbenchOutput(OUTPUT.replace('transactions: 0', 'transactions: 3'))).toThrow('3 transactions')
    expect(() => parsePgbenchOutput(OUTPUT.replace(/^tps.*$/m, ''))).toThrow('tps')
  })
})

test('processor time of a process whose name holds a parenthesis', () => {
  const stat = '4711 (node (v24) x) S 1 4711 4711 0 -1 4194560 9021 77 0 0 1234 66 500 25 20 0 11 0 88 1 2 3\n'
  expect(parseProcessStat(stat)).toEqual({ own: 13, ended: 5.25 })
})

test('self time of a profile, by function and by package', () => {
  const root = new URL('../../', import.meta.url).href
  const node = (id: number, functionName: string, url: string) => ({
    id,
    callFrame: { functionName, url, lineNumber: 9 },
  })
  const summary = selfTimes({
    nodes: [
      node(1, '(idle)', ''),
      node(2, '(garbage collector)', ''),
      node(3, 'serialize', `${root}node_modules/pg/lib/client.js`),
      node(4, '', `${root}src/domain/money.ts`),
      node(5, 'serialize', `${root}node_modules/pg/lib/client.js`),
      node(6, 'parse', `${root}node_modules/a/node_modules/@b/c/d.js`),
      node(7, 'writev', 'node:net'),
    ],
    samples: [1, 2, 3, 4, 5, 6, 7, 3],
    timeDeltas: [5000, 1000, 1000, 1000, 2000, 500, 500, -4],
  })
  expect([summary.busyMs, summary.idleMs]).toEqual([6, 5])
  expect(summary.byFunction[0]).toEqual({ where: 'serialize node_modules/pg/lib/client.js:10', ms: 3, share: 0.5 })
  expect(summary.byPackage.map(({ where, ms }) => [where, ms])).toEqual([
    ['pg', 3],
    ['(garbage collector)', 1],
    ['src/domain', 1],
    ['@b/c', 0.5],
    ['node:', 0.5],
  ])
})

test('a table with figures to the right', () => {
  const rows = [
    ['spread', figure(7683.4), figure(1.726, 2)],
    ['hot', figure(999), figure(null)],
  ]
  expect(renderTable(['scenario', 'service/s', 'ratio'], rows).split('\n')).toEqual([
    'scenario  service/s  ratio',
    '--------  ---------  -----',
    'spread        7,683   1.73',
    'hot             999      -',
  ])
})

test('the turn in the middle', () => {
  const turns = [3, 9, 1, 7].map((perSecond) => ({ perSecond }))
  expect(medianTurn(turns)).toBe(turns[0])
  expect(medianTurn(turns.slice(0, 3))).toBe(turns[0])
  expect(medianTurn([])).toBeUndefined()
})

test('the value in the middle', () => {
  expect(median([3, 9, 1])).toBe(3)
  expect(median([3, 9, 1, 7])).toBe(5)
  expect(median([])).toBeNull()
})

test('two services: the ratio in the middle of those of each round, which is not that of the rates in the middle', () => {
  const turn = (perSecond: number, cpuSeconds: number | null) => ({
    acknowledged: 1000,
    perSecond,
    meanMs: 1,
    p50Ms: 1,
    p99Ms: 2,
    p999Ms: 3,
    fromDue: [],
    postingsPerFlush: 1,
    serviceCpuSeconds: cpuSeconds,
    postgresCpuSeconds: 0.1,
  })
  const cell = { scenario: 'hot' as const, connections: 64, rival: [] }
  const service = [turn(100, 0.1), turn(400, 0.3), turn(900, null)]
  const against = [turn(200, 0.3), turn(500, 0.1), turn(1000, 0.1)]
  const [, , line = ''] = renderComparison([{ ...cell, service, against }]).split('\n')
  expect(line.split(/ {2,}/)).toEqual([
    'hot',
    '64',
    '400',
    '1.00',
    '2.00',
    '400',
    '500',
    '1.00',
    '2.00',
    '200',
    '0.800x',
    '1.250x',
    '0.50 0.80 0.90',
  ])
})

describe('command line', () => {
  test('defaults, all said, and help', () => {
    expect(readOptions([])).toEqual({
      seconds: 3,
      rounds: 3,
      sides: ['service', 'pgbench'],
      scenarios: ['spread', 'hot'],
      connections: [1, 64, 256],
      cpuProfile: false,
      against: null,
    })
    const said = [
      '--seconds',
      '9',
      '--rounds',
      '1',
      '--only',
      'service',
      '--scenario',
      'hot',
      '--connections',
      '8,16',
      '--cpu-prof',
    ]
    expect(readOptions(said)).toEqual({
      seconds: 9,
      rounds: 1,
      sides: ['service'],
      scenarios: ['hot'],
      connections: [8, 16],
      cpuProfile: true,
      against: null,
    })
    const against = join(process.cwd(), 'earlier')
    expect(readOptions(['--against', 'earlier'])).toMatchObject({ sides: ['service'], against })
    expect(readOptions(['--quick'])).toMatchObject({ seconds: 2, rounds: 1 })
    expect(readOptions(['--help'])).toBeNull()
  })

  test.each([
    [['--seconds', '0.5'], '--seconds'],
    [['--connections', '64,'], '--connections'],
    [['--only', 'wrk'], 'service or pgbench'],
    [['--only', 'pgbench', '--cpu-prof'], '--cpu-prof'],
    [['--against', 'earlier', '--only', 'service'], '--only'],
    [['--fast'], '--fast'],
  ])('%j', (args, complaint) => {
    expect(() => readOptions(args)).toThrow(complaint)
  })
})

describe('programs', () => {
  const { signal } = new AbortController()

  test('what is not on the PATH', async () => {
    expect(await missingPrograms(['node', 'no-such-program'])).toEqual(['no-such-program'])
  })

  test('output, and the words of one that fails', async () => {
    const run = (script: string) => runProgram({ file: process.execPath, args: ['-e', script], signal })
    expect(await run('console.log(1)')).toBe('1\n')
    await expect(run('console.error("no room"); process.exit(3)')).rejects.toThrow('ended with 3: no room')
  })
})
