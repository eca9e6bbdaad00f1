// Traces, as a collector gets them: a span for every request, with what it waited for below it, in the caller's trace; and
// collectors that are gone or hang, which nobody must notice.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTracing } from '../../src/observability/trace-export.ts'
import { type Collector, type CollectedSpan, startCollector } from '../support/collector.ts'
import { type OneService, startOneService } from '../support/service.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const PARENT = 'b7ad6b7169203331'
const CONSUME = 'POST /api/v1/wallets/:wallet_id/consume'
const [SERVER, CLIENT] = [2, 3]

describe('a collector', () => {
  let collector: Collector
  let one: OneService

  beforeAll(async () => {
    collector = await startCollector()
    one = await startOneService({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, LOG_LEVEL: 'debug' })
  })
  afterAll(async () => {
    await one.close()
    await collector.close()
  })

  const arrived = async (find: (span: CollectedSpan) => boolean, count = 1): Promise<CollectedSpan[]> => {
    await expect.poll(() => collector.spans.filter(find).length, { timeout: 20_000 }).toBe(count)
    return collector.spans.filter(find)
  }
  const ofRequest = (id: string) => (span: CollectedSpan) => span.attributes['wallet.request_id'] === id

  test('gets a request in its caller’s trace, and what it waited for', async () => {
    const wallet = await one.api.openWallet({ user_id: 'traced', initial_balance: 5 })
    const headers = { traceparent: `00-${TRACE}-${PARENT}-01`, 'x-request-id': 'request-traced' }
    const path = `/api/v1/wallets/${wallet}/consume`
    const answer = await one.api.call('POST', path, { body: { amount: 1, description: 'private' }, headers })
    expect(answer.status).toBe(200)

    const [request] = await arrived(ofRequest('request-traced'))
    expect(request).toMatchObject({
      name: CONSUME,
      kind: SERVER,
      traceId: TRACE,
      parentSpanId: PARENT,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/api/v1/wallets/:wallet_id/consume',
        'http.response.status_code': 200,
      },
      resource: { 'service.name': 'wallet_service', 'service.version': '0.1.0' },
    })
    const inTrace = (name: string) => (span: CollectedSpan) => span.traceId === TRACE && span.name === name
    const [posting] = await arrived(inTrace('posting consume'))
    expect(posting).toMatchObject({ parentSpanId: request?.spanId, attributes: { 'wallet.outcome': 'posted' } })
    const [flush] = await arrived(inTrace('flush'))
    expect(flush).toMatchObject({ parentSpanId: posting?.spanId, attributes: { 'wallet.flush_size': 1 } })
  })

  test('finds the flush from every request in it, and back', async () => {
    const wallet = await one.api.openWallet({ user_id: 'many' })
    const before = collector.spans.length
    await Promise.all(Array.from({ length: 20 }, () => one.api.deposit(wallet, 1)))
    await arrived((span) => span.name === 'posting deposit', 20)
    const sizeOf = (span: CollectedSpan): number => Number(span.attributes['wallet.flush_size'])
    const flushed = (): number =>
      collector.spans
        .slice(before)
        .filter((span) => span.name === 'flush')
        .reduce((total, flush) => total + sizeOf(flush), 0)
    await expect.poll(flushed, { timeout: 20_000 }).toBeGreaterThanOrEqual(20)
    const spans = collector.spans.slice(before)
    const postings = new Map(
      spans.filter((span) => span.name === 'posting deposit').map((span) => [span.spanId, span] as const),
    )
    for (const flush of spans.filter((span) => span.name === 'flush' && postings.has(span.parentSpanId ?? ''))) {
      const linked = (flush.links ?? []).map((link) => postings.get(link.spanId))
      expect(linked).toHaveLength(sizeOf(flush) - 1)
      for (const posting of linked) expect(posting?.links).toEqual([expect.objectContaining({ spanId: flush.spanId })])
    }
  })

  test('hears of refusals without a fault, and of no route by its method alone', async () => {
    const headers = { 'x-request-id': 'request-refused' }
    const wallet = await one.api.openWallet({ user_id: 'refused' })
    await one.api.call('POST', `/api/v1/wallets/${wallet}/consume`, { body: { amount: 1 }, headers })
    const [refused] = await arrived(ofRequest('request-refused'))
    expect(refused).toMatchObject({ attributes: { 'http.response.status_code': 400 } })
    expect(refused?.status.code ?? 0).toBe(0)
    await arrived((span) => span.attributes['wallet.outcome'] === 'insufficient_balance')

    await fetch(`${one.service.url}/secret/path?token=abc`, { headers: { 'x-request-id': 'request-nowhere' } })
    const [unknown] = await arrived(ofRequest('request-nowhere'))
    expect(unknown).toMatchObject({ name: 'GET', attributes: { 'http.response.status_code': 404 } })
  })

  test('gets no body, no header, no query and no wallet', async () => {
    const wallet = await one.api.openWallet({ user_id: 'canary-user', metadata: { note: 'canary-body' } })
    const headers = { authorization: 'Bearer canary-token', 'x-request-id': 'request-private' }
    await one.api.call('GET', `/api/v1/wallets/${wallet}?dry_run=canary-query`, { headers })
    await arrived(ofRequest('request-private'))
    expect(collector.bodies.join('')).not.toMatch(/canary-(?:user|body|token|query)/)
    expect(collector.bodies.join('')).not.toContain(wallet)
  })

  test('and the log share the id of a trace', async () => {
    await fetch(`${one.service.url}/health`, { headers: { 'x-request-id': 'request-logged' } })
    const [span] = await arrived(ofRequest('request-logged'))
    const line = (): string | undefined => one.service.log.find((each) => each.includes('request-logged'))
    await expect.poll(line, { timeout: 10_000 }).toContain(`"trace_id":"${span?.traceId}"`)
  })

  test('gets what is left when the service stops', async () => {
    const leaving = await startOneService({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
    await fetch(`${leaving.service.url}/health`, { headers: { 'x-request-id': 'request-last' } })
    expect(await leaving.service.stop()).toBe(0)
    await leaving.close()
    expect(collector.spans.filter(ofRequest('request-last'))).toHaveLength(1)
  })

  test('gets calls of other services, which carry on the trace', async () => {
    const tracing = startTracing({ endpoint: `${collector.url}/`, version: '0', log: () => undefined })
    const about = { method: 'GET', route: '/a', requestId: 'request-peer' }
    const request = tracing.request({ ...about, headers: { traceparent: `00-${TRACE}-${PARENT}-01` } })
    const call = { service: 'account_service', method: 'GET', path: '/api/v1/accounts/:id' }
    const headers = await new Promise<Readonly<Record<string, string>>>((resolve) => {
      request.run(() => {
        // Contexts outlive awaits.
        void Promise.resolve().then(() => {
          const [good, bad] = [tracing.outgoing(call), tracing.outgoing(call)]
          good.end(200)
          bad.end(new TypeError('connect http://user:canary-peer@host failed'))
          resolve(good.headers)
        })
      })
    })
    request.end(200)
    await tracing.stop()
    const [server] = await arrived(ofRequest('request-peer'))
    const calls = await arrived((span) => span.name === 'GET /api/v1/accounts/:id', 2)
    for (const span of calls) {
      expect(span).toMatchObject({ kind: CLIENT, traceId: TRACE, parentSpanId: server?.spanId })
    }
    expect(headers).toEqual({ traceparent: `00-${TRACE}-${calls[0]?.spanId}-01` })
    expect(calls[1]).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': 'TypeError' } })
    expect(collector.bodies.join('')).not.toContain('canary-peer')
  })
})

describe('without a collector', () => {
  test('that was told of, there is nothing to notice but one line', async () => {
    const one = await startOneService({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' })
    const wallet = await one.api.openWallet({ user_id: 'alone' })
    for (let call = 0; call < 50; call += 1) expect((await one.api.deposit(wallet, 1)).status).toBe(200)
    const complaints = (): number => one.service.log.filter((line) => line.includes('Traces do not reach')).length
    await expect.poll(complaints, { timeout: 30_000 }).toBe(1)
    expect((await one.api.deposit(wallet, 1)).status).toBe(200)
    expect(await one.service.stop()).toBe(0)
    await one.close()
    expect(complaints()).toBe(1)
  })

  test('that answers, the service stops all the same', async () => {
    const collector = await startCollector({ hang: true })
    const one = await startOneService({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
    const wallet = await one.api.openWallet({ user_id: 'hanging' })
    expect((await one.api.deposit(wallet, 1)).status).toBe(200)
    await expect.poll(() => collector.bodies.length, { timeout: 20_000 }).toBeGreaterThan(0)
    expect(await one.service.stop()).toBe(0)
    await one.close()
    await collector.close()
  })
})
