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

/** Processor seconds of one process; `null` where there is no /proc or no such process. */
export async function cpuSecondsOf(pid: number): Promise<number | null> {
  const stat = await readStat(pid)
  return stat && stat.own
}

/** Processor seconds of a process and all its children, those that have ended included (a PostgreSQL with its back ends). */
export async function cpuSecondsOfFamily(pid: number): Promise<number | null> {
  for (;;) {
    const before = await readStat(pid)
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
    const living = await Promise.all(
      children
        .split(' ')
        .filter(Boolean)
        .map((child) => readStat(Number(child))),
    )
    const after = await readStat(pid)
    if (!before || !after) return null
    // One that was waited for in between would be missing on one side or stand on both.
    if (before.ended === after.ended)
      return living.reduce((sum, child) => sum + (child?.own ?? 0), after.own + after.ended)
  }
}

async function readStat(pid: number): Promise<CpuSeconds | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  return text === null ? null : parseProcessStat(text)
}
