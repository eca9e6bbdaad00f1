// The audit of the schema itself: every way to weaken a constraint, an index or a trigger is named, and the list of what
// should stand is that of a freshly migrated database.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { byTable, type Guard, guardsOf } from '../../src/repositories/audit-guard-statements.ts'
import { auditDatabase } from '../../src/services/audit-service.ts'
import { createSampleDatabase, type SampleDatabase } from '../support/ledger-copies.ts'
import { withoutRule } from '../support/rules.ts'
import { queryDatabase } from '../support/sql.ts'

let sample: SampleDatabase
beforeAll(async () => {
  sample = await createSampleDatabase()
})
afterAll(() => sample.drop())

// A migration that adds or changes a guard ends here: `npx vitest run test/integration/audit-guards.test.ts -u` writes it.
test('ledger-guards.json is what a freshly migrated database has, table by table', async () => {
  const tables = await queryDatabase<{ name: string }>(
    sample.url,
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'kysely%' ORDER BY 1`,
  )
  const { text, values } = guardsOf(tables.map(({ name }) => name))
  const guards = await queryDatabase<Guard>(sample.url, text, values)
  const rendered = `${JSON.stringify(byTable(guards), null, 2)}\n`
  await expect(rendered).toMatchFileSnapshot('../../src/repositories/ledger-guards.json')
})

const REFUSE_NOTHING = `CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RETURN coalesce(NEW, OLD); END $$`
const SWALLOW = `CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
  CREATE TRIGGER extra BEFORE INSERT ON wallet_transactions FOR EACH ROW EXECUTE FUNCTION swallow()`
const SAME_NAME_NOT_UNIQUE = `DROP INDEX wallets_open_fiat_key;
  CREATE INDEX wallets_open_fiat_key ON wallets (user_id, currency) WHERE wallet_type = 'fiat' AND status <> 'closed'`
const AGAIN_BUT_NOT_VALID = `ALTER TABLE hold_events DROP CONSTRAINT hold_events_totals_check, ADD CONSTRAINT
  hold_events_totals_check CHECK (expired_total >= 0 AND reserved_total >= expired_total) NOT VALID`
const WEAKER = `ALTER TABLE hold_events DROP CONSTRAINT hold_events_totals_check, ADD CONSTRAINT hold_events_totals_check CHECK (true)`
const NO_RULES = 'ALTER TABLE wallet_transactions DROP CONSTRAINT wallet_transactions_rules_check'
const RULES_THAT_PASS = `DO $do$ BEGIN
  EXECUTE replace(pg_get_functiondef('wallet_transactions_rules'::regproc), 'RAISE check_violation', 'RETURN true; RAISE check_violation');
END $do$`

describe('a weakened guard is named', () => {
  test.each`
    guard                                                                   | damage
    ${'trigger wallet_transactions_append_only of wallet_transactions'}     | ${'ALTER TABLE wallet_transactions DISABLE TRIGGER wallet_transactions_append_only'}
    ${'trigger wallet_transactions_append_only of wallet_transactions'}     | ${'ALTER TABLE wallet_transactions ENABLE REPLICA TRIGGER wallet_transactions_append_only'}
    ${'trigger wallets_identity of wallets'}                                | ${'DROP TRIGGER wallets_identity ON wallets'}
    ${'trigger wallets_no_truncate of wallets'}                             | ${'ALTER TABLE wallets DISABLE TRIGGER USER'}
    ${'trigger extra of wallet_transactions'}                               | ${SWALLOW}
    ${'function refuse_change of wallets'}                                  | ${REFUSE_NOTHING}
    ${'rule quiet of wallets'}                                              | ${'CREATE RULE quiet AS ON UPDATE TO wallets DO INSTEAD NOTHING'}
    ${'constraint wallets_money_check of wallets'}                          | ${withoutRule('wallets', 'wallets_money_check')}
    ${'function wallets_rules of wallets'}                                  | ${withoutRule('wallets', 'wallets_money_check')}
    ${'constraint wallet_transactions_rules_check of wallet_transactions'}  | ${NO_RULES}
    ${'constraint wallet_transactions_amount_check of wallet_transactions'} | ${NO_RULES}
    ${'function wallet_transactions_rules of wallet_transactions'}          | ${RULES_THAT_PASS}
    ${'constraint hold_events_totals_check of hold_events'}                 | ${AGAIN_BUT_NOT_VALID}
    ${'constraint hold_events_totals_check of hold_events'}                 | ${WEAKER}
    ${'constraint wallet_transactions_pkey of wallet_transactions'}         | ${'ALTER TABLE wallet_transactions DROP CONSTRAINT wallet_transactions_pkey'}
    ${'index wallets_open_fiat_key of wallets'}                             | ${'DROP INDEX wallets_open_fiat_key'}
    ${'index wallets_open_fiat_key of wallets'}                             | ${SAME_NAME_NOT_UNIQUE}
    ${'index wallets_creation_key of wallets'}                              | ${`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'wallets_creation_key'::regclass`}
    ${'column amount of wallet_transactions'}                               | ${'ALTER TABLE wallet_transactions ALTER amount DROP NOT NULL'}
    ${'column user_id of wallets'}                                          | ${'DROP TRIGGER wallets_identity ON wallets; ALTER TABLE wallets ALTER user_id TYPE varchar(255)'}
    ${'column total_in of wallets'}                                         | ${'ALTER TABLE wallets DROP COLUMN total_in'}
    ${'trigger hold_events_append_only of hold_events'}                     | ${'ALTER TABLE hold_events DISABLE TRIGGER hold_events_append_only'}
    ${'trigger holds_end_once of holds'}                                    | ${'DROP TRIGGER holds_end_once ON holds'}
    ${'trigger holds_identity of holds'}                                    | ${'ALTER TABLE holds DISABLE TRIGGER holds_identity'}
    ${'constraint holds_status_check of holds'}                             | ${'ALTER TABLE holds DROP CONSTRAINT holds_status_check'}
    ${'index hold_events_end_key of hold_events'}                           | ${'DROP INDEX hold_events_end_key'}
    ${'constraint wallets_lock_expires_check of wallets'}                   | ${withoutRule('wallets', 'wallets_lock_expires_check')}
    ${'table wallet_transactions of wallet_transactions'}                   | ${'ALTER TABLE wallet_transactions SET UNLOGGED'}
    ${'table wallets of wallets'}                                           | ${'ALTER TABLE wallets ENABLE ROW LEVEL SECURITY'}
    ${'setting session_replication_role of wallets'}                        | ${`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET session_replication_role = replica', current_database()); END $$`}
  `('$guard: $damage', async ({ guard, damage }) => {
    const database = await sample.copy()
    await queryDatabase(database.url, damage)
    const report = await auditDatabase({ databaseUrl: database.url, findingsPerCheck: 50 })
    await database.drop()

    const findings = report.checks.find((check) => check.name === 'guards')?.findings ?? []
    expect(findings).toContainEqual(expect.objectContaining({ what: guard }))
    expect(findings.every(({ expected, found }) => expected !== found)).toBe(true)
  })

  test('what somebody adds that acts on no write is no fault', async () => {
    const database = await sample.copy()
    const harmless = `CREATE INDEX mine ON wallets (status); ALTER TABLE wallets ADD note text; CREATE VIEW poor AS SELECT * FROM wallets`
    await queryDatabase(database.url, harmless)
    const report = await auditDatabase({ databaseUrl: database.url })
    await database.drop()
    expect(report.checks.flatMap((check) => check.findings)).toEqual([])
  })
})
