// A caller of the HTTP API for tests: exact JSON both ways, and every answer checked against openapi.yaml.
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import { departures } from './openapi.ts'

const EXPIRY_DEADLINE_MS = 30_000
const EXPIRY_PAUSE_MS = 20

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** The text as received. */
  readonly text: string
  /** Parsed by JSON.parse; compare `text` where digits matter. */
  readonly body: AnswerBody
}

/** Members that tests read; the shapes themselves are checked against openapi.yaml. */
interface AnswerBody extends HoldAnswer, ExplanationAnswer {
  readonly success: boolean
  readonly message: string
  readonly code: string
  readonly detail: string
  readonly transaction_id: string
  readonly count: number
  readonly next_cursor: string | null
  readonly succeeded: number
  readonly failed: number
  readonly index: number
  readonly results: readonly BatchResult[]
  readonly retryable: boolean
  readonly request_id: string
  readonly fields: readonly string[]
  readonly errors?: readonly {
    readonly loc: readonly (string | number)[]
    readonly type: string
    readonly msg: string
  }[]
  readonly wallets: readonly Record<string, unknown>[]
  readonly transactions: readonly TransactionAnswer[]
  readonly holds: readonly HoldAnswer[]
  readonly data: {
    readonly wallet: Record<string, unknown>
    readonly hold: HoldAnswer
    readonly transaction: TransactionAnswer
    readonly from_transaction: TransactionAnswer
    readonly to_transaction: TransactionAnswer
    readonly fee_transaction: TransactionAnswer
    readonly remaining_balance: number
    readonly balance: number
    readonly locked_balance: number
    readonly available_balance: number
  }
}

/** What became of one operation of a batch. */
export interface BatchResult {
  readonly index: number
  readonly operation: string
  readonly status: number
  readonly success: boolean
  readonly replayed: boolean
  readonly code?: string
  readonly outcome?: string
  readonly balance: string
  readonly wallet_id: string
  readonly transaction_id: string
  readonly errors?: AnswerBody['errors']
}

export interface TransactionAnswer {
  readonly transaction_id: string
  readonly wallet_id: string
  readonly transaction_type: string
  readonly amount: string
  readonly balance_before: string
  readonly balance_after: string
  readonly sequence: number
  readonly description: string
  readonly metadata: Record<string, unknown>
  readonly created_at: string
}

/** A hold (API.md §4). */
/** A hold in an explanation. */
export type BriefHoldAnswer = Omit<HoldAnswer, 'description' | 'metadata'>

export interface HoldAnswer {
  readonly hold_id: string
  readonly wallet_id: string
  readonly amount: string
  readonly captured_amount: string
  readonly remaining_amount: string
  readonly status: string
  readonly expires_at: string
  readonly description: string | null
  readonly reference_id: string | null
  readonly metadata: Record<string, unknown>
  readonly created_at: string
  readonly updated_at: string
}

/** A balance that explains itself. */
export interface ExplanationAnswer {
  readonly period_start: string
  readonly at: string
  readonly opening_balance: string
  readonly movements: readonly {
    readonly transaction_type: string
    readonly count: number
    readonly total_in: string
    readonly total_out: string
  }[]
  readonly transaction_count: number
  readonly total_in: string
  readonly total_out: string
  readonly balance: string
  readonly open_holds: readonly BriefHoldAnswer[]
  readonly unlisted_holds_total: string
  readonly locked_balance: string
  readonly available_balance: string
  readonly equations: Readonly<Record<'balance' | 'locked_balance' | 'available_balance', string>>
  readonly adds_up: boolean
}

/** A wallet's money as GET balance shows it. */
export interface Money {
  readonly balance: number
  readonly locked: number
  readonly available: number
}

export interface CallOptions {
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly key?: string
}

