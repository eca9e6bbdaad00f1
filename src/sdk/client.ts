// The client: sends an operation, again if need be, until its outcome is definite, and says what it was. One Idempotency-Key
// goes with all attempts of one operation, so that a lost answer is fetched instead of the operation repeated.
import { uuidv7 } from 'uuidv7'
import type {
  BatchData,
  BatchPayload,
  CloseWalletData,
  Hold,
  ListHoldsOfWalletParams,
  ListTransactionsOfWalletParams,
  Transaction,
  Wallet,
} from './api-types.ts'
import { attemptOf } from './attempt.ts'
import { withKeys } from './batches.ts'
import { closedEnding, isClosedAlready } from './closing.ts'
import { type AddressBook, ConsulAddresses, fixedAddress } from './discovery.ts'
import { codeOf, OutcomeUnknownError } from './errors.ts'
import { requireDecimalStrings } from './exact-json.ts'
import { type ClientMetrics, Counters } from './metrics.ts'
import type { MutationOptions, Operation, OperationRequest, ReadOptions } from './operation.ts'
import { OPERATIONS, Operations } from './operations.ts'
import { entriesOf } from './pages.ts'
import { type Ending, type Failure, repeatUntilDefinite, type RetrySettings, type Unanswered } from './retries.ts'
import { DEFAULTS, type WalletClientOptions } from './settings.ts'
import { Transport } from './transport.ts'
import { wireOf } from './wire.ts'

/** Which transactions an iteration gives; where its pages begin is its own business. */
export type TransactionFilter = Omit<ListTransactionsOfWalletParams, 'cursor' | 'offset'>
/** Which holds an iteration gives. */
export type HoldFilter = Omit<ListHoldsOfWalletParams, 'cursor'>

/**
 * A client of the wallet service, for many operations at once: make one and keep it. Every operation of the API is a method.
 * They reject with `WalletServiceError`, `ConnectionError` or `OutcomeUnknownError`, with the reason of an aborted signal, and
 * with `TypeError` for what cannot be sent.
 */
export class WalletClient extends Operations {
  readonly #options: WalletClientOptions
  readonly #retries: RetrySettings
  readonly #transport: Transport
  readonly #addresses: AddressBook
  readonly #counters = new Counters()

