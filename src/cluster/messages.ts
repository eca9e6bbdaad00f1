// What the primary and its workers say to each other over Node's own channel. Both ends are the same program, so a message is
// told by its name alone; what other libraries send over the channel has none of ours.
import type { MetricsSnapshot } from '../observability/combined-metrics.ts'

/** From the primary. */
export type Order =
  | { readonly wallet: 'stop'; readonly reason: string }
  | { readonly wallet: 'show metrics'; readonly round: number }
  | { readonly wallet: 'metrics of all'; readonly question: number; readonly text: string }

/** From a worker. */
export type Report =
  | { readonly wallet: 'serving'; readonly port: number }
  | { readonly wallet: 'not started'; readonly sentence: string }
  | { readonly wallet: 'metrics'; readonly round: number; readonly snapshot: MetricsSnapshot }
  | { readonly wallet: 'metrics wanted'; readonly question: number }

const ORDERS: Readonly<Record<Order['wallet'], true>> = { stop: true, 'show metrics': true, 'metrics of all': true }
const REPORTS: Readonly<Record<Report['wallet'], true>> = {
  serving: true,
  'not started': true,
  metrics: true,
  'metrics wanted': true,
}

/** Whether the primary said it. */
export function isOrder(message: unknown): message is Order {
  return isNamed(message, ORDERS)
}

/** Whether a worker said it. */
export function isReport(message: unknown): message is Report {
  return isNamed(message, REPORTS)
}

function isNamed(message: unknown, names: Readonly<Record<string, true>>): boolean {
  if (typeof message !== 'object' || message === null || !('wallet' in message)) return false
  return typeof message.wallet === 'string' && Object.hasOwn(names, message.wallet)
}
