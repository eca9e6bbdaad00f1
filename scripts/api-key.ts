// Makes an API key for a service: prints the key, which is kept nowhere, and what belongs into the file of keys.
import { parseArgs } from 'node:util'
import { parseApiKeys } from '../src/api-keys-file.ts'
import { SCOPES } from '../src/domain/caller.ts'
import { apiKeyDigest, newApiKey } from '../src/services/api-keys.ts'

const HELP = `npm run api-key -- NAME [--scope SCOPE ...]

  NAME           the service that is to have the key: 1 to 64 of a-z, 0-9, ".", "_", "-"
  --scope SCOPE  what it may do, each with those before it: ${SCOPES.join(', ')} (wallet:write)
  --help         this page

Prints the key once; give it to the service, which sends it as X-API-Key. The file that AUTH_API_KEYS_FILE names keeps only
its digest:

  { "services": [ { "name": "billing", "scopes": ["wallet:write"], "keys": ["sha256:..."] } ] }

A running service takes up a change of the file within seconds. To replace a key: add the new digest beside the old one (a
service may have two), give the service its new key, take the old digest out.`

interface Answer {
  readonly text: string
  readonly code: number
}

function answer(words: readonly string[]): Answer {
  const { values, positionals } = parseArgs({
    args: [...words],
    options: {
      scope: { type: 'string', multiple: true, default: ['wallet:write'] },
      help: { type: 'boolean', short: 'h', default: false },
    },
    allowPositionals: true,
  })
  if (values.help) return { text: HELP, code: 0 }
  const [name, ...others] = positionals
  if (name === undefined || others.length > 0) return { text: `Name one service.\n\n${HELP}`, code: 2 }
  const key = newApiKey()
  const service = { name, scopes: values.scope, keys: [`sha256:${apiKeyDigest(key).toString('hex')}`] }
  // What the service would refuse at its start is refused here.
  parseApiKeys(JSON.stringify({ services: [service] }), 'this one')
  const lines = [`key, shown only now:  ${key}`, `entry of the file:    ${JSON.stringify(service)}`]
  return { text: lines.join('\n'), code: 0 }
}

try {
  const { text, code } = answer(process.argv.slice(2))
  if (code === 0) console.log(text)
  else console.error(text)
  process.exitCode = code
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}
