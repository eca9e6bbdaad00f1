// Traces over OpenTelemetry, in batches to a collector, as OTLP over HTTP. Spans carry names, ids and codes: no body, no
// header, no amount. A collector that is gone costs the spans and one line of log.
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  type Link,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api'
import { type ExportResult, ExportResultCode, W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base'
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
} from '@opentelemetry/semantic-conventions'
import type { Command } from '../domain/command.ts'
import { AppError } from '../domain/errors.ts'
import type { Outcome } from '../domain/ledger-state.ts'
import type { OutgoingTrace, PostingTrace, RequestTrace, Tracing } from './tracing.ts'

/** Spans that wait for the collector; what comes on top is dropped. */
const MAX_QUEUE_SIZE = 4096
const BATCH_SIZE = 512
const BATCH_INTERVAL_MS = 1000
const EXPORT_TIMEOUT_MS = 3000
const STOP_TIMEOUT_MS = 2000

export type TraceLog = (message: string, fields: Readonly<Record<string, unknown>>) => void

/** Begins to trace. Nothing is awaited or sent before there are spans. */
export function startTracing(options: {
  /** The collector's base address: `/v1/traces` comes after it. */
  readonly endpoint: string
  readonly version: string
  readonly log: TraceLog
}): Tracing {
  const url = new URL('v1/traces', options.endpoint.endsWith('/') ? options.endpoint : `${options.endpoint}/`)
  const exporter = new OTLPTraceExporter({ url: url.href, timeoutMillis: EXPORT_TIMEOUT_MS })
  const processor = new BatchSpanProcessor(new PatientExporter(exporter, options.log), {
    maxQueueSize: MAX_QUEUE_SIZE,
    maxExportBatchSize: BATCH_SIZE,
    scheduledDelayMillis: BATCH_INTERVAL_MS,
    exportTimeoutMillis: EXPORT_TIMEOUT_MS + 1000,
  })
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      [ATTR_SERVICE_NAME]: 'wallet_service',
      [ATTR_SERVICE_VERSION]: options.version,
      'service.instance.id': randomUUID(),
    }),
    spanProcessors: [processor],
  })
  return new OpenTelemetryTracing(provider)
}

/** Says once that the collector does not answer, and once that it does again. */
class PatientExporter implements SpanExporter {
  readonly #exporter: SpanExporter
  readonly #log: TraceLog
  #failing = false

  constructor(exporter: SpanExporter, log: TraceLog) {
    this.#exporter = exporter
    this.#log = log
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.#exporter.export(spans, (result) => {
      const failing = result.code === ExportResultCode.FAILED
      if (failing !== this.#failing) {
        if (failing) this.#log('Traces do not reach the collector; they are dropped', { err: result.error })
        else this.#log('Traces reach the collector again', {})
      }
      this.#failing = failing
      // To the SDK it is a success: it would only report the failure once more, in its own way.
      done({ code: ExportResultCode.SUCCESS })
    })
  }

  async forceFlush(): Promise<void> {
    await this.#exporter.forceFlush?.()
  }

  async shutdown(): Promise<void> {
    await this.#exporter.shutdown()
  }
}

class SpanOfPosting implements PostingTrace {
  readonly span: Span

  constructor(span: Span) {
    this.span = span
  }

  end(result: Outcome | Error | undefined): void {
    const code = failureOf(result)
    this.span.setAttribute('wallet.outcome', code ?? (isOutcome(result) ? result.kind : 'unanswered'))
    if (result instanceof Error) this.span.setStatus({ code: SpanStatusCode.ERROR })
    this.span.end()
  }
}

class OpenTelemetryTracing implements Tracing {
  readonly #provider: BasicTracerProvider
  readonly #tracer: Tracer
  readonly #propagator = new W3CTraceContextPropagator()
  readonly #current = new AsyncLocalStorage<Context>()

  constructor(provider: BasicTracerProvider) {
    this.#provider = provider
    this.#tracer = provider.getTracer('wallet_service')
  }

  request(about: Parameters<Tracing['request']>[0]): RequestTrace {
    const { method, route, requestId, headers } = about
    const caller = this.#propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter)
    const attributes = {
      [ATTR_HTTP_REQUEST_METHOD]: method,
      'wallet.request_id': requestId,
      ...(route !== undefined && { [ATTR_HTTP_ROUTE]: route }),
    }
    const name = route === undefined ? method : `${method} ${route}`
    const span = this.#tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, caller)
    return {
      traceId: span.spanContext().traceId,
      run: (work) => this.#current.run(trace.setSpan(caller, span), work),
      end: (status) => endRequest(span, status),
    }
  }

  posting(kind: Command['kind'] | 'batch'): SpanOfPosting {
    return new SpanOfPosting(this.#tracer.startSpan(`posting ${kind}`, {}, this.#context()))
  }

  /** Its parent is the first posting, so that it stands in one trace whole; it and all others link to each other. */
  flush(postings: readonly (PostingTrace | undefined)[], size: number): { end(): void } {
    const spans = postings.filter((posting) => posting instanceof SpanOfPosting).map((posting) => posting.span)
    const [first, ...others] = spans
    const links: Link[] = others.map((span) => ({ context: span.spanContext() }))
    const parent = first === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, first)
    const attributes = { 'wallet.flush_size': size }
    const flush = this.#tracer.startSpan('flush', { links, attributes }, parent)
    for (const span of others) span.addLink({ context: flush.spanContext() })
    return { end: () => flush.end() }
  }

  outgoing(call: Parameters<Tracing['outgoing']>[0]): OutgoingTrace {
    const { service, method, path } = call
    const context = this.#context()
    const attributes = { [ATTR_HTTP_REQUEST_METHOD]: method, 'peer.service': service, 'url.template': path }
    const span = this.#tracer.startSpan(`${method} ${path}`, { kind: SpanKind.CLIENT, attributes }, context)
    const headers: Record<string, string> = {}
    this.#propagator.inject(trace.setSpan(context, span), headers, defaultTextMapSetter)
    return { headers, end: (result) => endOutgoing(span, result) }
  }

  async stop(): Promise<void> {
    const timer = new AbortController()
    const late = delay(STOP_TIMEOUT_MS, undefined, { signal: timer.signal }).catch(() => undefined)
    await Promise.race([this.#provider.shutdown().catch(() => undefined), late])
    timer.abort()
  }

  #context(): Context {
    return this.#current.getStore() ?? ROOT_CONTEXT
  }
}

function endRequest(span: Span, status: number | null): void {
  if (status === null) span.setAttribute(ATTR_ERROR_TYPE, 'caller_gone')
  else span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, status)
  // What a caller did wrong is no error of the server's (OpenTelemetry's HTTP conventions).
  if (status !== null && status >= 500) {
    span.setAttribute(ATTR_ERROR_TYPE, String(status))
    span.setStatus({ code: SpanStatusCode.ERROR })
  }
  span.end()
}

function endOutgoing(span: Span, result: number | Error): void {
  if (typeof result === 'number') span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, result)
  if (result instanceof Error || result >= 400) {
    // The class, not the message: that may hold an address with a password in it.
    span.setAttribute(ATTR_ERROR_TYPE, result instanceof Error ? result.name : String(result))
    span.setStatus({ code: SpanStatusCode.ERROR })
  }
  span.end()
}

function isOutcome(result: Outcome | Error | undefined): result is Outcome {
  return result !== undefined && !(result instanceof Error)
}

function failureOf(result: Outcome | Error | undefined): string | null {
  if (result instanceof AppError) return result.code
  if (result instanceof Error) return 'internal_error'
  return result?.kind === 'refused' ? result.error.code : null
}
