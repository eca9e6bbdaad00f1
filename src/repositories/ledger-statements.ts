// The SQL of the posting path, one statement a function, built with Kysely once and run on the pipelined connection.
// test/contract/ledger-statements.sql shows it rendered.
import { sql } from 'kysely'
import type { ArrayElement } from '../db/array-literal.ts'
import { HOLD_STATEMENTS } from './hold-statements.ts'
import { array, insert, sameKey, type Statement, statement, unnest } from './set-wise.ts'

const WALLET_STATE = sql.raw(
  'wallet_id, user_id, currency, status, balance, locked_balance, next_hold_expiry, last_sequence, last_hash, total_in, totals, updated_at',
)

/** Locks wallets in one order, so that no two flushes, of whatever process, wait for each other in a circle. */
export const lockWallets = statement(
  'lock_wallets',
  sql`SELECT ${WALLET_STATE} FROM wallets WHERE wallet_id = ANY(${array(1, 'uuid')}) ORDER BY wallet_id FOR UPDATE`,
)

/** As `lockWallets`, passing over those that somebody else holds. */
export const lockFreeWallets = statement(
  'lock_free_wallets',
  sql`SELECT ${WALLET_STATE} FROM wallets WHERE wallet_id = ANY(${array(1, 'uuid')}) ORDER BY wallet_id FOR UPDATE SKIP LOCKED`,
)

/** As `lockWallets`, without a lock: for whoever only looks. */
export const readWallets = statement(
  'read_wallets',
  sql`SELECT ${WALLET_STATE} FROM wallets WHERE wallet_id = ANY(${array(1, 'uuid')})`,
)

/**
 * As `readWallets`, with the transaction that wrote each of them, for whoever will write them if that is still so; and whether
 * they ever had holds.
 */
export const readWalletVersions = statement(
  'read_wallet_versions',
  sql`SELECT ${WALLET_STATE}, xmin::text AS version,
      EXISTS (SELECT FROM hold_events e WHERE e.wallet_id = wallets.wallet_id) AS has_holds
    FROM wallets WHERE wallet_id = ANY(${array(1, 'uuid')})`,
)

/** Which of these wallets exist at all. */
export const findWallets = statement(
  'find_wallets',
  sql`SELECT wallet_id FROM wallets WHERE wallet_id = ANY(${array(1, 'uuid')})`,
)

/** Locks users who may have no row yet, in the order of their keys. */
export const lockUsers = statement(
  'lock_users',
  sql`SELECT pg_advisory_xact_lock(user_key) FROM (
    SELECT DISTINCT hashtextextended(user_id, 8208) AS user_key FROM ${unnest(['text'])} AS request (user_id) ORDER BY user_key
  ) AS ordered`,
)

/** As `lockUsers`, without waiting: which of these users could be locked. */
export const lockFreeUsers = statement(
  'lock_free_users',
  sql`SELECT user_id, pg_try_advisory_xact_lock(hashtextextended(user_id, 8208)) AS locked
    FROM ${unnest(['text'])} AS request (user_id)`,
)

/** The database's clock, read after the locks are held: a transaction's own now() would run backwards (TRAPS.md). */
export const readClock = statement('read_clock', sql`SELECT clock_timestamp() AS now`)

/**
 * What these keys have already done. LATERAL with LIMIT, here and below, so that the planner can only look up one by one:
 * as a plain join it materialised the whole table while its statistics were young (800 ms a flush at 11,000 rows).
 */
export const findEffects = statement(
  'find_effects',
  sql`SELECT request.wallet_id, request.idempotency_key, earlier.effect_id, earlier.request_hash
    FROM ${unnest(['uuid', 'text'])} AS request (wallet_id, idempotency_key)
    CROSS JOIN LATERAL (
      (SELECT t.transaction_id::text AS effect_id, t.request_hash FROM wallet_transactions t
      WHERE t.wallet_id = request.wallet_id AND ${sameKey(sql`t.idempotency_key`, sql`request.idempotency_key`)} LIMIT 1)
      UNION ALL
      (SELECT e.sequence::text, e.request_hash FROM hold_events e
      WHERE e.wallet_id = request.wallet_id AND e.idempotency_key = request.idempotency_key LIMIT 1)
    ) AS earlier`,
)

