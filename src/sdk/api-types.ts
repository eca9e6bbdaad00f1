// The bodies and answers of the API as types, for callers and for operations.ts. Generated from openapi.yaml by `npm run generate`; do not edit.

/** An exact decimal such as `12.5`: never a JavaScript number, which would lose digits. */
export type DecimalString = string

/** What a single route takes: ids of its path, its body, and its key */
export type BatchOperationInput =
  | {
      operation: 'consume'
      /**
       * The id of a wallet
       * @format uuid
       */
      wallet_id: string
      /** As the header `Idempotency-Key` of the single route; the same key there and here is the same key */
      idempotency_key?: string | null
      /** An exact decimal, as a JSON number or a string; never rounded. Greater than 0, at most 20 integer digits and the decimals of the currency (8 unless it says otherwise). */
      amount: DecimalString
      /** For people; has a default such as `Deposit: 10` */
      description?: string | null
      /** Your own data, given back as it was sent: at most 10240 bytes as JSON, 32 levels deep */
      metadata?: Record<string, unknown> | null
      /** The usage record that this pays for: an integer or a string */
      usage_record_id?: (number | string) | null
    }
  | {
      operation: 'deposit' | 'reward'
      /**
       * The id of a wallet
       * @format uuid
       */
      wallet_id: string
      /** As the header `Idempotency-Key` of the single route; the same key there and here is the same key */
      idempotency_key?: string | null
      /** An exact decimal, as a JSON number or a string; never rounded. Greater than 0, at most 20 integer digits and the decimals of the currency (8 unless it says otherwise). */
      amount: DecimalString
      /** For people; has a default such as `Deposit: 10` */
      description?: string | null
      /** Your own data, given back as it was sent: at most 10240 bytes as JSON, 32 levels deep */
      metadata?: Record<string, unknown> | null
      /** The caller's own reference */
      reference_id?: string | null
    }
  | {
      operation: 'withdraw'
      /**
       * The id of a wallet
       * @format uuid
       */
      wallet_id: string
      /** As the header `Idempotency-Key` of the single route; the same key there and here is the same key */
      idempotency_key?: string | null
      /** An exact decimal, as a JSON number or a string; never rounded. Greater than 0, at most 20 integer digits and the decimals of the currency (8 unless it says otherwise). */
      amount: DecimalString
      /** For people; has a default such as `Deposit: 10` */
      description?: string | null
      /** Your own data, given back as it was sent: at most 10240 bytes as JSON, 32 levels deep */
      metadata?: Record<string, unknown> | null
      /** Where the money goes; kept in metadata */
      destination?: string | null
    }
  | {
      operation: 'transfer'
      /**
       * The id of a wallet
       * @format uuid
       */
      wallet_id: string
      /** As the header `Idempotency-Key` of the single route; the same key there and here is the same key */
      idempotency_key?: string | null
      /**
       * The id of a wallet
       * @format uuid
       */
      to_wallet_id: string
      /** An exact decimal, as a JSON number or a string; never rounded. Greater than 0, at most 20 integer digits and the decimals of the currency (8 unless it says otherwise). */
      amount: DecimalString
      /** For people; has a default such as `Deposit: 10` */
      description?: string | null
      /** Your own data, given back as it was sent: at most 10240 bytes as JSON, 32 levels deep */
      metadata?: Record<string, unknown> | null
      /** Taken from the source on top of the amount */
      fee?: DecimalString
    }
  | {
      operation: 'refund'
      /**
       * The id of a transaction
       * @format uuid
       */
      transaction_id: string
      /** As the header `Idempotency-Key` of the single route; the same key there and here is the same key */
      idempotency_key?: string | null
      /**
       * Why, for people
       * @minLength 1
       * @maxLength 500
       */
      reason: string
      /** Default: everything that is left to refund */
      amount?: DecimalString
      /** Your own data, given back as it was sent: at most 10240 bytes as JSON, 32 levels deep */
      metadata?: Record<string, unknown> | null
      /** If sent, it must be the transaction of the path */
      original_transaction_id?: string | null
    }
  | {
      operation: 'place_hold'
      /**
       * The id of a wallet
       * @format uuid
       */
      wallet_id: string
      /** As the header `Idempotency-Key` of the single route; the same key there and here is the same key */
      idempotency_key?: string | null
      /** An exact decimal, as a JSON number or a string; never rounded. Greater than 0, at most 20 integer digits and the decimals of the currency (8 unless it says otherwise). */
      amount: DecimalString
      /** For people; has a default such as `Deposit: 10` */
      description?: string | null
      /** Your own data, given back as it was sent: at most 10240 bytes as JSON, 32 levels deep */
      metadata?: Record<string, unknown> | null
      /** When the money is free again by itself, at most 90 days from now. Default 604800: 7 days */
      expires_in_seconds?: number | null
      /** The caller's own reference */
      reference_id?: string | null
    }
  | {
      operation: 'capture_hold'
      /**
       * The id of a hold
       * @format uuid
       */
      hold_id: string
      /** As the header `Idempotency-Key` of the single route; the same key there and here is the same key */
      idempotency_key?: string | null
      /** Default: all that is left */
      amount?: DecimalString
      /** Default true: the rest is free again. `false`: more captures may follow, until nothing is left */
      final?: boolean | null
      /** What the money goes for. Default `consume` */
      transaction_type?: 'consume' | 'withdraw' | null
      /** For people; has a default such as `Consumed: 10` */
      description?: string | null
      /** The usage record that this pays for: an integer or a string */
      usage_record_id?: (number | string) | null
      /** Your own data, given back as it was sent: at most 10240 bytes as JSON, 32 levels deep */
      metadata?: Record<string, unknown> | null
    }
  | {
      operation: 'void_hold'
      /**
       * The id of a hold
       * @format uuid
       */
      hold_id: string
      /** As the header `Idempotency-Key` of the single route; the same key there and here is the same key */
      idempotency_key?: string | null
    }
  | {
      operation: 'extend_hold'
      /**
       * The id of a hold
       * @format uuid
       */
      hold_id: string
      /** As the header `Idempotency-Key` of the single route; the same key there and here is the same key */
      idempotency_key?: string | null
      /**
       * Counted from now, whatever was left: it may also end earlier than it would have
       * @min 1
       * @max 7776000
       */
      expires_in_seconds: number
    }
  | {
      operation: 'create_wallet'
      /** As the header `Idempotency-Key` of the single route; the same key there and here is the same key */
      idempotency_key?: string | null
      /**
       * The id of a user, as the account service knows it
       * @minLength 1
       * @maxLength 255
       */
      user_id: string
      /**
       * What the wallet holds
       * @default "fiat"
       */
      wallet_type?: 'fiat' | 'crypto' | 'hybrid'
      /** An exact decimal, as a JSON number or a string; 0 or greater. Written as the first deposit when greater. */
      initial_balance?: DecimalString
      /**
       * The code of a currency
       * @default "CREDIT"
       * @pattern ^[A-Z][A-Z0-9._-]{0,15}$
       */
      currency?: string
      /** The id of an organization, as the organization service knows it */
      organization_id?: string | null
      /** Chain of the wallet */
      blockchain_network?: 'ethereum' | 'bsc' | 'polygon' | 'isa_chain' | 'testnet' | null
      /** Address of the wallet on its chain */
      blockchain_address?: string | null
      /** Your own data, given back as it was sent: at most 10240 bytes as JSON, 32 levels deep */
      metadata?: Record<string, unknown> | null
    }

