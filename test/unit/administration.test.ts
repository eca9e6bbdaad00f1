// A wallet's life cycle and particulars: who may be frozen, unfrozen, closed or updated, and what becomes of its metadata.
import { describe, expect, test } from 'vitest'
import { decide } from '../../src/domain/ledger.ts'
import type { WalletDetails } from '../../src/domain/ledger-state.ts'
import { type JsonObject, parseExactJson } from '../../src/domain/json.ts'
import { MAX_METADATA_BYTES, type WalletState } from '../../src/domain/wallet.ts'
import { anUpdate, aStatusChange, aWallet, ledgerOf, NOW, summary, walletId } from '../support/ledger-factories.ts'

const DETAILS: WalletDetails = {
  walletId: walletId(1),
  status: 'active',
  statusReason: null,
  blockchainAddress: '0xabc',
  blockchainNetwork: 'polygon',
  metadata: '{"a":{"b":1,"c":2},"list":[1,2],"exact":12345678901234567890.5}',
}

const stateOf = (wallet: WalletState, details: Partial<WalletDetails> = {}) =>
  ledgerOf([wallet], {
    details: new Map([[wallet.walletId, { ...DETAILS, status: wallet.status, ...details }]]),
  })

describe('the life cycle', () => {
  const closed = `wallet_closed, wallet_id ${walletId(1)}`
  const notEmpty = (balance: string, locked: string) =>
    `wallet_not_empty, wallet_id ${walletId(1)}, balance ${balance}, locked_balance ${locked}, currency CREDIT`

  test.each`
    status      | balance         | locked | act           | outcome
    ${'active'} | ${'0'}          | ${'0'} | ${'freeze'}   | ${'changed to frozen'}
    ${'active'} | ${'5'}          | ${'5'} | ${'freeze'}   | ${'changed to frozen'}
    ${'frozen'} | ${'0'}          | ${'0'} | ${'freeze'}   | ${'changed to frozen'}
    ${'closed'} | ${'0'}          | ${'0'} | ${'freeze'}   | ${closed}
    ${'active'} | ${'0'}          | ${'0'} | ${'unfreeze'} | ${'changed to active'}
    ${'frozen'} | ${'5'}          | ${'0'} | ${'unfreeze'} | ${'changed to active'}
    ${'closed'} | ${'0'}          | ${'0'} | ${'unfreeze'} | ${closed}
    ${'active'} | ${'0'}          | ${'0'} | ${'close'}    | ${'changed to closed'}
    ${'active'} | ${'0.00000001'} | ${'0'} | ${'close'}    | ${notEmpty('0.00000001', '0')}
    ${'active'} | ${'5'}          | ${'5'} | ${'close'}    | ${notEmpty('5', '5')}
    ${'frozen'} | ${'0'}          | ${'0'} | ${'close'}    | ${`wallet_frozen, wallet_id ${walletId(1)}`}
    ${'frozen'} | ${'5'}          | ${'0'} | ${'close'}    | ${`wallet_frozen, wallet_id ${walletId(1)}`}
    ${'closed'} | ${'0'}          | ${'0'} | ${'close'}    | ${closed}
  `('$act of a wallet that is $status with $balance, $locked locked: $outcome', (row) => {
    const wallet = aWallet({ balance: row.balance, locked: row.locked, status: row.status })
    expect(summary(decide(stateOf(wallet), aStatusChange(row.act)))).toEqual([row.outcome])
  })

  test.each(['freeze', 'unfreeze', 'close'] as const)('%s of a wallet that does not exist', (act) => {
    expect(summary(decide(ledgerOf([]), aStatusChange(act)))).toEqual([`wallet_not_found, wallet_id ${walletId(1)}`])
  })

  test.each(['freeze', 'unfreeze', 'close'] as const)('%s keeps the reason and everything else', (act) => {
    const wallet = aWallet({ sequence: 3 })
    const status = { freeze: 'frozen', unfreeze: 'active', close: 'closed' }[act]
    expect(decide(stateOf(wallet), aStatusChange(act, 'audit'))).toEqual({
      kind: 'changed',
      wallet: { ...wallet, status, updatedAt: NOW },
      details: { ...DETAILS, status, statusReason: 'audit' },
    })
  })

  test('the time of the last change does not run backwards', () => {
    const later = NOW + 9n
    expect(decide(stateOf(aWallet({ updatedAt: later })), aStatusChange('freeze'))).toMatchObject({
      wallet: { updatedAt: later },
    })
  })
})

