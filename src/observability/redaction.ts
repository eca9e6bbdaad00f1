// What must never be in a log, taken out in two ways: whole values by the name that they go by, however deep they stand, and what
// looks like a secret inside of any text. Knows nothing of loggers.

const CENSORED = '[redacted]'
/** Deeper than anything that is logged on purpose; what stands there is left out. */
const MAX_DEPTH = 8

/** Compared without case, `-` and `_`. */
const SECRET_NAMES = new Set([
  'authorization',
  'proxyauthorization',
  'cookie',
  'setcookie',
  'xapikey',
  'apikey',
  'xinternalservicesecret',
  'internalservicesecret',
  'internalsecret',
  'xconsultoken',
  'password',
  'passwd',
  'secret',
  'clientsecret',
  'token',
  'accesstoken',
  'refreshtoken',
  'jwt',
  'connectionstring',
  'databaseurl',
])

/** In characters. What is longer was not written to be read, and the censor would hold up everything else for it. */
const TEXT_MAX = 8192
/** Where no secret goes on: neither white space nor quotes stand in one. */
const BREAK = /[\s"']/

// Each of these reads a text of any kind in about as many steps as it has characters, or in a bounded multiple of that: none
// begins with what may repeat.
/** In a URL: from the colon after the user to the last `@` of the word. Passwords that clouds make have up to 2000 characters. */
const URL_PASSWORD = /(:\/\/[^\s:/@"']*:)[^\s"']{0,2048}@/g
const NAMED_VALUE =
  /((?:password|passwd|secret|token|api[_-]?key|authorization)["']?\s*[=:]\s*["']?)(?!\[redacted\]|\*\*\*|null\b)[^\s"'&,;}\\]+/gi
const CREDENTIALS = /\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi
/** As services/api-keys.ts makes them: 256 bits in base64url. */
const SERVICE_KEY = /wallet_[\w-]{43,}/g
/** Signed or encrypted: three parts or five, of which the first is a JSON object. */
const TOKEN = /eyJ[\w-]{8,1024}(?:\.[\w-]*){2,4}/g

/** A text without what looks like a secret in it, and without its end where it is longer than 8 KiB. */
export function censorText(text: string): string {
  const end = endOf(text)
  const censored = text
    .slice(0, end)
    .replace(URL_PASSWORD, '$1***@')
    .replace(CREDENTIALS, `$1 ${CENSORED}`)
    .replace(NAMED_VALUE, `$1${CENSORED}`)
    .replace(SERVICE_KEY, CENSORED)
    .replace(TOKEN, CENSORED)
  return end === text.length ? censored : `${censored}[${text.length - end} more characters]`
}

/** Where to cut a text: not within a word, half of which may be half of a secret that nobody would know for one. */
function endOf(text: string): number {
  if (text.length <= TEXT_MAX) return text.length
  let end = TEXT_MAX
  while (end > 0 && !BREAK.test(text.charAt(end - 1))) end -= 1
  return end
}

/** The fields of a line, errors and their causes written out, without what is a secret by its name or its look. */
export function censorFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return censorMembers(Object.entries(fields), 0, new Set())
}

function censorMembers(
  members: readonly (readonly [string, unknown])[],
  depth: number,
  above: ReadonlySet<object>,
): Record<string, unknown> {
  return Object.fromEntries(
    members.map(([name, value]) => [name, isSecret(name, value) ? CENSORED : censorValue(value, depth, above)]),
  )
}

/** Whether something is set is no secret. */
function isSecret(name: string, value: unknown): boolean {
  if (value === null || value === undefined || value === 'set' || typeof value === 'boolean') return false
  return SECRET_NAMES.has(name.toLowerCase().replaceAll(/[-_]/g, ''))
}

function censorValue(value: unknown, depth: number, above: ReadonlySet<object>): unknown {
  if (typeof value === 'string') return censorText(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  if (above.has(value)) return '[circular]'
  if (depth >= MAX_DEPTH) return '[deeper]'
  const here = new Set(above).add(value)
  if (value instanceof Error) return censorMembers(membersOf(value), depth + 1, here)
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map((element) => censorValue(element, depth + 1, here))
  if (value instanceof Map)
    return censorMembers(
      [...value].map(([key, each]) => [String(key), each]),
      depth + 1,
      here,
    )
  return censorMembers(Object.entries(value), depth + 1, here)
}

/** What an error says, in an order to read it in: `message`, `stack` and `cause` are not enumerable. */
function membersOf(error: Error): (readonly [string, unknown])[] {
  const { name, message, stack, cause, ...rest } = error
  return [
    ['type', error.constructor.name],
    ['message', message],
    ['stack', stack],
    ...(error instanceof AggregateError ? [['errors', error.errors] as const] : []),
    ...Object.entries(rest),
    ...(cause === undefined ? [] : [['cause', cause] as const]),
    ...(name === error.constructor.name ? [] : [['name', name] as const]),
  ]
}