/** Every error has this shape; `code` says which further members explain it */
export interface ErrorBody {
  /**
   * Names the code as a URN
   * @format uri
   */
  type: string
  /** The code in words */
  title: string
  status: number
  /** What went wrong this time, for people */
  detail: string
  /** What went wrong, for programs. The list is closed */
  code:
    | 'insufficient_balance'
    | 'wallet_exists'
    | 'wallet_frozen'
    | 'wallet_closed'
    | 'wallet_not_empty'
    | 'currency_mismatch'
    | 'same_wallet'
    | 'not_refundable'
    | 'refund_exceeds_original'
    | 'hold_not_pending'
    | 'hold_expired'
    | 'capture_exceeds_hold'
    | 'malformed_json'
    | 'unauthenticated'
    | 'forbidden'
    | 'wallet_not_found'
    | 'transaction_not_found'
    | 'hold_not_found'
    | 'user_not_found'
    | 'organization_not_found'
    | 'route_not_found'
    | 'method_not_allowed'
    | 'body_too_large'
    | 'unsupported_media_type'
    | 'validation_failed'
    | 'idempotency_key_reused'
    | 'rate_limited'
    | 'internal_error'
    | 'overloaded'
    | 'database_unavailable'
    | 'wallet_busy'
    | 'outcome_unknown'
    | 'peer_unavailable'
  success: false
  /** The same as `detail` */
  message: string
  /** The `X-Request-Id` of the answer; the log is searched by it */
  request_id: string
  /** The same request may succeed later, unchanged */
  retryable: boolean
  /** Every fault of the request (`validation_failed`) */
  errors?: {
    loc: (string | number)[]
    type: string
    msg: string
  }[]
  [key: string]: unknown
}

/** A wallet: one owner, one currency, one balance */
export interface Wallet {
  /**
   * The wallet
   * @format uuid
   */
  wallet_id: string
  /** Its owner */
  user_id: string
  /** The organization it belongs to */
  organization_id: string | null
  /**
   * Everything in it, holds included
   * @format decimal
   */
  balance: DecimalString
  /**
   * What open holds reserve
   * @format decimal
   */
  locked_balance: DecimalString
  /**
   * What can be spent now: `balance - locked_balance`
   * @format decimal
   */
  available_balance: DecimalString
  /** Its one currency */
  currency: string
  /** What it holds */
  wallet_type: 'fiat' | 'crypto' | 'hybrid'
  /** Whether money may move */
  status: 'active' | 'frozen' | 'closed'
  /**
   * When it last changed
   * @format date-time
   */
  last_updated: string
  /**
   * When it was opened
   * @format date-time
   */
  created_at: string
  /** Its address on the chain */
  blockchain_address: string | null
  /** Its chain */
  blockchain_network: 'ethereum' | 'bsc' | 'polygon' | 'isa_chain' | 'testnet' | null
  /**
   * What the chain says it holds, as a decimal string
   * @format decimal
   */
  on_chain_balance: DecimalString | null
  /** How fresh `on_chain_balance` is */
  sync_status: 'synced' | 'pending' | 'error' | null
  /** What the caller stored with it; numbers keep the digits that were sent */
  metadata: Partial<Record<string, unknown>>
}

/** One immutable movement of money in or out of one wallet */
export interface Transaction {
  /**
   * The transaction
   * @format uuid
   */
  transaction_id: string
  /**
   * The wallet whose balance it moved
   * @format uuid
   */
  wallet_id: string
  /** The wallet's owner */
  user_id: string
  /** What it was */
  transaction_type:
    | 'deposit'
    | 'withdraw'
    | 'consume'
    | 'refund'
    | 'transfer'
    | 'reward'
    | 'fee'
    | 'blockchain_in'
    | 'blockchain_out'
  /**
   * What it moved; always greater than 0
   * @format decimal
   */
  amount: DecimalString
  /**
   * The wallet's balance before it
   * @format decimal
   */
  balance_before: DecimalString
  /**
   * The wallet's balance after it
   * @format decimal
   */
  balance_after: DecimalString
  /**
   * For a transfer's outgoing leg: the fee that the next row takes
   * @format decimal
   */
  fee: DecimalString
  /** The wallet's currency */
  currency: string
  /** For people */
  description: string
  /** The caller's reference */
  reference_id: string | null
  /** The usage record it pays for */
  usage_record_id: string | null
  /**
   * For a transfer: its source
   * @format uuid
   */
  from_wallet_id: string | null
  /**
   * For a transfer: its target
   * @format uuid
   */
  to_wallet_id: string | null
  /** Hash of the transaction on the chain */
  blockchain_tx_hash: string | null
  /** The chain */
  blockchain_network: 'ethereum' | 'bsc' | 'polygon' | 'isa_chain' | 'testnet' | null
  /** `none` when no chain is involved */
  blockchain_status: string
  /** Blocks on top of it */
  blockchain_confirmations: number
  /**
   * What the chain charged, as a decimal string
   * @format decimal
   */
  gas_fee: DecimalString | null
  /** What the caller stored with it; numbers keep the digits that were sent */
  metadata: Partial<Record<string, unknown>>
  /** 1, 2, 3 ... within the wallet, without gaps */
  sequence: number
  /**
   * When it was written
   * @format date-time
   */
  created_at: string
  /**
   * The same: rows never change
   * @format date-time
   */
  updated_at: string
}

/** Money set aside in a wallet until it is captured, voided or expires */
export interface Hold {
  /**
   * The hold
   * @format uuid
   */
  hold_id: string
  /**
   * The wallet whose money it sets aside
   * @format uuid
   */
  wallet_id: string
  /**
   * What was set aside
   * @format decimal
   */
  amount: DecimalString
  /**
   * What has been captured of it
   * @format decimal
   */
  captured_amount: DecimalString
  /**
   * What it still reserves: nothing once it has ended
   * @format decimal
   */
  remaining_amount: DecimalString
  /** Only `pending` reserves money. The others are final */
  status: 'pending' | 'captured' | 'voided' | 'expired'
  /**
   * When it stops reserving money by itself
   * @format date-time
   */
  expires_at: string
  /** For people */
  description: string | null
  /** The caller's reference */
  reference_id: string | null
  /** What the caller stored with it; numbers keep the digits that were sent */
  metadata: Partial<Record<string, unknown>>
  /**
   * When it was placed
   * @format date-time
   */
  created_at: string
  /**
   * When it last changed; of an expired one, when it expired
   * @format date-time
   */
  updated_at: string
}

/** A hold without its description and metadata */
export interface BriefHold {
  /**
   * The hold
   * @format uuid
   */
  hold_id: string
  /**
   * The wallet whose money it sets aside
   * @format uuid
   */
  wallet_id: string
  /**
   * What was set aside
   * @format decimal
   */
  amount: DecimalString
  /**
   * What has been captured of it
   * @format decimal
   */
  captured_amount: DecimalString
  /**
   * What it still reserves: nothing once it has ended
   * @format decimal
   */
  remaining_amount: DecimalString
  /** Only `pending` reserves money. The others are final */
  status: 'pending' | 'captured' | 'voided' | 'expired'
  /**
   * When it stops reserving money by itself
   * @format date-time
   */
  expires_at: string
  /** The caller's reference */
  reference_id: string | null
  /**
   * When it was placed
   * @format date-time
   */
  created_at: string
  /**
   * When it last changed; of an expired one, when it expired
   * @format date-time
   */
  updated_at: string
}

