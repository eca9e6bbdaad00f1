// Asks Consul for the passing instances of one service, again and again by blocking queries, through whatever goes wrong. What
// the answers mean is for peer-instances.ts.
import { setTimeout as delay } from 'node:timers/promises'
import type { ConsulClient } from './consul-client.ts'
import { reasonOf } from './log.ts'
import type { PeerInstances } from './peer-instances.ts'

/** An index that changes all the time, as in a large cluster, must not become a busy loop. */
const ANSWER_PAUSE_MS = 100
const FIRST_RETRY_MS = 250

export interface PeerWatchOptions {
  readonly service: string
  readonly client: Pick<ConsulClient, 'passing'>
  readonly instances: PeerInstances
  /** How long Consul may keep a question. */
  readonly waitMs: number
  /** The longest pause after a failure. */
  readonly retryMaxMs: number
}

/** Runs until the signal; does not reject. */
export async function watchPeer(options: PeerWatchOptions, signal: AbortSignal): Promise<void> {
  const { service, client, instances, waitMs, retryMaxMs } = options
  let index = 0
  let failures = 0
  while (!signal.aborted) {
    let pauseMs = ANSWER_PAUSE_MS
    try {
      const answer = await client.passing(service, { index, waitMs, signal })
      instances.answered(answer)
      failures = 0
      // One that runs backwards belongs to a state that is gone: a restored or a new cluster. Waiting on it might be for ever.
      index = answer.index < index ? 0 : answer.index
      if (answer.index === 0) pauseMs = retryMaxMs
    } catch (error) {
      if (signal.aborted) return
      instances.failed(reasonOf(error))
      failures += 1
      // Whatever it was, from HTTP 400 to a new agent: what we waited upon may not exist any more.
      index = 0
      pauseMs = Math.min(retryMaxMs, FIRST_RETRY_MS * 2 ** (failures - 1)) * (0.5 + Math.random() / 2)
    }
    await delay(pauseMs, undefined, { signal }).catch(() => undefined)
  }
}