/** Calls the service at `url`. */
export class Api {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const { body: sent, headers = {}, key } = options
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: {
        ...(sent !== undefined && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
        ...headers,
      },
      ...(sent !== undefined && { body: typeof sent === 'string' ? sent : JSON.stringify(sent) }),
    })
    const text = await response.text()
    const contentType = response.headers.get('content-type') ?? ''
    const body = contentType.includes('json') ? JSON.parse(text) : text
    const answer = { status: response.status, headers: response.headers, text, body }
    const [pathname = path] = path.split('?')
    const found = departures({ method, path: pathname, status: answer.status, contentType, body: answer.body })
    expect(found, `${method} ${path} answered ${answer.status} ${text.slice(0, 500)}`).toEqual([])
    expect(response.headers.get('x-request-id')).toBeTruthy()
    return answer
  }

  get(path: string): Promise<Answer> {
    return this.call('GET', path)
  }

  post(path: string, body: unknown, key?: string): Promise<Answer> {
    return this.call('POST', path, { body, ...(key !== undefined && { key }) })
  }

  /** Opens a wallet and gives its id. */
  async openWallet(request: Readonly<Record<string, unknown>>): Promise<string> {
    const answer = await this.post('/api/v1/wallets', request)
    expect(answer.status, answer.text).toBe(200)
    return answer.body.wallet_id
  }

  async deposit(walletId: string, amount: unknown, key?: string): Promise<Answer> {
    return this.post(`/api/v1/wallets/${walletId}/deposit`, { amount }, key)
  }

  async consume(walletId: string, amount: unknown, key?: string): Promise<Answer> {
    return this.post(`/api/v1/wallets/${walletId}/consume`, { amount }, key)
  }

  async transfer(walletId: string, toWalletId: string, amount: unknown, key?: string): Promise<Answer> {
    return this.post(`/api/v1/wallets/${walletId}/transfer`, { to_wallet_id: toWalletId, amount }, key)
  }

  /** Many operations at once: each for itself, or with `atomic` all or none. */
  batch(
    operations: readonly object[],
    more: { readonly atomic?: boolean; readonly dryRun?: boolean } = {},
  ): Promise<Answer> {
    const { dryRun = false, ...choice } = more
    return this.post(`/api/v1/batch${dryRun ? '?dry_run=true' : ''}`, { ...choice, operations })
  }

  /** The wallet's whole balance, as text. */
  async balanceOf(walletId: string): Promise<string> {
    return (await this.get(`/api/v1/wallets/${walletId}`)).body.balance
  }

  placeHold(walletId: string, amount: unknown, more: object = {}, key?: string): Promise<Answer> {
    return this.post(`/api/v1/wallets/${walletId}/holds`, { amount, ...more }, key)
  }

  /** Sets money aside and gives the hold as it was placed. */
  async held(walletId: string, amount: unknown, more: object = {}): Promise<HoldAnswer> {
    const answer = await this.placeHold(walletId, amount, more)
    expect(answer.status, answer.text).toBe(201)
    return answer.body.data.hold
  }

  /** Takes what is left of a hold, or as `body` says. */
  capture(holdId: string, body: object = {}, key?: string): Promise<Answer> {
    return this.post(`/api/v1/holds/${holdId}/capture`, body, key)
  }

  voidHold(holdId: string, key?: string): Promise<Answer> {
    return this.call('POST', `/api/v1/holds/${holdId}/void`, key === undefined ? {} : { key })
  }

  extendHold(holdId: string, seconds: unknown, key?: string): Promise<Answer> {
    return this.post(`/api/v1/holds/${holdId}/extend`, { expires_in_seconds: seconds }, key)
  }

  /** A hold as it is now. */
  async holdOf(holdId: string): Promise<HoldAnswer> {
    return (await this.get(`/api/v1/holds/${holdId}`)).body
  }

  /** Waits until a hold has expired, which needs nobody to write it down. */
  async untilExpired(holdId: string): Promise<void> {
    const deadline = Date.now() + EXPIRY_DEADLINE_MS
    while ((await this.holdOf(holdId)).status !== 'expired') {
      if (Date.now() > deadline) throw new Error(`The hold has not expired within ${EXPIRY_DEADLINE_MS} ms`)
      await delay(EXPIRY_PAUSE_MS)
    }
  }

  /** What GET balance says, now or at an instant. */
  async moneyOf(walletId: string, at?: string): Promise<Money> {
    const { body } = await this.get(`/api/v1/wallets/${walletId}/balance${at === undefined ? '' : `?at=${at}`}`)
    const { balance, locked_balance: locked, available_balance: available } = body.data
    return { balance, locked, available }
  }

  /** All rows of a wallet, oldest first, read page by page. */
  async historyOf(walletId: string): Promise<TransactionAnswer[]> {
    const rows: TransactionAnswer[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const from = cursor === '' ? '' : `&cursor=${cursor}`
      const { body } = await this.get(`/api/v1/wallets/${walletId}/transactions?limit=100${from}`)
      rows.push(...body.transactions)
      cursor = body.next_cursor
    }
    return rows.toReversed()
  }
}
