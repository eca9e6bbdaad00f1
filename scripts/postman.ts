// Runs the Postman collection against a service: every request and assertion is newman's to report. Starts no service.
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

const COLLECTION = resolve(import.meta.dirname, '..', 'postman', 'wallet-service.postman_collection.json')
/** One request that hangs must not hang the run. */
const REQUEST_TIMEOUT_MS = 30_000

const HELP = `npm run postman [-- options]

Runs the Postman collection against a service that is running. Can be repeated on one database.

  --base-url URL   the service (BASE_URL, else http://localhost:8208)
  --folder NAME    only this folder, such as Health; may be given again. Wallets must come before those after it
  --bail           stop at the first failure
  --help

BASE_URL, TOKEN (sent as Authorization: Bearer) and API_KEY (sent as X-API-Key) are read from the environment.
USER_ID and OTHER_USER_ID name users whom the account service knows, where the service asks it; neither may have a CREDIT wallet.
Exit code: 0 when everything passed, 1 when something failed, 2 for an option that is not known.`

type Options = { baseUrl: string; folders: readonly string[]; bail: boolean }

function readOptions(): Options | null {
  const { values } = parseArgs({
    options: {
      'base-url': { type: 'string' },
      folder: { type: 'string', multiple: true, default: [] },
      bail: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return null
  const baseUrl = values['base-url'] ?? (variable('BASE_URL') || 'http://localhost:8208')
  return { baseUrl: baseUrl.replace(/\/+$/, ''), folders: values.folder, bail: values.bail }
}

function variable(name: string): string {
  return process.env[name] ?? ''
}

/** Whether everything passed. */
async function run({ baseUrl, folders, bail }: Options): Promise<boolean> {
  // Loaded only now: it takes a second.
  const { default: newman } = await import('newman')
  const environment = [
    { key: 'baseUrl', value: baseUrl },
    { key: 'token', value: variable('TOKEN') },
    { key: 'apiKey', value: variable('API_KEY') },
    { key: 'givenUserId', value: variable('USER_ID') },
    { key: 'givenOtherUserId', value: variable('OTHER_USER_ID') },
  ]
  const options = {
    collection: COLLECTION,
    envVar: environment,
    reporters: 'cli',
    timeoutRequest: REQUEST_TIMEOUT_MS,
    bail,
    ...(folders.length > 0 && { folder: [...folders] }),
  }
  return new Promise((done, fail) => {
    newman.run(options, (error, summary) => {
      // A folder that does not exist is an error without a summary; a failed run with `bail` has both.
      if (error !== null && summary === undefined) return fail(error)
      const { assertions } = summary.run.stats
      done(error === null && summary.run.failures.length === 0 && (assertions.total ?? 0) > 0)
    })
  })
}

try {
  const options = readOptions()
  if (options === null) console.log(HELP)
  else process.exitCode = (await run(options)) ? 0 : 1
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 2
}
