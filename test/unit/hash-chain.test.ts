// The chain that makes history tamper-evident: every column of a row, and the row before it, go into its hash.
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { enter } from '../../src/domain/entry.ts'
import { chainHash, GENESIS_HASH } from '../../src/domain/hash-chain.ts'
import type { TransactionContent } from '../../src/domain/transaction.ts'
import { amount, aWallet, NOW, transactionId, UNRELATED, walletId } from '../support/ledger-factories.ts'

const ROW: TransactionContent = {
  transactionId: transactionId(1),
  walletId: walletId(1),
  userId: 'user-1',
  sequence: 2,
  transactionType: 'deposit',
  direction: 'in',
  amount: amount('10'),
  balanceBefore: 1n,
  balanceAfter: 10n ** 19n + 1n,
  lockedBalance: 0n,
  fee: 0n,
  currency: 'CREDIT',
  counterparty: 'external:deposit',
  description: 'Deposit: 10',
  referenceId: null,
  usageRecordId: null,
  ...UNRELATED,
  metadata: '{}',
  typeCount: 1,
  typeTotalIn: 10n ** 19n,
  typeTotalOut: 0n,
  totalIn: 10n ** 19n,
  idempotencyKey: null,
  requestHash: null,
  createdAt: NOW,
}

/** Another value for every column. A column that is added to a row does not compile until it stands here too. */
const OTHERS: { readonly [Column in keyof TransactionContent]: readonly TransactionContent[Column][] } = {
  transactionId: [transactionId(2)],
  walletId: [walletId(2)],
  userId: ['user-2', ''],
  sequence: [1, 3, 22],
  transactionType: ['reward'],
  direction: ['out'],
  amount: [amount('10.00000001'), amount('1')],
  balanceBefore: [0n, 2n],
  balanceAfter: [10n ** 19n],
  lockedBalance: [1n],
  fee: [1n],
  currency: ['CREDITS'],
  counterparty: ['external:deposits'],
  description: ['Deposit: 100', '', 'Deposit: 10\u0000', '\ud800'],
  referenceId: ['', 'null', 'r'],
  usageRecordId: ['', 'null', '1'],
  fromWalletId: [walletId(1)],
  toWalletId: [walletId(1)],
  counterpartSequence: [0, 1],
  originalTransactionId: [transactionId(1)],
  originalAmount: [0n, 1n],
  refundedTotal: [0n, 1n],
  blockchainTxHash: ['', '0x1'],
  blockchainNetwork: ['bsc'],
  blockchainStatus: ['', 'confirmed'],
  blockchainConfirmations: [1],
  gasFee: [0n, 1n],
  metadata: ['{ }', '{"a":1}'],
  typeCount: [2],
  typeTotalIn: [1n],
  typeTotalOut: [1n],
  totalIn: [1n],
  idempotencyKey: ['', 'key'],
  requestHash: [Buffer.alloc(0), Buffer.alloc(8)],
  createdAt: [NOW + 1n, NOW - 1n],
}

const hex = (previous: Buffer, row: TransactionContent): string => chainHash(previous, row).toString('hex')
const changed = Object.entries(OTHERS).flatMap(([column, values]) =>
  values.map((value): [string, TransactionContent] => [column, { ...ROW, [column]: value }]),
)

test('the sample has every column of a real row, in the same order', () => {
  const draft = { transactionId: transactionId(1), amount: amount('10'), createdAt: NOW, metadata: {} }
  const { row } = enter(aWallet(), {
    ...draft,
    transactionType: 'deposit',
    direction: 'in',
    counterparty: 'external:deposit',
    description: '',
    idempotency: null,
  })
  expect(Object.keys(row)).toEqual([...Object.keys(ROW), 'hash'])
  expect(Object.keys(OTHERS)).toEqual(Object.keys(ROW))
})

test.each(changed)('another %s is another hash', (_, row) => {
  expect(hex(GENESIS_HASH, row)).not.toBe(hex(GENESIS_HASH, ROW))
})

test('no two of all these changes share a hash', () => {
  const hashes = [ROW, ...changed.map(([, row]) => row)].map((row) => hex(GENESIS_HASH, row))
  expect(new Set(hashes).size).toBe(changed.length + 1)
})

test('a value that moves from one column to the next is another hash', () => {
  const left: TransactionContent = { ...ROW, referenceId: 'x', usageRecordId: null }
  const right: TransactionContent = { ...ROW, referenceId: null, usageRecordId: 'x' }
  expect(hex(GENESIS_HASH, left)).not.toBe(hex(GENESIS_HASH, right))
  const quoted: TransactionContent = { ...ROW, description: 'a","b', referenceId: null }
  const split: TransactionContent = { ...ROW, description: 'a', referenceId: 'b' }
  expect(hex(GENESIS_HASH, quoted)).not.toBe(hex(GENESIS_HASH, split))
})

describe('the chain', () => {
  test('begins with zeros and has 32 bytes a link', () => {
    expect(GENESIS_HASH.equals(Buffer.alloc(32))).toBe(true)
    expect(chainHash(GENESIS_HASH, ROW)).toHaveLength(32)
  })

  test('each hash depends on the one before', () => {
    const first = chainHash(GENESIS_HASH, ROW)
    expect(hex(first, ROW)).not.toBe(hex(GENESIS_HASH, ROW))
  })

  test('the layout of the first rows ever stays what it is, so that old rows can be verified', () => {
    // Written out here and not taken from the code: it must never change under this name.
    const text =
      `["wallet-transaction-1","${'0'.repeat(64)}","${transactionId(1)}","${walletId(1)}","user-1",2,"deposit","in",` +
      '"10000000000000000000","1","10000000000000000001","0","0","CREDIT","external:deposit","Deposit: 10",null,null,' +
      'null,null,null,null,null,null,null,null,"none",0,null,"{}",1,"10000000000000000000","0","10000000000000000000",' +
      'null,null,"1769860800000123"]'
    expect(hex(GENESIS_HASH, ROW)).toBe(createHash('sha256').update(text).digest('hex'))
  })
})
