// The version of the service, from package.json, which lies two folders up from here, in src/ and in dist/ alike.
import { readFile } from 'node:fs/promises'

/** The version that package.json states. */
export async function readVersion(): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
  const version: unknown =
    typeof manifest === 'object' && manifest !== null ? Reflect.get(manifest, 'version') : undefined
  if (typeof version !== 'string') throw new Error('package.json states no version')
  return version
}