describe('particulars', () => {
  const detailsAfter = (changes: Parameters<typeof anUpdate>[0], details: Partial<WalletDetails> = {}) => {
    const outcome = decide(stateOf(aWallet(), details), anUpdate(changes))
    if (outcome.kind !== 'changed') throw new Error(summary(outcome).join())
    return outcome.details
  }

  test.each([
    [{}, {}],
    [{ blockchainAddress: '0xdef' }, { blockchainAddress: '0xdef' }],
    [{ blockchainAddress: null }, { blockchainAddress: null }],
    [{ blockchainNetwork: 'bsc' }, { blockchainNetwork: 'bsc' }],
    [{ blockchainNetwork: null }, { blockchainNetwork: null }],
    [{ metadata: {} }, {}],
  ] as const)('%j changes %j and leaves the rest', (changes, changed) => {
    expect(detailsAfter(changes)).toEqual({ ...DETAILS, ...changed })
  })

  test.each`
    status      | outcome
    ${'active'} | ${'changed to active'}
    ${'frozen'} | ${'changed to frozen'}
    ${'closed'} | ${`wallet_closed, wallet_id ${walletId(1)}`}
  `('of a wallet that is $status: $outcome', ({ status, outcome }) => {
    expect(summary(decide(stateOf(aWallet({ status })), anUpdate({ blockchainAddress: '0x' })))).toEqual([outcome])
  })

  test('of a wallet that does not exist', () => {
    expect(summary(decide(ledgerOf([]), anUpdate({})))).toEqual([`wallet_not_found, wallet_id ${walletId(1)}`])
  })

  // The examples of RFC 7396, appendix A, as far as both sides are objects.
  test.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
    ['{"a":1}', '{"a":{"b":2}}', '{"a":{"b":2}}'],
    ['{"a":{"b":2}}', '{"a":[{"c":null}]}', '{"a":[{"c":null}]}'],
    [
      '{"n":12345678901234567890}',
      '{"m":1.0000000000000000001}',
      '{"n":12345678901234567890,"m":1.0000000000000000001}',
    ],
    ['{"n":1}', '{"n":12345678901234567890.123}', '{"n":12345678901234567890.123}'],
    ['{"n":12345678901234567890}', '{"n":{"a":1}}', '{"n":{"a":1}}'],
    ['{"constructor":1}', '{"toString":2}', '{"constructor":1,"toString":2}'],
  ])('%s patched with %s is %s', (current, patch, merged) => {
    const metadata = parseExactJson(patch) as JsonObject
    expect(detailsAfter({ metadata }, { metadata: current }).metadata).toBe(merged)
  })

  test('metadata may grow to its bound in bytes and not beyond', () => {
    const current = `{"a":"${'é'.repeat(2000)}"}`
    const rest = MAX_METADATA_BYTES - Buffer.byteLength(current) - Buffer.byteLength(',"b":""')
    const merged = detailsAfter({ metadata: { b: 'x'.repeat(rest) } }, { metadata: current }).metadata
    expect(Buffer.byteLength(merged)).toBe(MAX_METADATA_BYTES)
    const tooMuch = anUpdate({ metadata: { b: 'x'.repeat(rest + 1) } })
    expect(summary(decide(stateOf(aWallet(), { metadata: current }), tooMuch))).toEqual([
      'validation_failed, body.metadata too_big',
    ])
    const replaced = anUpdate({ metadata: { a: null, b: 'x'.repeat(rest + 1) } })
    expect(decide(stateOf(aWallet(), { metadata: current }), replaced).kind).toBe('changed')
  })
})
