// What the audit's tests have in common: the sample ledger, a workbench to damage it on, and reports about the damage.
import { afterAll, beforeAll, expect } from 'vitest'
import { auditDatabase, type AuditReport, type CheckName, type Finding } from '../../src/services/audit-service.ts'
import {
  createSampleDatabase,
  createWorkbench,
  type SampleDatabase,
  type SampleWallets,
  type Workbench,
} from './ledger-copies.ts'
import type { SampleHolds } from './sample-holds.ts'

export type WalletName = keyof SampleWallets
export type HoldName = keyof SampleHolds['holds']

/** Where a finding must be. What is not said is not looked at. */
export interface Place {
  readonly wallet?: WalletName | null
  readonly hold?: HoldName
  readonly sequence?: number | null
}

/** The sample of a test file, and its workbench. */
export interface DamagedLedger {
  readonly sample: SampleDatabase
  readonly workbench: Workbench
  /** Does the damage, audits, and makes it good again. */
  auditAfter(sql: string): Promise<AuditReport>
  /** What a finding must look like that names what is wrong, and where. */
  findingAt(place: Place, what: string): unknown
}

/** Builds the sample before all tests of a file and drops it after them. Its members are there once the tests run. */
export function useDamagedLedger(): DamagedLedger {
  let sample: SampleDatabase | undefined
  let workbench: Workbench | undefined
  beforeAll(async () => {
    sample = await createSampleDatabase()
    workbench = await createWorkbench(sample)
  })
  afterAll(async () => {
    await workbench?.close()
    await sample?.drop()
  })
  return {
    get sample() {
      return built(sample)
    },
    get workbench() {
      return built(workbench)
    },
    auditAfter: (sql) => auditAfter(built(workbench), sql),
    findingAt: (place, what) =>
      expect.objectContaining({
        ...placeIn(built(sample), place),
        what: expect.stringContaining(what),
        expected: expect.any(String),
        found: expect.any(String),
      }),
  }
}

function built<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('The sample is built before the tests, not before the file')
  return value
}

async function auditAfter(workbench: Workbench, sql: string): Promise<AuditReport> {
  try {
    await workbench.damage(sql)
    return await auditDatabase({ databaseUrl: workbench.url, findingsPerCheck: 50 })
  } finally {
    await workbench.restore()
  }
}

function placeIn({ wallets, holds }: SampleDatabase, { wallet, hold, sequence }: Place): Partial<Finding> {
  return {
    ...(wallet && { walletId: wallets[wallet].walletId }),
    ...(hold && { holdId: holds[hold].holdId }),
    ...(typeof sequence === 'number' && { sequence: String(sequence) }),
  }
}

/** What one check found. */
export function findingsOf(report: AuditReport, name: CheckName): readonly Finding[] {
  return report.checks.find((check) => check.name === name)?.findings ?? []
}

/** The checks that found something. */
export function wrongChecks(report: AuditReport): CheckName[] {
  return report.checks.filter((check) => !check.clean).map((check) => check.name)
}

/** Tells whether a check is about holds alone; its damage is in audit-holds.test.ts. */
export const isAboutHolds = (name: CheckName): boolean => name.startsWith('hold_')
