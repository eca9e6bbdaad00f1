// Traces as the rest of the service sees them: types, and what is needed to follow a request through its awaits. It loads
// nothing of OpenTelemetry; trace-export.ts does, and is imported only where traces go somewhere.
import type { Command } from '../domain/command.ts'
import type { Outcome } from '../domain/ledger-state.ts'

/** A request under way. */
export interface RequestTrace {
  readonly traceId: string
  /** Runs `work`, and all that follows from it, as part of the request. */
  run(work: () => void): void
  /** The request was answered; or, with `null`, its caller went away. */
  end(status: number | null): void
}

/** A command, or several, on the way through the queue; it ends with the result that tells most. */
export interface PostingTrace {
  end(result: Outcome | Error | undefined): void
}

/** What a posting queue tells of its work. */
export interface QueueTracing {
  /** A command that begins to wait, or several at once, as part of the request that posts them. */
  posting(kind: Command['kind'] | 'batch'): PostingTrace
  /** A flush with commands of these in it, and how many they are. */
  flush(postings: readonly (PostingTrace | undefined)[], size: number): { end(): void }
}

/** A call of another service, as part of the request that needs it. */
export interface OutgoingTrace {
  /** To send along: `traceparent`, and `tracestate` where there is one. */
  readonly headers: Readonly<Record<string, string>>
  /** The call has ended: with an answer of this status, or without one. */
  end(result: number | Error): void
}

/** Traces of everything the service does for its callers. */
export interface Tracing extends QueueTracing {
  request(about: {
    readonly method: string
    /** The template; `undefined` where no route takes the request. */
    readonly route: string | undefined
    readonly requestId: string
    readonly headers: Readonly<Record<string, string | string[] | undefined>>
  }): RequestTrace
  /** `path` is a template, too: no ids. */
  outgoing(call: { readonly service: string; readonly method: string; readonly path: string }): OutgoingTrace
  /** Sends what is left, for two seconds at most. Does not reject. */
  stop(): Promise<void>
}