export interface BatchConsumption {
  /** Its place among the operations, from 0 */
  index: number
  /** What it was */
  operation: 'consume'
  /** What the single route would answer with */
  status: 200
  /** Answered as when its key was first used; nothing was done again */
  replayed: boolean
  success: true
  /** What was done, for people */
  message: string
  /**
   * The wallet that was asked for
   * @format uuid
   */
  wallet_id: string
  /** The wallet's balance after it */
  balance: DecimalString | null
  /**
   * The row that was written, if one was
   * @format uuid
   */
  transaction_id: string | null
  data: {
    /** One immutable movement of money in or out of one wallet */
    transaction: Transaction
    /**
     * What can still be spent
     * @format decimal
     */
    remaining_balance: DecimalString
  }
}

export interface BatchMovement {
  /** Its place among the operations, from 0 */
  index: number
  /** What it was */
  operation: 'deposit' | 'reward' | 'withdraw' | 'refund'
  /** What the single route would answer with */
  status: 200
  /** Answered as when its key was first used; nothing was done again */
  replayed: boolean
  success: true
  /** What was done, for people */
  message: string
  /**
   * The wallet that was asked for
   * @format uuid
   */
  wallet_id: string
  /** The wallet's balance after it */
  balance: DecimalString | null
  /**
   * The row that was written, if one was
   * @format uuid
   */
  transaction_id: string | null
  data: {
    /** One immutable movement of money in or out of one wallet */
    transaction: Transaction
  }
}

export interface BatchTransfer {
  /** Its place among the operations, from 0 */
  index: number
  /** What it was */
  operation: 'transfer'
  /** What the single route would answer with */
  status: 200
  /** Answered as when its key was first used; nothing was done again */
  replayed: boolean
  success: true
  /** What was done, for people */
  message: string
  /**
   * The wallet that was asked for
   * @format uuid
   */
  wallet_id: string
  /** The wallet's balance after it */
  balance: DecimalString | null
  /**
   * The row that was written, if one was
   * @format uuid
   */
  transaction_id: string | null
  data: {
    /** One immutable movement of money in or out of one wallet */
    from_transaction: Transaction
    /** One immutable movement of money in or out of one wallet */
    to_transaction: Transaction
    /** Only when a fee was taken */
    fee_transaction?: Transaction
  }
}

export interface BatchPlacedHold {
  /** Its place among the operations, from 0 */
  index: number
  /** What it was */
  operation: 'place_hold'
  status: 201
  /** Answered as when its key was first used; nothing was done again */
  replayed: boolean
  success: true
  /** What was done, for people */
  message: string
  /**
   * The wallet that was asked for
   * @format uuid
   */
  wallet_id: string
  /** The wallet's balance after it */
  balance: DecimalString | null
  /**
   * The row that was written, if one was
   * @format uuid
   */
  transaction_id: string | null
  data: {
    /** Money set aside in a wallet until it is captured, voided or expires */
    hold: Hold
  }
}

export interface BatchHoldChange {
  /** Its place among the operations, from 0 */
  index: number
  /** What it was */
  operation: 'void_hold' | 'extend_hold'
  /** What the single route would answer with */
  status: 200
  /** Answered as when its key was first used; nothing was done again */
  replayed: boolean
  success: true
  /** What was done, for people */
  message: string
  /**
   * The wallet that was asked for
   * @format uuid
   */
  wallet_id: string
  /** The wallet's balance after it */
  balance: DecimalString | null
  /**
   * The row that was written, if one was
   * @format uuid
   */
  transaction_id: string | null
  data: {
    /** Money set aside in a wallet until it is captured, voided or expires */
    hold: Hold
  }
}

export interface BatchCapture {
  /** Its place among the operations, from 0 */
  index: number
  /** What it was */
  operation: 'capture_hold'
  /** What the single route would answer with */
  status: 200
  /** Answered as when its key was first used; nothing was done again */
  replayed: boolean
  success: true
  /** What was done, for people */
  message: string
  /**
   * The wallet that was asked for
   * @format uuid
   */
  wallet_id: string
  /** The wallet's balance after it */
  balance: DecimalString | null
  /**
   * The row that was written, if one was
   * @format uuid
   */
  transaction_id: string | null
  data: {
    /** One immutable movement of money in or out of one wallet */
    transaction: Transaction
    /** Money set aside in a wallet until it is captured, voided or expires */
    hold: Hold
  }
}

export interface BatchCreation {
  /** Its place among the operations, from 0 */
  index: number
  /** What it was */
  operation: 'create_wallet'
  /** What the single route would answer with */
  status: 200
  /** Answered as when its key was first used; nothing was done again */
  replayed: boolean
  success: true
  /** What was done, for people */
  message: string
  /**
   * The wallet that was asked for
   * @format uuid
   */
  wallet_id: string
  /** The wallet's balance after it */
  balance: DecimalString | null
  /**
   * The row that was written, if one was
   * @format uuid
   */
  transaction_id: string | null
  data: {
    /** A wallet: one owner, one currency, one balance */
    wallet: Wallet
  }
}

/** What the single route would answer with, and which operation it is */
export interface BatchRefusal {
  /** Its place among the operations, from 0 */
  index: number
  /** What it was */
  operation:
    | 'consume'
    | 'deposit'
    | 'reward'
    | 'withdraw'
    | 'transfer'
    | 'refund'
    | 'place_hold'
    | 'capture_hold'
    | 'void_hold'
    | 'extend_hold'
    | 'create_wallet'
  replayed: false
  /**
   * Names the code as a URN
   * @format uri
   */
  type: string
  /** The code in words */
  title: string
  status: number
  /** What went wrong this time, for people */
  detail: string
  /** What went wrong, for programs. The list is closed */
  code:
    | 'insufficient_balance'
    | 'wallet_exists'
    | 'wallet_frozen'
    | 'wallet_closed'
    | 'wallet_not_empty'
    | 'currency_mismatch'
    | 'same_wallet'
    | 'not_refundable'
    | 'refund_exceeds_original'
    | 'hold_not_pending'
    | 'hold_expired'
    | 'capture_exceeds_hold'
    | 'malformed_json'
    | 'unauthenticated'
    | 'forbidden'
    | 'wallet_not_found'
    | 'transaction_not_found'
    | 'hold_not_found'
    | 'user_not_found'
    | 'organization_not_found'
    | 'route_not_found'
    | 'method_not_allowed'
    | 'body_too_large'
    | 'unsupported_media_type'
    | 'validation_failed'
    | 'idempotency_key_reused'
    | 'rate_limited'
    | 'internal_error'
    | 'overloaded'
    | 'database_unavailable'
    | 'wallet_busy'
    | 'outcome_unknown'
    | 'peer_unavailable'
  success: false
  /** The same as `detail` */
  message: string
  /** The `X-Request-Id` of the answer; the log is searched by it */
  request_id: string
  /** The same request may succeed later, unchanged */
  retryable: boolean
  /** Every fault of the request (`validation_failed`) */
  errors?: {
    loc: (string | number)[]
    type: string
    msg: string
  }[]
  [key: string]: unknown
}

