// The objects that answers are made of, as documented response schemas. No transforms: fastify-type-provider-zod cannot
// document one on the way out, so presenters.ts does the converting.
import { z } from 'zod'
import { isRawNumber, type RawNumber } from '../../domain/json.ts'
import { TRANSACTION_TYPES } from '../../domain/transaction.ts'
import { BLOCKCHAIN_NETWORKS, SYNC_STATUSES, WALLET_STATUSES, WALLET_TYPES } from '../../domain/wallet.ts'
import { DEMO } from '../../services/demo-data.ts'

/** A decimal string in canonical form: no exponent, no superfluous zeros (API.md §1). */
export function decimalText(description: string, example = '1000.5') {
  return z.string().meta({ format: 'decimal', description, examples: [example] })
}

/** A JSON number with exact digits, written by `JSON.rawJSON`: what today's callers read as a number (API.md §1). */
export function exactNumberOut(description: string, example = 1000.5) {
  return z
    .custom<RawNumber>(isRawNumber, 'must be a raw JSON number')
    .meta({ type: 'number', format: 'decimal', description, examples: [example] })
}

/** An instant in ISO 8601 UTC with microseconds. */
export function instantText(description: string, example = '2026-01-31T12:00:00.123456Z') {
  return z.string().meta({ format: 'date-time', description, examples: [example] })
}

/** A UUIDv7 in lower case. */
export function idText(description: string, example: string = DEMO.walletId) {
  return z.string().meta({ format: 'uuid', description, examples: [example] })
}

/** Metadata in an answer. */
export const metadataSchema = z.record(z.string(), z.unknown()).meta({
  description: 'What the caller stored with it; numbers keep the digits that were sent',
  examples: [{ campaign: 'spring' }],
})

/** A wallet as callers see it (API.md §2). */
export const walletSchema = z
  .object({
    wallet_id: idText('The wallet'),
    user_id: z.string().meta({ description: 'Its owner', examples: [DEMO.userId] }),
    organization_id: z
      .string()
      .nullable()
      .meta({ description: 'The organization it belongs to', examples: ['acme'] }),
    balance: decimalText('Everything in it, holds included'),
    locked_balance: decimalText('What open holds reserve', '100'),
    available_balance: decimalText('What can be spent now: `balance - locked_balance`', '900.5'),
    currency: z.string().meta({ description: 'Its one currency', examples: ['CREDIT'] }),
    wallet_type: z.enum(WALLET_TYPES).meta({ description: 'What it holds', examples: ['fiat'] }),
    status: z.enum(WALLET_STATUSES).meta({ description: 'Whether money may move', examples: ['active'] }),
    last_updated: instantText('When it last changed'),
    created_at: instantText('When it was opened', '2026-01-01T08:00:00.000001Z'),
    blockchain_address: z
      .string()
      .nullable()
      .meta({ description: 'Its address on the chain', examples: [null] }),
    blockchain_network: z
      .enum(BLOCKCHAIN_NETWORKS)
      .nullable()
      .meta({ description: 'Its chain', examples: [null] }),
    on_chain_balance: z
      .string()
      .nullable()
      .meta({ format: 'decimal', description: 'What the chain says it holds, as a decimal string', examples: [null] }),
    sync_status: z
      .enum(SYNC_STATUSES)
      .nullable()
      .meta({ description: 'How fresh `on_chain_balance` is', examples: [null] }),
    metadata: metadataSchema,
  })
  .meta({ id: 'Wallet', description: 'A wallet: one owner, one currency, one balance' })

/** `presentWallet`'s result. */
export type WalletBody = z.infer<typeof walletSchema>

const chainShape = {
  blockchain_tx_hash: z
    .string()
    .nullable()
    .meta({ description: 'Hash of the transaction on the chain', examples: [null] }),
  blockchain_network: z
    .enum(BLOCKCHAIN_NETWORKS)
    .nullable()
    .meta({ description: 'The chain', examples: [null] }),
  blockchain_status: z.string().meta({ description: '`none` when no chain is involved', examples: ['none'] }),
  blockchain_confirmations: z.int().meta({ description: 'Blocks on top of it', examples: [0] }),
  gas_fee: z
    .string()
    .nullable()
    .meta({ format: 'decimal', description: 'What the chain charged, as a decimal string', examples: [null] }),
}

/** A row of the ledger as callers see it (API.md §2). Rows never change. */
export const transactionSchema = z
  .object({
    transaction_id: idText('The transaction', DEMO.transactionId),
    wallet_id: idText('The wallet whose balance it moved'),
    user_id: z.string().meta({ description: "The wallet's owner", examples: [DEMO.userId] }),
    transaction_type: z.enum(TRANSACTION_TYPES).meta({ description: 'What it was', examples: ['consume'] }),
    amount: decimalText('What it moved; always greater than 0', '10'),
    balance_before: decimalText("The wallet's balance before it", '100'),
    balance_after: decimalText("The wallet's balance after it", '90'),
    fee: decimalText("For a transfer's outgoing leg: the fee that the next row takes", '0'),
    currency: z.string().meta({ description: "The wallet's currency", examples: ['CREDIT'] }),
    description: z.string().meta({ description: 'For people', examples: ['Consumed: 10'] }),
    reference_id: z
      .string()
      .nullable()
      .meta({ description: "The caller's reference", examples: ['invoice-7'] }),
    usage_record_id: z
      .string()
      .nullable()
      .meta({ description: 'The usage record it pays for', examples: ['812'] }),
    from_wallet_id: z
      .string()
      .nullable()
      .meta({ format: 'uuid', description: 'For a transfer: its source', examples: [DEMO.walletId] }),
    to_wallet_id: z
      .string()
      .nullable()
      .meta({ format: 'uuid', description: 'For a transfer: its target', examples: [DEMO.otherWalletId] }),
    ...chainShape,
    metadata: metadataSchema,
    sequence: z.int().meta({ description: '1, 2, 3 ... within the wallet, without gaps', examples: [17] }),
    created_at: instantText('When it was written'),
    updated_at: instantText('The same: rows never change'),
  })
  .meta({ id: 'Transaction', description: 'One immutable movement of money in or out of one wallet' })

/** `presentTransaction`'s result. */
export type TransactionBody = z.infer<typeof transactionSchema>
