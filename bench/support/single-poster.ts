// What the posting queue is compared with: each command in a transaction of its own on the next free connection. The rules, the
// statements and what is done when the database objects are the service's own; only nothing is folded together.
import type { PipelineConnection } from '../../src/db/pipeline.ts'
import type { Command } from '../../src/domain/command.ts'
import { LedgerRepository } from '../../src/repositories/ledger-repository.ts'
import { type FlushLog, PostingFlush, type Result } from '../../src/services/posting-flush.ts'
import { type Poster, type Posting, PostingQueue } from '../../src/services/posting-queue.ts'

/** Posts commands one by one, as many at once as there are connections; the others wait in line. */
export class SinglePoster implements Poster {
  /** A queue for each connection, of which nobody but the one who has taken it knows: so it never holds more than one command. */
  readonly #free: PostingQueue[]
  readonly #waiting: ((queue: PostingQueue) => void)[] = []

  constructor(options: { readonly connections: readonly PipelineConnection[]; readonly log: FlushLog }) {
    const { connections, log } = options
    this.#free = connections.map((connection) => {
      const flush = new PostingFlush({ ledger: new LedgerRepository(connection), log })
      return new PostingQueue({ flushes: [flush], maxWaiting: 1, maxFlushSize: 1 })
    })
  }

  async post(command: Command): Promise<Posting> {
    const queue = this.#free.pop() ?? (await new Promise<PostingQueue>((resolve) => this.#waiting.push(resolve)))
    try {
      return await queue.post(command)
    } finally {
      const next = this.#waiting.shift()
      if (next) next(queue)
      else this.#free.push(queue)
    }
  }

  /** Of a batch, each by itself, too. */
  async postEach(commands: readonly Command[]): Promise<readonly Result[]> {
    const settled = await Promise.allSettled(commands.map((command) => this.post(command)))
    return settled.map((each) => {
      if (each.status === 'fulfilled') return each.value
      return each.reason instanceof Error ? each.reason : new Error('Posting failed', { cause: each.reason })
    })
  }

  /** There is no such thing as several commands in one transaction here. */
  postTogether(): Promise<readonly Result[]> {
    return Promise.reject(new Error('POSTING_MODE=single has no atomic batches'))
  }
}
