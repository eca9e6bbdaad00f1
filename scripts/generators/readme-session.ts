// The README's sessions: their commands are run one after the other against a fresh service, and what they print stands below
// them. So the README cannot show an answer that the service does not give.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { parseConfig } from '../../src/config.ts'
import { createContainer } from '../../src/container.ts'
import { createLogger } from '../../src/observability/logger.ts'
import { withSettings } from './readme-settings.ts'
import { withThrowawayDatabase } from './throwaway-database.ts'

const run = promisify(execFile)

const README = new URL('../../README.md', import.meta.url)
const SESSION = /```console\n([\s\S]*?)```/g
/** Where the README's reader finds the service; here it is elsewhere. */
const SERVER = 'localhost:8208'
/** Without the neighbours that this machine may have. */
const ALONE = { PORT: '0', CONSUL_ENABLED: 'off', VALIDATE_USERS: 'off' }
const STEP_ENDS = '--- the step ends ---'
const UUIDV7 = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g
const TIMESTAMP = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z/g

/** The README as it should be: its table of settings, and its sessions as they run now. Needs `bash` and `curl`. */
export async function renderReadme(): Promise<string> {
  return withSessions(withSettings(await readFile(README, 'utf8')))
}

/** Unchanged when only ids and times differ. */
async function withSessions(readme: string): Promise<string> {
  const shown = [...readme.matchAll(SESSION)].map(([, session = '']) => session)
  const commands = shown.map((session) =>
    session.split('\n').flatMap((line) => (line.startsWith('$ ') ? [line.slice(2)] : [])),
  )
  const steps = await withDemoService((server) => runSession(commands.flat(), server))
  const actual = commands.map((ofSession) => steps.splice(0, ofSession.length).join(''))
  if (settled(actual.join()) === settled(shown.join())) return readme
  return readme.replace(SESSION, () => `\`\`\`console\n${actual.shift() ?? ''}\`\`\``)
}

function withDemoService<Result>(work: (server: string) => Promise<Result>): Promise<Result> {
  return withThrowawayDatabase(async (databaseUrl) => {
    const version = 'readme'
    const logger = createLogger({ level: 'silent', version })
    const container = await createContainer({ config: parseConfig(ALONE), databaseUrl, logger, version })
    try {
      await container.start()
      await container.writeDemoData()
      const url = new URL(await container.app.listen({ host: '127.0.0.1', port: 0 }))
      return await work(url.host)
    } finally {
      await container.stop()
    }
  })
}

/** Runs the commands in one shell, since later ones use the variables of earlier ones. Each with what it prints. */
async function runSession(commands: readonly string[], server: string): Promise<string[]> {
  const script = commands.map((command) => `${command.replaceAll(SERVER, server)}\necho; echo '${STEP_ENDS}'`)
  const { stdout } = await run('bash', ['-c', script.join('\n')])
  const outputs = stdout.replaceAll('\r', '').split(STEP_ENDS)
  const step = (command: string, index: number): string => {
    const output = outputs[index]?.trim() ?? ''
    return output === '' ? `$ ${command}\n` : `$ ${command}\n${output}\n`
  }
  return commands.map(step)
}

/** What differs from run to run made equal, so that the rest can be compared. */
function settled(session: string): string {
  return session.replaceAll(UUIDV7, '<id>').replaceAll(TIMESTAMP, '<time>')
}
