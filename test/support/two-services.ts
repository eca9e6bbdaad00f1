// Two service processes on one database: the smallest deployment in which a lost update can happen.
import { expect } from 'vitest'
import { auditDatabase } from '../../src/services/audit-service.ts'
import { Api } from './api.ts'
import { createTestDatabase } from './postgres.ts'
import { type ServiceProcess, startService } from './service.ts'

export interface TwoServices {
  readonly databaseUrl: string
  readonly services: readonly [ServiceProcess, ServiceProcess]
  readonly apis: readonly [Api, Api]
  /** The API of one process or the other, in turn. */
  any(index: number): Api
  /** Fails unless every invariant of the ledger holds. */
  audit(): Promise<void>
  stop(): Promise<void>
}

/** Starts both on a fresh database. */
export async function startTwoServices(environment: Readonly<Record<string, string>> = {}): Promise<TwoServices> {
  const database = await createTestDatabase()
  const start = (): Promise<ServiceProcess> => startService({ DATABASE_URL: database.url, ...environment })
  const services = await Promise.all([start(), start()])
  const apis = [new Api(services[0].url), new Api(services[1].url)] as const
  return {
    databaseUrl: database.url,
    services,
    apis,
    any: (index) => (index % 2 === 0 ? apis[0] : apis[1]),
    audit: () => expectCleanAudit(database.url),
    stop: async () => {
      await Promise.all(services.map((service) => service.stop()))
      await database.drop()
    },
  }
}

/** Fails unless every invariant of the ledger holds in this database. */
export async function expectCleanAudit(databaseUrl: string): Promise<void> {
  const report = await auditDatabase({ databaseUrl })
  expect(report.clean, JSON.stringify(report, undefined, 2)).toBe(true)
}