/** How a balance comes about, all of one moment */
export interface Explanation {
  /**
   * The wallet
   * @format uuid
   */
  wallet_id: string
  /** Its currency */
  currency: string
  /**
   * `start_date`, or when the wallet was opened
   * @format date-time
   */
  period_start: string
  /**
   * The instant that is explained: `at`, or now
   * @format date-time
   */
  at: string
  /**
   * The balance before `period_start`
   * @format decimal
   */
  opening_balance: DecimalString
  /** What moved, by type; types without a transaction are left out */
  movements: {
    transaction_type:
      | 'deposit'
      | 'withdraw'
      | 'consume'
      | 'refund'
      | 'transfer'
      | 'reward'
      | 'fee'
      | 'blockchain_in'
      | 'blockchain_out'
    /** Transactions of this type */
    count: number
    /**
     * What they added
     * @format decimal
     */
    total_in: DecimalString
    /**
     * What they took
     * @format decimal
     */
    total_out: DecimalString
  }[]
  /** Transactions of all types */
  transaction_count: number
  /**
   * Sum of what came in
   * @format decimal
   */
  total_in: DecimalString
  /**
   * Sum of what went out
   * @format decimal
   */
  total_out: DecimalString
  /**
   * `opening_balance + total_in - total_out`
   * @format decimal
   */
  balance: DecimalString
  /** Holds open at that instant, as they were then, the first to end first; at most 1000, and fewer where one stayed open while 12,700 others ended */
  open_holds: BriefHold[]
  /**
   * What open holds beyond those reserve
   * @format decimal
   */
  unlisted_holds_total: DecimalString
  /**
   * Sum of `remaining_amount` of all open holds
   * @format decimal
   */
  locked_balance: DecimalString
  /**
   * `balance - locked_balance`
   * @format decimal
   */
  available_balance: DecimalString
  equations: {
    balance: string
    locked_balance: string
    available_balance: string
  }
  /** The sums lead to the balance that the last transaction states and to the lock that the holds' history states. If ever false, history was tampered with: `npm run audit` says where */
  adds_up: boolean
}

/** Figures of one wallet in a period; both of its bounds are inclusive */
export interface WalletStatistics {
  /**
   * The wallet
   * @format uuid
   */
  wallet_id: string
  /** Its owner */
  user_id: string
  /**
   * Its balance now, whatever the period
   * @format decimal
   */
  current_balance: DecimalString
  /**
   * Sum of deposits
   * @format decimal
   */
  total_deposits: DecimalString
  /**
   * Sum of withdrawals
   * @format decimal
   */
  total_withdrawals: DecimalString
  /**
   * Sum of consumption
   * @format decimal
   */
  total_consumed: DecimalString
  /**
   * Sum of refunds
   * @format decimal
   */
  total_refunded: DecimalString
  /**
   * Sum of incoming transfers
   * @format decimal
   */
  total_transfers_in: DecimalString
  /**
   * Sum of outgoing transfers, without their fees
   * @format decimal
   */
  total_transfers_out: DecimalString
  /**
   * Sum of rewards
   * @format decimal
   */
  total_rewards: DecimalString
  /**
   * Sum of fees
   * @format decimal
   */
  total_fees: DecimalString
  /** Transactions of every type */
  transaction_count: number
  /** Transactions that came from or went to a chain */
  blockchain_transactions: number
  /**
   * Sum of what chains charged
   * @format decimal
   */
  total_gas_fees: DecimalString
  /**
   * `start_date`, or when the wallet was opened
   * @format date-time
   */
  period_start: string
  /**
   * `end_date`, or now
   * @format date-time
   */
  period_end: string
  /**
   * `total_consumed` / days of the period (exact, at least one); truncated
   * @format decimal
   */
  daily_average: DecimalString
  /**
   * 30 x `daily_average`
   * @format decimal
   */
  monthly_average: DecimalString
}

/** What a user's wallets of one currency add up to */
export interface CurrencyTotals {
  /**
   * Sum of balances now
   * @format decimal
   */
  total_balance: DecimalString
  /**
   * Sum of deposits
   * @format decimal
   */
  total_deposits: DecimalString
  /**
   * Sum of withdrawals
   * @format decimal
   */
  total_withdrawals: DecimalString
  /**
   * Sum of consumption
   * @format decimal
   */
  total_consumed: DecimalString
  /**
   * Sum of refunds
   * @format decimal
   */
  total_refunded: DecimalString
}

/** The `total_*` cover the CREDIT wallets, else the only currency there is; with several others they are 0 */
export interface UserStatistics {
  /**
   * Sum of balances now
   * @format decimal
   */
  total_balance: DecimalString
  /**
   * Sum of deposits
   * @format decimal
   */
  total_deposits: DecimalString
  /**
   * Sum of withdrawals
   * @format decimal
   */
  total_withdrawals: DecimalString
  /**
   * Sum of consumption
   * @format decimal
   */
  total_consumed: DecimalString
  /**
   * Sum of refunds
   * @format decimal
   */
  total_refunded: DecimalString
  /** The same sums for each currency, as decimal strings */
  by_currency: Partial<Record<string, CurrencyTotals>>
  /** Transactions of all wallets */
  transaction_count: number
}

/** One hour, day, week or month: `opening_balance + total_in - total_out = closing_balance` */
export interface BalanceBucket {
  /**
   * Its first microsecond
   * @format date-time
   */
  start: string
  /**
   * Its last microsecond
   * @format date-time
   */
  end: string
  /**
   * Balance before it
   * @format decimal
   */
  opening_balance: DecimalString
  /**
   * Balance after it
   * @format decimal
   */
  closing_balance: DecimalString
  /**
   * All that came in
   * @format decimal
   */
  total_in: DecimalString
  /**
   * All that went out
   * @format decimal
   */
  total_out: DecimalString
  /** Transactions in it */
  transaction_count: number
}

export interface CreateWalletPayload {
  /**
   * The id of a user, as the account service knows it
   * @minLength 1
   * @maxLength 255
   */
  user_id: string
  /**
   * What the wallet holds
   * @default "fiat"
   */
  wallet_type?: 'fiat' | 'crypto' | 'hybrid'
  /** An exact decimal, as a JSON number or a string; 0 or greater. Written as the first deposit when greater. */
  initial_balance?: DecimalString
  /**
   * The code of a currency
   * @default "CREDIT"
   * @pattern ^[A-Z][A-Z0-9._-]{0,15}$
   */
  currency?: string
  /** The id of an organization, as the organization service knows it */
  organization_id?: string | null
  /** Chain of the wallet */
  blockchain_network?: 'ethereum' | 'bsc' | 'polygon' | 'isa_chain' | 'testnet' | null
  /** Address of the wallet on its chain */
  blockchain_address?: string | null
  /** Your own data, given back as it was sent: at most 10240 bytes as JSON, 32 levels deep */
  metadata?: Record<string, unknown> | null
}

export interface CreateWalletData {
  success: true
  /** What was done, for people */
  message: string
  /**
   * The wallet that was asked for
   * @format uuid
   */
  wallet_id: string
  /** The wallet's balance after it */
  balance: DecimalString | null
  /**
   * The row that was written, if one was
   * @format uuid
   */
  transaction_id: string | null
  data: {
    /** A wallet: one owner, one currency, one balance */
    wallet: Wallet
  }
}

