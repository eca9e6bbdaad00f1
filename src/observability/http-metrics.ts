// Requests by method, route and status. Routes are templates: what no route takes is one of them, `unknown`, whatever its path.
import { Counter, Histogram, type Registry } from 'prom-client'

/** Two above and two below the 8 s after which a posting is answered in any case. */
const BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 8, 10]
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** One method of one route. */
export interface RouteMetrics {
  /** Counts an answer. `seconds` from the request's head to the answer. */
  answered(status: number, seconds: number): void
}

interface Series {
  readonly method: string
  readonly route: string
  readonly statuses: Map<number, number>
}

/** Counts requests; a route asks for its own place once. */
export class HttpMetrics {
  readonly #durations: Histogram<'method' | 'route'>
  readonly #series: Series[] = []
  readonly #unknown = new Map<string, RouteMetrics>()

  constructor(registry: Registry) {
    this.#durations = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Time from the head of a request to its answer.',
      labelNames: ['method', 'route'],
      buckets: BUCKETS_SECONDS,
      registers: [registry],
    })
    const requests: Counter = new Counter({
      name: 'http_requests_total',
      help: 'Requests answered.',
      labelNames: ['method', 'route', 'status'],
      registers: [registry],
      collect: () => {
        requests.reset()
        for (const { method, route, statuses } of this.#series) {
          for (const [status, total] of statuses) requests.inc({ method, route, status }, total)
        }
      },
    })
  }

  /** The place of one method of a route template. */
  route(method: string, route: string): RouteMetrics {
    // prom-client's counters cost 0.3 microseconds each time: the statuses are counted here, and it hears of them when asked.
    // What alarms must be there before it happens: Prometheus sees no increase in a series that begins with 1.
    const statuses = new Map<number, number>([[500, 0]])
    this.#series.push({ method, route, statuses })
    const durations = this.#durations.labels(method, route)
    return {
      answered: (status, seconds) => {
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        durations.observe(seconds)
      },
    }
  }

  /** The place of what no route takes. */
  unknownRoute(method: string): RouteMetrics {
    const name = METHODS.has(method) ? method : 'other'
    const known = this.#unknown.get(name)
    if (known !== undefined) return known
    const place = this.route(name, 'unknown')
    this.#unknown.set(name, place)
    return place
  }
}
