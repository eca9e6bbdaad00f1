// A wallet's day through the typed client: `npm run example`, against the service at BASE_URL (http://localhost:8208), with
// API_KEY where one is asked for. It uses users of its own on every run, so it can be run again on one database. A caller
// elsewhere imports from 'wallet-service/client'.
import { ConnectionError, isWalletServiceError, WalletClient } from '../src/sdk/index.ts'

const { BASE_URL: baseUrl = 'http://localhost:8208', API_KEY: apiKey } = process.env

async function showAll(client: WalletClient): Promise<void> {
  const run = crypto.randomUUID()
  const opened = await client.createWallet({ user_id: `ada-${run}`, initial_balance: '100' })
  const wallet = opened.wallet_id
  const other = (await client.createWallet({ user_id: `ben-${run}` })).wallet_id
  print('create', opened.message, opened.balance)

  // Amounts are strings, so that no digit is lost.
  const deposited = await client.deposit(wallet, { amount: '50.25', reference_id: 'invoice-7' })
  print('deposit', deposited.message, deposited.balance)

  const consumed = await client.consume(wallet, { amount: '12.00000001', usage_record_id: '812' })
  print('consume', consumed.message, consumed.data.remaining_balance)

  const withdrawn = await client.withdraw(wallet, { amount: '30', destination: 'bank:DE02120300000000202051' })
  print('withdraw', withdrawn.message, withdrawn.balance)

  const transferred = await client.transfer(wallet, { to_wallet_id: other, amount: '20', fee: '0.5' })
  print('transfer', transferred.message, transferred.balance)

  const refunded = await client.refund(consumed.data.transaction.transaction_id, { reason: 'Nothing was delivered' })
  print('refund', refunded.message, refunded.balance)

  // A key of the caller's own, such as the number of an order, makes two calls one operation.
  const key = { idempotencyKey: 'order-1042' }
  const first = await client.consume(wallet, { amount: '7.75' }, key)
  const again = await client.consume(wallet, { amount: '7.75' }, key)
  print('same key', first.transaction_id === again.transaction_id ? 'One operation' : 'Two operations', again.balance)

  const dry = await client.consume(wallet, { amount: '80' }, { dryRun: true })
  print('dry run', `Would have ${dry.message.toLowerCase()}`, dry.balance)

  try {
    await client.consume(wallet, { amount: '1000' })
  } catch (error) {
    if (!isWalletServiceError(error, 'insufficient_balance')) throw error
    print('refused', error.code, `${error.context.shortfall} too little`)
  }

  console.log('\nhistory')
  for await (const { sequence, transaction_type: type, amount, balance_after: after } of client.transactionsOfWallet(
    wallet,
    { limit: 5 },
  )) {
    console.log(`  ${String(sequence).padStart(2)}  ${type.padEnd(9)} ${amount.padStart(12)}  balance ${after}`)
  }

  const figures = await client.getWalletStatistics(wallet)
  console.log('\nstatistics')
  console.log(
    `  deposits ${figures.total_deposits}, consumed ${figures.total_consumed}, refunded ${figures.total_refunded}`,
  )
  console.log(
    `  withdrawals ${figures.total_withdrawals}, transfers out ${figures.total_transfers_out}, fees ${figures.total_fees}`,
  )

  const { operations, requests, retries, replays, errors, latencyMs } = client.metrics()
  console.log('\nmetrics of the client')
  console.log(`  operations ${operations}, requests ${requests}, retries ${retries}, replays ${replays}`)
  console.log(`  errors ${JSON.stringify(errors)}`)
  console.log(`  p50 ${latencyMs.p50.toFixed(1)} ms, p99 ${latencyMs.p99.toFixed(1)} ms`)
}

function print(step: string, message: string, balance: string | null): void {
  console.log(`${step.padEnd(9)} ${message.padEnd(36)} ${balance ?? ''}`)
}

const client = new WalletClient({ baseUrl, maxAttempts: 3, ...(apiKey !== undefined && { apiKey }) })
try {
  await showAll(client)
} catch (error) {
  if (!(error instanceof ConnectionError)) throw error
  console.error(
    `There is no wallet service at ${baseUrl}: start one with "npm start", or set BASE_URL.\n${error.message}`,
  )
  process.exitCode = 1
} finally {
  await client.close()
}
