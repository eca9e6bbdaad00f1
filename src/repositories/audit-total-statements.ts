// The SQL of the audit, continued: running totals, the ties between rows and wallets, and what must be unique. The form of
// the statements is that of audit-statements.ts.
import type { AuditStatement } from './audit-statements.ts'

/** A row's running totals of its type are the sums of the rows of that type up to it. */
export const wrongRunningTotals: AuditStatement = {
  text: `
    SELECT t.wallet_id::text, t.sequence::text, t.transaction_id::text, c.what, c.expected, c.found
    FROM (
      SELECT wallet_id, sequence, transaction_id, type_count, type_total_in, type_total_out,
        row_number() OVER of_type AS counted,
        sum(CASE direction WHEN 'in' THEN amount ELSE 0 END) OVER of_type AS came_in,
        sum(CASE direction WHEN 'in' THEN 0 ELSE amount END) OVER of_type AS went_out
      FROM wallet_transactions
      WINDOW of_type AS (PARTITION BY wallet_id, transaction_type ORDER BY sequence ROWS UNBOUNDED PRECEDING)
    ) AS t,
    LATERAL (VALUES
      ('type_count', counted::text, type_count::text),
      ('type_total_in', trim_scale(came_in)::text, trim_scale(type_total_in)::text),
      ('type_total_out', trim_scale(went_out)::text, trim_scale(type_total_out)::text)
    ) AS c (what, expected, found)
    WHERE (type_count <> counted OR type_total_in <> came_in OR type_total_out <> went_out)
      AND c.expected IS DISTINCT FROM c.found
    ORDER BY t.wallet_id, t.sequence LIMIT $1`,
}

/** A wallet's totals by type are the counts and sums of its rows; amounts stand there scaled by 10^18. */
export const wrongWalletTotals: AuditStatement = {
  text: `
    SELECT w.wallet_id::text, w.last_sequence::text AS sequence, NULL AS transaction_id, c.what, c.expected, c.found
    FROM wallets w LEFT JOIN (
      SELECT wallet_id, sum(total_in) AS total_in,
        jsonb_object_agg(transaction_type,
          jsonb_build_array(counted, round(total_in * 1e18)::text, round(total_out * 1e18)::text)) AS totals
      FROM (
        SELECT wallet_id, transaction_type, count(*) AS counted,
          coalesce(sum(amount) FILTER (WHERE direction = 'in'), 0) AS total_in,
          coalesce(sum(amount) FILTER (WHERE direction <> 'in'), 0) AS total_out
        FROM wallet_transactions GROUP BY wallet_id, transaction_type
      ) AS by_type GROUP BY wallet_id
    ) AS moved USING (wallet_id),
    LATERAL (VALUES
      ('total_in', trim_scale(coalesce(moved.total_in, 0))::text, trim_scale(w.total_in)::text),
      ('totals', coalesce(moved.totals, '{}')::text, w.totals::jsonb::text)
    ) AS c (what, expected, found)
    WHERE c.expected IS DISTINCT FROM c.found
    ORDER BY w.wallet_id LIMIT $1`,
}

/** A row has a wallet, bears its user and currency, and was written during its life. */
export const strayRows: AuditStatement = {
  text: `
    SELECT t.wallet_id::text, t.sequence::text, t.transaction_id::text, c.what, c.expected, c.found
    FROM wallet_transactions t LEFT JOIN wallets w USING (wallet_id),
    LATERAL (VALUES
      ('wallet_id', w.wallet_id IS NOT NULL, 'a wallet', 'no wallet'),
      ('user_id', coalesce(t.user_id = w.user_id, w.wallet_id IS NULL), w.user_id, t.user_id),
      ('currency', coalesce(t.currency = w.currency, w.wallet_id IS NULL), w.currency, t.currency),
      ('created_at', coalesce(t.created_at BETWEEN w.created_at AND w.updated_at, true),
        'between ' || w.created_at || ' and ' || w.updated_at, t.created_at::text)
    ) AS c (what, holds, expected, found)
    WHERE (w.wallet_id IS NULL OR t.user_id <> w.user_id OR t.currency <> w.currency
      OR t.created_at < w.created_at OR t.created_at > w.updated_at) AND NOT c.holds
    ORDER BY t.wallet_id, t.sequence LIMIT $1`,
}

/** A transaction's id is its own over all wallets; the index can only promise it within one. */
export const repeatedTransactionIds: AuditStatement = {
  text: `
    SELECT t.wallet_id::text, t.sequence::text, t.transaction_id::text, 'transaction_id' AS what,
      'one row' AS expected, counted || ' rows' AS found
    FROM wallet_transactions t JOIN (
      SELECT transaction_id, count(*) AS counted FROM wallet_transactions GROUP BY transaction_id HAVING count(*) > 1
    ) AS repeated USING (transaction_id)
    ORDER BY t.transaction_id, t.wallet_id, t.sequence LIMIT $1`,
}

/** A user has at most one open fiat wallet of a currency. */
export const repeatedFiatWallets: AuditStatement = {
  text: `
    SELECT w.wallet_id::text, NULL AS sequence, NULL AS transaction_id, 'open fiat wallet' AS what,
      'one of ' || user_id || ' in ' || currency AS expected, counted || ' wallets' AS found
    FROM wallets w JOIN (
      SELECT user_id, currency, count(*) AS counted FROM wallets
      WHERE wallet_type = 'fiat' AND status <> 'closed' GROUP BY user_id, currency HAVING count(*) > 1
    ) AS repeated USING (user_id, currency)
    WHERE w.wallet_type = 'fiat' AND w.status <> 'closed'
    ORDER BY user_id, currency, w.wallet_id LIMIT $1`,
}
