// One consistent look at a whole database: a REPEATABLE READ READ ONLY transaction on a connection of its own, without the
// limits that serve requests. It knows how to ask, not what: the statements are those of the audit-*statements files.
import pg from 'pg'
import { localSettings, sessionConfig } from '../db/session.ts'
import { classifyDatabaseError } from '../db/sqlstate.ts'
import type { ChainStatement } from './audit-chain-statements.ts'
import type { AuditStatement } from './audit-statements.ts'
import { EXPECTED_GUARDS, type Guard, GUARDED_TABLES, guardsOf } from './audit-guard-statements.ts'

/** The audit could not be run. The message is one sentence for people. */
export class AuditImpossible extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'AuditImpossible'
  }
}

/**
 * What breaks an invariant, and where. `what` is a column or a quantity; all values as text. With a hold's id, `sequence`
 * is that of a hold event; without, of a row.
 */
export interface Finding {
  readonly walletId: string | null
  readonly sequence: string | null
  readonly transactionId: string | null
  readonly holdId: string | null
  readonly what: string
  readonly expected: string
  readonly found: string
}

/** The place of a finding that is about no row. */
export const NOWHERE = { walletId: null, sequence: null, transactionId: null, holdId: null }

interface FindingRow {
  readonly wallet_id: string | null
  readonly sequence: string | null
  readonly transaction_id: string | null
  readonly hold_id?: string | null
  readonly what: string
  readonly expected: string | null
  readonly found: string | null
}

/** How many rows there are to look at. */
export interface LedgerSize {
  readonly wallets: number
  readonly transactions: number
  readonly holds: number
  readonly holdEvents: number
}

/**
 * Whole tables are read, so sorts and hashes get room. No index is used: it may be what is wrong, and a LIMIT tempts the
 * planner into a million look-ups (12 s instead of 1 s). Row security must not hide a row; it raises an error instead.
 */
const SNAPSHOT_SETTINGS = {
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  work_mem: '256MB',
  enable_indexscan: 'off',
  enable_indexonlyscan: 'off',
  enable_bitmapscan: 'off',
  enable_nestloop: 'off',
  jit: 'off',
  row_security: 'off',
}
/** The walk needs all rows in order: here an index saves sorting the whole table on disk. What it leaves out is counted. */
const WALK_SETTINGS = 'SET LOCAL enable_indexscan = on; SET LOCAL cursor_tuple_fraction = 1'

const UNLIMITED = { application_name: 'wallet_service audit', query_timeout: 0 }

/** Rows of one FETCH: a few megabytes on either side, however long the ledger is. */
const BATCH_ROWS = 5000

/**
 * Opens a snapshot, hands it to `work`, closes it. Throws `AuditImpossible` when the database is out of reach or holds no
 * ledger.
 */
export async function withAuditSnapshot<Result>(
  databaseUrl: string,
  work: (snapshot: AuditSnapshot) => Promise<Result>,
): Promise<Result> {
  if (!/^postgres(ql)?:\/\//.test(databaseUrl) || !URL.canParse(databaseUrl)) {
    throw new AuditImpossible('The database URL must look like postgres://user:password@host:5432/database.')
  }
  const clients = { asking: newClient(databaseUrl), walking: newClient(databaseUrl) }
  try {
    await openTogether(clients)
    return await work(new AuditSnapshot(clients))
  } catch (error) {
    if (error instanceof AuditImpossible || !isOfTheDatabase(error)) throw error
    throw new AuditImpossible(`The database could not be audited: ${reasonOf(error)}.`, { cause: error })
  } finally {
    await Promise.all(Object.values(clients).map((client) => client.end().catch(() => undefined)))
  }
}

/** Two connections: while one walks along the chains, which keeps this process busy, the other keeps the server busy. */
interface Clients {
  readonly asking: pg.Client
  readonly walking: pg.Client
}

function newClient(databaseUrl: string): pg.Client {
  // All settings are the transaction's, so that it does not matter whether there is a pooler.
  const client = new pg.Client({ ...sessionConfig(databaseUrl, {}, 'transaction'), ...UNLIMITED })
  // A lost connection rejects the query under way; without a listener it would end the process first.
  client.on('error', () => undefined)
  return client
}

