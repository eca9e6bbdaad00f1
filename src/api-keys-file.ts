// The file that says which services may call and with which keys: reading it, every fault of it, and reading it again. What
// a key is, and whose, is services/api-keys.ts's.
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { ConfigError } from './config.ts'
import { SCOPES, widestScope } from './domain/caller.ts'
import { ApiKeys, type KeyedService } from './services/api-keys.ts'

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/
const DIGEST = /^sha256:[0-9a-f]{64}$/
/** One in use, and one that is about to take its place. */
const MAX_KEYS = 2

const serviceSchema = z.strictObject({
  name: z.string().regex(NAME, 'must be 1 to 64 of a-z, 0-9, ".", "_", "-", beginning with a letter or a digit'),
  scopes: z.array(z.enum(SCOPES)).min(1),
  keys: z
    .array(z.string().regex(DIGEST, 'must be sha256: and 64 hexadecimal digits, as `npm run api-key` prints it'))
    .min(1)
    .max(MAX_KEYS),
})
const fileSchema = z.strictObject({ services: z.array(serviceSchema) }).check(({ value: { services }, issues }) => {
  const refuse = (what: string, values: readonly string[]): void => {
    if (new Set(values).size === values.length) return
    issues.push({ code: 'custom', input: services, path: ['services'], message: `two have the same ${what}` })
  }
  refuse(
    'name',
    services.map(({ name }) => name),
  )
  refuse(
    'key',
    services.flatMap(({ keys }) => keys),
  )
})

/** The services of a file's text. Throws `ConfigError` with every fault; `path` is for its message only. */
export function parseApiKeys(text: string, path: string): readonly KeyedService[] {
  const parsed = fileSchema.safeParse(jsonOf(text, path))
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `  ${issue.path.join('.') || 'the whole'}: ${issue.message}`)
    throw new ConfigError([`AUTH_API_KEYS_FILE (${path}) cannot be used:`, ...faults].join('\n'))
  }
  return parsed.data.services.flatMap(({ name, scopes, keys }) => {
    const scope = widestScope(scopes)
    return scope === null ? [] : [{ name, scope, digests: keys.map((key) => Buffer.from(key.slice(7), 'hex')) }]
  })
}

function jsonOf(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message would show a part of the file.
    throw new ConfigError(
      `AUTH_API_KEYS_FILE (${path}) is not JSON: \`npm run api-key -- --help\` shows what it must be.`,
    )
  }
}

/** A file of keys, and the keys as it last was fit to be read. */
export class ApiKeysFile {
  readonly keys: ApiKeys
  readonly #path: string
  #text: string

  private constructor(path: string, text: string) {
    this.#path = path
    this.#text = text
    this.keys = new ApiKeys(parseApiKeys(text, path))
  }

  /** Reads a file. Throws `ConfigError`. */
  static async open(path: string): Promise<ApiKeysFile> {
    return new ApiKeysFile(path, await textOf(path))
  }

  /**
   * Reads it again; true when it has changed. Compared is the text, because times of change do not tell of a change within
   * the same tick, nor of a link that points elsewhere. Throws `ConfigError`, and then the keys stay as they were.
   */
  async reload(): Promise<boolean> {
    const text = await textOf(this.#path)
    if (text === this.#text) return false
    this.keys.replace(parseApiKeys(text, this.#path))
    this.#text = text
    return true
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new ConfigError(
      `AUTH_API_KEYS_FILE (${path}) cannot be read (${code}): it must be a file that this user may read.`,
    )
  }
}
