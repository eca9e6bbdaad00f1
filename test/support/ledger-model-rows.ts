// The things of the ledger's model: requests, wallets as lists of rows and holds, and what a row should say, added up each
// time from the rows before it. No rule stands here.

/** The id of a wallet or a hold that does not exist. */
export const NOBODY = '0197f7d4-0000-7000-8000-000000000000'

/** Where the money of a movement comes from or goes to, and what the row is called. */
export const COUNTERPARTIES = {
  deposit: ['in', 'external:deposit', 'Deposit'],
  reward: ['in', 'promotion:reward', 'Reward'],
  withdraw: ['out', 'external:withdrawal', 'Withdrawal'],
  consume: ['out', 'revenue:consume', 'Consumed'],
} as const

export type MovementKind = 'deposit' | 'reward' | 'withdraw' | 'consume'
type RowType = MovementKind | 'refund' | 'transfer' | 'fee'

interface Keyed {
  readonly key: string | null
}
/** What a caller asks for; amounts are decimal text, wallets and transactions are named by their ids. */
export type Request =
  | (Keyed & {
      readonly kind: 'create'
      readonly userId: string
      readonly walletType: 'fiat' | 'crypto'
      readonly currency: string
      readonly initialBalance: string
    })
  | (Keyed & {
      readonly kind: MovementKind
      readonly walletId: string
      readonly amount: string
      readonly description?: string | undefined
    })
  | (Keyed & {
      readonly kind: 'transfer'
      readonly walletId: string
      readonly toWalletId: string
      readonly amount: string
      readonly fee: string | null
      readonly description?: string | undefined
    })
  | (Keyed & {
      readonly kind: 'refund'
      readonly original: ModelRow
      readonly amount: string | null
      readonly reason: string
    })
  | { readonly kind: 'freeze' | 'unfreeze' | 'close'; readonly walletId: string; readonly key: null }
  | (Keyed & {
      readonly kind: 'place_hold'
      readonly walletId: string
      readonly amount: string
      readonly seconds: number
      readonly description?: string | undefined
      readonly referenceId?: string | undefined
    })
  | (Keyed &
      NamesHold & {
        readonly kind: 'capture_hold'
        readonly amount: string | null
        readonly final: boolean
        readonly transactionType: 'consume' | 'withdraw'
        readonly description?: string | undefined
      })
  | (Keyed & NamesHold & { readonly kind: 'void_hold' })
  | (Keyed & NamesHold & { readonly kind: 'extend_hold'; readonly seconds: number })
  /** What the expiry worker does; `limit` is how many of the wallet's holds it looks at. */
  | { readonly kind: 'expire_holds'; readonly walletId: string; readonly limit: number; readonly key: null }

interface NamesHold {
  /** `null`: one that nobody knows. */
  readonly hold: ModelHold | null
}
export type HoldRequest = Extract<Request, { kind: 'place_hold' } | NamesHold>

export interface ModelRow {
  readonly wallet: ModelWallet
  readonly type: RowType
  readonly direction: 'in' | 'out'
  readonly amount: bigint
  readonly description: string
  readonly counterparty: string
  readonly metadata: (row: ModelRow) => object
  readonly key: string | null
  readonly fee: bigint
  readonly original: ModelRow | null
  readonly referenceId: string | null
  /** What holds reserved once it was written. */
  locked: bigint
  /** The other leg of a transfer. */
  twin: ModelRow | null
  readonly transfer: { readonly from: string; readonly to: string; readonly out: () => ModelRow } | null
  /** Given by the service; known once the answer is there. */
  transactionId: string
}

export interface ModelWallet {
  /** Given by the service; known once the answer is there. */
  walletId: string
  readonly userId: string
  readonly walletType: string
  readonly currency: string
  status: 'active' | 'frozen' | 'closed'
  readonly rows: ModelRow[]
  readonly holds: ModelHold[]
}

/** A hold's time, from when it was placed or extended. */
export interface ModelTerm {
  readonly seconds: number
  /** By the model's clock. */
  readonly endsAt: number
  /** By the service's; known once the answer is there. */
  expiresAt: bigint
}

