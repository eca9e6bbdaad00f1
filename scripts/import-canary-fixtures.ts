// What may import what (the table the lint rules in .oxlintrc.json must enforce), and one offending file for every
// rule we rely on. Data only; import-canary.ts writes it to a folder and runs the linter on it.

export type Fixture = { path: string; lines: string[] }

/** A fixture and the rule that must fire in it. Without `rule`, nothing at all may fire. */
export type RuleFixture = Fixture & { rule?: string }

const LAYERS = ['http/', 'services/', 'domain/', 'repositories/', 'db/', 'peers/', 'workers/', 'observability/']
const COMPOSED = [...LAYERS, 'app.ts', 'api-keys-file.ts', 'config.ts', 'shutdown.ts']

/** Every folder under src/ and every file directly in it, with the places it may import besides itself. */
export const MAY_IMPORT: Record<string, readonly string[]> = {
  'domain/': [],
  'db/': ['domain/'],
  'peers/': ['domain/'],
  'repositories/': ['db/', 'domain/'],
  'services/': ['repositories/', 'peers/', 'domain/', 'observability/'],
  'http/': ['services/', 'domain/', 'observability/'],
  'workers/': ['services/'],
  'observability/': ['domain/'],
  'sdk/': [],
  'app.ts': ['http/', 'services/', 'domain/', 'observability/'],
  'config.ts': ['domain/', 'environment.ts'],
  'environment.ts': ['domain/'],
  'api-keys-file.ts': ['services/', 'domain/', 'config.ts'],
  'shutdown.ts': ['domain/', 'observability/'],
  'composition/': COMPOSED,
  'cluster/': ['peers/', 'workers/', 'observability/', 'domain/', 'config.ts', 'shutdown.ts'],
  'container.ts': [...COMPOSED, 'composition/'],
  'main.ts': [...COMPOSED, 'cluster/', 'container.ts'],
}

/** Packages that belong to certain places only, and those places. */
export const PACKAGE_PLACES: Record<string, readonly string[]> = {
  pg: ['db/', 'repositories/', 'container.ts'],
  kysely: ['db/', 'repositories/', 'container.ts'],
  'kysely/migration': ['db/', 'repositories/', 'container.ts'],
  fastify: ['http/', 'app.ts'],
  '@fastify/swagger': ['http/', 'app.ts'],
  'fastify-type-provider-zod': ['http/', 'app.ts'],
  zod: ['http/', 'peers/', 'app.ts', 'config.ts', 'environment.ts', 'api-keys-file.ts'],
  'node:fs': Object.keys(MAY_IMPORT).filter((place) => place !== 'domain/'),
  'node:crypto': Object.keys(MAY_IMPORT),
}

const longFunction = Array.from({ length: 71 }, (_, index) => `  console.log(${index})`)
const longFile = Array.from({ length: 401 }, (_, index) => `export const value${index} = ${index}`)

