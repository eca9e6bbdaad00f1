// The things of the ledger's model: requests, wallets as lists of rows, and what a row should say, added up each time from the
// rows before it. No rule stands here.

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
      readonly description?: string
    })
  | (Keyed & {
      readonly kind: 'transfer'
      readonly walletId: string
      readonly toWalletId: string
      readonly amount: string
      readonly fee: string | null
      readonly description?: string
    })
  | (Keyed & {
      readonly kind: 'refund'
      readonly original: ModelRow
      readonly amount: string | null
      readonly reason: string
    })
  | { readonly kind: 'freeze' | 'unfreeze' | 'close'; readonly walletId: string; readonly key: null }

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
    lockedBalance: 0n,
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
    referenceId: null,
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
    twin: null,
    transfer: null,
    transactionId: '',
    metadata: () => ({}),
    ...draft,
    wallet,
  }
}