export interface ModelHold {
  readonly wallet: ModelWallet
  readonly amount: bigint
  readonly description: string | null
  readonly referenceId: string | null
  captured: bigint
  ended: 'captured' | 'voided' | null
  term: ModelTerm
  /** Given by the service, as are the times; known once the answers are there. */
  holdId: string
  createdAt: bigint
  updatedAt: bigint
}

/** A hold as something that was done to it left it. */
export interface HoldPicture {
  readonly hold: ModelHold
  readonly after: HoldRequest['kind']
  readonly captured: bigint
  readonly remaining: bigint
  readonly status: string
  readonly term: ModelTerm
}

/** What should be answered. */
export type Prediction =
  | { readonly kind: 'posted'; readonly rows: readonly ModelRow[]; readonly replayed: boolean }
  | {
      readonly kind: 'created'
      readonly wallet: ModelWallet
      readonly initialBalance: bigint
      readonly replayed: boolean
    }
  | { readonly kind: 'changed'; readonly status: string }
  | {
      readonly kind: 'held'
      readonly picture: HoldPicture
      /** Of the wallet, holds included. */
      readonly balance: bigint
      /** What a capture writes. */
      readonly row: ModelRow | null
      readonly replayed: boolean
    }
  | { readonly kind: 'unnoticed' }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

export interface Refusal {
  readonly code: string
  /** A function where it names what is only known once earlier answers are there. */
  readonly context?: () => Record<string, unknown>
  /** Where the fault is and of what kind. */
  readonly fault?: string
}

const signed = (row: ModelRow): bigint => (row.direction === 'in' ? row.amount : -row.amount)
export const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n)

/** Added up from all rows. */
export const balanceOf = (wallet: ModelWallet): bigint => sum(wallet.rows.map(signed))

/** Everything that the row should say besides its id, hash and time. To be asked once the ids of earlier rows are known. */
export function factsOf(row: ModelRow): Record<string, unknown> {
  const index = row.wallet.rows.indexOf(row)
  const upTo = row.wallet.rows.slice(0, index + 1)
  const before = sum(row.wallet.rows.slice(0, index).map(signed))
  const ofType = upTo.filter((other) => other.type === row.type)
  const total = (rows: readonly ModelRow[], direction: 'in' | 'out') =>
    sum(rows.filter((other) => other.direction === direction).map((other) => other.amount))
  const refunds = upTo.filter((other) => row.original !== null && other.original === row.original)
  return {
    walletId: row.wallet.walletId,
    userId: row.wallet.userId,
    currency: row.wallet.currency,
    sequence: index + 1,
    transactionType: row.type,
    direction: row.direction,
    amount: row.amount,
    balanceBefore: before,
    balanceAfter: before + signed(row),
    lockedBalance: row.locked,
    fee: row.fee,
    counterparty: row.counterparty,
    description: row.description,
    metadata: JSON.stringify(row.metadata(row)),
    fromWalletId: row.transfer?.from ?? null,
    toWalletId: row.transfer?.to ?? null,
    counterpartSequence: row.twin ? row.twin.wallet.rows.indexOf(row.twin) + 1 : null,
    originalTransactionId: row.original?.transactionId ?? null,
    originalAmount: row.original?.amount ?? null,
    refundedTotal: row.original ? sum(refunds.map((other) => other.amount)) : null,
    typeCount: ofType.length,
    typeTotalIn: total(ofType, 'in'),
    typeTotalOut: total(ofType, 'out'),
    totalIn: total(upTo, 'in'),
    idempotencyKey: row.key,
    referenceId: row.referenceId,
    usageRecordId: null,
    blockchainTxHash: null,
    blockchainNetwork: null,
    blockchainStatus: 'none',
    blockchainConfirmations: 0,
    gasFee: null,
  }
}

type RowDraft = Pick<ModelRow, 'type' | 'direction' | 'amount' | 'counterparty' | 'description'> & Partial<ModelRow>

/** A row with nothing in it that was not asked for. */
export function rowOf(wallet: ModelWallet, draft: RowDraft): ModelRow {
  return {
    key: null,
    fee: 0n,
    original: null,
    referenceId: null,
    locked: 0n,
    twin: null,
    transfer: null,
    transactionId: '',
    metadata: () => ({}),
    ...draft,
    wallet,
  }
}