/** How much of these transactions has been refunded: the newest refund of each knows. */
export const findRefunded = statement(
  'find_refunded',
  sql`SELECT request.original_transaction_id, newest.refunded_total
    FROM ${unnest(['uuid', 'uuid'])} AS request (wallet_id, original_transaction_id)
    CROSS JOIN LATERAL (
      SELECT t.refunded_total FROM wallet_transactions t
      WHERE t.wallet_id = request.wallet_id AND t.original_transaction_id = request.original_transaction_id
      ORDER BY t.refunded_total DESC LIMIT 1
    ) AS newest`,
)

/** The particulars that administration changes; their wallets are locked by then. */
export const findDetails = statement(
  'find_details',
  sql`SELECT wallet_id, status, status_reason, blockchain_address, blockchain_network, metadata
    FROM wallets WHERE wallet_id = ANY(${array(1, 'uuid')})`,
)

/** Open fiat wallets of these users and currencies; the users are locked by then. */
export const findFiatWallets = statement(
  'find_fiat_wallets',
  sql`SELECT existing.wallet_id, request.user_id, request.currency, existing.balance
    FROM ${unnest(['text', 'text'])} AS request (user_id, currency)
    CROSS JOIN LATERAL (
      SELECT w.wallet_id, w.balance FROM wallets w
      WHERE w.user_id = request.user_id AND w.currency = request.currency
        AND w.wallet_type = 'fiat' AND w.status <> 'closed' LIMIT 1
    ) AS existing`,
)

/** What these keys have already created. */
export const findCreations = statement(
  'find_creations',
  sql`SELECT earlier.wallet_id, request.user_id, request.creation_key, earlier.creation_request_hash
    FROM ${unnest(['text', 'text'])} AS request (user_id, creation_key)
    CROSS JOIN LATERAL (
      SELECT w.wallet_id, w.creation_request_hash FROM wallets w
      WHERE w.user_id = request.user_id AND w.creation_key = request.creation_key LIMIT 1
    ) AS earlier`,
)

/**
 * Whether any of these rows, wallets, changes or hold events are there: how the outcome of a COMMIT whose answer was lost is
 * settled. All of a transaction is there or nothing.
 */
export const findWritten = statement(
  'find_written',
  sql`SELECT EXISTS (SELECT FROM wallet_transactions WHERE transaction_id = ANY(${array(1, 'uuid')}))
    OR EXISTS (SELECT FROM wallets WHERE wallet_id = ANY(${array(2, 'uuid')}))
    OR EXISTS (
      SELECT FROM unnest(${array(3, 'uuid')}, ${array(4, 'timestamptz')}) AS change (wallet_id, updated_at)
      JOIN wallets w ON w.wallet_id = change.wallet_id AND w.updated_at = change.updated_at
    )
    OR EXISTS (
      SELECT FROM unnest(${array(5, 'uuid')}, ${array(6, 'int8')}, ${array(7, 'bytea')}) AS event (wallet_id, sequence, hash)
      JOIN hold_events e ON e.wallet_id = event.wallet_id AND e.sequence = event.sequence AND e.hash = event.hash
    ) AS written`,
)

/**
 * Writes wallets as they are, so that no transaction is confirmed any more that counts on an earlier version of them: one whose
 * connection was lost may not even have begun.
 */
export const fenceWallets = statement(
  'fence_wallets',
  sql`UPDATE wallets SET updated_at = updated_at WHERE wallet_id = ANY(${array(1, 'uuid')})`,
)

