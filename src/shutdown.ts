// Ends the process in ordered phases, each with a timeout: one part that hangs must not keep the others from ending well.
// Knows none of the parts; main.ts hands it the phases.
import { setTimeout as delay } from 'node:timers/promises'

export interface ShutdownPhase {
  readonly name: string
  readonly timeoutMs: number
  readonly run: () => Promise<void> | void
}

export type ShutdownLog = (message: string, fields: Readonly<Record<string, unknown>>) => void

/** Runs the phases one after the other, whatever becomes of each. True when all of them ended well and in time. */
export async function runPhases(phases: readonly ShutdownPhase[], log: ShutdownLog): Promise<boolean> {
  let clean = true
  for (const phase of phases) clean = (await runPhase(phase, log)) && clean
  return clean
}

async function runPhase(phase: ShutdownPhase, log: ShutdownLog): Promise<boolean> {
  const timer = new AbortController()
  try {
    const timeout = delay(phase.timeoutMs, 'late' as const, { signal: timer.signal })
    const outcome = await Promise.race([timeout, Promise.try(phase.run)])
    if (outcome !== 'late') return true
    log('A phase of the shutdown did not end in time', { phase: phase.name, timeout_ms: phase.timeoutMs })
  } catch (error) {
    log('A phase of the shutdown failed', { phase: phase.name, err: error })
  } finally {
    timer.abort()
  }
  return false
}

/** Makes the reaction to signals and fatal errors: the first begins the shutdown, the second ends the process at once. */
export function createShutdown(options: {
  /** Asked for when the shutdown begins, which may be in the middle of the start. */
  readonly phases: () => readonly ShutdownPhase[]
  readonly log: ShutdownLog
  readonly exit: (code: number) => void
}): (reason: string, code: number) => void {
  let begun = false
  return (reason, code) => {
    if (begun) {
      options.log('Stopping at once', { reason })
      options.exit(1)
      return
    }
    begun = true
    options.log('Stopping', { reason })
    void runPhases(options.phases(), options.log).then((clean) => {
      options.log('Stopped', { clean })
      options.exit(clean ? code : 1)
    })
  }
}
