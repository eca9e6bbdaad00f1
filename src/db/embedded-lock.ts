// One service per data folder: a lock file that names the owning process. PostgreSQL has its own interlock below this one;
// ours exists so that a second service gets a sentence instead of stopping the first one's server as an orphan.
import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { EmbeddedPostgresError, errorCode, inFolder } from './embedded-errors.ts'
import { isAlive, processIdentity } from './embedded-process.ts'

const MARK_LENGTH = 36

type Owner = { readonly pid: number; readonly identity: string }

export type Ownership = { release(): Promise<void> }

/** The lock's text is three lines: process number, process identity, and a mark that tells one lock from the next. */
const parseOwner = (text: string): Owner | undefined => {
  const [pid, identity, mark] = text.split('\n')
  if (identity === undefined || mark === undefined || mark.length !== MARK_LENGTH) return undefined
  return Number.isInteger(Number(pid)) && Number(pid) > 0 ? { pid: Number(pid), identity } : undefined
}

/** The text of the lock file; undefined when there is none. Gives a writer that has just created it time to fill it. */
const readLock = async (path: string): Promise<string | undefined> => {
  for (let attempt = 0; ; attempt += 1) {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return undefined
      throw error
    })
    if (text === undefined || parseOwner(text) !== undefined || attempt >= 5) return text
    await delay(40)
  }
}

const livingOwner = async (text: string): Promise<number | undefined> => {
  const owner = parseOwner(text)
  if (owner === undefined || !(await isAlive(owner.pid))) return undefined
  return owner.identity === (await processIdentity(owner.pid)) ? owner.pid : undefined
}

const createLock = async (path: string, text: string): Promise<boolean> => {
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o644 })
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

/**
 * Takes a dead owner's lock away. Renamed first and looked at again: between our reading and our removing, another
 * starter may have put its own there, which then goes back.
 */
const removeStale = async (path: string, judged: string): Promise<void> => {
  const aside = `${path}.${randomUUID()}`
  try {
    await rename(path, aside)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return
    throw error
  }
  const taken = await readFile(aside, 'utf8')
  if (taken !== judged) await createLock(path, taken)
  await rm(aside, { force: true })
}

/** Makes this process the only owner of the data folder, or throws `already_in_use`. A dead owner's lock is taken over. */
export const takeOwnership = (folder: string): Promise<Ownership> =>
  inFolder(folder, async () => {
    const path = join(folder, 'owner.lock')
    const identity = await processIdentity(process.pid)
    const mine = [process.pid, identity, randomUUID()].join('\n')
    for (let attempt = 0; attempt < 10; attempt += 1) {
      if (await createLock(path, mine)) return { release: () => releaseLock(path, mine) }
      const text = await readLock(path)
      if (text === undefined) continue
      const owner = await livingOwner(text)
      if (owner !== undefined) throw inUse(folder, `pid ${owner}`)
      await removeStale(path, text)
    }
    throw inUse(folder, 'starting at this moment')
  })

const releaseLock = async (path: string, mine: string): Promise<void> => {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === mine) await rm(path, { force: true })
}

const inUse = (folder: string, who: string): EmbeddedPostgresError =>
  new EmbeddedPostgresError(
    'already_in_use',
    `Another wallet service (${who}) is already using ${folder}: stop it, or set DATA_DIR to another folder or DATABASE_URL to a PostgreSQL that both may share.`,
  )
