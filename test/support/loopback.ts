// Servers of tests, on a free port of the loopback address.
import { once } from 'node:events'
import type { Server } from 'node:net'

/** Makes a server listen; gives its port. */
export async function listenOnLoopback(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  return address.port
}
