// What a promise that must fail is rejected with, for tests that look at more than its message.

/** The reason of the rejection. Throws when there is none. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await promise.then(
    () => null,
    (error: unknown) => ({ error }),
  )
  if (outcome === null) throw new Error('It was not rejected')
  return outcome.error
}
