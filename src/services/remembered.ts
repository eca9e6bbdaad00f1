// Answers that may be a moment old: looked up once for everybody who asks meanwhile. Never used for money.

/** An answer is kept for at least this long, and for 20 times as long as it took, so that asking costs 5 % at the most. */
const MIN_AGE_MS = 1000
const AGE_PER_COST = 20

/** Makes `load` cheap to call often. Failures are not kept. */
export function remembered<Value>(load: () => Promise<Value>): () => Promise<Value> {
  let answer: Promise<Value> | null = null
  let staleAt = 0
  return () => {
    if (answer !== null && performance.now() < staleAt) return answer
    const startedAt = performance.now()
    const loading = load()
    answer = loading
    staleAt = Number.POSITIVE_INFINITY
    loading.then(
      () => {
        const now = performance.now()
        staleAt = now + Math.max(MIN_AGE_MS, AGE_PER_COST * (now - startedAt))
      },
      () => {
        answer = null
      },
    )
    return loading
  }
}