/** Both see the database as it is at this instant. */
async function openTogether({ asking, walking }: Clients): Promise<void> {
  for (const client of [asking, walking]) {
    await client.connect()
    await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${localSettings(SNAPSHOT_SETTINGS)}`)
  }
  const exported = await asking.query<{ id: string }>('SELECT pg_export_snapshot() AS id')
  await walking.query(`SET TRANSACTION SNAPSHOT ${pg.escapeLiteral(exported.rows[0]?.id ?? '')}`)
}

/** An open snapshot. Every answer it gives is of the same instant. */
export class AuditSnapshot {
  readonly #asking: pg.Client
  readonly #walking: pg.Client

  constructor({ asking, walking }: Clients) {
    this.#asking = asking
    this.#walking = walking
  }

  /** Counts the rows. Throws `AuditImpossible` when there are no such tables. */
  async size(): Promise<LedgerSize> {
    const tables = await this.#asking.query<{ missing: string | null }>(
      `SELECT string_agg(name, ', ') AS missing FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL`,
      [GUARDED_TABLES],
    )
    const missing = tables.rows[0]?.missing
    if (missing) {
      throw new AuditImpossible(
        `This database holds no ledger (it has no table ${missing}): start the service on it once, or name another database.`,
      )
    }
    const counted = await this.#asking.query<LedgerSize>(
      `SELECT (SELECT count(*) FROM wallets) AS wallets, (SELECT count(*) FROM wallet_transactions) AS transactions,
        (SELECT count(*) FROM holds) AS holds, (SELECT count(*) FROM hold_events) AS "holdEvents"`,
    )
    return counted.rows[0] ?? { wallets: 0, transactions: 0, holds: 0, holdEvents: 0 }
  }

  /** The first rows that break an invariant. A statement that the database refuses is a finding, too. */
  async findings(statement: AuditStatement, limit: number): Promise<Finding[]> {
    return orRefusal(this.#asking, async () => {
      const values = [limit, ...(statement.values ?? [])]
      const { rows } = await this.#asking.query<FindingRow>(statement.text, values)
      return rows.map(({ wallet_id, sequence, transaction_id, hold_id = null, what, expected, found }) => {
        const place = { walletId: wallet_id, sequence, transactionId: transaction_id, holdId: hold_id }
        return { ...place, what, expected: expected ?? 'nothing', found: found ?? 'nothing' }
      })
    })
  }

  /** What stands in the schema otherwise than the migrations made it. */
  async guardFindings(limit: number): Promise<Finding[]> {
    return orRefusal(this.#asking, async () => {
      const { text, values } = guardsOf(GUARDED_TABLES)
      const { rows } = await this.#asking.query<Guard>(text, values ? [...values] : [])
      return differences(EXPECTED_GUARDS, rows).slice(0, limit)
    })
  }

  /** Hands over every row of every chain of a kind, in the order of the chains, a batch at a time. */
  async walk<Row extends pg.QueryResultRow>(
    { name, text }: ChainStatement,
    visit: (rows: readonly Row[]) => void,
  ): Promise<Finding[]> {
    return orRefusal(this.#walking, async () => {
      // A cursor, not key ranges: no row is passed over, even where the keys that would order it are gone.
      await this.#walking.query(WALK_SETTINGS)
      await this.#walking.query(`DECLARE ${name} NO SCROLL CURSOR FOR ${text}`)
      let next = this.#fetch<Row>(name)
      for (;;) {
        const rows = await next
        if (rows.length === 0) return []
        // The server prepares the next batch while this one is hashed.
        next = this.#fetch<Row>(name)
        visit(rows)
      }
    })
  }

  #fetch<Row extends pg.QueryResultRow>(cursor: string): Promise<Row[]> {
    const fetched = this.#walking.query<Row>(`FETCH ${BATCH_ROWS} FROM ${cursor}`).then(({ rows }) => rows)
    // Whoever stops early never looks at it.
    fetched.catch(() => undefined)
    return fetched
  }
}

/** A savepoint keeps one refused statement from ending the snapshot; a value nobody can read comes as our parsers' error. */
async function orRefusal(client: pg.Client, work: () => Promise<Finding[]>): Promise<Finding[]> {
  await client.query('SAVEPOINT one_check')
  try {
    return await work()
  } catch (error) {
    if (isOfTheDatabase(error) && classifyDatabaseError(error) !== 'rejected') throw error
    await client.query('ROLLBACK TO SAVEPOINT one_check')
    return [{ ...NOWHERE, what: 'the check itself', expected: 'tables it can read', found: reasonOf(error) }]
  }
}

/** Columns, constraints and indexes of somebody else's do no harm; what acts on a write by itself must be ours. */
const ACTIVE_KINDS: ReadonlySet<string> = new Set(['trigger', 'function', 'rule', 'setting'])

function differences(expected: readonly Guard[], found: readonly Guard[]): Finding[] {
  const nameOf = (guard: Guard): string => `${guard.kind} ${guard.name} of ${guard.table}`
  const standing = new Map<string, string[]>()
  for (const guard of found) standing.set(nameOf(guard), [...(standing.get(nameOf(guard)) ?? []), guard.definition])
  const wanted = new Map(expected.map((guard) => [nameOf(guard), guard.definition]))
  return [
    ...expected.flatMap((guard): Finding[] => {
      const definitions = standing.get(nameOf(guard)) ?? []
      if (definitions.length === 1 && definitions[0] === guard.definition) return []
      return [
        { ...NOWHERE, what: nameOf(guard), expected: guard.definition, found: definitions.join(' and ') || 'nothing' },
      ]
    }),
    ...found.flatMap((guard): Finding[] =>
      ACTIVE_KINDS.has(guard.kind) && !wanted.has(nameOf(guard))
        ? [{ ...NOWHERE, what: nameOf(guard), expected: 'nothing', found: guard.definition }]
        : [],
    ),
  ]
}

function isOfTheDatabase(error: unknown): boolean {
  return error instanceof pg.DatabaseError || classifyDatabaseError(error) === 'unavailable'
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // A refusal by every address of a host has its words in the single errors.
  const reasons = error instanceof AggregateError ? error.errors.map(reasonOf) : []
  return (error.message || reasons.join(', ') || error.name).replace(/\.$/, '')
}
