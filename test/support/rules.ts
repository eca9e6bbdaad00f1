// The rules of a table, wherever they stand: CHECKs of their own, or lines of the function that migrations/0003_rules.sql made.
import { guardsOf } from '../../src/repositories/audit-guard-statements.ts'

interface Client {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: unknown[] }>
}

interface Rule {
  readonly name: string
  /** `CHECK (...)`. */
  readonly definition: string
}

/** Its CHECKs by name, but not the one that only calls the function. */
export async function rulesOf(client: Client, table: string): Promise<readonly Rule[]> {
  const { text, values = [] } = guardsOf([table])
  const { rows } = await client.query(text, [...values])
  return (rows as (Rule & { readonly kind: string })[]).filter(
    ({ kind, name, definition }) =>
      kind === 'constraint' && definition.startsWith('CHECK') && name !== `${table}_rules_check`,
  )
}

/** SQL after which a table knows one of its rules no more, and all the others still. */
export function withoutRule(table: string, rule: string): string {
  return `DO $do$
    DECLARE
      body text;
      condition text;
    BEGIN
      IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = '${table}'::regclass AND conname = '${rule}') THEN
        ALTER TABLE ${table} DROP CONSTRAINT ${rule};
      ELSE
        SELECT pg_get_functiondef('${table}_rules'::regproc) INTO STRICT body;
        condition := (SELECT rule[1] FROM regexp_matches(body, 'WHEN \\((.*?)\\) IS FALSE THEN ''(\\w+)''', 'g') AS rule
          WHERE rule[2] = '${rule}');
        EXECUTE replace(body, condition, 'true');
      END IF;
    END
  $do$`
}
