// What the embedded database needs of the operating system's processes: who is alive, is it ours, run this as that user.
// Knows nothing of data folders' contents or of settings.
import { spawn } from 'node:child_process'
import { readFile, readlink, realpath } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { errorCode } from './embedded-errors.ts'

/** The system user that PostgreSQL runs as when the service itself is root. */
export type Account = { readonly uid: number; readonly gid: number; readonly name: string }

export const isRoot = (): boolean => process.geteuid?.() === 0

export const spawnIdentity = (account: Account | undefined): { uid?: number; gid?: number } =>
  account === undefined ? {} : { uid: account.uid, gid: account.gid }

/**
 * The environment of PostgreSQL's programs. Not ours: `PGDATA`, `PGOPTIONS` and the like would change what they do, and the
 * service's secrets have no business in a process of another user. (Windows' programs do not start without theirs.)
 */
export const bareEnvironment = (): { env?: Record<string, string> } =>
  process.platform === 'win32'
    ? {}
    : { env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', TZ: 'UTC' } }

export type Finished = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

type Run = {
  readonly file: string
  readonly args: readonly string[]
  readonly account?: Account | undefined
  readonly cwd?: string
  readonly timeoutMs?: number
}

/** Runs a short program to its end. Rejects only when it cannot be started. */
export const run = ({ file, args, account, cwd = '/', timeoutMs = 120_000 }: Run): Promise<Finished> =>
  new Promise((resolve, reject) => {
    // The working directory is given because the inherited one may be closed to the other user.
    const child = spawn(file, args, {
      ...spawnIdentity(account),
      cwd,
      ...bareEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      windowsHide: true,
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })

/** Like `run`, for questions: a program that cannot be started has failed, too. */
export const ask = (what: Run): Promise<Finished> =>
  run(what).catch((error: unknown) => ({ code: null, stdout: '', stderr: String(error) }))

const linuxStat = async (pid: number): Promise<{ state: string; startTicks: string } | undefined> => {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // The program's name, in brackets, may itself hold blanks and brackets.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields === undefined ? undefined : { state: fields[0] ?? '', startTicks: fields[19] ?? '' }
}

export const isAlive = async (pid: number): Promise<boolean> => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
  // In a container whose first process does not reap, a killed orphan stays a zombie for ever: it is dead all the same.
  const stat = process.platform === 'linux' ? await linuxStat(pid) : undefined
  return stat?.state !== 'Z' && stat?.state !== 'X'
}

/** Tells a process from a later one with the same number. Empty where the system does not say. */
export const processIdentity = async (pid: number): Promise<string> => {
  if (process.platform === 'linux') {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
    return `${boot.trim()}:${(await linuxStat(pid))?.startTicks ?? ''}`
  }
  if (process.platform === 'win32') return ''
  return (await ask({ file: 'ps', args: ['-o', 'lstart=', '-p', String(pid)] })).stdout.trim()
}

/** Whether this process is the PostgreSQL server of that data directory, and not a stranger who inherited its number. */
export const isServerOf = async (pid: number, cluster: string): Promise<boolean> => {
  if (!(await isAlive(pid))) return false
  if (process.platform === 'win32') {
    const listed = await ask({ file: 'tasklist', args: ['/FI', `PID eq ${pid}`, '/NH'], cwd: cluster })
    return listed.stdout.toLowerCase().includes('postgres')
  }
  if (process.platform !== 'linux') {
    const listed = await ask({ file: 'ps', args: ['-o', 'comm=', '-p', String(pid)] })
    return /postgres\s*$/.test(listed.stdout)
  }
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
  if (!name.startsWith('postgres')) return false
  // A server works inside its data directory. Of another user's process the system does not tell: believe the name.
  const home = await readlink(`/proc/${pid}/cwd`).catch(() => undefined)
  return home === undefined || home === (await realpath(cluster).catch(() => cluster))
}

/** Waits until the process is gone; false when it outlived the timeout. */
export const waitForExit = async (pid: number, timeoutMs: number): Promise<boolean> => {
  const deadline = Date.now() + timeoutMs
  while (await isAlive(pid)) {
    if (Date.now() > deadline) return false
    await delay(20)
  }
  return true
}
