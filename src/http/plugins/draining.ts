// While the process stops, every answer says that its connection ends with it: a caller who kept it would send the next request
// just as the server closes it, and could not know what became of it.
import type { FastifyInstance } from 'fastify'

/** Ends connections with their next answer once the process is on its way out. */
export function useDraining(app: FastifyInstance, health: { readonly isDraining: boolean }): void {
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (health.isDraining) reply.header('connection', 'close')
    done()
  })
}
