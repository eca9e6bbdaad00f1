// A whole service that logs all it can: what its callers and its operators entrust to it is in no line.
import { expect, test } from 'vitest'
import { startOneService } from '../support/service.ts'

const CANARY = 'canary-77aa01'

test('secrets in headers, queries, bodies and settings are in no line at level trace', async () => {
  const one = await startOneService({
    LOG_LEVEL: 'trace',
    CONSUL_HTTP_TOKEN: CANARY,
    INTERNAL_SERVICE_SECRET: CANARY,
    ACCOUNT_SERVICE_URL: `http://wallet:${CANARY}@127.0.0.1:1`,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://wallet:${CANARY}@127.0.0.1:1`,
  })
  try {
    const headers = {
      authorization: `Bearer ${CANARY}`,
      'x-api-key': CANARY,
      cookie: `session=${CANARY}`,
      'x-internal-service-secret': CANARY,
    }
    for (const path of ['/health', `/nowhere?token=${CANARY}`, `/api/v1/wallets?api_key=${CANARY}`, '/%zz']) {
      await fetch(`${one.service.url}${path}`, { headers })
    }
    const body = JSON.stringify({ user_id: 'u', metadata: { password: CANARY } })
    const opened = await fetch(`${one.service.url}/api/v1/wallets`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body,
    })
    expect(opened.status).toBe(200)
    // Spans were sent to a collector that is not there; that is said, and not where it would have been.
    await expect
      .poll(() => one.service.log.join('\n'), { timeout: 20_000 })
      .toContain('Traces do not reach the collector')
  } finally {
    await one.close()
  }
  const lines = one.service.log
  expect(lines.filter((line) => line.includes('"msg":"request"')).length).toBeGreaterThanOrEqual(4)
  expect(lines.filter((line) => line.includes(CANARY))).toEqual([])
})
