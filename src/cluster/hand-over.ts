// Connections on their way from the primary to a worker. A worker that is killed before it has taken one leaves it open in the
// primary, where nobody knows it any more: its caller would wait for ever (nodejs/node-v0.x-archive#7006, still so in Node 24).
import type { Worker } from 'node:cluster'

/** To whom a connection was handed last: one that a worker did not take goes to another. */
const takers = new WeakMap<object, Worker>()

/**
 * Closes, when the worker has ended, the connection that it was about to take: there is one at most, since the next one is
 * handed over when this one is taken. Closing again what was closed then does nothing.
 */
export function closeUntaken(worker: Worker): void {
  const child = worker.process
  const send = child.send.bind(child)
  let latest: { close(): void } | null = null
  const sendNoted = (message: unknown, handle: unknown, ...rest: unknown[]): unknown => {
    if (isClosable(handle)) {
      latest = handle
      takers.set(handle, worker)
    }
    return Reflect.apply(send, undefined, [message, handle, ...rest])
  }
  Object.defineProperty(child, 'send', { value: sendNoted, configurable: true, writable: true })
  const close = (): void => {
    if (latest !== null && takers.get(latest) === worker) latest.close()
  }
  // Either may come first, and connections are handed over until both have.
  worker.once('exit', close)
  worker.once('disconnect', close)
}

function isClosable(handle: unknown): handle is { close(): void } {
  return typeof handle === 'object' && handle !== null && 'close' in handle && typeof handle.close === 'function'
}