/** One fixture per rule, and four clean ones: without them a linter that flags everything would pass. */
export const RULE_FIXTURES: RuleFixture[] = [
  {
    path: 'src/services/floating.ts',
    lines: [
      'async function late(): Promise<number> {',
      '  return 1',
      '}',
      'export function run(): void {',
      '  late()',
      '}',
    ],
    rule: 'typescript(no-floating-promises)',
  },
  {
    path: 'src/services/misused.ts',
    lines: ['export const run = (ids: string[]): void => ids.forEach(async (id) => Promise.resolve(id).then(String))'],
    rule: 'typescript(no-misused-promises)',
  },
  {
    path: 'src/services/thenable.ts',
    lines: ['export const run = async (): Promise<number> => await 1'],
    rule: 'typescript(await-thenable)',
  },
  {
    path: 'src/services/environment.ts',
    lines: ["export const port = process.env['PORT']"],
    rule: 'node(no-process-env)',
  },
  {
    path: 'src/services/first.ts',
    lines: ["import { second } from './second.ts'", 'export const first = (): unknown => second'],
    rule: 'import(no-cycle)',
  },
  {
    path: 'src/services/second.ts',
    lines: ["import { first } from './first.ts'", 'export const second = (): unknown => first'],
    rule: 'import(no-cycle)',
  },
  {
    path: 'src/services/any.ts',
    lines: ['export const parse = (text: string): any => JSON.parse(text)'],
    rule: 'typescript(no-explicit-any)',
  },
  {
    path: 'src/services/bang.ts',
    lines: ['export const size = (text: string | undefined): number => text!.length'],
    rule: 'typescript(no-non-null-assertion)',
  },
  {
    path: 'src/services/value-import.ts',
    lines: ["import { Clean } from '../domain/clean.ts'", 'export type Both = Clean | undefined'],
    rule: 'typescript(consistent-type-imports)',
  },
  {
    path: 'src/services/inline-import.ts',
    lines: ["export type Clean = import('../domain/clean.ts').Clean"],
    rule: 'typescript(consistent-type-imports)',
  },
  {
    path: 'src/services/default.ts',
    lines: ['export default function run(): void {}'],
    rule: 'import(no-default-export)',
  },
  {
    path: 'src/services/equal.ts',
    lines: ['export const same = (left: unknown, right: unknown): boolean => left == right'],
    rule: 'eslint(eqeqeq)',
  },
  { path: 'src/services/print.ts', lines: ["console.log('hello')"], rule: 'eslint(no-console)' },
  { path: 'src/services/long.ts', lines: longFile, rule: 'eslint(max-lines)' },
  {
    path: 'scripts/long-function.ts',
    lines: ['export function run(): void {', ...longFunction, '}'],
    rule: 'eslint(max-lines-per-function)',
  },
  {
    path: 'test/unit/focused.test.ts',
    lines: ["import { expect, test } from 'vitest'", "test.only('one', () => expect(1).toBe(1))"],
    rule: 'vitest(no-focused-tests)',
  },
  {
    path: 'test/unit/disabled.test.ts',
    lines: ["import { expect, test } from 'vitest'", "test.skip('one', () => expect(1).toBe(1))"],
    rule: 'vitest(no-disabled-tests)',
  },
  {
    path: 'src/services/exhaustive.ts',
    lines: [
      "export function size(kind: 'small' | 'large'): number {",
      "  switch (kind) { case 'small': return 1 }",
      '  return 2',
      '}',
    ],
    rule: 'typescript(switch-exhaustiveness-check)',
  },
  {
    path: 'src/services/thrown.ts',
    lines: ['export function run(): never {', "  throw 'a string has no stack'", '}'],
    rule: 'typescript(only-throw-error)',
  },
  // The forms an import can take: each crosses a boundary.
  {
    path: 'src/domain/type-only.ts',
    lines: ["import type { Clean } from '../services/clean.ts'", 'export const clean: Clean[] = []'],
    rule: 'eslint(no-restricted-imports)',
  },
  {
    path: 'src/domain/re-export.ts',
    lines: ["export { clean } from '../services/clean.ts'"],
    rule: 'eslint(no-restricted-imports)',
  },
  {
    path: 'src/domain/dynamic.ts',
    lines: ["export const late = async (): Promise<unknown> => import('../services/clean.ts')"],
    rule: 'eslint(no-restricted-imports)',
  },
  { path: 'scripts/clean.config.ts', lines: ['export default { size: 1 }'] },
  { path: 'src/domain/clean.ts', lines: ['export type Clean = { size: number }'] },
  {
    path: 'src/services/clean.ts',
    lines: ["import type { Clean } from '../domain/clean.ts'", 'export const clean: Clean = { size: 1 }'],
  },
  {
    path: 'scripts/clean.ts',
    lines: ["import { clean } from '../src/services/clean.ts'", "console.log(clean, process.env['PORT'])"],
  },
]
