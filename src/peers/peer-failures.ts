// The one error that everything a peer can do wrong becomes. Its reason is for the log: nothing of it is a caller's business.
import { BrokenCircuitError } from 'cockatiel'
import type { PeerName } from './peer-events.ts'

/** A peer gave no answer that can be used. */
export class PeerUnavailableError extends Error {
  override readonly name = 'PeerUnavailableError'
  readonly peer: PeerName
  /** Why, in a few words of ours: never a peer's. */
  readonly reason: string
  /**
   * It may go well the next time: nobody there, a connection lost, a 5xx, no answer in time. Only these are tried again, and
   * only these open the circuit: an answer that cannot be used depends on what was asked, and must not silence the peer for
   * everybody else's questions.
   */
  readonly transient: boolean

  constructor(failure: {
    readonly peer: PeerName
    readonly reason: string
    readonly transient: boolean
    readonly cause?: unknown
  }) {
    const { peer, reason, transient, cause } = failure
    super(`The ${peer} service cannot be asked: ${reason}`, cause === undefined ? undefined : { cause })
    this.peer = peer
    this.reason = reason
    this.transient = transient
  }
}

/** Whether another attempt may go well. */
export function isTransient(error: Error): boolean {
  return error instanceof PeerUnavailableError && error.transient
}

/** Failures of ours or of the answer's, which the next attempt would meet again. Everything else is the network's. */
const LASTING_CODES = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_RES_EXCEEDED_MAX_SIZE',
  'UND_ERR_DESTROYED',
  'UND_ERR_CLOSED',
  'ERR_INVALID_URL',
])

/** Any failure of an attempt as the one error. */
export function failureOf(
  error: unknown,
  context: { readonly peer: PeerName; readonly signal: AbortSignal; readonly timeoutMs: number },
): PeerUnavailableError {
  if (error instanceof PeerUnavailableError) return error
  const { peer, signal, timeoutMs } = context
  if (signal.aborted) {
    return new PeerUnavailableError({ peer, reason: `no answer within ${timeoutMs} ms`, transient: true })
  }
  if (error instanceof BrokenCircuitError) {
    return new PeerUnavailableError({ peer, reason: 'the circuit is open', transient: false })
  }
  const code = codeOf(error)
  // Not as the cause: errors of the parser carry what the peer sent, which may be anything.
  if (code !== null) return new PeerUnavailableError({ peer, reason: code, transient: !LASTING_CODES.has(code) })
  return new PeerUnavailableError({ peer, reason: 'an unexpected failure', transient: false, cause: error })
}

function codeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  if ('code' in error && typeof error.code === 'string') return error.code
  return error.name === 'HTTPParserError' ? error.name : null
}
