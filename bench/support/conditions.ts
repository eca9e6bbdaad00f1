// Under which conditions a run was made: machine, versions, and the durability that the server and the disk really have.
import { open, rm, statfs } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { runProgram } from './programs.ts'
import { ROOT } from './service.ts'

/** Read from the running server, not from what it was started with. */
const SETTINGS = [
  'fsync',
  'synchronous_commit',
  'full_page_writes',
  'wal_sync_method',
  'commit_delay',
  'shared_buffers',
  'max_wal_size',
  'max_connections',
] as const

/** Magic numbers of statfs(2). */
const FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x2fc12fc1, 'zfs'],
  [0x794c7630, 'overlay'],
  [0x01021994, 'tmpfs (memory: not durable)'],
])

const SYNCS = 100
const PAGE_BYTES = 8192

/** What is said above every table, as name and value. */
export type Conditions = Readonly<Record<string, string>>

/** Gathers the conditions of a run on the data folder of a running server. */
export async function readConditions(options: {
  readonly database: pg.ClientBase
  readonly dataDir: string
  readonly signal: AbortSignal
}): Promise<Conditions & { readonly date: string }> {
  const processors = cpus()
  const settings = await options.database.query<{ name: string; value: string }>(
    `SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name`,
    [SETTINGS],
  )
  const version = await options.database.query<{ server_version: string }>('SHOW server_version')
  return {
    date: new Date().toISOString(),
    commit: await commitOf(ROOT, options.signal),
    processor: `${processors.length} x ${processors[0]?.model.trim() || 'unknown model'}`,
    load: `${(loadavg()[0] ?? 0).toFixed(1)} (processes that wanted to run in the minute before)`,
    node: process.version,
    postgresql: version.rows[0]?.server_version ?? 'unknown',
    durability: settings.rows.map(({ name, value }) => `${name}=${value}`).join(' '),
    disk: `${await fileSystemOf(options.dataDir)}, 8 KiB written and synced in ${await syncMicros(options.dataDir)} us (median)`,
  }
}

/** Prints them, a line each. */
export function printConditions(conditions: Conditions): void {
  const width = Math.max(...Object.keys(conditions).map((name) => name.length))
  for (const [name, value] of Object.entries(conditions)) console.log(`${name.padEnd(width)}  ${value}`)
}

/** The commit of a checkout, and whether it is that alone. */
export async function commitOf(root: string, signal: AbortSignal): Promise<string> {
  const git = (...args: string[]): Promise<string> => runProgram({ file: 'git', args: ['-C', root, ...args], signal })
  try {
    const head = await git('rev-parse', '--short', 'HEAD')
    const changes = await git('status', '--porcelain')
    return changes === '' ? head.trim() : `${head.trim()} with uncommitted changes`
  } catch {
    return 'unknown (not a git checkout)'
  }
}

async function fileSystemOf(folder: string): Promise<string> {
  const { type } = await statfs(folder)
  return FILE_SYSTEMS.get(type) ?? `file system 0x${type.toString(16)}`
}

/** What a commit waits for at the least: one page appended and flushed. */
async function syncMicros(folder: string): Promise<number> {
  const path = join(folder, 'sync-probe')
  const file = await open(path, 'w')
  try {
    const times: number[] = []
    for (let round = 0; round < SYNCS; round += 1) {
      const start = performance.now()
      await file.write(Buffer.alloc(PAGE_BYTES))
      await file.datasync()
      times.push((performance.now() - start) * 1000)
    }
    return Math.round(times.toSorted((left, right) => left - right)[SYNCS / 2] ?? 0)
  } finally {
    await file.close()
    await rm(path, { force: true })
  }
}