/** Columns of `wallet_transactions` in the order of `insertTransactions`' parameters, with their types. */
export const TRANSACTION_COLUMNS = [
  ['wallet_id', 'uuid'],
  ['sequence', 'int8'],
  ['transaction_id', 'uuid'],
  ['user_id', 'text'],
  ['transaction_type', 'text'],
  ['direction', 'text'],
  ['amount', 'numeric'],
  ['balance_before', 'numeric'],
  ['balance_after', 'numeric'],
  ['locked_balance', 'numeric'],
  ['fee', 'numeric'],
  ['currency', 'text'],
  ['counterparty', 'text'],
  ['description', 'text'],
  ['reference_id', 'text'],
  ['usage_record_id', 'text'],
  ['from_wallet_id', 'uuid'],
  ['to_wallet_id', 'uuid'],
  ['counterpart_sequence', 'int8'],
  ['original_transaction_id', 'uuid'],
  ['original_amount', 'numeric'],
  ['refunded_total', 'numeric'],
  ['blockchain_tx_hash', 'text'],
  ['blockchain_network', 'text'],
  ['blockchain_status', 'text'],
  ['blockchain_confirmations', 'int4'],
  ['gas_fee', 'numeric'],
  ['metadata', 'json'],
  ['type_count', 'int8'],
  ['type_total_in', 'numeric'],
  ['type_total_out', 'numeric'],
  ['total_in', 'numeric'],
  ['idempotency_key', 'text'],
  ['request_hash', 'bytea'],
  ['hash', 'bytea'],
  ['created_at', 'timestamptz'],
] as const

export type TransactionColumn = (typeof TRANSACTION_COLUMNS)[number][0]

/**
 * What only transfers, refunds and the chain fill in, as it is in every other row. Most flushes hold none of them, and reading
 * twelve arrays that say nothing took 12 % of the server's time.
 */
export const PLAIN_VALUES = {
  fee: '0',
  from_wallet_id: null,
  to_wallet_id: null,
  counterpart_sequence: null,
  original_transaction_id: null,
  original_amount: null,
  refunded_total: null,
  blockchain_tx_hash: null,
  blockchain_network: null,
  blockchain_status: 'none',
  blockchain_confirmations: 0,
  gas_fee: null,
} as const satisfies Partial<Record<TransactionColumn, ArrayElement>>

/** As `TRANSACTION_COLUMNS`, without those. */
export const PLAIN_TRANSACTION_COLUMNS = TRANSACTION_COLUMNS.filter(([column]) => !(column in PLAIN_VALUES))

/** Those that are not simply left out, as SQL. */
const PLAIN_CONSTANTS = Object.fromEntries(
  TRANSACTION_COLUMNS.flatMap(([column, type]): [string, string][] => {
    const value: string | number | null = column in PLAIN_VALUES ? Reflect.get(PLAIN_VALUES, column) : null
    return value === null ? [] : [[column, type === 'text' ? `'${value}'` : String(value)]]
  }),
)

/** Columns of `wallets` in the order of `insertWallets`' parameters, with their types. */
export const NEW_WALLET_COLUMNS = [
  ['wallet_id', 'uuid'],
  ['user_id', 'text'],
  ['organization_id', 'text'],
  ['wallet_type', 'text'],
  ['currency', 'text'],
  ['balance', 'numeric'],
  ['blockchain_address', 'text'],
  ['blockchain_network', 'text'],
  ['metadata', 'json'],
  ['last_sequence', 'int8'],
  ['last_hash', 'bytea'],
  ['total_in', 'numeric'],
  ['totals', 'json'],
  ['locked_balance', 'numeric'],
  ['next_hold_expiry', 'timestamptz'],
  ['creation_key', 'text'],
  ['creation_request_hash', 'bytea'],
  ['creation_snapshot', 'json'],
  ['created_at', 'timestamptz'],
  ['updated_at', 'timestamptz'],
] as const

/** Writes rows of the ledger, all in one statement. */
export const insertTransactions = insert('insert_transactions', 'wallet_transactions', TRANSACTION_COLUMNS)

/** As `insertTransactions`, for rows that are no part of a transfer or refund and were on no chain. */
export const insertPlainTransactions = insert(
  'insert_plain_transactions',
  'wallet_transactions',
  PLAIN_TRANSACTION_COLUMNS,
  PLAIN_CONSTANTS,
)

/** Opens wallets, with what they hold after the commands of this flush. */
export const insertWallets = insert('insert_wallets', 'wallets', NEW_WALLET_COLUMNS)

