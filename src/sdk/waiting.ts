// A wait that ends with a signal, for promises that do not listen to one. What is waited for goes on; nobody hears its end.

/** What the promise comes to, unless the signal comes first: then it rejects with this message. */
export async function unlessAborted<Value>(
  promise: Promise<Value>,
  signal: AbortSignal,
  message: string,
): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(new Error(message))
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
