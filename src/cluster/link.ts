// A worker's end of the channel to its primary: it says how its start went, hears when to stop, and shows its metrics. The
// worker has no other master: signals of a terminal reach everybody at once, but only the primary knows the order of things.
import cluster from 'node:cluster'
import type { MetricsGathering, MetricsSnapshot } from '../observability/combined-metrics.ts'
import { isOrder, type Order, type Report } from './messages.ts'

/** The primary answers within little more than a second whatever the others do. */
const GATHER_TIMEOUT_MS = 3000

/** The channel of one worker. */
export class WorkerLink implements MetricsGathering {
  readonly number: number
  readonly #questions = new Map<number, PromiseWithResolvers<string>>()
  #asked = 0
  #own: () => Promise<MetricsSnapshot> = async () => []
  #onStop: (reason: string) => void = () => undefined

  constructor(number: number) {
    this.number = number
    process.on('message', (message: unknown) => {
      if (isOrder(message)) this.#obey(message)
    })
    cluster.worker?.once('disconnect', () => {
      // Without it, Node would end the process here and now, and whoever waits for an answer would never know.
      if (cluster.worker) cluster.worker.exitedAfterDisconnect = true
      this.#onStop('the primary is gone')
    })
  }

  /** `listener` is told when to stop, by the primary or by its end. */
  onStop(listener: (reason: string) => void): void {
    this.#onStop = listener
  }

  /** Says that the worker takes requests. */
  reportServing(port: number): Promise<void> {
    return this.#report({ wallet: 'serving', port })
  }

  /** Says why it does not. Resolves when that is on its way: the process may end. */
  reportFailure(sentence: string): Promise<void> {
    return this.#report({ wallet: 'not started', sentence })
  }

  contribute(own: () => Promise<MetricsSnapshot>): void {
    this.#own = own
  }

  async text(): Promise<string> {
    const question = (this.#asked += 1)
    const answer = Promise.withResolvers<string>()
    this.#questions.set(question, answer)
    const refusal = new Error('The primary did not answer in time')
    const timer = setTimeout(() => answer.reject(refusal), GATHER_TIMEOUT_MS)
    try {
      await this.#report({ wallet: 'metrics wanted', question })
      return await answer.promise
    } finally {
      clearTimeout(timer)
      this.#questions.delete(question)
    }
  }

  #obey(order: Order): void {
    switch (order.wallet) {
      case 'stop':
        this.#onStop(order.reason)
        return
      case 'show metrics':
        void this.#own().then((snapshot) => this.#report({ wallet: 'metrics', round: order.round, snapshot }))
        return
      case 'metrics of all':
        this.#questions.get(order.question)?.resolve(order.text)
        return
    }
  }

  /** What cannot be said any more is of no interest to anybody: without the channel, there is no primary. */
  #report(report: Report): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    if (!process.connected || process.send === undefined) resolve()
    else process.send(report, undefined, undefined, () => resolve())
    return promise
  }
}
