// CONSUL_ENABLED=on: no start without an agent that can be used. In a file of its own, for it waits for the ten seconds.
import { expect, test } from 'vitest'
import { ConsulProxy } from '../support/consul.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { startService } from '../support/service.ts'

test('on: without an agent, or without the right to register, the service ends with a sentence', async () => {
  const database = await createTestDatabase()
  // Answers who the leader is, and refuses the rest.
  const denying = new ConsulProxy({ url: 'http://127.0.0.1:1' })
  denying.fate = ({ url }) => (url === '/v1/status/leader' ? 200 : 403)
  await denying.start()
  const refusal = async (url: string): Promise<string> => {
    const starting = startService({ DATABASE_URL: database.url, CONSUL_ENABLED: 'on', CONSUL_HTTP_ADDR: url })
    const service = await starting.catch((error: unknown) => String(error))
    if (typeof service === 'string') return service
    // The second one listens before it may register.
    const sentence = (): string | undefined => service.log.find((line) => line.startsWith('CONSUL_ENABLED'))
    await expect.poll(sentence, { timeout: 30_000 }).toBeDefined()
    return `${await service.stop()}: ${sentence()}`
  }
  try {
    const [missing, denied] = await Promise.all([refusal('http://127.0.0.1:1'), refusal(denying.url)])
    const sentence = 'CONSUL_ENABLED is on, and there is no Consul agent at CONSUL_HTTP_ADDR that can be used'
    expect(missing).toContain('exit code 1')
    expect(missing).toContain(`${sentence}: connect ECONNREFUSED 127.0.0.1:1`)
    expect(denied).toMatch(new RegExp(`^1: ${sentence}: .* was answered with 403`))
  } finally {
    await denying.stop()
    await database.drop()
  }
})