export type GetWalletData = Wallet

export interface UpdateWalletPayload {
  /** Your own data, given back as it was sent: at most 10240 bytes as JSON, 32 levels deep */
  metadata?: Record<string, unknown> | null
  /** Address of the wallet on its chain */
  blockchain_address?: string | null
  /** Chain of the wallet */
  blockchain_network?: 'ethereum' | 'bsc' | 'polygon' | 'isa_chain' | 'testnet' | null
}

export interface UpdateWalletData {
  success: true
  /** What was done, for people */
  message: string
  /**
   * The wallet that was asked for
   * @format uuid
   */
  wallet_id: string
  /** The wallet's balance after it */
  balance: DecimalString | null
  /**
   * The row that was written, if one was
   * @format uuid
   */
  transaction_id: string | null
  data: {
    /** A wallet: one owner, one currency, one balance */
    wallet: Wallet
  }
}

export interface CloseWalletData {
  success: true
  /** What was done, for people */
  message: string
  /**
   * The wallet that was asked for
   * @format uuid
   */
  wallet_id: string
  /** The wallet's balance after it */
  balance: DecimalString | null
  /**
   * The row that was written, if one was
   * @format uuid
   */
  transaction_id: string | null
  data: {
    /** A wallet: one owner, one currency, one balance */
    wallet: Wallet
  }
}

export interface ListWalletsOfUserParams {
  /** Only wallets of this type */
  wallet_type?: 'fiat' | 'crypto' | 'hybrid'
}

/** Wallets, newest first */
export interface ListWalletsOfUserData {
  wallets: Wallet[]
  /** How many there are */
  count: number
}

export interface ListWalletsOfOrganizationParams {
  /** Only wallets of this type */
  wallet_type?: 'fiat' | 'crypto' | 'hybrid'
}

/** Wallets, newest first */
export interface ListWalletsOfOrganizationData {
  wallets: Wallet[]
  /** How many there are */
  count: number
}

export interface FreezeWalletPayload {
  /**
   * Why, for people
   * @minLength 1
   * @maxLength 500
   */
  reason: string
}

export interface FreezeWalletData {
  success: true
  /** What was done, for people */
  message: string
  /**
   * The wallet that was asked for
   * @format uuid
   */
  wallet_id: string
  /** The wallet's balance after it */
  balance: DecimalString | null
  /**
   * The row that was written, if one was
   * @format uuid
   */
  transaction_id: string | null
  data: {
    /** A wallet: one owner, one currency, one balance */
    wallet: Wallet
  }
}

export interface UnfreezeWalletPayload {
  /**
   * Why, for people
   * @minLength 1
   * @maxLength 500
   */
  reason: string
}

export interface UnfreezeWalletData {
  success: true
  /** What was done, for people */
  message: string
  /**
   * The wallet that was asked for
   * @format uuid
   */
  wallet_id: string
  /** The wallet's balance after it */
  balance: DecimalString | null
  /**
   * The row that was written, if one was
   * @format uuid
   */
  transaction_id: string | null
  data: {
    /** A wallet: one owner, one currency, one balance */
    wallet: Wallet
  }
}

export interface GetBalanceParams {
  /** A point in time: a date (as the day closed), a datetime, or Unix time. Without a zone it is UTC; numbers of up to 11 digits are seconds, longer ones milliseconds. */
  at?: string
}

export interface GetBalanceData {
  success: true
  /** What was done, for people */
  message: string
  /**
   * The wallet that was asked for
   * @format uuid
   */
  wallet_id: string
  /** The wallet's balance after it */
  balance: DecimalString | null
  /**
   * The row that was written, if one was
   * @format uuid
   */
  transaction_id: string | null
  data: {
    /**
     * What can be spent
     * @format decimal
     */
    balance: DecimalString
    /**
     * What open holds reserve
     * @format decimal
     */
    locked_balance: DecimalString
    /**
     * What can be spent
     * @format decimal
     */
    available_balance: DecimalString
    currency: string
    /** What the chain says it holds */
    on_chain_balance: DecimalString | null
  }
  /** The wallet's currency */
  currency: string
}

export interface DepositPayload {
  /** An exact decimal, as a JSON number or a string; never rounded. Greater than 0, at most 20 integer digits and the decimals of the currency (8 unless it says otherwise). */
  amount: DecimalString
  /** For people; has a default such as `Deposit: 10` */
  description?: string | null
  /** Your own data, given back as it was sent: at most 10240 bytes as JSON, 32 levels deep */
  metadata?: Record<string, unknown> | null
  /** The caller's own reference */
  reference_id?: string | null
}

export interface DepositData {
  success: true
  /** What was done, for people */
  message: string
  /**
   * The wallet that was asked for
   * @format uuid
   */
  wallet_id: string
  /** The wallet's balance after it */
  balance: DecimalString | null
  /**
   * The row that was written, if one was
   * @format uuid
   */
  transaction_id: string | null
  data: {
    /** One immutable movement of money in or out of one wallet */
    transaction: Transaction
  }
}

export interface RewardPayload {
  /** An exact decimal, as a JSON number or a string; never rounded. Greater than 0, at most 20 integer digits and the decimals of the currency (8 unless it says otherwise). */
  amount: DecimalString
  /** For people; has a default such as `Deposit: 10` */
  description?: string | null
  /** Your own data, given back as it was sent: at most 10240 bytes as JSON, 32 levels deep */
  metadata?: Record<string, unknown> | null
  /** The caller's own reference */
  reference_id?: string | null
}

export interface RewardData {
  success: true
  /** What was done, for people */
  message: string
  /**
   * The wallet that was asked for
   * @format uuid
   */
  wallet_id: string
  /** The wallet's balance after it */
  balance: DecimalString | null
  /**
   * The row that was written, if one was
   * @format uuid
   */
  transaction_id: string | null
  data: {
    /** One immutable movement of money in or out of one wallet */
    transaction: Transaction
  }
}

export interface WithdrawPayload {
  /** An exact decimal, as a JSON number or a string; never rounded. Greater than 0, at most 20 integer digits and the decimals of the currency (8 unless it says otherwise). */
  amount: DecimalString
  /** For people; has a default such as `Deposit: 10` */
  description?: string | null
  /** Your own data, given back as it was sent: at most 10240 bytes as JSON, 32 levels deep */
  metadata?: Record<string, unknown> | null
  /** Where the money goes; kept in metadata */
  destination?: string | null
}

export interface WithdrawData {
  success: true
  /** What was done, for people */
  message: string
  /**
   * The wallet that was asked for
   * @format uuid
   */
  wallet_id: string
  /** The wallet's balance after it */
  balance: DecimalString | null
  /**
   * The row that was written, if one was
   * @format uuid
   */
  transaction_id: string | null
  data: {
    /** One immutable movement of money in or out of one wallet */
    transaction: Transaction
  }
}

export interface ConsumePayload {
  /** An exact decimal, as a JSON number or a string; never rounded. Greater than 0, at most 20 integer digits and the decimals of the currency (8 unless it says otherwise). */
  amount: DecimalString
  /** For people; has a default such as `Deposit: 10` */
  description?: string | null
  /** Your own data, given back as it was sent: at most 10240 bytes as JSON, 32 levels deep */
  metadata?: Record<string, unknown> | null
  /** The usage record that this pays for: an integer or a string */
  usage_record_id?: (number | string) | null
}

