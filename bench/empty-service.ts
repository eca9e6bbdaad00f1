// The ceiling of HTTP on a machine: a bare Fastify whose one route answers a constant. Started by `npm run bench` as a process
// of its own; it knows nothing of wallets.
import Fastify from 'fastify'

const app = Fastify()
app.get('/', async () => ({ success: true }))
await app.listen({ host: '127.0.0.1', port: 0 })

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void app.close())
const address = app.server.address()
console.log(JSON.stringify({ msg: 'listening', port: typeof address === 'object' && address?.port }))
