// Renders the Postman collection from openapi.yaml and the table of steps in postman-flow-*.ts. It refuses to leave out an
// operation of the specification, or to ask for an answer that the specification does not have. The same text every time.
import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { z } from 'zod'
import { BATCHES } from './postman-flow-batches.ts'
import { CLEAN_UP, HEALTH, LEGACY } from './postman-flow-edges.ts'
import { HOLDS } from './postman-flow-holds.ts'
import { HISTORY, STATISTICS } from './postman-flow-reports.ts'
import { TRANSACTIONS } from './postman-flow-transactions.ts'
import { WALLETS } from './postman-flow-wallets.ts'
import { definitionsOf, draft7Of, type Json } from './postman-schemas.ts'
import { CREDENTIALS, preparationOf, testOf } from './postman-scripts.ts'
import type { Folder, Step } from './postman-steps.ts'

const SPECIFICATION = new URL('../../openapi.yaml', import.meta.url)
const FORMAT = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json'
const PROBLEM = 'application/problem+json'
const BASE_URL = 'http://localhost:8208'

const FOLDERS: readonly Folder[] = [
  HEALTH,
  WALLETS,
  TRANSACTIONS,
  HOLDS,
  HISTORY,
  STATISTICS,
  BATCHES,
  LEGACY,
  CLEAN_UP,
]

/** What a path parameter is when a step does not say. */
const USUAL_PARAMETERS: Readonly<Record<string, string>> = {
  wallet_id: '{{walletA}}',
  user_id: '{{userId}}',
  organization_id: '{{organizationId}}',
  transaction_id: '{{consumeId}}',
  hold_id: '{{holdId}}',
}

const SPEC_JSON: z.ZodType<Json> = z.json()
const Responses = z.record(
  z.string(),
  z.looseObject({ content: z.record(z.string(), z.looseObject({ schema: SPEC_JSON })).optional() }),
)
const Specification = z.looseObject({
  info: z.looseObject({ version: z.string() }),
  paths: z.record(z.string(), z.record(z.string(), z.looseObject({ responses: Responses }))),
  components: z.looseObject({ schemas: z.record(z.string(), SPEC_JSON) }),
})
type Specification = z.infer<typeof Specification>
type ResponsesOf = z.infer<typeof Responses>

/** The text of the committed specification's collection. */
export async function renderPostmanCollection(): Promise<string> {
  return collectionOf(await readFile(SPECIFICATION, 'utf8'))
}

/** The text of a specification's collection. Throws when an operation has no step, or a step no operation. */
export function collectionOf(specificationText: string): string {
  const specification = Specification.parse(parse(specificationText))
  const operations = operationsOf(specification)
  requireEveryOperation([...operations.keys()])
  const folders = FOLDERS.map(({ name, about, steps }) => ({
    name,
    description: about,
    item: steps.flatMap((step, index) => itemOf(step, { operations, id: idOf(name, index) })),
  }))
  const collection = {
    info: {
      name: 'Wallet service',
      description: descriptionOf(specification),
      schema: FORMAT,
    },
    item: folders,
    event: [scriptOf('prerequest', CREDENTIALS)],
    variable: variablesOf(specification),
  }
  return `${JSON.stringify(collection, null, 2)}\n`
}

/** The text of the environment for a service on this machine. */
export async function renderPostmanEnvironment(): Promise<string> {
  const value = (key: string, text: string, type: 'default' | 'secret' = 'default') => ({
    key,
    value: text,
    type,
    enabled: true,
  })
  const environment = {
    name: 'Wallet service, local',
    values: [value('baseUrl', BASE_URL), value('token', '', 'secret'), value('apiKey', '', 'secret')],
    _postman_variable_scope: 'environment',
  }
  return `${JSON.stringify(environment, null, 2)}\n`
}

function operationsOf({ paths }: Specification): ReadonlyMap<string, ResponsesOf> {
  return new Map(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { responses }]) => [`${method.toUpperCase()} ${path}`, responses] as const),
    ),
  )
}

/** A new route that nobody wrote a step for must not go unnoticed. */
function requireEveryOperation(routes: readonly string[]): void {
  const covered = new Set(FOLDERS.flatMap(({ steps }) => steps.map(({ route }) => route)))
  const forgotten = routes.filter((route) => !covered.has(route))
  if (forgotten.length === 0) return
  throw new Error(
    `No step of the Postman collection calls ${forgotten.join(', ')}: add one in scripts/generators/postman-flow-*.ts`,
  )
}

interface Place {
  readonly operations: ReadonlyMap<string, ResponsesOf>
  readonly id: string
}

