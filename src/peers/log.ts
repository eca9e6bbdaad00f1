// How peers/ speaks to the log without knowing the logger. What it is told holds no secrets: messages of errors, never errors
// themselves, whose members may carry a request and with it the token.

/** Takes a sentence and what it is about. */
export type PeerLog = Readonly<
  Record<'info' | 'warn', (message: string, fields: Readonly<Record<string, unknown>>) => void>
>

/** What an error says, also where its own message is empty, as with a connection refused on two addresses. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}
