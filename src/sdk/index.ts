// What `wallet-service/client` exports. Nothing else of the SDK is for callers.
export type * from './api-types.ts'
export { refusedOperation } from './batches.ts'
export { type HoldFilter, type TransactionFilter, WalletClient } from './client.ts'
export type { ConsulSettings } from './discovery.ts'
export {
  type AnyWalletServiceError,
  ConnectionError,
  isWalletServiceError,
  OutcomeUnknownError,
  type RequestFault,
  WalletServiceError,
} from './errors.ts'
export type { ClientMetrics } from './metrics.ts'
export type { KeyedOptions, MutationOptions, ReadOptions } from './operation.ts'
export type { AttemptEvent, WalletClientOptions } from './settings.ts'
