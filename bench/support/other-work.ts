// How much of the machine other work took meanwhile: the figure that says whether a run is worth anything. Linux only.
import { readFile } from 'node:fs/promises'
import { cpuSecondsOfTree, difference } from './process-cpu.ts'

/** Places of /proc/stat's first line that are not work: idle, and waiting for the disk. */
const IDLE_PLACES = new Set([3, 4])
/** What follows is counted among the others already (guests). */
const PLACES = 8
const TICKS_PER_SECOND = 100

/** Processor seconds of the whole machine since it started. */
export interface MachineSeconds {
  readonly all: number
  readonly busy: number
}

/** Reads the text of /proc/stat. Time that a hypervisor gave to somebody else counts as busy. */
export function parseMachineStat(text: string): MachineSeconds {
  const [, digits = ''] = /^cpu +([\d ]+)$/m.exec(text) ?? []
  const ticks = digits.split(' ').slice(0, PLACES).map(Number)
  const sum = (counts: readonly number[]): number =>
    counts.reduce((total, count) => total + count, 0) / TICKS_PER_SECOND
  return { all: sum(ticks), busy: sum(ticks.filter((_, place) => !IDLE_PLACES.has(place))) }
}

/** Does some work, and tells which share of all processors was busy with anything but this run; `null` where nobody knows. */
export async function besideOtherWork<Result>(
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly otherShare: number | null }> {
  const before = await reading()
  const result = await work()
  const after = await reading()
  const own = difference(before.own, after.own)
  if (own === null || before.machine === null || after.machine === null) return { result, otherShare: null }
  const all = after.machine.all - before.machine.all
  const other = after.machine.busy - before.machine.busy - own
  // Processes are counted in hundredths of a second, each rounded for itself.
  return { result, otherShare: all > 0 ? Math.max(0, other / all) : null }
}

async function reading() {
  const text = await readFile('/proc/stat', 'utf8').catch(() => null)
  return { machine: text === null ? null : parseMachineStat(text), own: await cpuSecondsOfTree(process.pid) }
}