  constructor(options: WalletClientOptions) {
    super()
    const {
      deadlineMs = DEFAULTS.deadlineMs,
      maxAttempts = DEFAULTS.maxAttempts,
      firstPauseMs = DEFAULTS.firstPauseMs,
      longestPauseMs = DEFAULTS.longestPauseMs,
      connections = DEFAULTS.connections,
      connectTimeoutMs = DEFAULTS.connectTimeoutMs,
    } = options
    this.#options = options
    this.#retries = { deadlineMs, maxAttempts, firstPauseMs, longestPauseMs }
    this.#transport = new Transport({ connections, connectTimeoutMs })
    this.#addresses =
      options.consul === undefined
        ? fixedAddress(httpAddress(options.baseUrl))
        : new ConsulAddresses(options.consul, this.#transport)
  }

  /** A wallet's transactions, newest first, page by page; each exactly once, whatever is written meanwhile. */
  transactionsOfWallet(
    walletId: string,
    filter: TransactionFilter = {},
    options: ReadOptions = {},
  ): AsyncGenerator<Transaction, void, undefined> {
    return entriesOf(async (beginning) => {
      const page = await this.listTransactionsOfWallet(walletId, { ...filter, ...beginning }, options)
      return { entries: page.transactions, nextCursor: page.next_cursor }
    })
  }

  /** The transactions of all of a user's wallets, newest first, page by page. */
  transactionsOfUser(
    userId: string,
    filter: TransactionFilter = {},
    options: ReadOptions = {},
  ): AsyncGenerator<Transaction, void, undefined> {
    return entriesOf(async (beginning) => {
      const page = await this.listTransactionsOfUser(userId, { ...filter, ...beginning }, options)
      return { entries: page.transactions, nextCursor: page.next_cursor }
    })
  }

  /** A wallet's holds, newest first, page by page. */
  holdsOfWallet(
    walletId: string,
    filter: HoldFilter = {},
    options: ReadOptions = {},
  ): AsyncGenerator<Hold, void, undefined> {
    return entriesOf(async (beginning) => {
      const page = await this.listHoldsOfWallet(walletId, { ...filter, ...beginning }, options)
      return { entries: page.holds, nextCursor: page.next_cursor }
    })
  }

  /** What this client has done so far. */
  metrics(): ClientMetrics {
    return this.#counters.snapshot()
  }

  /** Lets what is under way finish, and closes the connections. */
  async close(): Promise<void> {
    this.#addresses.close()
    await this.#transport.close()
  }

  /**
   * Closes a wallet that is empty and holds nothing. Closing it twice is refused (`wallet_closed`), but not when it is this
   * call's own earlier attempt, whose answer was lost, that may have closed it: then the wallet is read, and the answer is the
   * one that was lost. After an `OutcomeUnknownError` `wallet_closed` says that it is done.
   */
  override async closeWallet(walletId: string, options: MutationOptions = {}): Promise<CloseWalletData> {
    options.signal?.throwIfAborted()
    const path = { wallet_id: walletId }
    const { begun, ending } = await this.#attempted<CloseWalletData>(OPERATIONS.closeWallet, { path, options })
    if (!isClosedAlready(ending)) return this.#concluded(begun, ending)
    // Still the same operation: its time, its signal, and for the counters one more retry.
    this.#counters.countRetry(codeOf(ending.failure.error))
    const deadlineMs = Math.max(1, begun.deadlineMs - (performance.now() - begun.startedAt))
    const reading = await this.#attempted<Wallet>(OPERATIONS.getWallet, { path, options: { ...options, deadlineMs } })
    return this.#concluded(begun, closedEnding(reading.ending))
  }

  /**
   * Does many operations at once (see `Operations.batch`). Each operation that has no `idempotency_key` is given one, so that the
   * batch can be sent again; after an `OutcomeUnknownError` send its `batch`, which has them.
   */
  override async batch(body: BatchPayload, options: MutationOptions = {}): Promise<BatchData> {
    options.signal?.throwIfAborted()
    const batch = options.dryRun === true ? body : withKeys(body)
    const { begun, ending } = await this.#attempted<BatchData>(OPERATIONS.batch, { body: batch, options })
    return this.#concluded({ ...begun, batch }, ending)
  }

  protected async run<Answer>(operation: Operation, request: OperationRequest): Promise<Answer> {
    request.options.signal?.throwIfAborted()
    const { begun, ending } = await this.#attempted<Answer>(operation, request)
    return this.#concluded(begun, ending)
  }

  async #attempted<Answer>(
    operation: Operation,
    request: OperationRequest,
  ): Promise<{ readonly begun: Begun; readonly ending: Ending<Answer> }> {
    const { body, options } = request
    requireDecimalStrings(body)
    const startedAt = performance.now()
    const idempotencyKey = keyFor(operation, request)
    const attempt = attemptOf<Answer>({
      operation,
      wire: wireOf(operation, request, idempotencyKey),
      signal: options.signal,
      mayChange: operation.changes && options.dryRun !== true,
      options: this.#options,
      transport: this.#transport,
      addresses: this.#addresses,
      counters: this.#counters,
    })
    const settings = { ...this.#retries, ...(options.deadlineMs !== undefined && { deadlineMs: options.deadlineMs }) }
    const { deadlineMs } = settings
    const begun = { operation: operation.name, idempotencyKey, signal: options.signal, startedAt, deadlineMs }
    const onRetry = (failure: Failure): void => this.#counters.countRetry(codeOf(failure.error))
    return { begun, ending: await repeatUntilDefinite({ attempt, settings, signal: options.signal, onRetry }) }
  }

  #concluded<Answer>(begun: Begun, ending: Ending<Answer>): Answer {
    const { operation, idempotencyKey, batch = null, signal, startedAt } = begun
    const milliseconds = performance.now() - startedAt
    if ('answer' in ending) {
      this.#counters.countOperation(milliseconds)
      return ending.answer
    }
    const error = errorOf(ending, { operation, idempotencyKey, batch })
    const isAborted = signal?.aborted === true && !ending.uncertain
    this.#counters.countOperation(milliseconds, isAborted ? 'aborted' : codeOf(error))
    if (isAborted) signal.throwIfAborted()
    throw error
  }
}

/** An operation under way. */
interface Begun {
  readonly operation: string
  readonly idempotencyKey: string | null
  /** With all its keys. */
  readonly batch?: BatchPayload
  readonly signal: AbortSignal | undefined
  readonly startedAt: number
  readonly deadlineMs: number
}

/** One key for all attempts. A dry run leaves keys unused, so it needs none. */
function keyFor(operation: Operation, { options }: OperationRequest): string | null {
  if (!operation.keyed) return null
  return options.idempotencyKey ?? (options.dryRun === true ? null : uuidv7())
}

function errorOf(
  ending: Unanswered,
  facts: { operation: string; idempotencyKey: string | null; batch: BatchPayload | null },
): Error {
  const { failure, attempts, uncertain } = ending
  return uncertain ? new OutcomeUnknownError({ ...facts, attempts, cause: failure.error }) : failure.error
}

function httpAddress(text: string): string {
  const { protocol, href } = new URL(text)
  if (protocol === 'http:' || protocol === 'https:') return href
  throw new TypeError(`baseUrl must begin with http:// or https://, not ${protocol}`)
}
