// What a statement costs, as EXPLAIN (ANALYZE, BUFFERS) counts it: pages touched, and tables read from end to end. Pages are
// the same on every machine, times are not.
import type pg from 'pg'
import { PipelineConnection } from '../../src/db/pipeline.ts'
import type { PipelineStatement, StatementAnswer } from '../../src/db/trip.ts'
import type { SentStatement } from './read-services.ts'

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Shared Hit Blocks': number
  readonly 'Shared Read Blocks': number
  readonly Plans?: readonly PlanNode[]
}

export interface Explained {
  readonly buffers: number
  /** Tables that were read from end to end. */
  readonly scanned: readonly string[]
}

const EXPLAIN = 'EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)'

/** What a read says to the planner for the rest of its transaction. */
const isSetting = ({ sql }: SentStatement): boolean => sql.includes('set_config(')

/** Begins or ends the read's own transaction. */
const isBracket = ({ sql }: SentStatement): boolean => /^(start transaction|begin|set transaction|commit)\b/i.test(sql)

/** Runs the statements of one read once more, explained, with the settings that it made. */
export async function explainRead(pool: pg.Pool, statements: readonly SentStatement[]): Promise<Explained[]> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    for (const { sql, parameters } of statements.filter(isSetting)) await client.query(sql, [...parameters])
    const explained: Explained[] = []
    for (const { sql, parameters } of statements.filter((sent) => !isSetting(sent) && !isBracket(sent))) {
      explained.push(explanationOf(await client.query(`${EXPLAIN} ${sql}`, [...parameters])))
    }
    return explained
  } finally {
    await client.query('ROLLBACK')
    client.release()
  }
}

function explanationOf({ rows }: { readonly rows: readonly unknown[] }): Explained {
  const [row] = rows as { 'QUERY PLAN'?: string }[]
  const plans: readonly { readonly Plan: PlanNode }[] = JSON.parse(row?.['QUERY PLAN'] ?? '[]')
  const [plan] = plans
  if (!plan) throw new Error('EXPLAIN gave no plan')
  return { buffers: plan.Plan['Shared Hit Blocks'] + plan.Plan['Shared Read Blocks'], scanned: scannedBy(plan.Plan) }
}

function scannedBy(node: PlanNode): string[] {
  const own = node['Node Type'] === 'Seq Scan' ? [node['Relation Name'] ?? '?'] : []
  return [...own, ...(node.Plans ?? []).flatMap(scannedBy)]
}

/** There is no plan of it. */
const CONTROLS_TRANSACTION = /^(?:BEGIN|COMMIT|ROLLBACK)\b/

/**
 * The connection of postings, with its plan settings. Runs every statement twice: first explained, in a savepoint that is rolled
 * back, then as it came; so each is explained on the very data that it meets.
 */
export class ExplainingConnection extends PipelineConnection {
  /** What was explained since somebody emptied it, by the statement's name. */
  readonly explained = new Map<string, Explained>()
  readonly #prepared = new Set<string>()

  override async send(statements: readonly PipelineStatement[]): Promise<readonly StatementAnswer[]> {
    const results: StatementAnswer[] = []
    for (const statement of statements) {
      const { name, text } = statement
      if (name !== undefined && !CONTROLS_TRANSACTION.test(text)) await this.#explain(name, statement)
      results.push(...(await super.send([statement])))
    }
    return results
  }

  /** In a transaction, which what explains needs. */
  override async look(statements: readonly PipelineStatement[]): Promise<readonly StatementAnswer[]> {
    const answers = await this.begin(statements)
    await super.send([{ text: 'ROLLBACK' }])
    return answers
  }

  /** As a prepared statement: only so the planner is bound to the plan that serves all parameters. */
  async #explain(name: string, { text, values = [] }: PipelineStatement): Promise<void> {
    const alias = `explained_${name}`
    if (!this.#prepared.has(alias)) await super.send([{ text: `PREPARE ${alias} AS ${text}` }])
    this.#prepared.add(alias)
    const parameters =
      values.length === 0 ? '' : `(${values.map((value) => `'${value.replaceAll("'", "''")}'`).join(', ')})`
    const explain = { text: `${EXPLAIN} EXECUTE ${alias}${parameters}` }
    const undo = { text: 'ROLLBACK TO before_explain' }
    // The second one counts: the first reads the catalog too, once for each connection.
    const answers = await super.send([{ text: 'SAVEPOINT before_explain' }, explain, undo, explain, undo])
    const explained = answers.at(-2)
    if (explained) this.explained.set(name, explanationOf(explained))
  }
}

/**
 * Leaves it to the test when a database's tables are analysed: autovacuum does it whenever it comes by, in the middle of a load
 * too, and then what is explained is neither the one state nor the other.
 */
export async function analyseOnlyWhenTold(pool: pg.Pool): Promise<void> {
  for (const table of ['wallets', 'wallet_transactions', 'holds', 'hold_events']) {
    await pool.query(`ALTER TABLE ${table} SET (autovacuum_enabled = off)`)
  }
}

/** Puts the ledger's tables back to where they were before they were first analysed. */
export async function forgetStatistics(pool: pg.Pool): Promise<void> {
  await pool.query(`DELETE FROM pg_statistic WHERE starelid IN ('wallets'::regclass, 'wallet_transactions'::regclass)`)
  await pool.query(`UPDATE pg_class SET reltuples = -1, relpages = 0, relallvisible = 0
    WHERE oid IN ('wallets'::regclass, 'wallet_transactions'::regclass)
      OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid IN ('wallets'::regclass, 'wallet_transactions'::regclass))`)
}

/** Makes the planner believe that no wallet has more than one row, as it does after many were opened and the table analysed. */
export async function believeInSmallWallets(pool: pg.Pool): Promise<void> {
  await pool.query(`UPDATE pg_statistic
    SET stadistinct = -1, stakind1 = 0, stakind2 = 0, stakind3 = 0, stanumbers1 = NULL, stanumbers2 = NULL, stanumbers3 = NULL,
      stavalues1 = NULL, stavalues2 = NULL, stavalues3 = NULL
    WHERE (starelid, staattnum) IN (SELECT attrelid, attnum FROM pg_attribute
      WHERE attrelid = 'wallet_transactions'::regclass AND attname = 'wallet_id')`)
}