export interface ConsumeData {
  success: true
  /** What was done, for people */
  message: string
  /**
   * The wallet that was asked for
   * @format uuid
   */
  wallet_id: string
  /** The wallet's balance after it */
  balance: DecimalString | null
  /**
   * The row that was written, if one was
   * @format uuid
   */
  transaction_id: string | null
  data: {
    /** One immutable movement of money in or out of one wallet */
    transaction: Transaction
    /**
     * What can still be spent
     * @format decimal
     */
    remaining_balance: DecimalString
  }
}

export interface TransferPayload {
  /**
   * The id of a wallet
   * @format uuid
   */
  to_wallet_id: string
  /** An exact decimal, as a JSON number or a string; never rounded. Greater than 0, at most 20 integer digits and the decimals of the currency (8 unless it says otherwise). */
  amount: DecimalString
  /** For people; has a default such as `Deposit: 10` */
  description?: string | null
  /** Your own data, given back as it was sent: at most 10240 bytes as JSON, 32 levels deep */
  metadata?: Record<string, unknown> | null
  /** Taken from the source on top of the amount */
  fee?: DecimalString
}

export interface TransferData {
  success: true
  /** What was done, for people */
  message: string
  /**
   * The wallet that was asked for
   * @format uuid
   */
  wallet_id: string
  /** The wallet's balance after it */
  balance: DecimalString | null
  /**
   * The row that was written, if one was
   * @format uuid
   */
  transaction_id: string | null
  data: {
    /** One immutable movement of money in or out of one wallet */
    from_transaction: Transaction
    /** One immutable movement of money in or out of one wallet */
    to_transaction: Transaction
    /** One immutable movement of money in or out of one wallet */
    fee_transaction?: Transaction
  }
}

export interface RefundPayload {
  /**
   * Why, for people
   * @minLength 1
   * @maxLength 500
   */
  reason: string
  /** Default: everything that is left to refund */
  amount?: DecimalString
  /** Your own data, given back as it was sent: at most 10240 bytes as JSON, 32 levels deep */
  metadata?: Record<string, unknown> | null
  /** If sent, it must be the transaction of the path */
  original_transaction_id?: string | null
}

export interface RefundData {
  success: true
  /** What was done, for people */
  message: string
  /**
   * The wallet that was asked for
   * @format uuid
   */
  wallet_id: string
  /** The wallet's balance after it */
  balance: DecimalString | null
  /**
   * The row that was written, if one was
   * @format uuid
   */
  transaction_id: string | null
  data: {
    /** One immutable movement of money in or out of one wallet */
    transaction: Transaction
  }
}

export interface ListHoldsOfWalletParams {
  /** Only holds of this status */
  status?: 'pending' | 'captured' | 'voided' | 'expired'
  /**
   * Entries of a page
   * @min 1
   * @max 100
   * @default 50
   */
  limit?: number
  /**
   * The `next_cursor` of an earlier page of the same list, with the same status
   * @pattern ^[A-Za-z0-9_-]{1,512}$
   */
  cursor?: string
}

/** Holds, newest first */
export interface ListHoldsOfWalletData {
  holds: Hold[]
  /** Holds on this page */
  count: number
  /** As asked for, or the default */
  limit: number
  /** `cursor` of the next page; null on the last one */
  next_cursor: string | null
}

export interface PlaceHoldPayload {
  /** An exact decimal, as a JSON number or a string; never rounded. Greater than 0, at most 20 integer digits and the decimals of the currency (8 unless it says otherwise). */
  amount: DecimalString
  /** For people; has a default such as `Deposit: 10` */
  description?: string | null
  /** Your own data, given back as it was sent: at most 10240 bytes as JSON, 32 levels deep */
  metadata?: Record<string, unknown> | null
  /** When the money is free again by itself, at most 90 days from now. Default 604800: 7 days */
  expires_in_seconds?: number | null
  /** The caller's own reference */
  reference_id?: string | null
}

export interface PlaceHoldData {
  success: true
  /** What was done, for people */
  message: string
  /**
   * The wallet that was asked for
   * @format uuid
   */
  wallet_id: string
  /** The wallet's balance after it */
  balance: DecimalString | null
  /**
   * The row that was written, if one was
   * @format uuid
   */
  transaction_id: string | null
  data: {
    /** Money set aside in a wallet until it is captured, voided or expires */
    hold: Hold
  }
}

export type GetHoldData = Hold

export interface CaptureHoldPayload {
  /** Default: all that is left */
  amount?: DecimalString
  /** Default true: the rest is free again. `false`: more captures may follow, until nothing is left */
  final?: boolean | null
  /** What the money goes for. Default `consume` */
  transaction_type?: 'consume' | 'withdraw' | null
  /** For people; has a default such as `Consumed: 10` */
  description?: string | null
  /** The usage record that this pays for: an integer or a string */
  usage_record_id?: (number | string) | null
  /** Your own data, given back as it was sent: at most 10240 bytes as JSON, 32 levels deep */
  metadata?: Record<string, unknown> | null
}

export interface CaptureHoldData {
  success: true
  /** What was done, for people */
  message: string
  /**
   * The wallet that was asked for
   * @format uuid
   */
  wallet_id: string
  /** The wallet's balance after it */
  balance: DecimalString | null
  /**
   * The row that was written, if one was
   * @format uuid
   */
  transaction_id: string | null
  data: {
    /** One immutable movement of money in or out of one wallet */
    transaction: Transaction
    /** Money set aside in a wallet until it is captured, voided or expires */
    hold: Hold
  }
}

export type VoidHoldPayload = object

export interface VoidHoldData {
  success: true
  /** What was done, for people */
  message: string
  /**
   * The wallet that was asked for
   * @format uuid
   */
  wallet_id: string
  /** The wallet's balance after it */
  balance: DecimalString | null
  /**
   * The row that was written, if one was
   * @format uuid
   */
  transaction_id: string | null
  data: {
    /** Money set aside in a wallet until it is captured, voided or expires */
    hold: Hold
  }
}

export interface ExtendHoldPayload {
  /**
   * Counted from now, whatever was left: it may also end earlier than it would have
   * @min 1
   * @max 7776000
   */
  expires_in_seconds: number
}

export interface ExtendHoldData {
  success: true
  /** What was done, for people */
  message: string
  /**
   * The wallet that was asked for
   * @format uuid
   */
  wallet_id: string
  /** The wallet's balance after it */
  balance: DecimalString | null
  /**
   * The row that was written, if one was
   * @format uuid
   */
  transaction_id: string | null
  data: {
    /** Money set aside in a wallet until it is captured, voided or expires */
    hold: Hold
  }
}

export interface BatchPayload {
  /**
   * Whether all of it is done or nothing
   * @default false
   */
  atomic?: boolean
  /**
   * In the order in which they are to be done
   * @maxItems 1000
   * @minItems 1
   */
  operations: BatchOperationInput[]
}

/** What became of the operations */
export interface BatchData {
  /** Whether every operation succeeded */
  success: boolean
  /** What was done, for people */
  message: string
  /** As it was sent */
  atomic: boolean
  /** Operations */
  count: number
  /** Of them, those that succeeded, replayed ones included */
  succeeded: number
  /** Of them, those that were refused */
  failed: number
  /** What became of each operation, in order */
  results: (
    | BatchConsumption
    | BatchMovement
    | BatchTransfer
    | BatchPlacedHold
    | BatchHoldChange
    | BatchCapture
    | BatchCreation
    | BatchRefusal
  )[]
}

