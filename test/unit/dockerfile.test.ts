// What the image test builds from: the files that .dockerignore sends and no others, as a container engine would.
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { buildImage } from '../support/dockerfile.ts'

const IGNORED = '# What is sent.\n*\n!src\n!package.json\n**/*.md\n'

/** The files in the image that this Dockerfile builds. */
async function filesOf(dockerfile: string, dockerignore: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'wallet-service-dockerfile-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const context = join(folder, 'context')
  const files = {
    Dockerfile: dockerfile,
    '.dockerignore': dockerignore,
    'package.json': '{}',
    'secret.txt': '',
    'src/main.ts': '',
    'src/README.md': '',
    'src/peers/log.ts': '',
    'src/peers/README.md': '',
  }
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(context, name)), { recursive: true })
    await writeFile(join(context, name), text)
  }
  const image = await buildImage({ context, target: join(folder, 'target') })
  const entries = await readdir(image.folder, { recursive: true, withFileTypes: true })
  return entries.flatMap((entry) => (entry.isFile() ? [entry.name] : [])).toSorted()
}

test('what .dockerignore leaves out does not come with its folder', async () => {
  const dockerfile = 'FROM node\nCOPY src ./src\nCOPY package.json ./\n'
  expect(await filesOf(dockerfile, IGNORED)).toEqual(['log.ts', 'main.ts', 'package.json'])
})

test('to copy what it leaves out is refused', async () => {
  await expect(filesOf('FROM node\nCOPY secret.txt ./\n', IGNORED)).rejects.toThrow(
    'COPY secret.txt: .dockerignore does not send it',
  )
})

test('what an earlier stage made is copied whatever it is called', async () => {
  const dockerfile = 'FROM node AS build\nRUN touch made.md\nFROM node\nCOPY --from=build /app/made.md ./\n'
  expect(await filesOf(dockerfile, IGNORED)).toEqual(['made.md'])
})
