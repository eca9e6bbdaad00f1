// What operators read at night is true: every metric of the alert rules and the runbook is in a real scrape, every rule points
// at a section that exists, and every setting that is named is one.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { describeVariables } from '../../src/config.ts'
import { ERRORS } from '../../src/domain/errors.ts'
import { type Scrape, scrape } from '../support/prometheus.ts'
import { type OneService, startOneService } from '../support/service.ts'

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly runbook: string }
}

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const RUNBOOK = read('docs/runbook.md')
const ALERTS: { groups: readonly { readonly rules: readonly Rule[] }[] } = parse(read('docs/alerts.yaml'))
const RULES = ALERTS.groups.flatMap((group) => group.rules)

/** By the prefixes that our metrics have; words of PromQL have none of them. */
const metricsIn = (text: string): string[] => [
  ...new Set(
    text.match(/\b(?:wallet|http|nodejs|process)_[a-z0-9_]+(?:_total|_seconds|_bytes|_bucket|_sum|_count)\b/g),
  ),
  ...new Set(
    text.match(/\bwallet_(?:ledger|posting_queue|posting_flush|build|database|discovery|peer|rate_limit)_[a-z_]+\b/g),
  ),
]

const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^a-z0-9_ -]/g, '')
    .replaceAll(' ', '-')

let one: OneService
let metrics: Scrape

beforeAll(async () => {
  // With all neighbours switched on, and none of them there.
  const nobody = '127.0.0.1:1'
  one = await startOneService({
    VALIDATE_USERS: 'best-effort',
    ACCOUNT_SERVICE_URL: `http://${nobody}`,
    RATE_LIMIT_ENABLED: 'true',
    REDIS_URL: `redis://${nobody}`,
    DATABASE_REPLICA_URL: `postgres://nobody@${nobody}/nothing`,
  })
  await one.api.openWallet({ user_id: 'nobody-can-tell' })
  metrics = await scrape(one.service.url)
})
afterAll(() => one.close())

const exists = (name: string): boolean => {
  if (metrics.families.has(name)) return true
  const base = name.replace(/_(?:bucket|sum|count)$/, '')
  return base !== name && metrics.families.get(base)?.type === 'histogram'
}

describe('the alert rules', () => {
  test.each(RULES.map((rule) => [rule.alert, rule] as const))('%s', (_, rule) => {
    const names = metricsIn(rule.expr)
    expect(names.length).toBeGreaterThan(0)
    expect(names.filter((name) => !exists(name))).toEqual([])
    expect(['page', 'ticket']).toContain(rule.labels.severity)
    const [page, anchor] = rule.annotations.runbook.split('#')
    expect(page).toBe('docs/runbook.md')
    expect([...RUNBOOK.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading))).toContain(anchor)
    const outcomes = [...rule.expr.matchAll(/outcome="([a-z_]+)"/g)].map(([, outcome]) => outcome)
    for (const outcome of outcomes) expect([...Object.keys(ERRORS), 'unverified']).toContain(outcome)
  })

  test('of an increase have a series that is there before it happens: Prometheus sees no increase in a new one', () => {
    const increases = RULES.filter((rule) => /increase\([^)]*="/.test(rule.expr))
    expect(increases.length).toBeGreaterThan(1)
    for (const { alert, expr } of increases) {
      const [, name = '', label = '', value = ''] = /increase\((\w+)\{(\w+)="([^"]+)"\}/.exec(expr) ?? []
      expect(metrics.labelValues(name, label), alert).toContain(value)
    }
  })

  test('have names of their own', () => {
    expect(RULES.length).toBeGreaterThan(10)
    expect(new Set(RULES.map((rule) => rule.alert)).size).toBe(RULES.length)
  })
})

describe('the runbook', () => {
  test('names metrics that exist', () => {
    const names = metricsIn(RUNBOOK)
    expect(names.length).toBeGreaterThan(10)
    expect(names.filter((name) => !exists(name))).toEqual([])
  })

  test('names settings that exist', () => {
    const known = describeVariables()
    const named = [...new Set(RUNBOOK.match(/\b[A-Z]+(?:_[A-Z]+)+\b/g))].filter(
      (name) => !name.startsWith('OTEL_TRACES_'),
    )
    expect(named.length).toBeGreaterThan(10)
    expect(named.filter((name) => !known.includes(`  ${name} `))).toEqual([])
  })
})

test('the check finds a metric that does not exist', () => {
  expect(metricsIn('rate(wallet_nothing_total[5m]) + http_request_duration_seconds_bucket')).toEqual([
    'wallet_nothing_total',
    'http_request_duration_seconds_bucket',
  ])
  expect(exists('wallet_nothing_total')).toBe(false)
  expect(exists('http_request_duration_seconds_bucket')).toBe(true)
})
