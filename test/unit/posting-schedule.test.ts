// What the next flush takes: in order, up to its size, and nothing that another flush holds.
import { expect, test } from 'vitest'
import type { Command } from '../../src/domain/command.ts'
import { PostingSchedule, type Scheduled, scopesOf } from '../../src/services/posting-schedule.ts'
import { aCreation, aTransfer, movement, walletId } from '../support/ledger-factories.ts'

const entryOf = (...commands: Command[]): Scheduled => ({ commands, scopes: scopesOf(commands) })
const on = (...wallets: number[]): Scheduled =>
  entryOf(...wallets.map((wallet) => movement('deposit', '1', { walletId: walletId(wallet) })))
const between = (from: number, to: number): Scheduled =>
  entryOf(aTransfer('1', { walletId: walletId(from), toWalletId: walletId(to) }))
const forUser = (userId: string): Scheduled => entryOf(aCreation(null, { userId }))

function scheduleOf(maxFlushSize = 100) {
  return new PostingSchedule<Scheduled>(maxFlushSize)
}

test('takes what waits, in order of arrival, several of one wallet too', () => {
  const schedule = scheduleOf()
  const entries = [on(1), on(1), on(2)]
  expect(entries.map((entry) => schedule.add(entry))).toEqual([true, false, true])
  expect(schedule.take()).toEqual(entries)
  expect(schedule.isEmpty).toBe(true)
  expect(schedule.take()).toEqual([])
})

test('takes up to its size, and one entry of any size', () => {
  const schedule = scheduleOf(3)
  const entries = [on(1, 1), on(2, 2), on(3, 3, 3, 3), on(4)]
  for (const entry of entries) schedule.add(entry)
  expect([schedule.take(), schedule.take(), schedule.take()]).toEqual([[entries[0]], [entries[1]], [entries[2]]])
  expect(schedule.take()).toEqual([entries[3]])
})

test('leaves what a flush holds until that has ended', () => {
  const schedule = scheduleOf()
  schedule.add(on(1))
  const first = schedule.take()
  const [same, other] = [on(1), on(2)]
  expect([schedule.add(same), schedule.add(other)]).toEqual([false, true])
  expect(schedule.take()).toEqual([other])
  expect(schedule.take()).toEqual([])
  schedule.release(first)
  expect(schedule.take()).toEqual([same])
})

test('holds both wallets of a transfer, and lets nobody overtake it', () => {
  const schedule = scheduleOf()
  schedule.add(on(1))
  const first = schedule.take()
  const [transfer, behind, free] = [between(1, 2), on(2), on(3)]
  for (const entry of [transfer, behind, free]) schedule.add(entry)
  const second = schedule.take()
  expect(second).toEqual([free])
  schedule.release(second)
  schedule.release(first)
  expect(schedule.take()).toEqual([transfer, behind])
  expect(schedule.add(on(2))).toBe(false)
})

test('holds users who are getting a wallet', () => {
  const schedule = scheduleOf()
  schedule.add(forUser('anna'))
  const first = schedule.take()
  expect([schedule.add(forUser('anna')), schedule.add(forUser('bert'))]).toEqual([false, true])
  schedule.release(first)
  expect(schedule.take()).toHaveLength(2)
})

test('an entry that names one wallet twice does not wait for itself', () => {
  const schedule = scheduleOf()
  const [twice, toItself] = [on(1, 1), between(2, 2)]
  expect([schedule.add(twice), schedule.add(toItself)]).toEqual([true, true])
  const taken = schedule.take()
  expect(taken).toEqual([twice, toItself])
  schedule.release(taken)
  expect(schedule.add(on(1))).toBe(true)
})
