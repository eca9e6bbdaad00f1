// The part of the audit that is not SQL: a walk along the chains of hashes, which recomputes every hash with the function
// that made it.
import { chainHash, GENESIS_HASH, holdEventHash } from '../domain/hash-chain.ts'
import type { HoldEvent, HoldTerms } from '../domain/hold.ts'
import type { Transaction } from '../domain/transaction.ts'
import { type ChainStatement, holdEventChain, transactionChain } from '../repositories/audit-chain-statements.ts'
import { type AuditSnapshot, type Finding, NOWHERE } from '../repositories/audit-snapshot.ts'

/** How far to look, and whom to tell. */
export interface Look {
  /** Findings wanted. */
  readonly limit: number
  /** How many rows there are. */
  readonly rows: number
  readonly advance: (rows: number) => void
}

/** A row of any chain. */
interface Link {
  readonly walletId: string
  readonly sequence: number
  readonly hash: Buffer
}

interface ChainKind<Row extends Link> {
  readonly statement: ChainStatement
  readonly hashOf: (previousHash: Buffer, row: Row) => Buffer
  readonly placeOf: (row: Row) => Pick<Finding, 'transactionId' | 'holdId'>
}

const TRANSACTIONS: ChainKind<Transaction> = {
  statement: transactionChain,
  hashOf: chainHash,
  placeOf: ({ transactionId }) => ({ transactionId, holdId: null }),
}

const HOLD_EVENTS: ChainKind<HoldEvent & HoldTerms> = {
  statement: holdEventChain,
  hashOf: (previousHash, event) => holdEventHash(previousHash, event, event),
  placeOf: ({ holdId }) => ({ transactionId: null, holdId }),
}

/** Rows of the ledger whose hash is not that of their content. */
export function brokenLinks(snapshot: AuditSnapshot, look: Look): Promise<Finding[]> {
  return walkAlong(TRANSACTIONS, snapshot, look)
}

/** Hold events whose hash is not that of their content; of the one that placed a hold, its terms are a part. */
export function brokenHoldLinks(snapshot: AuditSnapshot, look: Look): Promise<Finding[]> {
  return walkAlong(HOLD_EVENTS, snapshot, look)
}

/**
 * Recomputes every row's hash from its stored columns and the stored hash before it, so that one changed row is one
 * finding and not the start of a thousand.
 */
async function walkAlong<Row extends Link>(
  { statement, hashOf, placeOf }: ChainKind<Row>,
  snapshot: AuditSnapshot,
  { limit, rows: all, advance }: Look,
): Promise<Finding[]> {
  const findings: Finding[] = []
  let last: Row | undefined
  let seen = 0
  const refusals = await snapshot.walk<Row>(statement, (batch) => {
    for (const row of batch) {
      const expected = hashOf(last?.walletId === row.walletId ? last.hash : GENESIS_HASH, row)
      if (!expected.equals(row.hash) && findings.length < limit) {
        findings.push({ ...placeOf(row), ...brokenLink(row, expected) })
      }
      last = row
    }
    seen += batch.length
    advance(seen)
  })
  if (refusals.length === 0 && seen !== all) findings.push(unseenRows(all, seen))
  return [...findings, ...refusals]
}

function brokenLink({ walletId, sequence, hash }: Link, expected: Buffer): Omit<Finding, 'transactionId' | 'holdId'> {
  const hashes = { expected: expected.toString('hex'), found: hash.toString('hex') }
  return { walletId, sequence: String(sequence), what: 'hash', ...hashes }
}

function unseenRows(expected: number, found: number): Finding {
  return { ...NOWHERE, what: 'rows in the order of their keys', expected: `${expected}`, found: `${found}` }
}
