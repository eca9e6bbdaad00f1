// The generated half of the client against openapi.yaml: no operation is forgotten, and what may be repeated has a key.
import { expect, test } from 'vitest'
import { WalletClient } from '../../src/sdk/client.ts'
import { OPERATIONS } from '../../src/sdk/operations.ts'
import { operationIds, specification } from '../support/openapi.ts'

test('every operation is a method of the client', async () => {
  const client = new WalletClient({ baseUrl: 'http://127.0.0.1:1' })
  expect(Object.keys(OPERATIONS).toSorted()).toEqual(operationIds().toSorted())
  for (const name of operationIds()) expect(Reflect.get(client, name), name).toBeInstanceOf(Function)
  await client.close()
})

test('what honours an Idempotency-Key is sent with one', () => {
  const documented = Object.values(specification.paths).flatMap((operations) =>
    Object.values(operations)
      .filter(({ parameters = [] }) => parameters.some(({ name }) => name === 'idempotency-key'))
      .map(({ operationId }) => operationId),
  )
  const keyed = Object.values(OPERATIONS).filter(({ keyed: isKeyed }) => isKeyed)
  expect(keyed.map(({ name }) => name).toSorted()).toEqual(documented.toSorted())
  // Changing twice is changing once for these: they set a state, or the second time is refused.
  const unkeyed = Object.values(OPERATIONS).filter(({ changes, keyed: isKeyed }) => changes && !isKeyed)
  expect(unkeyed.map(({ name }) => name).toSorted()).toEqual([
    // Its operations have keys of their own.
    'batch',
    'closeWallet',
    'freezeWallet',
    'getCreditsBalance',
    'unfreezeWallet',
    'updateWallet',
  ])
})