export interface ListTransactionsOfWalletParams {
  /** Only transactions of this type */
  transaction_type?:
    | 'deposit'
    | 'withdraw'
    | 'consume'
    | 'refund'
    | 'transfer'
    | 'reward'
    | 'fee'
    | 'blockchain_in'
    | 'blockchain_out'
  /** The beginning, inclusive: a date (from its beginning), a datetime, or Unix time. Without a zone it is UTC; numbers of up to 11 digits are seconds, longer ones milliseconds. */
  start_date?: string
  /** The end, inclusive: a date (to the end of that day), a datetime, or Unix time. Without a zone it is UTC; numbers of up to 11 digits are seconds, longer ones milliseconds. */
  end_date?: string
  /**
   * Entries of a page
   * @min 1
   * @max 100
   * @default 50
   */
  limit?: number
  /**
   * Entries to pass over. Go on with `cursor` instead: every entry that arrives meanwhile moves what an offset means, so a page shows entries again; and where entries of one type or of several wallets are counted, all that are passed over are read, which makes a page at offset 100,000 many times as dear as the same page by its cursor
   * @min 0
   * @max 1000000
   * @default 0
   */
  offset?: number
  /**
   * The `next_cursor` of an earlier page of the same list, with the same filters; not together with `offset`
   * @pattern ^[A-Za-z0-9_-]{1,512}$
   */
  cursor?: string
}

/** Transactions, newest first */
export interface ListTransactionsOfWalletData {
  transactions: Transaction[]
  /** Transactions on this page */
  count: number
  /** As asked for, or the default */
  limit: number
  /** As asked for, or the default */
  offset: number
  /** `cursor` of the next page; null on the last one */
  next_cursor: string | null
}

export interface ListTransactionsOfUserParams {
  /** Only transactions of this type */
  transaction_type?:
    | 'deposit'
    | 'withdraw'
    | 'consume'
    | 'refund'
    | 'transfer'
    | 'reward'
    | 'fee'
    | 'blockchain_in'
    | 'blockchain_out'
  /** The beginning, inclusive: a date (from its beginning), a datetime, or Unix time. Without a zone it is UTC; numbers of up to 11 digits are seconds, longer ones milliseconds. */
  start_date?: string
  /** The end, inclusive: a date (to the end of that day), a datetime, or Unix time. Without a zone it is UTC; numbers of up to 11 digits are seconds, longer ones milliseconds. */
  end_date?: string
  /**
   * Entries of a page
   * @min 1
   * @max 100
   * @default 50
   */
  limit?: number
  /**
   * Entries to pass over. Go on with `cursor` instead: every entry that arrives meanwhile moves what an offset means, so a page shows entries again; and where entries of one type or of several wallets are counted, all that are passed over are read, which makes a page at offset 100,000 many times as dear as the same page by its cursor
   * @min 0
   * @max 1000000
   * @default 0
   */
  offset?: number
  /**
   * The `next_cursor` of an earlier page of the same list, with the same filters; not together with `offset`
   * @pattern ^[A-Za-z0-9_-]{1,512}$
   */
  cursor?: string
}

/** Transactions, newest first */
export interface ListTransactionsOfUserData {
  transactions: Transaction[]
  /** Transactions on this page */
  count: number
  /** As asked for, or the default */
  limit: number
  /** As asked for, or the default */
  offset: number
  /** `cursor` of the next page; null on the last one */
  next_cursor: string | null
}

export type GetTransactionData = Transaction

export interface GetWalletStatisticsParams {
  /** The beginning, inclusive: a date (from its beginning), a datetime, or Unix time. Without a zone it is UTC; numbers of up to 11 digits are seconds, longer ones milliseconds. */
  start_date?: string
  /** The end, inclusive: a date (to the end of that day), a datetime, or Unix time. Without a zone it is UTC; numbers of up to 11 digits are seconds, longer ones milliseconds. */
  end_date?: string
}

/** Figures of one wallet in a period */
export interface GetWalletStatisticsData {
  /**
   * The wallet
   * @format uuid
   */
  wallet_id: string
  /** Its owner */
  user_id: string
  /**
   * Its balance now, whatever the period
   * @format decimal
   */
  current_balance: DecimalString
  /**
   * Sum of deposits
   * @format decimal
   */
  total_deposits: DecimalString
  /**
   * Sum of withdrawals
   * @format decimal
   */
  total_withdrawals: DecimalString
  /**
   * Sum of consumption
   * @format decimal
   */
  total_consumed: DecimalString
  /**
   * Sum of refunds
   * @format decimal
   */
  total_refunded: DecimalString
  /**
   * Sum of incoming transfers
   * @format decimal
   */
  total_transfers_in: DecimalString
  /**
   * Sum of outgoing transfers, without their fees
   * @format decimal
   */
  total_transfers_out: DecimalString
  /**
   * Sum of rewards
   * @format decimal
   */
  total_rewards: DecimalString
  /**
   * Sum of fees
   * @format decimal
   */
  total_fees: DecimalString
  /** Transactions of every type */
  transaction_count: number
  /** Transactions that came from or went to a chain */
  blockchain_transactions: number
  /**
   * Sum of what chains charged
   * @format decimal
   */
  total_gas_fees: DecimalString
  /**
   * `start_date`, or when the wallet was opened
   * @format date-time
   */
  period_start: string
  /**
   * `end_date`, or now
   * @format date-time
   */
  period_end: string
  /**
   * `total_consumed` / days of the period (exact, at least one); truncated
   * @format decimal
   */
  daily_average: DecimalString
  /**
   * 30 x `daily_average`
   * @format decimal
   */
  monthly_average: DecimalString
  /** Figures of one wallet in a period; both of its bounds are inclusive */
  statistics: WalletStatistics
}

export interface GetUserStatisticsParams {
  /** The beginning, inclusive: a date (from its beginning), a datetime, or Unix time. Without a zone it is UTC; numbers of up to 11 digits are seconds, longer ones milliseconds. */
  start_date?: string
  /** The end, inclusive: a date (to the end of that day), a datetime, or Unix time. Without a zone it is UTC; numbers of up to 11 digits are seconds, longer ones milliseconds. */
  end_date?: string
}

/** Figures of all of a user's wallets in a period, closed ones included */
export interface GetUserStatisticsData {
  /** The user */
  user_id: string
  /**
   * Sum of balances now
   * @format decimal
   */
  total_balance: DecimalString
  /**
   * Sum of deposits
   * @format decimal
   */
  total_deposits: DecimalString
  /**
   * Sum of withdrawals
   * @format decimal
   */
  total_withdrawals: DecimalString
  /**
   * Sum of consumption
   * @format decimal
   */
  total_consumed: DecimalString
  /**
   * Sum of refunds
   * @format decimal
   */
  total_refunded: DecimalString
  /** The same sums for each currency, as decimal strings */
  by_currency: Partial<Record<string, CurrencyTotals>>
  /** Transactions of all wallets */
  transaction_count: number
  wallets: {
    /**
     * The wallet
     * @format uuid
     */
    wallet_id: string
    wallet_type: 'fiat' | 'crypto' | 'hybrid'
    currency: string
    /**
     * Its balance now
     * @format decimal
     */
    balance: DecimalString
    /** Figures of one wallet in a period; both of its bounds are inclusive */
    statistics: WalletStatistics
  }[]
  /** The `total_*` cover the CREDIT wallets, else the only currency there is; with several others they are 0 */
  statistics: UserStatistics
}

