// The audit: everything that must always be true of the ledger (DESIGN.md §3), checked on one snapshot of a database. It
// changes nothing and mends nothing. Which SQL finds the bad rows stands in repositories/audit-*statements.ts, the walk along
// the chains of hashes in audit-chains.ts.
import { REFUNDABLE_TYPES } from '../domain/transaction.ts'
import { rowsAgainstChecks } from '../repositories/audit-guard-statements.ts'
import * as holds from '../repositories/audit-hold-statements.ts'
import { type AuditSnapshot, type Finding, type LedgerSize, withAuditSnapshot } from '../repositories/audit-snapshot.ts'
import * as rows from '../repositories/audit-statements.ts'
import * as totals from '../repositories/audit-total-statements.ts'
import { brokenHoldLinks, brokenLinks, type Look } from './audit-chains.ts'

export { AuditImpossible, type Finding } from '../repositories/audit-snapshot.ts'

export interface AuditOptions {
  readonly databaseUrl: string
  /** Bad rows to report for each check. Default 10. */
  readonly findingsPerCheck?: number
  /** Told what is being checked, and how far the walk along the chains has come. */
  readonly onProgress?: (progress: AuditProgress) => void
}

export interface AuditProgress {
  readonly check: CheckName
  /** Rows looked at so far, of `of`; 0 when a check begins. */
  readonly rows: number
  readonly of: number
}

export interface CheckReport {
  readonly name: CheckName
  /** The invariant in words. */
  readonly invariant: string
  readonly clean: boolean
  /** Rows that the check looked at. */
  readonly rows: number
  readonly seconds: number
  /** The first bad rows, at most `findingsPerCheck`. */
  readonly findings: readonly Finding[]
}

export interface AuditReport {
  readonly clean: boolean
  readonly wallets: number
  readonly transactions: number
  readonly holds: number
  readonly holdEvents: number
  readonly seconds: number
  readonly checks: readonly CheckReport[]
}

type Looker = (snapshot: AuditSnapshot, how: Look) => Promise<Finding[]>
interface Check {
  readonly invariant: string
  readonly over: keyof LedgerSize
  readonly look: Looker
}

const byStatement =
  (...statements: readonly rows.AuditStatement[]): Looker =>
  async (snapshot, { limit }) => {
    const findings: Finding[] = []
    for (const statement of statements) findings.push(...(await snapshot.findings(statement, limit)))
    return findings.slice(0, limit)
  }

const check = (invariant: string, over: keyof LedgerSize, look: Looker): Check => ({ invariant, over, look })

