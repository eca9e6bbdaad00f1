// What batches need beyond the other operations: a key for each of their own operations, and which of them an error is about.
import { uuidv7 } from 'uuidv7'
import type { BatchPayload } from './api-types.ts'
import type { WalletServiceError } from './errors.ts'

/** The batch with a key for every operation, so that sending it again is safe. */
export function withKeys(batch: BatchPayload): BatchPayload {
  const operations = batch.operations.map((operation) => ({
    ...operation,
    idempotency_key: operation.idempotency_key ?? uuidv7(),
  }))
  return { ...batch, operations }
}

/** The place of the operation because of which an atomic batch was refused; `null` for an error that is about none. */
export function refusedOperation(error: WalletServiceError): number | null {
  const index: unknown = Reflect.get(error.context, 'index')
  return typeof index === 'number' ? index : null
}
