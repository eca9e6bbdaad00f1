// The form of every id of ours: a UUID in lower case. Which of them is whose is for wallet.ts and transaction.ts to say.

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Tells whether a value is a UUID in lower case. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value)
}