function itemOf(step: Step, { operations, id }: Place) {
  const responses = operations.get(step.route)
  if (responses === undefined && step.optional === true) return []
  if (responses === undefined && step.outside === undefined) {
    throw new Error(`"${step.name}" calls ${step.route}, which openapi.yaml does not have`)
  }
  const preparation = preparationOf(step)
  const expected = responses === undefined ? OUTSIDE : answerOf(step, responses)
  return [
    {
      id,
      name: step.name,
      request: requestOf(step),
      event: [
        ...(preparation.length > 0 ? [scriptOf('prerequest', preparation)] : []),
        scriptOf('test', testOf(step, expected)),
      ],
    },
  ]
}

/** Any path answers so where nothing is (API.md §6); the specification has no operation to say it. */
const OUTSIDE = { contentType: PROBLEM, schema: { $ref: '#/definitions/ErrorBody' } }

function answerOf(step: Step, responses: ResponsesOf): { contentType: string; schema: Json } {
  const content = responses[String(step.status)]?.content
  const wanted = step.code === undefined ? Object.keys(content ?? {})[0] : PROBLEM
  const media = wanted === undefined ? undefined : content?.[wanted]
  if (wanted === undefined || media === undefined) {
    throw new Error(`"${step.name}" expects ${step.status}, which openapi.yaml does not have for ${step.route}`)
  }
  const [contentType = wanted] = wanted.split(';')
  return { contentType, schema: contentType.endsWith('json') ? draft7Of(media.schema) : null }
}

function requestOf(step: Step) {
  const [method = '', template = ''] = step.route.split(' ')
  const headers = [
    { key: 'Accept', value: 'application/json' },
    ...(step.body === undefined ? [] : [{ key: 'Content-Type', value: step.contentType ?? 'application/json' }]),
    ...(step.key === undefined ? [] : [{ key: 'Idempotency-Key', value: `${step.key}-{{run}}` }]),
  ]
  return {
    method,
    header: headers,
    ...(step.body !== undefined && { body: { mode: 'raw', raw: rawBody(step.body) } }),
    url: urlOf(template, step),
    description: step.about,
  }
}

function rawBody(body: Json): string {
  return typeof body === 'string' ? body : JSON.stringify(body, null, 2)
}

function urlOf(template: string, { path = {}, query = {} }: Step) {
  const filled = template.replaceAll(/\{([^}]+)\}/g, (_, name: string) => {
    const value = path[name] ?? USUAL_PARAMETERS[name]
    if (value === undefined) throw new Error(`No value for {${name}} of ${template}`)
    return value
  })
  const pairs = Object.entries(query).map(([key, value]) => ({ key, value }))
  const search = pairs.map(({ key, value }) => `${key}=${value}`).join('&')
  return {
    raw: `{{baseUrl}}${filled}${search === '' ? '' : `?${search}`}`,
    host: ['{{baseUrl}}'],
    path: filled.split('/').slice(1),
    ...(pairs.length > 0 && { query: pairs }),
  }
}

function scriptOf(listen: 'prerequest' | 'test', lines: readonly string[]) {
  return { listen, script: { type: 'text/javascript', exec: lines } }
}

function idOf(folder: string, index: number): string {
  const noun = folder.toLowerCase().replaceAll(/[^a-z]+/g, '-')
  return `${noun}-${String(index + 1).padStart(2, '0')}`
}

function variablesOf({ components }: Specification) {
  return [
    { key: 'baseUrl', value: BASE_URL },
    { key: 'token', value: '' },
    { key: 'apiKey', value: '' },
    { key: 'givenUserId', value: '' },
    { key: 'givenOtherUserId', value: '' },
    { key: 'schemas', value: JSON.stringify(definitionsOf(components.schemas)) },
  ]
}

function descriptionOf({ info }: Specification): string {
  return [
    `The API of the wallet service, version ${info.version}, as a run from the first wallet to the closed one: every operation,`,
    'and the refusals that matter. Made from `openapi.yaml` by `npm run generate`; do not edit it here.',
    '',
    'Run the whole collection in order, or from the folder Wallets on. Each run opens wallets of new users, so it can be repeated',
    'on one database. Each request checks the status, the content type, every member and its type, and that balances are exactly',
    'what the requests before it left.',
    '',
    '| Variable | Meaning |',
    '|---|---|',
    `| \`baseUrl\` | The service (${BASE_URL}) |`,
    '| `token` | Sent as `Authorization: Bearer`, when set |',
    '| `apiKey` | Sent as `X-API-Key`, when set |',
    '| `givenUserId`, `givenOtherUserId` | Users whom the account service knows, where it is asked; both without a CREDIT wallet |',
  ].join('\n')
}
