// The SQL of the audit about the schema itself: whether the constraints, indexes, triggers and column types that refuse bad
// money stand as the migrations made them, and whether every row passes the CHECKs even if one was off for a while.
import expectedGuards from './ledger-guards.json' with { type: 'json' }
import type { AuditStatement } from './audit-statements.ts'

/** One thing of the schema that guards the ledger, in PostgreSQL's own words. */
export interface Guard {
  readonly table: string
  readonly kind: string
  readonly name: string
  readonly definition: string
}

/** Definitions by table, kind and name, as `ledger-guards.json` has them. */
export type GuardsByTable = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>

const EXPECTED: GuardsByTable = expectedGuards

/** What stands in the schema after every migration; a test compares the file with a freshly migrated database. */
export const EXPECTED_GUARDS: readonly Guard[] = Object.entries(EXPECTED).flatMap(([table, kinds]) =>
  Object.entries(kinds).flatMap(([kind, guards]) =>
    Object.entries(guards).map(([name, definition]) => ({ table, kind, name, definition })),
  ),
)

/** The tables whose guards are looked at. */
export const GUARDED_TABLES: readonly string[] = Object.keys(EXPECTED)

/** Guards in the form of `ledger-guards.json`. */
export function byTable(guards: readonly Guard[]): GuardsByTable {
  const tables: Record<string, Record<string, Record<string, string>>> = {}
  for (const { table, kind, name, definition } of guards) ((tables[table] ??= {})[kind] ??= {})[name] = definition
  return tables
}

/** Everything of the schema that guards `tables`. What is disabled, not validated or broken says so in its definition. */
export const guardsOf = (tables: readonly string[]): AuditStatement => ({ text: GUARDS, values: [tables] })

/** In a function of rules: a condition and the name of the rule, as a regular expression of PostgreSQL's inside a literal. */
const RULE = String.raw`WHEN \((.*?)\) IS FALSE THEN ''(\w+)''`

// Of constraints only the CHECKs and keys: NOT NULL is one only since PostgreSQL 18, and stands with the columns here. The rules
// that migrations/0003_rules.sql moved from CHECKs of their own into a function stand here as the CHECKs that they were.
const GUARDS = `
  WITH guarded AS (SELECT name, to_regclass(name)::oid AS oid FROM unnest($1::text[]) AS name),
  called AS (
    SELECT DISTINCT guarded.name, proname, prosrc, array_to_string(proconfig, ', ') AS settings
    FROM pg_constraint
    JOIN guarded ON guarded.oid = conrelid
    JOIN pg_depend ON classid = 'pg_constraint'::regclass AND objid = pg_constraint.oid AND refclassid = 'pg_proc'::regclass
    JOIN pg_proc ON pg_proc.oid = refobjid
    WHERE contype = 'c'
  )
  SELECT name AS "table", 'table' AS kind, name,
    CASE relpersistence WHEN 'p' THEN 'logged' ELSE 'not logged' END
      || CASE WHEN relrowsecurity OR relforcerowsecurity THEN ', row security' ELSE '' END AS definition
  FROM pg_class JOIN guarded USING (oid)
  UNION ALL
  SELECT guarded.name, 'column', attname, format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
  FROM pg_attribute JOIN guarded ON oid = attrelid WHERE attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT guarded.name, 'constraint', conname, pg_get_constraintdef(pg_constraint.oid)
  FROM pg_constraint JOIN guarded ON guarded.oid = conrelid WHERE contype NOT IN ('n', 't')
  UNION ALL
  SELECT called.name, 'constraint', rule[2], 'CHECK (' || rule[1] || ')'
  FROM called, regexp_matches(prosrc, '${RULE}', 'g') AS rule
  UNION ALL
  SELECT name, 'function', proname, concat('SET ' || settings || ' ', regexp_replace(trim(prosrc), '\\s+', ' ', 'g')) FROM called
  UNION ALL
  SELECT guarded.name, 'index', relname,
    pg_get_indexdef(indexrelid, 0, true) || CASE WHEN indisvalid AND indisready AND indislive THEN '' ELSE ' INVALID' END
  FROM pg_index JOIN guarded ON guarded.oid = indrelid JOIN pg_class ON pg_class.oid = indexrelid WHERE indisunique
  UNION ALL
  SELECT guarded.name, 'trigger', tgname,
    pg_get_triggerdef(pg_trigger.oid, true) || CASE WHEN tgenabled IN ('O', 'A') THEN '' ELSE ' DISABLED' END
  FROM pg_trigger JOIN guarded ON guarded.oid = tgrelid WHERE NOT tgisinternal
  UNION ALL
  SELECT DISTINCT guarded.name, 'function', proname, regexp_replace(trim(prosrc), '\\s+', ' ', 'g')
  FROM pg_trigger JOIN guarded ON guarded.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid WHERE NOT tgisinternal
  UNION ALL
  SELECT guarded.name, 'rule', rulename, pg_get_ruledef(pg_rewrite.oid)
  FROM pg_rewrite JOIN guarded ON guarded.oid = ev_class
  UNION ALL
  SELECT guarded.name, 'setting', 'session_replication_role', value
  FROM guarded CROSS JOIN LATERAL (
    SELECT current_setting('session_replication_role') AS value
    UNION
    SELECT split_part(setting, '=', 2) FROM pg_db_role_setting, unnest(setconfig) AS setting
    WHERE setting LIKE 'session_replication_role=%'
      AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
  ) AS roles
  ORDER BY 1, 2, 3, 4`

/** What names a row of each table: its sequence, its transaction, its hold. */
const PLACES = {
  wallets: { sequence: 'last_sequence', transactionId: 'NULL', holdId: 'NULL' },
  wallet_transactions: { sequence: 'sequence', transactionId: 'transaction_id', holdId: 'NULL' },
  holds: { sequence: 'NULL', transactionId: 'NULL', holdId: 'hold_id' },
  hold_events: { sequence: 'sequence', transactionId: 'NULL', holdId: 'hold_id' },
} as const

/** The rows of `table` that its CHECKs, as the migrations made them, would refuse today. */
export const rowsAgainstChecks = (table: keyof typeof PLACES): AuditStatement => {
  const checks = EXPECTED_GUARDS.flatMap((guard): [string, string][] => {
    // The CHECK that calls the function of the rules is left out: the function is what the audit finds, not what it should be.
    if (guard.table !== table || guard.kind !== 'constraint' || guard.name === `${table}_rules_check`) return []
    const [, condition] = /^CHECK (.*)$/s.exec(guard.definition) ?? []
    return condition === undefined ? [] : [[guard.name, condition]]
  })
  const { sequence, transactionId, holdId } = PLACES[table]
  // The text comes from a file of this repository; nothing of a request or of the audited data is in it.
  return {
    text: `
      SELECT wallet_id::text, ${sequence}::text AS sequence, ${transactionId}::text AS transaction_id,
        ${holdId}::text AS hold_id, c.name AS what, 'a row that the CHECK allows' AS expected, 'a row that it refuses' AS found
      FROM ${table},
      LATERAL (VALUES ${checks.map(([name, condition]) => `('${name}', ${condition})`).join(',\n        ')}) AS c (name, holds)
      WHERE (${checks.map(([, condition]) => condition).join('\n        AND ')}) IS FALSE AND c.holds IS FALSE
      ORDER BY wallet_id, 2 LIMIT $1`,
  }
}
