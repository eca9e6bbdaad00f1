// A look into a test's database from outside the service: connections, single statements, and locks held from there.
import pg from 'pg'

/** A connection that the caller ends. Losing it is reported by the next query only. */
export async function openClient(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl })
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch (error) {
    await client.end().catch(() => undefined)
    throw error
  }
  return client
}

/** Runs `work` on a connection of its own. */
export async function withClient<Result>(
  databaseUrl: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = await openClient(databaseUrl)
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Runs one statement on a connection of its own. */
export async function queryDatabase<Row extends pg.QueryResultRow>(
  databaseUrl: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  return withClient(databaseUrl, async (client) => (await client.query<Row>(text, [...values])).rows)
}

/** Begins a transaction with this statement and leaves it open, with its locks, until the returned function is called. */
export async function lockFromOutside(
  databaseUrl: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<() => Promise<void>> {
  const client = await openClient(databaseUrl)
  await client.query('BEGIN')
  await client.query(text, [...values])
  return async () => {
    await client.query('ROLLBACK')
    await client.end()
  }
}

/** The same server, another database. */
export function databaseOf(databaseUrl: string, name: string): string {
  const url = new URL(databaseUrl)
  url.pathname = `/${name}`
  return url.href
}