/** Every check by its stable name, in the order in which they are run: what the others lean on comes first. */
const CHECKS = {
  guards: check('the schema refuses what it should refuse', 'wallets', (snapshot, { limit }) =>
    snapshot.guardFindings(limit),
  ),
  readable_values: check(
    'every stored value can be computed with',
    'transactions',
    byStatement(rows.unreadableValues, holds.unreadableHolds),
  ),
  row_rules: check(
    'every row passes every CHECK',
    'transactions',
    byStatement(
      rowsAgainstChecks('wallet_transactions'),
      rowsAgainstChecks('wallets'),
      rowsAgainstChecks('holds'),
      rowsAgainstChecks('hold_events'),
    ),
  ),
  trial_balance: check(
    'per currency, the wallets hold what the counterparties gave up',
    'transactions',
    byStatement(rows.trialBalance),
  ),
  transfers_net_to_zero: check(
    'transfers move money between wallets and make none',
    'transactions',
    byStatement(rows.transfersNotNettingToZero),
  ),
  balance_is_sum: check('a balance is the sum of its rows', 'transactions', byStatement(rows.balancesThatAreNotSums)),
  continuity: check(
    'each row takes up where the one before it ended, without gaps',
    'transactions',
    byStatement(rows.brokenContinuity),
  ),
  wallet_head: check('a wallet stands where its newest row left it', 'wallets', byStatement(rows.wrongHeads)),
  locked_balance: check(
    'locked is what open holds reserve, now and after each row',
    'transactions',
    byStatement(holds.wrongLocks, holds.wrongRowLocks),
  ),
  idempotency: check('a key has one effect', 'transactions', byStatement(rows.repeatedKeys)),
  refunds: check(
    'refunds of a transaction never exceed it',
    'transactions',
    byStatement(rows.wrongRefunds([...REFUNDABLE_TYPES])),
  ),
  transfer_legs: check('every leg of a transfer has its twin', 'transactions', byStatement(rows.wrongTransferLegs)),
  transfer_fees: check('every fee follows its transfer', 'transactions', byStatement(rows.wrongFees)),
  running_totals: check(
    'running totals are the sums of the rows so far',
    'transactions',
    byStatement(totals.wrongRunningTotals),
  ),
  wallet_totals: check('a wallet’s totals are the sums of its rows', 'wallets', byStatement(totals.wrongWalletTotals)),
  row_owner: check('a row has a wallet and bears its user and currency', 'transactions', byStatement(totals.strayRows)),
  transaction_ids: check('a transaction’s id is its own', 'transactions', byStatement(totals.repeatedTransactionIds)),
  open_fiat_wallets: check(
    'one open fiat wallet per user and currency',
    'wallets',
    byStatement(totals.repeatedFiatWallets),
  ),
  hold_continuity: check(
    'each hold event takes up where the one before it ended, without gaps, between the rows it stands between',
    'holdEvents',
    byStatement(holds.brokenHoldContinuity, holds.misplacedHoldEvents),
  ),
  hold_history: check(
    'what happens to a hold takes up where it stood, and nothing follows its end',
    'holdEvents',
    byStatement(holds.brokenHoldHistories),
  ),
  hold_state: check('a hold stands where its last event left it', 'holds', byStatement(holds.wrongHolds)),
  hold_totals: check(
    'captured, released, expired and open are what was held',
    'holds',
    byStatement(holds.wrongHoldTotals),
  ),
  hold_captures: check('every capture has its row', 'holdEvents', byStatement(holds.wrongCaptures)),
  hold_expiries: check(
    'expiries are written down in the order of their time',
    'holdEvents',
    byStatement(holds.expiriesOutOfOrder),
  ),
  hold_owner: check('a hold has a wallet and bears its currency', 'holds', byStatement(holds.strayHolds)),
  hold_ids: check('a hold’s id is its own', 'holds', byStatement(holds.repeatedHoldIds)),
  hash_chain: check('nobody has changed history', 'transactions', brokenLinks),
  hold_hash_chain: check(
    'nobody has changed what holds were placed with, or what happened to them',
    'holdEvents',
    brokenHoldLinks,
  ),
} as const satisfies Record<string, Check>

export type CheckName = keyof typeof CHECKS

/** The names of all checks. */
export const CHECK_NAMES: readonly CheckName[] = Object.keys(CHECKS).filter((name) => isCheckName(name))

function isCheckName(name: string): name is CheckName {
  return Object.hasOwn(CHECKS, name)
}

/** Runs every check on one snapshot. Throws `AuditImpossible` when that cannot be done. */
export async function auditDatabase(options: AuditOptions): Promise<AuditReport> {
  const start = performance.now()
  return withAuditSnapshot(options.databaseUrl, async (snapshot) => {
    const size = await snapshot.size()
    const auditing = { snapshot, size, options }
    const [asked, walked] = await Promise.all([runAll(ASKED, auditing), runAll(WALKED, auditing)])
    const checks = [...asked, ...walked]
    return { ...size, clean: checks.every((report) => report.clean), seconds: secondsSince(start), checks }
  })
}

/** The walks have a connection and most of this process to themselves; everything else is the server's work. */
const WALKED: readonly CheckName[] = ['hash_chain', 'hold_hash_chain']
const ASKED: readonly CheckName[] = CHECK_NAMES.filter((name) => !WALKED.includes(name))

interface Auditing {
  readonly snapshot: AuditSnapshot
  readonly size: LedgerSize
  readonly options: AuditOptions
}

async function runAll(names: readonly CheckName[], auditing: Auditing): Promise<CheckReport[]> {
  const reports: CheckReport[] = []
  for (const name of names) reports.push(await run(name, auditing))
  return reports
}

async function run(name: CheckName, { snapshot, size, options }: Auditing): Promise<CheckReport> {
  const { invariant, over, look }: Check = CHECKS[name]
  const start = performance.now()
  const advance = (seen: number): void => options.onProgress?.({ check: name, rows: seen, of: size[over] })
  advance(0)
  const findings = await look(snapshot, { limit: options.findingsPerCheck ?? 10, rows: size[over], advance })
  return { name, invariant, clean: findings.length === 0, rows: size[over], seconds: secondsSince(start), findings }
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000
}
