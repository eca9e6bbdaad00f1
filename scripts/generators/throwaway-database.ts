// A migrated database of the embedded PostgreSQL for as long as a generator needs one.
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '../../src/db/embedded.ts'
import { migrateToLatest } from '../../src/db/migrator.ts'

/** Runs `work` on an empty, migrated database, which takes about two seconds and leaves nothing behind. */
export async function withThrowawayDatabase<Result>(work: (databaseUrl: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'wallet-service-generate-'))
  try {
    // As root, PostgreSQL runs as another user, who must be able to pass through.
    await chmod(folder, 0o755)
    const elsewhere = { dataDir: join(folder, 'data'), relocationRoot: join(folder, 'elsewhere') }
    const postgres = await startEmbeddedPostgres({ ...elsewhere, log: () => undefined, durable: false })
    try {
      await migrateToLatest(postgres.url)
      return await work(postgres.url)
    } finally {
      await postgres.stop()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
