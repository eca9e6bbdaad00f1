// Asks the database whether it answers, within a bound, and gives up a connection that does not: left in the pool, it would
// fail whoever is next.
import type pg from 'pg'

/** Resolves when the database answers. Throws the driver's error, or one of ours after `timeoutMs`. */
export async function pingDatabase(pool: pg.Pool, timeoutMs: number): Promise<void> {
  const deadline = Promise.withResolvers<never>()
  const timer = setTimeout(() => deadline.reject(new Error(`No answer within ${timeoutMs} ms`)), timeoutMs)
  const connecting = pool.connect()
  try {
    await ask(await giveBackWhenLate(connecting, deadline.promise), deadline.promise)
  } finally {
    clearTimeout(timer)
  }
}

async function giveBackWhenLate(connecting: Promise<pg.PoolClient>, deadline: Promise<never>): Promise<pg.PoolClient> {
  try {
    return await Promise.race([connecting, deadline])
  } catch (error) {
    connecting.then(
      (client) => client.release(),
      () => undefined,
    )
    throw error
  }
}

async function ask(client: pg.PoolClient, deadline: Promise<never>): Promise<void> {
  try {
    await Promise.race([client.query('SELECT 1'), deadline])
    client.release()
  } catch (error) {
    client.release(true)
    throw error
  }
}