/** Writes the new balances, chain heads and running totals. Touches no indexed column, so the update is HOT. */
export const updateBalances = statement(
  'update_balances',
  sql`UPDATE wallets w SET balance = posted.balance, last_sequence = posted.last_sequence, last_hash = posted.last_hash,
      total_in = posted.total_in, totals = posted.totals, updated_at = posted.updated_at
    FROM ${unnest(['uuid', 'numeric', 'int8', 'bytea', 'numeric', 'json', 'timestamptz'])}
      AS posted (wallet_id, balance, last_sequence, last_hash, total_in, totals, updated_at)
    WHERE w.wallet_id = posted.wallet_id`,
)

/**
 * As `updateBalances`, of wallets that nobody has locked: fails with a serialization failure unless each of them is still as the
 * given transaction left it, by its number and by what it wrote: a server that has lost its last transactions (failover, restore)
 * gives their numbers to others. Their order is the caller's, by id.
 */
export const updateUnchangedBalances = statement(
  'update_unchanged_balances',
  sql`WITH moved AS (
      UPDATE wallets w SET balance = posted.balance, last_sequence = posted.last_sequence, last_hash = posted.last_hash,
        total_in = posted.total_in, totals = posted.totals, updated_at = posted.updated_at
      FROM ${unnest(['uuid', 'numeric', 'int8', 'bytea', 'numeric', 'json', 'timestamptz', 'xid', 'bytea', 'timestamptz'])}
        AS posted (wallet_id, balance, last_sequence, last_hash, total_in, totals, updated_at, version, hash_before,
          updated_before)
      WHERE w.wallet_id = posted.wallet_id AND w.xmin = posted.version AND w.last_hash = posted.hash_before
        AND w.updated_at = posted.updated_before
      RETURNING w.wallet_id
    )
    SELECT require_unchanged(count(*), cardinality(${array(1, 'uuid')})) AS now, pg_current_xact_id()::xid::text AS version
    FROM moved`,
)

/** As `updateBalances`, with what holds lock: only for wallets in which that has changed, so that others do not pay for it. */
export const updateBalancesAndLocks = statement(
  'update_balances_and_locks',
  sql`UPDATE wallets w SET balance = posted.balance, last_sequence = posted.last_sequence, last_hash = posted.last_hash,
      total_in = posted.total_in, totals = posted.totals, updated_at = posted.updated_at,
      locked_balance = posted.locked_balance, next_hold_expiry = posted.next_hold_expiry
    FROM ${unnest(['uuid', 'numeric', 'int8', 'bytea', 'numeric', 'json', 'timestamptz', 'numeric', 'timestamptz'])}
      AS posted (wallet_id, balance, last_sequence, last_hash, total_in, totals, updated_at, locked_balance, next_hold_expiry)
    WHERE w.wallet_id = posted.wallet_id`,
)

/** Writes what administration changed. */
export const updateDetails = statement(
  'update_details',
  sql`UPDATE wallets w SET status = changed.status, status_reason = changed.status_reason,
      blockchain_address = changed.blockchain_address, blockchain_network = changed.blockchain_network,
      metadata = changed.metadata, updated_at = changed.updated_at
    FROM ${unnest(['uuid', 'text', 'text', 'text', 'text', 'json', 'timestamptz'])}
      AS changed (wallet_id, status, status_reason, blockchain_address, blockchain_network, metadata, updated_at)
    WHERE w.wallet_id = changed.wallet_id`,
)

/** Every statement of the posting path, for the snapshot that shows reviewers when SQL changes. */
export const LEDGER_STATEMENTS: readonly Statement[] = [
  lockWallets,
  lockFreeWallets,
  readWallets,
  readWalletVersions,
  findWallets,
  lockUsers,
  lockFreeUsers,
  readClock,
  findEffects,
  findRefunded,
  findDetails,
  findFiatWallets,
  findCreations,
  findWritten,
  fenceWallets,
  insertTransactions,
  insertPlainTransactions,
  insertWallets,
  updateBalances,
  updateUnchangedBalances,
  updateBalancesAndLocks,
  updateDetails,
  ...HOLD_STATEMENTS,
]
