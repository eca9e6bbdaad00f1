// A primary and a streaming replica of it, both the embedded PostgreSQL. The packages have no pg_basebackup, so the base backup
// is taken as the manual describes it for copies by hand: pg_backup_start, a copy of the files, pg_backup_stop.
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/db/embedded.ts'
import { migrateToLatest } from '../../src/db/migrator.ts'
import { sqlstateOf } from '../../src/db/sqlstate.ts'
import { postmasterOf } from './embedded.ts'
import { databaseOf, openClient, queryDatabase } from './sql.ts'

const CONFLICT_WITH_RECOVERY = '40001'

export interface Replication {
  readonly primaryUrl: string
  readonly replicaUrl: string
  /** The file in which the replica says what it does. */
  readonly replicaLog: string
  /** Tells the replica something, again if that is canceled in favour of its log. */
  tell(statement: string, values?: readonly unknown[]): Promise<void>
  /** Lets the replica stand still at what it has replayed. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** SIGKILL; it comes back by itself within a second or so. */
  killReplica(): Promise<void>
  /** For good. */
  stopReplica(): Promise<void>
  stop(): Promise<void>
}

/** Starts both, with a migrated database. */
export async function startReplication(replicaSettings: Readonly<Record<string, string>> = {}): Promise<Replication> {
  const folder = await mkdtemp(join(tmpdir(), 'wallet-service-replication-'))
  // Under root, PostgreSQL's user has to pass through it.
  await chmod(folder, 0o755)
  const start = (name: string, settings: Readonly<Record<string, string>>): Promise<EmbeddedPostgres> =>
    startEmbeddedPostgres({
      dataDir: join(folder, name),
      relocationRoot: join(folder, 'elsewhere'),
      log: () => undefined,
      durable: false,
      // Commits are acknowledged once they are in the log's file, as they are by default; the file need not survive.
      settings: { wal_keep_size: '256MB', synchronous_commit: 'on', ...settings },
    })
  const primary = await start('primary', {})
  await migrateToLatest(primary.url)
  const replicaFolder = await baseBackup(primary, join(folder, 'replica'))
  const replica = await start('replica', { hot_standby: 'on', ...replicaSettings })
  const tell = async (statement: string, values: readonly unknown[] = []): Promise<void> => {
    try {
      await queryDatabase(replica.url, statement, values)
    } catch (error) {
      if (sqlstateOf(error) !== CONFLICT_WITH_RECOVERY) throw error
      await tell(statement, values)
    }
  }
  return {
    primaryUrl: primary.url,
    replicaUrl: replica.url,
    replicaLog: join(replica.dataDir, 'postgres.log'),
    tell,
    pause: () => tell('SELECT pg_wal_replay_pause()'),
    resume: () => tell('SELECT pg_wal_replay_resume()'),
    killReplica: async () => void process.kill(await postmasterOf(replicaFolder), 'SIGKILL'),
    stopReplica: () => replica.stop(),
    stop: async () => {
      await replica.stop()
      await primary.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** What a server keeps for itself, and what its replica fetches anew. */
const LEFT_OUT = /\/postgres\/(?:postmaster\.(?:pid|opts)|pg_wal\/.+|pg_replslot\/.+|pg_dynshmem\/.+|pgsql_tmp.*)$/

async function baseBackup({ url, port, dataDir }: EmbeddedPostgres, folder: string): Promise<string> {
  const cluster = join(folder, 'postgres')
  const client = await openClient(databaseOf(url, 'postgres'))
  try {
    await client.query(`SELECT pg_backup_start('replica', fast => true)`)
    await mkdir(folder)
    await chmod(folder, 0o755)
    await cp(join(dataDir, 'postgres'), cluster, { recursive: true, filter: (path) => !LEFT_OUT.test(path) })
    await cp(join(dataDir, 'postgres.password'), join(folder, 'postgres.password'))
    const { rows } = await client.query<{ label: string }>(`SELECT labelfile AS label FROM pg_backup_stop(false)`)
    await writeFile(join(cluster, 'backup_label'), rows[0]?.label ?? '')
  } finally {
    await client.end()
  }
  const { password } = new URL(url)
  const primary = `host=127.0.0.1 port=${port} user=postgres password=${decodeURIComponent(password)} application_name=replica`
  await writeFile(join(cluster, 'postgresql.auto.conf'), `primary_conninfo = '${primary}'\n`)
  await writeFile(join(cluster, 'standby.signal'), '')
  return folder
}