export interface GetBalanceHistoryParams {
  /** The beginning, inclusive: a date (from its beginning), a datetime, or Unix time. Without a zone it is UTC; numbers of up to 11 digits are seconds, longer ones milliseconds. */
  start_date?: string
  /** The end, inclusive: a date (to the end of that day), a datetime, or Unix time. Without a zone it is UTC; numbers of up to 11 digits are seconds, longer ones milliseconds. */
  end_date?: string
  /**
   * Length of a bucket, in UTC; weeks begin on Monday. At most 1000 buckets
   * @default "day"
   */
  interval?: 'hour' | 'day' | 'week' | 'month'
}

/** The balance over time, oldest bucket first; the outer ones are cut to the period */
export interface GetBalanceHistoryData {
  /**
   * The wallet
   * @format uuid
   */
  wallet_id: string
  /** The wallet's currency */
  currency: string
  interval: 'hour' | 'day' | 'week' | 'month'
  /**
   * `start_date`, or when the wallet was opened
   * @format date-time
   */
  period_start: string
  /**
   * `end_date`, or now
   * @format date-time
   */
  period_end: string
  buckets: BalanceBucket[]
  /** How many buckets there are */
  count: number
}

export interface ExplainBalanceParams {
  /** A point in time: a date (as the day closed), a datetime, or Unix time. Without a zone it is UTC; numbers of up to 11 digits are seconds, longer ones milliseconds. */
  at?: string
  /** The beginning, inclusive: a date (from its beginning), a datetime, or Unix time. Without a zone it is UTC; numbers of up to 11 digits are seconds, longer ones milliseconds. */
  start_date?: string
}

export type ExplainBalanceData = Explanation

export interface GetCreditsBalanceData {
  success: true
  /**
   * Everything in the wallet
   * @format decimal
   */
  balance: DecimalString
  /**
   * What can be spent
   * @format decimal
   */
  available_balance: DecimalString
  /**
   * What open holds reserve
   * @format decimal
   */
  locked_balance: DecimalString
  currency: string
  /** @format uuid */
  wallet_id: string
}

export interface ConsumeCreditsPayload {
  /** An exact decimal, as a JSON number or a string; never rounded. Greater than 0, at most 20 integer digits and the decimals of the currency (8 unless it says otherwise). */
  amount: DecimalString
  /** For people; has a default such as `Deposit: 10` */
  description?: string | null
  /** Your own data, given back as it was sent: at most 10240 bytes as JSON, 32 levels deep */
  metadata?: Record<string, unknown> | null
  /** The usage record that this pays for: an integer or a string */
  usage_record_id?: (number | string) | null
}

export interface ConsumeCreditsData {
  success: true
  /** What was done, for people */
  message: string
  /**
   * The wallet that was asked for
   * @format uuid
   */
  wallet_id: string
  /** The wallet's balance after it */
  balance: DecimalString | null
  /**
   * The row that was written, if one was
   * @format uuid
   */
  transaction_id: string | null
  data: {
    /** One immutable movement of money in or out of one wallet */
    transaction: Transaction
    /**
     * What can still be spent
     * @format decimal
     */
    remaining_balance: DecimalString
  }
}

export interface GetRootData {
  status: 'healthy' | 'unhealthy'
  service: 'wallet_service'
  version: string
  port: number
  /** @format date-time */
  timestamp: string
}

export interface GetHealthData {
  status: 'healthy' | 'unhealthy'
  service: 'wallet_service'
  version: string
  port: number
  /** @format date-time */
  timestamp: string
}

export interface GetLivenessData {
  status: 'alive'
}

export interface GetReadinessData {
  status: 'ready' | 'not_ready'
  database: 'reachable' | 'unreachable'
  /** Whether the schema is the newest known */
  migrations: 'at_head' | 'pending' | 'unknown'
  /** The process is stopping: what is in flight goes on */
  draining: boolean
}

export interface GetStatsData {
  service: 'wallet_service'
  version: string
  status: 'operational'
  capabilities: {
    wallet_management: true
    transaction_management: true
    blockchain_ready: true
  }
  /** Wallets there are, closed ones included */
  wallets: number
  /** Rows of the ledger */
  transactions: number
  /** @format date-time */
  started_at: string
  uptime_seconds: number
  postings: {
    /** Operations that wait now */
    waiting: number
    /** Operations since the process started */
    operations: number
    /** Database transactions that carried them */
    flushes: number
    /** Operations in the largest one */
    largest_flush: number
  }
}

/** Prometheus’ text format, version 0.0.4 */
export type GetMetricsData = string

/** What went wrong. The service may know newer codes than this list. */
export type ErrorCode = ErrorBody['code']

/** What explains an error, by its code. */
export interface ErrorContexts {
  insufficient_balance: {
    readonly available: DecimalString
    readonly required: DecimalString
    readonly shortfall: DecimalString
    readonly currency: string
  }
  wallet_exists: { readonly wallet_id: string; readonly balance: DecimalString }
  wallet_frozen: { readonly wallet_id: string }
  wallet_closed: { readonly wallet_id: string }
  wallet_not_empty: {
    readonly wallet_id: string
    readonly balance: DecimalString
    readonly locked_balance: DecimalString
    readonly currency: string
  }
  currency_mismatch: { readonly from_currency: string; readonly to_currency: string }
  same_wallet: Record<never, never>
  not_refundable: { readonly transaction_type: string }
  refund_exceeds_original: {
    readonly original_amount: DecimalString
    readonly refunded: DecimalString
    readonly refundable: DecimalString
    readonly currency: string
  }
  hold_not_pending: { readonly hold_id: string; readonly hold_status: string }
  hold_expired: { readonly hold_id: string; readonly hold_status: string }
  capture_exceeds_hold: {
    readonly hold_id: string
    readonly remaining: DecimalString
    readonly required: DecimalString
    readonly shortfall: DecimalString
    readonly currency: string
  }
  malformed_json: Record<never, never>
  unauthenticated: Record<never, never>
  forbidden: { readonly required_scope: string }
  wallet_not_found: { readonly wallet_id: string }
  transaction_not_found: { readonly transaction_id: string }
  hold_not_found: { readonly hold_id: string }
  user_not_found: { readonly user_id: string }
  organization_not_found: { readonly organization_id: string }
  route_not_found: Record<never, never>
  method_not_allowed: { readonly allowed: readonly string[] }
  body_too_large: Record<never, never>
  unsupported_media_type: Record<never, never>
  validation_failed: Record<never, never>
  idempotency_key_reused: { readonly fields: readonly string[] }
  rate_limited: { readonly limit: number; readonly window_seconds: number; readonly retry_after_seconds: number }
  internal_error: Record<never, never>
  overloaded: Record<never, never>
  database_unavailable: Record<never, never>
  wallet_busy: Record<never, never>
  outcome_unknown: Record<never, never>
  peer_unavailable: { readonly peer: string }
}
