// What an operation is before it is sent, and what a caller may say about how to send it.

/** How an operation goes over the wire. */
export interface Operation {
  readonly name: string
  readonly method: string
  /** With parameters in braces. */
  readonly path: string
  /** It changes something, and has a dry run. */
  readonly changes: boolean
  /** It honours an `Idempotency-Key`, so that sending it again is safe. */
  readonly keyed: boolean
  /** Statuses whose body is the answer; health says 503 that way, too. */
  readonly statuses: readonly number[]
  /** Its answer is plain text, not JSON. */
  readonly isText: boolean
  /** Where its answer has JSON numbers with exact digits; `*` stands for every entry of a list. */
  readonly exactNumbers: readonly (readonly string[])[]
}

/** Options of every operation. */
export interface ReadOptions {
  /** Ends the operation early. */
  readonly signal?: AbortSignal
  /** Milliseconds for the whole operation with its retries, instead of the client's. */
  readonly deadlineMs?: number
}

/** Options of an operation that changes something. */
export interface MutationOptions extends ReadOptions {
  /** Ask what would happen, and change nothing. */
  readonly dryRun?: boolean
}

/** Options of an operation that happens once for each key. */
export interface KeyedOptions extends MutationOptions {
  /** 1 to 255 visible ASCII characters. The client makes one when there is none. */
  readonly idempotencyKey?: string
}

/** One operation as a caller asks for it. */
export interface OperationRequest {
  readonly path?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: object
  readonly options: KeyedOptions
}
