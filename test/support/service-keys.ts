// A file of API keys for tests, in a folder that goes away with it.
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { apiKeyDigest, newApiKey } from '../../src/services/api-keys.ts'

export interface ServiceEntry {
  readonly name: string
  readonly scopes: readonly string[]
  readonly keys: readonly string[]
}

export interface KeysFile {
  readonly path: string
  /** Puts another content in its place, at once and whole. */
  write(text: string): Promise<void>
  remove(): Promise<void>
}

/** A new key and its entry in the file. */
export function newKey(): { readonly key: string; readonly entry: string } {
  const key = newApiKey()
  return { key, entry: `sha256:${apiKeyDigest(key).toString('hex')}` }
}

export const keysText = (...services: readonly ServiceEntry[]): string => JSON.stringify({ services })

export async function writeKeysFile(text: string): Promise<KeysFile> {
  const folder = await mkdtemp(join(tmpdir(), 'wallet-service-keys-'))
  const path = join(folder, 'keys.json')
  await writeFile(path, text)
  return {
    path,
    write: async (next) => {
      await writeFile(`${path}.next`, next)
      await rename(`${path}.next`, path)
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
