// How much processor time a process, or a server with its children, has used so far. Linux only: elsewhere it is not known.
import { readFile } from 'node:fs/promises'

/** /proc counts in hundredths of a second on every Linux (USER_HZ). */
const TICKS_PER_SECOND = 100

/** Fields of /proc/<pid>/stat after the command's closing parenthesis, where `state` is number 0. */
const UTIME = 11
const STIME = 12
const CUTIME = 13
const CSTIME = 14

export interface CpuSeconds {
  /** Of the process itself, all its threads. */
  readonly own: number
  /** Of its children that have ended and been waited for. */
  readonly ended: number
}

/** Reads the text of /proc/<pid>/stat. The command may hold spaces and parentheses, so the last one counts. */
export function parseProcessStat(text: string): CpuSeconds {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const seconds = (...positions: number[]): number =>
    positions.reduce((sum, position) => sum + Number(fields[position]), 0) / TICKS_PER_SECOND
  return { own: seconds(UTIME, STIME), ended: seconds(CUTIME, CSTIME) }
}

/**
 * Processor seconds of a process and all its children, those that have ended included: a PostgreSQL with its back ends, a
 * service with its workers. `null` where there is no /proc or no such process.
 */
export async function cpuSecondsOfFamily(pid: number): Promise<number | null> {
  for (;;) {
    const before = await readStat(pid)
    const living = await Promise.all((await childrenOf(pid)).map(readStat))
    const after = await readStat(pid)
    if (!before || !after) return null
    // One that was waited for in between would be missing on one side or stand on both.
    if (before.ended === after.ended)
      return living.reduce((sum, child) => sum + (child?.own ?? 0), after.own + after.ended)
  }
}

/** Processor seconds of a process and everything that it has started, and that those have; `null` where /proc does not tell. */
export async function cpuSecondsOfTree(pid: number): Promise<number | null> {
  const stat = await readStat(pid)
  if (!stat) return null
  const children = await Promise.all((await childrenOf(pid)).map(cpuSecondsOfTree))
  return children.reduce<number>((sum, seconds) => sum + (seconds ?? 0), stat.own + stat.ended)
}

/** What passed between two readings, if both could be made. */
export function difference(before: number | null, after: number | null): number | null {
  return before === null || after === null ? null : after - before
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  return children.split(' ').filter(Boolean).map(Number)
}

async function readStat(pid: number): Promise<CpuSeconds | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  return text === null ? null : parseProcessStat(text)
}
